// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Control variates: functions of a sample whose integral is known, regressed out of the importance
// weights. With G = N(xi; Sigma_m) over the proposal density, G has mean 1 and G y_i has mean 0
// (y = xi whitened), so for each of the best modes that expects enough draws the regressors are
// G - 1 and G y_i. The regression is linear in the integrand: it gives every sample a coefficient
// that serves evidence, means and gradient alike.
#ifndef PROPNP_ENGINE_CONTROL_VARIATES_H_
#define PROPNP_ENGINE_CONTROL_VARIATES_H_

#include "propnp/engine/mixture_proposal.h"

namespace propnp {

constexpr int kMaxRegressors = 64;

// Fills `coefficients` (S) so that sum_j coefficient_j f_j estimates the mean of f under the
// proposal; they sum to 1 and may be negative. `xi` is (S, num_modes, kDof), `log_density` (S) the
// proposal's. `design` is scratch of S * (1 + kMaxRegressors). Returns the number of regressors, 0
// when there are too few samples for any (then every coefficient is 1/S).
template <int kDof>
int RegressionCoefficients(const MixtureProposal<kDof>& proposal, int64_t num_samples,
                           const double* xi, const double* log_density, double* design,
                           double* coefficients);

}  // namespace propnp

#endif  // PROPNP_ENGINE_CONTROL_VARIATES_H_
