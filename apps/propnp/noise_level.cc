// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/noise_level.h"

#include <algorithm>
#include <cmath>

#include "apps/propnp/evaluation.h"
#include "apps/propnp/select_objects.h"
#include "apps/propnp/text.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

constexpr int kMaxRounds = 20;
constexpr double kStandstill = 1e-3;  // relative change of sigma
// Noise-free input (rendered points) would make every weight infinite.
constexpr double kSmallestSigma = 1e-6;
constexpr size_t kPart = 1024;
// Plain over robust sigma: beyond it the tails are clearly not those of normal noise.
constexpr double kHeavyTails = 1.5;
constexpr double kFewDegreesOfFreedom = 20;

bool HasWeights(const io::PoseDataset& dataset) {
  return !dataset.w2d.empty() || !dataset.sqrt_info.empty();
}

// Robust from the first round on, whatever the noise: far beyond its scale Huber's loss is that of
// the median, which needs no scale.
LossOption PilotLoss(const LossOption& loss) {
  return loss.kind == PROPNP_LOSS_NONE ? loss : ParseLoss("huber");
}

void AddObjectResiduals(const io::PoseDataset& part, const Evaluation& evaluation, size_t i,
                        NoiseEstimator* estimator) {
  std::vector<double> residuals;
  const auto [begin, end] = PointRange(part, i);
  for (int64_t point = begin; point < end; ++point) {
    if (!HasWeight(part, point)) continue;
    residuals.push_back(evaluation.residual[2 * point]);
    residuals.push_back(evaluation.residual[2 * point + 1]);
  }
  estimator->AddObject(residuals, part.objects[i].dof);
}

// From the poses that `dataset` holds; those that failed are left out.
NoiseEstimate EstimateAt(const io::PoseDataset& dataset, const std::vector<RefinedObject>& refined,
                         const SolveSettings& settings) {
  Context context(settings.threads);
  NoiseEstimator estimator;
  for (const std::vector<size_t>& indices : LikeObjects(dataset, kPart)) {
    const io::PoseDataset part = SelectObjects(dataset, indices);
    const Evaluation evaluation = EvaluatePoses(part, settings.loss, &context);
    for (size_t i = 0; i < indices.size(); ++i) {
      if (!refined[indices[i]].failed()) AddObjectResiduals(part, evaluation, i, &estimator);
    }
  }
  return estimator.Estimate();
}

void TakePoses(const std::vector<RefinedObject>& refined, io::PoseDataset* dataset) {
  for (size_t i = 0; i < refined.size(); ++i) {
    if (refined[i].failed()) continue;
    dataset->objects[i].pose = refined[i].pose;
    dataset->objects[i].has_pose = true;
  }
}

NoiseLevel FindNoiseLevel(const io::PoseDataset& dataset, const SolveSettings& settings,
                          const ProgressCallback& progress) {
  NoiseLevel level;
  level.is_factor = HasWeights(dataset);
  level.estimated = true;
  SolveSettings pilot = settings;
  pilot.loss = PilotLoss(settings.loss);
  std::vector<RefinedObject> refined;
  for (int round = 0; round < kMaxRounds; ++round) {
    io::PoseDataset weighted = dataset;
    ApplySigma(level.sigma, &weighted);
    TakePoses(refined, &weighted);
    refined = RefineDataset(weighted, pilot, progress);
    TakePoses(refined, &weighted);
    const double before = level.sigma;
    level.estimate = EstimateAt(weighted, refined, pilot);
    level.estimate.sigma *= before;  // residuals were in units of it
    level.estimate.plain_sigma *= before;
    if (level.estimate.degrees_of_freedom == 0) return level;  // nothing to learn from: sigma is 1
    level.sigma = std::max(level.estimate.sigma, kSmallestSigma);
    const bool stands_still = std::abs(level.sigma - before) <= kStandstill * level.sigma;
    // Least squares does not depend on the level at all; the requested loss comes after its pilot.
    if (pilot.loss.kind == PROPNP_LOSS_NONE || (round > 0 && stands_still)) return level;
    pilot.loss = settings.loss;
  }
  return level;
}

}  // namespace

void ApplySigma(double sigma, io::PoseDataset* dataset) {
  if (!HasWeights(*dataset)) dataset->w2d.assign(dataset->x2d.size(), 1.0);
  for (double& weight : dataset->w2d) weight /= sigma;
  for (double& entry : dataset->sqrt_info) entry /= sigma;
}

std::vector<RefinedObject> RefineAtNoiseLevel(const io::PoseDataset& dataset,
                                              const SigmaOption& option,
                                              const SolveSettings& settings,
                                              const ProgressCallback& progress, NoiseLevel* level) {
  *level = {};
  level->sigma = option.sigma;
  level->is_factor = HasWeights(dataset);
  if (option.is_auto) *level = FindNoiseLevel(dataset, settings, progress);
  io::PoseDataset weighted = dataset;
  ApplySigma(level->sigma, &weighted);
  return RefineDataset(weighted, settings, progress);
}

std::vector<std::string> NoiseWarnings(const NoiseLevel& level, int32_t loss) {
  std::vector<std::string> warnings;
  const NoiseEstimate& estimate = level.estimate;
  if (!level.estimated) return warnings;
  if (estimate.degrees_of_freedom == 0) {
    warnings.push_back(
        "the noise cannot be estimated: no pose has more points than it needs; sigma 1 is assumed, "
        "so the covariances are only right up to a factor (give --sigma)");
    return warnings;
  }
  if (estimate.degrees_of_freedom < kFewDegreesOfFreedom) {
    warnings.push_back(
        Format("the noise was estimated from only %.0f surplus coordinates and may "
               "be off by %.0f %% (give --sigma if you know it)",
               estimate.degrees_of_freedom, 100 / std::sqrt(2 * estimate.degrees_of_freedom)));
  }
  if (estimate.sigma <= kSmallestSigma) {
    warnings.push_back("the points fit without any noise; the covariances are for sigma 1e-6");
  } else if (loss == PROPNP_LOSS_NONE && estimate.plain_sigma > kHeavyTails * estimate.sigma) {
    warnings.push_back(Format(
        "%.1f %% of the residuals lie beyond 2.5 sigma (normal noise: 1.2 %%; their rms is %.3g, "
        "robust sigma %.3g): try --loss cauchy, or --covariance sandwich for honest covariances",
        100 * (1 - estimate.used_share), estimate.plain_sigma, estimate.sigma));
  }
  return warnings;
}

}  // namespace propnp::app
