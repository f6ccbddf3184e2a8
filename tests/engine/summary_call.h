// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A call of the sampler with all summaries of the samples.
#ifndef PROPNP_TESTS_ENGINE_SUMMARY_CALL_H_
#define PROPNP_TESTS_ENGINE_SUMMARY_CALL_H_

#include <vector>

#include "propnp/engine/sample_posterior.h"
#include "tests/engine/batch.h"

namespace propnp::test {

// Holds pointers into itself and into the batch. Outputs begin as NaN, or -1.
struct SummaryCall {
  static constexpr int64_t kModes = 4;

  Correspondences correspondences;
  Cameras cameras;
  CostOptions cost;
  SampleOptions options;
  SampleArgs args;
  std::vector<double> quantile_levels{0.15865525393145705, 0.5, 0.84134474606854293};
  std::vector<double> region_shares{0.5, 0.9};

  std::vector<double> log_evidence, ess, mode_pose, mode_cost, mode_probability, mode_covariance;
  std::vector<double> mean_pose, covariance, mode_mean, mode_moment_covariance, quantiles,
      region_log_density, draws, sample_pose;
  std::vector<int32_t> stages, mode_count, status;

  explicit SummaryCall(const Batch& b, int32_t num_samples = 512, int64_t num_draws = 16)
      : correspondences(CorrespondencesOf(b)), cameras(CamerasOf(b)), cost(b.cost) {
    const int64_t n = b.num_objects, d = b.cost.dof, p = b.pose_size();
    const int64_t levels = static_cast<int64_t>(quantile_levels.size());
    const int64_t shares = static_cast<int64_t>(region_shares.size());
    options.num_samples = num_samples;
    args.correspondences = &correspondences;
    args.cameras = &cameras;
    args.cost = &cost;
    args.start_options = &b.options;
    args.options = &options;
    args.precision = PROPNP_FLOAT64;
    args.log_evidence = Bind(&log_evidence, {n});
    args.ess = Bind(&ess, {n});
    args.mode_pose = Bind(&mode_pose, {n, kModes, p});
    args.mode_cost = Bind(&mode_cost, {n, kModes});
    args.mode_probability = Bind(&mode_probability, {n, kModes});
    args.mode_covariance = Bind(&mode_covariance, {n, kModes, d, d});
    args.mean_pose = Bind(&mean_pose, {n, p});
    args.covariance = Bind(&covariance, {n, d, d});
    args.mode_mean = Bind(&mode_mean, {n, kModes, p});
    args.mode_moment_covariance = Bind(&mode_moment_covariance, {n, kModes, d, d});
    args.quantile_levels = View(quantile_levels.data(), {levels});
    args.quantiles = Bind(&quantiles, {n, levels, d});
    args.region_shares = View(region_shares.data(), {shares});
    args.region_log_density = Bind(&region_log_density, {n, shares});
    args.draws = Bind(&draws, {n, num_draws, p});
    args.sample_pose = Bind(&sample_pose, {n, num_samples, p});
    for (auto [values, tensor] : {std::pair(&stages, &args.stages),
                                  {&mode_count, &args.mode_count},
                                  {&status, &args.status}}) {
      values->assign(n, -1);
      *tensor = View(values->data(), {n});
    }
  }
  SummaryCall(const SummaryCall&) = delete;

  Status Run(Context& context = SharedContext()) { return SamplePosterior(context, args); }

  // Every output of real numbers of the summaries.
  std::vector<const std::vector<double>*> Summaries() const {
    return {&mean_pose, &covariance,         &mode_mean, &mode_moment_covariance,
            &quantiles, &region_log_density, &draws};
  }

 private:
  static propnp_tensor Bind(std::vector<double>* values, std::initializer_list<int64_t> shape) {
    int64_t size = 1;
    for (int64_t extent : shape) size *= extent;
    values->assign(size, kNaN);
    return View(values->data(), shape);
  }
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_SUMMARY_CALL_H_
