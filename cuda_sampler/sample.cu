// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The posterior sampler: the steps of engine/object_sampler.h, each a kernel over all objects.
#include "cuda_sampler/call.h"
#include "cuda_sampler/operations.h"
#include "cuda_sampler/sample_output.h"
#include "cuda_sampler/sample_summary.h"
#include "propnp/engine/sample_wants.h"

namespace propnp::gpu {
namespace {

// Whether any object may: a depth range ends abruptly, and pose priors are looked at one by one.
bool UsesSteinVariates(const propnp_sample_args& a) {
  const propnp_prior* prior = a.cost->prior;
  return a.options->method <= PROPNP_SAMPLER_MIXTURE_MC && a.options->control_variates &&
         (WantsPointGradient(a) || PriorGradientTensors(a).AnyGiven()) &&
         !(prior && prior->kind == PROPNP_PRIOR_DEPTH_RANGE);
}

// The gradient with respect to the ends of a depth range takes the samples' scores.
bool WantsEndsOfRange(const propnp_sample_args& a) {
  return IsGiven(a.grad_prior_depth) || IsGiven(a.grad_prior_bound);
}

SampleOutputs OutputsOf(const propnp_sample_args& a) {
  return {a.log_evidence,
          a.standard_error,
          a.ess,
          a.khat,
          a.cost_target,
          a.mode_count,
          a.pose,
          a.mode_pose,
          a.mode_covariance,
          a.mode_probability,
          a.mode_cost,
          a.sample_pose,
          a.sample_log_weight,
          a.status,
          a.stages,
          a.grad_delta,
          a.grad_relative_delta,
          PriorGradientTensors(a),
          {a.grad_x3d, a.grad_x2d, a.grad_w2d, a.grad_sqrt_info, 0},
          a.loss_gradient && IsGiven(a.pose_target),
          a.through_delta};
}

bool WantsSummaries(const propnp_sample_args& a) {
  return SummariesNeedPoses(a) || IsGiven(a.region_log_density);
}
SummaryOutputs SummariesOf(const propnp_sample_args& a) {
  return {a.mean_pose,
          a.covariance,
          a.mode_mean,
          a.mode_moment_covariance,
          a.quantile_levels,
          a.quantiles,
          a.region_shares,
          a.region_log_density,
          a.draws};
}

template <int kDof, typename T>
class Sampler {
 public:
  Sampler(const Problem& problem, const propnp_sample_args& args, Arena* arena)
      : args_(args), problem_(problem) {
    const propnp_solve_options& start_options = *args.start_options;
    slice_size_ = SliceSize(problem.num_objects, BytesPerObject());
    num_tiles_ = GradientTiles(problem);
    inputs_ = AllocateInputs<double>(problem, arena);
    starts_ = RandomStarts<double>::Allocate(problem, start_options, slice_size_, arena);
    memory_ = SampleMemory<kDof>::Allocate(slice_size_, Plan(), arena);
    summary_ = SummaryMemory::Allocate(slice_size_, args, arena);
    tiles_ = arena->Take<GradientTile>(slice_size_ * num_tiles_);
  }

  void Run(Queue* queue) {
    StoreInputs(problem_, inputs_, queue);
    ForEachSlice(problem_.num_objects, slice_size_,
                 [&](const ObjectSlice& slice) { RunSlice(slice, queue); });
  }

 private:
  bool IsMixture() const { return args_.options->method <= PROPNP_SAMPLER_MIXTURE_MC; }
  bool HasSecondStage() const { return IsMixture() && args_.options->second_stage_ess > 0; }

  SamplePlan Plan() const {
    return {args_.options->num_samples, sizeof(T) == sizeof(float), HasSecondStage(),
            UsesSteinVariates(args_), WantsEndsOfRange(args_)};
  }

  int64_t BytesPerObject() const {
    Arena one;
    SampleMemory<kDof>::Allocate(1, Plan(), &one);
    SummaryMemory::Allocate(1, args_, &one);
    return static_cast<int64_t>(one.used()) +
           args_.start_options->num_starts * static_cast<int64_t>(sizeof(StartPose<double>));
  }

