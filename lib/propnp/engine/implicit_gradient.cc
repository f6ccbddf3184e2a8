// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/implicit_gradient.h"

#include "propnp/engine/batch.h"
#include "propnp/engine/check_args.h"
#include "propnp/engine/cuda_plugin.h"
#include "propnp/engine/load_cotangent.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/minimum_hessian.h"
#include "propnp/engine/object_derivatives.h"
#include "propnp/engine/workspace_size.h"

namespace propnp {
namespace {

Status CheckArgs(const propnp_implicit_gradient_args& a, Problem* problem) {
  PROPNP_RETURN_IF_ERROR(CheckArgsStruct("implicit_gradient_args", a, 0));
  PROPNP_RETURN_IF_ERROR(MakeProblem(a.correspondences, a.cameras, a.cost, problem, a.device));
  PROPNP_RETURN_IF_ERROR(CheckGradients(*problem, a.gradients));
  const int64_t b = problem->num_objects, p = problem->pose_size();
  if (b == 0) return Status();
  PROPNP_RETURN_IF_ERROR(CheckTensor("pose", a.pose, {b, p}, false));
  PROPNP_RETURN_IF_ERROR(CheckTensor("pose_cotangent", a.pose_cotangent, {b, p}, true));
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("tangent_cotangent", a.tangent_cotangent, {b, problem->dof()}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("status", a.status, {b}, true, PROPNP_INT32));
  if (!IsGiven(a.pose_cotangent) && !IsGiven(a.tangent_cotangent)) {
    return Status::InvalidArgument("pose_cotangent and tangent_cotangent are both missing");
  }
  return Status();
}

// One object: `status` beside its gradient.
template <int kDof>
class ObjectImplicitGradient {
 public:
  ObjectImplicitGradient(const Problem& problem, const propnp_implicit_gradient_args& args,
                         GradientScratch* scratch)
      : problem_(problem), args_(args), object_(scratch->object), gradient_(scratch->gradient) {}

  uint32_t Run(const PreparedCamera<double>* cameras, int64_t index) {
    object_.Gather(problem_, cameras, index);
    double pose[7], lambda[kDof];
    uint32_t status = object_.status;
    if (!LoadPose<kDof>(args_.pose, index, pose)) status |= PROPNP_STATUS_NON_FINITE_INPUT;
    if (status != 0) return status;
    constexpr double kNoStep[kDof] = {};
    if (!LoadStepCotangent(DofOf<kDof>(object_), index, pose, kNoStep, args_.tangent_cotangent,
                           args_.pose_cotangent, lambda)) {
      return PROPNP_STATUS_NON_FINITE_INPUT;
    }
    return AtMinimum(ObjectCost<kDof, double>(object_), pose, lambda);
  }

 private:
  // `lambda` is the cotangent when called.
  uint32_t AtMinimum(const ObjectCost<kDof, double>& cost, const double* pose, double* lambda) {
    const auto rows = args_.drop_clamped_rows ? ClampedRows::kDrop : ClampedRows::kExact;
    NormalEquations<kDof, double> equations;
    EvaluateWholeHessian(cost, pose, rows, &equations);
    Cholesky<kDof, double> cholesky;
    const uint32_t failure = SolveAtMinimum(equations, &cholesky, lambda);
    if (failure) return failure;
    constexpr double kNoStep[kDof] = {};
    gradient_.Clear(object_);
    AddNewtonProduct(cost, pose, lambda, kNoStep, rows, IsGiven(args_.gradients->camera_parameters),
                     &gradient_);
    gradient_.PassThroughAdaptiveDelta(problem_, object_, args_.gradients->hold_delta_fixed != 0);
    if (!gradient_.Fits(object_, *args_.gradients)) return PROPNP_STATUS_NON_FINITE_INPUT;
    return IsStationary(equations.gradient, cholesky, args_.pose.dtype) ? PROPNP_STATUS_CONVERGED
                                                                        : 0;
  }

  const Problem& problem_;
  const propnp_implicit_gradient_args& args_;
  PackedObject<double>& object_;
  InputGradient& gradient_;
};

// One worker's memory, for batch.h.
auto ScratchAllocator(const Problem& problem) {
  return [&](Arena* arena) { return GradientScratch::Allocate(problem, arena); };
}

}  // namespace

Status ImplicitGradientWorkspaceSize(const Context& context,
                                     const propnp_implicit_gradient_args& args, uint64_t* bytes) {
  const auto on_cpu = [&](const Problem& problem) {
    return BatchLayout<double>(problem, context.num_threads(), ScratchAllocator(problem))
        .total_bytes();
  };
  return FindWorkspaceSize(args, CheckArgs, &propnp_backend::implicit_gradient_workspace_size,
                           on_cpu, bytes);
}

Status ImplicitGradient(Context& context, const propnp_implicit_gradient_args& args) {
  Problem problem;
  PROPNP_RETURN_IF_ERROR(CheckArgs(args, &problem));
  if (IsOnDevice(args)) return RunOnDevice(&propnp_backend::implicit_gradient, args);
  if (problem.num_objects == 0) return Status();
  ClearUnusedRows(problem, *args.gradients);
  return VisitDof(problem, [&](auto dof) {
    return RunBatch<double>(
        context, problem, args.workspace, args.workspace_size, ScratchAllocator(problem),
        [&](int64_t index, const PreparedCamera<double>* cameras, GradientScratch* scratch) {
          const uint32_t status =
              ObjectImplicitGradient<dof>(problem, args, scratch).Run(cameras, index);
          const bool failed = (status & ~PROPNP_STATUS_CONVERGED) != 0;
          StoreGradients(problem, *args.gradients, index, failed ? nullptr : &scratch->gradient);
          StoreAt(args.status, index, static_cast<int32_t>(status));
        });
  });
}

}  // namespace propnp
