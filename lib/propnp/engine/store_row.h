// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Rows of an object's rows: of its modes, its samples.
#ifndef PROPNP_ENGINE_STORE_ROW_H_
#define PROPNP_ENGINE_STORE_ROW_H_

#include "propnp/engine/tensor.h"

namespace propnp {

// Whether a tensor is given and has room for row `row` of an object.
PROPNP_HOST_DEVICE inline bool HasRow(const propnp_tensor& t, int64_t row) {
  return IsGiven(t) && row < t.shape[1];
}

// Writes `count` numbers, one where the tensor is (B, rows), to t[object, row]; nothing where it
// has no such row.
template <typename From>
PROPNP_HOST_DEVICE void StoreRowOf(const propnp_tensor& t, int64_t object, int64_t row,
                                   const From* values, int count) {
  if (!HasRow(t, row)) return;
  const int64_t first = object * t.stride[0] + row * t.stride[1];
  for (int k = 0; k < count; ++k) Store(t, first + (t.ndim > 2 ? k * t.stride[2] : 0), values[k]);
}

// The same of a square matrix, row-major.
template <typename From>
PROPNP_HOST_DEVICE void StoreMatrixOf(const propnp_tensor& t, int64_t object, int64_t row,
                                      const From* values, int rows) {
  if (!HasRow(t, row)) return;
  const int64_t first = object * t.stride[0] + row * t.stride[1];
  for (int k = 0; k < rows * rows; ++k) {
    Store(t, first + k / rows * t.stride[2] + k % rows * t.stride[3], values[k]);
  }
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_STORE_ROW_H_
