// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <cmath>

#include "cuda_sampler/call.h"
#include "cuda_sampler/input_gradient.h"
#include "cuda_sampler/point_row.h"
#include "cuda_sampler/sample_output.h"
#include "cuda_sampler/sampled_prior_gradient.h"
#include "propnp/engine/store_row.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128;

template <int kDof>
struct OutputArgs {
  SamplerArgs<kDof> sampler;
  SampleOutputs to;
  int64_t num_tiles;
  const GradientTile* tiles;
};

// What is found of an object only here.
struct Findings {
  double cost_target, delta, relative_delta;
  PriorGradient<double> prior;
  RangeGradient range;
  bool improper, flow_fits;
};

template <int kDof>
class Writer {
 public:
  PROPNP_DEVICE Writer(const OutputArgs<kDof>& args, int64_t local, const BlockTeam& team)
      : args_(args.sampler),
        to_(args.to),
        memory_(args.sampler.memory),
        local_(local),
        index_(args.sampler.Index(local)),
        state_(args.sampler.memory.states[local]),
        team_(team),
        num_tiles_(args.num_tiles),
        tiles_(args.tiles),
        status_(args.sampler.memory.states[local].status) {}

  PROPNP_DEVICE void Run() {
    Findings found = {};
    if (!failed()) Find(&found);
    if (!failed() && !Fits(found)) {
      status_ |= PROPNP_STATUS_NON_FINITE_INPUT;
      found = {};
      ClearPoints();
    }
    if (thread_index() == 0) {
      StoreScalars(found);
      to_.prior.Store(args_.inputs->problem, index_, found.prior, found.range);
      StoreBestPose();
    }
    StoreModes();
    StoreSamples();
    team_.barrier();
    if (thread_index() == 0) state_.status = status_;  // what comes after sees the failure, too
  }

 private:
  PROPNP_DEVICE bool failed() const { return (status_ & PROPNP_STATUS_FAILED) != 0; }

  PROPNP_DEVICE void Find(Findings* found) const {
    DeviceObject<double> object;
    object.Resume(*args_.inputs, index_, state_.z_min, state_.delta);
    found->cost_target = TargetCost(object);
    found->improper = !object.prior.active() && ImproperShare() > 0.01;
    if (tiles_) PassThroughDelta(object, found);
    if (to_.prior.AnyGiven()) FindPriorGradient(object, found);
  }

  PROPNP_DEVICE void PassThroughDelta(const DeviceObject<double>& object, Findings* found) const {
    found->delta = Tiles().delta;
    found->flow_fits = true;
    if (!to_.through_delta && !IsGiven(to_.grad_relative_delta)) return;
    const AdaptiveFlow flow =
        FlowThroughDelta(*args_.inputs, object, found->delta, !to_.through_delta, team_);
    found->relative_delta = flow.relative_delta;
    if (flow.by_mean_weight == 0) return;
    bool fits = true;
    object.ForEachView(*args_.inputs, [&](const DeviceView<double>& view, int64_t v, int64_t) {
      fits = AddFlowToRows(args_.inputs->problem, view, v, flow, to_.points.w2d,
                           to_.points.sqrt_info, team_) &&
             fits;
    });
    found->flow_fits = !team_.any(!fits);
  }

  PROPNP_DEVICE GradientTile Tiles() const {
    return SumOfTiles(tiles_ + local_ * num_tiles_, num_tiles_);
  }

  // Whether the outputs that are asked for can hold what was found. A standard error may be
  // infinite, and so may the cost of a target that the prior does not allow.
  PROPNP_DEVICE bool Fits(const Findings& found) const {
    return AllWithin(&state_.log_evidence, 1, LargestOf(to_.log_evidence)) &&
           AllWithin(&state_.khat, 1, LargestOf(to_.khat)) && !std::isnan(found.cost_target) &&
           (!IsGiven(to_.grad_delta) || AllWithin(&found.delta, 1, LargestOf(to_.grad_delta))) &&
           AllWithin(&found.relative_delta, 1, LargestOf(to_.grad_relative_delta)) &&
           to_.prior.Fit(found.prior, found.range) && PosesFit() &&
           (!tiles_ || (Tiles().fits && found.flow_fits));
  }

