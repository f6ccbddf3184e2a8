// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/posterior.h"

#include <gtest/gtest.h>

#include <cmath>

#include "apps/propnp/dataset_cost.h"
#include "apps/propnp/input_error.h"
#include "apps/propnp/pose_math.h"
#include "apps/propnp/posterior_words.h"
#include "apps/propnp/select_objects.h"
#include "propnp/engine/sample_args.h"
#include "tests/apps/sample_data.h"

namespace propnp::app {
namespace {

constexpr LossOption kLeastSquares = {};

SamplingOptions Samples(int32_t samples) {
  SamplingOptions options;
  options.samples = samples;
  return options;
}

std::vector<ObjectPosterior> Sample(const io::PoseDataset& dataset, int32_t samples = 512,
                                    int threads = 1) {
  return SamplePosteriors(dataset, kLeastSquares, Samples(samples), threads, nullptr,
                          [](int64_t) {});
}

// The square `count` times, each a bit further to the right on the picture.
io::PoseDataset Squares(size_t count, double sigma_px) {
  const io::PoseDataset one = AmbiguousSquare(sigma_px);
  io::PoseDataset all = SelectObjects(one, std::vector<size_t>(count, 0));
  for (size_t i = 0; i < count; ++i) {
    all.objects[i].id = "square " + std::to_string(i);
    for (size_t p = 0; p < 4; ++p) all.x2d[2 * (4 * i + p)] += static_cast<double>(i) / 8;
  }
  return all;
}

void ExpectEqual(const ObjectPosterior& a, const ObjectPosterior& b) {
  ASSERT_EQ(a.modes.size(), b.modes.size());
  for (size_t m = 0; m < a.modes.size(); ++m) {
    EXPECT_EQ(a.modes[m].probability, b.modes[m].probability);
    EXPECT_EQ(a.modes[m].pose, b.modes[m].pose);
    EXPECT_EQ(a.modes[m].covariance, b.modes[m].covariance);
    EXPECT_EQ(a.modes[m].rms_px, b.modes[m].rms_px);
  }
  EXPECT_EQ(a.log_evidence, b.log_evidence);
  EXPECT_EQ(a.khat, b.khat);
  EXPECT_EQ(a.status, b.status);
}

TEST(Posterior, AFlatSquareHasTwoModes) {
  io::Pose truth;
  const io::PoseDataset dataset = AmbiguousSquare(0.3, &truth);
  const ObjectPosterior posterior = Sample(dataset, 4096)[0];
  ASSERT_EQ(posterior.modes.size(), 2u);
  const PoseMode &first = posterior.modes[0], &second = posterior.modes[1];
  EXPECT_LT(RotationDistanceDeg(first.pose, truth), 0.01);
  EXPECT_NEAR(first.cost, 0, 1e-6);
  EXPECT_NEAR(first.rms_px, 0, 1e-3);
  EXPECT_GT(RotationDistanceDeg(second.pose, truth), 30);
  // 1/2 sum (error / sigma)^2 = n rms^2 / (2 sigma^2)
  EXPECT_NEAR(second.cost, 4 * std::pow(second.rms_px / 0.3, 2) / 2, 1e-6);
  EXPECT_NEAR(first.probability + second.probability, 1, 1e-12);
  // Laplace: exp(-cost) sqrt(det covariance). The covariances are within a tenth of each other, so
  // that their determinants are within 1.1^3; a probability is known to 1/128.
  const double odds = std::exp(-second.cost);
  EXPECT_NEAR(second.probability, odds / (1 + odds), 0.05);
  EXPECT_EQ(DescribePosterior(posterior, dataset.objects[0]).substr(0, 11), "two modes, ");
  EXPECT_TRUE(posterior.reliable());
  EXPECT_EQ(posterior.points, 4);
}

TEST(Posterior, NeitherPartsNorThreadsNorSeedlessRunsChangeIt) {
  // 64 samples: one part; 60000: a part for each object.
  const io::PoseDataset dataset = Squares(5, 0.5);
  const auto together = Sample(dataset, 60000, 1), threaded = Sample(dataset, 60000, 3);
  for (size_t i = 0; i < 5; ++i) ExpectEqual(together[i], threaded[i]);
  const auto again = Sample(dataset, 64, 1), threes = Sample(dataset, 64, 3);
  for (size_t i = 0; i < 5; ++i) ExpectEqual(again[i], threes[i]);
  EXPECT_NE(again[0].log_evidence, together[0].log_evidence);
}

TEST(Posterior, SeedAndMethodMatter) {
  const io::PoseDataset dataset = AmbiguousSquare(0.5);
  const auto evidence = [&](int32_t method, uint64_t seed) {
    SamplingOptions options;
    options.method = method;
    options.seed = seed;
    return SamplePosteriors(dataset, kLeastSquares, options, 1, nullptr, [](int64_t) {})[0]
        .log_evidence;
  };
  const double base = evidence(PROPNP_SAMPLER_MIXTURE, 0);
  EXPECT_EQ(evidence(PROPNP_SAMPLER_MIXTURE, 0), base);
  EXPECT_NE(evidence(PROPNP_SAMPLER_MIXTURE, 1), base);
  EXPECT_NE(evidence(PROPNP_SAMPLER_MIXTURE_MC, 0), base);
  EXPECT_NEAR(evidence(PROPNP_SAMPLER_MIXTURE_MC, 0), base, 0.5);
}

TEST(Posterior, SamplesComeInOrderAndMeanWhatTheEvidenceSays) {
  const io::PoseDataset dataset = Squares(5, 0.3);
  std::vector<double> log_weight, pose;
  const auto take = [&](const PartSamples& part) {
    EXPECT_EQ(log_weight.size(), part.first * 60000);
    EXPECT_EQ(part.pose.size(), part.count * 60000 * 7);
    log_weight.insert(log_weight.end(), part.log_weight.begin(), part.log_weight.end());
    pose.insert(pose.end(), part.pose.begin(), part.pose.end());
  };
  const auto posteriors =
      SamplePosteriors(dataset, kLeastSquares, Samples(60000), 1, take, [](int64_t) {});
  ASSERT_EQ(log_weight.size(), 5u * 60000);
  for (size_t i = 0; i < 5; ++i) {
    double sum = 0, x = 0;
    for (size_t s = i * 60000; s < (i + 1) * 60000; ++s) {
      sum += std::exp(log_weight[s]);
      x += std::exp(log_weight[s]) * pose[7 * s];
    }
    EXPECT_NEAR(std::log(sum / 60000), posteriors[i].log_evidence, 0.05) << i;
    // Each square is 1/8 px = 1/8/600 m further to the right at 1 m; they are known to 5 x 0.3/600
    // m in the distance, of which 0.03 goes into x, and to half a pixel's 0.3 in x itself.
    EXPECT_NEAR(x / sum, 0.03 + static_cast<double>(i) / 8 / 600, 2e-4) << i;
  }
}

io::DatasetPrior RayPrior(const io::Vector3& mean, const io::Vector3& sigma) {
  io::DatasetPrior prior;
  prior.kind = io::DatasetPrior::Kind::kGaussianRay;
  prior.mean.assign(mean.begin(), mean.end());
  prior.spread.assign(9, 0.0);
  for (size_t k = 0; k < 3; ++k) prior.spread[4 * k] = sigma[k] * sigma[k];
  return prior;
}

TEST(Posterior, HopelessPointsNeedAPriorAndOneHelps) {
  io::PoseDataset dataset = Squares(2, 60);  // twice as uncertain as the square is wide
  dataset.objects[1].prior = RayPrior({0.03, -0.02, 0}, {0.01, 0.01, 0.02});
  const auto posteriors = Sample(dataset, 4096);
  EXPECT_NE(posteriors[0].status & PROPNP_STATUS_IMPROPER, 0);
  EXPECT_FALSE(posteriors[0].reliable());
  EXPECT_NE(DescribePosterior(posteriors[0], dataset.objects[0]).find("needs a prior"),
            std::string::npos);
  EXPECT_EQ(posteriors[1].status & PROPNP_STATUS_IMPROPER, 0);
  // The points say next to nothing, so the distance is as sure as the prior has it: 2 %.
  ASSERT_FALSE(posteriors[1].failed());
  EXPECT_NEAR(posteriors[1].modes[0].pose[2], 1, 0.05);
  EXPECT_NEAR(std::sqrt(posteriors[1].modes[0].covariance[14]), 0.02, 0.005);
}

TEST(Posterior, OnlyPriorsThatTheEngineKnowsAreTaken) {
  io::PoseDataset dataset = AmbiguousSquare(0.5);
  dataset.objects[0].prior = RayPrior({0, 0, 0}, {1, 1, 1});
  const DatasetCost cost(dataset, kLeastSquares);
  ASSERT_NE(cost.get()->prior, nullptr);
  std::vector<double>& covariance = dataset.objects[0].prior->spread;
  covariance[1] = covariance[3] = 0.1;
  EXPECT_NO_THROW(Sample(dataset));
  covariance[1] = covariance[3] = 1.1;
  EXPECT_THROW(Sample(dataset), InputError);  // not positive
}

TEST(Posterior, MixesDegreesOfFreedomAndFailures) {
  std::vector<io::Pose> truth;
  io::PoseDataset dataset = SampleDataset(3, 50, 0.5, &truth);
  io::DatasetObject& upright = dataset.objects[1];
  upright.dof = 4;
  upright.base_rotation = io::PoseRotation(truth[1]);
  upright.pose = {truth[1][0], truth[1][1], truth[1][2], 0.1, 0, 0, 0};
  dataset.w2d.assign(dataset.x2d.size(), 2.0);
  std::fill(dataset.w2d.begin() + 200, dataset.w2d.end(), 0.0);  // no weight: the third
  PartSamples kept;
  const auto posteriors = SamplePosteriors(
      dataset, kLeastSquares, Samples(256), 1, [&](const PartSamples& part) { kept = part; },
      [](int64_t) {});
  EXPECT_EQ(posteriors[0].modes.at(0).covariance.size(), 36u);
  EXPECT_EQ(posteriors[1].modes.at(0).covariance.size(), 16u);
  EXPECT_NEAR(posteriors[1].modes[0].pose[3], 0, 0.01);
  EXPECT_TRUE(posteriors[2].failed());
  EXPECT_EQ(DescribePosterior(posteriors[2], dataset.objects[2]),
            "failed: fewer than 3 points with weight");
  // Among poses of 7 numbers those with yaw have 7 too.
  ASSERT_EQ(kept.pose_size, 7);
  io::Pose sample;
  std::copy_n(&kept.pose[7 * 256], 7, sample.begin());
  EXPECT_NEAR(std::hypot(sample[3], sample[4], std::hypot(sample[5], sample[6])), 1, 1e-9);
  EXPECT_LT(RotationDistanceDeg(sample, truth[1]), 5);
}

TEST(Posterior, TellsWhichModeAPoseIsIn) {
  io::Pose truth;
  const io::PoseDataset dataset = AmbiguousSquare(0.3, &truth);
  const ObjectPosterior posterior = Sample(dataset)[0];
  const io::DatasetObject& object = dataset.objects[0];
  ASSERT_EQ(posterior.modes.size(), 2u);
  EXPECT_EQ(ModeOf(posterior, object, truth), 0);
  EXPECT_EQ(ModeOf(posterior, object, posterior.modes[1].pose), 1);
  io::Pose far = truth;
  far[2] += 10;
  EXPECT_EQ(ModeOf(posterior, object, far), -1);

  const ModeShares right = SharesAt(posterior, object, truth);
  EXPECT_EQ(right.own, posterior.modes[0].probability);
  EXPECT_EQ(right.next_best, posterior.modes[1].probability);
  const ModeShares wrong = SharesAt(posterior, object, posterior.modes[1].pose);
  EXPECT_EQ(wrong.own, posterior.modes[1].probability);
  EXPECT_EQ(wrong.next_best_mode, 0);
  EXPECT_EQ(SharesAt(posterior, object, far).own, 0);
  EXPECT_TRUE(std::isnan(SharesAt(ObjectPosterior(), object, truth).own));
}

// Turning by 2 pi changes no pose.
TEST(Posterior, YawIsAnAngle) {
  ObjectPosterior posterior;
  PoseMode mode;
  mode.probability = 1;
  mode.pose = {0, 0, 1, 3.1, 0, 0, 0};
  mode.covariance.assign(16, 0.0);
  for (int k = 0; k < 4; ++k) mode.covariance[5 * k] = 0.01;
  posterior.modes = {mode};
  io::DatasetObject object;
  object.dof = 4;
  EXPECT_EQ(ModeOf(posterior, object, {0, 0, 1, -3.1, 0, 0, 0}), 0);
  EXPECT_EQ(ModeOf(posterior, object, {0, 0, 1, 0, 0, 0, 0}), -1);
}

TEST(Posterior, WordsSayWhatToDo) {
  const io::PoseDataset dataset = AmbiguousSquare(0.5);
  ObjectPosterior posterior = Sample(dataset)[0];
  const io::DatasetObject& object = dataset.objects[0];
  posterior.modes.resize(1);
  posterior.status = 0;
  EXPECT_EQ(DescribePosterior(posterior, object), "one mode");
  posterior.status = PROPNP_STATUS_LOW_ESS;
  posterior.ess = 0.08;
  EXPECT_EQ(DescribePosterior(posterior, object),
            "one mode; only 8 % effective samples, more --samples give sharper numbers");
  posterior.status |= PROPNP_STATUS_HIGH_KHAT;
  posterior.khat = 0.912;
  EXPECT_EQ(DescribePosterior(posterior, object),
            "one mode; estimate not reliable: k-hat 0.91, use more --samples");
  EXPECT_FALSE(posterior.reliable());
  for (int i = 0; i < 3; ++i) posterior.modes.push_back(posterior.modes[0]);
  posterior.modes[2].pose[0] += 0.25;
  EXPECT_EQ(DescribePosterior(posterior, object).substr(0, 63),
            "four modes, up to 0.00 deg and 0.25 (unit of the points) apart;");
}

}  // namespace
}  // namespace propnp::app
