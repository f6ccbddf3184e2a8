// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Control variates: functions of a sample whose mean under the proposal is known, regressed out of
// the importance weights. With G the Gaussian of a component's mean and shape over the proposal's
// density, both in the chart v of its mode, and y = v whitened, G has mean 1, G y_i has mean 0 and
// G y_i y_j has mean delta_ij. The regressors of a component are G, G y_i and, where samples are
// plenty, the products; X, a column for each, begins with a column of ones. With m the columns'
// means, X (X^T X)^-1 m gives every sample a coefficient that serves evidence, means and gradient
// alike: the regression is linear in the integrand.
#ifndef PROPNP_ENGINE_CONTROL_VARIATES_H_
#define PROPNP_ENGINE_CONTROL_VARIATES_H_

#include "propnp/engine/drawn_samples.h"
#include "propnp/engine/regression_products.h"

namespace propnp {

template <int kDof>
class ControlVariates {
 public:
  static constexpr int kMaxRegressors = 64;
  static constexpr int kMaxColumns = 1 + kMaxRegressors;
  static_assert(kMaxColumns <= kMostUnknowns, "room for every column");

  // `columns` is memory for kMaxColumns + 1 columns like those of the samples.
  ControlVariates(const DrawnSamples<kDof>& samples, float* columns, SolverMemory* solver)
      : samples_(samples), columns_(columns), solver_(solver) {}

  // Builds the regression of `weights`, not negative and zero behind the last, or null if only the
  // coefficients are wanted. The heaviest components of the proposal take part, each if it expects
  // two draws a regressor. False if none does.
  bool Fit(const MixtureProposal<kDof>& proposal, const double* weights);

  // coefficients: sum_j coefficient_j f_j estimates the mean of f; they may be negative. `fitted`
  // is what the regression explains of the weights, if there are any. The memory is as long as a
  // column.
  void Evaluate(double* coefficients, double* fitted) const;

  // The variance of that estimate for f = `weights`, from what the regression does not explain.
  double ResidualVariance(const double* weights, const double* coefficients,
                          const double* fitted) const;

 private:
  static constexpr int64_t kBlock = 256;  // samples whose columns stay in a cache
  static constexpr int kMaxComponents = MixtureProposal<kDof>::kMaxComponents;

  using Pairs = PairProducts<1 + kDof>;

  // visit(component, its first column, whether it has products).
  template <typename Visitor>
  void ForEachComponent(const Visitor& visit) const;
  void FillColumns(int64_t begin, int64_t size);
  void AddBlock(const RegressionColumns& columns, double* sums) const;
  void FillMeans(double* means) const;
  bool Solve(const double* sums, const double* right);

  const DrawnSamples<kDof>& samples_;
  float* const columns_;  // and room for the weights
  SolverMemory* const solver_;
  int num_columns_ = 0;
  bool with_fit_ = false;
  int order_[kMaxComponents], regressors_[kMaxComponents];  // of the components, heaviest first
  // The columns' factors in the coefficients, and in what is explained of the weights.
  double mean_factors_[kMaxColumns], fit_factors_[kMaxColumns];
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_CONTROL_VARIATES_H_
