// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What random starts need of an object's points: how likely each is drawn, where they are seen
// from, and themselves in single precision.
#ifndef PROPNP_ENGINE_KERNELS_START_POINT_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_START_POINT_KERNELS_H_

#include "propnp/engine/kernels/start_kernels.h"

namespace propnp {

// Weighted sums over the points of an object, and over the unit vectors to where they are seen,
// relative to one of each.
template <typename T>
struct StartMoments {
  T point[3], bearing[3];
  T axis_in_object[3], axis[3];  // of yaw, or zero
  T weight;
  T point_sum[3], point_squares;
  T bearing_sum[3], bearing_squares;
  T point_extent_squares, bearing_extent_squares;  // along the axis
};

// From the caller's units to those of starts.
template <typename T>
struct StartUnits {
  T pivot[3];
  T inverse_distance;
  T rotation[9];  // after that
  T weight;       // factor
};

template <typename T>
struct StartPointKernels {
  // Each point's mean weight as a fraction of the largest, at least kLeastWeightFraction where it
  // has weight. Writes up to PaddedCount().
  void (*weigh)(const PackedView<T>&, T largest, T* weight);
  // The unit vectors in the camera frame to the pixels of a pinhole, as padded columns.
  void (*pinhole_bearings)(const PackedView<T>&, T* const* columns);
  // Adds a view's points.
  void (*add_moments)(const PackedView<T>&, const T* weight, const T* const* bearings,
                      StartMoments<T>*);
  // Fills StartPoints::all.
  void (*scale)(const PackedView<T>&, const StartUnits<T>&, StartPointForm, float* all);
};

template <typename T>
const StartPointKernels<T>& GetStartPointKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_START_POINT_KERNELS_H_
