// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The second stage (engine/proposal_refit.h): a block fits components to the weighted samples of an
// object that wants it. Those that got some are listed, so that only they are sampled again.
#include <cmath>

#include "cuda_sampler/block_sort.h"
#include "cuda_sampler/block_worker.h"
#include "cuda_sampler/call.h"
#include "cuda_sampler/device/team.h"
#include "cuda_sampler/sampler_state.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128;

template <int kDof>
struct Clusters {
  ProposalCluster<kDof> cluster[kMaxClusters];
  int failed;
};

template <int kDof>
class Refitter {
 public:
  using Scratch = Clusters<kDof>;

  PROPNP_DEVICE Refitter(const SamplerArgs<kDof>& args, int64_t local, const BlockTeam& team,
                         Clusters<kDof>* clusters)
      : memory_(args.memory),
        local_(local),
        state_(args.memory.states[local]),
        bases_(args.memory.bases[local]),
        team_(team),
        clusters_(*clusters) {}

  PROPNP_DEVICE void Run() {
    GatherPoints();
    if (effective_ < 2 * kDof) return;
    SplitModes();
    for (int step = 0; step < kRefitSteps; ++step) {
      if (step > 0) Share();
      if (!Step()) return;
    }
    if (thread_index() == 0) Append();
  }

 private:
  using Point = RefitPoint<kDof>;

  PROPNP_DEVICE Point& PointAt(int64_t s) const {
    return memory_.points[local_ * memory_.num_samples + s];
  }

  // Weights are truncated at sqrt(S) times their mean (E. Ionides, 2008), so that no single sample
  // makes a component.
  PROPNP_DEVICE void GatherPoints() {
    const double n = static_cast<double>(memory_.num_samples);
    const double most = 1 / sqrt(n), least = 1e-3 / n;
    double sum = 0, squares = 0;
    for (int64_t s = team_.rank(); s < memory_.num_samples; s += team_.size()) {
      Point& point = PointAt(s);
      const double weight = memory_.plain_weight[local_ * memory_.num_samples + s];
      point.mode = -1;
      point.weight = 0;
      // The points of a mode too light for a cluster of its own have part in none.
      for (double& share : point.shares) share = 0;
      if (weight < least || !NearestMode(s, &point)) continue;
      point.weight = min(weight, most);
      sum += point.weight;
      squares += point.weight * point.weight;
    }
    sum = team_.sum(sum);
    squares = team_.sum(squares);
    effective_ = sum > 0 ? sum * sum / squares : 0;
    for (int64_t s = team_.rank(); s < memory_.num_samples; s += team_.size()) {
      if (sum > 0) PointAt(s).weight *= effective_ / sum;
    }
    team_.barrier();
  }

  // Puts the sample into the chart v of the mode nearest to it.
  PROPNP_DEVICE bool NearestMode(int64_t s, Point* point) const {
    const double* const own = memory_.xi + (local_ * memory_.num_samples + s) * kDof;
    int mode = 0;
    while (s >= bases_.begin[mode + 1]) ++mode;
    double nearest = HUGE_VAL;
    for (int m = 0; m < state_.num_modes; ++m) {
      const PosteriorMode<kDof>& other = state_.modes[m];
      double v[kDof], white[kDof], inverse_e, r2 = 0;
      for (int k = 0; k < kDof; ++k) v[k] = own[k];
      if (m != mode) state_.modes[mode].chart.to_other(own, other.chart, v);
      if (!other.chart.depth_from_linear(v, v, &inverse_e)) continue;
      other.sqrt_shape.solve_lower(v, white);
      for (double w : white) r2 += w * w;
      if (!(r2 < nearest)) continue;
      nearest = r2;
      for (int k = 0; k < kDof; ++k) point->v[k] = v[k];
      point->mode = m;
    }
    return nearest < HUGE_VAL;
  }

