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

// The cosine of half the angle between rotations that are the same start.
constexpr double kCosHalfStartDistance = 0.9847265389049334;

// What the numbers of a point of a start are: x y z relative to the pivot, and
enum class StartPointForm {
  kDiagonal,     // u v, square-root information of both
  kInformation,  // the same and the off-diagonals
  kPinhole       // focal and centre of math/weighted_pinhole.h
};
// Those of point k are at points[(k * kStartPointNumbers + number) * kStartLanes + lane].
constexpr int kStartPointNumbers = 9;  // at most
constexpr int NumStartPointNumbers(StartPointForm form) {
  return form == StartPointForm::kInformation ? 9 : 7;
}

// Where the pivot is and how the object is turned, number by number, kStartLanes each. 4DoF keeps
// its rotation in the quaternion too; the yaw says which of its turns it is.
struct StartState {
  float position[3][kStartLanes];
  float quaternion[4][kStartLanes];
  float yaw[kStartLanes];
  float cost[kStartLanes];  // over all points
  float left[kStartLanes];  // the same while a start may still be picked
};

// Points of zeros fill up those of a start to a multiple of kPointsAtOnce, and all to one of
// kPointPadding.
constexpr int kPointsAtOnce = 4;
constexpr int64_t PaddedOwnPoints(int64_t count) {
  return (count + kPointsAtOnce - 1) / kPointsAtOnce * kPointsAtOnce;
}
constexpr int64_t SizeOfOwnPoints(int64_t count) {  // those of a group
  return PaddedOwnPoints(count) * kStartPointNumbers * kStartLanes;
}
struct StartPoints {
  const float* of_starts;  // as above; null: every start has all points
  int64_t count;           // of each start
  const float* all;        // kPointPadding points after each other, number by number
  int64_t num_all;
  int num_starts;  // of the group, with all points; the lanes behind hold copies
  StartPointForm form;
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
  // Fills `picked` with the indices of up to `most` starts of finite cost, best first, each away in
  // rotation from those before, and returns how many.
  int (*pick)(StartState* groups, int num_groups, int most, int32_t* picked);
};

const StartKernels& GetStartKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_START_KERNELS_H_
