// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A Gaussian's exponent, e^T Sigma^-1 e / 2, from its covariance Sigma: the whitener W, lower
// triangular and row-major, has W^T W = Sigma^-1. Gradients with respect to Sigma are symmetric:
// what a change of both of two mirrored entries does is shared between them.
#ifndef PROPNP_MATH_GAUSSIAN_H_
#define PROPNP_MATH_GAUSSIAN_H_

#include "propnp/math/cholesky.h"

PROPNP_MATH_BEGIN

// Symmetric but for the rounding of floats; row-major.
template <int kD>
PROPNP_HOST_DEVICE bool is_symmetric(const double* a) {
  constexpr double kRounding = 1e-5;
  for (int i = 0; i < kD; ++i) {
    for (int j = 0; j < i; ++j) {
      const double allowed = kRounding * sqrt(a[i * (kD + 1)] * a[j * (kD + 1)]);
      if (!(std::fabs(a[i * kD + j] - a[j * kD + i]) <= allowed)) return false;
    }
  }
  return true;
}

// W and -log of the density at the mean. False if `covariance` is not symmetric or not positive.
template <int kD, typename S>
PROPNP_HOST_DEVICE bool whitener_from_covariance(const double* covariance, S* whitener,
                                                 double* log_constant) {
  constexpr double kHalfLogTwoPi = 0.918938533204672742;
  Cholesky<kD, double> cholesky;
  if (!is_symmetric<kD>(covariance) || !cholesky.factorize(covariance)) return false;
  for (int j = 0; j < kD; ++j) {
    double column[kD] = {};
    column[j] = 1;
    cholesky.solve_lower(column, column);
    for (int i = 0; i < kD; ++i) whitener[kD * i + j] = static_cast<S>(column[i]);
  }
  *log_constant = kD * kHalfLogTwoPi + 0.5 * cholesky.log_determinant();
  return *log_constant - *log_constant == 0;
}

// y = W x; `y` may be `x`.
template <int kD, typename S>
PROPNP_HOST_DEVICE void whiten(const S* whitener, const S* x, S* y) {
  for (int i = kD - 1; i >= 0; --i) {
    S sum = S(0);
    for (int k = 0; k <= i; ++k) sum += whitener[kD * i + k] * x[k];
    y[i] = sum;
  }
}

// y = W^T W x, the force with which the Gaussian pulls; `y` may be `x`.
template <int kD, typename S>
PROPNP_HOST_DEVICE void precision_times(const S* whitener, const S* x, S* y) {
  whiten<kD>(whitener, x, y);
  for (int i = 0; i < kD; ++i) {
    S sum = S(0);
    for (int k = i; k < kD; ++k) sum += whitener[kD * k + i] * y[k];
    y[i] = sum;
  }
}

// Adds cotangent * d (-log density) / d Sigma where the force is `pull`.
template <int kD, typename S>
PROPNP_HOST_DEVICE void add_covariance_gradient(const S* whitener, const S* pull,
                                                const S& cotangent, S* gradient) {
  const S half = constant<S>(0.5) * cotangent;
  for (int j = 0; j < kD; ++j) {
    S column[kD] = {};
    column[j] = S(1);
    precision_times<kD>(whitener, column, column);
    for (int i = 0; i < kD; ++i) gradient[kD * i + j] += half * (column[i] - pull[i] * pull[j]);
  }
}

// Adds d (a^T Sigma^-1 b) / d Sigma, from the forces of a and b.
template <int kD, typename S>
PROPNP_HOST_DEVICE void add_product_covariance_gradient(const S* pull_a, const S* pull_b,
                                                        S* gradient) {
  for (int i = 0; i < kD; ++i) {
    for (int j = 0; j < kD; ++j) {
      gradient[kD * i + j] -= constant<S>(0.5) * (pull_a[i] * pull_b[j] + pull_b[i] * pull_a[j]);
    }
  }
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_GAUSSIAN_H_
