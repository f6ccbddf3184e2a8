// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Making and reading propnp_tensor.
#ifndef PROPNP_ENGINE_TENSOR_H_
#define PROPNP_ENGINE_TENSOR_H_

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>

#include "propnp/engine/views.h"
#include "propnp/math/config.h"

namespace propnp {

template <typename T>
struct DtypeOf;
template <>
struct DtypeOf<float> {
  static constexpr int32_t kValue = PROPNP_FLOAT32;
};
template <>
struct DtypeOf<double> {
  static constexpr int32_t kValue = PROPNP_FLOAT64;
};
template <>
struct DtypeOf<int32_t> {
  static constexpr int32_t kValue = PROPNP_INT32;
};
template <>
struct DtypeOf<int64_t> {
  static constexpr int32_t kValue = PROPNP_INT64;
};
template <>
struct DtypeOf<uint64_t> {
  static constexpr int32_t kValue = PROPNP_UINT64;
};

// A view onto contiguous row-major memory of the given shape (at most four dimensions). Inputs are
// never written to, though the struct has no const.
template <typename T>
propnp_tensor View(const T* data, std::initializer_list<int64_t> shape) {
  propnp_tensor t = {};
  t.data = const_cast<T*>(data);
  t.dtype = DtypeOf<T>::kValue;
  t.ndim = static_cast<int32_t>(shape.size());
  int i = 0;
  for (int64_t extent : shape) t.shape[i++] = extent;
  int64_t stride = 1;
  for (i = t.ndim - 1; i >= 0; --i) {
    t.stride[i] = stride;
    stride *= t.shape[i];
  }
  return t;
}

PROPNP_HOST_DEVICE inline bool IsGiven(const propnp_tensor& t) { return t.data != nullptr; }

// The element at a position counted in strides, in the caller's type.
template <typename To>
PROPNP_HOST_DEVICE To Load(const propnp_tensor& t, int64_t element) {
  switch (t.dtype) {
    case PROPNP_FLOAT32:
      return static_cast<To>(static_cast<const float*>(t.data)[element]);
    case PROPNP_FLOAT64:
      return static_cast<To>(static_cast<const double*>(t.data)[element]);
    case PROPNP_INT32:
      return static_cast<To>(static_cast<const int32_t*>(t.data)[element]);
    case PROPNP_INT64:
      return static_cast<To>(static_cast<const int64_t*>(t.data)[element]);
    default:
      return static_cast<To>(static_cast<const uint64_t*>(t.data)[element]);
  }
}
template <typename To>
PROPNP_HOST_DEVICE To LoadAt(const propnp_tensor& t, int64_t i) {
  return Load<To>(t, i * t.stride[0]);
}
template <typename To>
PROPNP_HOST_DEVICE To LoadAt(const propnp_tensor& t, int64_t i, int64_t j) {
  return Load<To>(t, i * t.stride[0] + j * t.stride[1]);
}

// The largest number that the elements of a tensor of floats can hold.
PROPNP_HOST_DEVICE inline double LargestOf(const propnp_tensor& t) {
  return IsGiven(t) && t.dtype == PROPNP_FLOAT32
             ? static_cast<double>(std::numeric_limits<float>::max())
             : std::numeric_limits<double>::max();
}

// Whether none of `values` is NaN or larger than `largest`. Truth values are collected with &,
// which vectorises where a branch would not.
template <typename T>
PROPNP_HOST_DEVICE bool AllWithin(const T* values, int64_t count, double largest) {
  bool within = true;
  for (int64_t i = 0; i < count; ++i) {
    within &= std::fabs(static_cast<double>(values[i])) <= largest;
  }
  return within;
}

// Writes a value if the tensor is given.
template <typename From>
PROPNP_HOST_DEVICE void Store(const propnp_tensor& t, int64_t element, From value) {
  if (t.dtype == PROPNP_FLOAT32) {
    static_cast<float*>(t.data)[element] = static_cast<float>(value);
  } else if (t.dtype == PROPNP_FLOAT64) {
    static_cast<double*>(t.data)[element] = static_cast<double>(value);
  } else {
    static_cast<int32_t*>(t.data)[element] = static_cast<int32_t>(value);
  }
}
template <typename From>
PROPNP_HOST_DEVICE void StoreAt(const propnp_tensor& t, int64_t i, From value) {
  if (IsGiven(t)) Store(t, i * t.stride[0], value);
}
template <typename From>
PROPNP_HOST_DEVICE void StoreRow(const propnp_tensor& t, int64_t i, const From* values, int count) {
  if (!IsGiven(t)) return;
  for (int j = 0; j < count; ++j) Store(t, i * t.stride[0] + j * t.stride[1], values[j]);
}
template <typename From>
PROPNP_HOST_DEVICE void StoreMatrix(const propnp_tensor& t, int64_t i, const From* values,
                                    int rows) {
  if (!IsGiven(t)) return;
  for (int j = 0; j < rows; ++j) {
    for (int k = 0; k < rows; ++k) {
      Store(t, i * t.stride[0] + j * t.stride[1] + k * t.stride[2], values[j * rows + k]);
    }
  }
}

// "(3, 4)".
std::string ShapeString(const propnp_tensor& t);

}  // namespace propnp

#endif  // PROPNP_ENGINE_TENSOR_H_
