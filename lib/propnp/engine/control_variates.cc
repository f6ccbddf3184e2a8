// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/control_variates.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "propnp/engine/kernels/weight_kernels.h"

namespace propnp {
namespace {

constexpr double kDrawsPerRegressor = 2;

template <int kDof>
constexpr int kLinear = 1 + kDof;
template <int kDof>
constexpr int kProducts = kDof*(kDof + 1) / 2;

// How many regressors each component gets, heaviest first: the linear ones, then the products,
// while it expects two draws a regressor. Returns the number of columns.
template <int kDof>
int ChooseRegressors(const MixtureProposal<kDof>& proposal, int64_t num_samples, int* order,
                     int* regressors) {
  const int components = proposal.num_components();
  std::iota(order, order + components, 0);
  std::fill(regressors, regressors + components, 0);
  // A stable sort would allocate.
  std::sort(order, order + components, [&](int a, int b) {
    const double first = proposal.component(a).weight, second = proposal.component(b).weight;
    return first > second || (first == second && a < b);
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
bool ControlVariates<kDof>::Fit(const MixtureProposal<kDof>& proposal) {
  const int64_t count = samples_.size(), stride = samples_.columns().stride;
  num_columns_ = ChooseRegressors(proposal, count, order_, regressors_);
  if (num_columns_ == 1) return false;
  double sums[kMaxColumns * kMaxColumns];
  std::fill(sums, sums + num_columns_ * num_columns_, 0.0);
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const int64_t size = std::min(kBlock, count - begin);
    FillColumns(begin, size, proposal.num_components());
    GetProposalKernels().normal_matrix(columns_ + begin, num_columns_, stride, size, sums);
  }
  return normal_.factorize(num_columns_, sums, kRegressionTolerance) > 1;
}

// Those of samples [begin, begin + size), and zeros behind the last.
template <int kDof>
void ControlVariates<kDof>::FillColumns(int64_t begin, int64_t size, int num_components) {
  KernelSamples samples = samples_.columns();
  samples.xi += begin;
  samples.log_density += begin;
  float* next = columns_ + begin;
  std::fill(next, next + size, 1.0f);
  next += samples.stride;
  for (int i = 0; i < num_components; ++i) {
    const int k = order_[i];
    if (regressors_[k] == 0) continue;
    const KernelComponent& component = samples_.component(k);
    GetProposalKernels().regressors(kDof, samples_.chart(component.mode), component,
                                    regressors_[k] > kLinear<kDof>, size, samples, next);
    next += regressors_[k] * samples.stride;
  }
  const int64_t end = begin + size;
  const int64_t behind = end == samples_.size() ? samples.stride - end : 0;
  for (int i = 0; i < num_columns_; ++i) {
    std::fill_n(columns_ + i * samples.stride + end, behind, 0.0f);
  }
}

template <int kDof>
void ControlVariates<kDof>::Coefficients(double* coefficients) const {
  double intercept[kMaxColumns] = {1}, solution[kMaxColumns];
  normal_.solve(intercept, solution);
  GetProposalKernels().combine(columns_, num_columns_, samples_.columns().stride, samples_.size(),
                               solution, coefficients);
}

template <int kDof>
double ControlVariates<kDof>::ResidualVariance(const double* weights, const double* coefficients,
                                               double* scratch) const {
  const int64_t count = samples_.size(), stride = samples_.columns().stride;
  double right[kMaxColumns], fit[kMaxColumns];
  float* const single = columns_ + num_columns_ * stride;
  GetWeightKernels().to_single(weights, count, single);
  GetProposalKernels().products(columns_, num_columns_, stride, count, single, right);
  normal_.solve(right, fit);
  GetProposalKernels().combine(columns_, num_columns_, stride, count, fit, scratch);
  const double variance =
      GetWeightKernels().squared_residual(coefficients, weights, scratch, count);
  // Fitted residuals are smaller than true ones.
  const double rows = static_cast<double>(count);
  return variance * rows / std::max(rows - num_columns_, 1.0);
}

template class ControlVariates<6>;
template class ControlVariates<4>;

}  // namespace propnp
