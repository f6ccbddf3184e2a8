// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/evidence_sampler.h"

#include <algorithm>
#include <chrono>

namespace propnp::bench {
namespace {

// `count` rows that are all the same memory.
propnp_tensor Repeated(const std::vector<double>& row, int64_t count,
                       std::initializer_list<int64_t> shape_of_row) {
  if (row.empty()) return {};
  propnp_tensor tensor = View(row.data(), shape_of_row);
  std::copy_backward(tensor.shape, tensor.shape + tensor.ndim, tensor.shape + tensor.ndim + 1);
  std::copy_backward(tensor.stride, tensor.stride + tensor.ndim, tensor.stride + tensor.ndim + 1);
  tensor.shape[0] = count, tensor.stride[0] = 0;
  ++tensor.ndim;
  return tensor;
}

// The structs of a call; they point into the problem and into each other.
struct Input {
  std::vector<double> base_rotation;
  Correspondences correspondences;
  Cameras cameras;
  Prior prior;
  CostOptions cost;

  Input(const EvidenceProblem& p, int64_t r) {
    const int64_t n = p.num_points;
    correspondences.num_objects = r;
    correspondences.x3d = Repeated(p.x3d, r, {n, 3});
    correspondences.x2d = Repeated(p.x2d, r, {n, 2});
    correspondences.w2d = Repeated(p.w2d, r, {n, 2});
    correspondences.sqrt_info = Repeated(p.sqrt_info, r, {n, 2, 2});
    cameras.model = View(&p.camera_model, {1});
    cameras.parameters = View(p.camera_parameters.data(), {1, PROPNP_MAX_CAMERA_PARAMETERS});
    cost.dof = p.dof, cost.loss = p.loss, cost.delta = p.delta, cost.z_min = p.z_min;
    if (p.dof == 4) {
      base_rotation.assign(p.base_rotation.begin(), p.base_rotation.end());
      correspondences.base_rotation = Repeated(base_rotation, r, {4});
      std::copy(p.yaw_axis.begin(), p.yaw_axis.end(), cost.yaw_axis);
    }
    if (p.prior_mean.empty()) return;
    prior.mean = Repeated(p.prior_mean, r, {3});
    prior.covariance = Repeated(p.prior_covariance, r, {3, 3});
    cost.prior = &prior;
  }
  Input(const Input&) = delete;
};

// Makes room for the outputs and has `args` write there.
void BindOutputs(const EvidenceProblem& p, Replicates* out, SampleArgs* args) {
  const int64_t r = out->count, n = p.num_points, m = PROPNP_MAX_MODES;
  const auto bind = [](std::vector<double>* values, std::initializer_list<int64_t> shape) {
    int64_t size = 1;
    for (int64_t extent : shape) size *= extent;
    values->assign(size, 0.0);
    return View(values->data(), shape);
  };
  args->log_evidence = bind(&out->log_evidence, {r});
  args->ess = bind(&out->ess, {r});
  args->khat = bind(&out->khat, {r});
  args->mode_pose = bind(&out->mode_pose, {r, m, p.pose_size()});
  args->mode_probability = bind(&out->mode_probability, {r, m});
  args->grad_x3d = bind(&out->grad_x3d, {r, n, 3});
  args->grad_x2d = bind(&out->grad_x2d, {r, n, 2});
  if (p.sqrt_info.empty()) {
    args->grad_w2d = bind(&out->grad_weight, {r, n, 2});
  } else {
    args->grad_sqrt_info = bind(&out->grad_weight, {r, n, 2, 2});
  }
  out->status.assign(r, 0);
  args->status = View(out->status.data(), {r});
}

}  // namespace

EvidenceSampler::EvidenceSampler(const SampleOptions& options, int32_t precision, int num_threads)
    : options_(options), precision_(precision), context_(num_threads) {}

Replicates EvidenceSampler::Sample(const EvidenceProblem& problem, int64_t replicates) {
  const Input input(problem, replicates);
  const SolveOptions start_options;
  Replicates result;
  result.count = replicates;
  SampleArgs args;
  args.correspondences = &input.correspondences;
  args.cameras = &input.cameras;
  args.cost = &input.cost;
  args.start_options = &start_options;
  args.options = &options_;
  args.precision = precision_;
  BindOutputs(problem, &result, &args);
  workspace_.Provide(context_, SamplePosteriorWorkspaceSize, &args);

  const auto start = std::chrono::steady_clock::now();
  RequireOk(SamplePosterior(context_, args));
  const auto end = std::chrono::steady_clock::now();
  result.milliseconds = std::chrono::duration<double, std::milli>(end - start).count();
  return result;
}

}  // namespace propnp::bench
