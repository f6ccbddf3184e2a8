// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Cholesky factorisation A = L L^T of a small symmetric positive definite matrix (4x4 and 6x6
// here), with solve, inverse and log-determinant. Matrices are full, row-major; the lower triangle
// is read. A matrix that is not positive definite is reported, never patched.
#ifndef PROPNP_MATH_CHOLESKY_H_
#define PROPNP_MATH_CHOLESKY_H_

#include "propnp/math/scalar.h"

PROPNP_MATH_BEGIN

template <int N, typename S>
class Cholesky {
 public:
  // False if a pivot is not positive or not finite; the other functions must not be called then.
  PROPNP_HOST_DEVICE bool factorize(const S* a) {
    for (int j = 0; j < N; ++j) {
      S pivot = a[j * N + j];
      for (int k = 0; k < j; ++k) pivot = pivot - l_[j][k] * l_[j][k];
      const bool finite = pivot - pivot == S(0);
      if (!(pivot > S(0) && finite)) return false;
      const S inverse_diagonal = S(1) / sqrt(pivot);
      l_[j][j] = pivot * inverse_diagonal;
      inverse_diagonal_[j] = inverse_diagonal;
      for (int i = j + 1; i < N; ++i) {
        S sum = a[i * N + j];
        for (int k = 0; k < j; ++k) sum = sum - l_[i][k] * l_[j][k];
        l_[i][j] = sum * inverse_diagonal;
      }
    }
    return true;
  }

  // y = L^-1 b; `y` may be `b`.
  PROPNP_HOST_DEVICE void solve_lower(const S* b, S* y) const {
    for (int i = 0; i < N; ++i) {
      S sum = b[i];
      for (int k = 0; k < i; ++k) sum = sum - l_[i][k] * y[k];
      y[i] = sum * inverse_diagonal_[i];
    }
  }

  // x = L^-T y; `x` may be `y`.
  PROPNP_HOST_DEVICE void solve_upper(const S* y, S* x) const {
    for (int i = N - 1; i >= 0; --i) {
      S sum = y[i];
      for (int k = i + 1; k < N; ++k) sum = sum - l_[k][i] * x[k];
      x[i] = sum * inverse_diagonal_[i];
    }
  }

  // x = A^-1 b; `x` may be `b`.
  PROPNP_HOST_DEVICE void solve(const S* b, S* x) const {
    solve_lower(b, x);
    solve_upper(x, x);
  }

  // A^-1 = L^-T L^-1, full and exactly symmetric.
  PROPNP_HOST_DEVICE PROPNP_OUT_OF_LINE void inverse(S* result) const {
    S lower[N][N];  // L^-1
    for (int j = 0; j < N; ++j) {
      lower[j][j] = inverse_diagonal_[j];
      for (int i = j + 1; i < N; ++i) {
        S sum = l_[i][j] * lower[j][j];
        for (int k = j + 1; k < i; ++k) sum = sum + l_[i][k] * lower[k][j];
        lower[i][j] = -(sum * inverse_diagonal_[i]);
      }
    }
    for (int i = 0; i < N; ++i) {
      for (int j = 0; j <= i; ++j) {
        S sum = lower[i][i] * lower[i][j];
        for (int k = i + 1; k < N; ++k) sum = sum + lower[k][i] * lower[k][j];
        result[i * N + j] = result[j * N + i] = sum;
      }
    }
  }

  // x = L v, the map from white noise to noise of covariance A.
  PROPNP_HOST_DEVICE void multiply_lower(const S* v, S* x) const {
    for (int i = N - 1; i >= 0; --i) {
      S sum = l_[i][i] * v[i];
      for (int k = 0; k < i; ++k) sum = sum + l_[i][k] * v[k];
      x[i] = sum;
    }
  }

  PROPNP_HOST_DEVICE S log_determinant() const {
    using std::log;
    S sum = S(0);
    for (int i = 0; i < N; ++i) sum = sum + log(l_[i][i]);
    return S(2) * sum;
  }

  PROPNP_HOST_DEVICE const S& lower(int i, int j) const { return l_[i][j]; }

 private:
  S l_[N][N];
  S inverse_diagonal_[N];
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_CHOLESKY_H_
