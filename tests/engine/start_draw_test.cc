// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What random starts begin with, drawn for sixteen of them at a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "propnp/engine/kernels/start_draw_kernels.h"
#include "propnp/engine/subset_sampler.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

// The weights of points as a SubsetSampler takes them.
class Line {
 public:
  explicit Line(const std::vector<double>& weights)
      : begin_(weights.size() + 1), guide_(SubsetSampler::kCellsPerPoint * weights.size()) {
    std::partial_sum(weights.begin(), weights.end(), begin_.begin() + 1);
  }

  // chosen[k * kStartLanes + lane].
  std::vector<int32_t> Draw(uint64_t object, int first, int count) {
    const SubsetSampler sampler(begin_.data(), guide_.data(), begin_.size() - 1);
    std::vector<int32_t> chosen(count * kStartLanes);
    sampler.Draw({1, object}, first, count, chosen.data());
    return chosen;
  }

 private:
  std::vector<double> begin_;
  std::vector<int32_t> guide_;
};

TEST(StartDraw, PointsDifferAndHaveWeight) {
  TestRandom random;
  for (const int points : {3, 16, 17, 200}) {
    std::vector<double> weights(points);
    int weighted = 0;
    for (int i = 0; i < points; ++i) {
      // Some without weight, some with hardly any; three with some.
      const bool given = i % 7 < 3 || i % 5 == 1;
      weights[i] = given ? std::exp(4 * random.Normal()) : 0;
      weighted += given;
    }
    Line line(weights);
    const int count = std::min(weighted, 32);
    for (int first = 0; first < 64; first += kStartLanes) {
      const std::vector<int32_t> chosen = line.Draw(points, first, count);
      for (int lane = 0; lane < kStartLanes; ++lane) {
        std::vector<bool> seen(points);
        for (int k = 0; k < count; ++k) {
          const int32_t point = chosen[k * kStartLanes + lane];
          ASSERT_TRUE(point >= 0 && point < points);
          EXPECT_GT(weights[point], 0);
          EXPECT_FALSE(seen[point]);
          seen[point] = true;
        }
      }
    }
  }
}

// The first two of every start: the first by weight, the second by weight among the others. 12
// ordered pairs, 160,000 draws: chi-square with 11 degrees of freedom exceeds 52 once in 4e6 seeds.
// Were the second drawn as the first again, of the others at random, it would be thousands.
TEST(StartDraw, TakesEveryPointByItsWeightAmongThoseLeft) {
  const std::vector<double> weights = {1, 2, 4, 8};
  constexpr double kTotal = 15, kTrials = 10000 * kStartLanes;
  Line line(weights);
  double counts[4][4] = {};
  for (int trial = 0; trial < 10000; ++trial) {
    const std::vector<int32_t> chosen = line.Draw(trial, 0, 2);
    for (int lane = 0; lane < kStartLanes; ++lane) {
      ++counts[chosen[lane]][chosen[kStartLanes + lane]];
    }
  }
  double chi_square = 0;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(counts[i][i], 0);
    for (int j = 0; j < 4; ++j) {
      if (i == j) continue;
      const double expected = kTrials * weights[i] / kTotal * weights[j] / (kTotal - weights[i]);
      chi_square += (counts[i][j] - expected) * (counts[i][j] - expected) / expected;
    }
  }
  EXPECT_LT(chi_square, 52);
}

// An object's starts do not depend on the group that they are drawn in.
TEST(StartDraw, InstructionSetsAgree) {
  std::vector<double> weights(100);
  TestRandom random;
  for (double& w : weights) w = random.Uniform(0.1, 1);
  Line line(weights);
  const float axis[3] = {0, 1, 0};
  const InstructionSet before = CurrentInstructionSet();
  ASSERT_TRUE(SetInstructionSet(InstructionSet::kBaseline));
  const std::vector<int32_t> expected = line.Draw(5, 16, 20);
  StartState rotations, others;
  GetStartDrawKernels().draw_rotations(6, {1, 5}, 16, axis, &rotations);
  for (const InstructionSet isa : {InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (!SetInstructionSet(isa)) continue;
    EXPECT_EQ(line.Draw(5, 16, 20), expected);
    GetStartDrawKernels().draw_rotations(6, {1, 5}, 16, axis, &others);
    for (int k = 0; k < 4; ++k) {
      for (int lane = 0; lane < kStartLanes; ++lane) {
        // Single precision, a sine and a root.
        EXPECT_NEAR(others.quaternion[k][lane], rotations.quaternion[k][lane], 1e-6);
      }
    }
  }
  SetInstructionSet(before);
}

TEST(StartDraw, RotationsAreOfNormOneAndTurnsAboutTheAxis) {
  const float axis[3] = {0.6f, 0, 0.8f};
  for (const int dof : {6, 4}) {
    StartState state;
    GetStartDrawKernels().draw_rotations(dof, {3, 4}, 0, axis, &state);
    for (int lane = 0; lane < kStartLanes; ++lane) {
      double squared = 0;
      for (const auto& part : state.quaternion) squared += part[lane] * part[lane];
      EXPECT_NEAR(squared, 1, 1e-6);
      if (dof == 6) continue;
      const double half = 0.5 * state.yaw[lane];
      EXPECT_LE(std::fabs(state.yaw[lane]), 3.1415928);
      EXPECT_NEAR(state.quaternion[0][lane], std::cos(half), 1e-6);
      for (int k = 0; k < 3; ++k) {
        EXPECT_NEAR(state.quaternion[1 + k][lane], std::sin(half) * axis[k], 1e-6);
      }
    }
  }
}

}  // namespace
}  // namespace propnp::test
