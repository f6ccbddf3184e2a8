// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Poses to start from when none is given: random-sample Levenberg-Marquardt (Chen et al., CVPR
// 2022). Each start draws a few points with probability proportional to their mean weight, takes a
// random rotation and a depth from the spread of the points, makes a few steps on its points alone,
// and is then judged by the cost on all points.
#ifndef PROPNP_ENGINE_RANDOM_STARTS_H_
#define PROPNP_ENGINE_RANDOM_STARTS_H_

#include "propnp/engine/args.h"
#include "propnp/engine/object_cost.h"

namespace propnp {

template <typename T>
struct StartPose {
  T pose[7];
  T cost;
};

// Room for the starts of one object at a time.
template <typename T>
struct StartWorkspace {
  PackedObject<T> subset;
  double* cumulative_weight;  // Problem::max_padded_points
  StartPose<T>* starts;       // num_starts and a target

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
