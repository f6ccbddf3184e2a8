// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Writes what was found of one object's posterior to the caller's tensors. A failed object gets
// zeros.
#ifndef PROPNP_ENGINE_POSTERIOR_OUTPUT_H_
#define PROPNP_ENGINE_POSTERIOR_OUTPUT_H_

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "propnp/engine/input_gradient.h"
#include "propnp/engine/kernels/output_kernels.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/object_sampler.h"
#include "propnp/engine/point_rows.h"
#include "propnp/engine/store_row.h"

namespace propnp {

template <int kDof, typename T>
class PosteriorOutput {
 public:
  PosteriorOutput(const Problem& problem, const propnp_sample_args& args, int64_t index,
                  const PosteriorResult& result, const SamplerScratch<kDof, T>& scratch)
      : problem_(problem), args_(args), index_(index), result_(result), scratch_(scratch) {}

  void Store() const {
    StoreScalars();
    StoreModes();
    StoreBestPose();
    StoreSamples();
    StoreGradient();
  }

 private:
  bool failed() const { return (result_.status & PROPNP_STATUS_FAILED) != 0; }

  void StoreScalars() const {
    StoreAt(args_.log_evidence, index_, result_.log_evidence);
    StoreAt(args_.standard_error, index_, result_.standard_error);
    StoreAt(args_.ess, index_, result_.ess);
    StoreAt(args_.khat, index_, result_.khat);
    StoreAt(args_.cost_target, index_, result_.cost_target);
    StoreAt(args_.mode_count, index_, result_.mode_count);
    StoreAt(args_.status, index_, static_cast<int32_t>(result_.status));
  }

  void StoreModes() const {
    constexpr double kZeros[kDof * kDof > 7 ? kDof * kDof : 7] = {};
    for (int m = 0; m < PROPNP_MAX_MODES; ++m) {
      const bool used = m < result_.num_modes;
      const PosteriorMode<kDof>* mode = used ? &scratch_.modes[result_.mode_order[m]] : nullptr;
      const double probability = used ? result_.mode_probability[result_.mode_order[m]] : 0;
      const double cost = used ? mode->cost : 0;
      StoreRowOf(args_.mode_probability, index_, m, &probability, 1);
      StoreRowOf(args_.mode_cost, index_, m, &cost, 1);
      StoreRowOf(args_.mode_pose, index_, m, used ? mode->pose : kZeros, problem_.pose_size());
      double covariance[kDof * kDof];
      const bool with_covariance = used && HasRow(args_.mode_covariance, m);
      if (with_covariance) tangent_covariance(*mode, covariance);
      StoreMatrixOf(args_.mode_covariance, index_, m, with_covariance ? covariance : kZeros, kDof);
    }
  }

  void StoreBestPose() const {
    double neutral[7];
    SetNeutralPose<kDof>(neutral);
    const bool found = result_.num_modes > 0;
    StoreRow(args_.pose, index_, found ? scratch_.modes[result_.mode_order[0]].pose : neutral,
             problem_.pose_size());
  }

  void StoreSamples() const {
    if (!IsGiven(args_.sample_log_weight) && !IsGiven(args_.sample_pose)) return;
    constexpr double kZeros[7] = {};
    const int64_t count = args_.options->num_samples;
    for (int64_t s = 0; s < count; ++s) {
      const double log_weight = failed() ? 0 : scratch_.samples.log_weight[s];
      StoreRowOf(args_.sample_log_weight, index_, s, &log_weight, 1);
      StoreRowOf(args_.sample_pose, index_, s, failed() ? kZeros : scratch_.drawn.pose(s),
                 problem_.pose_size());
    }
  }

  void StoreGradient() const {
    const ObjectGradient& g = scratch_.gradient;
    const Range views = problem_.ViewsOf(index_);
    StoreAt(args_.grad_delta, index_, failed() ? 0.0 : g.delta);
    StoreAt(args_.grad_relative_delta, index_, result_.relative_delta_gradient);
    int64_t first = 0;
    for (int64_t view = views.begin; view < views.end; ++view) {
      const PointRows rows(problem_, view, first);
      rows.Store(args_.grad_x3d, failed(), {g.x, g.y, g.z});
      rows.Store(args_.grad_x2d, failed(), {g.u, g.v});
      rows.Store(args_.grad_w2d, failed(), {g.wxx, g.wyy});
      rows.Store(args_.grad_sqrt_info, failed(), {g.wxx, g.wxy, g.wyx, g.wyy});
      first += PaddedCount(problem_.PointsOf(view).size());
    }
  }

