// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A contiguous tensor over a vector.
#ifndef PROPNP_TESTS_CERES_TENSOR_H_
#define PROPNP_TESTS_CERES_TENSOR_H_

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <type_traits>
#include <vector>

#include "propnp/engine/views.h"

namespace propnp::test {

template <typename T>
propnp_tensor Tensor(std::vector<T>* data, std::initializer_list<int64_t> shape) {
  propnp_tensor t = {};
  t.data = data->data();
  t.dtype = std::is_same_v<T, double>    ? PROPNP_FLOAT64
            : std::is_same_v<T, float>   ? PROPNP_FLOAT32
            : std::is_same_v<T, int32_t> ? PROPNP_INT32
                                         : PROPNP_INT64;
  t.ndim = static_cast<int32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), t.shape);
  int64_t stride = 1;
  for (int i = t.ndim - 1; i >= 0; --i) t.stride[i] = stride, stride *= t.shape[i];
  return t;
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_CERES_TENSOR_H_
