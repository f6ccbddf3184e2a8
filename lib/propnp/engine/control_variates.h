// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Control variates: functions of a sample whose mean under the proposal is known, regressed out of
// the importance weights. With G = N(xi; Sigma_m) over the proposal density, and y = xi whitened, G
// has mean 1, G y_i and G (y_i y_j - delta_ij) have mean 0. The regressors of a mode are G - 1, G
// y_i and, where samples are plenty, the products. The regression is linear in the integrand: it
// gives every sample a coefficient that serves evidence, means and gradient alike.
#ifndef PROPNP_ENGINE_CONTROL_VARIATES_H_
#define PROPNP_ENGINE_CONTROL_VARIATES_H_

#include "propnp/engine/mixture_proposal.h"
#include "propnp/math/least_squares.h"

namespace propnp {

template <int kDof>
class ControlVariates {
 public:
  static constexpr int kMaxRegressors = 64;
  static constexpr int kMaxColumns = 1 + kMaxRegressors;

  // `design` is memory for num_samples * kMaxColumns numbers.
  ControlVariates(int64_t num_samples, double* design)
      : num_samples_(num_samples), design_(design) {}

  // Builds the regression from the samples, `xi` (S, modes, D) and the proposal's `log_density`
  // (S). Only the best three modes take part, each if it expects five draws a regressor. False if
  // none does.
  bool Fit(const MixtureProposal<kDof>& proposal, const double* xi, const double* log_density);

  // coefficients (S): sum_j coefficient_j f_j estimates the mean of f; they may be negative.
  void Coefficients(double* coefficients) const;

  // The variance of that estimate for f = `values` (S), from what the regression does not explain.
  double ResidualVariance(const double* values, const double* coefficients) const;

 private:
  const int64_t num_samples_;
  double* const design_;
  int columns_ = 0;
  PivotedCholesky<kMaxColumns, double> normal_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_CONTROL_VARIATES_H_