  void RunSlice(const ObjectSlice& slice, Queue* queue) {
    SamplerArgs<kDof> a{inputs_,
                        slice,
                        {slice.count, nullptr, nullptr},
                        *args_.start_options,
                        *args_.options,
                        args_.pose_target,
                        args_.loss_gradient && IsGiven(args_.pose_target),
                        WantsEndsOfRange(args_),
                        WantsModes(args_) || SummariesNeedModes(args_),
                        args_.symmetries != nullptr,
                        args_.symmetries ? *args_.symmetries : propnp_symmetries{},
                        starts_,
                        memory_};
    MakeStarts<kDof>(inputs_, StartOptions(), slice, starts_, queue);
    FindModes(a, queue);
    if (IsMixture()) {
      DrawSamples(a, queue);
      ComputeCosts<kDof>(SamplesOf(a), queue);
      WeighSamples(a, queue);
      if (HasSecondStage()) {
        RefitProposals(a, queue);
        SamplerArgs<kDof> listed = a;
        listed.list = {slice.count, memory_.members, memory_.num_members};
        DrawSamples(listed, queue);
        ComputeCosts<kDof>(SamplesOf(listed), queue);
        WeighSamples(listed, queue);
      }
    } else {
      for (int round = 0; round < kAmisRounds; ++round) {
        DrawAmisRound(a, round, queue);
        ComputeCosts<kDof>(SamplesOf(a), queue);
        AdaptAmisRound(a, round, queue);
      }
      WeighSamples(a, queue);
    }
    const SampleOutputs outputs = OutputsOf(args_);
    if (a.wants_modes) DescendToModes(a, queue);
    DivideMass(a, queue);
    const SamplePlan plan = Plan();
    if (plan.NeedsScores()) ComputeScores<kDof>(SamplesOf(a), memory_.score, queue);
    if (plan.stein) CorrectGradientWeights(a, queue);
    const bool with_gradient = WantsPointGradient(args_);
    if (with_gradient) {
      ComputeGradient<kDof>(SamplesOf(a), outputs.points, num_tiles_, tiles_, queue);
    }
    StorePosteriors(a, outputs, num_tiles_, with_gradient ? tiles_ : nullptr, queue);
    if (WantsSummaries(args_)) StoreSummaries(a, SummariesOf(args_), summary_, queue);
  }

  // The starts draw from the sampler's seed.
  propnp_solve_options StartOptions() const {
    propnp_solve_options options = *args_.start_options;
    options.seed = args_.options->seed;
    options.seed_pointer = args_.options->seed_pointer;
    return options;
  }

  DisplacedSamples<T> SamplesOf(const SamplerArgs<kDof>& a) const {
    return {a.inputs,      a.slice,
            a.list,        memory_.num_samples,
            memory_.bases, memory_.template RecordsOf<T>(),
            memory_.cost};
  }

  const propnp_sample_args& args_;
  const Problem& problem_;
  int64_t slice_size_, num_tiles_;
  DeviceInputs<double>* inputs_;
  RandomStarts<double> starts_;
  SampleMemory<kDof> memory_;
  SummaryMemory summary_;
  GradientTile* tiles_;
};

auto Body(const propnp_sample_args& args) {
  return [&args](const Problem& problem, Arena* arena, Queue* queue) {
    VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
      Sampler<decltype(dof)::value, decltype(real)> sampler(problem, args, arena);
      if (queue) sampler.Run(queue);
    });
  };
}

// What the CPU's sampler has and this one has not.
int32_t CheckFeatures(const propnp_sample_args& args, propnp_backend_error* error) {
  if (args.options->method != PROPNP_SAMPLER_LAPLACE) return 0;
  return Refuse(Status(StatusCode::kUnavailable,
                       "the method PROPNP_SAMPLER_LAPLACE is not available on a CUDA device"),
                error);
}

}  // namespace

int32_t Sample(const propnp_sample_args* args, propnp_backend_error* error) {
  const int32_t code = CheckFeatures(*args, error);
  return code ? code : Run(*args, error, Body(*args));
}
int32_t SampleWorkspaceSize(const propnp_sample_args* args, uint64_t* bytes,
                            propnp_backend_error* error) {
  const int32_t code = CheckFeatures(*args, error);
  if (code == 0) *bytes = WorkspaceSize(*args, Body(*args));
  return code;
}

}  // namespace propnp::gpu
