// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/posterior_engine.h"

#include <algorithm>

#include "apps/propnp/dataset_cost.h"
#include "apps/propnp/input_error.h"
#include "propnp/engine/args.h"
#include "propnp/engine/sample_posterior.h"
#include "propnp/engine/tensor.h"

namespace propnp::app {
namespace {

constexpr int64_t kModes = PROPNP_MAX_MODES;

// What the engine writes, object by object.
struct SamplerOutputs {
  SamplerOutputs(int64_t objects, int64_t pose_size, int64_t dof)
      : log_evidence(objects),
        standard_error(objects),
        ess(objects),
        khat(objects),
        covariance(objects * dof * dof),
        mode_pose(objects * kModes * pose_size),
        mode_covariance(objects * kModes * dof * dof),
        mode_probability(objects * kModes),
        mode_cost(objects * kModes),
        status(objects) {}

  void Attach(int64_t b, int64_t pose_size, int64_t dof, SampleArgs* args) {
    args->log_evidence = View(log_evidence.data(), {b});
    args->standard_error = View(standard_error.data(), {b});
    args->ess = View(ess.data(), {b});
    args->khat = View(khat.data(), {b});
    args->covariance = View(covariance.data(), {b, dof, dof});
    args->mode_pose = View(mode_pose.data(), {b, kModes, pose_size});
    args->mode_covariance = View(mode_covariance.data(), {b, kModes, dof, dof});
    args->mode_probability = View(mode_probability.data(), {b, kModes});
    args->mode_cost = View(mode_cost.data(), {b, kModes});
    args->status = View(status.data(), {b});
  }

  std::vector<double> log_evidence, standard_error, ess, khat;
  std::vector<double> covariance, mode_pose, mode_covariance, mode_probability, mode_cost;
  std::vector<int32_t> status;
};

PoseMode ModeAt(const SamplerOutputs& out, int64_t row, int64_t pose_size, int64_t dof) {
  PoseMode mode;
  mode.probability = out.mode_probability[row];
  mode.cost = out.mode_cost[row];
  mode.pose = {};
  std::copy_n(&out.mode_pose[row * pose_size], pose_size, mode.pose.begin());
  // Of the two quaternions of a rotation the one that people know.
  if (dof == 6 && mode.pose[3] < 0) {
    for (size_t k = 3; k < 7; ++k) mode.pose[k] = -mode.pose[k];
  }
  const double* covariance = &out.mode_covariance[row * dof * dof];
  mode.covariance.assign(covariance, covariance + dof * dof);
  return mode;
}

ObjectPosterior ObjectAt(const SamplerOutputs& out, int64_t i, int64_t pose_size, int64_t dof) {
  ObjectPosterior posterior;
  posterior.status = out.status[i];
  if ((posterior.status & PROPNP_STATUS_FAILED) != 0) return posterior;
  for (int64_t m = 0; m < kModes && out.mode_probability[i * kModes + m] > 0; ++m) {
    posterior.modes.push_back(ModeAt(out, i * kModes + m, pose_size, dof));
  }
  const double* covariance = &out.covariance[i * dof * dof];
  posterior.covariance.assign(covariance, covariance + dof * dof);
  posterior.log_evidence = out.log_evidence[i];
  posterior.standard_error = out.standard_error[i];
  posterior.ess = out.ess[i];
  posterior.khat = out.khat[i];
  return posterior;
}

}  // namespace

std::vector<ObjectPosterior> SampleWithEngine(const io::PoseDataset& dataset,
                                              const std::vector<uint64_t>& ids,
                                              const LossOption& loss,
                                              const SamplingOptions& options, Context* context,
                                              EngineSamples* samples) {
  if (dataset.objects.empty()) return {};
  const auto objects = static_cast<int64_t>(dataset.objects.size());
  const DatasetCost cost(dataset, loss);
  const int64_t dof = cost.dof(), pose_size = dof == 6 ? 7 : 4;
  propnp_correspondences correspondences = dataset.Correspondences();
  correspondences.object_ids = View(ids.data(), {objects});
  const propnp_cameras cameras = dataset.Cameras();
  const SolveOptions start_options;
  SampleOptions sample_options;
  sample_options.method = options.method;
  sample_options.num_samples = options.samples;
  sample_options.seed = options.seed;

  SamplerOutputs out(objects, pose_size, dof);
  SampleArgs args;
  args.correspondences = &correspondences;
  args.cameras = &cameras;
  args.cost = cost.get();
  args.start_options = &start_options;
  args.options = &sample_options;
  if (dataset.AllHavePoses()) args.pose_target = dataset.Poses(cost.dof());
  out.Attach(objects, pose_size, dof, &args);
  if (samples != nullptr) {
    samples->pose.resize(objects * options.samples * pose_size);
    samples->log_weight.resize(objects * options.samples);
    args.sample_pose = View(samples->pose.data(), {objects, options.samples, pose_size});
    args.sample_log_weight = View(samples->log_weight.data(), {objects, options.samples});
  }
  const Status status = SamplePosterior(*context, args);
  if (!status.ok()) throw InputError("the correspondences cannot be used: " + status.message());

  std::vector<ObjectPosterior> posteriors;
  for (int64_t i = 0; i < objects; ++i) {
    posteriors.push_back(ObjectAt(out, i, pose_size, dof));
  }
  return posteriors;
}

}  // namespace propnp::app
