// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/control_variates.h"

#include <algorithm>
#include <cmath>

namespace propnp {
namespace {

constexpr double kDrawsPerRegressor = 5;
constexpr int kMaxModes = 3;

// Fills the regressors of one mode for one sample and returns how many.
template <int kDof>
int FillRegressors(const PosteriorMode<kDof>& mode, const double* xi, double log_density,
                   bool with_products, double* row) {
  constexpr double kHalfLogTwoPi = 0.918938533204672742;
  double y[kDof], squared = 0;
  mode.sqrt_shape.solve_lower(xi, y);
  for (double v : y) squared += v * v;
  const double log_normal =
      -0.5 * squared - kDof * kHalfLogTwoPi - mode.log_det_sqrt + LogChartFactor<kDof>(xi);
  const double g = std::exp(log_normal - log_density);
  int count = 0;
  row[count++] = g - 1;
  for (double v : y) row[count++] = g * v;
  if (!with_products) return count;
  for (int i = 0; i < kDof; ++i) {
    for (int j = 0; j < i; ++j) row[count++] = g * y[i] * y[j];
    row[count++] = g * (y[i] * y[i] - 1);
  }
  return count;
}

// Solves the normal equations of the design's columns (the first is all ones) for the coefficients
// of the intercept; false if they are singular. `normal` is scratch.
bool InterceptCoefficients(int columns, int64_t rows, const double* design, double* coefficients) {
  constexpr int kMax = 1 + kMaxRegressors;
  double normal[kMax][kMax] = {}, solution[kMax] = {};
  for (int64_t s = 0; s < rows; ++s) {
    const double* row = design + s * columns;
    for (int i = 0; i < columns; ++i) {
      for (int j = 0; j <= i; ++j) normal[i][j] += row[i] * row[j];
    }
  }
  // A ridge far below sampling noise keeps near-collinear regressors harmless.
  for (int i = 1; i < columns; ++i) normal[i][i] *= 1 + 1e-10;
  for (int j = 0; j < columns; ++j) {
    for (int k = 0; k < j; ++k) normal[j][j] -= normal[j][k] * normal[j][k];
    if (!(normal[j][j] > 0)) return false;
    normal[j][j] = std::sqrt(normal[j][j]);
    for (int i = j + 1; i < columns; ++i) {
      for (int k = 0; k < j; ++k) normal[i][j] -= normal[i][k] * normal[j][k];
      normal[i][j] /= normal[j][j];
    }
  }
  solution[0] = 1;
  for (int i = 0; i < columns; ++i) {
    for (int k = 0; k < i; ++k) solution[i] -= normal[i][k] * solution[k];
    solution[i] /= normal[i][i];
  }
  for (int i = columns - 1; i >= 0; --i) {
    for (int k = i + 1; k < columns; ++k) solution[i] -= normal[k][i] * solution[k];
    solution[i] /= normal[i][i];
  }
  for (int64_t s = 0; s < rows; ++s) {
    coefficients[s] = 0;
    for (int i = 0; i < columns; ++i) coefficients[s] += design[s * columns + i] * solution[i];
  }
  return true;
}

}  // namespace

template <int kDof>
int RegressionCoefficients(const MixtureProposal<kDof>& proposal, int64_t num_samples,
                           const double* xi, const double* log_density, double* design,
                           double* coefficients) {
  constexpr int kLinear = 1 + kDof, kProducts = kDof * (kDof + 1) / 2;
  std::fill(coefficients, coefficients + num_samples, 1.0 / static_cast<double>(num_samples));
  bool used[kMaxModes] = {}, products[kMaxModes] = {};
  int regressors = 0;
  const int modes = std::min(proposal.num_modes(), kMaxModes);
  for (int m = 0; m < modes; ++m) {
    const double draws = proposal.weight(m) * static_cast<double>(num_samples);
    used[m] = draws >= kDrawsPerRegressor * kLinear;
    products[m] = draws >= kDrawsPerRegressor * (kLinear + kProducts) &&
                  regressors + kLinear + kProducts <= kMaxRegressors;
    if (used[m]) regressors += kLinear + (products[m] ? kProducts : 0);
  }
  if (regressors == 0) return 0;
  const int columns = 1 + regressors;
  for (int64_t s = 0; s < num_samples; ++s) {
    double* row = design + s * columns;
    row[0] = 1;
    int filled = 1;
    for (int m = 0; m < modes; ++m) {
      if (!used[m]) continue;
      filled += FillRegressors(proposal.mode(m), xi + (s * proposal.num_modes() + m) * kDof,
                               log_density[s], products[m], row + filled);
    }
  }
  return InterceptCoefficients(columns, num_samples, design, coefficients) ? regressors : 0;
}

template int RegressionCoefficients(const MixtureProposal<6>&, int64_t, const double*,
                                    const double*, double*, double*);
template int RegressionCoefficients(const MixtureProposal<4>&, int64_t, const double*,
                                    const double*, double*, double*);

}  // namespace propnp
