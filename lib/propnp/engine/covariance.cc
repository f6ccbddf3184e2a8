// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/covariance.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/math/cholesky.h"
#include "propnp/math/symmetric_eigen.h"

namespace propnp {
namespace {

// result = a b a, all symmetric.
template <int N, typename T>
void Sandwich(const T* a, const T* b, T* result) {
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
bool IsWellConditioned(const Cholesky<N, T>& cholesky, const T* matrix) {
  const T least = std::sqrt(std::numeric_limits<T>::epsilon());
  for (int i = 0; i < N; ++i) {
    const T pivot = cholesky.lower(i, i) * cholesky.lower(i, i);
    if (!(pivot > least * matrix[i * (N + 1)])) return false;
  }
  return true;
}

// Rank and null space of the reweighted J^T J.
template <int kDof, typename T>
void FindRank(const ObjectCost<kDof, T>& cost, const T* pose, PoseUncertainty<kDof, T>* result) {
  NormalEquations<kDof, T> equations;
  cost.Evaluate(pose, Curvature::kIrls, ClampedRows::kExact, &equations);
  // Rounding of a sum of squares leaves a few epsilon where a direction is not determined at all.
  const T tolerance = T(64) * std::numeric_limits<T>::epsilon();
  bool negative = false;
  result->rank = scaled_rank<kDof>(equations.curvature, tolerance, result->null_space, &negative);
  if (result->rank < kDof) result->status |= PROPNP_STATUS_RANK_DEFICIENT;
}

template <int kDof, typename T>
void FillStatistics(const NormalEquations<kDof, T>& equations, int64_t points,
                    PoseUncertainty<kDof, T>* result) {
  result->behind_fraction = equations.behind / static_cast<T>(points);
  if (result->behind_fraction >= T(0.5)) result->status |= PROPNP_STATUS_BEHIND_CAMERA;
  const int64_t redundancy = 2 * points - kDof;
  if (redundancy > 0) {
    result->variance_factor = equations.weighted_square / static_cast<T>(redundancy);
  }
}

}  // namespace

template <int kDof, typename T>
void ComputeUncertainty(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
                        const T* pose, PoseUncertainty<kDof, T>* result) {
  *result = {};
  result->rank = kDof;
  NormalEquations<kDof, T> equations;
  const bool irls = options.covariance == PROPNP_COVARIANCE_GAUSS_NEWTON;
  cost.Evaluate(pose, irls ? Curvature::kIrls : Curvature::kHessian, ClampedRows::kExact,
                &equations, true);
  FillStatistics(equations, cost.object().weighted_points, result);
  Cholesky<kDof, T> cholesky;
  const bool positive = cholesky.factorize(equations.curvature);
  if (!positive || !IsWellConditioned(cholesky, equations.curvature)) FindRank(cost, pose, result);
  if (result->rank < kDof) return;
  if (!positive) {
    result->status |= PROPNP_STATUS_INDEFINITE;
    return;
  }
  cholesky.inverse(result->covariance);
  if (options.covariance == PROPNP_COVARIANCE_SANDWICH) {
    T inverse[kDof * kDof];
    std::copy(result->covariance, result->covariance + kDof * kDof, inverse);
    cost.Evaluate(pose, Curvature::kScoreVariance, ClampedRows::kExact, &equations);
    Sandwich<kDof>(inverse, equations.curvature, result->covariance);
  }
  if (options.scale_covariance) {
    for (T& c : result->covariance) c *= result->variance_factor;
  }
}

template void ComputeUncertainty(const ObjectCost<6, float>&, const propnp_solve_options&,
                                 const float*, PoseUncertainty<6, float>*);
template void ComputeUncertainty(const ObjectCost<6, double>&, const propnp_solve_options&,
                                 const double*, PoseUncertainty<6, double>*);
template void ComputeUncertainty(const ObjectCost<4, float>&, const propnp_solve_options&,
                                 const float*, PoseUncertainty<4, float>*);
template void ComputeUncertainty(const ObjectCost<4, double>&, const propnp_solve_options&,
                                 const double*, PoseUncertainty<4, double>*);

}  // namespace propnp
