/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The propnp authors */

/* Options and results of the posterior sampler, as plain C99 structs that begin with their size.
 * C++ users take the filled-in versions of engine/sample_posterior.h. Every output tensor is
 * optional.
 *
 * The posterior of an object is exp(-cost) [x prior] with respect to dt dtheta: translation in the
 * unit of x3d, rotations by Haar's measure scaled so that all of SO(3) has volume 8 pi^2 (4DoF: dt
 * dyaw). In the Gaussian limit log evidence = -cost* + 1/2 log det(2 pi covariance). */
#ifndef PROPNP_ENGINE_SAMPLE_ARGS_H_
#define PROPNP_ENGINE_SAMPLE_ARGS_H_

#include "propnp/engine/args.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values of propnp_sample_options::method. */
enum {
  PROPNP_SAMPLER_MIXTURE = 0,    /* one-shot mixture around every mode, scrambled Sobol points */
  PROPNP_SAMPLER_MIXTURE_MC = 1, /* the same with independent random points */
  PROPNP_SAMPLER_AMIS = 2,   /* the sampler of the EPro-PnP layer, to compare with: four adaptive
                               rounds around one mode, see amis_sampler.h */
  PROPNP_SAMPLER_LAPLACE = 3 /* a Gaussian at every mode, see laplace_posterior.h: samples of equal
                                weight from it, ess 1, khat 0, standard_error infinite; gradients
                                are minus the mean of d cost over them */
};

enum { PROPNP_MAX_MODES = 16 };

typedef struct propnp_sample_options {
  uint64_t struct_size;
  int32_t method;           /* PROPNP_SAMPLER_* */
  int32_t num_samples;      /* S, at least 32; a multiple of 4 with PROPNP_SAMPLER_AMIS */
  int32_t control_variates; /* nonzero: correct evidence, means and gradient with them. Of the
                               mixtures only; without effect on the other methods */
  double second_stage_ess;  /* below this ess a second proposal is fitted to the samples and as many
                               drawn from it in their stead; its evidence is slightly biased. 0:
                               never. Of the mixtures only, too */
  uint64_t seed;
  const uint64_t* seed_pointer; /* read instead of `seed` when not null */
} propnp_sample_options;

/* Rotations about a point that leave an object as it is, in its own frame: X and c + S (X - c) are
 * the same point of it. Modes that are equal up to them count as one, their probabilities added,
 * and moments and quantiles take every sample as its image nearest to the mode. Each class of
 * objects has a list of rotations, which must be complete (what two of them make together is in it;
 * none at all need not be), and, or, an axis. With 4DoF those about the yaw axis are used. */
typedef struct propnp_symmetries {
  uint64_t struct_size;
  propnp_tensor rotation;     /* (K, 4) float qw qx qy qz; optional */
  propnp_tensor offsets;      /* (C + 1) int64: class k has rotations [offsets[k], offsets[k+1]);
                                 optional: every class has all */
  propnp_tensor axis;         /* (C, 3) float: turns about it by any angle; zero: none; optional */
  propnp_tensor centre;       /* (C, 3) float: c; optional: the origin */
  propnp_tensor object_class; /* (B) int32, -1: no symmetries; optional: 0 */
} propnp_symmetries;

/* Samples the posteriors of B objects; D = 6 or 4, stored in D' = 7 or 4 numbers; M =
 * PROPNP_MAX_MODES or fewer, as the extent of the caller's tensors says. */
