// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Pareto k-hat of importance weights (engine/pareto_smoothing.h has the method and its sources) by
// all threads of a block, a thread a point of the grid.
#ifndef PROPNP_CUDA_SAMPLER_PARETO_TAIL_H_
#define PROPNP_CUDA_SAMPLER_PARETO_TAIL_H_

#include <cmath>

#include "cuda_sampler/device/team.h"

namespace propnp::gpu {

constexpr int kMaxParetoGrid = 512;

// `sorted` holds the count + 1 largest log weights in ascending order; overwritten.
PROPNP_DEVICE double BlockParetoKhat(double* sorted, int64_t count, const BlockTeam& team) {
  constexpr double kNoTail = 1e-6, kLeastOfThreshold = 1e-16, kLeastOfLargest = 1e-280;
  const double largest = sorted[count], lowest = sorted[0];
  if (!std::isfinite(largest)) return std::numeric_limits<double>::infinity();
  const double threshold = std::exp(lowest - largest), scale = -std::expm1(lowest - largest);
  if (scale <= kNoTail) return 0;
  // Exceedances over the largest.
  const double least = max(kLeastOfThreshold * threshold / scale, kLeastOfLargest);
  double* const x = sorted + 1;
  team.barrier();
  double sum = 0;
  for (int64_t i = team.rank(); i < count; i += team.size()) {
    const double exceedance = (std::exp(x[i] - largest) - threshold) / scale;
    x[i] = i + 1 < count ? max(exceedance, least) : 1;
    sum += x[i];
  }
  const double n = static_cast<double>(count);
  const double mean = team.sum(sum) / n;

  // Zhang and Stephens' estimate: theta = -k / sigma is its posterior mean on a grid.
  const int wanted = 30 + static_cast<int>(sqrt(n));
  const int grid = wanted < kMaxParetoGrid ? wanted : kMaxParetoGrid;
  const double spread = 1 / (3 * x[static_cast<int64_t>(n / 4 + 0.5) - 1]);
  const auto theta_of = [&](int j) { return 1 + spread * (1 - sqrt(grid / (j + 0.5))); };
  const auto log_likelihood = [&](double theta) {
    double logs = 0;
    for (int64_t i = 0; i < count; ++i) logs += std::log1p(-theta * x[i]);
    const double k = logs / n;
    const bool exponential = std::fabs(theta) < 1e-9;
    return n * (std::log(exponential ? 1 / mean : -theta / k) - k - 1);
  };
  constexpr int kPerThread = kMaxParetoGrid / 128;
  double likelihood[kPerThread], highest = -HUGE_VAL;
  for (int r = 0; r < kPerThread; ++r) {
    const int j = team.rank() + r * team.size();
    likelihood[r] = j < grid ? log_likelihood(theta_of(j)) : -HUGE_VAL;
    highest = max(highest, likelihood[r]);
  }
  highest = team.max(highest);
  double weights = 0, weighted = 0;
  for (int r = 0; r < kPerThread; ++r) {
    const int j = team.rank() + r * team.size();
    if (j >= grid) continue;
    const double weight = std::exp(likelihood[r] - highest);
    weights += weight, weighted += weight * theta_of(j);
  }
  weights = team.sum(weights);
  const double theta_hat = team.sum(weighted) / weights;
  double k_hat = 0;
  for (int64_t i = team.rank(); i < count; i += team.size()) {
    k_hat += std::log1p(-theta_hat * x[i]) / n;
  }
  k_hat = team.sum(k_hat);
  constexpr double kPriorWeights = 10, kPriorK = 0.5;
  return (n * k_hat + kPriorWeights * kPriorK) / (n + kPriorWeights);
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_PARETO_TAIL_H_
