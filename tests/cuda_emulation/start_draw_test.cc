// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What random starts begin with is the same on a device as on the CPU, integers and uniform numbers
// bit for bit.
#include <algorithm>
#include <cmath>
#include <vector>

#include "cuda_sampler/random_subset.h"
#include "propnp/engine/subset_sampler.h"
#include "propnp/math/random_rotation.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr uint64_t kSeed = 0x123456789abcdefull;

// Subsets of 64 starts of an object, as CPU and device draw them.
void ExpectSameSubsets(const std::vector<double>& weights, uint64_t object, int count) {
  const auto points = static_cast<int64_t>(weights.size());
  std::vector<uint32_t> line(SubsetSampler::LineSize(points));
  std::vector<int32_t> guide(SubsetSampler::GuideSize(points)), chosen(count * kStartLanes);
  const SubsetSampler sampler(weights.data(), points, line.data(), guide.data());
  for (int first = 0; first < 64; first += kStartLanes) {
    sampler.Draw({kSeed, object}, first, 1, count, chosen.data());
    for (int lane = 0; lane < kStartLanes; ++lane) {
      std::vector<int64_t> expected(count), actual(count);
      for (int k = 0; k < count; ++k) expected[k] = chosen[k * kStartLanes + lane];
      std::sort(expected.begin(), expected.end());
      gpu::Subset subset;
      gpu::DrawSubset({line.data() + 1, points}, kSeed, object, first + lane, count, &subset);
      ASSERT_EQ(subset.count(), count);
      for (int k = 0; k < count; ++k) actual[k] = subset[k];
      EXPECT_EQ(actual, expected) << "start " << first + lane;
    }
  }
}

// Equal weights, uneven ones, some without any, as few points as are drawn.
TEST(EmulatedStartDraw, SubsetsAreThoseOfTheCpu) {
  TestRandom random;
  for (const int points : {3, 16, 33, 500}) {
    for (const double spread : {0.0, 1.0, 6.0}) {
      std::vector<double> weights(points);
      int weighted = 0;
      for (int i = 0; i < points; ++i) {
        const bool given = points == 3 || i % 4 != 2;
        weights[i] = given ? std::clamp(std::exp(spread * (random.Normal() - 3)), 1e-7, 1.0) : 0;
        weighted += given;
      }
      for (const int count : {3, 7, int{PROPNP_MAX_START_POINTS}}) {
        ExpectSameSubsets(weights, points, std::min(count, weighted));
      }
    }
  }
}

// A yaw is the uniform number itself but for a factor; a rotation has sines in it.
TEST(EmulatedStartDraw, UniformNumbersAreThoseOfTheCpu) {
  const float axis[3] = {0, 1, 0};
  for (int first = 0; first < 256; first += kStartLanes) {
    StartState yaws, rotations;
    GetStartDrawKernels().draw_rotations(4, {kSeed, 5}, first, axis, &yaws);
    GetStartDrawKernels().draw_rotations(6, {kSeed, 5}, first, axis, &rotations);
    for (int lane = 0; lane < kStartLanes; ++lane) {
      const PhiloxWords words = random_words(kSeed, 5, RandomPurpose::kStartRotation, first + lane);
      float u[3];
      for (int k = 0; k < 3; ++k) u[k] = float_uniform_from_word(words.word[k]);
      EXPECT_EQ(yaws.yaw[lane], yaw_from_uniform(u[1]));
      const Quaternion<float> q = rotation_from_uniforms(u[0], u[1], u[2]);
      const float expected[4] = {q.w, q.x, q.y, q.z};
      // Single precision, a sine and a root.
      for (int k = 0; k < 4; ++k) EXPECT_NEAR(rotations.quaternion[k][lane], expected[k], 1e-6);
    }
  }
}

}  // namespace
}  // namespace propnp::test
