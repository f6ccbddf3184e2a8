// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Costs of kept samples and expectations over them: a block an object.
#include <cmath>

#include "cuda_sampler/call.h"
#include "cuda_sampler/operations.h"
#include "cuda_sampler/replay.h"
#include "cuda_sampler/team_cost.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128;

template <typename T>
struct ExpectationArgs {
  ReplayArgs<T> replay;
  propnp_tensor sample_cost, mean_translation, expected_cost, status;
};

template <int kDof, typename T>
PROPNP_KERNEL(kThreads)
ExpectationKernel(ExpectationArgs<T> args) {
  const ReplayMemory<T>& m = args.replay.memory;
  const int64_t local = block_index(), index = args.replay.slice.first + local;
  const int64_t first = local * m.num_samples;
  const BlockTeam team(shared_memory());
  uint32_t status = m.status[local];
  double sums[4] = {};
  if (status == 0) {
    DeviceObject<double> object;
    object.Resume(*args.replay.inputs, index, m.bases[local].z_min, m.bases[local].delta);
    const auto dof = GetDof(object, std::integral_constant<int, kDof>());
    bool nan = false;
    for (int64_t k = team.rank(); k < m.num_samples; k += team.size()) {
      const int64_t s = m.order[first + k];
      const double* const pose = m.pose + 7 * (first + s);
      double cost = m.cost[first + k];
      if (object.prior.active()) cost += object.prior.cost(dof, pose);
      m.cost[first + k] = cost;
      nan = nan || std::isnan(cost);
      const double weight = m.weight[first + s];
      for (int i = 0; weight > 0 && i < 3; ++i) sums[i] += weight * pose[i];
      if (weight > 0) sums[3] += weight * cost;
    }
    for (double& sum : sums) sum = team.sum(sum);
    bool fits = !team.any(nan) && std::fabs(sums[3]) <= LargestOf(args.expected_cost);
    for (int i = 0; i < 3; ++i)
      fits = fits && std::fabs(sums[i]) <= LargestOf(args.mean_translation);
    if (!fits) status = PROPNP_STATUS_NON_FINITE_INPUT;
  }
  const propnp_tensor& t = args.sample_cost;
  const double largest = LargestOf(t);
  for (int64_t k = team.rank(); IsGiven(t) && k < m.num_samples; k += team.size()) {
    const int64_t s = status ? k : m.order[first + k];
    const double cost = status ? 0 : m.cost[first + k];
    Store(t, index * t.stride[0] + s * t.stride[1], cost <= largest ? cost : HUGE_VAL);
  }
  if (thread_index() != 0) return;
  for (double& sum : sums) sum = status ? 0 : sum;
  StoreRow(args.mean_translation, index, sums, 3);
  StoreAt(args.expected_cost, index, sums[3]);
  StoreAt(args.status, index, static_cast<int32_t>(status));
}

template <int kDof, typename T>
void RunSlices(const Problem& problem, const propnp_sample_expectation_args& a, Arena* arena,
               Queue* queue) {
  const int64_t samples = a.sample_pose.shape[1];
  Arena one;
  ReplayMemory<T>::Allocate(1, samples, &one);
  const int64_t slice_size = SliceSize(problem.num_objects, static_cast<int64_t>(one.used()));
  DeviceInputs<double>* const inputs = AllocateInputs<double>(problem, arena);
  const auto memory = ReplayMemory<T>::Allocate(slice_size, samples, arena);
  if (!queue) return;
  StoreInputs(problem, inputs, queue);
  ForEachSlice(problem.num_objects, slice_size, [&](const ObjectSlice& slice) {
    const ReplayArgs<T> replay{inputs, slice, a.sample_pose, a.sample_log_weight, {}, 1, memory};
    PrepareReplay<kDof>(replay, queue);
    ComputeCosts<kDof>(SamplesOf(replay), queue);
    queue->Launch(
        "expectations", ExpectationKernel<kDof, T>, slice.count, kThreads, BlockTeam::kScratchBytes,
        ExpectationArgs<T>{replay, a.sample_cost, a.mean_translation, a.expected_cost, a.status});
  });
}

auto Body(const propnp_sample_expectation_args& args) {
  return [&args](const Problem& problem, Arena* arena, Queue* queue) {
    VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
      RunSlices<decltype(dof)::value, decltype(real)>(problem, args, arena, queue);
    });
  };
}

}  // namespace

int32_t SampleExpectation(const propnp_sample_expectation_args* args, propnp_backend_error* error) {
  return Run(*args, error, Body(*args));
}
int32_t SampleExpectationWorkspaceSize(const propnp_sample_expectation_args* args, uint64_t* bytes,
                                       propnp_backend_error*) {
  *bytes = WorkspaceSize(*args, Body(*args));
  return 0;
}

}  // namespace propnp::gpu
