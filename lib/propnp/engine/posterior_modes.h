// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The minima of an object's cost that carry posterior mass, and the shape of the posterior at each.
//
// xi is the chart around a mode, math/gnomonic.h.
#ifndef PROPNP_ENGINE_POSTERIOR_MODES_H_
#define PROPNP_ENGINE_POSTERIOR_MODES_H_

#include "propnp/engine/object_cost.h"
#include "propnp/engine/random_starts.h"
#include "propnp/engine/sample_args.h"
#include "propnp/math/cholesky.h"
#include "propnp/math/gnomonic.h"

namespace propnp {

template <int kDof>
using DofPolicy = typename ObjectCost<kDof, double>::Dof;

template <int kDof>
struct PosteriorMode {
  double pose[7];
  double cost;
  double covariance[kDof * kDof];     // Sigma_m in xi, always proper
  Cholesky<kDof, double> sqrt_shape;  // L with L L^T = Sigma_m
  double log_det_sqrt;                // log det L
  bool converged;  // a minimum; others may still carry a component of the proposal
};

// Finds up to PROPNP_MAX_MODES modes, lowest cost first, from the starts in `workspace` (best
// first) and returns how many. Each is a descent from a start that differs in rotation from better
// ones.
template <int kDof>
int FindModes(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
              const StartPose<double>* starts, int num_starts, PosteriorMode<kDof>* modes);

// Descends from `pose` until it is close to one of the modes and returns which. After some 20 steps
// it is the nearest one (Mahalanobis).
template <int kDof>
int DescendToMode(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                  const double* pose, const PosteriorMode<kDof>* modes, int num_modes);

}  // namespace propnp

#endif  // PROPNP_ENGINE_POSTERIOR_MODES_H_
