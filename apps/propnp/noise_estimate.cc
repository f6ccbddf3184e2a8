// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/noise_estimate.h"

#include <algorithm>
#include <cmath>

namespace propnp::app {
namespace {

constexpr double kMedianOfAbsoluteNormal = 0.6744897501960817;
constexpr double kCut = 2.5;                      // in sigmas
constexpr double kVarianceWithinCut = 0.9112564;  // 1 - 2 c phi(c) / (2 Phi(c) - 1) at c = 2.5
constexpr int kMaxRounds = 50;
constexpr double kStandstill = 1e-6;  // relative

double MedianAbsolute(std::vector<double> values) {
  for (double& value : values) value = std::abs(value);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Trimmed {
  double sigma;
  double used_share;
};

Trimmed TrimmedSigma(const std::vector<double>& values, double sigma) {
  double sum = 0;
  size_t used = 0;
  for (double value : values) {
    if (std::abs(value) > kCut * sigma) continue;
    sum += value * value;
    ++used;
  }
  const double mean = used > 0 ? sum / static_cast<double>(used) : 0.0;
  return {std::sqrt(mean / kVarianceWithinCut),
          static_cast<double>(used) / static_cast<double>(values.size())};
}

}  // namespace

void NoiseEstimator::AddObject(const std::vector<double>& residuals, int pose_dof) {
  const double degrees_of_freedom = static_cast<double>(residuals.size()) - pose_dof;
  if (degrees_of_freedom <= 0) return;
  const double scale = std::sqrt(static_cast<double>(residuals.size()) / degrees_of_freedom);
  for (double residual : residuals) {
    if (!std::isfinite(residual)) continue;
    scaled_.push_back(residual * scale);
    sum_squares_ += residual * residual;
  }
  degrees_of_freedom_ += degrees_of_freedom;
}

NoiseEstimate NoiseEstimator::Estimate() const {
  NoiseEstimate estimate;
  if (scaled_.empty()) return estimate;
  estimate.degrees_of_freedom = degrees_of_freedom_;
  estimate.plain_sigma = std::sqrt(sum_squares_ / degrees_of_freedom_);
  estimate.sigma = MedianAbsolute(scaled_) / kMedianOfAbsoluteNormal;
  for (int round = 0; round < kMaxRounds; ++round) {
    const Trimmed next = TrimmedSigma(scaled_, estimate.sigma);
    const bool stands_still = std::abs(next.sigma - estimate.sigma) <= kStandstill * next.sigma;
    estimate.used_share = next.used_share;
    // Half or more of the coordinates equal (noise-free data): the median said 0 and stays.
    if (next.sigma > 0) estimate.sigma = next.sigma;
    if (stands_still) break;
  }
  return estimate;
}

}  // namespace propnp::app