  PROPNP_DEVICE bool PosesFit() const {
    const double largest = min(LargestOf(to_.pose), LargestOf(to_.mode_pose));
    bool fit = true;
    for (int m = 0; m < state_.num_reported; ++m) {
      const double* const pose = state_.modes[state_.mode_order[m]].pose;
      fit = fit && AllWithin(pose, DofPolicy<kDof>::kStorage, largest);
    }
    return fit;
  }

  PROPNP_DEVICE void ClearPoints() const {
    constexpr double kZeros[4] = {};
    const Problem& problem = args_.inputs->problem;
    Range views, points;
    args_.inputs->ViewsOf(index_, &views);
    for (int64_t v = views.begin; v < views.end; ++v) {
      args_.inputs->PointsOf(v, &points);
      for (int64_t i = team_.rank(); i < points.size(); i += team_.size()) {
        StorePointRow(problem, to_.points.x3d, v, points, i, kZeros, 3);
        StorePointRow(problem, to_.points.x2d, v, points, i, kZeros, 2);
        StorePointRow(problem, to_.points.w2d, v, points, i, kZeros, 2);
        StorePointRow(problem, to_.points.sqrt_info, v, points, i, kZeros, 4);
      }
    }
  }

  PROPNP_DEVICE double TargetCost(const DeviceObject<double>& object) const {
    if (!IsGiven(args_.pose_target)) return 0;
    return TeamCost<kDof, double, BlockTeam>(*args_.inputs, object, team_).Cost(state_.target);
  }

  // Share of the mass with the points' centroid beyond three times its distance at the best mode,
  // or no longer in front of the camera.
  PROPNP_DEVICE double ImproperShare() const {
    const auto& chart = state_.modes[0].chart;
    const BaseSet& bases = memory_.bases[local_];
    const double distance = chart.depth();
    double share = 0;
    for (int64_t s = team_.rank(); s < memory_.num_samples; s += team_.size()) {
      const int64_t slot = local_ * memory_.num_samples + s;
      int mode = 0;
      while (s >= bases.begin[mode + 1]) ++mode;
      double xi[kDof];
      for (int k = 0; k < kDof; ++k) xi[k] = memory_.xi[slot * kDof + k];
      if (mode != 0) state_.modes[mode].chart.to_other(memory_.xi + slot * kDof, chart, xi);
      const double z = distance + xi[2];
      const bool far = xi[0] * xi[0] + xi[1] * xi[1] + z * z > 9 * distance * distance;
      if (far || z < state_.z_min) share += memory_.plain_weight[slot];
    }
    return team_.sum(share);
  }

  PROPNP_DEVICE void StoreScalars(const Findings& found) const {
    uint32_t status = status_;
    double error = sqrt(max(state_.relative_variance, 0.0));
    if (!failed()) {
      if (!(state_.khat <= 0.7)) {
        status |= PROPNP_STATUS_HIGH_KHAT;
        error = std::numeric_limits<double>::infinity();
      }
      if (state_.ess < 0.15) status |= PROPNP_STATUS_LOW_ESS;
      if (found.improper) status |= PROPNP_STATUS_IMPROPER;
      if (state_.mode_count > 1) status |= PROPNP_STATUS_MULTI_MODAL;
    }
    const double none = 0;
    StoreAt(to_.log_evidence, index_, failed() ? none : state_.log_evidence);
    StoreAt(to_.standard_error, index_, failed() ? none : error);
    StoreAt(to_.ess, index_, failed() ? none : state_.ess);
    StoreAt(to_.khat, index_, failed() ? none : state_.khat);
    StoreAt(to_.cost_target, index_, found.cost_target);
    StoreAt(to_.mode_count, index_, failed() ? 0 : state_.mode_count);
    StoreAt(to_.stages, index_, failed() ? 0 : state_.stage + 1);
    StoreAt(to_.status, index_, static_cast<int32_t>(status));
    StoreAt(to_.grad_delta, index_, found.delta);
    StoreAt(to_.grad_relative_delta, index_, found.relative_delta);
  }

