// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/pose_plus.h"

#include <algorithm>
#include <cmath>

#include "propnp/engine/batch.h"
#include "propnp/engine/check_args.h"
#include "propnp/engine/cuda_plugin.h"
#include "propnp/engine/load_cotangent.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/object_derivatives.h"
#include "propnp/engine/workspace_size.h"
#include "propnp/math/cholesky.h"

namespace propnp {
namespace {

// What both directions share.
template <typename Args>
Status CheckShared(const char* name, const Args& a, Problem* problem) {
  PROPNP_RETURN_IF_ERROR(CheckArgsStruct(name, a, 0));
  if (!(a.epsilon >= 0) || !std::isfinite(a.epsilon)) {
    return Status::InvalidArgument("epsilon is " + std::to_string(a.epsilon) +
                                   ", expected a number that is not negative");
  }
  PROPNP_RETURN_IF_ERROR(MakeProblem(a.correspondences, a.cameras, a.cost, problem, a.device));
  const int64_t b = problem->num_objects;
  if (b == 0) return Status();
  PROPNP_RETURN_IF_ERROR(CheckTensor("pose", a.pose, {b, problem->pose_size()}, false));
  return CheckTensor("status", a.status, {b}, true, PROPNP_INT32);
}

Status CheckArgs(const propnp_pose_plus_args& a, Problem* problem) {
  PROPNP_RETURN_IF_ERROR(CheckShared("pose_plus_args", a, problem));
  const int64_t b = problem->num_objects;
  if (b == 0) return Status();
  PROPNP_RETURN_IF_ERROR(CheckTensor("pose_plus", a.pose_plus, {b, problem->pose_size()}, true));
  return CheckTensor("step", a.step, {b, problem->dof()}, true);
}

Status CheckArgs(const propnp_pose_plus_backward_args& a, Problem* problem) {
  PROPNP_RETURN_IF_ERROR(CheckShared("pose_plus_backward_args", a, problem));
  PROPNP_RETURN_IF_ERROR(CheckGradients(*problem, a.gradients));
  const int64_t b = problem->num_objects;
  if (b == 0) return Status();
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("pose_plus_cotangent", a.pose_plus_cotangent, {b, problem->pose_size()}, true));
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("step_cotangent", a.step_cotangent, {b, problem->dof()}, true));
  if (!IsGiven(a.pose_plus_cotangent) && !IsGiven(a.step_cotangent)) {
    return Status::InvalidArgument("pose_plus_cotangent and step_cotangent are both missing");
  }
  return Status();
}

// The step from one object's pose, with the factor that it took.
template <int kDof>
class ObjectStep {
 public:
  ObjectStep(const Problem& problem, const PreparedCamera<double>* cameras, int64_t index,
             const propnp_tensor& pose, double epsilon, PackedObject<double>* object) {
    object->Gather(problem, cameras, index);
    status_ = object->status;
    if (!LoadPose<kDof>(pose, index, pose_)) status_ |= PROPNP_STATUS_NON_FINITE_INPUT;
    if (status_ == 0) Take(ObjectCost<kDof, double>(*object), epsilon);
  }

  uint32_t status() const { return status_; }
  const double* pose() const { return pose_; }
  const double* step() const { return step_; }

  // -H^-1 v.
  void MinusInverseTimes(const double* v, double* result) const {
    cholesky_.solve(v, result);
    for (int i = 0; i < kDof; ++i) result[i] = -result[i];
  }

 private:
  void Take(const ObjectCost<kDof, double>& cost, double epsilon) {
    NormalEquations<kDof, double> equations;
    cost.Evaluate(pose_, Curvature::kIrls, ClampedRows::kDrop, &equations);
    for (int i = 0; i < kDof; ++i) {
      // Half the angle means four times the curvature, and a quarter of the ridge in return.
      equations.curvature[i * (kDof + 1)] += kDof == 6 && i >= 3 ? epsilon / 4 : epsilon;
    }
    if (!std::isfinite(equations.cost)) {
      status_ |= PROPNP_STATUS_NON_FINITE_INPUT;
    } else if (!cholesky_.factorize(equations.curvature)) {
      status_ |= PROPNP_STATUS_RANK_DEFICIENT;
    } else {
      MinusInverseTimes(equations.gradient, step_);
    }
  }

  uint32_t status_;
  double pose_[7] = {};
  double step_[kDof] = {};
  Cholesky<kDof, double> cholesky_;
};

