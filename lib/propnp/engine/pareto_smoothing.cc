// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/pareto_smoothing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace propnp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct ParetoFit {
  double k, sigma;
};

// A relative spread of the largest weights that no estimate notices.
constexpr double kNoTail = 1e-6;
// The least exceedance, of the threshold and of the largest exceedance: weights that are tied at
// the threshold, or vanish beside the largest one, are near it and not exactly on it.
constexpr double kLeastOfThreshold = 1e-16, kLeastOfLargest = 1e-280;
constexpr int kMaxGrid = 512;

double ZeroIfInvalid(double log_weight) { return std::isnan(log_weight) ? -kInfinity : log_weight; }

// sum_i log(1 - theta_j x_i) for all theta at once: products of a few factors share one logarithm.
// `x` is in [0, 1]; a factor lies between 1e-4 and `largest_factor`.
void SumLogFactors(const double* x, int64_t count, const double* theta, int num_theta,
                   double largest_factor, double* sums) {
  int group = 64;
  while (group > 1 && std::pow(largest_factor, group) > 1e300) group /= 2;
  std::fill(sums, sums + num_theta, 0.0);
  double products[kMaxGrid];
  for (int64_t begin = 0; begin < count; begin += group) {
    std::fill(products, products + num_theta, 1.0);
    for (int64_t i = begin; i < std::min(begin + group, count); ++i) {
      for (int j = 0; j < num_theta; ++j) products[j] *= 1 - theta[j] * x[i];
    }
    for (int j = 0; j < num_theta; ++j) sums[j] += std::log(products[j]);
  }
}

// k and the profile log likelihood per exceedance for theta = -k / sigma. At theta = 0, the
// exponential distribution, both are limits.
double MeanLogLikelihood(double theta, double k, double mean) {
  const bool exponential = std::fabs(theta) < 1e-9;
  return std::log(exponential ? 1 / mean : -theta / k) - k - 1;
}

// Zhang and Stephens' estimate from exceedances in ascending order, positive, the last 1: theta is
// its posterior mean on a grid of points under their prior.
ParetoFit FitGeneralisedPareto(const double* x, int64_t count) {
  double theta[kMaxGrid], k[kMaxGrid];
  const auto n = static_cast<double>(count);
  const int grid = std::min(30 + static_cast<int>(std::sqrt(n)), kMaxGrid);
  const double lower_quartile = x[static_cast<int64_t>(n / 4 + 0.5) - 1];
  const double spread = 1 / (3 * lower_quartile);
  for (int j = 0; j < grid; ++j) theta[j] = 1 + spread * (1 - std::sqrt(grid / (j + 0.5)));
  SumLogFactors(x, count, theta, grid, 1 - theta[0], k);
  double mean = 0;
  for (int64_t i = 0; i < count; ++i) mean += x[i] / n;
  double log_likelihood[kMaxGrid], highest = -kInfinity;
  for (int j = 0; j < grid; ++j) {
    log_likelihood[j] = n * MeanLogLikelihood(theta[j], k[j] / n, mean);
    highest = std::max(highest, log_likelihood[j]);
  }
  double sum = 0, weighted = 0;
  for (int j = 0; j < grid; ++j) {
    const double weight = std::exp(log_likelihood[j] - highest);
    sum += weight, weighted += weight * theta[j];
  }
  const double theta_hat = weighted / sum;
  double k_hat;
  SumLogFactors(x, count, &theta_hat, 1, 1 - theta[0], &k_hat);
  k_hat /= n;
  const double sigma = std::fabs(theta_hat) < 1e-9 ? mean : -k_hat / theta_hat;
  constexpr double kPriorWeights = 10, kPriorK = 0.5;
  return {(n * k_hat + kPriorWeights * kPriorK) / (n + kPriorWeights), sigma};
}

// The weights above the threshold, less it, over the largest exceedance.
struct Tail {
  double* exceedances;  // ascending
  int64_t count;        // 0 if there is no fit to be made, then `khat` says why
  double khat;
  double threshold;  // of the weights over the largest weight
  double scale;      // the largest exceedance, likewise
};

// `sorted` holds the count + 1 largest log weights in ascending order; overwritten.
Tail MakeTail(double* sorted, int64_t count) {
  const double largest = sorted[count];
  if (!std::isfinite(largest)) return {nullptr, 0, kInfinity, 0, 0};
  const double threshold = std::exp(sorted[0] - largest);
  const double scale = -std::expm1(sorted[0] - largest);
  if (scale <= kNoTail) return {nullptr, 0, 0, threshold, scale};
  const double least = std::max(kLeastOfThreshold * threshold / scale, kLeastOfLargest);
  double* x = sorted + 1;
  for (int64_t i = 0; i < count; ++i) {
    x[i] = std::max((std::exp(x[i] - largest) - threshold) / scale, least);
  }
  x[count - 1] = 1;
  return {x, count, 0, threshold, scale};
}

// Copies the `count` largest log weights and perhaps a few more to `out` and returns their end: by
// bisection, whose passes over all of them do without branches.
double* CopyLargest(const double* log_weights, int64_t num_samples, int64_t count, double* out) {
  constexpr int kSteps = 12;
  const auto above = [&](double threshold) {
    int64_t n = 0;
    for (int64_t i = 0; i < num_samples; ++i) n += log_weights[i] >= threshold;
    return n;
  };
  double highest = -kInfinity;
  for (int64_t i = 0; i < num_samples; ++i)
    highest = std::max(highest, ZeroIfInvalid(log_weights[i]));
  double low = highest - 1, high = highest;
  for (int step = 0; step < kSteps && above(low) < count; ++step) {
    high = low;
    low = highest - 4 * (highest - low);
  }
  if (!(above(low) >= count)) low = -kInfinity;
  for (int step = 0; step < kSteps && low > -kInfinity; ++step) {
    const double middle = 0.5 * (low + high);
    const int64_t n = above(middle);
    (n >= count ? low : high) = middle;
    if (n >= count && n < count + count / 4) break;
  }
  for (int64_t i = 0; i < num_samples; ++i) {
    *out = ZeroIfInvalid(log_weights[i]);
    out += *out >= low;
  }
  return out;
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
  double* const end = CopyLargest(log_weights, num_samples, count + 1, scratch);
  double* const sorted = end - count - 1;
  std::nth_element(scratch, sorted, end);
  std::sort(sorted, end);
  const Tail tail = MakeTail(sorted, count);
  return tail.count == 0 ? tail.khat : FitGeneralisedPareto(tail.exceedances, tail.count).k;
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
  const Tail tail = MakeTail(scratch, count);
  if (tail.count == 0) return tail.khat;
  const auto [k, sigma] = FitGeneralisedPareto(tail.exceedances, count);
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