  PROPNP_DEVICE void SplitModes() {
    num_clusters_ = 0;
    for (int m = 0; m < state_.num_modes && num_clusters_ < kMaxClusters; ++m) {
      double weight = 0;
      for (int64_t s = team_.rank(); s < memory_.num_samples; s += team_.size()) {
        if (PointAt(s).mode == m) weight += PointAt(s).weight;
      }
      weight = team_.sum(weight);
      if (weight < kLeastModeWeight * effective_) continue;
      const int room = kMaxClusters - num_clusters_;
      const int most = room < kMaxClustersOfMode ? room : kMaxClustersOfMode;
      SplitMode(m, clamp(static_cast<int>(weight / kPointsPerCluster), 1, most));
    }
  }

  // Sums over the points of a mode or, with `cluster`, over all points by their shares in it.
  PROPNP_DEVICE void Sum(int mode, int cluster, ProposalCluster<kDof>* sums) const {
    constexpr double kNegligible = 1e-6;
    sums->clear();
    for (int64_t s = team_.rank(); s < memory_.num_samples; s += team_.size()) {
      const Point& point = PointAt(s);
      if (point.mode < 0 || (cluster < 0 && point.mode != mode)) continue;
      const double share = cluster < 0 ? 1 : point.shares[cluster];
      if (share > kNegligible) sums->add(share * point.weight, point.v);
    }
    sums->weight = team_.sum(sums->weight);
    for (int i = 0; i < kDof; ++i) {
      sums->mean[i] = team_.sum(sums->mean[i]);
      for (int j = 0; j <= i; ++j) {
        const double entry = team_.sum(sums->covariance[i * kDof + j]);
        sums->covariance[i * kDof + j] = sums->covariance[j * kDof + i] = entry;
      }
    }
  }

  // Slabs of equal weight across the direction in which the mode's points spread most: to begin
  // with, every point belongs to one of them.
  PROPNP_DEVICE void SplitMode(int mode, int count) {
    ProposalCluster<kDof> whole;
    Sum(mode, -1, &whole);
    whole.set_mode_covariance(state_.modes[mode].covariance);
    whole.mode = mode;
    double axis[kDof];
    longest_axis<kDof>(whole.mode_covariance, axis);
    double* const keys = memory_.keys + local_ * memory_.sort_size;
    int32_t* const items = memory_.order + local_ * memory_.sort_size;
    for (int64_t k = team_.rank(); k < memory_.sort_size; k += team_.size()) {
      const bool member = k < memory_.num_samples && PointAt(k).mode == mode;
      double along = 0;
      for (int i = 0; member && i < kDof; ++i) along += axis[i] * PointAt(k).v[i];
      keys[k] = member ? along : HUGE_VAL;
      items[k] = static_cast<int32_t>(k);
    }
    BlockSort(keys, items, memory_.sort_size);
    if (thread_index() == 0) {
      double passed = 0;
      for (int64_t k = 0; k < memory_.sort_size && keys[k] < HUGE_VAL; ++k) {
        Point& point = PointAt(items[k]);
        passed += point.weight;
        const int slab = static_cast<int>(passed / whole.weight * count);
        const int own = num_clusters_ + (slab < count ? slab : count - 1);
        for (int c = 0; c < kMaxClusters; ++c) point.shares[c] = c == own ? 1 : 0;
      }
      for (int c = 0; c < count; ++c) clusters_.cluster[num_clusters_ + c] = whole;
    }
    num_clusters_ += count;
    team_.barrier();
  }

  // How the points divide among the clusters of their mode, in whose chart their coordinates are.
  PROPNP_DEVICE void Share() const {
    for (int64_t s = team_.rank(); s < memory_.num_samples; s += team_.size()) {
      Point& point = PointAt(s);
      if (point.mode < 0) continue;
      double highest = -HUGE_VAL, sum = 0;
      for (int c = 0; c < num_clusters_; ++c) {
        const ProposalCluster<kDof>& cluster = clusters_.cluster[c];
        point.shares[c] = cluster.mode == point.mode ? cluster.log_share(point.v) : -HUGE_VAL;
        highest = max(highest, point.shares[c]);
      }
      for (int c = 0; c < num_clusters_; ++c) {
        point.shares[c] = highest > -HUGE_VAL ? std::exp(point.shares[c] - highest) : 0;
        sum += point.shares[c];
      }
      for (int c = 0; c < num_clusters_ && sum > 0; ++c) point.shares[c] /= sum;
    }
    team_.barrier();
  }

