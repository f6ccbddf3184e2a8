// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A weight multiplied into a pinhole against the model that every other part uses, math/residual.h.
#include "propnp/math/weighted_pinhole.h"

#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr double kZMin = 0.5;

// Coordinates of pixels are up to some 5000 and weights up to 2: rounding of some 10 operations
// leaves 10 * 1e4 * 2^-53 = 1e-11.
constexpr double kRounding = 1e-10;

TEST(WeightedPinhole, IsTheModel) {
  TestRandom random;
  int behind = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    ViewModel<PinholeCamera<double>, double> model;
    model.camera = {random.Uniform(400, 700), random.Uniform(400, 700), 320, 240, 0};
    model.z_min = kZMin;
    const DiagonalWeight<double> weight{random.Uniform(0, 2), random.Uniform(0, 2)};
    const Vec3<double> point{random.Uniform(-1, 1), random.Uniform(-1, 1), random.Uniform(-1, 3)};
    const Vec2<double> x2d{random.Uniform(0, 640), random.Uniform(0, 480)};
    const PointResidual<double> r =
        residual_with_jacobian(model, point, x2d, weight, ClampedRows::kDrop);

    const auto pinhole = WeightedPinhole<double>::from(model.camera, x2d, weight);
    const WeightedSight<double> sight(pinhole, point,
                                      DepthLimit<double>::from(model.camera, kZMin));
    EXPECT_NEAR(sight.e.x, r.e.x, kRounding);
    EXPECT_NEAR(sight.e.y, r.e.y, kRounding);
    behind += point.z < kZMin;
    if (point.z < kZMin) continue;
    const Vec2<double> slope = sight.slopes(pinhole);
    EXPECT_NEAR(slope.x, r.x_gradient.x, kRounding);
    EXPECT_EQ(r.x_gradient.y, 0);
    EXPECT_NEAR(slope.x * -sight.x, r.x_gradient.z, kRounding);
    EXPECT_EQ(r.y_gradient.x, 0);
    EXPECT_NEAR(slope.y, r.y_gradient.y, kRounding);
    EXPECT_NEAR(slope.y * -sight.y, r.y_gradient.z, kRounding);
  }
  EXPECT_GT(behind, 100);
}

}  // namespace
}  // namespace propnp::test
