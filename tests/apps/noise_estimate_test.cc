// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/noise_estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "apps/propnp/noise_level.h"
#include "propnp/engine/args.h"
#include "tests/apps/sample_data.h"

namespace propnp::app {
namespace {

class Random {
 public:
  double Uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  double Normal() {
    return std::sqrt(-2 * std::log(1 - Uniform())) * std::cos(2 * M_PI * Uniform());
  }

 private:
  std::mt19937_64 engine_{11};
};

TEST(NoiseEstimate, NormalNoise) {
  Random random;
  NoiseEstimator estimator;
  for (int object = 0; object < 100; ++object) {
    std::vector<double> residuals;
    for (int i = 0; i < 200; ++i) residuals.push_back(0.3 * random.Normal());
    estimator.AddObject(residuals, 0);
  }
  const NoiseEstimate estimate = estimator.Estimate();
  // 20,000 coordinates: standard error of sigma 0.3 / sqrt(2 x 20000) = 0.0015 for the plain
  // estimate, at most twice that with the cut; five of them.
  EXPECT_NEAR(estimate.plain_sigma, 0.3, 0.008);
  EXPECT_NEAR(estimate.sigma, 0.3, 0.015);
  EXPECT_NEAR(estimate.used_share, 0.9876, 0.005);
  EXPECT_EQ(estimate.degrees_of_freedom, 20000);
}

TEST(NoiseEstimate, IsNotBotheredByOutliers) {
  Random random;
  NoiseEstimator estimator;
  std::vector<double> residuals;
  for (int i = 0; i < 20000; ++i) {
    const bool wrong = i % 10 < 3;
    residuals.push_back(wrong ? 1 + 15 * random.Uniform() : 0.3 * random.Normal());
  }
  estimator.AddObject(residuals, 6);
  const NoiseEstimate estimate = estimator.Estimate();
  EXPECT_NEAR(estimate.sigma, 0.3, 0.03);
  EXPECT_GT(estimate.plain_sigma, 3);
}

TEST(NoiseEstimate, ScalesBackWhatThePoseSwallowed) {
  NoiseEstimator estimator;
  // 8 coordinates, 6 degrees of freedom: sum of squares 8 a^2 over 2 degrees of freedom.
  estimator.AddObject({0.1, -0.1, 0.1, -0.1, 0.1, -0.1, 0.1, -0.1}, 6);
  EXPECT_NEAR(estimator.Estimate().plain_sigma, 0.2, 1e-12);
}

TEST(NoiseEstimate, NothingToLearnFrom) {
  NoiseEstimator estimator;
  EXPECT_EQ(estimator.Estimate().degrees_of_freedom, 0);
  estimator.AddObject({1, 2, 3, 4, 5, 6}, 6);
  EXPECT_EQ(estimator.Estimate().degrees_of_freedom, 0);
  EXPECT_EQ(estimator.Estimate().sigma, 0);
}

TEST(NoiseEstimate, NoiseFreeDataGivesZeroAndNoNan) {
  NoiseEstimator estimator;
  estimator.AddObject(std::vector<double>(100, 0.0), 6);
  EXPECT_EQ(estimator.Estimate().sigma, 0);
}

TEST(NoiseLevel, FindsTheNoiseOfPosesWithEveryLoss) {
  const io::PoseDataset dataset = SampleDataset(40, 60, 0.7);
  for (const char* loss : {"none", "huber", "cauchy", "adaptive"}) {
    SolveSettings settings;
    settings.loss = ParseLoss(loss);
    NoiseLevel level;
    const auto refined = RefineAtNoiseLevel(
        dataset, {true, 1}, settings, [](int64_t) {}, &level);
    // 4560 degrees of freedom: standard error 0.7 / sqrt(2 x 4560) = 0.0073, some more with the
    // cut.
    EXPECT_NEAR(level.sigma, 0.7, 0.04) << loss;
    for (const RefinedObject& object : refined) EXPECT_FALSE(object.failed()) << loss;
  }
}

TEST(NoiseLevel, ResultIsThatOfARunWithThatSigma) {
  const io::PoseDataset dataset = SampleDataset(5, 20, 0.5);
  SolveSettings settings;
  settings.loss = ParseLoss("huber");
  NoiseLevel found, given;
  const auto a = RefineAtNoiseLevel(
      dataset, {true, 1}, settings, [](int64_t) {}, &found);
  const auto b = RefineAtNoiseLevel(
      dataset, {false, found.sigma}, settings, [](int64_t) {}, &given);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].pose, b[i].pose);
    EXPECT_EQ(a[i].covariance, b[i].covariance);
  }
}

TEST(NoiseLevel, IsAFactorOnGivenWeights) {
  io::PoseDataset dataset = SampleDataset(10, 40, 0.5);
  dataset.w2d.assign(dataset.x2d.size(), 1.0);  // says sigma 1, is 0.5
  NoiseLevel level;
  RefineAtNoiseLevel(
      dataset, {true, 1}, {}, [](int64_t) {}, &level);
  EXPECT_TRUE(level.is_factor);
  EXPECT_NEAR(level.sigma, 0.5, 0.06);  // 740 degrees of freedom: 4.6 standard errors
}

}  // namespace
}  // namespace propnp::app
