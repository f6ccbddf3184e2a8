// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Weights lie in the lanes, then the grid.
#include "propnp/engine/kernels/pareto_kernels.h"

#include <cfloat>
#include <cmath>

#include "propnp/engine/kernels/lanes.h"

PROPNP_MATH_BEGIN

namespace {

using D = Lanes<double>;

constexpr int kMaxGrid = 512;
constexpr double kExponential = 1e-9;  // a theta that counts as zero

PROPNP_INLINE LaneMask<double> at_least(const D& a, const D& b) { return {hn::Ge(a.v, b.v)}; }

// Numbers i, i + 1, ... of n log weights; behind the last, nothing.
PROPNP_INLINE D log_weights_at(const double* values, int64_t i, int64_t n) {
  const D value = load_first(values + i, n - i, -HUGE_VAL);
  return select(at_least(value, value), value, D(-HUGE_VAL));
}

double highest_of(const double* values, int64_t n) {
  D highest(-HUGE_VAL);
  for (int64_t i = 0; i < n; i += D::kSize) highest = max(highest, log_weights_at(values, i, n));
  return hn::GetLane(hn::MaxOfLanes(D::Tag(), highest.v));
}

// How many values are not less than the threshold.
int64_t count_above(const double* values, int64_t n, double threshold) {
  constexpr int kUnroll = 4;  // of sums that do not wait for each other
  const D limit(threshold), zero(0.0), one(1.0);
  D counts[kUnroll] = {zero, zero, zero, zero};
  int64_t i = 0;
  for (; i + kUnroll * D::kSize <= n; i += kUnroll * D::kSize) {
    for (int k = 0; k < kUnroll; ++k) {
      const D value = D::load_unaligned(values + i + k * D::kSize);
      counts[k] = counts[k] + select(at_least(value, limit), one, zero);
    }
  }
  for (; i < n; i += D::kSize) {
    const D value = load_first(values + i, n - i, NAN);  // not counted
    counts[0] = counts[0] + select(at_least(value, limit), one, zero);
  }
  return static_cast<int64_t>(((counts[0] + counts[1]) + (counts[2] + counts[3])).sum());
}

// A threshold that `count` values and perhaps a few more reach, by bisection; -infinity if some
// dozen steps do not find it.
double threshold_of(const double* values, int64_t n, int64_t count) {
  constexpr int kSteps = 12;
  const double highest = highest_of(values, n);
  double low = highest - 1, high = highest;
  for (int step = 0; count_above(values, n, low) < count; ++step) {
    if (step == kSteps) return -HUGE_VAL;
    high = low;
    low = highest - 4 * (highest - low);
  }
  for (int step = 0; step < kSteps; ++step) {
    const double middle = 0.5 * (low + high);
    const int64_t above = count_above(values, n, middle);
    (above >= count ? low : high) = middle;
    if (above >= count && above < count + count / 4) break;
  }
  return low;
}

// How values divide at a limit: how many reach it, the least of those, the highest of the others.
struct Division {
  int64_t above;
  double least_above, most_below;
};

Division divide(const double* values, int64_t n, double limit) {
  const D::Tag d;
  const D at(limit), zero(0.0), one(1.0), highest(HUGE_VAL), lowest(-HUGE_VAL);
  D count = zero, least = highest, most = lowest;
  for (int64_t i = 0; i < n; i += D::kSize) {
    const D value = load_first(values + i, n - i, NAN);  // neither above nor below
    const LaneMask<double> above = at_least(value, at);
    count = count + select(above, one, zero);
    least = min(least, select(above, value, highest));
    most = max(most, select(value < at, value, lowest));
  }
  return {static_cast<int64_t>(count.sum()), hn::GetLane(hn::MinOfLanes(d, least.v)),
          hn::GetLane(hn::MaxOfLanes(d, most.v))};
}

// The k-th largest of n >= k values, all of them numbers: by bisection, each step of which leaves
// out one of the values at least.
double kth_largest(const double* values, int64_t n, int64_t k) {
  const Division finite = divide(values, n, -DBL_MAX);
  if (finite.above < k) return -HUGE_VAL;
  double low = finite.least_above, high = highest_of(values, n);
  while (low < high) {
    const double middle = 0.5 * low + 0.5 * high;
    const Division halves = divide(values, n, low < middle ? middle : high);
    (halves.above >= k ? low : high) = halves.above >= k ? halves.least_above : halves.most_below;
    if (halves.above == k) break;
  }
  return low;
}

// Copies the values that are wanted to `out`, not behind where they come from, and returns how
// many.
template <typename Wanted>
PROPNP_INLINE int64_t copy_where(const double* values, int64_t n, const Wanted& wanted,
                                 double* out) {
  const D::Tag d;
  double* next = out;
  int64_t i = 0;
  for (; i + D::kSize <= n; i += D::kSize) {
    const D value = log_weights_at(values, i, n);
    next += hn::CompressStore(value.v, wanted(value).m, d, next);
  }
  const D value = log_weights_at(values, i, n);
  const LaneMask<double> last = wanted(value) & first_lanes<double>(n - i);
  HWY_ALIGN double rest[D::kSize];
  const size_t count = hn::CompressStore(value.v, last.m, d, rest);
  for (size_t k = 0; k < count; ++k) next[k] = rest[k];
  return next - out + static_cast<int64_t>(count);
}

double take_largest(const double* values, int64_t n, int64_t count, double* out) {
  const D enough(threshold_of(values, n, count + 1));
  const int64_t some = copy_where(
      values, n, [&](const D& value) { return at_least(value, enough); }, out);
  const double next = kth_largest(out, some, count + 1);
  int64_t above = copy_where(
      out, some, [&](const D& value) { return D(next) < value; }, out);
  for (; above < count; ++above) out[above] = next;
  return next;
}

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
    D product[kTile] = {one, one, one, one, one};
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
  const D one(1.0), zero(0.0), count(n), inverse_mean(1 / mean), nothing(-HUGE_VAL);
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
  const auto quarter = static_cast<int64_t>(n / 4 + 0.5);
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
