// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Calls of SamplePosterior().
#ifndef PROPNP_TESTS_CUDA_EMULATION_SAMPLE_CALL_H_
#define PROPNP_TESTS_CUDA_EMULATION_SAMPLE_CALL_H_

#include <utility>
#include <vector>

#include "propnp/engine/sample_posterior.h"
#include "tests/engine/gradient_operation.h"

namespace propnp::test {

// A call on a gradient batch with every output that both backends have.
struct SampleCall {
  GradientInputs inputs;
  GradientOutputs out;
  SolveOptions start_options;
  SampleOptions options;
  SampleArgs args;
  std::vector<double> log_evidence, standard_error, ess, khat, cost_target, pose, mode_pose,
      mode_covariance, mode_probability, mode_cost, sample_pose, log_weight;
  std::vector<int32_t> mode_count, stages, status;

  SampleCall(const GradientBatch& b, int32_t device, int32_t precision, int samples)
      : inputs(b), out(b) {
    const int64_t n = b.num_objects, p = b.pose_size(), d = b.cost.dof, s = samples;
    constexpr int64_t kModes = 4;
    inputs.Attach(&args);
    start_options.num_starts = 3;
    start_options.start_iterations = 0;
    options.num_samples = samples;
    options.second_stage_ess = 0;
    options.control_variates = 0;
    options.seed = 3;
    args.start_options = &start_options;
    args.options = &options;
    args.device = device;
    args.precision = precision;
    const auto view = [](std::vector<double>* v, std::initializer_list<int64_t> shape) {
      int64_t size = 1;
      for (const int64_t extent : shape) size *= extent;
      v->assign(size, kNaN);
      return View(v->data(), shape);
    };
    args.log_evidence = view(&log_evidence, {n});
    args.standard_error = view(&standard_error, {n});
    args.ess = view(&ess, {n});
    args.khat = view(&khat, {n});
    args.pose = view(&pose, {n, p});
    args.mode_pose = view(&mode_pose, {n, kModes, p});
    args.mode_covariance = view(&mode_covariance, {n, kModes, d, d});
    args.mode_probability = view(&mode_probability, {n, kModes});
    args.mode_cost = view(&mode_cost, {n, kModes});
    args.sample_pose = view(&sample_pose, {n, s, p});
    args.sample_log_weight = view(&log_weight, {n, s});
    const propnp_gradients& g = out.gradients;
    args.grad_x3d = g.x3d, args.grad_x2d = g.x2d, args.grad_w2d = g.w2d;
    args.grad_sqrt_info = g.sqrt_info, args.grad_delta = g.delta;
    if (inputs.cost.prior) {
      args.grad_prior_mean = g.prior_mean, args.grad_prior_sigma = g.prior_sigma;
      args.grad_prior_covariance = g.prior_covariance;
    }
    args.grad_relative_delta = g.relative_delta, args.through_delta = 1;
    mode_count.assign(n, -1), stages.assign(n, -1), status.assign(n, -1);
    args.mode_count = View(mode_count.data(), {n});
    args.stages = View(stages.data(), {n});
    args.status = View(status.data(), {n});
  }
  SampleCall(const SampleCall&) = delete;

  void SetTarget(const GradientBatch& b) {
    args.pose_target = ViewOrNone(b.true_pose, {b.num_objects, b.pose_size()});
    args.loss_gradient = 1;
    cost_target.assign(b.num_objects, kNaN);
    args.cost_target = View(cost_target.data(), {b.num_objects});
  }
  Status Run(Context& context) { return SamplePosterior(context, args); }
};

// The same call on the device and on the CPU, there in double precision.
struct SamplePair {
  GradientBatch batch;
  SampleCall device, cpu;

  SamplePair(GradientBatch b, int samples, int32_t precision = PROPNP_FLOAT64)
      : batch(std::move(b)),
        device(batch, 0, precision, samples),
        cpu(batch, -1, PROPNP_FLOAT64, samples) {}

  template <typename Change>
  void ForBoth(const Change& change) {
    change(&device);
    change(&cpu);
  }
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_CUDA_EMULATION_SAMPLE_CALL_H_
