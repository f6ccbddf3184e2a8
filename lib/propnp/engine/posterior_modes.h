// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The minima of an object's cost that carry posterior mass, and the shape of the posterior at each.
//
// xi = (t - t_m, g) is the chart around mode m: g = vec(dq)/scalar(dq), dq = q q_m^-1, half the
// project's tangent (math/pose.h); with four degrees of freedom g = tan((yaw - yaw_m)/2).
#ifndef PROPNP_ENGINE_POSTERIOR_MODES_H_
#define PROPNP_ENGINE_POSTERIOR_MODES_H_

#include "propnp/engine/object_cost.h"
#include "propnp/engine/random_starts.h"
#include "propnp/engine/sample_args.h"
#include "propnp/math/cholesky.h"

namespace propnp {

template <int kDof>
struct PosteriorMode {
  double pose[7];
  double cost;
  double covariance[kDof * kDof];    // Sigma_m in xi, always proper
  Cholesky<kDof, double> sqrt_shape;  // L with L L^T = Sigma_m
  double log_det_sqrt;               // log det L
  bool converged;                    // a minimum; others may still carry a component of the proposal
};

// Finds up to PROPNP_MAX_MODES modes, lowest cost first, from the starts in `workspace` (best first)
// and returns how many. Each is a descent from a start that differs in rotation from better ones.
template <int kDof>
int FindModes(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
              const StartPose<double>* starts, int num_starts, PosteriorMode<kDof>* modes);

// Where `pose` lies in the chart of a mode.
template <int kDof>
void ChartFromPose(const PosteriorMode<kDof>& mode, const double* pose, double* xi);

// The pose at xi in the chart of a mode.
template <int kDof>
void PoseFromChart(const PosteriorMode<kDof>& mode, const double* xi, double* pose);

// Takes a few steps of descent and returns the mode whose chart places the end nearest (Mahalanobis).
template <int kDof>
int DescendToMode(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                  const double* pose, const PosteriorMode<kDof>* modes, int num_modes);

}  // namespace propnp

#endif  // PROPNP_ENGINE_POSTERIOR_MODES_H_
