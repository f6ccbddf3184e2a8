// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/object_derivatives.h"

namespace propnp {
namespace {

InputGradientColumns ColumnsOf(const ObjectGradient& g, int64_t first) {
  InputGradientColumns c = {};
  c.x = g.x + first, c.y = g.y + first, c.z = g.z + first;
  c.u = g.u + first, c.v = g.v + first;
  c.wxx = g.wxx + first, c.wyy = g.wyy + first;
  c.wxy = g.wxy + first, c.wyx = g.wyx + first;
  return c;
}

}  // namespace

template <int kDof>
void AddNewtonProduct(const ObjectCost<kDof, double>& cost, const double* pose,
                      const double* lambda, const double* delta, ClampedRows clamped_rows,
                      bool with_camera, InputGradient* gradient) {
  const PackedObject<double>& object = cost.object();
  const KernelPose<double> kernel_pose = cost.ToKernel(pose);
  const KernelModel<double> model = cost.Model(Curvature::kIrls, clamped_rows);
  TwistPair directions;
  twist_from_tangent(cost.dof(), lambda, directions.lambda);
  twist_from_tangent(cost.dof(), delta, directions.delta);
  int64_t first = 0;
  for (int64_t v = 0; v < object.num_views; ++v) {
    InputGradientColumns columns = ColumnsOf(gradient->points, first);
    columns.with_camera = with_camera;
    GetDerivativeKernels().add_newton_product(object.views[v], kernel_pose, model, directions,
                                              &columns);
    gradient->points.delta += columns.loss_delta;
    double* camera = gradient->camera + v * kMaxKernelParameters;
    for (int k = 0; k < kMaxKernelParameters; ++k) camera[k] += columns.camera[k];
    first += object.views[v].padded_points;
  }
  if (object.prior.active()) {
    object.prior.newton_product_vjp(cost.dof(), pose, lambda, delta, &gradient->prior);
  }
}

template <int kDof>
void EvaluateWholeHessian(const ObjectCost<kDof, double>& cost, const double* pose,
                          ClampedRows clamped_rows, NormalEquations<kDof, double>* result) {
  const PackedObject<double>& object = cost.object();
  const KernelPose<double> kernel_pose = cost.ToKernel(pose);
  const KernelModel<double> model = cost.Model(Curvature::kHessian, clamped_rows);
  TwistCurvature sums = {};
  for (int64_t v = 0; v < object.num_views; ++v) {
    GetDerivativeKernels().add_curvature(object.views[v], kernel_pose, model, &sums);
  }
  *result = {};
  reduce_twist(cost.dof(), sums.gradient, sums.hessian, result->gradient, result->curvature);
  result->cost = cost.Cost(pose);
  if (!object.prior.active()) return;
  const PriorValue<kDof, double> prior = object.prior.evaluate(cost.dof(), pose);
  double hessian[kDof * kDof];
  object.prior.hessian(cost.dof(), pose, hessian);
  for (int i = 0; i < kDof; ++i) result->gradient[i] += prior.gradient[i];
  for (int i = 0; i < kDof * kDof; ++i) result->curvature[i] += hessian[i];
}

template void AddNewtonProduct(const ObjectCost<6, double>&, const double*, const double*,
                               const double*, ClampedRows, bool, InputGradient*);
template void AddNewtonProduct(const ObjectCost<4, double>&, const double*, const double*,
                               const double*, ClampedRows, bool, InputGradient*);
template void EvaluateWholeHessian(const ObjectCost<6, double>&, const double*, ClampedRows,
                                   NormalEquations<6, double>*);
template void EvaluateWholeHessian(const ObjectCost<4, double>&, const double*, ClampedRows,
                                   NormalEquations<4, double>*);

}  // namespace propnp
