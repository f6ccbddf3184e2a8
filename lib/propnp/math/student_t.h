// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The multivariate Student t in D dimensions with Nu degrees of freedom,
//
//   log t(x) = log Gamma((Nu + D)/2) - log Gamma(Nu/2) - D/2 log(Nu pi) - 1/2 log det Sigma
//              - (Nu + D)/2 log(1 + |y|^2 / Nu),   y = L^-1 (x - mode), Sigma = L L^T
//
// (S. Kotz and S. Nadarajah, "Multivariate t distributions and their applications", 2004, eq. 1.1).
// Sigma is the scale matrix, the covariance is Nu / (Nu - 2) Sigma. A draw is
// x = mode + sqrt(Nu / chi2_Nu) L z with z of independent standard normals.
#ifndef PROPNP_MATH_STUDENT_T_H_
#define PROPNP_MATH_STUDENT_T_H_

#include "propnp/math/scalar.h"

PROPNP_MATH_BEGIN

// Gamma(n / 2) for n >= 1: exact products, from Gamma(1) = 1 and Gamma(1/2) = sqrt(pi).
PROPNP_HOST_DEVICE constexpr double gamma_of_half(int n) {
  double product = n % 2 == 0 ? 1.0 : 1.77245385090551602730;
  for (int k = n - 2; k > 0; k -= 2) product *= 0.5 * k;
  return product;
}

// log t(mode) + 1/2 log det Sigma; a compile-time constant to the optimiser.
template <int D, int Nu>
PROPNP_HOST_DEVICE PROPNP_INLINE double student_t_log_constant() {
  constexpr double kPi = 3.14159265358979323846;
  constexpr double kGammaRatio = gamma_of_half(Nu + D) / gamma_of_half(Nu);
  return std::log(kGammaRatio) - 0.5 * D * std::log(Nu * kPi);
}

// From |y|^2 and log det Sigma, as Cholesky::log_determinant gives it.
template <int D, int Nu, typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S student_t_log_density(const S& squared_norm,
                                                         const S& log_det_scale) {
  return constant<S>(student_t_log_constant<D, Nu>()) - constant<S>(0.5) * log_det_scale -
         constant<S>(0.5 * (Nu + D)) * log1p(constant<S>(1.0 / Nu) * squared_norm);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_STUDENT_T_H_
