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

  template <bool kHasBox>
  PinholeFraction<double> Fraction() const {
    return Point<kHasBox>().at(displacement);
  }
  template <bool kHasBox>
  PinholePoint<double, kHasBox> Point() const {
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

template <bool kHasBox>
void ExpectTheModel() {
  TestRandom random;
  int held = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    const PinholeCase c(&random, kHasBox);
    const PinholeFraction<double> f = c.Fraction<kHasBox>();
    const PointResidual<double> r = c.Residual();
    EXPECT_NEAR(f.n.x / f.depth, r.e.x, kRounding);
    EXPECT_NEAR(f.n.y / f.depth, r.e.y, kRounding);
    const double s = std::sqrt(dot(r.e, r.e));
    const PinholeNorms<double> norms(f);
    EXPECT_NEAR(residual_norm(f), s, kRounding);
    EXPECT_NEAR(norms.norm, s, kRounding);
    EXPECT_NEAR(norms.inverse_norm * s, 1, 1e-12 * std::max(1.0, 1 / s));
    EXPECT_NEAR(norms.inverse_depth * f.depth, 1, 1e-14);
    EXPECT_NEAR(norms.inverse_square_depth * f.depth * f.depth, 1, 1e-14);

    const Vec2<double> pull{random.Normal(), random.Normal()};
    Vec2<double> a = norms.inverse_depth * pull;
    if (kHasBox) {
      held += f.held_x + f.held_y;
      a = {f.held_x ? 0 : a.x, f.held_y ? 0 : a.y};
    }
    const Vec3<double> g = c.Point<kHasBox>().gradient(f, norms.inverse_depth, a);
    const Vec3<double> expected = pull.x * r.x_gradient + pull.y * r.y_gradient;
    EXPECT_NEAR(g.x, expected.x, 10 * kRounding);
    EXPECT_NEAR(g.y, expected.y, 10 * kRounding);
    EXPECT_NEAR(g.z, expected.z, 10 * kRounding);
  }
  EXPECT_EQ(held > 100, kHasBox);  // the box did something
}

TEST(PinholeResidual, IsTheModels) { ExpectTheModel<false>(); }
TEST(PinholeResidual, IsTheModelsInABox) { ExpectTheModel<true>(); }

TEST(PinholeResidual, IsZeroWithoutWeight) {
  TestRandom random;
  PinholeCase c(&random, false);
  c.weight = {0, 0};
  const PinholeFraction<double> f = c.Fraction<false>();
  const PinholeNorms<double> norms(f);
  EXPECT_EQ(residual_norm(f), 0);
  EXPECT_EQ(norms.norm, 0);
  EXPECT_TRUE(std::isfinite(norms.inverse_norm));
  EXPECT_TRUE(std::isfinite(norms.inverse_depth));
  const Vec3<double> g = c.Point<false>().gradient(f, norms.inverse_depth, {0, 0});
  EXPECT_EQ(dot(g, g), 0);
}

}  // namespace
}  // namespace propnp::test
