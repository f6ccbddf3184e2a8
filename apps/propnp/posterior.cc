// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/posterior.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/propnp/evaluation.h"
#include "apps/propnp/pose_math.h"
#include "apps/propnp/posterior_engine.h"
#include "apps/propnp/select_objects.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

// A part ends when it has this many objects, numbers in its samples (8 bytes each) or projected
// points: enough to keep all threads busy, few enough to show progress and to stay small.
constexpr size_t kMostObjects = 1024;
constexpr double kMostSampleNumbers = 1e6, kMostProjections = 1e9;
constexpr double kSearchProjections = 1000;  // a point, for finding modes

// Consecutive objects [first, second) of the dataset, at least one for each thread.
std::vector<std::pair<size_t, size_t>> Parts(const io::PoseDataset& dataset, int64_t samples,
                                             size_t least) {
  std::vector<std::pair<size_t, size_t>> parts;
  const size_t objects = dataset.objects.size();
  size_t begin = 0;
  double projections = 0;
  for (size_t i = 0; i < objects; ++i) {
    const auto [first, second] = PointRange(dataset, i);
    const auto draws = static_cast<double>(samples);
    projections += static_cast<double>(second - first) * (draws + kSearchProjections);
    const size_t count = i + 1 - begin;
    const bool full = count >= kMostObjects || projections > kMostProjections ||
                      8 * draws * static_cast<double>(count) > kMostSampleNumbers;
    if (i + 1 < objects && !(full && count >= least)) continue;
    parts.emplace_back(begin, i + 1);
    begin = i + 1;
    projections = 0;
  }
  return parts;
}

// Errors in pixels, mode by mode: of all objects that have an m-th one together.
void FillModeErrors(const io::PoseDataset& like, const LossOption& loss, Context* context,
                    std::vector<ObjectPosterior>* posteriors) {
  for (size_t m = 0;; ++m) {
    std::vector<size_t> having;
    for (size_t i = 0; i < posteriors->size(); ++i) {
      if ((*posteriors)[i].modes.size() > m) having.push_back(i);
    }
    if (having.empty()) return;
    io::PoseDataset at_mode = SelectObjects(like, having);
    for (size_t k = 0; k < having.size(); ++k) {
      at_mode.objects[k].pose = (*posteriors)[having[k]].modes[m].pose;
      at_mode.objects[k].has_pose = true;
    }
    const Evaluation evaluation = EvaluatePoses(at_mode, loss, context);
    for (size_t k = 0; k < having.size(); ++k) {
      (*posteriors)[having[k]].modes[m].rms_px = RmsPx(at_mode, evaluation, k);
    }
  }
}

// An object's samples to their place among the part's; poses as all of the dataset have them.
void PlaceSamples(const io::DatasetObject& object, const EngineSamples& from, size_t i, size_t to,
                  PartSamples* part) {
  const int64_t samples = part->samples, stored_size = object.dof == 6 ? 7 : 4;
  for (int64_t s = 0; s < samples; ++s) {
    const int64_t source = static_cast<int64_t>(i) * samples + s;
    const int64_t target = static_cast<int64_t>(to) * samples + s;
    part->log_weight[target] = from.log_weight[source];
    io::Pose pose = {};
    std::copy_n(&from.pose[source * stored_size], stored_size, pose.begin());
    if (part->pose_size == 7) pose = FullPose(object, pose);
    std::copy_n(pose.begin(), part->pose_size, &part->pose[target * part->pose_size]);
  }
}

// Samples objects [begin, end): in groups of like ones, each under its number in the dataset.
class PartSampler {
 public:
  PartSampler(const io::PoseDataset& dataset, const LossOption& loss,
              const SamplingOptions& options, bool keep_samples, Context* context)
      : dataset_(dataset),
        loss_(loss),
        options_(options),
        keep_samples_(keep_samples),
        pose_size_(SharedPoseSize(dataset)),
        context_(context) {}

  PartSamples Run(size_t begin, size_t end, std::vector<ObjectPosterior>* posteriors) const {
    PartSamples kept = EmptyPart(begin, end);
    std::vector<size_t> numbers(end - begin);
    std::iota(numbers.begin(), numbers.end(), begin);
    const io::PoseDataset part = SelectObjects(dataset_, numbers);
    for (const std::vector<size_t>& indices : LikeObjects(part, kMostObjects)) {
      const io::PoseDataset like = SelectObjects(part, indices);
      std::vector<uint64_t> ids;
      for (size_t index : indices) ids.push_back(begin + index);
      EngineSamples samples;
      std::vector<ObjectPosterior> found = SampleWithEngine(like, ids, loss_, options_, context_,
                                                            keep_samples_ ? &samples : nullptr);
      FillModeErrors(like, loss_, context_, &found);
      for (size_t i = 0; i < indices.size(); ++i) {
        if (keep_samples_) PlaceSamples(like.objects[i], samples, i, indices[i], &kept);
        found[i].points = CountWeightedPoints(like, i);
        (*posteriors)[begin + indices[i]] = std::move(found[i]);
      }
    }
    return kept;
  }

