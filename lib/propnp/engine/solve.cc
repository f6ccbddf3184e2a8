// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/solve.h"

#include <algorithm>
#include <cmath>

#include "propnp/engine/batch.h"
#include "propnp/engine/check_args.h"
#include "propnp/engine/covariance.h"
#include "propnp/engine/cuda_plugin.h"
#include "propnp/engine/levenberg_marquardt.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/problem.h"
#include "propnp/engine/random_starts.h"
#include "propnp/engine/solve_options.h"
#include "propnp/engine/solve_result.h"
#include "propnp/engine/workspace_size.h"

namespace propnp {
namespace {

Status CheckOutputs(const Problem& problem, const propnp_solve_args& a) {
  const int64_t b = problem.num_objects, d = problem.dof();
  PROPNP_RETURN_IF_ERROR(CheckTensor("pose_init", a.pose_init, {b, problem.pose_size()}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("pose_target", a.pose_target, {b, problem.pose_size()}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("pose", a.pose, {b, problem.pose_size()}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("cost_before", a.cost_before, {b}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("cost_after", a.cost_after, {b}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("covariance", a.covariance, {b, d, d}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("null_space", a.null_space, {b, d, d}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("variance_factor", a.variance_factor, {b}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("behind_fraction", a.behind_fraction, {b}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("rank", a.rank, {b}, true, PROPNP_INT32));
  PROPNP_RETURN_IF_ERROR(CheckTensor("iterations", a.iterations, {b}, true, PROPNP_INT32));
  return CheckTensor("status", a.status, {b}, true, PROPNP_INT32);
}

Status CheckArgs(const propnp_solve_args& args, Problem* problem) {
  PROPNP_RETURN_IF_ERROR(CheckArgsStruct("solve_args", args, args.precision));
  PROPNP_RETURN_IF_ERROR(CheckSolveOptions(args.options));
  PROPNP_RETURN_IF_ERROR(
      MakeProblem(args.correspondences, args.cameras, args.cost, problem, args.device));
  return problem->num_objects > 0 ? CheckOutputs(*problem, args) : Status();
}

// The memory of one worker.
template <typename T>
struct Scratch {
  PackedObject<T> object;
  StartWorkspace<T> starts;

  static Scratch Allocate(const Problem& problem, const propnp_solve_options& options,
                          Arena* arena) {
    return {PackedObject<T>::Allocate(problem, arena),
            StartWorkspace<T>::Allocate(problem, options, arena)};
  }
};

// Refines one object.
template <int kDof, typename T>
class ObjectSolver {
 public:
  ObjectSolver(const Problem& problem, const propnp_solve_args& args,
               const PreparedCamera<T>* cameras)
      : problem_(problem), args_(args), options_(*args.options), cameras_(cameras) {
    seed_ = options_.seed_pointer ? *options_.seed_pointer : options_.seed;
  }

  void Solve(int64_t index, Scratch<T>* scratch, SolveResult<kDof, T>* result) const {
    *result = {};
    SetNeutralPose<kDof>(result->pose);
    scratch->object.Gather(problem_, cameras_, index);
    result->status = scratch->object.status;
    if (!LoadStarts(index, result)) result->status |= PROPNP_STATUS_NON_FINITE_INPUT;
    if (result->status) return;

    const ObjectCost<kDof, T> cost(scratch->object);
    MoveIntoPrior(cost, result);
    const int num_starts = CollectStarts(index, cost, scratch, result->pose);
    RefineBest(cost, scratch->starts.best, num_starts, result);
    if (!result->outcome.finite) return result->Fail();
    ComputeUncertainty(cost, options_, result->pose, &result->uncertainty);
    if (!result->AllFinite()) return result->Fail();
    result->status |= StatusOf(result->uncertainty);
    if (result->outcome.converged) {
      result->status |= PROPNP_STATUS_CONVERGED;
    } else {
      result->status |= PROPNP_STATUS_MAX_ITERATIONS;
    }
  }

 private:
  // Reads the given pose into result->pose; the target is checked here and read again later.
  bool LoadStarts(int64_t index, SolveResult<kDof, T>* result) const {
    bool valid = true;
    T pose[7];
    if (IsGiven(args_.pose_target)) valid = LoadPose<kDof>(args_.pose_target, index, pose);
    if (IsGiven(args_.pose_init)) {
      const bool finite = LoadPose<kDof>(args_.pose_init, index, pose);
      if (finite) std::copy(pose, pose + problem_.pose_size(), result->pose);
      valid = valid && finite;
    }
    return valid;
  }

  // A given pose where the prior is zero could not be left again.
  void MoveIntoPrior(const ObjectCost<kDof, T>& cost, SolveResult<kDof, T>* result) const {
    const PriorDensity<T>& prior = cost.object().prior;
    if (!IsGiven(args_.pose_init) || std::isfinite(prior.cost(cost.dof(), result->pose))) return;
    prior.move_inside(result->pose);
    result->status |= PROPNP_STATUS_FELL_BACK;
  }

  // Fills the list of the best starts and returns how many there are.
  int CollectStarts(int64_t index, const ObjectCost<kDof, T>& cost, Scratch<T>* scratch,
                    const T* given) const {
    StartWorkspace<T>& workspace = scratch->starts;
    T target[7];
    const bool has_target = IsGiven(args_.pose_target);
    if (has_target) LoadPose<kDof>(args_.pose_target, index, target);
    if (!IsGiven(args_.pose_init)) {
      return FindStarts(cost, options_, StartStream{seed_, problem_.ObjectId(index)},
                        has_target ? target : nullptr, options_.num_refined, &workspace);
    }
    StartPose<T>* best = workspace.best;
    std::copy(given, given + 7, best[0].pose);
    if (!has_target) return 1;
    best[0].cost = cost.Cost(best[0].pose);
    std::copy(target, target + ObjectCost<kDof, T>::Dof::kStorage, best[1].pose);
    best[1].cost = cost.Cost(target);
    if (best[1].cost < best[0].cost) std::swap(best[0], best[1]);
    const bool both = options_.num_refined > 1 && !AreOneStart<kDof>(best[0].pose, best[1].pose);
    return both ? 2 : 1;
  }

  // Refines the starts and keeps the best outcome.
  void RefineBest(const ObjectCost<kDof, T>& cost, const StartPose<T>* starts, int num_starts,
                  SolveResult<kDof, T>* result) const {
    result->outcome.finite = false;
    for (int s = 0; s < num_starts; ++s) {
      T pose[7];
      std::copy(starts[s].pose, starts[s].pose + 7, pose);
      const RefineOutcome outcome =
          LevenbergMarquardt<kDof, T>(cost, options_).Refine(options_.max_iterations, pose);
      if (!outcome.finite) continue;
      if (!result->outcome.finite || outcome.cost_after < result->outcome.cost_after) {
        result->outcome = outcome;
        std::copy(pose, pose + 7, result->pose);
      }
    }
  }

  const Problem& problem_;
  const propnp_solve_args& args_;
  const propnp_solve_options& options_;
  const PreparedCamera<T>* cameras_;
  uint64_t seed_;
};

// One worker's memory, for batch.h.
template <typename T>
auto ScratchAllocator(const Problem& problem, const propnp_solve_args& args) {
  return [&](Arena* arena) { return Scratch<T>::Allocate(problem, *args.options, arena); };
}

}  // namespace

Status SolveWorkspaceSize(const Context& context, const propnp_solve_args& args, uint64_t* bytes) {
  const auto on_cpu = [&](const Problem& problem) {
    return VisitDofAndPrecision(problem, args.precision, [&](auto /*dof*/, auto real) {
      using T = decltype(real);
      return BatchLayout<T>(problem, context.num_threads(), ScratchAllocator<T>(problem, args))
          .total_bytes();
    });
  };
  return FindWorkspaceSize(args, CheckArgs, &propnp_backend::solve_workspace_size, on_cpu, bytes);
}

Status Solve(Context& context, const propnp_solve_args& args) {
  Problem problem;
  PROPNP_RETURN_IF_ERROR(CheckArgs(args, &problem));
  if (IsOnDevice(args)) return RunOnDevice(&propnp_backend::solve, args);
  if (problem.num_objects == 0) return Status();
  return VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
    using T = decltype(real);
    return RunBatch<T>(
        context, problem, args.workspace, args.workspace_size, ScratchAllocator<T>(problem, args),
        [&](int64_t object, const PreparedCamera<T>* cameras, Scratch<T>* scratch) {
          SolveResult<dof, T> result;
          ObjectSolver<dof, T>(problem, args, cameras).Solve(object, scratch, &result);
          StoreResult(args, object, result);
        });
  });
}

}  // namespace propnp
