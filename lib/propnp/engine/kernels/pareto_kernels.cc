// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Exceedances lie in the lanes, or the grid.
#include "propnp/engine/kernels/pareto_kernels.h"

#include <cmath>

#include "propnp/engine/kernels/largest_values.h"

PROPNP_MATH_BEGIN

namespace {

constexpr int kMaxGrid = 512;
constexpr double kExponential = 1e-9;  // a theta that counts as zero

void exceedances(const ExceedanceScale& s, int64_t count, double* values) {
  const D largest(s.largest), threshold(s.threshold), inverse_scale(1 / s.scale), least(s.least),
      nothing(-700.0), one(1.0);
  for (int64_t i = 0; i < count; i += D::kSize) {
    const D weight = exp(max(load_first(values + i, count - i, s.largest) - largest, nothing));
    store_first(min(max((weight - threshold) * inverse_scale, least), one), count - i, values + i);
  }
}

double mean_of(const double* x, int64_t count) {
  D sum(0.0);
  for (int64_t i = 0; i < count; i += D::kSize) sum = sum + load_first(x + i, count - i, 0);
  return sum.sum() / static_cast<double>(count);
}

// sum_i log(1 - theta x_i) is taken of products of a few factors. A factor lies between 1e-4 and
// `largest`: how many have a product that a number holds.
int factors_per_logarithm(double largest) {
  int factors = 1;
  for (double product = largest * largest; factors < 64 && product < 1e300; product *= product) {
    factors *= 2;
  }
  return factors;
}

// A row of points of the grid, in registers while the loop runs over the exceedances.
constexpr int kTile = 5;
constexpr int kTileSize = kTile * D::kSize;

// sums[j] = sum_i log(1 - theta_j x_i) of a tile.
void sum_log_factors(const double* x, int64_t count, int group, const double* theta, double* sums) {
  const D one(1.0);
  D slope[kTile], sum[kTile];
  for (int k = 0; k < kTile; ++k) {
    slope[k] = -D::load(theta + k * D::kSize);
    sum[k] = D(0.0);
  }
  for (int64_t begin = 0; begin < count; begin += group) {
    const int64_t end = begin + group < count ? begin + group : count;
    D product[kTile];
    for (D& p : product) p = one;
    for (int64_t i = begin; i < end; ++i) {
      const D at(x[i]);
      for (int k = 0; k < kTile; ++k) {
        product[k] = product[k] * multiply_add(slope[k], at, one);
      }
    }
    for (int k = 0; k < kTile; ++k) sum[k] = sum[k] + log(product[k]);
  }
  for (int k = 0; k < kTile; ++k) sum[k].store(sums + k * D::kSize);
}

// The same of one theta, with the exceedances in the lanes.
double sum_log_factors(const double* x, int64_t count, int group, double theta) {
  const D one(1.0), slope(-theta);
  D sum(0.0);
  for (int64_t begin = 0; begin < count; begin += group * D::kSize) {
    const int64_t end = begin + group * D::kSize < count ? begin + group * D::kSize : count;
    D product = one;
    for (int64_t i = begin; i < end; i += D::kSize) {
      product = product * multiply_add(slope, load_first(x + i, end - i, 0), one);
    }
    sum = sum + log(product);
  }
  return sum.sum();
}

// Points of the grid, ascending; the last again to the end of its tile.
void fill_grid(int size, double lower_quartile, double* theta) {
  const D one(1.0), half(0.5), spread(1 / (3 * lower_quartile)), last(size - 0.5);
  const int padded = (size + kTileSize - 1) / kTileSize * kTileSize;
  for (int j = 0; j < padded; j += D::kSize) {
    const D index(hn::Iota(D::Tag(), static_cast<double>(j)));
    const D point = min(index + half, last);
    (one + spread * (one - sqrt(D(static_cast<double>(size)) / point))).store(theta + j);
  }
}

// The profile log likelihoods of n exceedances, from the sums of logarithms, in their place;
// returns the highest. At theta = 0, the exponential distribution, k and -theta / k are limits.
double fill_log_likelihoods(const double* theta, int size, double n, double mean, double* values) {
  const D one(1.0), count(n), inverse_mean(1 / mean), nothing(-HUGE_VAL);
  D highest = nothing;
  for (int j = 0; j < size; j += D::kSize) {
    const D at = D::load(theta + j), k = D::load(values + j) / count;
    const LaneMask<double> exponential = D(hn::Abs(at.v)) < D(kExponential);
    const D ratio = select(exponential, inverse_mean, -at / select(exponential, one, k));
    const D value = count * (log(ratio) - k - one);
    const D used = select(first_lanes<double>(size - j), value, nothing);
    used.store(values + j);
    highest = max(highest, used);
  }
  return hn::GetLane(hn::MaxOfLanes(D::Tag(), highest.v));
}

// The posterior mean of theta.
double mean_theta(const double* theta, const double* log_likelihoods, double highest, int size) {
  const D shift(highest), least(-700.0);
  D sum(0.0), weighted(0.0);
  for (int j = 0; j < size; j += D::kSize) {
    const D weight = exp(max(D::load(log_likelihoods + j) - shift, least));
    sum = sum + weight;
    weighted = multiply_add(weight, D::load(theta + j), weighted);
  }
  return weighted.sum() / sum.sum();
}

ParetoFit fit(const double* x, int64_t count) {
  HWY_ALIGN double theta[kMaxGrid + kTileSize], values[kMaxGrid + kTileSize];
  const double n = static_cast<double>(count), mean = mean_of(x, count);
  const int wanted = 30 + static_cast<int>(std::sqrt(n));
  const int size = wanted < kMaxGrid ? wanted : kMaxGrid;
  const int64_t quarter = (count + 2) / 4;
  fill_grid(size, kth_largest(x, count, count - quarter + 1), theta);
  const int group = factors_per_logarithm(1 - theta[0]);
  for (int j = 0; j < size; j += kTileSize) {
    sum_log_factors(x, count, group, theta + j, values + j);
  }
  const double highest = fill_log_likelihoods(theta, size, n, mean, values);
  const double theta_hat = mean_theta(theta, values, highest, size);
  const double k = sum_log_factors(x, count, group, theta_hat) / n;
  const double sigma = std::fabs(theta_hat) < kExponential ? mean : -k / theta_hat;
  constexpr double kPriorWeights = 10, kPriorK = 0.5;
  return {(n * k + kPriorWeights * kPriorK) / (n + kPriorWeights), sigma};
}

}  // namespace

extern const ParetoKernels kParetoKernels;
const ParetoKernels kParetoKernels = {take_largest, exceedances, fit};

PROPNP_MATH_END
