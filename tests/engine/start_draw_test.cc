// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What random starts begin with, drawn for sixteen of them at a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "propnp/engine/kernels/start_draw_kernels.h"
#include "propnp/engine/start_words.h"
#include "propnp/engine/subset_sampler.h"
#include "propnp/math/philox.h"
#include "propnp/math/weighted_subset.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr uint64_t kSeed = 1;

// Points of some weights as a SubsetSampler takes them.
class Line {
 public:
  explicit Line(const std::vector<double>& weights)
      : fraction_(weights),
        begin_(SubsetSampler::LineSize(weights.size())),
        guide_(SubsetSampler::GuideSize(weights.size())) {
    const double largest = *std::max_element(weights.begin(), weights.end());
    for (double& w : fraction_) w = w > 0 ? std::max(w / largest, kLeastWeightFraction) : 0;
  }

  // chosen[(group * count + k) * kStartLanes + lane].
  std::vector<int32_t> Draw(uint64_t object, int first, int count, int num_groups = 1) {
    const SubsetSampler sampler(fraction_.data(), fraction_.size(), begin_.data(), guide_.data());
    std::vector<int32_t> chosen(num_groups * count * kStartLanes);
    sampler.Draw({kSeed, object}, first, num_groups, count, chosen.data());
    return chosen;
  }

  // As WeightedSubset takes them, once something has been drawn.
  uint32_t total() const { return begin_[fraction_.size()]; }
  uint32_t begin(int64_t i) const { return begin_[i]; }
  int64_t find(uint32_t position) const {
    const auto end = begin_.begin() + fraction_.size() + 1;
    return std::upper_bound(begin_.begin(), end, position) - begin_.begin() - 1;
  }

 private:
  std::vector<double> fraction_;
  std::vector<uint32_t> begin_;
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

// One at a time, without a guide, and the same points to the last.
void ExpectSameAsOneByOne(const std::vector<double>& weights, uint64_t object, int first, int count,
                          int num_groups) {
  Line line(weights);
  const std::vector<int32_t> chosen = line.Draw(object, first, count, num_groups);
  for (int start = 0; start < num_groups * kStartLanes; ++start) {
    const int group = start / kStartLanes, lane = start % kStartLanes;
    WeightedSubset<PROPNP_MAX_START_POINTS> expected;
    std::vector<int32_t> actual;
    for (int k = 0; k < count; ++k) {
      const uint32_t block = first_subset_block(first + start) + k / 4;
      const PhiloxWords words = random_words(kSeed, object, RandomPurpose::kStartSubset, block);
      expected.draw(line, words.word[k % 4]);
      actual.push_back(chosen[(group * count + k) * kStartLanes + lane]);
    }
    std::sort(actual.begin(), actual.end());
    for (int k = 0; k < count; ++k) EXPECT_EQ(actual[k], expected[k]);
  }
}

// Weights at which sums round, and points that hardly ever are drawn while others are left.
std::vector<std::vector<double>> HostileWeights() {
  TestRandom random;
  std::vector<double> giant(100, 1e-9), extremes(300), sparse(5000, 0), last(64, 0);
  giant[37] = 1;
  for (double& w : extremes) w = std::pow(10, random.Uniform(-300, 300));
  for (int i = 0; i < 300; ++i) sparse[i * i % 5000] = random.Uniform(0.01, 1);
  std::fill(last.begin() + 10, last.begin() + 50, 1.0);
  std::vector<double> varied(1000);
  for (double& w : varied) w = std::exp(2 * random.Normal());
  return {{1}, {0, 3, 0}, std::vector<double>(257, 0.7), giant, extremes, sparse, last, varied};
}

TEST(StartDraw, InstructionSetsDrawWhatIsDrawnOneByOne) {
  const InstructionSet before = CurrentInstructionSet();
  for (const InstructionSet isa :
       {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (!SetInstructionSet(isa)) continue;
    for (const std::vector<double>& weights : HostileWeights()) {
      const auto weighted = weights.size() - std::count(weights.begin(), weights.end(), 0.0);
      for (const int count : {1, 2, 20, int{PROPNP_MAX_START_POINTS}}) {
        for (int groups = 1; groups <= kGroupsAtOnce; ++groups) {
          ExpectSameAsOneByOne(weights, 5, 16, std::min<int>(count, weighted), groups);
        }
      }
    }
  }
  SetInstructionSet(before);
}

// Where a single point has nearly all the weight the others are drawn alike all the same: 16 of 99
// in 16,000 starts, after the giant. Of each point the count is binomial with a standard deviation
// of 47 about 2586.
TEST(StartDraw, WhatAGiantLeavesIsDrawnAlike) {
  std::vector<double> weights(100, 1e-12);
  weights[37] = 1;
  Line line(weights);
  std::vector<int> counts(100);
  for (int object = 0; object < 1000; ++object) {
    const std::vector<int32_t> chosen = line.Draw(object, 0, 17);
    for (const int32_t point : chosen) ++counts[point];
  }
  EXPECT_EQ(counts[37], 16000);
  counts[37] = 16000 * 16 / 99;
  for (const int count : counts) EXPECT_NEAR(count, 16000.0 * 16 / 99, 6 * 47);
}

// A hundred million points, as far as the line is concerned: it stays below 2^32 and keeps all that
// have weight.
TEST(StartDraw, LineHoldsManyPoints) {
  for (const int64_t points :
       {int64_t{1}, int64_t{3}, int64_t{100000000}, (int64_t{1} << 31) - 1}) {
    const uint32_t largest = weight_in_units(1.0), least = weight_in_units(kLeastWeightFraction);
    EXPECT_EQ(least, 1u);
    for (const uint64_t large : {uint64_t{1}, static_cast<uint64_t>(points)}) {
      const uint64_t small = points - large;
      const int shift = weight_line_shift(large * largest + small * least, points);
      const uint64_t total =
          large * weight_line_width(largest, shift) + small * weight_line_width(least, shift);
      EXPECT_LT(total, uint64_t{1} << 32);
      EXPECT_GT(total, uint64_t{1} << 30);  // and wastes no room
      EXPECT_GE(weight_line_width(least, shift), 1u);
    }
    EXPECT_EQ(weight_line_width(0, 0), 0u);
  }
}

TEST(StartDraw, InstructionSetsTurnAlike) {
  const float axis[3] = {0, 1, 0};
  const InstructionSet before = CurrentInstructionSet();
  ASSERT_TRUE(SetInstructionSet(InstructionSet::kBaseline));
  StartState rotations, others;
  GetStartDrawKernels().draw_rotations(6, {1, 5}, 16, axis, &rotations);
  for (const InstructionSet isa : {InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (!SetInstructionSet(isa)) continue;
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
