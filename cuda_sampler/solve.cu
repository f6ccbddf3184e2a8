// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The batched solver: a warp refines the poses of an object on all its points.
#include <cmath>

#include "cuda_sampler/call.h"
#include "cuda_sampler/operations.h"
#include "cuda_sampler/pick_starts.h"
#include "propnp/engine/covariance.h"
#include "propnp/engine/levenberg_marquardt.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/solve_result.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128, kObjectsPerBlock = kThreads / kWarpSize;

template <typename T>
struct SolveArgs {
  const DeviceInputs<T>* inputs;
  propnp_solve_options options;
  ObjectSlice slice;
  StartPose<T>* starts;  // (slice, stride), the first num_starts of them random
  int num_starts, stride;
  propnp_tensor pose_init, pose_target;
  propnp_tensor pose, cost_before, cost_after, covariance, null_space, variance_factor,
      behind_fraction, rank, iterations, status;
};

// Refines one object; all lanes hold the same result.
template <int kDof, typename T>
class ObjectSolver {
 public:
  PROPNP_DEVICE ObjectSolver(const SolveArgs<T>& args, int64_t local)
      : args_(args),
        in_(*args.inputs),
        index_(args.slice.first + local),
        starts_(args.starts + local * args.stride) {}

  PROPNP_DEVICE void Solve(SolveResult<kDof, T>* result) const {
    *result = {};
    SetNeutralPose<kDof>(result->pose);
    DeviceObject<T> object;
    object.Load(in_, index_, team_);
    result->status = object.status;
    T target[7];
    if (!LoadStarts(target, result)) result->status |= PROPNP_STATUS_NON_FINITE_INPUT;
    if (result->status) return;

    const TeamCost<kDof, T, WarpTeam> cost(in_, object, team_);
    MoveIntoPrior(cost, result);
    RefineBest(cost, target, result);
    if (!result->outcome.finite) return result->Fail();
    FindUncertainty(cost, result);
    if (!result->AllFinite()) return result->Fail();
    result->status |= StatusOf(result->uncertainty);
    result->status |=
        result->outcome.converged ? PROPNP_STATUS_CONVERGED : PROPNP_STATUS_MAX_ITERATIONS;
  }

 private:
  using Cost = TeamCost<kDof, T, WarpTeam>;

  // Reads the given pose into result->pose, and the target.
  PROPNP_DEVICE_CALL bool LoadStarts(T* target, SolveResult<kDof, T>* result) const {
    bool valid = true;
    T pose[7];
    if (IsGiven(args_.pose_target)) valid = LoadPose<kDof>(args_.pose_target, index_, target);
    if (IsGiven(args_.pose_init)) {
      const bool finite = LoadPose<kDof>(args_.pose_init, index_, pose);
      for (int k = 0; finite && k < Cost::Dof::kStorage; ++k) result->pose[k] = pose[k];
      valid = valid && finite;
    }
    return valid;
  }

  // A given pose where the prior is zero could not be left again.
  PROPNP_DEVICE_CALL void MoveIntoPrior(const Cost& cost, SolveResult<kDof, T>* result) const {
    const PriorDensity<T>& prior = cost.object().prior;
    if (!IsGiven(args_.pose_init) || std::isfinite(prior.cost(cost.dof(), result->pose))) return;
    prior.move_inside(result->pose);
    result->status |= PROPNP_STATUS_FELL_BACK;
  }

  // Refines the best starts that differ in rotation and keeps the best outcome.
  PROPNP_DEVICE void RefineBest(const Cost& cost, const T* target,
                                SolveResult<kDof, T>* result) const {
    result->outcome.finite = false;
    const bool has_target = IsGiven(args_.pose_target);
    const bool only_init = IsGiven(args_.pose_init) && !has_target;
    StartList<kDof, T> list(starts_, IsGiven(args_.pose_init) ? 0 : args_.num_starts);
    const T* given[kOtherStarts];
    int count = 0;
    if (IsGiven(args_.pose_init)) {
      given[count++] = result->pose;
    } else if (cost.object().prior.kind == PriorKind::kPose) {
      given[count++] = cost.object().prior.pose.mean;
    }
    if (has_target) given[count++] = target;
    for (int k = 0; k < count; ++k) {
      list.Add(given[k], only_init ? T(0) : cost.Cost(given[k]), team_);
    }
    StartPose<T> start;
    for (int s = 0; s < args_.options.num_refined && list.Take(team_, &start); ++s) {
      Refine(cost, start.pose, result);
    }
  }

