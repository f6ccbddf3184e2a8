// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Moments, quantiles, regions of highest density and draws: a block an object.
#include <cmath>
#include <limits>

#include "cuda_sampler/block_prefix_sum.h"
#include "cuda_sampler/block_sort.h"
#include "cuda_sampler/call.h"
#include "cuda_sampler/sample_summary.h"
#include "cuda_sampler/team_cost.h"
#include "propnp/engine/sample_wants.h"
#include "propnp/engine/store_row.h"
#include "propnp/math/systematic_draw.h"
#include "propnp/math/weighted_quantile.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128;

template <int kDof>
struct SummaryArgs {
  SamplerArgs<kDof> sampler;
  SummaryOutputs to;
  SummaryMemory memory;
};

template <int kDof>
class Summarizer {
  static constexpr int kStorage = DofPolicy<kDof>::kStorage;
  using Moments = PoseMoments<DofPolicy<kDof>>;
  using Sums = StepSums<DofPolicy<kDof>>;

 public:
  // `runs` is shared memory for a number of each thread.
  PROPNP_DEVICE Summarizer(const SummaryArgs<kDof>& args, int64_t local, const BlockTeam& team,
                           double* runs)
      : args_(args.sampler),
        to_(args.to),
        samples_(args.sampler.memory),
        memory_(args.memory),
        local_(local),
        index_(args.sampler.Index(local)),
        first_(local * args.sampler.memory.num_samples),
        count_(args.sampler.memory.num_samples),
        state_(args.sampler.memory.states[local]),
        team_(team),
        runs_(runs) {}

  PROPNP_DEVICE void Run() const {
    DeviceObject<double> object;
    object.Resume(*args_.inputs, index_, state_.z_min, state_.delta);
    const auto dof = GetDof(object, std::integral_constant<int, kDof>());
    const ObjectSymmetries<kDof> symmetries = args_.SymmetriesOf(local_, dof);
    WriteDraws();  // first: sorting takes the place of the weights' sums
    const double* const poses = FoldSamples(symmetries);
    WriteMoments(dof, poses);
    WriteModeMoments(dof, symmetries, poses);
    WriteQuantiles(dof, poses);
    WriteRegions();
  }

  PROPNP_DEVICE void Clear() const {
    constexpr double kZeros[kDof * kDof > 7 ? kDof * kDof : 7] = {};
    if (team_.rank() == 0) {
      StoreRow(to_.mean_pose, index_, kZeros, kStorage);
      StoreMatrix(to_.covariance, index_, kZeros, kDof);
      for (int m = 0; m < PROPNP_MAX_MODES; ++m) {
        StoreRowOf(to_.mode_mean, index_, m, kZeros, kStorage);
        StoreMatrixOf(to_.mode_moment_covariance, index_, m, kZeros, kDof);
      }
    }
    ForEachRow(to_.quantiles,
               [&](int64_t q) { StoreRowOf(to_.quantiles, index_, q, kZeros, kDof); });
    ForEachRow(to_.region_log_density,
               [&](int64_t r) { StoreRowOf(to_.region_log_density, index_, r, kZeros, 1); });
    ForEachRow(to_.draws, [&](int64_t k) { StoreRowOf(to_.draws, index_, k, kZeros, kStorage); });
  }

 private:
  PROPNP_DEVICE const PosteriorMode<kDof>& ModeInOrder(int rank) const {
    return state_.modes[state_.mode_order[rank]];
  }
  PROPNP_DEVICE double Weight(int64_t s) const { return samples_.plain_weight[first_ + s]; }
  PROPNP_DEVICE const double* Pose(int64_t s) const { return samples_.pose + 7 * (first_ + s); }

  // The threads share the rows of a tensor (B, rows, ..).
  template <typename Visit>
  PROPNP_DEVICE void ForEachRow(const propnp_tensor& t, const Visit& visit) const {
    for (int64_t row = team_.rank(); HasRow(t, row); row += team_.size()) visit(row);
  }

  // Poses of moments and quantiles: the samples, or their images nearest to the first mode.
  PROPNP_DEVICE const double* FoldSamples(const ObjectSymmetries<kDof>& symmetries) const {
    if (symmetries.empty() || !memory_.folded) return Pose(0);
    double* const folded = memory_.folded + 7 * first_;
    for (int64_t s = team_.rank(); s < count_; s += team_.size()) {
      symmetries.Nearest(ModeInOrder(0).pose, Pose(s), folded + 7 * s);
    }
    team_.barrier();
    return folded;
  }

  // Of the poses that for_each_pose(add) gives to add(pose, weight), each thread its own.
  template <typename ForEachPose>
  PROPNP_DEVICE void ComputeMoments(const DofPolicy<kDof>& dof, const double* start,
                                    const ForEachPose& for_each_pose, Moments* moments) const {
    const auto sum_steps = [&](const double* mean, Sums* sums) {
      for_each_pose([&](const double* pose, double weight) { sums->add(dof, mean, pose, weight); });
      for (double& s : sums->step) s = team_.sum(s);
      for (double& p : sums->product) p = team_.sum(p);
    };
    compute_moments(dof, start, sum_steps, moments);
  }

