// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <cmath>

#include "cuda_sampler/block_worker.h"
#include "cuda_sampler/call.h"
#include "cuda_sampler/replay.h"
#include "cuda_sampler/team_cost.h"
#include "propnp/engine/load_pose.h"
#include "propnp/math/replay_base.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128;

// A block an object.
template <int kDof, typename T>
class Preparer {
 public:
  struct alignas(8) Scratch {
    int32_t next[kReplayBases<T>][kThreads];
    int32_t begin[kReplayBases<T> + 1];
  };

  PROPNP_DEVICE Preparer(const ReplayArgs<T>& args, int64_t local, const BlockTeam& team,
                         Scratch* scratch)
      : args_(args),
        m_(args.memory),
        local_(local),
        index_(args.slice.first + local),
        first_(local * args.memory.num_samples),
        team_(team),
        scratch_(*scratch) {}

  PROPNP_DEVICE void Run() {
    DeviceObject<double> object;
    object.Load(*args_.inputs, index_, team_);
    uint32_t status = object.status;
    if (status == 0 && !(LoadPoses() && LoadFactors() && LoadWeights())) {
      status = PROPNP_STATUS_NON_FINITE_INPUT;
    }
    BaseSet& bases = m_.bases[local_];
    if (thread_index() == 0) {
      m_.status[local_] = status;
      bases.active = status == 0;
      bases.num_bases = bases.with_target = 0;
      bases.pivot = {0, 0, 0};
      bases.z_min = object.z_min;
      bases.delta = object.loss.delta;
    }
    team_.barrier();
    if (status != 0) return;
    dof_ = GetDof(object, std::integral_constant<int, kDof>());
    ChooseBases();
    SortByBase();
  }

 private:
  PROPNP_DEVICE const double* Pose(int64_t s) const { return m_.pose + 7 * (first_ + s); }

  PROPNP_DEVICE bool LoadPoses() const {
    // T holds the difference of two.
    constexpr double kFarthest = 0.5 * static_cast<double>(std::numeric_limits<T>::max());
    const propnp_tensor rows = RowsOfObject(args_.sample_pose, index_);
    bool valid = true;
    for (int64_t s = team_.rank(); s < m_.num_samples; s += team_.size()) {
      double* const pose = m_.pose + 7 * (first_ + s);
      valid = LoadPose<kDof>(rows, s, pose) && valid;
      for (int k = 0; k < 3; ++k) valid = valid && std::fabs(pose[k]) <= kFarthest;
    }
    return !team_.any(!valid);
  }

  // Minus the cotangents of the log weights.
  PROPNP_DEVICE bool LoadFactors() const {
    constexpr double kLargest = static_cast<double>(std::numeric_limits<T>::max());
    const propnp_tensor& t = args_.log_weight_cotangent;
    bool valid = true;
    for (int64_t s = team_.rank(); s < m_.num_samples; s += team_.size()) {
      const double factor = IsGiven(t) ? -LoadAt<double>(t, index_, s) : 0;
      m_.factor[first_ + s] = factor;
      valid = valid && std::fabs(factor) <= kLargest;
    }
    return !team_.any(!valid);
  }

  // The softmax of the log weights.
  PROPNP_DEVICE bool LoadWeights() const {
    if (!args_.needs_weights) return true;
    double highest = -HUGE_VAL, sum = 0;
    bool valid = true;
    for (int64_t s = team_.rank(); s < m_.num_samples; s += team_.size()) {
      const double log_weight = LoadAt<double>(args_.sample_log_weight, index_, s);
      m_.weight[first_ + s] = log_weight;
      valid = valid && log_weight <= std::numeric_limits<double>::max();
      highest = max(highest, log_weight);
    }
    highest = team_.max(highest);
    if (team_.any(!valid) || !(highest > -HUGE_VAL)) return false;
    for (int64_t s = team_.rank(); s < m_.num_samples; s += team_.size()) {
      m_.weight[first_ + s] = std::exp(m_.weight[first_ + s] - highest);
      sum += m_.weight[first_ + s];
    }
    sum = team_.sum(sum);
    for (int64_t s = team_.rank(); s < m_.num_samples; s += team_.size()) {
      m_.weight[first_ + s] /= sum;
    }
    return true;
  }

  PROPNP_DEVICE double Importance(int64_t s) const {
    return args_.needs_weights ? m_.weight[first_ + s] : std::fabs(m_.factor[first_ + s]);
  }

