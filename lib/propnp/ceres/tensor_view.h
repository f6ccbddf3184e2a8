// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reading and checking a propnp_tensor. Internal to RefinePoses.
#ifndef PROPNP_CERES_TENSOR_VIEW_H_
#define PROPNP_CERES_TENSOR_VIEW_H_

#include <cstdint>
#include <initializer_list>
#include <string>

#include "propnp/engine/views.h"

namespace propnp::internal {

// A tensor with its name in error messages. Elements are read in the caller's type.
class TensorView {
 public:
  static constexpr int64_t kAny = -1;
  enum class Type { kFloat, kInt32, kInt64 };

  TensorView(const char* name, const propnp_tensor& tensor) : name_(name), tensor_(tensor) {}

  bool given() const { return tensor_.data != nullptr; }
  int ndim() const { return given() ? tensor_.ndim : 0; }
  int64_t shape(int axis) const { return tensor_.shape[axis]; }
  std::string ShapeText() const;

  // False with a message that names the tensor, what it is and what it should be.
  bool Check(Type type, std::initializer_list<int64_t> shape, std::string* error) const;

  double Float(int64_t i, int64_t j = 0, int64_t k = 0, int64_t l = 0) const {
    const int64_t at = Element(i, j, k, l);
    return tensor_.dtype == PROPNP_FLOAT32 ? double{static_cast<const float*>(tensor_.data)[at]}
                                           : static_cast<const double*>(tensor_.data)[at];
  }
  int64_t Integer(int64_t i, int64_t j = 0) const {
    const int64_t at = Element(i, j, 0, 0);
    return tensor_.dtype == PROPNP_INT32 ? int64_t{static_cast<const int32_t*>(tensor_.data)[at]}
                                         : static_cast<const int64_t*>(tensor_.data)[at];
  }

 private:
  int64_t Element(int64_t i, int64_t j, int64_t k, int64_t l) const {
    const int64_t index[4] = {i, j, k, l};
    int64_t at = 0;
    for (int axis = 0; axis < tensor_.ndim; ++axis) at += index[axis] * tensor_.stride[axis];
    return at;
  }

  const char* name_;
  const propnp_tensor& tensor_;
};

}  // namespace propnp::internal

#endif  // PROPNP_CERES_TENSOR_VIEW_H_
