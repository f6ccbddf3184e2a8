// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The gradient of the minimum, by the implicit function theorem (engine/gradient_args.h): a warp an
// object, in float64.
#include "cuda_sampler/call.h"
#include "cuda_sampler/newton_product.h"
#include "cuda_sampler/operations.h"
#include "propnp/engine/load_cotangent.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/minimum_hessian.h"
#include "propnp/math/twist_curvature.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128, kObjectsPerBlock = kThreads / kWarpSize;

struct ImplicitArgs {
  const DeviceInputs<double>* inputs;
  propnp_implicit_gradient_args args;
  propnp_gradients gradients;
};

// Of one point, in the rig's frame.
PROPNP_DEVICE PointCurvature<double> CurvatureOf(const DeviceObject<double>& object,
                                                 const DeviceView<double>& view, int64_t i,
                                                 Vec3<double> point, ClampedRows clamped_rows) {
  using Number = Dual<double, 3>;
  if (view.rig()) point = *view.rig() * point;
  PointCurvature<double> c = {};
  visit_camera(view.camera().model, [&](auto camera) {
    using Camera = typename decltype(camera)::template Camera<Number>;
    c = point_curvature(view.template model<Camera, Number>(Number(object.z_min)), object.loss,
                        point, view.x2d(i), view.weight(i), clamped_rows);
  });
  if (!view.rig()) return c;
  const Mat3<double>& rotation = view.rig()->rotation;
  return {transposed_times(rotation, c.gradient), transposed(rotation) * (c.hessian * rotation)};
}

// Cost, gradient and whole Hessian in the chart of the retraction at the pose.
template <int kDof>
PROPNP_DEVICE void EvaluateWholeHessian(const DeviceInputs<double>& in,
                                        const DeviceObject<double>& object, const double* pose,
                                        ClampedRows clamped_rows, const WarpTeam& team,
                                        NormalEquations<kDof, double>* result) {
  const auto dof = GetDof(object, std::integral_constant<int, kDof>());
  const RigidTransform<double> rig_from_object = dof.transform(pose);
  TwistSums<double> sums;
  object.ForEachView(in, [&](const DeviceView<double>& view, int64_t, int64_t) {
    for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
      const Vec3<double> rotated = rig_from_object.rotation * view.x3d(i);
      const PointCurvature<double> c =
          CurvatureOf(object, view, i, rotated + rig_from_object.translation, clamped_rows);
      sums.add(c.gradient, c.hessian, rotated);
    }
  });
  for (double& g : sums.gradient) g = team.sum(g);
  for (double& h : sums.hessian) h = team.sum(h);
  reduce_twist(dof, sums.gradient, sums.hessian, result->gradient, result->curvature);
  result->cost = TeamCost<kDof, double, WarpTeam>(in, object, team).Cost(pose);
  if (!object.prior.active()) return;
  const PriorValue<kDof, double> prior = object.prior.evaluate(dof, pose);
  double hessian[kDof * kDof];
  object.prior.hessian(dof, pose, hessian);
  for (int i = 0; i < kDof; ++i) result->gradient[i] += prior.gradient[i];
  for (int i = 0; i < kDof * kDof; ++i) result->curvature[i] += hessian[i];
}

// Writes the gradient of an object that is there and returns its status; `lambda` is the cotangent
// when called. One that failed has written nothing of use.
template <int kDof>
PROPNP_DEVICE uint32_t StoreAtMinimum(const ImplicitArgs& call, const DeviceObject<double>& object,
                                      const double* pose, const GradientWriter& writer,
                                      const WarpTeam& team, double* lambda) {
  const DeviceInputs<double>& in = *call.inputs;
  const auto rows = call.args.drop_clamped_rows ? ClampedRows::kDrop : ClampedRows::kExact;
  NormalEquations<kDof, double> equations;
  EvaluateWholeHessian(in, object, pose, rows, team, &equations);
  Cholesky<kDof, double> cholesky;
  const uint32_t failure = SolveAtMinimum(equations, &cholesky, lambda);
  if (failure) return failure;
  constexpr double kNoStep[kDof] = {};
  const NewtonProduct<kDof> product(in, object, pose, lambda, kNoStep, rows);
  if (!StoreNewtonProduct(product, writer, call.gradients.hold_delta_fixed != 0, team)) {
    return PROPNP_STATUS_NON_FINITE_INPUT;
  }
  return IsStationary(equations.gradient, cholesky, call.args.pose.dtype) ? PROPNP_STATUS_CONVERGED
                                                                          : 0;
}

template <int kDof>
PROPNP_KERNEL(kThreads)
ImplicitKernel(PROPNP_ARGUMENT ImplicitArgs call) {
  const WarpTeam team;
  const DeviceInputs<double>& in = *call.inputs;
  const int64_t index = block_index() * kObjectsPerBlock + thread_index() / kWarpSize;
  if (index >= in.problem.num_objects) return;
  DeviceObject<double> object;
  object.Load(in, index, team);
  const GradientWriter writer(in, call.gradients);
  constexpr double kNoStep[kDof] = {};
  double pose[7], lambda[kDof];
  uint32_t status = object.status;
  if (!LoadPose<kDof>(call.args.pose, index, pose)) status |= PROPNP_STATUS_NON_FINITE_INPUT;
  if (status == 0 &&
      !LoadStepCotangent(GetDof(object, std::integral_constant<int, kDof>()), index, pose, kNoStep,
                         call.args.tangent_cotangent, call.args.pose_cotangent, lambda)) {
    status = PROPNP_STATUS_NON_FINITE_INPUT;
  }
  if (status == 0) status = StoreAtMinimum<kDof>(call, object, pose, writer, team, lambda);
  if (status & ~PROPNP_STATUS_CONVERGED) writer.Clear(in, object, team);
  if (team.rank() == 0) StoreAt(call.args.status, index, static_cast<int32_t>(status));
}

auto Body(const propnp_implicit_gradient_args& args) {
  return [&args](const Problem& problem, Arena* arena, Queue* queue) {
    DeviceInputs<double>* const inputs = AllocateInputs<double>(problem, arena);
    if (!queue) return;
    StoreInputs(problem, inputs, queue);
    ClearUnusedRows(problem, inputs, *args.gradients, queue);
    queue->Launch("implicit gradient", problem.dof() == 6 ? ImplicitKernel<6> : ImplicitKernel<4>,
                  DivideUp(problem.num_objects, kObjectsPerBlock), kThreads, 0,
                  ImplicitArgs{inputs, args, *args.gradients});
  };
}

}  // namespace

int32_t ImplicitGradient(const propnp_implicit_gradient_args* args, propnp_backend_error* error) {
  return Run(*args, error, Body(*args));
}
int32_t ImplicitGradientWorkspaceSize(const propnp_implicit_gradient_args* args, uint64_t* bytes,
                                      propnp_backend_error*) {
  *bytes = WorkspaceSize(*args, Body(*args));
  return 0;
}

}  // namespace propnp::gpu
