// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The structs of views.h and args.h with their defaults filled in, for C++:
//
//   propnp::SolveOptions options;   // is a propnp_solve_options
//   options.max_iterations = 20;
#ifndef PROPNP_ENGINE_OPTIONS_H_
#define PROPNP_ENGINE_OPTIONS_H_

#include "propnp/engine/args.h"

namespace propnp {

struct Correspondences : propnp_correspondences {
  Correspondences() : propnp_correspondences{} { struct_size = sizeof(propnp_correspondences); }
};

struct Cameras : propnp_cameras {
  Cameras() : propnp_cameras{} { struct_size = sizeof(propnp_cameras); }
};

// Least squares in six degrees of freedom.
struct CostOptions : propnp_cost_options {
  CostOptions() : propnp_cost_options{} {
    struct_size = sizeof(propnp_cost_options);
    dof = 6;
    loss = PROPNP_LOSS_NONE;
    delta = 1;
    relative_delta = 0.5;
    yaw_axis[1] = 1;
  }
};

struct SolveOptions : propnp_solve_options {
  SolveOptions() : propnp_solve_options{} {
    struct_size = sizeof(propnp_solve_options);
    method = PROPNP_METHOD_LEVENBERG_MARQUARDT;
    max_iterations = 200;  // thin triangles need them; most objects stop after ten
    covariance = PROPNP_COVARIANCE_POSTERIOR;
    num_starts = 64;
    start_points = 16;
    start_iterations = 5;
    num_refined = 4;
    initial_radius = 30;
    max_radius = 1e16;
    min_diagonal = 1e-6;
    max_diagonal = 1e32;
    min_relative_decrease = 1e-3;
    epsilon = 1e-5;
  }
};

struct SolveArgs : propnp_solve_args {
  SolveArgs() : propnp_solve_args{} {
    struct_size = sizeof(propnp_solve_args);
    device = -1;
  }
};

struct EvaluateArgs : propnp_evaluate_args {
  EvaluateArgs() : propnp_evaluate_args{} {
    struct_size = sizeof(propnp_evaluate_args);
    device = -1;
  }
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_OPTIONS_H_
