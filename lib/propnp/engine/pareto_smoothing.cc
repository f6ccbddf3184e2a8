// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/pareto_smoothing.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/kernels/pareto_kernels.h"

namespace propnp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A relative spread of the largest weights that no estimate notices.
constexpr double kNoTail = 1e-6;
// The least exceedance, of the threshold and of the largest exceedance: weights that are tied at
// the threshold, or vanish beside the largest one, are near it and not exactly on it.
constexpr double kLeastOfThreshold = 1e-16, kLeastOfLargest = 1e-280;

double ZeroIfInvalid(double log_weight) { return std::isnan(log_weight) ? -kInfinity : log_weight; }

// The weights above the threshold, less it, over the largest exceedance.
struct Tail {
  bool fits;  // or else `khat` says why not
  double khat;
  double threshold;  // of the weights over the largest weight
  double scale;      // the largest exceedance, likewise
};

// Makes exceedances of the log weights above the threshold.
Tail MakeTail(double threshold, double* log_weights, int64_t count) {
  const double largest = *std::max_element(log_weights, log_weights + count);
  if (!std::isfinite(largest)) return {false, kInfinity, 0, 0};
  const double relative = std::exp(threshold - largest);
  const double scale = -std::expm1(threshold - largest);
  if (scale <= kNoTail) return {false, 0, relative, scale};
  const double least = std::max(kLeastOfThreshold * relative / scale, kLeastOfLargest);
  GetParetoKernels().exceedances({largest, relative, scale, least}, count, log_weights);
  return {true, 0, relative, scale};
}

}  // namespace

int64_t ParetoTailCount(int64_t num_samples) {
  if (num_samples < kLeastParetoSamples) return 0;
  const auto s = static_cast<double>(num_samples);
  return static_cast<int64_t>(std::ceil(std::min(s / 5, 3 * std::sqrt(s))));
}

double ParetoKhat(const double* log_weights, int64_t num_samples, double* scratch) {
  const int64_t count = ParetoTailCount(num_samples);
  if (count == 0) return kInfinity;
  const double threshold =
      GetParetoKernels().take_largest(log_weights, num_samples, count, scratch);
  const Tail tail = MakeTail(threshold, scratch, count);
  return tail.fits ? GetParetoKernels().fit(scratch, count).k : tail.khat;
}

double ParetoSmooth(double* log_weights, int64_t num_samples, double* scratch, int64_t* order) {
  const int64_t count = ParetoTailCount(num_samples);
  if (count == 0) return kInfinity;
  for (int64_t i = 0; i < num_samples; ++i) order[i] = i;
  const auto less = [log_weights](int64_t a, int64_t b) {
    const double wa = ZeroIfInvalid(log_weights[a]), wb = ZeroIfInvalid(log_weights[b]);
    return wa < wb || (wa == wb && a < b);
  };
  int64_t* const largest = order + num_samples - count - 1;
  std::nth_element(order, largest, order + num_samples, less);
  std::sort(largest, order + num_samples, less);
  for (int64_t i = 0; i <= count; ++i) scratch[i] = ZeroIfInvalid(log_weights[largest[i]]);
  const double highest = scratch[count];
  double* const x = scratch + 1;
  const Tail tail = MakeTail(scratch[0], x, count);
  if (!tail.fits) return tail.khat;
  const auto [k, sigma] = GetParetoKernels().fit(x, count);
  for (int64_t i = 0; i < count; ++i) {
    double& log_weight = log_weights[largest[i + 1]];
    if (ZeroIfInvalid(log_weight) == -kInfinity) continue;
    const double log_survival =
        std::log1p(-(static_cast<double>(i) + 0.5) / static_cast<double>(count));
    const double quantile =
        std::fabs(k) < 1e-12 ? -log_survival : std::expm1(-k * log_survival) / k;
    const double weight = tail.threshold + tail.scale * sigma * quantile;
    log_weight = highest + std::min(std::log(weight), 0.0);
  }
  return k;
}

}  // namespace propnp
