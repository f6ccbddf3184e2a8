// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Where a distortion polynomial stops being monotone, and the clamp at that radius.
#ifndef PROPNP_MATH_CAMERA_LIMIT_H_
#define PROPNP_MATH_CAMERA_LIMIT_H_

#include <cmath>

#include "propnp/math/vector.h"

PROPNP_MATH_BEGIN

// A radius^2 that no image reaches, small enough for float arithmetic on its square.
constexpr double kNoLimit = 1e12;

// The smallest root in (0, limit) of c[0] + c[1] x + ... + c[degree] x^degree, c[0] > 0, or
// `limit`. Between the stationary points, found the same way, a polynomial is monotone and
// bisection cannot miss. Once a camera, never once a point.
PROPNP_HOST_DEVICE inline double smallest_positive_root(const double* c, int degree, double limit) {
  constexpr int kMaxDegree = 8;
  const auto value = [&](int order, double x) {  // the order-th derivative
    double sum = 0;
    for (int i = degree; i >= order; --i) {
      double factor = c[i];
      for (int k = 0; k < order; ++k) factor *= i - k;
      sum = sum * x + factor;
    }
    return sum;
  };
  double stationary[kMaxDegree + 2] = {0, limit};
  int count = 2;
  for (int order = degree - 1; order >= 0; --order) {
    double roots[kMaxDegree + 2] = {0};
    int found = 1;
    for (int i = 0; i + 1 < count; ++i) {
      double low = stationary[i], high = stationary[i + 1];
      const bool rising = value(order, low) < 0;
      if (rising == (value(order, high) < 0)) continue;
      for (int step = 0; step < 200 && low < high; ++step) {
        const double middle = low > 0 ? std::sqrt(low) * std::sqrt(high) : high * 1e-3;
        if (middle <= low || middle >= high) break;
        ((value(order, middle) < 0) == rising ? low : high) = middle;
      }
      roots[found++] = low;
    }
    roots[found++] = limit;
    for (int i = 0; i < found; ++i) stationary[i] = roots[i];
    count = found;
  }
  return count > 2 ? stationary[1] : limit;
}

// (x, y) pulled back to squared radius `limit` when it lies beyond.
template <typename S>
struct RadiusClamped {
  S x, y, squared;
  S scale;  // clamped over given radius
  decltype(S() < S()) beyond;

  PROPNP_HOST_DEVICE PROPNP_INLINE RadiusClamped(const S& given_x, const S& given_y,
                                                 const S& limit) {
    const S given = given_x * given_x + given_y * given_y;
    beyond = limit < given;
    scale = select(beyond, sqrt(limit / select(beyond, given, limit)), constant<S>(1));
    x = scale * given_x;
    y = scale * given_y;
    squared = select(beyond, limit, given);
  }

  // A gradient with respect to the clamped (x, y) becomes one with respect to the given (x, y):
  // beyond the limit only the part across the radius is left.
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> chain(const Vec2<S>& gradient) const {
    const S along = select(beyond, (gradient.x * x + gradient.y * y) / squared, constant<S>(0));
    return {scale * (gradient.x - along * x), scale * (gradient.y - along * y)};
  }
};

// RadiusClamped at (x + dx, y + dy) minus RadiusClamped at (x, y), without cancellation when both
// are inside or both beyond.
template <typename S>
struct RadiusClampedDifference {
  S x, y, squared;

  PROPNP_HOST_DEVICE PROPNP_INLINE RadiusClampedDifference(const RadiusClamped<S>& at,
                                                           const S& given_x, const S& given_y,
                                                           const S& dx, const S& dy,
                                                           const S& limit) {
    const S given = given_x * given_x + given_y * given_y;
    const S change = dx * (constant<S>(2) * given_x + dx) + dy * (constant<S>(2) * given_y + dy);
    const RadiusClamped<S> moved(given_x + dx, given_y + dy, limit);
    // Both beyond: sqrt(limit) (1/r1 - 1/r0) = -scale0 scale1 change / (sqrt(limit) (r0 + r1)).
    const S one = constant<S>(1), zero = constant<S>(0);
    const S both_scale =
        -at.scale * moved.scale * change /
        (sqrt(limit) * (sqrt(max(given, limit)) + sqrt(max(given + change, limit))));
    const S scale_change = select(at.beyond, select(moved.beyond, both_scale, one - at.scale),
                                  select(moved.beyond, moved.scale - one, zero));
    x = moved.scale * dx + scale_change * given_x;
    y = moved.scale * dy + scale_change * given_y;
    squared = select(at.beyond, select(moved.beyond, zero, given + change - limit),
                     select(moved.beyond, limit - given, change));
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_CAMERA_LIMIT_H_
