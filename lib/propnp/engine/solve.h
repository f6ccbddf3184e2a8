// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The batched solver: for every object the pose that minimises its robust reprojection cost, the
// covariance there, and what to think of both.
//
//   propnp::Context context;
//   propnp::SolveArgs args;            // fill in correspondences, cameras, cost, options, outputs
//   propnp::Status status = propnp::Solve(context, args);
#ifndef PROPNP_ENGINE_SOLVE_H_
#define PROPNP_ENGINE_SOLVE_H_

#include "propnp/engine/context.h"
#include "propnp/engine/options.h"
#include "propnp/engine/status.h"
#include "propnp/engine/tensor.h"

namespace propnp {

// Refines args.pose_init, or the best of random starts where none is given, and writes every output
// tensor that is given. An object that cannot be solved gets a status and finite outputs (its
// start, or the identity a unit in front of the camera); it never changes its neighbours. Results
// are the same for any number of threads and any split of the batch. With a workspace nothing is
// allocated.
Status Solve(Context& context, const propnp_solve_args& args);

// The bytes that Solve() needs for these arguments on this context.
Status SolveWorkspaceSize(const Context& context, const propnp_solve_args& args, uint64_t* bytes);

}  // namespace propnp

#endif  // PROPNP_ENGINE_SOLVE_H_