  PROPNP_DEVICE void MomentsOfAll(const DofPolicy<kDof>& dof, const double* poses,
                                  Moments* moments) const {
    const auto for_each_pose = [&](const auto& add) {
      for (int64_t s = team_.rank(); s < count_; s += team_.size()) {
        if (Weight(s) > 0) add(poses + 7 * s, Weight(s));
      }
    };
    ComputeMoments(dof, ModeInOrder(0).pose, for_each_pose, moments);
  }

  PROPNP_DEVICE void WriteMoments(const DofPolicy<kDof>& dof, const double* poses) const {
    if (!IsGiven(to_.mean_pose) && !IsGiven(to_.covariance)) return;
    Moments moments;
    MomentsOfAll(dof, poses, &moments);
    if (team_.rank() != 0) return;
    StoreRow(to_.mean_pose, index_, moments.mean, kStorage);
    StoreMatrix(to_.covariance, index_, moments.covariance, kDof);
  }

  PROPNP_DEVICE void WriteModeMoments(const DofPolicy<kDof>& dof,
                                      const ObjectSymmetries<kDof>& symmetries,
                                      const double* poses) const {
    for (int rank = 0; rank < PROPNP_MAX_MODES; ++rank) {
      if (!HasRow(to_.mode_mean, rank) && !HasRow(to_.mode_moment_covariance, rank)) return;
      Moments moments = {};
      if (rank < state_.num_reported) {
        if (rank == 0 && state_.num_basin_samples == 0) {
          MomentsOfAll(dof, poses, &moments);
        } else {
          MomentsOfBasin(dof, symmetries, rank, &moments);
        }
      }
      if (team_.rank() != 0) continue;
      StoreRowOf(to_.mode_mean, index_, rank, moments.mean, kStorage);
      StoreMatrixOf(to_.mode_moment_covariance, index_, rank, moments.covariance, kDof);
    }
  }

  // A basin in which no draw has ended keeps its mode and no extent.
  PROPNP_DEVICE void MomentsOfBasin(const DofPolicy<kDof>& dof,
                                    const ObjectSymmetries<kDof>& symmetries, int rank,
                                    Moments* moments) const {
    const double* const mode_pose = ModeInOrder(rank).pose;
    int count = 0;
    for (int k = 0; k < state_.num_basin_samples; ++k) {
      count += state_.basins[k] == state_.mode_order[rank];
    }
    const double weight = 1.0 / (count > 0 ? count : 1);
    const auto for_each_pose = [&](const auto& add) {
      for (int k = team_.rank(); k < state_.num_basin_samples; k += team_.size()) {
        if (state_.basins[k] != state_.mode_order[rank]) continue;
        double pose[7];
        symmetries.Nearest(mode_pose, Pose(state_.basin_samples[k]), pose);
        add(pose, weight);
      }
    };
    ComputeMoments(dof, mode_pose, for_each_pose, moments);
  }

  // Sorts the samples by numbers key(s) and sums up their weights in that order; returns how many
  // have weight.
  template <typename Key>
  PROPNP_DEVICE int64_t SortWeighted(const Key& key) const {
    double* const keys = samples_.scratch + local_ * samples_.sort_size;
    int32_t* const items = samples_.order + local_ * samples_.sort_size;
    int64_t weighted = 0;
    team_.barrier();
    // What has no weight comes last.
    for (int64_t s = team_.rank(); s < samples_.sort_size; s += team_.size()) {
      const bool counts = s < count_ && Weight(s) > 0;
      keys[s] = counts ? key(s) : std::numeric_limits<double>::infinity();
      items[s] = static_cast<int32_t>(s);
      weighted += counts;
    }
    weighted = team_.sum(weighted);
    BlockSort(keys, items, samples_.sort_size);
    BlockPrefixSum(
        weighted, [&](int64_t k) { return Weight(items[k]); }, runs_, memory_.cumulative + first_);
    return weighted;
  }

  // Of sorted samples; not a number where the level is none.
  PROPNP_DEVICE double Quantile(int64_t weighted, double level) const {
    if (!(level >= 0 && level <= 1)) return std::numeric_limits<double>::quiet_NaN();
    const double* const keys = samples_.scratch + local_ * samples_.sort_size;
    const int32_t* const items = samples_.order + local_ * samples_.sort_size;
    const double* const cumulative = memory_.cumulative + first_;
    return weighted_quantile(
        weighted, level, [&](int64_t k) { return keys[k]; },
        [&](int64_t k) { return Weight(items[k]); }, [&](int64_t k) { return cumulative[k]; });
  }

