// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random-sample Levenberg-Marquardt for many starts at once: a start in each lane, with a few
// points of its own.
#ifndef PROPNP_ENGINE_KERNELS_START_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_START_KERNELS_H_

#include "propnp/engine/kernels/object_kernels.h"

namespace propnp {

// Starts come in groups of this many, a multiple of every register's lanes.
constexpr int kStartLanes = 16;

// Numbers of a point of a start: x y z relative to the pivot, u v, square-root information row by
// row. Those of point k are at points[(k * kStartPointNumbers + number) * kStartLanes + lane].
constexpr int kStartPointNumbers = 9;

// Where the pivot is and how the object is turned, number by number, kStartLanes each. 4DoF keeps
// its rotation in the quaternion too; the yaw says which of its turns it is.
struct StartState {
  float position[3][kStartLanes];
  float quaternion[4][kStartLanes];
  float yaw[kStartLanes];
  float cost[kStartLanes];  // over all points
};

struct StartPoints {
  const float* of_starts;  // as above; null: every start has all points
  int64_t count;           // of each start
  const float* all;        // kStartPointNumbers each, one point after the other
  int64_t num_all;
  bool information;  // the weights may have off-diagonals
};

struct StartDamping {
  float initial_radius, max_radius, min_diagonal, max_diagonal, min_relative_decrease, epsilon;
};

struct StartKernels {
  // Moves a group of starts by `iterations` steps and fills in their costs. Of `view` only the
  // camera, its box and z_min are read; `axis` is the yaw axis.
  void (*refine)(int dof, const PackedView<float>& view, const KernelModel<float>&,
                 const float* axis, const StartPoints&, int iterations, const StartDamping&,
                 StartState*);
};

const StartKernels& GetStartKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_START_KERNELS_H_
