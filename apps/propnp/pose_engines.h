// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The two ways to refine a dataset of like objects (see LikeObjects). Poses, covariances, iterations,
// rank and status are filled; errors before and after are the caller's.
#ifndef PROPNP_APPS_POSE_ENGINES_H_
#define PROPNP_APPS_POSE_ENGINES_H_

#include <vector>

#include "apps/propnp/refinement.h"
#include "propnp/engine/context.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// --engine batch: all objects at once in our own solver.
std::vector<RefinedObject> SolveWithEngine(const io::PoseDataset& dataset,
                                           const SolveSettings& settings, Context* context);

// --engine ceres: the same problem in Ceres; every object needs a start.
std::vector<RefinedObject> SolveWithCeres(const io::PoseDataset& dataset,
                                          const SolveSettings& settings, Context* context);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSE_ENGINES_H_
