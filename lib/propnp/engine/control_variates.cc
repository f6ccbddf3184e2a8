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
template <typename Visitor>
void ControlVariates<kDof>::ForEachComponent(const Visitor& visit) const {
  for (int i = 0, column = 1; column < num_columns_; ++i) {
    const int k = order_[i];
    if (regressors_[k] == 0) continue;
    visit(k, column, regressors_[k] > kLinear<kDof>);
    column += regressors_[k];
  }
}

template <int kDof>
bool ControlVariates<kDof>::Fit(const MixtureProposal<kDof>& proposal, const double* weights) {
  const int64_t count = samples_.size(), stride = samples_.columns().stride;
  num_columns_ = ChooseRegressors(proposal, count, order_, regressors_);
  if (num_columns_ == 1) return false;
  double sums[kMaxColumns * kMaxColumns], right[kMaxColumns] = {};
  std::fill(sums, sums + num_columns_ * num_columns_, 0.0);
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const RegressionColumns block = {columns_ + begin, num_columns_, stride,
                                     std::min(kBlock, count - begin)};
    FillColumns(begin, block.size);
    AddBlock(block, sums);
    if (!weights) continue;
    float* const single = columns_ + num_columns_ * stride + begin;
    GetWeightKernels().to_single(weights + begin, block.size, single);
    GetRegressionKernels().products(block, single, right);
  }
  ForEachComponent([&](int, int first, bool with_products) {
    if (with_products) Pairs::Complete(num_columns_, first, sums);
  });
  return Solve(sums, weights ? right : nullptr);
}

// `right` may be null.
template <int kDof>
bool ControlVariates<kDof>::Solve(const double* sums, const double* right) {
  double means[kMaxColumns];
  FillMeans(means);
  with_fit_ = right != nullptr;
  const double* const both[] = {means, right};
  double* const factors[] = {mean_factors_, fit_factors_};
  return GetRegressionKernels().solve(num_columns_, sums, with_fit_ ? 2 : 1, both, factors,
                                      solver_) > 1;
}

template <int kDof>
void ControlVariates<kDof>::FillMeans(double* means) const {
  std::fill(means, means + num_columns_, 0.0);
  means[0] = 1;
  ForEachComponent([&](int, int first, bool with_products) {
    means[first] = 1;
    for (int i = 1; with_products && i <= kDof; ++i) means[first + Pairs::ColumnOf(i, i)] = 1;
  });
}

template <int kDof>
void ControlVariates<kDof>::AddBlock(const RegressionColumns& columns, double* sums) const {
  AddProducts(columns, 0, 1, sums);
  ForEachComponent([&](int k, int first, bool with_products) {
    if (with_products) {
      Pairs::Add(columns, first, sums);
    } else {
      AddProducts(columns, first, first + regressors_[k], sums);
    }
  });
}

// Those of samples [begin, begin + size), and zeros behind the last where a register may hold them.
template <int kDof>
void ControlVariates<kDof>::FillColumns(int64_t begin, int64_t size) {
  KernelSamples samples = samples_.columns();
  samples.xi += begin;
  samples.log_density += begin;
  std::fill_n(columns_ + begin, size, 1.0f);
  ForEachComponent([&](int k, int first, bool with_products) {
    const KernelComponent& component = samples_.component(k);
    GetProposalKernels().regressors(kDof, samples_.chart(component.mode), component, with_products,
                                    size, samples, columns_ + first * samples.stride + begin);
  });
  const int64_t end = begin + size,
                behind = (kSamplePadding - end % kSamplePadding) % kSamplePadding;
  if (behind == 0) return;
  for (int i = 0; i < num_columns_; ++i) {
    std::fill_n(columns_ + i * samples.stride + end, behind, 0.0f);
  }
}

template <int kDof>
void ControlVariates<kDof>::Evaluate(double* coefficients, double* fitted) const {
  const double* const factors[] = {mean_factors_, fit_factors_};
  double* const results[] = {coefficients, fitted};
  GetRegressionKernels().combine(
      {columns_, num_columns_, samples_.columns().stride, samples_.size()}, with_fit_ ? 2 : 1,
      factors, results);
}

template <int kDof>
double ControlVariates<kDof>::ResidualVariance(const double* weights, const double* coefficients,
                                               const double* fitted) const {
  const double variance =
      GetWeightKernels().squared_residual(coefficients, weights, fitted, samples_.size());
  // Fitted residuals are smaller than true ones.
  const double rows = static_cast<double>(samples_.size());
  return variance * rows / std::max(rows - num_columns_, 1.0);
}

template class ControlVariates<6>;
template class ControlVariates<4>;

}  // namespace propnp