  PROPNP_DEVICE bool Step() {
    if (thread_index() == 0) clusters_.failed = 0;
    for (int c = 0; c < num_clusters_; ++c) {
      ProposalCluster<kDof> sums;
      Sum(0, c, &sums);
      if (thread_index() != 0) continue;
      ProposalCluster<kDof>& cluster = clusters_.cluster[c];
      cluster.weight = sums.weight;
      for (int i = 0; i < kDof; ++i) cluster.mean[i] = sums.mean[i];
      for (int i = 0; i < kDof * kDof; ++i) cluster.covariance[i] = sums.covariance[i];
      if (!cluster.finish()) clusters_.failed = 1;
    }
    team_.barrier();
    return clusters_.failed == 0;
  }

  PROPNP_DEVICE void Append() const {
    double sum = 0;
    for (int c = 0; c < num_clusters_; ++c) sum += clusters_.cluster[c].weight;
    const double kept = share_of_first_stage(effective_);
    for (int k = 0; k < state_.num_components; ++k) state_.components[k].weight *= kept;
    for (int c = 0; c < num_clusters_; ++c) {
      const ProposalCluster<kDof>& cluster = clusters_.cluster[c];
      ProposalComponent<kDof>& added = state_.components[state_.num_components + c];
      added.mode = cluster.mode;
      added.weight = (1 - kept) * cluster.weight / sum;
      added.defensive_share = 0;
      for (int i = 0; i < kDof; ++i) added.mean[i] = cluster.mean[i];
      added.shape = cluster.shape;
      added.log_det_sqrt = cluster.log_det_sqrt;
    }
    state_.num_components += num_clusters_;
    state_.stage = 1;
  }

  const SampleMemory<kDof>& memory_;
  const int64_t local_;
  ObjectState<kDof>& state_;
  const BaseSet& bases_;
  const BlockTeam team_;
  Clusters<kDof>& clusters_;
  double effective_ = 0;
  int num_clusters_ = 0;
};

template <int kDof>
PROPNP_KERNEL(kThreads)
RefitKernel(SamplerArgs<kDof> args) {
  const ObjectState<kDof>& state = args.memory.states[block_index()];
  if ((state.status & PROPNP_STATUS_FAILED) || !state.wants_refit) return;
  RunWorker<Refitter<kDof>>(args, block_index());
}

// One block: the objects in a second stage, in order.
template <int kDof>
PROPNP_KERNEL(kThreads)
ListKernel(SamplerArgs<kDof> args) {
  int32_t* const counts = reinterpret_cast<int32_t*>(shared_memory());
  const int64_t run = DivideUp(args.slice.count, kThreads);
  const int64_t begin = run * thread_index();
  const int64_t end = min(begin + run, args.slice.count);
  const auto is_member = [&](int64_t i) {
    const ObjectState<kDof>& state = args.memory.states[i];
    return state.stage == 1 && !(state.status & PROPNP_STATUS_FAILED);
  };
  int32_t own = 0;
  for (int64_t i = begin; i < end; ++i) own += is_member(i);
  counts[thread_index()] = own;
  block_barrier();
  int32_t place = 0;
  for (int t = 0; t < thread_index(); ++t) place += counts[t];
  for (int64_t i = begin; i < end; ++i) {
    if (is_member(i)) args.memory.members[place++] = static_cast<int32_t>(i);
  }
  if (thread_index() == kThreads - 1) *args.memory.num_members = place;
}

}  // namespace

template <int kDof>
void RefitProposals(const SamplerArgs<kDof>& args, Queue* queue) {
  queue->Launch("fit second stage", RefitKernel<kDof>, args.slice.count, kThreads,
                SharedBytesOf<Refitter<kDof>>(), args);
  queue->Launch("list second stage", ListKernel<kDof>, 1, kThreads, kThreads * sizeof(int32_t),
                args);
}

#define PROPNP_INSTANTIATE(kDof) template void RefitProposals(const SamplerArgs<kDof>&, Queue*)
PROPNP_INSTANTIATE(6);
PROPNP_INSTANTIATE(4);
#undef PROPNP_INSTANTIATE

}  // namespace propnp::gpu
