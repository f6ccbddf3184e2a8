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
#include "propnp/engine/kernels/start_kernels.h"
#include "propnp/engine/object_cost.h"

namespace propnp {

template <typename T>
struct StartPose {
  T pose[7];
  T cost;
};

// The angle between two poses' rotations, rad.
template <int kDof, typename T>
T RotationDistance(const T* a, const T* b) {
  using Dof = typename ObjectCost<kDof, T>::Dof;
  return rotation_distance(Dof(), a, b);
}

// Starts nearer than this in rotation are one (rad).
constexpr double kStartDistance = 0.35;

// Puts one more pose in its place among `count` starts, best first; there must be room.
template <int kDof, typename T>
void InsertStart(const ObjectCost<kDof, T>& cost, const T* pose, int count, StartPose<T>* starts) {
  StartPose<T> start = {};
  std::copy(pose, pose + (kDof == 6 ? 7 : 4), start.pose);
  start.cost = cost.Cost(start.pose);
  StartPose<T>* place = std::upper_bound(
      starts, starts + count, start,
      [](const StartPose<T>& a, const StartPose<T>& b) { return a.cost < b.cost; });
  std::copy_backward(place, starts + count, starts + count + 1);
  *place = start;
}

// Room for the starts of one object at a time.
template <typename T>
struct StartWorkspace {
  PackedObject<T> subset;
  double* cumulative_weight;  // Problem::max_padded_points
  int32_t* guide;             // as many
  float* scaled_points;       // kStartPointNumbers as many
  float* lane_points;         // of kStartLanes subsets, kernels/start_kernels.h
  StartState* lanes;
  StartPose<T>* starts;  // num_starts, the mean of a prior and a target

  static StartWorkspace Allocate(const Problem& problem, const propnp_solve_options& options,
                                 Arena* arena);
};

// Fills workspace->starts with options.num_starts poses, best first, and returns how many have a
// finite cost. `object_id` keys the random streams.
template <int kDof, typename T>
int MakeRandomStarts(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
                     uint64_t seed, uint64_t object_id, StartWorkspace<T>* workspace);

}  // namespace propnp

#endif  // PROPNP_ENGINE_RANDOM_STARTS_H_
