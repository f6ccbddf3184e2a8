// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#ifndef PROPNP_CUDA_SAMPLER_POINT_ROW_H_
#define PROPNP_CUDA_SAMPLER_POINT_ROW_H_

#include "cuda_sampler/device/device.h"
#include "propnp/engine/problem.h"

namespace propnp::gpu {

// Writes the `count` numbers of a point, four being a matrix, to its row of a tensor, and says
// whether they fit. Nothing if it is not given.
PROPNP_DEVICE bool StorePointRow(const Problem& problem, const propnp_tensor& t, int64_t view,
                                 const Range& points, int64_t i, const double* values, int count) {
  if (!IsGiven(t)) return true;
  const int64_t first = problem.FirstElement(t, view, points) + i * problem.PointStride(t);
  const int64_t next = problem.ComponentStride(t);
  for (int k = 0; k < count; ++k) {
    Store(t, first + (count == 4 ? k / 2 * next + k % 2 * t.stride[t.ndim - 1] : k * next),
          values[k]);
  }
  return AllWithin(values, count, LargestOf(t));
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_POINT_ROW_H_