  const Problem& problem_;
  const propnp_sample_args& args_;
  const int64_t index_;
  const PosteriorResult& result_;
  const SamplerScratch<kDof, T>& scratch_;
};

template <int kDof, typename T>
void StoreResult(const Problem& problem, const propnp_sample_args& args, int64_t index,
                 const PosteriorResult& result, const SamplerScratch<kDof, T>& scratch) {
  PosteriorOutput<kDof, T>(problem, args, index, result, scratch).Store();
  const bool failed = (result.status & PROPNP_STATUS_FAILED) != 0;
  PriorGradientTensors(args).Store(problem, index,
                                   failed ? PriorGradient<double>{} : result.prior_gradient,
                                   failed ? RangeGradient{} : result.range_gradient);
  const SampleColumns<kDof, T>& samples = scratch.samples;
  StoreSummaries<kDof>(
      problem, args, index,
      {failed,
       DofOf<kDof>(scratch.object),
       {scratch.drawn.pose(0), samples.plain_weight, args.options->num_samples},
       samples.cost,
       result.log_evidence,
       result.stages,
       scratch.modes,
       result.num_modes,
       result.mode_order,
       &result.basins,
       ObjectSymmetries<kDof>(args.symmetries, index, DofOf<kDof>(scratch.object))},
      scratch.summary);
}

// Whether the outputs that are asked for can hold what was found. A standard error may be infinite,
// and so may the cost of a target that the prior does not allow.
template <int kDof, typename T>
bool PosteriorFits(const propnp_sample_args& args, const PosteriorResult& result,
                   const SamplerScratch<kDof, T>& scratch) {
  bool fits = AllWithin(&result.log_evidence, 1, LargestOf(args.log_evidence)) &&
              AllWithin(&result.khat, 1, LargestOf(args.khat)) && !std::isnan(result.cost_target) &&
              (!IsGiven(args.grad_delta) ||
               AllWithin(&scratch.gradient.delta, 1, LargestOf(args.grad_delta))) &&
              AllWithin(&result.relative_delta_gradient, 1, LargestOf(args.grad_relative_delta)) &&
              PriorGradientTensors(args).Fit(result.prior_gradient, result.range_gradient);
  const double largest_pose = std::min(LargestOf(args.pose), LargestOf(args.mode_pose));
  for (int m = 0; m < result.num_modes; ++m) {
    const double* const pose = scratch.modes[result.mode_order[m]].pose;
    fits = fits && AllWithin(pose, DofPolicy<kDof>::kStorage, largest_pose);
  }
  int64_t padded = 0;
  for (int64_t v = 0; v < scratch.object.num_views; ++v) {
    padded += scratch.object.views[v].padded_points;
  }
  const ObjectGradient& g = scratch.gradient;
  const auto check = [&](const propnp_tensor& t, std::initializer_list<const double*> columns) {
    if (!IsGiven(t)) return;
    for (const double* column : columns) {
      fits = fits && GetOutputKernels().all_within(column, padded, LargestOf(t));
    }
  };
  check(args.grad_x3d, {g.x, g.y, g.z});
  check(args.grad_x2d, {g.u, g.v});
  check(args.grad_w2d, {g.wxx, g.wyy});
  check(args.grad_sqrt_info, {g.wxx, g.wxy, g.wyx, g.wyy});
  return fits;
}

// Zeros for a failed object, whatever was found of it before it failed.
template <int kDof, typename T>
void StorePosterior(const Problem& problem, const propnp_sample_args& args, int64_t index,
                    const PosteriorResult& found, const SamplerScratch<kDof, T>& scratch) {
  uint32_t status = found.status;
  if (!(status & PROPNP_STATUS_FAILED) && !PosteriorFits(args, found, scratch)) {
    status |= PROPNP_STATUS_NON_FINITE_INPUT;
  }
  if (!(status & PROPNP_STATUS_FAILED)) return StoreResult(problem, args, index, found, scratch);
  PosteriorResult nothing = {};
  nothing.status = status;
  StoreResult(problem, args, index, nothing, scratch);
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_POSTERIOR_OUTPUT_H_
