/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The propnp authors */

/* Differentiable operations on poses, as plain C99 structs that begin with their size. C++ users
 * take the filled-in versions beside each operation. Every output tensor is optional. Arithmetic is
 * in float64, whatever the types of inputs and outputs, unless an operation has a `precision`.
 *
 * A cotangent is the derivative of the user's scalar with respect to an output; a gradient, that
 * with respect to an input. Poses that an operation takes carry no gradient unless it says so. */
#ifndef PROPNP_ENGINE_GRADIENT_ARGS_H_
#define PROPNP_ENGINE_GRADIENT_ARGS_H_

#include "propnp/engine/args.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where an operation writes the gradient with respect to everything that an object's cost is made
 * of. Zero for padding and for failed objects. Limits that follow from inputs (the default z_min, a
 * camera's largest radius) are held fixed. */
typedef struct propnp_gradients {
  uint64_t struct_size;
  int32_t hold_delta_fixed; /* adaptive Huber, nonzero: w2d and sqrt_info without what flows to them
                               through delta */
  propnp_tensor x3d;        /* as x3d */
  propnp_tensor x2d;        /* as x2d */
  propnp_tensor w2d;        /* as x2d; not with sqrt_info */
  propnp_tensor sqrt_info;  /* as sqrt_info; only with it */
  propnp_tensor delta;      /* (B) the loss's delta, adaptive or not */
  propnp_tensor relative_delta;    /* (B) zero unless the loss is adaptive Huber */
  propnp_tensor camera_parameters; /* (V, M) of each view's camera, M as its row needs or more */
  propnp_tensor prior_mean;        /* (B, 3) of a log-depth prior, zero without a prior; (B, D): of
                                      a pose prior, in the tangent of its mean */
  propnp_tensor prior_sigma;       /* (B, 3) of a log-depth prior, zero without a prior */
  propnp_tensor prior_covariance;  /* as the prior's covariance; only with it. Symmetric: a change
                                      of both of two mirrored entries counts half for each */
} propnp_gradients;

/* One Gauss-Newton step from given poses, the derivative regularisation of EPro-PnP (Chen et al.,
 * CVPR 2022): with the reweighted J and r of the pose, rows of clamped points dropped,
 *
 *   H = J^T J + epsilon I,   step = -H^-1 J^T r,   pose_plus = pose (+) step
 *
 * epsilon I in the published half-angle tangent. A prior takes part as in the solver. */
typedef struct propnp_pose_plus_args {
  uint64_t struct_size;
  const propnp_correspondences* correspondences;
  const propnp_cameras* cameras;
  const propnp_cost_options* cost;
  int32_t device;
  void* stream;
  void* workspace;
  uint64_t workspace_size;
  double epsilon;

  propnp_tensor pose; /* (B, D') float */

  propnp_tensor pose_plus; /* (B, D') float; of a failed object no rotation at depth 1 */
  propnp_tensor step;      /* (B, D) float */
  propnp_tensor status;    /* (B) int32, PROPNP_STATUS_* */
} propnp_pose_plus_args;

/* The vector-Jacobian product of propnp_pose_plus_args: the pose itself carries no gradient. */
typedef struct propnp_pose_plus_backward_args {
  uint64_t struct_size;
  const propnp_correspondences* correspondences;
  const propnp_cameras* cameras;
  const propnp_cost_options* cost;
  int32_t device;
  void* stream;
  void* workspace;
  uint64_t workspace_size;
  double epsilon;

  propnp_tensor pose;                /* (B, D') float, as in the forward call */
  propnp_tensor pose_plus_cotangent; /* (B, D') float; at least one of the two, else their sum */
  propnp_tensor step_cotangent;      /* (B, D) float */

  const propnp_gradients* gradients;
  propnp_tensor status; /* (B) int32, PROPNP_STATUS_* */
} propnp_pose_plus_backward_args;

/* The vector-Jacobian product of the minimum of the cost itself, by the implicit function theorem
 * on its stationarity: with the whole Hessian H, curvature of projection and loss included,
 *
 *   lambda = -H^-1 cotangent,   gradient = lambda^T d(gradient of the cost) / d inputs
 *
 * The status is PROPNP_STATUS_CONVERGED where the pose is a minimum to the accuracy that this bit
 * promises (1e-2 where `pose` is float32); elsewhere the numbers are not a derivative of anything.
 * PROPNP_STATUS_INDEFINITE or _RANK_DEFICIENT: there is no minimum or no single one, and no
 * gradient. The minimum is that of the cost with its prior. */
typedef struct propnp_implicit_gradient_args {
  uint64_t struct_size;
  const propnp_correspondences* correspondences;
  const propnp_cameras* cameras;
  const propnp_cost_options* cost;
  int32_t device;
  void* stream;
  void* workspace;
  uint64_t workspace_size;
  int32_t drop_clamped_rows; /* nonzero: of the minimum that Levenberg-Marquardt finds, on which
                                points clamped in depth have no influence; zero: of the cost */

  propnp_tensor pose;              /* (B, D') float, the minimum */
  propnp_tensor pose_cotangent;    /* (B, D') float; at least one of the two, else their sum */
  propnp_tensor tangent_cotangent; /* (B, D) float */

  const propnp_gradients* gradients;
  propnp_tensor status; /* (B) int32, PROPNP_STATUS_* */
} propnp_implicit_gradient_args;

/* Expectations over weighted samples of the poses, S of each object, such as SamplePosterior gives:
 * with w the log weights' softmax, mean_translation = sum w t and expected_cost = sum w cost, the
 * prior being part of the cost. */
typedef struct propnp_sample_expectation_args {
  uint64_t struct_size;
  const propnp_correspondences* correspondences;
  const propnp_cameras* cameras;
  const propnp_cost_options* cost;
  int32_t precision; /* of the loops over samples and points, relative to one of the samples */
  int32_t device;
  void* stream;
  void* workspace;
  uint64_t workspace_size;

  propnp_tensor sample_pose;       /* (B, S, D') float */
  propnp_tensor sample_log_weight; /* (B, S) float; minus infinity is a weight of zero */

  propnp_tensor sample_cost;      /* (B, S) float; infinite behind the camera with a prior */
  propnp_tensor mean_translation; /* (B, 3) float */
  propnp_tensor expected_cost;    /* (B) float */
  propnp_tensor status;           /* (B) int32, PROPNP_STATUS_* */
} propnp_sample_expectation_args;

/* The vector-Jacobian product of what is made of kept samples. Poses and proposal carry no
 * gradient, so that d log weight = -d cost: from a cotangent c of each sample's log weight follows
 * the gradient -sum_j c_j d cost_j. At least one of the three cotangents is given; their gradients
 * add. Memory grows with S + N, never S N. */
typedef struct propnp_sample_backward_args {
  uint64_t struct_size;
  const propnp_correspondences* correspondences;
  const propnp_cameras* cameras;
  const propnp_cost_options* cost;
  int32_t precision; /* of the loops over samples and points, relative to one of the samples */
  int32_t device;
  void* stream;
  void* workspace;
  uint64_t workspace_size;

  propnp_tensor sample_pose;       /* (B, S, D') float */
  propnp_tensor sample_log_weight; /* (B, S) float; for the two expectations */

  propnp_tensor log_weight_cotangent;       /* (B, S) float: of sample_log_weight */
  propnp_tensor mean_translation_cotangent; /* (B, 3) float, see propnp_sample_expectation_args */
  propnp_tensor expected_cost_cotangent;    /* (B) float */

  const propnp_gradients* gradients;
  propnp_tensor status; /* (B) int32, PROPNP_STATUS_* */
} propnp_sample_backward_args;

#ifdef __cplusplus
}
#endif
#endif /* PROPNP_ENGINE_GRADIENT_ARGS_H_ */
