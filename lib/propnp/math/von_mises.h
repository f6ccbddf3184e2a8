// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The von Mises distribution of an angle, and its mixture with the uniform one,
//
//   p(a) = exp(kappa cos(a - mode)) / (2 pi I0(kappa)),   (1 - share) p(a) + share / (2 pi)
//
// I0 by the polynomials of M. Abramowitz and I. Stegun, 1964, 9.8.1 and 9.8.2, of relative error
// below 5e-7, as the published layer has it. Draws by rejection from the wrapped Cauchy
// distribution (D. Best and N. Fisher, "Efficient simulation of the von Mises distribution", 1979),
// in terms of t = tan(a / 2), in which nothing cancels however large kappa is:
//
//   r = (1 - rho) / (1 + rho),   t = r tan(pi (u1 - 1/2)),   s = (1 + rho^2) / (2 rho),
//   accept if log(c / u2) + 1 - c >= 0,   c = kappa (s - cos a) = kappa (s - 1 + 2 t^2 / (1 + t^2))
//
// with rho of their equation, tau = 1 + sqrt(1 + 4 kappa^2), rho = (tau - sqrt(2 tau)) / (2 kappa).
#ifndef PROPNP_MATH_VON_MISES_H_
#define PROPNP_MATH_VON_MISES_H_

#include "propnp/math/philox.h"
#include "propnp/math/quantile.h"

PROPNP_MATH_BEGIN

// log I0(x) for x >= 0.
template <typename S>
PROPNP_HOST_DEVICE inline S log_bessel_i0(const S& x) {
  constexpr double kSeam = 3.75;
  if (x < constant<S>(kSeam)) {
    const S t = x * constant<S>(1 / kSeam);
    return log(
        polynomial(t * t, 1., 3.5156229, 3.0899424, 1.2067492, .2659732, .0360768, .0045813));
  }
  const S sum = polynomial(constant<S>(kSeam) / x, .39894228, .01328592, .00225319, -.00157565,
                           .00916281, -.02057706, .02635537, -.01647633, .00392377);
  return x - constant<S>(0.5) * log(x) + log(sum);
}

// A draw around zero, in (-pi, pi]. `words(attempt)` gives the PhiloxWords of an attempt; at most
// kVonMisesAttempts are made (each is refused with probability below .35; the last one stands).
constexpr uint32_t kVonMisesAttempts = 32;

template <typename S, typename Words>
PROPNP_HOST_DEVICE inline S sample_von_mises(const S& kappa, const Words& words) {
  constexpr double kPi = 3.14159265358979323846;
  constexpr double kFlat = 1e-4;  // below, rho is its Taylor series, kappa / 2
  const S one = constant<S>(1), two = constant<S>(2);
  const S tau = one + sqrt(one + constant<S>(4) * kappa * kappa);
  const S rho = kappa < constant<S>(kFlat) ? constant<S>(0.5) * kappa
                                           : (tau - sqrt(two * tau)) / (two * kappa);
  const S narrowing = (one - rho) / (one + rho);
  S half_tangent = constant<S>(0);
  for (uint32_t attempt = 0; attempt < kVonMisesAttempts; ++attempt) {
    const PhiloxWords w = words(attempt);
    const S u1 = symmetric_uniform<S>(w.word[0]).centre;
    const S u2 = static_cast<S>(uniform_from_word(w.word[1]));
    half_tangent = narrowing * sin(constant<S>(kPi) * u1) / cos(constant<S>(kPi) * u1);
    const S squared = half_tangent * half_tangent;
    // kappa (s - 1) as kappa (1 - rho)^2 / (2 rho); its limit at kappa = 0 is 1.
    const S peak = kappa < constant<S>(kFlat) ? (one - rho) * (one - rho)
                                              : kappa * (one - rho) * (one - rho) / (two * rho);
    const S c = peak + kappa * two * squared / (one + squared);
    if (!(log(c / u2) + one - c < constant<S>(0))) break;
  }
  return two * atan2(half_tangent, one);
}

template <typename S>
struct VonMisesUniform {
  S mode;   // rad
  S kappa;  // >= 0
  S uniform_share = constant<S>(0.25);

  PROPNP_HOST_DEVICE S log_density(const S& angle) const {
    constexpr double kLogTwoPi = 1.83787706640934548356;
    const S von_mises =
        log(constant<S>(1) - uniform_share) + kappa * cos(angle - mode) - log_bessel_i0(kappa);
    const S uniform = log(uniform_share);
    const S larger = max(von_mises, uniform), smaller = min(von_mises, uniform);
    return larger + log1p(exp(smaller - larger)) - constant<S>(kLogTwoPi);
  }

  // How many of `count` draws are uniform: exactly their share, as the published layer has it, a
  // half to even.
  PROPNP_HOST_DEVICE int64_t uniform_count(int64_t count) const {
    return static_cast<int64_t>(
        std::nearbyint(static_cast<double>(uniform_share) * static_cast<double>(count)));
  }

  template <typename Words>
  PROPNP_HOST_DEVICE S sample(bool uniform, const Words& words) const {
    constexpr double kTwoPi = 6.28318530717958647693;
    if (uniform) return constant<S>(kTwoPi) * symmetric_uniform<S>(words(0).word[0]).centre;
    return mode + sample_von_mises(kappa, words);
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_VON_MISES_H_
