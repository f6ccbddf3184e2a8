// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Adaptive multiple importance sampling (engine/amis_sampler.h), kept to compare with: a block
// draws and weighs a round of an object, one thread fits the next proposal.
#include <cmath>

#include "cuda_sampler/call.h"
#include "cuda_sampler/sampler_state.h"
#include "cuda_sampler/team_cost.h"
#include "propnp/math/quantile.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128, kStride = 7;

template <int kDof>
struct RoundArgs {
  SamplerArgs<kDof> sampler;
  int round;
};

// The random numbers of one sample: standard normals, and chi-square with three degrees.
template <int kNormals>
struct AmisNoise {
  double normals[kNormals];
  double chi_square_3;

  PROPNP_DEVICE AmisNoise(uint64_t seed, uint64_t object_id, int64_t sample) {
    constexpr int kBlocks = (kNormals + 1 + 3) / 4;
    uint32_t words[4 * kBlocks];
    for (int block = 0; block < kBlocks; ++block) {
      const auto index = static_cast<uint32_t>(sample * kBlocks + block);
      const PhiloxWords random = random_words(seed, object_id, RandomPurpose::kAmis, index);
      for (int i = 0; i < 4; ++i) words[4 * block + i] = random.word[i];
    }
    for (int i = 0; i < kNormals; ++i) {
      normals[i] = normal_quantile(symmetric_uniform<double>(words[i]));
    }
    chi_square_3 = chi_square_3_quantile(symmetric_uniform<double>(words[kNormals]));
  }
};

PROPNP_DEVICE double LogAddExp(double a, double b) {
  const double larger = max(a, b), smaller = min(a, b);
  return larger > -HUGE_VAL ? larger + std::log1p(std::exp(smaller - larger)) : larger;
}

// The covariance at a pose as the published solver gives it. False if there is none.
template <int kDof>
PROPNP_DEVICE bool PublishedCovariance(const TeamCost<kDof, double, BlockTeam>& cost,
                                       double epsilon, const double* pose, double* covariance) {
  NormalEquations<kDof, double> equations;
  cost.Evaluate(pose, Curvature::kIrls, ClampedRows::kDrop, &equations);
  for (int i = 0; i < kDof; ++i) {
    // Half the angle means four times the curvature.
    equations.curvature[i * (kDof + 1)] += kDof == 6 && i >= 3 ? epsilon / 4 : epsilon;
  }
  Cholesky<kDof, double> cholesky;
  for (int i = 0; i < kDof * kDof; ++i) covariance[i] = 0;
  if (!cholesky.factorize(equations.curvature)) return false;
  cholesky.inverse(covariance);
  return true;
}

template <typename Proposal>
PROPNP_DEVICE void DrawPose(const Proposal& proposal, uint64_t seed, uint64_t id, int64_t s, bool,
                            std::integral_constant<int, 6>, double* pose) {
  const AmisNoise<7> noise(seed, id, s);
  proposal.sample(noise.normals, noise.chi_square_3, pose);
}
template <typename Proposal>
PROPNP_DEVICE void DrawPose(const Proposal& proposal, uint64_t seed, uint64_t id, int64_t s,
                            bool uniform_yaw, std::integral_constant<int, 4>, double* pose) {
  const AmisNoise<3> noise(seed, id, s);
  const auto words = [&](uint32_t attempt) {
    return random_words(seed, id, RandomPurpose::kAmisYaw,
                        static_cast<uint32_t>(s) * kVonMisesAttempts + attempt);
  };
  proposal.sample(noise.normals, noise.chi_square_3, uniform_yaw, words, pose);
}

template <typename Proposal>
PROPNP_DEVICE int64_t UniformYaws(const Proposal&, int64_t, std::integral_constant<int, 6>) {
  return 0;
}
template <typename Proposal>
PROPNP_DEVICE int64_t UniformYaws(const Proposal& proposal, int64_t count,
                                  std::integral_constant<int, 4>) {
  return proposal.yaw().uniform_count(count);
}

template <typename Proposal>
PROPNP_DEVICE bool Refit(const double* poses, const double* weights, int64_t count,
                         std::integral_constant<int, 6>, Proposal* proposal) {
  return proposal->refit(poses, weights, count);
}
template <typename Proposal>
PROPNP_DEVICE bool Refit(const double* poses, const double* weights, int64_t count,
                         std::integral_constant<int, 4>, Proposal* proposal) {
  return proposal->refit(poses, weights, count, kStride);
}

