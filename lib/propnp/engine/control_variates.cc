// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/control_variates.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace propnp {
namespace {

constexpr double kDrawsPerRegressor = 2;

template <int kDof>
constexpr int kLinear = 1 + kDof;
template <int kDof>
constexpr int kProducts = kDof*(kDof + 1) / 2;

// Fills the regressors of one mode for one sample.
template <int kDof>
void FillRegressors(const PosteriorMode<kDof>& mode, const ProposalComponent<kDof>& component,
                    const double* xi, double log_density, bool with_products, double* row) {
  constexpr double kHalfLogTwoPi = 0.918938533204672742;
  double y[kDof], squared = 0, log_e = 0;
  const bool in_chart = DepthChart(mode, xi, y, &log_e);
  for (int i = 0; i < kDof; ++i) y[i] = in_chart ? y[i] - component.mean[i] : 0;
  component.shape.solve_lower(y, y);
  for (double v : y) squared += v * v;
  const double log_normal = -0.5 * squared - kDof * kHalfLogTwoPi - component.log_det_sqrt -
                            3 * log_e + mode.chart.log_factor(xi);
  const double g = in_chart ? std::exp(log_normal - log_density) : 0.0;
  *row++ = g - 1;
  for (double v : y) *row++ = g * v;
  if (!with_products) return;
  for (int i = 0; i < kDof; ++i) {
    for (int j = 0; j < i; ++j) *row++ = g * y[i] * y[j];
    *row++ = g * (y[i] * y[i] - 1);
  }
}

// How many regressors each component gets, heaviest first: the linear ones, then the products,
// while it expects five draws a regressor. Returns the number of columns.
template <int kDof>
int ChooseRegressors(const MixtureProposal<kDof>& proposal, int64_t num_samples, int* order,
                     int* regressors) {
  const int components = proposal.num_components();
  std::iota(order, order + components, 0);
  std::fill(regressors, regressors + components, 0);
  std::stable_sort(order, order + components, [&](int a, int b) {
    return proposal.component(a).weight > proposal.component(b).weight;
  });
  int columns = 1;
  for (const int wanted : {kLinear<kDof>, kProducts<kDof>}) {
    for (int i = 0; i < components; ++i) {
      int& count = regressors[order[i]];
      if (wanted == kProducts<kDof> && count == 0) continue;
      const double draws = proposal.component(order[i]).weight * static_cast<double>(num_samples);
      if (draws < kDrawsPerRegressor * (count + wanted) ||
          columns + wanted > ControlVariates<kDof>::kMaxColumns) {
        continue;
      }
      count += wanted;
      columns += wanted;
    }
  }
  return columns;
}

}  // namespace

template <int kDof>
bool ControlVariates<kDof>::Fit(const MixtureProposal<kDof>& proposal, const double* xi,
                                const double* log_density) {
  int order[MixtureProposal<kDof>::kMaxComponents],
      regressors[MixtureProposal<kDof>::kMaxComponents];
  const int components = proposal.num_components();
  columns_ = ChooseRegressors(proposal, num_samples_, order, regressors);
  if (columns_ == 1) return false;

  double sums[kMaxColumns * kMaxColumns] = {};
  for (int64_t s = 0; s < num_samples_; ++s) {
    double* row = design_ + s * columns_;
    row[0] = 1;
    double* next = row + 1;
    for (int k = 0; k < components; ++k) {
      if (regressors[k] == 0) continue;
      const ProposalComponent<kDof>& component = proposal.component(k);
      FillRegressors(proposal.mode(component.mode), component,
                     xi + (s * proposal.num_modes() + component.mode) * kDof, log_density[s],
                     regressors[k] > kLinear<kDof>, next);
      next += regressors[k];
    }
    for (int i = 0; i < columns_; ++i) {
      for (int j = 0; j <= i; ++j) sums[i * columns_ + j] += row[i] * row[j];
    }
  }
  return normal_.factorize(columns_, sums) > 1;
}

template <int kDof>
void ControlVariates<kDof>::Coefficients(double* coefficients) const {
  double intercept[kMaxColumns] = {1}, solution[kMaxColumns];
  normal_.solve(intercept, solution);
  for (int64_t s = 0; s < num_samples_; ++s) {
    coefficients[s] = 0;
    for (int i = 0; i < columns_; ++i) coefficients[s] += design_[s * columns_ + i] * solution[i];
  }
}

template <int kDof>
double ControlVariates<kDof>::ResidualVariance(const double* values,
                                               const double* coefficients) const {
  double right[kMaxColumns] = {}, fit[kMaxColumns];
  for (int64_t s = 0; s < num_samples_; ++s) {
    for (int i = 0; i < columns_; ++i) right[i] += design_[s * columns_ + i] * values[s];
  }
  normal_.solve(right, fit);
  double variance = 0;
  for (int64_t s = 0; s < num_samples_; ++s) {
    double residual = values[s];
    for (int i = 0; i < columns_; ++i) residual -= design_[s * columns_ + i] * fit[i];
    variance += coefficients[s] * coefficients[s] * residual * residual;
  }
  // Fitted residuals are smaller than true ones.
  const double rows = static_cast<double>(num_samples_);
  return variance * rows / std::max(rows - columns_, 1.0);
}

template class ControlVariates<6>;
template class ControlVariates<4>;

}  // namespace propnp
