// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Second derivatives of one packed object's cost at a pose, summed over views by the kernels, the
// prior included.
#ifndef PROPNP_ENGINE_OBJECT_DERIVATIVES_H_
#define PROPNP_ENGINE_OBJECT_DERIVATIVES_H_

#include "propnp/engine/input_gradient.h"
#include "propnp/engine/object_cost.h"

namespace propnp {

// Adds d (lambda^T (g + H delta)) / d inputs, the pose and the two tangent vectors held fixed; g
// and H are the reweighted normal equations (math/second_derivatives.h). The camera's part is added
// if `with_camera`.
template <int kDof>
void AddNewtonProduct(const ObjectCost<kDof, double>& cost, const double* pose,
                      const double* lambda, const double* delta, ClampedRows clamped_rows,
                      bool with_camera, InputGradient* gradient);

// Gradient and whole Hessian of the cost in the chart of the retraction at the pose (row-major,
// kDof x kDof): Curvature::kHessian and the curvature of projection and rotation.
template <int kDof>
void EvaluateWholeHessian(const ObjectCost<kDof, double>& cost, const double* pose,
                          ClampedRows clamped_rows, NormalEquations<kDof, double>* result);

}  // namespace propnp

#endif  // PROPNP_ENGINE_OBJECT_DERIVATIVES_H_