  PROPNP_DEVICE void Refine(const Cost& cost, T* pose, SolveResult<kDof, T>* result) const {
    const RefineOutcome outcome = DampedRefinement<Cost>(cost, StepControlOf(args_.options))
                                      .refine(args_.options.max_iterations, pose);
    if (!outcome.finite) return;
    if (result->outcome.finite && !(outcome.cost_after < result->outcome.cost_after)) return;
    result->outcome = outcome;
    for (int k = 0; k < 7; ++k) result->pose[k] = pose[k];
  }

  PROPNP_DEVICE void FindUncertainty(const Cost& cost, SolveResult<kDof, T>* result) const {
    compute_uncertainty(cost, cost.object().weighted_points,
                        static_cast<CovarianceKind>(args_.options.covariance),
                        args_.options.scale_covariance != 0, result->pose, &result->uncertainty);
  }

  const SolveArgs<T>& args_;
  const DeviceInputs<T>& in_;
  const int64_t index_;
  StartPose<T>* const starts_;
  const WarpTeam team_;
};

template <int kDof, typename T>
PROPNP_KERNEL_TOGETHER(kThreads, sizeof(T) == sizeof(float) ? 3 : 1)
SolveKernel(PROPNP_ARGUMENT SolveArgs<T> args) {
  const int64_t local = block_index() * kObjectsPerBlock + thread_index() / kWarpSize;
  if (local >= args.slice.count) return;
  SolveResult<kDof, T> result;
  ObjectSolver<kDof, T>(args, local).Solve(&result);
  if (WarpTeam().rank() == 0) StoreResult(args, args.slice.first + local, result);
}

template <int kDof, typename T>
void SolveSlices(const Problem& problem, const propnp_solve_args& a, Arena* arena, Queue* queue) {
  const propnp_solve_options& options = *a.options;
  const bool random = !IsGiven(a.pose_init);
  const int64_t per_object =
      (random ? options.num_starts + kOtherStarts : kOtherStarts) * sizeof(StartPose<T>) +
      sizeof(StartFrame<T>);
  const int64_t slice_size = SliceSize(problem.num_objects, per_object);
  DeviceInputs<T>* const inputs = AllocateInputs<T>(problem, arena);
  RandomStarts<T> starts = {};
  if (random) {
    starts = RandomStarts<T>::Allocate(problem, options, slice_size, arena);
  } else {
    starts.poses = arena->Take<StartPose<T>>(slice_size * kOtherStarts);
    starts.stride = kOtherStarts;
  }
  if (!queue) return;
  StoreInputs(problem, inputs, queue);
  ForEachSlice(problem.num_objects, slice_size, [&](const ObjectSlice& slice) {
    if (random) MakeStarts<kDof>(inputs, options, slice, starts, queue);
    queue->Launch("solve", SolveKernel<kDof, T>, DivideUp(slice.count, kObjectsPerBlock), kThreads,
                  0,
                  SolveArgs<T>{inputs, options, slice, starts.poses, starts.num_starts,
                               starts.stride, a.pose_init, a.pose_target, a.pose, a.cost_before,
                               a.cost_after, a.covariance, a.null_space, a.variance_factor,
                               a.behind_fraction, a.rank, a.iterations, a.status});
  });
}

auto Body(const propnp_solve_args& args) {
  return [&args](const Problem& problem, Arena* arena, Queue* queue) {
    VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
      SolveSlices<decltype(dof)::value, decltype(real)>(problem, args, arena, queue);
    });
  };
}

}  // namespace

int32_t Solve(const propnp_solve_args* args, propnp_backend_error* error) {
  return Run(*args, error, Body(*args));
}
int32_t SolveWorkspaceSize(const propnp_solve_args* args, uint64_t* bytes, propnp_backend_error*) {
  *bytes = WorkspaceSize(*args, Body(*args));
  return 0;
}

}  // namespace propnp::gpu
