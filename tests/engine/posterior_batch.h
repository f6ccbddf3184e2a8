// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Calls of the sampler on batches, and batches in which one object stands many times with different
// random streams.
#ifndef PROPNP_TESTS_ENGINE_POSTERIOR_BATCH_H_
#define PROPNP_TESTS_ENGINE_POSTERIOR_BATCH_H_

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "propnp/engine/sample_posterior.h"
#include "tests/engine/batch.h"
#include "tests/engine/test_device.h"

namespace propnp::test {

// A mean over replicates with the standard error that their spread gives it.
struct MeanValue {
  double mean, standard_error;
};

inline MeanValue MeanOf(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  double mean = 0, square = 0;
  for (double v : values) mean += v / n;
  for (double v : values) square += (v - mean) * (v - mean);
  return {mean, std::sqrt(square / (n - 1) / n)};
}

inline std::vector<double> Repeated(const std::vector<double>& values, int64_t times) {
  std::vector<double> out;
  for (int64_t i = 0; i < times; ++i) out.insert(out.end(), values.begin(), values.end());
  return out;
}

// A batch with one dense view an object, `times` over; the engine gives each copy random streams of
// its own.
inline Batch Copies(const Batch& one, int64_t times) {
  Batch b = one;
  b.num_objects = b.num_views = one.num_objects * times;
  for (std::vector<double>* v :
       {&b.x3d, &b.x2d, &b.w2d, &b.sqrt_info, &b.base_rotation, &b.true_pose}) {
    *v = Repeated(*v, times);
  }
  return b;
}

// What the sampler says of a batch.
struct Posterior {
  std::vector<double> log_evidence, standard_error, ess, khat, cost_target, pose, mode_pose,
      mode_probability, grad_x3d, grad_x2d, grad_weight;
  std::vector<double> sample_pose, sample_log_weight;  // if asked for
  std::vector<double> grad_prior_mean, grad_prior_sigma, grad_prior_covariance, grad_prior_depth,
      grad_prior_bound;  // if asked for, those that the prior has
  std::vector<int32_t> mode_count, status;
};

struct WantedOutputs {
  bool gradient = true;
  bool samples = false;
  bool prior_gradient = false;
};

inline void AskForPriorGradient(const Batch& b, const Prior& prior, SampleArgs* args,
                                Posterior* r) {
  const int64_t n = b.num_objects;
  if (prior.kind == PROPNP_PRIOR_DEPTH_RANGE) {
    const int64_t bounds = prior.bound.shape[1];
    r->grad_prior_depth.resize(n * 2), r->grad_prior_bound.resize(n * bounds);
    args->grad_prior_depth = View(r->grad_prior_depth.data(), {n, 2});
    args->grad_prior_bound = View(r->grad_prior_bound.data(), {n, bounds});
    return;
  }
  const int64_t d = prior.kind == PROPNP_PRIOR_POSE ? b.cost.dof : 3;
  r->grad_prior_mean.resize(n * d);
  args->grad_prior_mean = View(r->grad_prior_mean.data(), {n, d});
  if (IsGiven(prior.sigma)) {
    r->grad_prior_sigma.resize(n * 3);
    args->grad_prior_sigma = View(r->grad_prior_sigma.data(), {n, 3});
  } else {
    r->grad_prior_covariance.resize(n * d * d);
    args->grad_prior_covariance = View(r->grad_prior_covariance.data(), {n, d, d});
  }
}

// A call without outputs; everything must outlive it.
inline SampleArgs SampleArgsOf(const Batch& b, const Correspondences& correspondences,
                               const Cameras& cameras, const SampleOptions& options) {
  SampleArgs args;
  args.correspondences = &correspondences;
  args.cameras = &cameras;
  args.cost = &b.cost;
  args.start_options = &b.options;
  args.options = &options;
  return args;
}

// `prior` may be null. The gradient is that of cost(true_pose) + log evidence; without a true pose
// there is no target, and it is that of log evidence alone.
inline Posterior SampleBatch(const Batch& b, const SampleOptions& options,
                             const Prior* prior = nullptr, int32_t precision = PROPNP_FLOAT64,
                             int num_threads = 2, WantedOutputs wanted = {}) {
  const int64_t n = b.num_objects;
  Posterior r;
  for (std::vector<double>* v :
       {&r.log_evidence, &r.standard_error, &r.ess, &r.khat, &r.cost_target}) {
    v->resize(n);
  }
  r.mode_count.resize(n), r.status.resize(n);
  r.mode_probability.resize(n * PROPNP_MAX_MODES);
  r.pose.resize(n * b.pose_size());
  r.mode_pose.resize(n * PROPNP_MAX_MODES * b.pose_size());
  if (wanted.gradient) {
    r.grad_x3d.resize(b.x3d.size()), r.grad_x2d.resize(b.x2d.size());
    r.grad_weight.resize(b.w2d.size() + b.sqrt_info.size());
  }

  const Correspondences correspondences = CorrespondencesOf(b);
  const Cameras cameras = CamerasOf(b);
  CostOptions cost = b.cost;
  cost.prior = prior;
  SampleArgs args = SampleArgsOf(b, correspondences, cameras, options);
  args.cost = &cost;
  args.precision = precision;
  args.device = kTestDevice;
  args.pose_target = ViewOrNone(b.true_pose, {n, b.pose_size()});
  args.loss_gradient = wanted.gradient && !b.true_pose.empty();
  args.log_evidence = View(r.log_evidence.data(), {n});
  args.standard_error = View(r.standard_error.data(), {n});
  args.ess = View(r.ess.data(), {n});
  args.khat = View(r.khat.data(), {n});
  args.cost_target = View(r.cost_target.data(), {n});
  args.pose = View(r.pose.data(), {n, b.pose_size()});
  args.mode_pose = View(r.mode_pose.data(), {n, PROPNP_MAX_MODES, b.pose_size()});
  args.mode_count = View(r.mode_count.data(), {n});
  args.mode_probability = View(r.mode_probability.data(), {n, PROPNP_MAX_MODES});
  args.status = View(r.status.data(), {n});
  args.grad_x3d = ViewOrNone(r.grad_x3d, {n, b.num_points, 3});
  args.grad_x2d = ViewOrNone(r.grad_x2d, {n, b.num_points, 2});
  if (b.sqrt_info.empty()) {
    args.grad_w2d = ViewOrNone(r.grad_weight, {n, b.num_points, 2});
  } else {
    args.grad_sqrt_info = ViewOrNone(r.grad_weight, {n, b.num_points, 2, 2});
  }
  if (wanted.samples) {
    r.sample_pose.resize(n * options.num_samples * b.pose_size());
    r.sample_log_weight.resize(n * options.num_samples);
    args.sample_pose = View(r.sample_pose.data(), {n, options.num_samples, b.pose_size()});
    args.sample_log_weight = View(r.sample_log_weight.data(), {n, options.num_samples});
  }
  if (wanted.prior_gradient) {
    AskForPriorGradient(b, *prior, &args, &r);
  }
  Context context(num_threads);
  const Status status = SamplePosterior(context, args);
  EXPECT_TRUE(status.ok()) << status.message();
  return r;
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_POSTERIOR_BATCH_H_
