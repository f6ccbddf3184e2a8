// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// An object's points as they come from the caller: into columns, and what they come to before any
// pose is known.
#ifndef PROPNP_ENGINE_KERNELS_VIEW_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_VIEW_KERNELS_H_

#include "propnp/engine/kernels/object_kernels.h"

namespace propnp {

// A few numbers of each point somewhere in memory: number k of point i is at
// first[i * stride + k * number_stride].
template <typename Source>
struct StridedPoints {
  const Source* first;
  int64_t num_points, stride;
  int num_numbers;
  int64_t number_stride;
};

// Over all points of an object, weighted or not. A mean weight is that of an adaptive delta.
template <typename T>
struct PointTotals {
  T pixel[2], point[3];  // the object's first, to which the sums are relative
  T pixel_sum[2], pixel_squares;
  T point_sum[3], point_squares;
  T weight_sum;
  T largest_weight;  // mean weight; at most the largest finite number
  T largest_pixel;   // coordinate, without its sign
  int64_t weighted_points;
  bool negative;  // a plain weight is
};

template <typename T>
struct ViewKernels {
  // Copies each number to a column, with zeros behind as padding. Returns whether all are finite.
  bool (*copy_floats)(const StridedPoints<float>&, T* const* columns);
  bool (*copy_doubles)(const StridedPoints<double>&, T* const* columns);
  // Adds a view's points.
  void (*add_totals)(const PackedView<T>&, PointTotals<T>*);
};

template <typename T>
const ViewKernels<T>& GetViewKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_VIEW_KERNELS_H_
