// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The largest of many values, without order among them: by bisection, whose passes do without
// branches. Included by sources that are compiled once per instruction set.
#ifndef PROPNP_ENGINE_KERNELS_LARGEST_VALUES_H_
#define PROPNP_ENGINE_KERNELS_LARGEST_VALUES_H_

#include <cfloat>
#include <cmath>

#include "propnp/engine/kernels/lanes.h"

PROPNP_MATH_BEGIN

namespace {

using D = Lanes<double>;

PROPNP_INLINE LaneMask<double> at_least(const D& a, const D& b) { return {hn::Ge(a.v, b.v)}; }

// Values i, i + 1, ... of n; what is not a number, or behind the last, is -infinity.
PROPNP_INLINE D values_at(const double* values, int64_t i, int64_t n) {
  const D value = load_first(values + i, n - i, -HUGE_VAL);
  return select(at_least(value, value), value, D(-HUGE_VAL));
}

inline double highest_of(const double* values, int64_t n) {
  D highest(-HUGE_VAL);
  for (int64_t i = 0; i < n; i += D::kSize) highest = max(highest, values_at(values, i, n));
  return hn::GetLane(hn::MaxOfLanes(D::Tag(), highest.v));
}

// How many values are not less than the threshold.
inline int64_t count_above(const double* values, int64_t n, double threshold) {
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
inline double threshold_of(const double* values, int64_t n, int64_t count) {
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

inline Division divide(const double* values, int64_t n, double limit) {
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
inline double kth_largest(const double* values, int64_t n, int64_t k) {
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
    const D value = values_at(values, i, n);
    next += hn::CompressStore(value.v, wanted(value).m, d, next);
  }
  const D value = values_at(values, i, n);
  const LaneMask<double> last = wanted(value) & first_lanes<double>(n - i);
  HWY_ALIGN double rest[D::kSize];
  const size_t count = hn::CompressStore(value.v, last.m, d, rest);
  for (size_t k = 0; k < count; ++k) next[k] = rest[k];
  return next - out + static_cast<int64_t>(count);
}

// See ParetoKernels.
inline double take_largest(const double* values, int64_t n, int64_t count, double* out) {
  const D enough(threshold_of(values, n, count + 1));
  const int64_t some = copy_where(
      values, n, [&](const D& value) { return at_least(value, enough); }, out);
  const double next = kth_largest(out, some, count + 1);
  int64_t above = copy_where(
      out, some, [&](const D& value) { return D(next) < value; }, out);
  for (; above < count; ++above) out[above] = next;
  return next;
}

}  // namespace

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_LARGEST_VALUES_H_
