// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/control_variates.h"

#include <algorithm>
#include <cmath>

namespace propnp {
namespace {

constexpr double kDrawsPerRegressor = 5;
constexpr int kMaxModes = 3;

template <int kDof>
constexpr int kLinear = 1 + kDof;
template <int kDof>
constexpr int kProducts = kDof*(kDof + 1) / 2;

// Fills the regressors of one mode for one sample.
template <int kDof>
void FillRegressors(const PosteriorMode<kDof>& mode, const double* xi, double log_density,
                    bool with_products, double* row) {
  constexpr double kHalfLogTwoPi = 0.918938533204672742;
  double y[kDof], squared = 0;
  mode.sqrt_shape.solve_lower(xi, y);
  for (double v : y) squared += v * v;
  const double log_normal = -0.5 * squared - kDof * kHalfLogTwoPi - mode.log_det_sqrt +
                            log_gnomonic_factor(DofPolicy<kDof>(), xi);
  const double g = std::exp(log_normal - log_density);
  *row++ = g - 1;
  for (double v : y) *row++ = g * v;
  if (!with_products) return;
  for (int i = 0; i < kDof; ++i) {
    for (int j = 0; j < i; ++j) *row++ = g * y[i] * y[j];
    *row++ = g * (y[i] * y[i] - 1);
  }
}

}  // namespace

template <int kDof>
bool ControlVariates<kDof>::Fit(const MixtureProposal<kDof>& proposal, const double* xi,
                                const double* log_density) {
  int regressors[kMaxModes] = {};
  columns_ = 1;
  const int modes = std::min(proposal.num_modes(), kMaxModes);
  for (int m = 0; m < modes; ++m) {
    const double draws = proposal.weight(m) * static_cast<double>(num_samples_);
    for (const int count : {kLinear<kDof>, kLinear<kDof> + kProducts<kDof>}) {
      if (draws >= kDrawsPerRegressor * count && columns_ + count <= kMaxColumns) {
        regressors[m] = count;
      }
    }
    columns_ += regressors[m];
  }
  if (columns_ == 1) return false;

  double sums[kMaxColumns * kMaxColumns] = {};
  for (int64_t s = 0; s < num_samples_; ++s) {
    double* row = design_ + s * columns_;
    row[0] = 1;
    double* next = row + 1;
    for (int m = 0; m < modes; ++m) {
      if (regressors[m] == 0) continue;
      FillRegressors(proposal.mode(m), xi + (s * proposal.num_modes() + m) * kDof, log_density[s],
                     regressors[m] > kLinear<kDof>, next);
      next += regressors[m];
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
