// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/sample_backward.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/batch.h"
#include "propnp/engine/check_args.h"
#include "propnp/engine/cuda_plugin.h"
#include "propnp/engine/sample_replay.h"
#include "propnp/engine/workspace_size.h"

namespace propnp {
namespace {

bool NeedsWeights(const propnp_sample_backward_args& a) {
  return IsGiven(a.mean_translation_cotangent) || IsGiven(a.expected_cost_cotangent);
}

Status CheckArgs(const propnp_sample_backward_args& a, Problem* problem) {
  PROPNP_RETURN_IF_ERROR(CheckArgsStruct("sample_backward_args", a, a.precision));
  PROPNP_RETURN_IF_ERROR(MakeProblem(a.correspondences, a.cameras, a.cost, problem, a.device));
  PROPNP_RETURN_IF_ERROR(CheckGradients(*problem, a.gradients));
  const int64_t b = problem->num_objects;
  if (b == 0) return Status();
  PROPNP_RETURN_IF_ERROR(CheckSamplePose(*problem, a.sample_pose));
  const int64_t s = a.sample_pose.shape[1];
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("sample_log_weight", a.sample_log_weight, {b, s}, !NeedsWeights(a)));
  PROPNP_RETURN_IF_ERROR(CheckTensor("log_weight_cotangent", a.log_weight_cotangent, {b, s}, true));
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("mean_translation_cotangent", a.mean_translation_cotangent, {b, 3}, true));
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("expected_cost_cotangent", a.expected_cost_cotangent, {b}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("status", a.status, {b}, true, PROPNP_INT32));
  if (NeedsWeights(a) || IsGiven(a.log_weight_cotangent)) return Status();
  return Status::InvalidArgument(
      "log_weight_cotangent, mean_translation_cotangent and expected_cost_cotangent are all "
      "missing");
}

template <int kDof, typename T>
struct Scratch {
  GradientScratch common;
  SampleReplay<kDof, T> samples;
  double* factors;  // (S) of d cost in the gradient: minus the cotangent of the log weight
};

template <int kDof, typename T>
auto ScratchAllocator(const Problem& problem, const propnp_sample_backward_args& args) {
  return [&](Arena* arena) {
    const int64_t s = args.sample_pose.shape[1];
    return Scratch<kDof, T>{GradientScratch::Allocate(problem, arena),
                            SampleReplay<kDof, T>::Allocate(problem, s, arena),
                            arena->Take<double>(s)};
  };
}

// One object. With d log weight_j = -d cost_j,
//
//   d sum_j w_j f_j = sum_j w_j (f_j - mean f) d log weight_j + sum_j w_j d f_j,
//
// w the normalised weights; the translations do not vary, the cost does.
template <int kDof, typename T>
class ObjectReplay {
 public:
  ObjectReplay(const Problem& problem, const propnp_sample_backward_args& args, int64_t index,
               Scratch<kDof, T>* scratch)
      : problem_(problem),
        args_(args),
        index_(index),
        object_(scratch->common.object),
        gradient_(scratch->common.gradient),
        samples_(scratch->samples),
        factors_(scratch->factors) {}

  // Fills the scratch's gradient; returns the status.
  uint32_t Run(const PreparedCamera<double>* cameras) {
    object_.Gather(problem_, cameras, index_);
    if (object_.status) return object_.status;
    const bool valid =
        samples_.LoadPoses(args_.sample_pose, index_) && LoadFactors() &&
        (!NeedsWeights(args_) || samples_.LoadWeights(args_.sample_log_weight, index_));
    if (!valid) return PROPNP_STATUS_NON_FINITE_INPUT;
    const ObjectCost<kDof, double> cost(object_);
    samples_.ChooseBases(object_, [&](int64_t s) {
      return NeedsWeights(args_) ? samples_.weight(s) : std::fabs(factors_[s]);
    });
    if (IsGiven(args_.mean_translation_cotangent)) AddMeanTranslation();
    if (IsGiven(args_.expected_cost_cotangent)) AddExpectedCost(cost);
    if (!AllWithin(factors_, samples_.num_samples(), kLargest)) {
      return PROPNP_STATUS_NON_FINITE_INPUT;
    }
    gradient_.Clear(object_);
    samples_.AddGradient(cost, factors_, IsGiven(args_.gradients->camera_parameters), &gradient_);
    gradient_.PassThroughAdaptiveDelta(problem_, object_, args_.gradients->hold_delta_fixed != 0);
    return gradient_.Fits(object_, *args_.gradients) ? 0 : PROPNP_STATUS_NON_FINITE_INPUT;
  }

