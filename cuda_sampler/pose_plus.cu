// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// One Gauss-Newton step and its vector-Jacobian product: a warp an object, in float64.
#include <cmath>

#include "cuda_sampler/call.h"
#include "cuda_sampler/newton_product.h"
#include "cuda_sampler/operations.h"
#include "propnp/engine/load_cotangent.h"
#include "propnp/engine/load_pose.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128, kObjectsPerBlock = kThreads / kWarpSize;

struct ForwardArgs {
  const DeviceInputs<double>* inputs;
  propnp_pose_plus_args args;
};

struct BackwardArgs {
  const DeviceInputs<double>* inputs;
  propnp_pose_plus_backward_args args;
  propnp_gradients gradients;
};

// The step from one object's pose, with the factor that it took.
template <int kDof>
struct ObjectStep {
  DeviceObject<double> object;
  uint32_t status;
  double pose[7];
  double step[kDof];
  Cholesky<kDof, double> cholesky;

  PROPNP_DEVICE void Take(const DeviceInputs<double>& in, int64_t index, const propnp_tensor& at,
                          double epsilon, const WarpTeam& team) {
    object.Load(in, index, team);
    status = object.status;
    for (double& s : step) s = 0;
    if (!LoadPose<kDof>(at, index, pose)) status |= PROPNP_STATUS_NON_FINITE_INPUT;
    if (status != 0) return;
    NormalEquations<kDof, double> equations;
    TeamCost<kDof, double, WarpTeam>(in, object, team)
        .Evaluate(pose, Curvature::kIrls, ClampedRows::kDrop, &equations);
    for (int i = 0; i < kDof; ++i) {
      // Half the angle means four times the curvature, and a quarter of the ridge in return.
      equations.curvature[i * (kDof + 1)] += kDof == 6 && i >= 3 ? epsilon / 4 : epsilon;
    }
    if (!std::isfinite(equations.cost)) {
      status |= PROPNP_STATUS_NON_FINITE_INPUT;
    } else if (!cholesky.factorize(equations.curvature)) {
      status |= PROPNP_STATUS_RANK_DEFICIENT;
    } else {
      MinusInverseTimes(equations.gradient, step);
    }
  }

  // -H^-1 v.
  PROPNP_DEVICE void MinusInverseTimes(const double* v, double* result) const {
    cholesky.solve(v, result);
    for (int i = 0; i < kDof; ++i) result[i] = -result[i];
  }
};

template <int kDof>
PROPNP_KERNEL(kThreads)
ForwardKernel(ForwardArgs call) {
  const WarpTeam team;
  const DeviceInputs<double>& in = *call.inputs;
  const int64_t index = block_index() * kObjectsPerBlock + thread_index() / kWarpSize;
  if (index >= in.problem.num_objects) return;
  ObjectStep<kDof> taken;
  taken.Take(in, index, call.args.pose, call.args.epsilon, team);
  uint32_t status = taken.status;
  double pose_plus[7] = {};
  if (status == 0) {
    const auto dof = GetDof(taken.object, std::integral_constant<int, kDof>());
    dof.retract(taken.pose, taken.step, pose_plus);
    if (!AllWithin(taken.step, kDof, LargestOf(call.args.step)) ||
        !AllWithin(pose_plus, dof.kStorage, LargestOf(call.args.pose_plus))) {
      status |= PROPNP_STATUS_NON_FINITE_INPUT;
    }
  }
  if (team.rank() != 0) return;
  if (status != 0) {
    for (double& s : taken.step) s = 0;
    SetNeutralPose<kDof>(pose_plus);
  }
  StoreRow(call.args.pose_plus, index, pose_plus, in.problem.pose_size());
  StoreRow(call.args.step, index, taken.step, kDof);
  StoreAt(call.args.status, index, static_cast<int32_t>(status));
}

// dL = lambda^T (dg + dH step) with lambda = -H^-1 v.
template <int kDof>
PROPNP_KERNEL(kThreads)
BackwardKernel(BackwardArgs call) {
  const WarpTeam team;
  const DeviceInputs<double>& in = *call.inputs;
  const int64_t index = block_index() * kObjectsPerBlock + thread_index() / kWarpSize;
  if (index >= in.problem.num_objects) return;
  ObjectStep<kDof> taken;
  taken.Take(in, index, call.args.pose, call.args.epsilon, team);
  uint32_t status = taken.status;
  double lambda[kDof];
  if (status == 0 && !LoadStepCotangent(GetDof(taken.object, std::integral_constant<int, kDof>()),
                                        index, taken.pose, taken.step, call.args.step_cotangent,
                                        call.args.pose_plus_cotangent, lambda)) {
    status |= PROPNP_STATUS_NON_FINITE_INPUT;
  }
  const GradientWriter writer(in, call.gradients);
  if (status == 0) {
    taken.MinusInverseTimes(lambda, lambda);
    const NewtonProduct<kDof> product(in, taken.object, taken.pose, lambda, taken.step,
                                      ClampedRows::kDrop);
    if (!StoreNewtonProduct(product, writer, call.gradients.hold_delta_fixed != 0, team)) {
      status |= PROPNP_STATUS_NON_FINITE_INPUT;
    }
  }
  if (status != 0) writer.Clear(in, taken.object, team);
  if (team.rank() == 0) StoreAt(call.args.status, index, static_cast<int32_t>(status));
}

auto Body(const propnp_pose_plus_args& args) {
  return [&args](const Problem& problem, Arena* arena, Queue* queue) {
    DeviceInputs<double>* const inputs = AllocateInputs<double>(problem, arena);
    if (!queue) return;
    StoreInputs(problem, inputs, queue);
    queue->Launch("pose plus", problem.dof() == 6 ? ForwardKernel<6> : ForwardKernel<4>,
                  DivideUp(problem.num_objects, kObjectsPerBlock), kThreads, 0,
                  ForwardArgs{inputs, args});
  };
}

auto Body(const propnp_pose_plus_backward_args& args) {
  return [&args](const Problem& problem, Arena* arena, Queue* queue) {
    DeviceInputs<double>* const inputs = AllocateInputs<double>(problem, arena);
    if (!queue) return;
    StoreInputs(problem, inputs, queue);
    ClearUnusedRows(problem, inputs, *args.gradients, queue);
    queue->Launch("pose plus backward", problem.dof() == 6 ? BackwardKernel<6> : BackwardKernel<4>,
                  DivideUp(problem.num_objects, kObjectsPerBlock), kThreads, 0,
                  BackwardArgs{inputs, args, *args.gradients});
  };
}

}  // namespace

int32_t PosePlus(const propnp_pose_plus_args* args, propnp_backend_error* error) {
  return Run(*args, error, Body(*args));
}
int32_t PosePlusWorkspaceSize(const propnp_pose_plus_args* args, uint64_t* bytes,
                              propnp_backend_error*) {
  *bytes = WorkspaceSize(*args, Body(*args));
  return 0;
}
int32_t PosePlusBackward(const propnp_pose_plus_backward_args* args, propnp_backend_error* error) {
  return Run(*args, error, Body(*args));
}
int32_t PosePlusBackwardWorkspaceSize(const propnp_pose_plus_backward_args* args, uint64_t* bytes,
                                      propnp_backend_error*) {
  *bytes = WorkspaceSize(*args, Body(*args));
  return 0;
}

}  // namespace propnp::gpu