  PROPNP_DEVICE void StoreModes() const {
    constexpr int kStorage = DofPolicy<kDof>::kStorage;
    constexpr double kZeros[7] = {};
    for (int rank = thread_index(); rank < PROPNP_MAX_MODES; rank += block_size()) {
      const bool used = !failed() && rank < state_.num_reported;
      const int m = used ? state_.mode_order[rank] : 0;
      double covariance[kDof * kDof] = {};
      const double probability = used ? state_.mode_probability[m] : 0;
      const double cost = used ? state_.modes[m].cost : 0;
      if (used) tangent_covariance(state_.modes[m], covariance);
      StoreRowOf(to_.mode_probability, index_, rank, &probability, 1);
      StoreRowOf(to_.mode_cost, index_, rank, &cost, 1);
      StoreRowOf(to_.mode_pose, index_, rank, used ? state_.modes[m].pose : kZeros, kStorage);
      StoreMatrixOf(to_.mode_covariance, index_, rank, covariance, kDof);
    }
  }

  PROPNP_DEVICE void StoreBestPose() const {
    constexpr int kStorage = DofPolicy<kDof>::kStorage;
    double neutral[7];
    SetNeutralPose<kDof>(neutral);
    const bool found = !failed() && state_.num_reported > 0;
    StoreRow(to_.pose, index_, found ? state_.modes[state_.mode_order[0]].pose : neutral, kStorage);
  }

  PROPNP_DEVICE void StoreSamples() const {
    constexpr double kZeros[7] = {};
    for (int64_t s = team_.rank(); s < memory_.num_samples; s += team_.size()) {
      const int64_t slot = local_ * memory_.num_samples + s;
      const double log_weight = failed() ? 0 : memory_.log_weight[slot];
      StoreRowOf(to_.sample_log_weight, index_, s, &log_weight, 1);
      StoreRowOf(to_.sample_pose, index_, s, failed() ? kZeros : memory_.pose + slot * 7,
                 DofPolicy<kDof>::kStorage);
    }
  }

  PROPNP_DEVICE void FindPriorGradient(const DeviceObject<double>& object, Findings* found) const {
    const int64_t first = local_ * memory_.num_samples;
    const double* const poses = memory_.pose + 7 * first;
    const double* const weights = memory_.gradient_weight + first;
    if (object.prior.kind == PriorKind::kDepthRange) {
      SumRangeGradient(object,
                       {memory_.num_samples, poses, memory_.plain_weight + first, weights,
                        memory_.score + kScore * first, kScore},
                       team_, &found->range);
    } else {
      SumPriorGradient<kDof>(
          object, poses, memory_.num_samples, [&](int64_t s) { return -weights[s]; }, to_.prior,
          team_, &found->prior);
    }
    if (!to_.loss_gradient) return;
    add_prior_cost_gradient(object.prior, GetDof(object, std::integral_constant<int, kDof>()),
                            state_.target, 1.0, &found->prior, &found->range);
  }

  const SamplerArgs<kDof>& args_;
  const SampleOutputs& to_;
  const SampleMemory<kDof>& memory_;
  const int64_t local_, index_;
  ObjectState<kDof>& state_;
  const BlockTeam team_;
  const int64_t num_tiles_;
  const GradientTile* const tiles_;
  uint32_t status_;
};

// A block an object.
template <int kDof>
PROPNP_KERNEL(kThreads)
OutputKernel(OutputArgs<kDof> args) {
  const BlockTeam team(shared_memory());
  Writer<kDof>(args, block_index(), team).Run();
}

}  // namespace

template <int kDof>
void StorePosteriors(const SamplerArgs<kDof>& args, const SampleOutputs& outputs, int64_t num_tiles,
                     const GradientTile* tiles, Queue* queue) {
  queue->Launch("store posteriors", OutputKernel<kDof>, args.slice.count, kThreads,
                BlockTeam::kScratchBytes, OutputArgs<kDof>{args, outputs, num_tiles, tiles});
}

#define PROPNP_INSTANTIATE(kDof)                                                         \
  template void StorePosteriors(const SamplerArgs<kDof>&, const SampleOutputs&, int64_t, \
                                const GradientTile*, Queue*)
PROPNP_INSTANTIATE(6);
PROPNP_INSTANTIATE(4);
#undef PROPNP_INSTANTIATE

}  // namespace propnp::gpu
