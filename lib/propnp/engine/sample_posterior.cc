// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/sample_posterior.h"

#include "propnp/engine/batch.h"
#include "propnp/engine/check_args.h"
#include "propnp/engine/cuda_plugin.h"
#include "propnp/engine/object_sampler.h"
#include "propnp/engine/posterior_output.h"
#include "propnp/engine/solve_options.h"
#include "propnp/engine/workspace_size.h"

namespace propnp {
namespace {

Status CheckOptions(const propnp_sample_options* options) {
  if (!options) return Status::InvalidArgument("options is null");
  PROPNP_RETURN_IF_ERROR(CheckStructSize("options", *options));
  PROPNP_RETURN_IF_ERROR(CheckSeedPointer(options->seed_pointer));
  if (options->method < PROPNP_SAMPLER_MIXTURE || options->method > PROPNP_SAMPLER_LAPLACE) {
    return Status::InvalidArgument("options.method is " + std::to_string(options->method) +
                                   ", expected 0 to 3");
  }
  if (options->num_samples < 32 || options->num_samples > (1 << 20)) {
    return Status::InvalidArgument("options.num_samples is " +
                                   std::to_string(options->num_samples) +
                                   ", expected 32 to 1048576");
  }
  if (options->method == PROPNP_SAMPLER_AMIS && options->num_samples % kAmisRounds != 0) {
    return Status::InvalidArgument("options.num_samples is " +
                                   std::to_string(options->num_samples) +
                                   ", expected a multiple of 4, the rounds of PROPNP_SAMPLER_AMIS");
  }
  if (!(options->second_stage_ess >= 0 && options->second_stage_ess <= 1)) {
    return Status::InvalidArgument("options.second_stage_ess is " +
                                   std::to_string(options->second_stage_ess) + ", expected 0 to 1");
  }
  return Status();
}

Status CheckOutputs(const Problem& problem, const propnp_sample_args& a) {
  const int64_t b = problem.num_objects, d = problem.dof(), p = problem.pose_size();
  const int64_t s = a.options->num_samples;
  for (const auto& [name, tensor] : {std::make_pair("log_evidence", &a.log_evidence),
                                     {"standard_error", &a.standard_error},
                                     {"ess", &a.ess},
                                     {"khat", &a.khat},
                                     {"cost_target", &a.cost_target},
                                     {"grad_delta", &a.grad_delta},
                                     {"grad_relative_delta", &a.grad_relative_delta}}) {
    PROPNP_RETURN_IF_ERROR(CheckTensor(name, *tensor, {b}, true));
  }
  PROPNP_RETURN_IF_ERROR(CheckTensor("pose_target", a.pose_target, {b, p}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("pose", a.pose, {b, p}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("mode_count", a.mode_count, {b}, true, PROPNP_INT32));
  PROPNP_RETURN_IF_ERROR(CheckTensor("status", a.status, {b}, true, PROPNP_INT32));
  PROPNP_RETURN_IF_ERROR(CheckTensor("mode_pose", a.mode_pose, {b, -1, p}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("mode_covariance", a.mode_covariance, {b, -1, d, d}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("mode_probability", a.mode_probability, {b, -1}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("mode_cost", a.mode_cost, {b, -1}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("sample_pose", a.sample_pose, {b, s, p}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("sample_log_weight", a.sample_log_weight, {b, s}, true));
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(problem, "grad_x3d", a.grad_x3d, {3}, true));
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(problem, "grad_x2d", a.grad_x2d, {2}, true));
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(problem, "grad_w2d", a.grad_w2d, {2}, true));
  PROPNP_RETURN_IF_ERROR(
      CheckPointTensor(problem, "grad_sqrt_info", a.grad_sqrt_info, {2, 2}, true));
  const bool information = IsGiven(problem.correspondences->sqrt_info);
  if (information && IsGiven(a.grad_w2d)) {
    return Status::InvalidArgument("grad_w2d is given, but the weights came as sqrt_info");
  }
  if (!information && IsGiven(a.grad_sqrt_info)) {
    return Status::InvalidArgument("grad_sqrt_info is given, but sqrt_info is not");
  }
  PROPNP_RETURN_IF_ERROR(PriorGradientTensors(a).Check(problem, kSamplePriorNames, false));
  return CheckSummaries(problem, a);
}

Status CheckArgs(const propnp_sample_args& a, Problem* problem) {
  PROPNP_RETURN_IF_ERROR(CheckArgsStruct("sample_args", a, a.precision));
  PROPNP_RETURN_IF_ERROR(CheckOptions(a.options));
  PROPNP_RETURN_IF_ERROR(CheckSolveOptions(a.start_options));
  PROPNP_RETURN_IF_ERROR(MakeProblem(a.correspondences, a.cameras, a.cost, problem, a.device));
  if (a.loss_gradient && !IsGiven(a.pose_target)) {
    return Status::InvalidArgument("loss_gradient is set, but pose_target is not given");
  }
  if (problem->num_objects == 0) return Status();
  PROPNP_RETURN_IF_ERROR(CheckSymmetries(*problem, a.symmetries));
  return CheckOutputs(*problem, a);
}

template <int kDof, typename T>
auto ScratchAllocator(const Problem& problem, const propnp_sample_args& args) {
  return [&](Arena* arena) { return SamplerScratch<kDof, T>::Allocate(problem, args, arena); };
}

}  // namespace

Status SamplePosteriorWorkspaceSize(const Context& context, const propnp_sample_args& args,
                                    uint64_t* bytes) {
  const auto on_cpu = [&](const Problem& problem) {
    return VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
      using T = decltype(real);
      return BatchLayout<double>(problem, context.num_threads(),
                                 ScratchAllocator<dof, T>(problem, args))
          .total_bytes();
    });
  };
  return FindWorkspaceSize(args, CheckArgs, &propnp_backend::sample_workspace_size, on_cpu, bytes);
}

Status SamplePosterior(Context& context, const propnp_sample_args& args) {
  Problem problem;
  PROPNP_RETURN_IF_ERROR(CheckArgs(args, &problem));
  if (IsOnDevice(args)) return RunOnDevice(&propnp_backend::sample, args);
  if (problem.num_objects == 0) return Status();
  return VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
    using T = decltype(real);
    return RunBatch<double>(
        context, problem, args.workspace, args.workspace_size,
        ScratchAllocator<dof, T>(problem, args),
        [&](int64_t index, const PreparedCamera<double>* cameras, SamplerScratch<dof, T>* scratch) {
          ObjectSampler<dof, T> sampler(problem, args, cameras, index, scratch);
          sampler.Run();
          StorePosterior(problem, args, index, sampler.result(), *scratch);
        });
  });
}

}  // namespace propnp
