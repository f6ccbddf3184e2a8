// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/stein_variates.h"

#include <algorithm>
#include <cmath>

#include "propnp/engine/kernels/proposal_kernels.h"
#include "propnp/engine/regression_products.h"

namespace propnp {
namespace {

constexpr int64_t kColumnStride = 64 + kSamplePadding;

}  // namespace

template <int kDof>
SteinVariates<kDof> SteinVariates<kDof>::Allocate(Arena* arena) {
  SteinVariates v = {};
  v.columns_ = arena->Take<float>(kMaxColumns * kColumnStride);
  v.sums_ = arena->Take<double>(kMaxColumns * kMaxColumns);
  v.solver_ = arena->Take<SolverMemory>(1);
  return v;
}

template <int kDof>
void SteinVariates<kDof>::FillBlock(const WeightedSamples& samples, int64_t begin, int64_t count) {
  std::fill(columns_, columns_ + num_columns_ * kColumnStride, 0.0f);
  for (int64_t k = 0; k < count; ++k) {
    const int64_t s = begin + k;
    root_[k] = std::sqrt(samples.plain_weight[s] * static_cast<double>(samples.count));
    if (!(root_[k] > 0)) continue;
    float* column = columns_ + k;
    modes_.visit_columns(samples.pose + 7 * s, samples.score + kDof * s, [&](double value) {
      *column = static_cast<float>(root_[k] * value);
      column += kColumnStride;
    });
  }
}

template <int kDof>
void SteinVariates<kDof>::AddMasses(const double* mass_weight, int64_t count,
                                    double* masses) const {
  for (int64_t k = 0; k < count; ++k) {
    if (!(root_[k] > 0)) continue;
    for (int m = 0; m < modes_.num_modes(); ++m) {
      masses[m] += mass_weight[k] / root_[k] * columns_[m * kColumnStride + k];
    }
  }
}

template <int kDof>
bool SteinVariates<kDof>::Fit(const WeightedSamples& samples, double* solution) {
  double means[kMaxColumns] = {};
  std::fill(sums_, sums_ + num_columns_ * num_columns_, 0.0);
  for (int64_t begin = 0; begin < samples.count; begin += kBlock) {
    const int64_t count = std::min<int64_t>(kBlock, samples.count - begin);
    FillBlock(samples, begin, count);
    AddMasses(samples.mass_weight + begin, count, means);
    AddProducts({columns_, num_columns_, kColumnStride, count}, 0, num_columns_, sums_);
  }
  modes_.add_ridge(sums_);
  const double* const right = means;
  return GetRegressionKernels().solve(num_columns_, sums_, 1, &right, &solution, solver_) >
         modes_.num_modes();
}

template <int kDof>
bool SteinVariates<kDof>::CorrectWeights(const WeightedSamples& samples, bool cubic,
                                         double* weights) {
  if (!modes_.choose_degrees(samples.ess * static_cast<double>(samples.count), cubic)) return false;
  num_columns_ = modes_.num_columns();
  double solution[kMaxColumns], sum = 0, spread = 0;
  const double* const factors = solution;
  if (!Fit(samples, solution)) return false;
  for (int64_t begin = 0; begin < samples.count; begin += kBlock) {
    const int64_t count = std::min<int64_t>(kBlock, samples.count - begin);
    FillBlock(samples, begin, count);
    double coefficients[kColumnStride];
    double* const result = coefficients;
    GetRegressionKernels().combine({columns_, num_columns_, kColumnStride, count}, 1, &factors,
                                   &result);
    for (int64_t k = 0; k < count; ++k) {
      weights[begin + k] = coefficients[k] * root_[k];
      sum += weights[begin + k];
      spread += coefficients[k] * coefficients[k] * static_cast<double>(samples.count);
    }
  }
  if (!(sum > 0 && spread < kMostSteinSpread * sum * sum)) return false;
  for (int64_t s = 0; s < samples.count; ++s) weights[s] /= sum;
  return true;
}

template class SteinVariates<6>;
template class SteinVariates<4>;

}  // namespace propnp