 private:
  // Minus the cotangents of the log weights. False if one is not finite.
  bool LoadFactors() {
    const int64_t count = samples_.num_samples();
    std::fill(factors_, factors_ + count, 0.0);
    for (int64_t s = 0; IsGiven(args_.log_weight_cotangent) && s < count; ++s) {
      factors_[s] = -LoadAt<double>(args_.log_weight_cotangent, index_, s);
    }
    return AllWithin(factors_, count, kLargest);
  }

  // Adds what follows from a cotangent of sum_j weight_j value(j); of a value that is the cost
  // itself, `own` is 1.
  template <typename Value>
  void AddExpectation(double cotangent, double own, const Value& value) {
    const double mean = samples_.Expectation(value);
    for (int64_t s = 0; s < samples_.num_samples(); ++s) {
      // An infinite cost has no weight.
      if (samples_.weight(s) > 0) {
        factors_[s] += cotangent * samples_.weight(s) * (own - (value(s) - mean));
      }
    }
  }

  void AddMeanTranslation() {
    for (int k = 0; k < 3; ++k) {
      AddExpectation(LoadAt<double>(args_.mean_translation_cotangent, index_, k), 0,
                     [&](int64_t s) { return samples_.pose(s)[k]; });
    }
  }

  void AddExpectedCost(const ObjectCost<kDof, double>& cost) {
    samples_.EvaluateCosts(cost);
    AddExpectation(LoadAt<double>(args_.expected_cost_cotangent, index_), 1,
                   [&](int64_t s) { return samples_.cost(s); });
  }

  static constexpr double kLargest = static_cast<double>(std::numeric_limits<T>::max());

  const Problem& problem_;
  const propnp_sample_backward_args& args_;
  const int64_t index_;
  PackedObject<double>& object_;
  InputGradient& gradient_;
  SampleReplay<kDof, T>& samples_;
  double* factors_;
};

}  // namespace

Status SampleBackwardWorkspaceSize(const Context& context, const propnp_sample_backward_args& args,
                                   uint64_t* bytes) {
  const auto on_cpu = [&](const Problem& problem) {
    return VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
      using T = decltype(real);
      return BatchLayout<double>(problem, context.num_threads(),
                                 ScratchAllocator<dof, T>(problem, args))
          .total_bytes();
    });
  };
  return FindWorkspaceSize(args, CheckArgs, &propnp_backend::sample_backward_workspace_size, on_cpu,
                           bytes);
}

Status SampleBackward(Context& context, const propnp_sample_backward_args& args) {
  Problem problem;
  PROPNP_RETURN_IF_ERROR(CheckArgs(args, &problem));
  if (IsOnDevice(args)) return RunOnDevice(&propnp_backend::sample_backward, args);
  if (problem.num_objects == 0) return Status();
  ClearUnusedRows(problem, *args.gradients);
  return VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
    using T = decltype(real);
    return RunBatch<double>(
        context, problem, args.workspace, args.workspace_size,
        ScratchAllocator<dof, T>(problem, args),
        [&](int64_t index, const PreparedCamera<double>* cameras, Scratch<dof, T>* scratch) {
          const uint32_t status = ObjectReplay<dof, T>(problem, args, index, scratch).Run(cameras);
          StoreGradients(problem, *args.gradients, index,
                         status ? nullptr : &scratch->common.gradient);
          StoreAt(args.status, index, static_cast<int32_t>(status));
        });
  });
}

}  // namespace propnp
