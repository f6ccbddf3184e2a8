// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The fraction n / Z against the model that every other part uses, math/residual.h.
#include "propnp/math/pinhole_residual.h"

#include <algorithm>

#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr double kZMin = 1e-3;

struct PinholeCase {
  ViewModel<PinholeCamera<double>, double> model;
  DiagonalWeight<double> weight;
  Vec3<double> point, displacement;
  Vec2<double> x2d;

  explicit PinholeCase(TestRandom* random, bool has_box) {
    model.camera = {random->Uniform(400, 700), random->Uniform(400, 700), 320, 240,
                    random->Uniform(-5, 5)};
    model.box.active = has_box;
    model.box.low = {100, 80}, model.box.high = {540, 400};
    model.z_min = kZMin;
    weight = {random->Uniform(0, 2), random->Uniform(0, 2)};
    point = {random->Uniform(-1, 1), random->Uniform(-1, 1), random->Uniform(1.5, 3)};
    displacement = random->Vector(0.1);
    x2d = model.camera.project(point, kZMin) + Vec2<double>{random->Normal(), random->Normal()};
  }

  template <bool kHasBox, bool kHasSkew>
  PinholePoint<double, kHasBox, kHasSkew> Point() const {
    const Vec2<double> pixel = model.camera.project(point, kZMin);
    return {model.camera, model.box, weight, point.z, pixel - x2d, pixel};
  }
  PointResidual<double> Residual() const {
    return residual_with_jacobian(model, point + displacement, x2d, weight);
  }
};

// Coordinates of pixels are up to 1000, weights up to 2: rounding of some 10 operations leaves
// 10 * 2000 * 2^-53 = 2e-12 of a residual, and as much of its gradients, which are as large.
constexpr double kRounding = 1e-11;

template <bool kHasBox, bool kHasSkew>
void ExpectTheModel() {
  TestRandom random;
  int held = 0, outliers = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    PinholeCase c(&random, kHasBox);
    if (!kHasSkew) c.model.camera.skew = 0;
    const auto point = c.Point<kHasBox, kHasSkew>();
    const PinholeFraction<double> f = point.at(c.displacement);
    const PointResidual<double> r = c.Residual();
    EXPECT_NEAR(f.n.x / f.depth, r.e.x, kRounding);
    EXPECT_NEAR(f.n.y / f.depth, r.e.y, kRounding);
    const double s = std::sqrt(dot(r.e, r.e));
    EXPECT_NEAR(PinholeNorm<double>(f).value, s, kRounding);

    const double delta = random.Uniform(0, 60), sample_weight = random.Normal();
    PinholeSums<double> sums;
    const Vec3<double> g = sums.add(point, f, delta, sample_weight);
    const Vec2<double> pull = (sample_weight * std::min(1.0, delta / s)) * r.e;
    const Vec3<double> expected = pull.x * r.x_gradient + pull.y * r.y_gradient;
    for (const auto& [actual, wanted] : {std::pair{g.x, expected.x},
                                         {g.y, expected.y},
                                         {g.z, expected.z},
                                         {sums.error.x, pull.x},
                                         {sums.error.y, pull.y},
                                         {sums.weight.x, pull.x * r.e.x},
                                         {sums.weight.y, pull.y * r.e.y},
                                         {sums.delta, sample_weight * std::max(0.0, s - delta)}}) {
      EXPECT_NEAR(actual, wanted, 100 * kRounding * std::max(1.0, std::fabs(wanted)));
    }
    if (kHasBox) held += f.held_x + f.held_y;
    outliers += s > delta;
  }
  EXPECT_EQ(held > 100, kHasBox);  // the box did something
  EXPECT_GT(outliers, 200);
  EXPECT_LT(outliers, 1800);
}

TEST(PinholeResidual, IsTheModels) { ExpectTheModel<false, true>(); }
TEST(PinholeResidual, IsTheModelsWithoutSkew) { ExpectTheModel<false, false>(); }
TEST(PinholeResidual, IsTheModelsInABox) { ExpectTheModel<true, true>(); }
TEST(PinholeResidual, IsTheModelsInABoxWithoutSkew) { ExpectTheModel<true, false>(); }

TEST(PinholeResidual, IsZeroWithoutWeight) {
  TestRandom random;
  PinholeCase c(&random, false);
  c.weight = {0, 0};
  const auto point = c.Point<false, true>();
  const PinholeFraction<double> f = point.at(c.displacement);
  EXPECT_EQ(PinholeNorm<double>(f).value, 0);
  EXPECT_TRUE(std::isfinite(PinholeNorm<double>(f).inverse));
  PinholeSums<double> sums;
  const Vec3<double> g = sums.add(point, f, 1.0, 1.0);
  EXPECT_EQ(dot(g, g), 0);
  EXPECT_EQ(dot(sums.error, sums.error), 0);
  EXPECT_EQ(dot(sums.weight, sums.weight), 0);
  EXPECT_EQ(sums.delta, 0);
}

}  // namespace
}  // namespace propnp::test
