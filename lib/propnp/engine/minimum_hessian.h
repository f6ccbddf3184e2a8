// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// From gradient and whole Hessian H of a cost at a pose: whether it is a single minimum, and how
// that moves with the inputs. By the implicit function theorem d pose = -H^-1 d(cost's gradient).
#ifndef PROPNP_ENGINE_MINIMUM_HESSIAN_H_
#define PROPNP_ENGINE_MINIMUM_HESSIAN_H_

#include <cmath>
#include <limits>

#include "propnp/engine/args.h"
#include "propnp/engine/tensor.h"
#include "propnp/math/cholesky.h"
#include "propnp/math/levenberg_marquardt.h"
#include "propnp/math/symmetric_eigen.h"

namespace propnp {

// Why the Hessian of a single minimum cannot be inverted, or zero.
template <int kDof>
PROPNP_HOST_DEVICE uint32_t FactorizeHessian(const double* hessian,
                                             Cholesky<kDof, double>* cholesky) {
  // Rounding of a sum of squares leaves a few epsilon where a direction is not determined at all.
  constexpr double kTolerance = 64 * std::numeric_limits<double>::epsilon();
  double null_space[kDof * kDof];
  bool has_negative = false;
  const int rank = scaled_rank<kDof>(hessian, kTolerance, null_space, &has_negative);
  if (has_negative) return PROPNP_STATUS_INDEFINITE;
  if (rank < kDof) return PROPNP_STATUS_RANK_DEFICIENT;
  return cholesky->factorize(hessian) ? 0 : PROPNP_STATUS_INDEFINITE;
}

// Replaces the cotangent of a minimum's tangent in `lambda` by -H^-1 cotangent, and gives H's
// factors. Returns 0, or the PROPNP_STATUS_* that says why there is no such thing.
template <int kDof>
PROPNP_HOST_DEVICE uint32_t SolveAtMinimum(const NormalEquations<kDof, double>& equations,
                                           Cholesky<kDof, double>* cholesky, double* lambda) {
  if (!std::isfinite(equations.cost) ||
      !AllWithin(equations.curvature, kDof * kDof, std::numeric_limits<double>::max())) {
    return PROPNP_STATUS_NON_FINITE_INPUT;
  }
  const uint32_t failure = FactorizeHessian<kDof>(equations.curvature, cholesky);
  if (failure) return failure;
  cholesky->solve(lambda, lambda);
  for (int i = 0; i < kDof; ++i) lambda[i] = -lambda[i];
  return 0;
}

// Whether the gradient is zero to the accuracy of a pose of type `dtype`, in standard deviations.
template <int kDof>
PROPNP_HOST_DEVICE bool IsStationary(const double* gradient, const Cholesky<kDof, double>& cholesky,
                                     int32_t dtype) {
  double white[kDof], squared = 0;
  cholesky.solve_lower(gradient, white);
  for (const double w : white) squared += w * w;
  const double bound = dtype == PROPNP_FLOAT32 ? 1e-2 : 1e-4;
  return squared <= bound * bound;
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_MINIMUM_HESSIAN_H_
