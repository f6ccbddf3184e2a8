// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Poses to start from when none is given: random-sample Levenberg-Marquardt (Chen et al., CVPR
// 2022). Each start draws a few points with probability proportional to their mean weight, takes a
// random rotation and a depth from the spread of the points, makes a few steps on its points alone,
// and is then judged by the cost on all points.
#ifndef PROPNP_ENGINE_RANDOM_STARTS_H_
#define PROPNP_ENGINE_RANDOM_STARTS_H_

#include <algorithm>
#include <cmath>

#include "propnp/engine/args.h"
#include "propnp/engine/kernels/start_draw_kernels.h"
#include "propnp/engine/object_cost.h"
#include "propnp/math/object_geometry.h"

namespace propnp {

template <typename T>
struct StartPose {
  T pose[7];
  T cost;
};

// Whether two starts are one: the angle between their rotations is at most kStartDistance (rad).
constexpr double kStartDistance = 0.35;

template <int kDof, typename T>
bool AreOneStart(const T* a, const T* b) {
  if constexpr (kDof == 4) {
    constexpr T kTurn(6.283185307179586), kMany(1000);
    T angle = std::fabs(a[3] - b[3]);
    if (!(angle < kMany)) angle = std::fabs(std::remainder(angle, kTurn));
    angle -= kTurn * static_cast<T>(static_cast<int>(angle / kTurn + T(0.5)));
    return std::fabs(angle) <= T(kStartDistance);
  }
  const T cosine = a[3] * b[3] + a[4] * b[4] + a[5] * b[5] + a[6] * b[6];
  return std::fabs(cosine) >= T(kCosHalfStartDistance);
}

// Room for the starts of one object at a time.
template <typename T>
struct StartWorkspace {
  static constexpr int kMaxBest = 64;
  static constexpr int kMaxOthers = 2;  // than random: the mean of a prior and a target
  static_assert(PROPNP_MAX_REFINED <= kMaxBest, "room for all that an option may ask for");

  ObjectGeometry<T> geometry;
  PackedObject<T> subset;
  PackedObject<float> rough;  // the object in single precision, mode_seeds.h
  T* weight;                  // of each point, as a fraction of the largest
  T* bearings[3];             // of a view
  uint32_t* line;             // of a SubsetSampler
  int32_t* guide;
  int32_t* chosen;       // subsets of kGroupsAtOnce groups
  float* scaled_points;  // StartPoints::all
  float* lane_points;    // of kStartLanes subsets, kernels/start_kernels.h
  StartState* groups;    // of all starts, kStartLanes each
  StartPose<T>* starts;  // num_starts and the others; only those that the groups lack
  int32_t* picked;       // kMaxBest
  StartPose<T>* best;    // kMaxBest

  static StartWorkspace Allocate(const Problem& problem, const propnp_solve_options& options,
                                 Arena* arena);
};

// Fills workspace->best with up to `most` (kMaxBest) starts, best first, each away in rotation from
// those before, and returns how many. Starts are options.num_starts random ones, the mean of a
// prior and `target` unless that is null. `stream` keys the random numbers.
template <int kDof, typename T>
int FindStarts(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
               const StartStream& stream, const T* target, int most, StartWorkspace<T>* workspace);

}  // namespace propnp

#endif  // PROPNP_ENGINE_RANDOM_STARTS_H_