  // The most important sample that has no base yet; S if there is none.
  PROPNP_DEVICE int64_t MostImportant() const {
    double most = -1;
    int64_t best = m_.num_samples;
    for (int64_t s = team_.rank(); s < m_.num_samples; s += team_.size()) {
      if (m_.base[first_ + s] < 0 && Importance(s) > most) most = Importance(s), best = s;
    }
    const double highest = team_.max(most);
    return -team_.max(most == highest ? -best : -m_.num_samples);
  }

  PROPNP_DEVICE void ChooseBases() {
    BaseSet& bases = m_.bases[local_];
    for (int64_t s = team_.rank(); s < m_.num_samples; s += team_.size()) m_.base[first_ + s] = -1;
    team_.barrier();
    for (num_bases_ = 0; num_bases_ < kReplayBases<T>; ++num_bases_) {
      const int64_t best = MostImportant();
      if (best == m_.num_samples) break;
      base_samples_[num_bases_] = best;
      const bool last = num_bases_ + 1 == kReplayBases<T>;
      for (int64_t s = team_.rank(); s < m_.num_samples; s += team_.size()) {
        if (m_.base[first_ + s] >= 0) continue;
        if (last || s == best || is_near_base(dof_, Pose(best), Pose(s))) {
          m_.base[first_ + s] = num_bases_;
        }
      }
      if (thread_index() == 0) {
        for (int k = 0; k < 7; ++k) {
          bases.pose[num_bases_][k] = k < DofPolicyOf<kDof, double>::kStorage ? Pose(best)[k] : 0;
        }
      }
      team_.barrier();
    }
  }

  // Records base by base, in the order of the samples.
  PROPNP_DEVICE void SortByBase() {
    const int64_t run = DivideUp(m_.num_samples, kThreads);
    const int64_t begin = min(run * thread_index(), m_.num_samples);
    const int64_t end = min(begin + run, m_.num_samples);
    for (int b = 0; b < num_bases_; ++b) scratch_.next[b][thread_index()] = 0;
    for (int64_t s = begin; s < end; ++s) ++scratch_.next[m_.base[first_ + s]][thread_index()];
    team_.barrier();
    if (thread_index() == 0) {
      int32_t slot = 0;
      BaseSet& bases = m_.bases[local_];
      bases.num_bases = num_bases_;
      for (int b = 0; b < num_bases_; ++b) {
        bases.begin[b] = slot;
        for (int t = 0; t < kThreads; ++t) {
          const int32_t count = scratch_.next[b][t];
          scratch_.next[b][t] = slot;
          slot += count;
        }
      }
      bases.begin[num_bases_] = slot;
    }
    team_.barrier();
    for (int64_t s = begin; s < end; ++s) {
      const int b = m_.base[first_ + s];
      const int64_t slot = first_ + scratch_.next[b][thread_index()]++;
      m_.order[slot] = static_cast<int32_t>(s);
      SampleRecord<T>& record = m_.records[slot];
      const double* const base = Pose(base_samples_[b]);
      record.pose = {cast<T>(rotation_minus_identity(turn_between(dof_, base, Pose(s)))),
                     cast<T>(shift_between(base, Pose(s)))};
      record.weight = T(0);
    }
  }

  const ReplayArgs<T>& args_;
  const ReplayMemory<T>& m_;
  const int64_t local_, index_, first_;
  const BlockTeam team_;
  Scratch& scratch_;
  DofPolicyOf<kDof, double> dof_;
  int num_bases_ = 0;
  int64_t base_samples_[kReplayBases<T>] = {};
};

template <int kDof, typename T>
PROPNP_KERNEL(kThreads)
PrepareKernel(ReplayArgs<T> args) {
  RunWorker<Preparer<kDof, T>>(args, block_index());
}

}  // namespace

template <int kDof, typename T>
void PrepareReplay(const ReplayArgs<T>& args, Queue* queue) {
  queue->Launch("prepare samples", PrepareKernel<kDof, T>, args.slice.count, kThreads,
                SharedBytesOf<Preparer<kDof, T>>(), args);
}

template void PrepareReplay<6>(const ReplayArgs<float>&, Queue*);
template void PrepareReplay<6>(const ReplayArgs<double>&, Queue*);
template void PrepareReplay<4>(const ReplayArgs<float>&, Queue*);
template void PrepareReplay<4>(const ReplayArgs<double>&, Queue*);

}  // namespace propnp::gpu
