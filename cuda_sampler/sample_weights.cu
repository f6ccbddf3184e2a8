// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// From the costs of samples to weights, evidence and diagnostics: a block an object.
#include <cmath>

#include "cuda_sampler/block_control_variates.h"
#include "cuda_sampler/block_prefix_sum.h"
#include "cuda_sampler/block_sort.h"
#include "cuda_sampler/block_worker.h"
#include "cuda_sampler/call.h"
#include "cuda_sampler/pareto_tail.h"
#include "cuda_sampler/team_cost.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128;
constexpr int64_t kLeastParetoSamples = 25;

// M of engine/pareto_smoothing.h.
PROPNP_DEVICE int64_t ParetoTailCount(int64_t num_samples) {
  if (num_samples < kLeastParetoSamples) return 0;
  const double s = static_cast<double>(num_samples);
  return static_cast<int64_t>(std::ceil(min(s / 5, 3 * sqrt(s))));
}

template <int kDof>
class Weigher {
 public:
  using Variates = BlockControlVariates<kDof>;
  using Scratch = typename Variates::Scratch;

  PROPNP_DEVICE Weigher(const SamplerArgs<kDof>& args, int64_t local, const BlockTeam& team,
                        Scratch* scratch)
      : args_(args),
        memory_(args.memory),
        local_(local),
        first_(local * args.memory.num_samples),
        count_(args.memory.num_samples),
        state_(args.memory.states[local]),
        team_(team),
        scratch_(scratch) {}

  PROPNP_DEVICE void Run() {
    double log_evidence = 0, variance = 0, ess = 0;
    bool fell_back = false;
    if (Normalize(&log_evidence, &variance, &ess)) {
      const bool mixture = args_.options.method <= PROPNP_SAMPLER_MIXTURE_MC;
      if (args_.options.control_variates && mixture) {
        fell_back = !Correct(&log_evidence, &variance);
      }
      const double khat = Khat();
      FillCumulative();
      if (thread_index() == 0) {
        state_.log_evidence = log_evidence;
        state_.relative_variance = variance;
        memory_.bases[local_].wants_scores =
            args_.ends_of_range || (variance > kSteinError * kSteinError && !PriorJumps());
        state_.ess = ess;
        state_.khat = khat;
        state_.wants_refit = mixture && state_.stage == 0 && ess < args_.options.second_stage_ess;
        const uint32_t bit = PROPNP_STATUS_FELL_BACK;
        if (mixture) state_.status &= ~bit;
        if (fell_back) state_.status |= bit;
      }
    } else if (thread_index() == 0) {
      state_.status |= PROPNP_STATUS_NON_FINITE_INPUT;
      state_.wants_refit = 0;
      memory_.bases[local_].active = 0;
    }
  }

 private:
  // A density that ends abruptly has no Stein control variates.
  PROPNP_DEVICE bool PriorJumps() const {
    PriorDensity<double> prior;
    LoadPrior(args_.inputs->problem, args_.Index(local_), &prior);
    return prior.jumps(DofPolicy<kDof>());
  }

  // Adds the prior to the costs and normalises the weights. False if no sample has weight.
  PROPNP_DEVICE bool Normalize(double* log_evidence, double* variance, double* ess) {
    DeviceObject<double> object;
    object.Resume(*args_.inputs, args_.Index(local_), state_.z_min, state_.delta);
    const auto dof = GetDof(object, std::integral_constant<int, kDof>());
    // Adaptive sampling has added the prior round by round.
    const bool add_prior = object.prior.active() && args_.options.method != PROPNP_SAMPLER_AMIS;
    double highest = -HUGE_VAL;
    for (int64_t s = first_ + team_.rank(); s < first_ + count_; s += team_.size()) {
      if (add_prior) memory_.cost[s] += object.prior.cost(dof, memory_.pose + 7 * s);
      const double log_weight = -memory_.cost[s] - memory_.log_density[s];
      memory_.log_weight[s] = std::isfinite(log_weight) ? log_weight : -HUGE_VAL;
      highest = max(highest, memory_.log_weight[s]);
    }
    highest = team_.max(highest);
    if (!std::isfinite(highest)) return false;
    // What lies lower is nothing, squared even less.
    const double least = highest - 700;
    double sum = 0;
    for (int64_t s = first_ + team_.rank(); s < first_ + count_; s += team_.size()) {
      const bool counts = memory_.log_weight[s] >= least;
      memory_.plain_weight[s] = counts ? std::exp(memory_.log_weight[s] - highest) : 0;
      sum += memory_.plain_weight[s];
    }
    sum = team_.sum(sum);
    double squares = 0;
    for (int64_t s = first_ + team_.rank(); s < first_ + count_; s += team_.size()) {
      const double weight = memory_.plain_weight[s] / sum;
      memory_.plain_weight[s] = memory_.gradient_weight[s] = weight;
      memory_.SetRecordWeight(s, -weight);
      squares += weight * weight;
    }
    squares = team_.sum(squares);
    const double n = static_cast<double>(count_);
    *log_evidence = highest + std::log(sum / n);
    *variance = squares - 1 / n;
    *ess = 1 / (squares * n);
    team_.barrier();
    return true;
  }

