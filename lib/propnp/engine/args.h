/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The propnp authors */

/* Options, results and per-object status of the engine's operations, as plain C99 structs that
 * begin with their size. C++ users take the filled-in versions of engine/solve.h and
 * engine/evaluate.h; others call propnp_<name>_init first. Every output tensor is optional: leave
 * `data` null.
 *
 * The tangent of every Jacobian, gradient and covariance: [tx ty tz rx ry rz] (4DoF: [tx ty tz
 * yaw]), translation in the unit of x3d, rotation in radians on the camera (rig) side. */
#ifndef PROPNP_ENGINE_ARGS_H_
#define PROPNP_ENGINE_ARGS_H_

#include "propnp/engine/views.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of an object's status. Zero but for PROPNP_STATUS_CONVERGED means that all went well. */
enum {
  PROPNP_STATUS_CONVERGED =
      1 << 0, /* within 1e-4 standard deviations of a minimum (float32: 1e-2) */
  PROPNP_STATUS_MAX_ITERATIONS = 1 << 1, /* stopped by the bound on iterations before that */
  PROPNP_STATUS_TOO_FEW_POINTS = 1 << 2, /* fewer than 3 points with weight */
  PROPNP_STATUS_RANK_DEFICIENT = 1 << 3, /* some direction of the pose is not determined */
  PROPNP_STATUS_INDEFINITE = 1 << 4,     /* the Hessian of the robust cost is not positive */
  PROPNP_STATUS_BEHIND_CAMERA = 1 << 5, /* half the weighted points or more lie behind the camera */
  PROPNP_STATUS_NON_FINITE_INPUT = 1
                                   << 6, /* NaN or infinity, a negative weight, a zero quaternion */
  PROPNP_STATUS_IMPROPER = 1 << 7,       /* the posterior needs a prior */
  PROPNP_STATUS_LOW_ESS = 1 << 8,
  PROPNP_STATUS_HIGH_KHAT = 1 << 9,
  PROPNP_STATUS_MULTI_MODAL = 1 << 10,
  PROPNP_STATUS_FELL_BACK = 1 << 11 /* a second choice was taken, as the operation documents */
};

/* The bits after which an object's pose or covariance must not be used. */
enum {
  PROPNP_STATUS_FAILED = PROPNP_STATUS_MAX_ITERATIONS | PROPNP_STATUS_TOO_FEW_POINTS |
                         PROPNP_STATUS_RANK_DEFICIENT | PROPNP_STATUS_INDEFINITE |
                         PROPNP_STATUS_BEHIND_CAMERA | PROPNP_STATUS_NON_FINITE_INPUT
};

/* Values of propnp_solve_options::method. */
enum {
  PROPNP_METHOD_LEVENBERG_MARQUARDT = 0,
  PROPNP_METHOD_GAUSS_NEWTON = 1 /* `fast`: every step taken, no damping but epsilon */
};

/* Values of propnp_solve_options::covariance, see Curvature in math/residual.h. All are free of the
 * solver's damping. */
enum {
  PROPNP_COVARIANCE_POSTERIOR = 0,    /* inverse of the robust Hessian */
  PROPNP_COVARIANCE_GAUSS_NEWTON = 1, /* inverse of the reweighted J^T J, as ceres::Covariance */
  PROPNP_COVARIANCE_SANDWICH = 2      /* H^-1 (sum of squared scores) H^-1: right under outliers */
};

/* The largest start_points and num_refined of propnp_solve_options. */
enum { PROPNP_MAX_START_POINTS = 256, PROPNP_MAX_REFINED = 64 };

