// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Eigenvalues and eigenvectors of a small symmetric matrix by cyclic Jacobi rotations (C. Jacobi,
// 1846; the stable angle of Golub and Van Loan, algorithm 8.5.1), the rank of a normal matrix, and
// the direction in which a 3x3 covariance is largest.
#ifndef PROPNP_MATH_SYMMETRIC_EIGEN_H_
#define PROPNP_MATH_SYMMETRIC_EIGEN_H_

#include "propnp/math/vector.h"

PROPNP_MATH_BEGIN

// On return eigenvalues[k] belongs to column k of `vectors` (row-major N x N), in no order. `a` is
// overwritten.
template <int N, typename S>
PROPNP_HOST_DEVICE inline void symmetric_eigen(S* a, S* eigenvalues, S* vectors) {
  for (int i = 0; i < N * N; ++i) vectors[i] = S(i % (N + 1) == 0 ? 1 : 0);
  constexpr int kMaxSweeps = 30;
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    bool rotated = false;
    for (int p = 0; p < N; ++p) {
      for (int q = p + 1; q < N; ++q) {
        const S off = a[p * N + q];
        const S scale = sqrt(std::fabs(a[p * N + p]) * std::fabs(a[q * N + q]));
        if (std::fabs(off) <= std::numeric_limits<S>::epsilon() * S(0.1) * scale || off == S(0))
          continue;
        rotated = true;
        const S tau = (a[q * N + q] - a[p * N + p]) / (S(2) * off);
        const S t = (tau >= S(0) ? S(1) : S(-1)) / (std::fabs(tau) + sqrt(S(1) + tau * tau));
        const S c = S(1) / sqrt(S(1) + t * t), s = t * c;
        for (int k = 0; k < N; ++k) {
          const S kp = a[k * N + p], kq = a[k * N + q];
          a[k * N + p] = c * kp - s * kq, a[k * N + q] = s * kp + c * kq;
        }
        for (int k = 0; k < N; ++k) {
          const S pk = a[p * N + k], qk = a[q * N + k];
          a[p * N + k] = c * pk - s * qk, a[q * N + k] = s * pk + c * qk;
        }
        for (int k = 0; k < N; ++k) {
          const S kp = vectors[k * N + p], kq = vectors[k * N + q];
          vectors[k * N + p] = c * kp - s * kq, vectors[k * N + q] = s * kp + c * kq;
        }
      }
    }
    if (!rotated) break;
  }
  for (int i = 0; i < N; ++i) eigenvalues[i] = a[i * N + i];
}

// The rank of the symmetric matrix `h` (N x N, row-major) and, in the first N - rank rows of
// `null_space`, unit vectors that span its null space. The rank is that of h scaled to a unit
// diagonal, so that it does not depend on the units of translation: an eigenvalue counts when it
// exceeds `tolerance`. `has_negative` tells whether one lies below -tolerance.
template <int N, typename S>
PROPNP_HOST_DEVICE PROPNP_OUT_OF_LINE int scaled_rank(const S* h, S tolerance, S* null_space,
                                                      bool* has_negative) {
  S scale[N], a[N * N], values[N], vectors[N * N];
  for (int i = 0; i < N; ++i) {
    const S diagonal = std::fabs(h[i * N + i]);
    scale[i] = diagonal > S(0) ? S(1) / sqrt(diagonal) : S(1);
  }
  for (int i = 0; i < N; ++i) {
    for (int j = 0; j < N; ++j) a[i * N + j] = h[i * N + j] * scale[i] * scale[j];
  }
  symmetric_eigen<N>(a, values, vectors);
  int rank = 0, null_count = 0;
  *has_negative = false;
  for (int k = 0; k < N; ++k) {
    if (values[k] < -tolerance) *has_negative = true;
    if (std::fabs(values[k]) > tolerance) {
      ++rank;
      continue;
    }
    S* direction = null_space + N * null_count++;
    S squared = S(0);
    for (int i = 0; i < N; ++i) {
      direction[i] = vectors[i * N + k] * scale[i];
      squared += direction[i] * direction[i];
    }
    for (int i = 0; i < N; ++i) direction[i] /= sqrt(squared);
  }
  for (int i = N * null_count; i < N * N; ++i) null_space[i] = S(0);
  return rank;
}

// The unit eigenvector of a symmetric positive definite 3x3 matrix for its largest eigenvalue, from
// the matrix squared again and again: what lies along another eigenvector with the fraction r of
// the largest eigenvalue is left with r^1024. Where two of them are closer than that it is any
// direction between theirs.
template <typename S>
PROPNP_HOST_DEVICE Vec3<S> dominant_eigenvector(const S* a) {
  constexpr int kSquarings = 10;
  Mat3<S> m{{a[0], a[1], a[2]}, {a[3], a[4], a[5]}, {a[6], a[7], a[8]}};
  for (int i = 0; i < kSquarings; ++i) {
    const S scale = S(1) / (m.row0.x + m.row1.y + m.row2.z);
    const Vec3<S> x = scale * m.row0, y = scale * m.row1, z = scale * m.row2;
    const S xy = dot(x, y), xz = dot(x, z), yz = dot(y, z);
    m = {{dot(x, x), xy, xz}, {xy, dot(y, y), yz}, {xz, yz, dot(z, z)}};
  }
  // The longest column has lost least.
  const bool second = m.row1.y > m.row0.x;
  const Vec3<S>& larger = second ? m.row1 : m.row0;
  const Vec3<S>& longest = m.row2.z > max(m.row0.x, m.row1.y) ? m.row2 : larger;
  return (S(1) / sqrt(dot(longest, longest))) * longest;
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_SYMMETRIC_EIGEN_H_