  // Corrects evidence and gradient weights by control variates. False, and nothing is changed, if
  // the correction is so large that it cannot be trusted.
  PROPNP_DEVICE bool Correct(double* log_evidence, double* variance) {
    Variates variates(memory_, local_, scratch_);
    if (!variates.Fit()) return true;
    double ratio = 0, squares = 0;
    for (int64_t s = team_.rank(); s < count_; s += team_.size()) {
      double coefficient, fitted;
      variates.At(s, &coefficient, &fitted);
      const double value = variates.Value(s);
      const double residual = coefficient * (value - fitted);
      ratio += coefficient * value;
      squares += residual * residual;
      memory_.gradient_weight[first_ + s] = coefficient * value;
    }
    ratio = team_.sum(ratio);
    squares = team_.sum(squares);
    const bool trusted = ratio > 0.2 && ratio < 5;
    for (int64_t s = first_ + team_.rank(); s < first_ + count_; s += team_.size()) {
      const double weight = trusted ? memory_.gradient_weight[s] / ratio : memory_.plain_weight[s];
      memory_.gradient_weight[s] = weight;
      memory_.SetRecordWeight(s, -weight);
    }
    if (!trusted) return false;
    *log_evidence += std::log(ratio);
    // Fitted residuals are smaller than true ones.
    const double rows = static_cast<double>(count_);
    *variance = squares * rows / max(rows - variates.num_columns(), 1.0) / (ratio * ratio);
    return true;
  }

  PROPNP_DEVICE double Khat() {
    const int64_t tail = ParetoTailCount(count_);
    if (tail == 0) return std::numeric_limits<double>::infinity();
    double* const sorted = memory_.scratch + local_ * memory_.sort_size;
    int32_t* const items = memory_.order + local_ * memory_.sort_size;
    team_.barrier();
    for (int64_t k = team_.rank(); k < memory_.sort_size; k += team_.size()) {
      sorted[k] = k < count_ ? memory_.log_weight[first_ + k] : -HUGE_VAL;
      items[k] = static_cast<int32_t>(k);
    }
    BlockSort(sorted, items, memory_.sort_size);
    return BlockParetoKhat(sorted + memory_.sort_size - tail - 1, tail, team_);
  }

  // The sums of the plain weights up to each sample, in the scratch.
  PROPNP_DEVICE void FillCumulative() {
    double* const runs = &scratch_->tile.columns[0][0];  // as many numbers as there are threads
    BlockPrefixSum(
        count_, [&](int64_t s) { return memory_.plain_weight[first_ + s]; }, runs,
        memory_.scratch + local_ * memory_.sort_size);
  }

  const SamplerArgs<kDof>& args_;
  const SampleMemory<kDof>& memory_;
  const int64_t local_, first_, count_;
  ObjectState<kDof>& state_;
  const BlockTeam team_;
  Scratch* const scratch_;
};

template <int kDof>
PROPNP_KERNEL(kThreads)
WeighKernel(SamplerArgs<kDof> args) {
  const int64_t local = args.list.Member(block_index());
  if (local < 0 || (args.memory.states[local].status & PROPNP_STATUS_FAILED)) return;
  RunWorker<Weigher<kDof>>(args, local);
}

}  // namespace

template <int kDof>
void WeighSamples(const SamplerArgs<kDof>& args, Queue* queue) {
  queue->Launch("weigh samples", WeighKernel<kDof>, args.slice.count, kThreads,
                SharedBytesOf<Weigher<kDof>>(), args);
}

#define PROPNP_INSTANTIATE(kDof) template void WeighSamples(const SamplerArgs<kDof>&, Queue*)
PROPNP_INSTANTIATE(6);
PROPNP_INSTANTIATE(4);
#undef PROPNP_INSTANTIATE

}  // namespace propnp::gpu
