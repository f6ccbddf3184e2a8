// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Tensors whose strides are as awkward as strides may be.
#ifndef PROPNP_TESTS_ENGINE_SCATTERED_H_
#define PROPNP_TESTS_ENGINE_SCATTERED_H_

#include <algorithm>
#include <limits>
#include <vector>

#include "propnp/engine/tensor.h"

namespace propnp::test {

// The elements of a contiguous tensor scattered over memory: axes in reverse order, every other
// element unused, the last axis backwards. What is unused is NaN (or -1).
template <typename T>
struct Scattered {
  std::vector<T> memory;
  propnp_tensor tensor;

  template <typename From>
  explicit Scattered(const std::vector<From>& values, const propnp_tensor& contiguous)
      : tensor(contiguous) {
    int64_t stride = 2;
    for (int axis = 0; axis < tensor.ndim; ++axis) {
      tensor.stride[axis] = stride;
      stride *= std::max<int64_t>(tensor.shape[axis], 1);
    }
    memory.assign(stride, std::numeric_limits<T>::has_quiet_NaN
                              ? std::numeric_limits<T>::quiet_NaN()
                              : static_cast<T>(-1));
    const int last = tensor.ndim - 1;
    first_ = (tensor.shape[last] - 1) * tensor.stride[last];
    tensor.stride[last] = -tensor.stride[last];
    tensor.data = memory.data() + first_;
    tensor.dtype = DtypeOf<T>::kValue;
    for (size_t k = 0; k < values.size(); ++k) memory[Place(k)] = static_cast<T>(values[k]);
  }

  // Element `k` in row-major order, wherever it is.
  const T& operator[](size_t k) const { return memory[Place(k)]; }

 private:
  size_t Place(size_t k) const {
    int64_t element = first_;
    for (int axis = tensor.ndim - 1; axis >= 0; --axis) {
      element += static_cast<int64_t>(k) % tensor.shape[axis] * tensor.stride[axis];
      k /= tensor.shape[axis];
    }
    return element;
  }

  int64_t first_;
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_SCATTERED_H_