typedef struct propnp_sample_args {
  uint64_t struct_size;
  const propnp_correspondences* correspondences;
  const propnp_cameras* cameras;
  const propnp_cost_options* cost;
  const propnp_solve_options* start_options; /* random starts and damping of the search for modes,
                                                which goes on until it converges: max_iterations is
                                                read with PROPNP_SAMPLER_AMIS only */
  const propnp_sample_options* options;
  int32_t precision; /* of the loops over samples and points; the modes are found in float64 */
  int32_t device;
  void* stream;
  void* workspace;
  uint64_t workspace_size;

  propnp_tensor
      pose_target; /* (B, D') float: one more start, and the target of the loss; optional */

  propnp_tensor log_evidence;      /* (B) float */
  propnp_tensor standard_error;    /* (B) float, of log_evidence; infinity where k-hat exceeds .7 */
  propnp_tensor ess;               /* (B) float: effective sample size over S, 0 to 1 */
  propnp_tensor khat;              /* (B) float: Pareto k-hat of the importance weights */
  propnp_tensor cost_target;       /* (B) float */
  propnp_tensor mode_count;        /* (B) int32: converged minima, up to symmetries */
  propnp_tensor mode_pose;         /* (B, M, D') float, most probable first; unused rows are zero */
  propnp_tensor mode_covariance;   /* (B, M, D, D) float, in the tangent: shape of the posterior
                                      there,   positive even where no point determines a direction */
  propnp_tensor mode_probability;  /* (B, M) float: posterior mass whose descent ends there */
  propnp_tensor mode_cost;         /* (B, M) float */
  propnp_tensor sample_pose;       /* (B, S, D') float */
  propnp_tensor sample_log_weight; /* (B, S) float: log(exp(-cost) prior / proposal density) */
  propnp_tensor status;            /* (B) int32, PROPNP_STATUS_*; _FELL_BACK: control variates,
                                      or a fit of AMIS, could not be trusted and were left out */

  /* d log_evidence / d inputs, and the same of cost_target + log_evidence if `loss_gradient`. */
  int32_t loss_gradient;
  propnp_tensor grad_x3d;         /* as x3d */
  propnp_tensor grad_x2d;         /* as x2d */
  propnp_tensor grad_w2d;         /* as w2d: given with plain weights only */
  propnp_tensor grad_sqrt_info;   /* as sqrt_info: given with sqrt_info only */
  propnp_tensor grad_delta;       /* (B) float: delta of the loss, held fixed in the others
                                     unless `through_delta` */
  propnp_tensor grad_prior_mean;  /* (B, 3) float: mean of a log-depth prior; (B, D): pose of a pose
                                     prior, in its tangent */
  propnp_tensor grad_prior_sigma; /* (B, 3) float: sigma of a log-depth prior */

  /* Summaries of the weighted samples, see posterior_summary.h. Steps are (dt, rotation vector)
   * from one pose to another, 4DoF (dt, yaw within half a turn): the tangent to second order.
   * Moments, quantiles, regions and draws use the plain importance weights. */
  propnp_tensor stages;     /* (B) int32: 2 where the second stage was needed, else 1 */
  propnp_tensor mean_pose;  /* (B, D') float: from it the mean step to the samples vanishes, found
                               from the most probable mode; of two modes, a pose that nobody has */
  propnp_tensor covariance; /* (B, D, D) float: of the steps from mean_pose */
  propnp_tensor mode_mean;  /* (B, M, D') float: mean pose of each mode's basin, in the order of
                               mode_pose, from the draws of equal weight that give
                               mode_probability (all samples where there is one mode); the mode's
                               own pose where none of them ended */
  propnp_tensor mode_moment_covariance; /* (B, M, D, D) float: of the steps from mode_mean */
  propnp_tensor quantile_levels;        /* (Q) float input, 0 to 1 */
  propnp_tensor quantiles;     /* (B, Q, D) float: of each coordinate of the steps from the most
                                  probable mode */
  propnp_tensor region_shares; /* (R) float input, 0 to 1 */
  propnp_tensor region_log_density; /* (B, R) float: where -cost - log_evidence is above it lies
                                       this share of the posterior (highest density region) */
  propnp_tensor draws;              /* (B, K, D') float: K poses of equal weight from the samples */

  const propnp_symmetries* symmetries; /* null: none */

  /* Beside grad_prior_mean and grad_prior_sigma. */
  propnp_tensor grad_prior_covariance; /* as the prior's covariance; only with it. Symmetric: a
                                          change of both of two mirrored entries counts half for
                                          each */
  propnp_tensor grad_prior_depth;      /* (B, 2) depth range: what its ends let in or shut out, and
                                          its normaliser */
  propnp_tensor grad_prior_bound;      /* as the prior's bound: depth range */

  /* With an adaptive Huber loss. */
  int32_t through_delta;             /* nonzero: grad_w2d and grad_sqrt_info with what flows to the
                                        weights through delta */
  propnp_tensor grad_relative_delta; /* (B) float: zero unless the loss is adaptive Huber */

  propnp_tensor
      pose; /* (B, D') float: the most probable mode; without one no rotation at depth 1 */
} propnp_sample_args;

#ifdef __cplusplus
}
#endif
#endif /* PROPNP_ENGINE_SAMPLE_ARGS_H_ */
