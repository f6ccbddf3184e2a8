// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/engine_sampler.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "benchmarks/mode_matching.h"
#include "propnp/engine/kernels/object_kernels.h"

namespace propnp::bench {
namespace {

// Views onto `values`, which get the room.
propnp_tensor Bind(std::vector<float>* values, std::initializer_list<int64_t> shape) {
  int64_t size = 1;
  for (int64_t extent : shape) size *= extent;
  values->assign(size, 0.f);
  return View(values->data(), shape);
}

}  // namespace

EngineSampler::EngineSampler(const PosteriorProblem* problem, const SamplerSetup& setup,
                             int num_threads)
    : problem_(*problem), context_(num_threads), with_pose_plus_(setup.gradient) {
  BindInputs(setup);
  BindOutputs(setup.gradient);
  workspace_.Provide(context_, SamplePosteriorWorkspaceSize, &args_);
  if (with_pose_plus_) BindPosePlus();
}

void EngineSampler::BindInputs(const SamplerSetup& setup) {
  const int64_t b = problem_.num_objects, n = problem_.num_points;
  correspondences_.num_objects = b;
  correspondences_.x3d = View(problem_.x3d.data(), {b, n, 3});
  correspondences_.x2d = View(problem_.x2d.data(), {b, n, 2});
  correspondences_.w2d = View(problem_.w2d.data(), {b, n, 2});
  cameras_.model = View(&camera_model_, {1});
  cameras_.parameters = View(problem_.camera.data(), {1, 5});
  if (setup.box) cameras_.box_px = View(problem_.image.data(), {1, 4});
  cost_.dof = problem_.dof;
  cost_.loss = PROPNP_LOSS_ADAPTIVE_HUBER;
  start_options_.num_starts = setup.num_starts;
  start_options_.start_points = setup.start_points;
  start_options_.start_iterations = setup.start_iterations;
  start_options_.max_iterations = setup.max_iterations;
  options_.method = setup.method;
  options_.num_samples = setup.num_samples;

  args_.correspondences = &correspondences_;
  args_.cameras = &cameras_;
  args_.cost = &cost_;
  args_.start_options = &start_options_;
  args_.options = &options_;
  args_.pose_target = View(problem_.pose_true.data(), {b, problem_.pose_size()});
}

void EngineSampler::BindOutputs(bool gradient) {
  const int64_t b = problem_.num_objects, n = problem_.num_points;
  args_.log_evidence = Bind(&log_evidence_, {b});
  args_.ess = Bind(&ess_, {b});
  args_.khat = Bind(&khat_, {b});
  args_.cost_target = Bind(&cost_target_, {b});
  args_.mode_pose = Bind(&mode_pose_, {b, PROPNP_MAX_MODES, problem_.pose_size()});
  args_.mode_probability = Bind(&mode_probability_, {b, PROPNP_MAX_MODES});
  status_.assign(b, 0);
  args_.status = View(status_.data(), {b});
  if (!gradient) return;
  args_.loss_gradient = 1;
  args_.grad_x3d = Bind(&grad_x3d_, {b, n, 3});
  args_.grad_x2d = Bind(&grad_x2d_, {b, n, 2});
  args_.grad_w2d = Bind(&grad_w2d_, {b, n, 2});
  args_.grad_delta = Bind(&grad_delta_, {b});
}

void EngineSampler::BindPosePlus() {
  const int64_t b = problem_.num_objects, n = problem_.num_points, p = problem_.pose_size();
  const auto bind = [&](auto* args) {
    args->correspondences = &correspondences_;
    args->cameras = &cameras_;
    args->cost = &cost_;
    args->pose = View(mode_pose_.data(), {b, p});
    args->pose.stride[0] = PROPNP_MAX_MODES * p;
  };
  bind(&pose_plus_args_);
  pose_plus_args_.pose_plus = Bind(&pose_plus_, {b, p});
  pose_plus_workspace_.Provide(context_, PosePlusWorkspaceSize, &pose_plus_args_);

  bind(&pose_plus_backward_args_);
  pose_plus_backward_args_.pose_plus_cotangent = Bind(&pose_plus_cotangent_, {b, p});
  std::fill(pose_plus_cotangent_.begin(), pose_plus_cotangent_.end(), 1.f);
  pose_plus_gradients_.x3d = Bind(&pose_plus_x3d_, {b, n, 3});
  pose_plus_gradients_.x2d = Bind(&pose_plus_x2d_, {b, n, 2});
  pose_plus_gradients_.w2d = Bind(&pose_plus_w2d_, {b, n, 2});
  pose_plus_backward_args_.gradients = &pose_plus_gradients_;
  pose_plus_backward_workspace_.Provide(context_, PosePlusBackwardWorkspaceSize,
                                        &pose_plus_backward_args_);
}

void EngineSampler::Run() {
  RequireOk(SamplePosterior(context_, args_));
  if (!with_pose_plus_) return;
  RequireOk(PosePlus(context_, pose_plus_args_));
  RequireOk(PosePlusBackward(context_, pose_plus_backward_args_));
}

void EngineSampler::RequirePlausible() const {
  int64_t good = 0;
  double ess = 0;
  for (int64_t i = 0; i < problem_.num_objects; ++i) {
    ess += ess_[i] / static_cast<double>(problem_.num_objects);
    const float* truth = &problem_.pose_true[i * problem_.pose_size()];
    const float* mode = &mode_pose_[i * PROPNP_MAX_MODES * problem_.pose_size()];
    const std::vector<double> a(truth, truth + problem_.pose_size());
    const std::vector<double> c(mode, mode + problem_.pose_size());
    good += (status_[i] & PROPNP_STATUS_FAILED) == 0 && std::isfinite(log_evidence_[i]) &&
            PoseDistance(problem_.dof, a.data(), c.data()) < 0.3;
  }
  // The adaptive sampler is left with few samples where a posterior is sharp.
  const double least_ess = options_.method == PROPNP_SAMPLER_AMIS ? .02 : .2;
  if (good < .95 * static_cast<double>(problem_.num_objects) || !(ess > least_ess)) {
    throw std::runtime_error("propnp samples " + std::to_string(good) + " of " +
                             std::to_string(problem_.num_objects) +
                             " posteriors plausibly, mean ESS " + std::to_string(ess));
  }
  const auto is_zero = [](float g) { return g == 0; };
  if (args_.loss_gradient && std::all_of(grad_x3d_.begin(), grad_x3d_.end(), is_zero)) {
    throw std::runtime_error("propnp gives no gradient");
  }
}

Method EngineSamplerMethod(const std::string& name, const LazyPosteriorProblem& problem,
                           const SamplerSetup& setup, int num_threads) {
  Method method;
  method.name = name;
  method.precision = "float";
  method.threads = num_threads;
  method.isa = InstructionSetName(CurrentInstructionSet());
  method.prepare = [=]() -> Call {
    const auto shared = problem();
    const auto sampler = std::make_shared<EngineSampler>(shared.get(), setup, num_threads);
    sampler->Run();
    sampler->RequirePlausible();
    return [shared, sampler] { sampler->Run(); };
  };
  method.workspace_bytes = [=] {
    return EngineSampler(problem().get(), setup, num_threads).workspace_bytes();
  };
  return method;
}

}  // namespace propnp::bench
