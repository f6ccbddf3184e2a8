// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/sample_expectation.h"

#include <cmath>

#include "propnp/engine/batch.h"
#include "propnp/engine/check_args.h"
#include "propnp/engine/cuda_plugin.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/sample_replay.h"
#include "propnp/engine/workspace_size.h"

namespace propnp {
namespace {

Status CheckArgs(const propnp_sample_expectation_args& a, Problem* problem) {
  PROPNP_RETURN_IF_ERROR(CheckArgsStruct("sample_expectation_args", a, a.precision));
  PROPNP_RETURN_IF_ERROR(MakeProblem(a.correspondences, a.cameras, a.cost, problem, a.device));
  const int64_t b = problem->num_objects;
  if (b == 0) return Status();
  PROPNP_RETURN_IF_ERROR(CheckSamplePose(*problem, a.sample_pose));
  const int64_t s = a.sample_pose.shape[1];
  PROPNP_RETURN_IF_ERROR(CheckTensor("sample_log_weight", a.sample_log_weight, {b, s}, false));
  PROPNP_RETURN_IF_ERROR(CheckTensor("sample_cost", a.sample_cost, {b, s}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("mean_translation", a.mean_translation, {b, 3}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("expected_cost", a.expected_cost, {b}, true));
  return CheckTensor("status", a.status, {b}, true, PROPNP_INT32);
}

template <int kDof, typename T>
struct Scratch {
  PackedObject<double> object;
  SampleReplay<kDof, T> samples;
};

template <int kDof, typename T>
auto ScratchAllocator(const Problem& problem, const propnp_sample_expectation_args& args) {
  return [&](Arena* arena) {
    return Scratch<kDof, T>{
        PackedObject<double>::Allocate(problem, arena),
        SampleReplay<kDof, T>::Allocate(problem, args.sample_pose.shape[1], arena)};
  };
}

struct Expectations {
  double mean_translation[3];
  double expected_cost;
};

// Fills `result` and the scratch's costs; returns the status.
template <int kDof, typename T>
uint32_t ExpectObject(const Problem& problem, const propnp_sample_expectation_args& args,
                      int64_t index, const PreparedCamera<double>* cameras,
                      Scratch<kDof, T>* scratch, Expectations* result) {
  PackedObject<double>& object = scratch->object;
  SampleReplay<kDof, T>& samples = scratch->samples;
  object.Gather(problem, cameras, index);
  if (object.status) return object.status;
  if (!samples.LoadPoses(args.sample_pose, index) ||
      !samples.LoadWeights(args.sample_log_weight, index)) {
    return PROPNP_STATUS_NON_FINITE_INPUT;
  }
  samples.ChooseBases(object, [&](int64_t s) { return samples.weight(s); });
  samples.EvaluateCosts(ObjectCost<kDof, double>(object));
  for (int k = 0; k < 3; ++k) {
    result->mean_translation[k] =
        samples.Expectation([&](int64_t s) { return samples.pose(s)[k]; });
  }
  result->expected_cost = samples.Expectation([&](int64_t s) { return samples.cost(s); });
  for (int64_t s = 0; s < samples.num_samples(); ++s) {
    if (std::isnan(samples.cost(s))) return PROPNP_STATUS_NON_FINITE_INPUT;
  }
  const bool fits = AllWithin(result->mean_translation, 3, LargestOf(args.mean_translation)) &&
                    AllWithin(&result->expected_cost, 1, LargestOf(args.expected_cost));
  return fits ? 0 : PROPNP_STATUS_NON_FINITE_INPUT;
}

template <int kDof, typename T>
void StoreExpectations(const propnp_sample_expectation_args& args, int64_t index,
                       const SampleReplay<kDof, T>& samples, const Expectations& result,
                       uint32_t status) {
  const Expectations& e = status ? Expectations{} : result;
  StoreRow(args.mean_translation, index, e.mean_translation, 3);
  StoreAt(args.expected_cost, index, e.expected_cost);
  StoreAt(args.status, index, static_cast<int32_t>(status));
  if (!IsGiven(args.sample_cost)) return;
  const propnp_tensor row = RowsOfObject(args.sample_cost, index);
  const double largest = LargestOf(row);
  for (int64_t s = 0; s < samples.num_samples(); ++s) {
    const double cost = status ? 0 : samples.cost(s);
    StoreAt(row, s, cost <= largest ? cost : HUGE_VAL);
  }
}

}  // namespace

Status SampleExpectationWorkspaceSize(const Context& context,
                                      const propnp_sample_expectation_args& args, uint64_t* bytes) {
  const auto on_cpu = [&](const Problem& problem) {
    return VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
      using T = decltype(real);
      return BatchLayout<double>(problem, context.num_threads(),
                                 ScratchAllocator<dof, T>(problem, args))
          .total_bytes();
    });
  };
  return FindWorkspaceSize(args, CheckArgs, &propnp_backend::sample_expectation_workspace_size,
                           on_cpu, bytes);
}

Status SampleExpectation(Context& context, const propnp_sample_expectation_args& args) {
  Problem problem;
  PROPNP_RETURN_IF_ERROR(CheckArgs(args, &problem));
  if (IsOnDevice(args)) return RunOnDevice(&propnp_backend::sample_expectation, args);
  if (problem.num_objects == 0) return Status();
  return VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
    using T = decltype(real);
    return RunBatch<double>(
        context, problem, args.workspace, args.workspace_size,
        ScratchAllocator<dof, T>(problem, args),
        [&](int64_t index, const PreparedCamera<double>* cameras, Scratch<dof, T>* scratch) {
          Expectations result = {};
          const uint32_t status = ExpectObject(problem, args, index, cameras, scratch, &result);
          StoreExpectations(args, index, scratch->samples, result, status);
        });
  });
}

}  // namespace propnp