// Draws a round and makes its samples the only ones whose costs are wanted.
template <int kDof>
PROPNP_KERNEL(kThreads)
DrawRoundKernel(RoundArgs<kDof> args) {
  constexpr std::integral_constant<int, kDof> kTag;
  const SamplerArgs<kDof>& a = args.sampler;
  const int64_t local = block_index();
  ObjectState<kDof>& state = a.memory.states[local];
  if (state.status & PROPNP_STATUS_FAILED) return;
  const BlockTeam team(shared_memory());
  if (args.round == 0) {
    DeviceObject<double> object;
    object.Resume(*a.inputs, a.Index(local), state.z_min, state.delta);
    const TeamCost<kDof, double, BlockTeam> cost(*a.inputs, object, team);
    double covariance[kDof * kDof];
    PublishedCovariance<kDof>(cost, a.start_options.epsilon, state.modes[0].pose, covariance);
    if (thread_index() == 0) {
      // Workspaces hold anything; a proposal has numbers that no fit sets.
      for (AmisProposalOf<kDof>& proposal : state.amis) proposal = AmisProposalOf<kDof>();
      if (!state.amis[0].fit(state.modes[0].pose, covariance)) {
        state.status |= PROPNP_STATUS_FELL_BACK;
      }
    }
    block_barrier();
  }
  const int64_t size = a.memory.num_samples / kAmisRounds, begin = args.round * size;
  const uint64_t seed = a.seed(), id = a.inputs->problem.ObjectId(a.Index(local));
  const AmisProposalOf<kDof>& proposal = state.amis[args.round];
  const int64_t uniform = UniformYaws(proposal, size, kTag);
  const auto& chart = state.modes[0].chart;
  DofPolicyOf<kDof, double> dof;
  if constexpr (kDof == 4) LoadFourDof(a.inputs->problem, a.Index(local), &dof);
  for (int64_t s = begin + thread_index(); s < begin + size; s += block_size()) {
    const int64_t slot = local * a.memory.num_samples + s;
    double* const pose = a.memory.pose + kStride * slot;
    DrawPose(proposal, seed, id, s, s < begin + uniform, kTag, pose);
    // As if it had been there in the rounds before.
    double log_sum = -HUGE_VAL;
    for (int before = 0; before < args.round; ++before) {
      log_sum = LogAddExp(log_sum, state.amis[before].log_density(pose));
    }
    const double rounds = args.round > 1 ? args.round : 1;
    a.memory.log_density[slot] = log_sum - std::log(rounds);
    double xi[kDof];
    chart.from_pose(dof, pose, xi);
    for (int k = 0; k < kDof; ++k) a.memory.xi[slot * kDof + k] = xi[k];
    const PivotDisplacement<double> moved = chart.displacement(xi);
    a.memory.SetDisplacement(slot, rotation_minus_identity_from_cayley(moved.theta), moved.shift);
  }
  if (thread_index() == 0) {
    a.memory.bases[local].begin[0] = static_cast<int32_t>(begin);
    a.memory.bases[local].begin[1] = static_cast<int32_t>(begin + size);
  }
}

// Weighs all samples so far and fits the proposal of the next round, unless this is the last.
template <int kDof>
PROPNP_KERNEL(kThreads)
AdaptRoundKernel(RoundArgs<kDof> args) {
  constexpr std::integral_constant<int, kDof> kTag;
  const SamplerArgs<kDof>& a = args.sampler;
  const int64_t local = block_index();
  ObjectState<kDof>& state = a.memory.states[local];
  if (state.status & PROPNP_STATUS_FAILED) return;
  const SampleMemory<kDof>& m = a.memory;
  const int64_t first = local * m.num_samples, size = m.num_samples / kAmisRounds;
  const int64_t end = (args.round + 1) * size;
  DeviceObject<double> object;
  object.Resume(*a.inputs, a.Index(local), state.z_min, state.delta);
  const auto dof = GetDof(object, kTag);
  for (int64_t s = thread_index(); s < end; s += block_size()) {
    const double* const pose = m.pose + kStride * (first + s);
    if (s >= args.round * size && object.prior.active()) {
      m.cost[first + s] += object.prior.cost(dof, pose);
    }
    double log_sum = state.amis[args.round].log_density(pose);
    if (args.round > 0) {
      log_sum = LogAddExp(log_sum, m.log_density[first + s] + std::log(double(args.round)));
    }
    m.log_density[first + s] = log_sum - std::log(args.round + 1.0);
    const double log_weight = -m.cost[first + s] - m.log_density[first + s];
    m.log_weight[first + s] = std::isfinite(log_weight) ? log_weight : -HUGE_VAL;
  }
  block_barrier();
  if (thread_index() != 0) return;
  if (args.round + 1 < kAmisRounds) {
    double* const weights = m.plain_weight + first;
    const bool weighed = normalize_log_weights(m.log_weight + first, end, weights);
    const bool fitted =
        Refit(m.pose + kStride * first, weights, end, kTag, &state.amis[args.round + 1]);
    if (!weighed || !fitted) state.status |= PROPNP_STATUS_FELL_BACK;
  } else {
    m.bases[local].begin[0] = 0;
    m.bases[local].begin[1] = static_cast<int32_t>(m.num_samples);
  }
}

}  // namespace

template <int kDof>
void DrawAmisRound(const SamplerArgs<kDof>& args, int round, Queue* queue) {
  queue->Launch("draw adaptive round", DrawRoundKernel<kDof>, args.slice.count, kThreads,
                BlockTeam::kScratchBytes, RoundArgs<kDof>{args, round});
}
template <int kDof>
void AdaptAmisRound(const SamplerArgs<kDof>& args, int round, Queue* queue) {
  queue->Launch("adapt proposal", AdaptRoundKernel<kDof>, args.slice.count, kThreads, 0,
                RoundArgs<kDof>{args, round});
}

#define PROPNP_INSTANTIATE(kDof)                                      \
  template void DrawAmisRound(const SamplerArgs<kDof>&, int, Queue*); \
  template void AdaptAmisRound(const SamplerArgs<kDof>&, int, Queue*)
PROPNP_INSTANTIATE(6);
PROPNP_INSTANTIATE(4);
#undef PROPNP_INSTANTIATE

}  // namespace propnp::gpu
