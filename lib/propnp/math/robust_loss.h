// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Robust losses: rho as a function of s = |e| itself, rho(s) = s^2/2 near zero.
//
//   none    s^2/2
//   Huber   s^2/2 for s <= delta, delta s - delta^2/2 beyond            (P. Huber, 1964)
//   Cauchy  delta^2/2 log(1 + s^2/delta^2)
//
// In the convention of Ceres, a function of the squared norm, rho_c(s^2) = 2 rho(s). Everything is
// computed from s^2: inside Huber's quadratic part no root is taken, and rho'/s needs no limit at
// 0.
#ifndef PROPNP_MATH_ROBUST_LOSS_H_
#define PROPNP_MATH_ROBUST_LOSS_H_

#include "propnp/math/scalar.h"

PROPNP_MATH_BEGIN

enum class LossKind { kNone = 0, kHuber = 1, kCauchy = 3 };

// rho with what its derivatives need: weight = rho'(s) / s and curvature = rho''(s).
template <typename S>
struct LossValue {
  S rho, weight, curvature;
};

// Derivatives of LossValue::weight.
template <typename S>
struct LossWeightSlopes {
  S by_squared_norm, by_delta;
};

template <typename S>
struct RobustLoss {
  LossKind kind = LossKind::kNone;
  S delta = constant<S>(1);  // in units of s; positive

  PROPNP_HOST_DEVICE PROPNP_INLINE LossValue<S> evaluate(const S& squared_norm) const {
    switch (kind) {
      case LossKind::kHuber:
        return huber(squared_norm);
      case LossKind::kCauchy:
        return cauchy(squared_norm);
      default:
        return {constant<S>(0.5) * squared_norm, constant<S>(1), constant<S>(1)};
    }
  }

  // rho alone.
  PROPNP_HOST_DEVICE PROPNP_INLINE S rho(const S& squared_norm) const {
    return evaluate(squared_norm).rho;
  }

  // d rho / d delta at fixed s.
  PROPNP_HOST_DEVICE PROPNP_INLINE S delta_gradient(const S& squared_norm) const {
    const S zero = constant<S>(0);
    if (kind == LossKind::kHuber) {
      return max(squared_norm * inverse_norm(squared_norm) - delta, zero);
    }
    if (kind == LossKind::kCauchy) {
      return delta * log_excess(squared_norm / (delta * delta));
    }
    return zero;
  }

  // How the weight rho'(s) / s varies with s^2 and with delta.
  PROPNP_HOST_DEVICE PROPNP_INLINE LossWeightSlopes<S> weight_slopes(const S& squared_norm) const {
    const S zero = constant<S>(0), one = constant<S>(1), two = constant<S>(2);
    if (kind == LossKind::kHuber) {
      const auto beyond = delta * delta < squared_norm;
      const S inverse = one / select(beyond, squared_norm, one);
      const S inverse_norm = sqrt(inverse);
      return {select(beyond, constant<S>(-0.5) * delta * inverse_norm * inverse, zero),
              select(beyond, inverse_norm, zero)};
    }
    if (kind == LossKind::kCauchy) {
      const S u = squared_norm / (delta * delta);
      const S weight = one / (one + u);
      const S scaled = weight / delta;
      return {-(scaled * scaled), two * u * weight * scaled};
    }
    return {zero, zero};
  }

 private:
  // 1 / s, finite at s = 0, and its derivative too.
  PROPNP_HOST_DEVICE PROPNP_INLINE static S inverse_norm(const S& squared_norm) {
    constexpr double kTiny = 1e-37;
    return reciprocal_sqrt(max(squared_norm, constant<S>(kTiny)));
  }

  // Below this u / (1 + u) the series stands for log_excess: there it is exact to 1e-11, while the
  // difference of the two terms still has all but three digits.
  static constexpr double kSeriesLimit = 1.0 / 32;

  // log(1 + u) - u / (1 + u), which is w^2/2 + w^3/3 + ... in w = u / (1 + u).
  PROPNP_HOST_DEVICE PROPNP_INLINE static S log_excess(const S& u) {
    const S w = u / (constant<S>(1) + u);
    S series = constant<S>(1.0 / 8);
    for (int k = 7; k >= 2; --k) series = constant<S>(1.0 / k) + w * series;
    return select(w < constant<S>(kSeriesLimit), w * w * series, log1p(u) - w);
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE LossValue<S> huber(const S& squared_norm) const {
    const S one = constant<S>(1);
    const S inverse_s = inverse_norm(squared_norm), s = squared_norm * inverse_s;
    const auto beyond = delta * delta < squared_norm;
    const S inner = min(s, delta);
    return {inner * (s - constant<S>(0.5) * inner), select(beyond, delta * inverse_s, one),
            select(beyond, constant<S>(0), one)};
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE LossValue<S> cauchy(const S& squared_norm) const {
    const S one = constant<S>(1);
    const S u = squared_norm / (delta * delta);
    const S weight = one / (one + u);
    // rho'' = (1 - u) / (1 + u)^2, in a form that does not overflow.
    return {constant<S>(0.5) * delta * delta * log1p(u), weight,
            weight * (constant<S>(2) * weight - one)};
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_ROBUST_LOSS_H_