template <int kDof>
void StepObject(const Problem& problem, const propnp_pose_plus_args& args, int64_t index,
                const PreparedCamera<double>* cameras, PackedObject<double>* object) {
  const ObjectStep<kDof> taken(problem, cameras, index, args.pose, args.epsilon, object);
  uint32_t status = taken.status();
  double step[kDof], pose_plus[7] = {};
  if (status == 0) {
    std::copy(taken.step(), taken.step() + kDof, step);
    DofOf<kDof>(*object).retract(taken.pose(), step, pose_plus);
    if (!AllWithin(step, kDof, LargestOf(args.step)) ||
        !AllWithin(pose_plus, problem.pose_size(), LargestOf(args.pose_plus))) {
      status |= PROPNP_STATUS_NON_FINITE_INPUT;
    }
  }
  if (status != 0) {
    std::fill(step, step + kDof, 0.0);
    SetNeutralPose<kDof>(pose_plus);
  }
  StoreRow(args.pose_plus, index, pose_plus, problem.pose_size());
  StoreRow(args.step, index, step, kDof);
  StoreAt(args.status, index, static_cast<int32_t>(status));
}

// dL = lambda^T (dg + dH step) with lambda = -H^-1 v.
template <int kDof>
void BackwardObject(const Problem& problem, const propnp_pose_plus_backward_args& args,
                    int64_t index, const PreparedCamera<double>* cameras,
                    GradientScratch* scratch) {
  PackedObject<double>& object = scratch->object;
  InputGradient& gradient = scratch->gradient;
  const ObjectStep<kDof> taken(problem, cameras, index, args.pose, args.epsilon, &object);
  uint32_t status = taken.status();
  double lambda[kDof];
  if (status == 0 && !LoadStepCotangent(DofOf<kDof>(object), index, taken.pose(), taken.step(),
                                        args.step_cotangent, args.pose_plus_cotangent, lambda)) {
    status |= PROPNP_STATUS_NON_FINITE_INPUT;
  }
  if (status == 0) {
    taken.MinusInverseTimes(lambda, lambda);
    gradient.Clear(object);
    AddNewtonProduct(ObjectCost<kDof, double>(object), taken.pose(), lambda, taken.step(),
                     ClampedRows::kDrop, IsGiven(args.gradients->camera_parameters), &gradient);
    gradient.PassThroughAdaptiveDelta(problem, object, args.gradients->hold_delta_fixed != 0);
    if (!gradient.Fits(object, *args.gradients)) status |= PROPNP_STATUS_NON_FINITE_INPUT;
  }
  StoreGradients(problem, *args.gradients, index, status == 0 ? &gradient : nullptr);
  StoreAt(args.status, index, static_cast<int32_t>(status));
}

// One worker's memory, for batch.h.
auto ObjectAllocator(const Problem& problem) {
  return [&](Arena* arena) { return PackedObject<double>::Allocate(problem, arena); };
}
auto BackwardAllocator(const Problem& problem) {
  return [&](Arena* arena) { return GradientScratch::Allocate(problem, arena); };
}

}  // namespace

Status PosePlusWorkspaceSize(const Context& context, const propnp_pose_plus_args& args,
                             uint64_t* bytes) {
  const auto on_cpu = [&](const Problem& problem) {
    return BatchLayout<double>(problem, context.num_threads(), ObjectAllocator(problem))
        .total_bytes();
  };
  return FindWorkspaceSize(args, CheckArgs, &propnp_backend::pose_plus_workspace_size, on_cpu,
                           bytes);
}

Status PosePlusBackwardWorkspaceSize(const Context& context,
                                     const propnp_pose_plus_backward_args& args, uint64_t* bytes) {
  const auto on_cpu = [&](const Problem& problem) {
    return BatchLayout<double>(problem, context.num_threads(), BackwardAllocator(problem))
        .total_bytes();
  };
  return FindWorkspaceSize(args, CheckArgs, &propnp_backend::pose_plus_backward_workspace_size,
                           on_cpu, bytes);
}

Status PosePlus(Context& context, const propnp_pose_plus_args& args) {
  Problem problem;
  PROPNP_RETURN_IF_ERROR(CheckArgs(args, &problem));
  if (IsOnDevice(args)) return RunOnDevice(&propnp_backend::pose_plus, args);
  if (problem.num_objects == 0) return Status();
  return VisitDof(problem, [&](auto dof) {
    return RunBatch<double>(
        context, problem, args.workspace, args.workspace_size, ObjectAllocator(problem),
        [&](int64_t index, const PreparedCamera<double>* cameras, PackedObject<double>* object) {
          StepObject<dof>(problem, args, index, cameras, object);
        });
  });
}

Status PosePlusBackward(Context& context, const propnp_pose_plus_backward_args& args) {
  Problem problem;
  PROPNP_RETURN_IF_ERROR(CheckArgs(args, &problem));
  if (IsOnDevice(args)) return RunOnDevice(&propnp_backend::pose_plus_backward, args);
  if (problem.num_objects == 0) return Status();
  ClearUnusedRows(problem, *args.gradients);
  return VisitDof(problem, [&](auto dof) {
    return RunBatch<double>(
        context, problem, args.workspace, args.workspace_size, BackwardAllocator(problem),
        [&](int64_t index, const PreparedCamera<double>* cameras, GradientScratch* scratch) {
          BackwardObject<dof>(problem, args, index, cameras, scratch);
        });
  });
}

}  // namespace propnp
