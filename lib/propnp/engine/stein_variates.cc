// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/stein_variates.h"

#include <algorithm>

#include "propnp/engine/kernels/proposal_kernels.h"

namespace propnp {
namespace {

constexpr int64_t kColumnStride = 64 + kSamplePadding;

}  // namespace

template <int kDof>
SteinVariates<kDof> SteinVariates<kDof>::Allocate(Arena* arena) {
  SteinVariates v = {};
  v.columns_ = arena->Take<float>(kMaxColumns * kColumnStride);
  v.sums_ = arena->Take<double>(kMaxColumns * kMaxColumns);
  v.normal_ = arena->Take<Regression>(1);
  return v;
}

template <int kDof>
void SteinVariates<kDof>::FillBlock(const WeightedSamples& samples, int64_t begin, int64_t count) {
  const int given = samples.num_columns;
  for (int i = 0; i < num_columns_; ++i) {
    float* column = columns_ + i * kColumnStride;
    if (i == 0) {
      std::fill(column, column + count, 1.0f);
    } else if (i <= given) {
      std::copy(samples.columns[i - 1] + begin, samples.columns[i - 1] + begin + count, column);
    }
    std::fill(column + count, column + kColumnStride, 0.0f);
  }
  for (int64_t k = 0; k < count; ++k) {
    float* column = columns_ + (1 + given) * kColumnStride + k;
    const double factor = samples.plain_weight[begin + k] * static_cast<double>(samples.count);
    if (factor > 0) {
      modes_.visit_fields(samples.pose + 7 * (begin + k), samples.score + kDof * (begin + k),
                          [&](double value) {
                            *column = static_cast<float>(factor * value);
                            column += kColumnStride;
                          });
    } else {
      for (int i = 1 + given; i < num_columns_; ++i, column += kColumnStride) *column = 0;
    }
  }
}

template <int kDof>
bool SteinVariates<kDof>::Fit(const WeightedSamples& samples) {
  const int size = num_columns_ * num_columns_;
  std::fill(sums_, sums_ + size, 0.0);
  for (int64_t begin = 0; begin < samples.count; begin += kBlock) {
    const int64_t count = std::min<int64_t>(kBlock, samples.count - begin);
    FillBlock(samples, begin, count);
    GetProposalKernels().normal_matrix(columns_, num_columns_, kColumnStride, count, sums_);
  }
  return normal_->factorize(num_columns_, sums_, kRegressionTolerance) > 1;
}

template <int kDof>
bool SteinVariates<kDof>::CorrectWeights(const WeightedSamples& samples, bool cubic,
                                         double* weights) {
  const double draws = samples.ess * static_cast<double>(samples.count);
  if (!modes_.choose_degrees(draws, 1 + samples.num_columns, cubic)) return false;
  num_columns_ = modes_.num_columns();
  if (!Fit(samples)) return false;
  double intercept[kMaxColumns] = {1}, solution[kMaxColumns];
  normal_->solve(intercept, solution);

  double sum = 0;
  for (int64_t begin = 0; begin < samples.count; begin += kBlock) {
    const int64_t count = std::min<int64_t>(kBlock, samples.count - begin);
    FillBlock(samples, begin, count);
    double coefficients[kColumnStride];
    GetProposalKernels().combine(columns_, num_columns_, kColumnStride, count, solution,
                                 coefficients);
    for (int64_t k = 0; k < count; ++k) {
      weights[begin + k] = coefficients[k] * samples.plain_weight[begin + k];
      sum += weights[begin + k];
    }
  }
  const double ratio = sum * static_cast<double>(samples.count);
  if (!(ratio > kLeastSteinSum && ratio < kMostSteinSum)) return false;
  for (int64_t s = 0; s < samples.count; ++s) weights[s] /= sum;
  return true;
}

template class SteinVariates<6>;
template class SteinVariates<4>;

}  // namespace propnp
