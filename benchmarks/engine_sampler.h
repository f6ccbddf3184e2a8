// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The engine's SamplePosterior() on a PosteriorProblem, with everything allocated beforehand.
#ifndef PROPNP_BENCHMARKS_ENGINE_SAMPLER_H_
#define PROPNP_BENCHMARKS_ENGINE_SAMPLER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/posterior_problem.h"
#include "benchmarks/workload.h"
#include "benchmarks/workspace.h"
#include "propnp/engine/context.h"
#include "propnp/engine/pose_plus.h"
#include "propnp/engine/sample_posterior.h"

namespace propnp::bench {

// What a user of the sampler sets.
struct SamplerSetup {
  int method = PROPNP_SAMPLER_MIXTURE;
  int num_samples = 512;
  int num_starts = 64, start_points = 16, start_iterations = 5, max_iterations = 10;
  bool box = false;  // clamp projections to the image
  // The backward pass of the training loss, to x3d, x2d, w2d and delta, and pose_plus with its own.
  bool gradient = true;
};

// Adaptive Huber loss; the true pose is the target. With the gradient one run is a training step,
// forward and backward.
class EngineSampler {
 public:
  // `problem` must outlive the sampler.
  EngineSampler(const PosteriorProblem* problem, const SamplerSetup& setup, int num_threads);
  EngineSampler(const EngineSampler&) = delete;
  EngineSampler& operator=(const EngineSampler&) = delete;

  void Run();

  // Throws std::runtime_error unless nearly all objects have an answer with its most probable mode
  // near the truth and the samples are good on average.
  void RequirePlausible() const;

  uint64_t workspace_bytes() const { return workspace_.size(); }

 private:
  void BindInputs(const SamplerSetup& setup);
  void BindOutputs(bool gradient);
  void BindPosePlus();

  const PosteriorProblem& problem_;
  Context context_;
  Correspondences correspondences_;
  Cameras cameras_;
  CostOptions cost_;
  SolveOptions start_options_;
  SampleOptions options_;
  SampleArgs args_;
  int32_t camera_model_ = PROPNP_CAMERA_PINHOLE;
  std::vector<float> log_evidence_, ess_, khat_, cost_target_, mode_pose_, mode_probability_;
  std::vector<float> grad_x3d_, grad_x2d_, grad_w2d_, grad_delta_;
  std::vector<int32_t> status_;
  Workspace workspace_;

  // pose_plus of the most probable mode; its cotangent is all ones.
  bool with_pose_plus_;
  PosePlusArgs pose_plus_args_;
  PosePlusBackwardArgs pose_plus_backward_args_;
  Gradients pose_plus_gradients_;
  std::vector<float> pose_plus_, pose_plus_cotangent_;
  std::vector<float> pose_plus_x3d_, pose_plus_x2d_, pose_plus_w2d_;
  Workspace pose_plus_workspace_, pose_plus_backward_workspace_;
};

// A problem that is made when it is first asked for and then shared.
using LazyPosteriorProblem = std::function<std::shared_ptr<const PosteriorProblem>()>;

Method EngineSamplerMethod(const std::string& name, const LazyPosteriorProblem& problem,
                           const SamplerSetup& setup, int num_threads);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_ENGINE_SAMPLER_H_