typedef struct propnp_solve_options {
  uint64_t struct_size;
  int32_t method;           /* PROPNP_METHOD_* */
  int32_t max_iterations;   /* of the refinement on all points; 0 only evaluates */
  double tolerance;         /* stop within this many standard deviations of the minimum; 0: 1e-9
                               (float32: 1e-4); negative: never stop early */
  int32_t covariance;       /* PROPNP_COVARIANCE_* */
  int32_t scale_covariance; /* nonzero: multiply it by the a-posteriori variance factor */

  /* Random-sample starts, used when no pose_init is given. */
  int32_t num_starts;       /* subsets tried */
  int32_t start_points;     /* points of a subset, at most */
  int32_t start_iterations; /* of each subset */
  int32_t num_refined;      /* best distinct starts that are refined on all points */
  uint64_t seed;
  const uint64_t* seed_pointer; /* read instead of `seed` when not null */

  /* Levenberg-Marquardt; defaults are those of the EPro-PnP layer. The damping is in the half-angle
   * tangent: clamp(diagonal, min, max) / radius + epsilon. */
  double initial_radius, max_radius;
  double min_diagonal, max_diagonal;
  double min_relative_decrease;
  double epsilon;
} propnp_solve_options;

/* Refines the poses of all objects. B objects; D = 6 or 4 degrees of freedom, stored in D' = 7
 * [tx ty tz qw qx qy qz] or 4 [tx ty tz yaw] numbers. */
typedef struct propnp_solve_args {
  uint64_t struct_size;
  const propnp_correspondences* correspondences;
  const propnp_cameras* cameras;
  const propnp_cost_options* cost;
  const propnp_solve_options* options;
  int32_t precision; /* arithmetic: PROPNP_FLOAT32, PROPNP_FLOAT64, or 0 for that of x3d */
  int32_t device;    /* -1: CPU; otherwise the ordinal of a CUDA device */
  void* stream;
  void* workspace; /* at least propnp_solve_workspace_size bytes, aligned to 64; null: the call
                      allocates */
  uint64_t workspace_size;

  propnp_tensor pose_init; /* (B, D') float; optional: random-sample starts. Where the prior is zero
                              it is moved into the prior, PROPNP_STATUS_FELL_BACK */
  propnp_tensor pose_target; /* (B, D') float: one more start, as in training; optional */

  propnp_tensor pose;        /* (B, D') float */
  propnp_tensor cost_before; /* (B) float, at the start that was refined */
  propnp_tensor cost_after;  /* (B) float */
  propnp_tensor covariance;  /* (B, D, D) float; zero where the status says there is none */
  propnp_tensor null_space;  /* (B, D, D) float: the first D - rank rows are unit directions */
  propnp_tensor
      variance_factor; /* (B) float: sum of rho'(s) s / (2 points - D), 1 for true weights */
  propnp_tensor behind_fraction; /* (B) float: weighted points behind the camera */
  propnp_tensor rank;            /* (B) int32 */
  propnp_tensor iterations;      /* (B) int32 */
  propnp_tensor status;          /* (B) int32, PROPNP_STATUS_* */
} propnp_solve_args;

/* Evaluates the cost at given poses. Rows of points follow the layout of x2d; padding and the
 * points of a failed object are set to zero. */
typedef struct propnp_evaluate_args {
  uint64_t struct_size;
  const propnp_correspondences* correspondences;
  const propnp_cameras* cameras;
  const propnp_cost_options* cost;
  int32_t precision;
  int32_t device;
  void* stream;
  void* workspace;
  uint64_t workspace_size;
  int32_t drop_clamped_rows; /* nonzero: derivatives of clamped points are zero, as in the solver */

  propnp_tensor pose; /* (B, D') float */

  propnp_tensor cost_value;  /* (B) float; infinite where a prior allows no such pose, or where it
                                is larger than its type holds: gradient and hessian are zero then */
  propnp_tensor delta;       /* (B) float: the scale of the loss that was used */
  propnp_tensor pixel_error; /* (V, N, 2) or (P, 2) float: proj - x2d, px */
  propnp_tensor residual;    /* (V, N, 2) or (P, 2) float: e = w (proj - x2d) */
  propnp_tensor loss_weight; /* (V, N) or (P) float: rho'(s) / s */
  propnp_tensor jacobian;    /* (V, N, 2, D) or (P, 2, D) float: d e / d tangent */
  propnp_tensor gradient;    /* (B, D) float: d cost / d tangent */
  propnp_tensor hessian;     /* (B, D, D) float: of the robust cost, without projection curvature */
  propnp_tensor status;      /* (B) int32 */
} propnp_evaluate_args;

#ifdef __cplusplus
}
#endif
#endif /* PROPNP_ENGINE_ARGS_H_ */