 private:
  PartSamples EmptyPart(size_t begin, size_t end) const {
    PartSamples part;
    part.first = begin;
    part.count = end - begin;
    part.samples = options_.samples;
    part.pose_size = pose_size_;
    if (!keep_samples_) return part;
    part.pose.resize(part.count * part.samples * part.pose_size);
    part.log_weight.resize(part.count * part.samples);
    return part;
  }

  const io::PoseDataset& dataset_;
  const LossOption& loss_;
  const SamplingOptions& options_;
  const bool keep_samples_;
  const int64_t pose_size_;
  Context* const context_;
};

// The step of the pose's tangent (propnp/math's retraction) that leads from `a` to `b`.
Eigen::VectorXd TangentBetween(const io::Pose& a, const io::Pose& b, int32_t dof) {
  Eigen::VectorXd step(dof);
  for (int k = 0; k < 3; ++k) step[k] = b[k] - a[k];
  if (dof == 4) {
    step[3] = std::remainder(b[3] - a[3], 2 * 3.14159265358979323846);
    return step;
  }
  const io::Quaternion turn =
      io::MultiplyQuaternions(io::PoseRotation(b), io::ConjugateQuaternion(io::PoseRotation(a)));
  for (int k = 0; k < 3; ++k) step[3 + k] = 2 * turn[k + 1] / turn[0];
  return step;
}

double SquaredMahalanobis(const PoseMode& mode, const io::Pose& pose, int32_t dof) {
  const Eigen::MatrixXd covariance =
      Eigen::Map<const Eigen::MatrixXd>(mode.covariance.data(), dof, dof);
  const Eigen::VectorXd step = TangentBetween(mode.pose, pose, dof);
  return step.dot(covariance.ldlt().solve(step));
}

}  // namespace

bool ObjectPosterior::reliable() const {
  return !failed() && (status & (PROPNP_STATUS_IMPROPER | PROPNP_STATUS_HIGH_KHAT)) == 0;
}

int64_t SharedPoseSize(const io::PoseDataset& dataset) {
  const bool upright = std::all_of(dataset.objects.begin(), dataset.objects.end(),
                                   [](const io::DatasetObject& object) { return object.dof == 4; });
  return upright ? 4 : 7;
}

std::vector<ObjectPosterior> SamplePosteriors(const io::PoseDataset& dataset,
                                              const LossOption& loss,
                                              const SamplingOptions& options, int threads,
                                              const SamplesCallback& take_samples,
                                              const ProgressCallback& progress) {
  Context context(threads);
  std::vector<ObjectPosterior> posteriors(dataset.objects.size());
  const PartSampler sampler(dataset, loss, options, take_samples != nullptr, &context);
  const auto least = static_cast<size_t>(context.num_threads());
  for (const auto& [begin, end] : Parts(dataset, options.samples, least)) {
    const PartSamples samples = sampler.Run(begin, end, &posteriors);
    if (take_samples) take_samples(samples);
    progress(static_cast<int64_t>(end));
  }
  return posteriors;
}

int ModeOf(const ObjectPosterior& posterior, const io::DatasetObject& object,
           const io::Pose& pose) {
  int nearest = -1;
  double best = 4;  // two standard deviations, squared
  for (size_t m = 0; m < posterior.modes.size(); ++m) {
    const double distance = SquaredMahalanobis(posterior.modes[m], pose, object.dof);
    if (distance < best) {
      best = distance;
      nearest = static_cast<int>(m);
    }
  }
  return nearest;
}

ModeShares SharesAt(const ObjectPosterior& posterior, const io::DatasetObject& object,
                    const io::Pose& pose) {
  ModeShares shares;
  if (posterior.failed()) return shares;
  const int own = ModeOf(posterior, object, pose);
  shares.own = own < 0 ? 0 : posterior.modes[own].probability;
  shares.next_best_mode = own != 0 ? 0 : posterior.ambiguous() ? 1 : -1;
  shares.next_best =
      shares.next_best_mode < 0 ? 0 : posterior.modes[shares.next_best_mode].probability;
  return shares;
}

}  // namespace propnp::app
