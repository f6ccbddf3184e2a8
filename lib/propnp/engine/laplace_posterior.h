// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Laplace's approximation (P.-S. Laplace, 1774): a Gaussian at every minimum of the cost, of mass
//
//   Z_m = exp(-cost_m) sqrt(det(2 pi Sigma_m)),   Z = sum_m Z_m,   probability_m = Z_m / Z
//
// with Sigma_m the shape that the other samplers draw from, in the chart of posterior_modes.h. It
// costs no more than finding the modes and is exact as the noise vanishes; what it leaves out is of
// second order in the angle that the noise subtends, and it has no notion of its own error.
#ifndef PROPNP_ENGINE_LAPLACE_POSTERIOR_H_
#define PROPNP_ENGINE_LAPLACE_POSTERIOR_H_

#include "propnp/engine/posterior_modes.h"

namespace propnp {

// Fills `pose` (S, 7) and `component` (S) with as many draws of each mode's Gaussian as its
// probability makes of S, quasi-random, in the order of the modes.
template <int kDof>
void DrawFromGaussians(const PosteriorMode<kDof>* modes, int num_modes, const double* probability,
                       uint64_t seed, uint64_t object_id, int64_t num_samples, double* pose,
                       int32_t* component);

}  // namespace propnp

#endif  // PROPNP_ENGINE_LAPLACE_POSTERIOR_H_
