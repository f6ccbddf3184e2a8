// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/object_derivatives.h"

#include <algorithm>

namespace propnp {
namespace {

// The six coordinates of a tangent vector: a yaw turns about the axis.
template <int kDof>
void FillTwist(const ObjectCost<kDof, double>& cost, const double* tangent, double* twist) {
  std::copy(tangent, tangent + 3, twist);
  if constexpr (kDof == 6) {
    std::copy(tangent + 3, tangent + 6, twist + 3);
  } else {
    const Vec3<double> rotation = tangent[3] * cost.dof().axis;
    twist[3] = rotation.x, twist[4] = rotation.y, twist[5] = rotation.z;
  }
}

InputGradientColumns ColumnsOf(const ObjectGradient& g, int64_t first) {
  InputGradientColumns c = {};
  c.x = g.x + first, c.y = g.y + first, c.z = g.z + first;
  c.u = g.u + first, c.v = g.v + first;
  c.wxx = g.wxx + first, c.wyy = g.wyy + first;
  c.wxy = g.wxy + first, c.wyx = g.wyx + first;
  return c;
}

// Gradient and Hessian in the tangent from those of the six coordinates: rows of the tangent in
// them are units, or the axis.
template <int kDof>
void ReduceTwist(const ObjectCost<kDof, double>& cost, const TwistCurvature& sums,
                 NormalEquations<kDof, double>* result) {
  double basis[kDof][kTwist];
  for (int i = 0; i < kDof; ++i) {
    double unit[kDof] = {};
    unit[i] = 1;
    FillTwist<kDof>(cost, unit, basis[i]);
  }
  const auto entry = [&](int a, int b) {
    return sums.hessian[a < b ? b * (b + 1) / 2 + a : a * (a + 1) / 2 + b];
  };
  for (int i = 0; i < kDof; ++i) {
    result->gradient[i] = 0;
    for (int a = 0; a < kTwist; ++a) result->gradient[i] += basis[i][a] * sums.gradient[a];
    for (int j = 0; j <= i; ++j) {
      double sum = 0;
      for (int a = 0; a < kTwist; ++a) {
        for (int b = 0; b < kTwist; ++b) sum += basis[i][a] * basis[j][b] * entry(a, b);
      }
      result->curvature[i * kDof + j] = result->curvature[j * kDof + i] = sum;
    }
  }
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
  FillTwist(cost, lambda, directions.lambda);
  FillTwist(cost, delta, directions.delta);
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
  ReduceTwist(cost, sums, result);
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
