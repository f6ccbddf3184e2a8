// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Quantiles of the standard normal and of chi-square with three and four degrees of freedom, from a
// random word: x with F(x) = u, u = (word + 1/2) / 2^32, without a branch on values.
//
// A float cannot hold u near one, and a quantile near the median needs u - 1/2. Both come from the
// integer: tail = min(u, 1 - u) and centre = u - 1/2, each to the scalar's own precision. So the
// quantile is finite for every word, and the normal one of ~word is exactly the opposite.
//
// Normal: for double, rational functions of centre^2 near the median and of sqrt(-log tail) beyond
// (M. Wichura, "Algorithm AS 241", 1988: PPND16). For float, x / centre is analytic in
// w = -log(u (1 - u)), and one rational function serves all words.
//
// Chi-square in terms of L = -log(1 - F), which is accurate in both tails:
//   4 degrees: 1 - F = exp(-x/2) (1 + x/2), so x/2 - log(1 + x/2) = L; x is analytic in s = sqrt(2
//   L) 3 degrees: 1 - F = erfc(r / sqrt 2) + sqrt(2 / pi) r exp(-r^2 / 2), r = sqrt(x); x / s^2 is
//              analytic in s = L^(1/3).
// The rational functions of w and s below are our own fits, of least largest relative error over
// all words (1e-8 for the normal; 7e-9 and 6e-17 for 4 degrees, 6e-8 and 5e-13 for 3).
#ifndef PROPNP_MATH_QUANTILE_H_
#define PROPNP_MATH_QUANTILE_H_

#include <cstdint>
#include <type_traits>

#include "propnp/math/scalar.h"

PROPNP_MATH_BEGIN

// A uniform number in (0, 1) by both its distances.
template <typename S>
struct SymmetricUniform {
  S tail;    // min(u, 1 - u), in (0, 1/2)
  S centre;  // u - 1/2
};

// Integers below 2^31 convert, so that a loop over words becomes vectors.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE SymmetricUniform<S> symmetric_uniform(uint32_t word) {
  const uint32_t upper = word >> 31;
  const uint32_t from_end = word ^ (0u - upper);
  const uint32_t from_middle = 0x7FFFFFFFu - from_end;
  const S scale = constant<S>(1.0 / 4294967296.0), half = constant<S>(0.5 / 4294967296.0);
  const S distance = scale * static_cast<S>(static_cast<int32_t>(from_middle)) + half;
  return {scale * static_cast<S>(static_cast<int32_t>(from_end)) + half,
          upper != 0 ? distance : -distance};
}

// c0 + c1 x + c2 x^2 + ...
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S polynomial(const S&, double c0) {
  return constant<S>(c0);
}
template <typename S, typename... More>
PROPNP_HOST_DEVICE PROPNP_INLINE S polynomial(const S& x, double c0, More... more) {
  return constant<S>(c0) + x * polynomial(x, more...);
}

template <typename S>
constexpr bool kSinglePrecision = std::is_same<typename ScalarTraits<S>::Real, float>::value;

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S normal_quantile(const SymmetricUniform<S>& u) {
  if constexpr (kSinglePrecision<S>) {
    const S w = -log(u.tail - u.tail * u.tail);
    return u.centre * (polynomial(w, 1.67526307835, .551545703319, .108612429342, .0157982141239,
                                  .00157576942638, .00012413818241, 4.10806608595e-7) /
                       polynomial(w, 1., .0106245573922, .0299145231074, .00108220697942,
                                  .00023932326497, 4.01806140263e-6));
  } else {
    const S x = constant<S>(0.180625) - u.centre * u.centre;
    const S r = sqrt(-log(u.tail)) - constant<S>(1.6);
    const S middle =
        polynomial(x, 3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3,
                   1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                   3.3430575583588128105e4, 2.5090809287301226727e3) /
        polynomial(x, 1., 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
                   2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
                   5.2264952788528545610e3);
    const S beyond =
        polynomial(r, 1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550,
                   3.64784832476320460504, 1.27045825245236838258, 2.41780725177450611770e-1,
                   2.27238449892691845833e-2, 7.74545014278341407640e-4) /
        polynomial(r, 1., 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
                   1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                   1.05075007164441684324e-9);
    const S signed_beyond = select(u.centre < constant<S>(0), -beyond, beyond);
    return select(u.tail < constant<S>(0.075), signed_beyond, u.centre * middle);
  }
}

// -log(1 - u), to the scalar's relative precision in both tails.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S negative_log_survival(const SymmetricUniform<S>& u) {
  const S one = constant<S>(1), from_one = one - u.tail;
  const MaskOf<S> lower = u.centre < constant<S>(0);
  // What one less the tail has lost of it, over itself to first order.
  const S lost = (one - from_one) - u.tail, ratio = lost + lost * u.tail;
  return select(lower, -ratio, constant<S>(0)) - log(select(lower, from_one, u.tail));
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S chi_square_4_quantile(const SymmetricUniform<S>& u) {
  const S s = sqrt(constant<S>(2) * negative_log_survival(u));
  if constexpr (kSinglePrecision<S>) {
    return s *
           (polynomial(s, 1.99999998575041786, 1.66074618536037706, .582835917760380325,
                       .098865637993252964, .00666073636469265888) /
            polynomial(s, 1., .497039470499359666, .0979621962829489059, .00667144121464185977));
  } else {
    return s * (polynomial(s, 2., 2.70891641979999884, 1.67965583532627475, .607077774323593709,
                           .136546333837326638, .0189037487030941707, .00147865657007167229,
                           5.23031091494512612e-5, 5.40800784660398698e-7) /
                polynomial(s, 1., 1.02112487656667314, .471675181029614994, .12165295061958962,
                           .0181705575123777873, .00146755792048291879, 5.22925371692046201e-5,
                           5.40814606140897237e-7));
  }
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S chi_square_3_quantile(const SymmetricUniform<S>& u) {
  const S s = exp(constant<S>(1. / 3) * log(negative_log_survival(u)));
  if constexpr (kSinglePrecision<S>) {
    return s * s *
           (polynomial(s, 2.41798799045307266, 6.78875683025312832, 6.62966103680560417,
                       5.01591532558874094, 2.04151485608636698, .730574579005462877) /
            polynomial(s, 1., 2.80761073841925805, 2.25806984920779046, 1.05145185031118363,
                       .363342890353410634));
  } else {
    return s * s *
           (polynomial(s, 2.41798793102376045, 4.91835100094375911, 5.61105920005933041,
                       4.62948868440742193, 2.74799496047231498, 1.26592406154377109,
                       .400951295503211349, .0932904901111626503, .00638685200329337083) /
            polynomial(s, 1., 2.03406763843110993, 1.836951307837744, 1.26426667291378146,
                       .608769049316645868, .201254595219183058, .0465650760041515425,
                       .00319675502962343881));
  }
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_QUANTILE_H_
