// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The two ways to refine a dataset of like objects (see LikeObjects). Poses, covariances,
// iterations, rank and status are filled; errors before and after are the caller's.
#ifndef PROPNP_APPS_POSE_ENGINES_H_
#define PROPNP_APPS_POSE_ENGINES_H_

#include <vector>

#include "apps/propnp/refinement.h"
#include "propnp/engine/context.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// Enough for starts at the other end of the picture; most poses need less than ten.
inline constexpr int kMaxIterations = 200;

// --engine batch: all objects at once in our own solver.
std::vector<RefinedObject> SolveWithEngine(const io::PoseDataset& dataset,
                                           const SolveSettings& settings, Context* context,
                                           int max_iterations = kMaxIterations);

// --engine ceres: the same problems in Ceres. Objects without a start get the batched solver's best
// random-sample start, unrefined.
std::vector<RefinedObject> SolveWithCeres(const io::PoseDataset& dataset,
                                          const SolveSettings& settings, Context* context);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSE_ENGINES_H_
