// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What is known of a pose at the minimum of its cost: rank and null space, covariance of the three
// kinds, a-posteriori variance factor. All from exact derivatives and free of damping. A cost is
// that of levenberg_marquardt.h, whose Evaluate() also gives the statistics.
#ifndef PROPNP_MATH_POSE_UNCERTAINTY_H_
#define PROPNP_MATH_POSE_UNCERTAINTY_H_

#include "propnp/math/levenberg_marquardt.h"
#include "propnp/math/symmetric_eigen.h"

PROPNP_MATH_BEGIN

enum class CovarianceKind { kPosterior = 0, kGaussNewton = 1, kSandwich = 2 };

template <int kDof, typename T>
struct PoseUncertainty {
  T covariance[kDof * kDof];  // zero if there is none
  T null_space[kDof * kDof];  // the first kDof - rank rows
  int rank;
  bool indefinite;    // of full rank, but not positive
  T variance_factor;  // 0 where points are too few to tell
  T behind_fraction;  // of the weighted points
};

// result = a b a, all symmetric.
template <int N, typename T>
PROPNP_HOST_DEVICE PROPNP_OUT_OF_LINE void sandwich(const T* a, const T* b, T* result) {
  T half_way[N * N];
  const auto multiply = [](const T* x, const T* y, T* z) {
    for (int i = 0; i < N; ++i) {
      for (int j = 0; j < N; ++j) {
        T sum = 0;
        for (int k = 0; k < N; ++k) sum += x[i * N + k] * y[k * N + j];
        z[i * N + j] = sum;
      }
    }
  };
  multiply(a, b, half_way);
  multiply(half_way, a, result);
  for (int i = 0; i < N; ++i) {
    for (int j = 0; j < i; ++j) result[j * N + i] = result[i * N + j];
  }
}

// Whether every pivot is far from being lost in rounding, so that the rank is full without a look
// at the eigenvalues.
template <int N, typename T>
PROPNP_HOST_DEVICE bool is_well_conditioned(const Cholesky<N, T>& cholesky, const T* matrix) {
  const T least = sqrt(std::numeric_limits<T>::epsilon());
  for (int i = 0; i < N; ++i) {
    const T pivot = cholesky.lower(i, i) * cholesky.lower(i, i);
    if (!(pivot > least * matrix[i * (N + 1)])) return false;
  }
  return true;
}

// Rank and null space of the reweighted J^T J.
template <typename Cost, int kDof, typename T>
PROPNP_HOST_DEVICE void find_rank(const Cost& cost, const T* pose,
                                  PoseUncertainty<kDof, T>* result) {
  NormalEquations<kDof, T> equations;
  cost.Evaluate(pose, Curvature::kIrls, ClampedRows::kExact, &equations);
  // Rounding of a sum of squares leaves a few epsilon where a direction is not determined at all.
  const T tolerance = T(64) * std::numeric_limits<T>::epsilon();
  bool negative = false;
  result->rank = scaled_rank<kDof>(equations.curvature, tolerance, result->null_space, &negative);
}

template <int kDof, typename T>
PROPNP_HOST_DEVICE void fill_statistics(const NormalEquations<kDof, T>& equations, int64_t points,
                                        PoseUncertainty<kDof, T>* result) {
  result->behind_fraction = equations.behind / static_cast<T>(points);
  const int64_t redundancy = 2 * points - kDof;
  if (redundancy > 0) {
    result->variance_factor = equations.weighted_square / static_cast<T>(redundancy);
  }
}

// `weighted_points` of the cost's object have weight; `scale` multiplies the covariance by the
// variance factor.
template <typename Cost, int kDof, typename T>
PROPNP_HOST_DEVICE void compute_uncertainty(const Cost& cost, int64_t weighted_points,
                                            CovarianceKind kind, bool scale, const T* pose,
                                            PoseUncertainty<kDof, T>* result) {
  *result = {};
  result->rank = kDof;
  NormalEquations<kDof, T> equations;
  const bool irls = kind == CovarianceKind::kGaussNewton;
  cost.Evaluate(pose, irls ? Curvature::kIrls : Curvature::kHessian, ClampedRows::kExact,
                &equations, true);
  fill_statistics(equations, weighted_points, result);
  Cholesky<kDof, T> cholesky;
  const bool positive = cholesky.factorize(equations.curvature);
  if (!positive || !is_well_conditioned(cholesky, equations.curvature))
    find_rank(cost, pose, result);
  if (result->rank < kDof) return;
  if (!positive) {
    result->indefinite = true;
    return;
  }
  cholesky.inverse(result->covariance);
  if (kind == CovarianceKind::kSandwich) {
    T inverse[kDof * kDof];
    for (int i = 0; i < kDof * kDof; ++i) inverse[i] = result->covariance[i];
    cost.Evaluate(pose, Curvature::kScoreVariance, ClampedRows::kExact, &equations);
    sandwich<kDof>(inverse, equations.curvature, result->covariance);
  }
  if (scale) {
    for (T& c : result->covariance) c *= result->variance_factor;
  }
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_POSE_UNCERTAINTY_H_