  PROPNP_DEVICE void WriteQuantiles(const DofPolicy<kDof>& dof, const double* poses) const {
    const propnp_tensor& out = to_.quantiles;
    for (int i = 0; IsGiven(out) && i < kDof; ++i) {
      const int64_t weighted = SortWeighted([&](int64_t s) {
        double step[kDof];
        step_between(dof, ModeInOrder(0).pose, poses + 7 * s, step);
        return step[i];
      });
      ForEachRow(out, [&](int64_t q) {
        Store(out, index_ * out.stride[0] + q * out.stride[1] + i * out.stride[2],
              Quantile(weighted, LoadAt<double>(to_.quantile_levels, q)));
      });
    }
  }

  // The share p of the mass with the highest density lies above the density's quantile 1 - p, which
  // is the cost's quantile p.
  PROPNP_DEVICE void WriteRegions() const {
    const propnp_tensor& out = to_.region_log_density;
    if (!IsGiven(out)) return;
    const int64_t weighted = SortWeighted([&](int64_t s) { return samples_.cost[first_ + s]; });
    ForEachRow(out, [&](int64_t r) {
      const double log_density =
          -Quantile(weighted, LoadAt<double>(to_.region_shares, r)) - state_.log_evidence;
      StoreRowOf(out, index_, r, &log_density, 1);
    });
  }

  PROPNP_DEVICE void WriteDraws() const {
    const propnp_tensor& out = to_.draws;
    if (!IsGiven(out)) return;
    const int64_t draws = out.shape[1];
    const uint64_t id = args_.inputs->problem.ObjectId(index_);
    int32_t* const chosen = memory_.chosen + local_ * draws;
    const double offset = draw_offset(args_.seed(), id);
    ForEachRow(out, [&](int64_t k) {
      chosen[k] = SampleAt(static_cast<double>(k) + offset, static_cast<double>(draws));
    });
    team_.barrier();
    if (team_.rank() == 0) shuffle_draws(args_.seed(), id, draws, chosen);
    team_.barrier();
    ForEachRow(out, [&](int64_t k) { StoreRowOf(out, index_, k, Pose(chosen[k]), kStorage); });
  }

  // The first sample at which the weights' sums, of which there are `draws` in all, are above
  // `place`. The sums of different threads' runs may differ by rounding: none without weight is
  // taken.
  PROPNP_DEVICE int32_t SampleAt(double place, double draws) const {
    const double* const sums = samples_.scratch + local_ * samples_.sort_size;
    int64_t low = 0, high = count_ - 1;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (sums[middle] * draws > place) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    while (low > 0 && !(Weight(low) > 0)) --low;
    while (low < count_ - 1 && !(Weight(low) > 0)) ++low;
    return static_cast<int32_t>(low);
  }

  const SamplerArgs<kDof>& args_;
  const SummaryOutputs& to_;
  const SampleMemory<kDof>& samples_;
  const SummaryMemory& memory_;
  const int64_t local_, index_, first_, count_;
  const ObjectState<kDof>& state_;
  const BlockTeam team_;
  double* const runs_;
};

template <int kDof>
PROPNP_KERNEL(kThreads)
SummaryKernel(PROPNP_ARGUMENT SummaryArgs<kDof> args) {
  double* const runs = reinterpret_cast<double*>(shared_memory());
  const BlockTeam team(runs + kThreads);
  const Summarizer<kDof> summarizer(args, block_index(), team, runs);
  if (args.sampler.memory.states[block_index()].status & PROPNP_STATUS_FAILED) {
    summarizer.Clear();
  } else {
    summarizer.Run();
  }
}

}  // namespace

SummaryMemory SummaryMemory::Allocate(int64_t slice, const propnp_sample_args& args, Arena* arena) {
  const int64_t all = slice * args.options->num_samples;
  const bool folds = args.symmetries && SummariesNeedModes(args);
  const bool sorts = IsGiven(args.quantiles) || IsGiven(args.region_log_density);
  SummaryMemory m = {};
  if (folds) m.folded = arena->Take<double>(7 * all);
  if (sorts) m.cumulative = arena->Take<double>(all);
  if (IsGiven(args.draws)) m.chosen = arena->Take<int32_t>(slice * args.draws.shape[1]);
  return m;
}

template <int kDof>
void StoreSummaries(const SamplerArgs<kDof>& args, const SummaryOutputs& outputs,
                    const SummaryMemory& memory, Queue* queue) {
  queue->Launch("summaries", SummaryKernel<kDof>, args.slice.count, kThreads,
                kThreads * sizeof(double) + BlockTeam::kScratchBytes,
                SummaryArgs<kDof>{args, outputs, memory});
}

template void StoreSummaries(const SamplerArgs<6>&, const SummaryOutputs&, const SummaryMemory&,
                             Queue*);
template void StoreSummaries(const SamplerArgs<4>&, const SummaryOutputs&, const SummaryMemory&,
                             Queue*);

}  // namespace propnp::gpu
