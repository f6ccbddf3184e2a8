// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The folded loops of a plain pinhole against the general functions of math/displaced_residual.h,
// of which they are another form: in double precision they differ by rounding alone, some ten
// operations of 1e-16 on numbers that cancel by less than a thousand.
#include "cuda_sampler/pinhole_tile.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/math/test_random.h"

namespace propnp::gpu {
namespace {

using test::TestRandom;

constexpr double kTolerance = 1e-11, kDepthLimit = 0.1;
constexpr int kPoints = 5, kSamples = 40;

struct PinholeScene {
  ViewModel<PinholeCamera<double>, double> model{{}, {}, kDepthLimit};
  RobustLoss<double> loss;
  std::vector<BasePoint<double>> points;
  std::vector<SampleRecord<double>> records;

  PinholeScene(TestRandom& random, bool box, LossKind kind) {
    const double parameters[] = {800, 780, 320, 240, 3};
    model.camera = PinholeCamera<double>::from_parameters(parameters, 0);
    model.box = {box, {250, 200}, {400, 300}};
    loss.kind = kind;
    loss.delta = 5;
    for (int i = 0; i < kPoints; ++i) {
      BasePoint<double> p;
      p.rotated = random.Vector(0.3);
      p.point_in_cam = p.rotated + Vec3<double>{0, 0, 2};
      p.pixel = model.camera.project(p.point_in_cam, kDepthLimit);
      p.error = {random.Normal(), random.Normal()};
      p.weight = {i == 0 ? 0.0 : random.Uniform(0.2, 2), 0, 0, random.Uniform(0.2, 2)};
      points.push_back(p);
    }
    for (int s = 0; s < kSamples; ++s) {
      SampleRecord<double> r = {};
      const Vec3<double> t = random.Vector(0.02);
      // Any small matrix is as good as a rotation.
      r.pose.turn = {random.Vector(0.02), random.Vector(0.02), random.Vector(0.02)};
      r.pose.shift = t;
      r.weight = random.Uniform(-1, 1);
      r.diagonal[0] = 1 + r.pose.turn.row0.x;
      r.diagonal[1] = 1 + r.pose.turn.row1.y;
      r.diagonal[2] = 1 + r.pose.turn.row2.z;
      records.push_back(r);
    }
  }

  double delta() const { return HuberDelta(loss); }

  template <bool kHasBox>
  std::vector<PinholeTilePoint<double, kHasBox>> Folded() const {
    std::vector<PinholeTilePoint<double, kHasBox>> folded;
    for (const BasePoint<double>& p : points) folded.emplace_back(model, p);
    return folded;
  }
};

template <bool kHasBox>
void ExpectSameCosts(const PinholeScene& scene) {
  const auto folded = scene.Folded<kHasBox>();
  for (const SampleRecord<double>& r : scene.records) {
    double expected = 0, cost = 0;
    for (const BasePoint<double>& p : scene.points) {
      expected += displaced_cost(scene.model, scene.loss, p, r.pose.of(p.rotated));
    }
    ASSERT_TRUE(PinholeCost(folded.data(), kPoints, kDepthLimit, scene.delta(), r.pose, &cost));
    EXPECT_NEAR(cost, expected, kTolerance * (1 + expected));
  }
}

template <bool kHasBox>
void ExpectSameGradients(const PinholeScene& scene) {
  const auto folded = scene.Folded<kHasBox>();
  for (int i = 0; i < kPoints; ++i) {
    const BasePoint<double>& p = scene.points[i];
    DisplacedGradient<double> expected = {}, gradient = {};
    for (const SampleRecord<double>& r : scene.records) {
      add_displaced_gradient(
          scene.model, scene.loss, p, r.pose, r.pose.of(p.rotated),
          [](const Vec3<double>& g) { return g; }, r.weight, &expected);
    }
    PinholeTileSums<double> sums;
    ASSERT_TRUE(AddPinholeGradient(folded[i], scene.records.data(), kSamples, kDepthLimit,
                                   scene.delta(), &sums));
    sums.AddTo({p.weight.xx, p.weight.yy}, &gradient);
    // Of numbers as large as hundreds of pixels times a focal length.
    const double tolerance = 1e5 * kTolerance;
    EXPECT_NEAR(gradient.point.x, expected.point.x, tolerance);
    EXPECT_NEAR(gradient.point.y, expected.point.y, tolerance);
    EXPECT_NEAR(gradient.point.z, expected.point.z, tolerance);
    EXPECT_NEAR(gradient.x2d.x, expected.x2d.x, tolerance);
    EXPECT_NEAR(gradient.x2d.y, expected.x2d.y, tolerance);
    EXPECT_NEAR(gradient.weight.xx, expected.weight.xx, tolerance);
    EXPECT_NEAR(gradient.weight.yy, expected.weight.yy, tolerance);
    EXPECT_NEAR(gradient.delta, expected.delta, tolerance);
  }
}

TEST(PinholeTile, HasTheCostsOfTheGeneralLoop) {
  TestRandom random;
  for (const LossKind kind : {LossKind::kNone, LossKind::kHuber}) {
    ExpectSameCosts<false>(PinholeScene(random, false, kind));
    ExpectSameCosts<true>(PinholeScene(random, true, kind));
  }
}

TEST(PinholeTile, HasTheGradientsOfTheGeneralLoop) {
  TestRandom random;
  ExpectSameGradients<false>(PinholeScene(random, false, LossKind::kHuber));
  ExpectSameGradients<true>(PinholeScene(random, true, LossKind::kHuber));
}

TEST(PinholeTile, RefusesPointsBehindTheCamera) {
  TestRandom random;
  PinholeScene scene(random, false, LossKind::kHuber);
  double cost = 0;
  PinholeTileSums<double> sums;
  // A sample that takes the points there.
  scene.records[3].pose.shift.z = -3;
  auto folded = scene.Folded<false>();
  EXPECT_FALSE(PinholeCost(folded.data(), kPoints, kDepthLimit, scene.delta(),
                           scene.records[3].pose, &cost));
  EXPECT_FALSE(AddPinholeGradient(folded[1], scene.records.data(), kSamples, kDepthLimit,
                                  scene.delta(), &sums));
  // A point that is there at the base, and comes out of it.
  scene.points[2].point_in_cam.z = -1;
  scene.records[3].pose.shift.z = 3;
  folded = scene.Folded<false>();
  EXPECT_FALSE(PinholeCost(folded.data(), kPoints, kDepthLimit, scene.delta(),
                           scene.records[3].pose, &cost));
  EXPECT_FALSE(
      AddPinholeGradient(folded[2], &scene.records[3], 1, kDepthLimit, scene.delta(), &sums));
}

}  // namespace
}  // namespace propnp::gpu
