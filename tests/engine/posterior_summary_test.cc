// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/posterior_summary.h"

#include <cmath>
#include <limits>
#include <vector>

#include "tests/engine/batch.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr double kPi = 3.14159265358979323846;

// Poses one step to either side of `mean` along each axis, the rotation by the rotation vector.
std::vector<double> Star(const double* mean, const std::vector<double>& sizes) {
  std::vector<double> poses;
  for (int axis = 0; axis < 6; ++axis) {
    for (const double sign : {-1.0, 1.0}) {
      double step[6] = {}, pose[7];
      const double size = sign * sizes[axis];
      step[axis] = axis < 3 ? size : 2 * std::tan(size / 2);
      SixDof<double>().retract(mean, step, pose);
      poses.insert(poses.end(), pose, pose + 7);
    }
  }
  return poses;
}

TEST(PosteriorMoments, OfASymmetricStarOfPoses) {
  TestRandom random;
  double mean[7], start[7];
  random.Pose(mean);
  const std::vector<double> sizes{0.1, 0.2, 0.3, 0.4, 0.2, 0.1};
  const std::vector<double> poses = Star(mean, sizes), weights(12, 1.0 / 12);
  const double away[6] = {1, -2, 0.5, 0.4, -0.3, 0.6};
  SixDof<double>().retract(mean, away, start);
  PoseMoments<SixDof<double>> moments;
  ComputeMoments(SixDof<double>(), {poses.data(), weights.data(), 12}, start, &moments);
  const PoseDistance error = Distance(6, mean, moments.mean);
  EXPECT_LT(error.translation, 1e-6);  // the tolerance of the iteration is 1e-6 of the spread
  EXPECT_LT(error.rotation, 1e-6);
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) {
      const double expected = i == j ? sizes[i] * sizes[i] / 6 : 0;
      EXPECT_NEAR(moments.covariance[6 * i + j], expected, 1e-6) << i << " " << j;
    }
  }
}

TEST(PosteriorMoments, OfOnePoseIsThatPose) {
  TestRandom random;
  double pose[7], start[7];
  random.Pose(pose), random.Pose(start);
  const double weight = 1;
  PoseMoments<SixDof<double>> moments;
  ComputeMoments(SixDof<double>(), {pose, &weight, 1}, start, &moments);
  EXPECT_LT(Distance(6, pose, moments.mean).translation, 1e-13);
  EXPECT_LT(Distance(6, pose, moments.mean).rotation, 1e-13);
  for (double c : moments.covariance) EXPECT_NEAR(c, 0, 1e-25);
}

// Yaws either side of half a turn, one of them a turn further on.
TEST(PosteriorMoments, OfYawsAcrossHalfATurn) {
  const double poses[2 * 7] = {0, 0, 5, kPi - 0.1, 0, 0, 0, 0, 0, 5, -kPi + 0.1 - 2 * kPi};
  const double weights[2] = {0.5, 0.5}, start[4] = {0, 0, 5, 3};
  PoseMoments<FourDof<double>> moments;
  ComputeMoments(FourDof<double>(), {poses, weights, 2}, start, &moments);
  EXPECT_NEAR(moments.mean[3], kPi, 1e-6);
  EXPECT_NEAR(moments.covariance[15], 0.01, 1e-6);
}

// Half a turn away, and half of the weight there: the Cayley tangent would be infinite.
TEST(PosteriorMoments, OfHalfTurnsAreFinite) {
  const double poses[14] = {0, 0, 5, 1, 0, 0, 0, 0, 0, 5, 0, 0, 1, 0};
  const double weights[2] = {0.5, 0.5};
  PoseMoments<SixDof<double>> moments;
  ComputeMoments(SixDof<double>(), {poses, weights, 2}, poses, &moments);
  EXPECT_NEAR(moments.covariance[28], kPi * kPi / 4, 1e-6);  // of the rotation about y
}

TEST(WeightedDistribution, QuantilesOfFewNumbers) {
  const double values[4] = {3, 100, 1, 2}, weights[4] = {0.25, 0, 0.5, 0.25};
  int32_t order[4];
  double cumulative[4];
  const WeightedDistribution distribution(values, weights, 4, order, cumulative);
  // 1 stands at 1/4 of the mass, 2 at 5/8, 3 at 7/8.
  const double expected[][2] = {{0, 1},      {0.25, 1},  {0.4375, 1.5}, {0.625, 2},
                                {0.75, 2.5}, {0.875, 3}, {1, 3}};
  for (const auto& [level, value] : expected) {
    EXPECT_DOUBLE_EQ(distribution.Quantile(level), value) << level;
  }
}

// Costs of poses that a prior does not allow.
TEST(WeightedDistribution, QuantilesOfInfiniteNumbers) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double values[4] = {1, 2, infinity, infinity}, weights[4] = {0.25, 0.25, 0.25, 0.25};
  int32_t order[4];
  double cumulative[4];
  const WeightedDistribution distribution(values, weights, 4, order, cumulative);
  EXPECT_EQ(distribution.Quantile(0.375), 2);
  EXPECT_EQ(distribution.Quantile(0.5), infinity);
  EXPECT_EQ(distribution.Quantile(0.75), infinity);
  EXPECT_EQ(distribution.Quantile(1), infinity);
}

TEST(SystematicDraws, TakeEverySampleItsShareOfTimes) {
  TestRandom random;
  std::vector<double> weights(100);
  double sum = 0;
  for (double& w : weights) sum += w = std::max(random.Uniform(-0.3, 1), 0.0);
  for (double& w : weights) w /= sum;
  for (const int64_t draws : {1, 7, 1000}) {
    std::vector<int32_t> chosen(draws), times(100, 0);
    DrawPoses(weights.data(), 100, 5, 8, draws, chosen.data());
    for (int32_t s : chosen) ++times.at(s);
    for (int s = 0; s < 100; ++s) {
      EXPECT_LT(std::fabs(times[s] - weights[s] * static_cast<double>(draws)), 1) << s;
    }
  }
}

// Over objects, the first of the draws has the samples' distribution, and so has the pair of the
// first two. Fails, for one, without the shuffle. A standard normal number exceeds five once in
// 3e6.
TEST(SystematicDraws, EveryDrawHasTheDistribution) {
  const double weights[3] = {0.2, 0.5, 0.3};
  constexpr int kObjects = 20000, kDraws = 50;
  int first[3] = {}, pairs[3][3] = {};
  for (uint64_t id = 0; id < kObjects; ++id) {
    int32_t chosen[kDraws];
    DrawPoses(weights, 3, 42, id, kDraws, chosen);
    ++first[chosen[0]];
    ++pairs[chosen[0]][chosen[1]];
  }
  const auto expect_share = [&](int count, double share) {
    const double expected = kObjects * share;
    EXPECT_LT(std::fabs(count - expected), 5 * std::sqrt(expected * (1 - share)));
  };
  for (int i = 0; i < 3; ++i) {
    expect_share(first[i], weights[i]);
    for (int j = 0; j < 3; ++j) {
      // Drawn without putting back, of which there are weight x 50.
      expect_share(pairs[i][j], weights[i] * (kDraws * weights[j] - (i == j)) / (kDraws - 1));
    }
  }
}

}  // namespace
}  // namespace propnp::test
