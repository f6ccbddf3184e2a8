// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Control variates: functions of a sample whose mean under the proposal is known, regressed out of
// the importance weights. With G the Gaussian of a component's mean and shape over the proposal's
// density, both in the chart v of its mode, and y = v whitened, G has mean 1, G y_i and G (y_i y_j
// - delta_ij) have mean 0. The regressors of a component are G - 1, G y_i and, where samples are
// plenty, the products. The regression is linear in the integrand: it gives every sample a
// coefficient that serves evidence, means and gradient alike.
#ifndef PROPNP_ENGINE_CONTROL_VARIATES_H_
#define PROPNP_ENGINE_CONTROL_VARIATES_H_

#include "propnp/engine/drawn_samples.h"
#include "propnp/engine/kernel_elimination.h"
#include "propnp/math/least_squares.h"

namespace propnp {

template <int kDof>
class ControlVariates {
 public:
  static constexpr int kMaxRegressors = 64;
  static constexpr int kMaxColumns = 1 + kMaxRegressors;

  // `columns` is memory for kMaxColumns + 1 columns like those of the samples.
  ControlVariates(const DrawnSamples<kDof>& samples, float* columns)
      : samples_(samples), columns_(columns) {}

  // Builds the regression. The heaviest components of the proposal take part, each if it expects
  // two draws a regressor. False if none does.
  bool Fit(const MixtureProposal<kDof>& proposal);

  // coefficients: sum_j coefficient_j f_j estimates the mean of f; they may be negative. The memory
  // here and below is as long as a column.
  void Coefficients(double* coefficients) const;

  // The variance of that estimate for f = `weights`, not negative and zero behind the last, from
  // what the regression does not explain; overwrites `scratch`.
  double ResidualVariance(const double* weights, const double* coefficients, double* scratch) const;

 private:
  static constexpr int64_t kBlock = 256;  // samples whose columns stay in a cache
  static constexpr int kMaxComponents = MixtureProposal<kDof>::kMaxComponents;

  void FillColumns(int64_t begin, int64_t size, int num_components);

  const DrawnSamples<kDof>& samples_;
  float* const columns_;  // and room for the values
  int num_columns_ = 0;
  int order_[kMaxComponents], regressors_[kMaxComponents];  // of the components, heaviest first
  PivotedCholesky<kMaxColumns, double, KernelElimination> normal_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_CONTROL_VARIATES_H_
