// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/gnomonic.h"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <Eigen/LU>
#include <cmath>

#include "propnp/math/student_t.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

const double kPi = std::acos(-1.0);

TEST(GnomonicTest, RotationRoundTrip) {
  TestRandom random;
  const SixDof<double> dof;
  for (int trial = 0; trial < 200; ++trial) {
    double mode[7], pose[7], xi[6];
    random.Pose(mode);
    random.Pose(pose);
    gnomonic_from_pose(dof, mode, pose, xi);
    const Quaternion<double> q = quaternion_from_gnomonic(Vec3<double>{xi[3], xi[4], xi[5]}) *
                                 Quaternion<double>{mode[3], mode[4], mode[5], mode[6]};
    // The same rotation; the sign of q is the chart's choice. Near half a turn g is ill-conditioned
    // but the rotation is not.
    const double again[4] = {q.w, q.x, q.y, q.z};
    double sign = 0;
    for (int i = 0; i < 4; ++i) sign += pose[3 + i] * again[i];
    for (int i = 0; i < 4; ++i) EXPECT_NEAR(again[i], (sign > 0 ? 1 : -1) * pose[3 + i], 1e-12);
    for (int i = 3; i < 7; ++i) pose[i] = -pose[i];
    double opposite[6];
    gnomonic_from_pose(dof, mode, pose, opposite);
    for (int i = 0; i < 6; ++i) EXPECT_EQ(opposite[i], xi[i]);  // q and -q
  }
}

TEST(GnomonicTest, YawRoundTrip) {
  TestRandom random;
  const auto half = [](double yaw) { return Vec2<double>{std::cos(yaw / 2), std::sin(yaw / 2)}; };
  for (int trial = 0; trial < 200; ++trial) {
    const double mode = random.Uniform(-9, 9), turn = random.Uniform(-kPi, kPi);
    const double g = gnomonic_from_half_yaws(half(mode + turn), half(mode));
    EXPECT_NEAR(yaw_from_gnomonic(g), turn, 1e-12);
    EXPECT_NEAR(gnomonic_from_half_yaws(half(mode + turn - 4 * kPi), half(mode)), g,
                1e-12 * (1 + g * g));  // whole turns
  }
}

// g is half the retraction's tangent, exactly in 6DoF.
TEST(GnomonicTest, IsHalfTheTangent) {
  TestRandom random;
  double mode[7], delta[6], pose[7], xi[6];
  random.Pose(mode);
  for (double& value : delta) value = random.Normal();
  SixDof<double>().retract(mode, delta, pose);
  gnomonic_from_pose(SixDof<double>(), mode, pose, xi);
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(xi[i], (i < 3 ? 1 : 0.5) * delta[i], 1e-12);
}

// exp(-log factor) = |d theta / d g|, with theta the rotation from q(g) to q(g + dg).
TEST(GnomonicTest, FactorIsTheInverseJacobian) {
  TestRandom random;
  for (int trial = 0; trial < 50; ++trial) {
    const Vec3<double> g = random.Vector(trial % 2 == 0 ? 1 : 5);
    const auto turn = [&](const Vec3<double>& dg) {
      return cayley_from_quaternion(quaternion_from_gnomonic(g + dg) *
                                    conjugate(quaternion_from_gnomonic(g)));
    };
    Eigen::Matrix3d jacobian;
    const double h = 1e-4;  // central differences: error h^2 = 1e-8
    for (int j = 0; j < 3; ++j) {
      const Vec3<double> dg{j == 0 ? h : 0, j == 1 ? h : 0, j == 2 ? h : 0};
      const Vec3<double> slope = (0.5 / h) * (turn(dg) - turn(-1. * dg));
      jacobian.col(j) << slope.x, slope.y, slope.z;
    }
    EXPECT_NEAR(jacobian.determinant() * std::exp(log_gnomonic_factor(g)), 1, 1e-7);
    const double slope = (yaw_from_gnomonic(g.x + h) - yaw_from_gnomonic(g.x - h)) / (2 * h);
    EXPECT_NEAR(slope * std::exp(log_gnomonic_factor(g.x)), 1, 1e-7);
  }
}

// With |g| = tan a the integrands are trigonometric polynomials, which the midpoint rule integrates
// exactly.
TEST(GnomonicTest, VolumesAreThoseOfTheGroups) {
  constexpr int kCells = 64;
  double rotations = 0, yaws = 0;
  for (int i = 0; i < kCells; ++i) {
    const double g = std::tan((i + 0.5) * kPi / 2 / kCells);
    const double dg = (1 + g * g) * kPi / 2 / kCells;
    rotations += 4 * kPi * g * g * dg * std::exp(-log_gnomonic_factor(Vec3<double>{0, g, 0}));
    yaws += 2 * dg * std::exp(-log_gnomonic_factor(g));
  }
  EXPECT_NEAR(rotations, 8 * kPi * kPi, 1e-10);
  EXPECT_NEAR(yaws, 2 * kPi, 1e-12);
}

// A density t(xi) times the factor has mean 1 over 8 pi^2 uniform rotations: 40000 of them, the
// seed being the test's name; |error| < 6.5 standard errors, which are estimated and about .6 %. A
// wrong exponent of 1 + |g|^2 is wrong by tens of percent.
TEST(GnomonicTest, ProposalDensityIsNormalisedOverRotations) {
  TestRandom random;
  constexpr int kDraws = 40000;
  double sum = 0, sum_squares = 0;
  const Quaternion<double> mode = random.Rotation();
  for (int i = 0; i < kDraws; ++i) {
    const Vec3<double> g = gnomonic_from_quaternion(random.Rotation() * conjugate(mode));
    const double scale = 0.6;  // of g
    const double log_density =
        student_t_log_density<3, 4>(dot(g, g) / (scale * scale), 6 * std::log(scale));
    const double ratio = 8 * kPi * kPi * std::exp(log_density + log_gnomonic_factor(g));
    sum += ratio, sum_squares += ratio * ratio;
  }
  const double mean = sum / kDraws;
  const double standard_error = std::sqrt((sum_squares / kDraws - mean * mean) / kDraws);
  EXPECT_LT(standard_error, 0.01);
  EXPECT_NEAR(mean, 1, 6.5 * standard_error);
}

// Both sides of the bound at half a turn: finite, large, and of vanishing density.
TEST(GnomonicTest, HalfTurnsAreFinite) {
  for (const double w : {0.0, -0.0, 1e-300, 0.9 * kHalfTurnCosine, 1.1 * kHalfTurnCosine, -1e-9}) {
    const Vec3<double> g = gnomonic_from_quaternion(Quaternion<double>{w, 0.6, 0, -0.8});
    const double log_density = student_t_log_density<6, 4>(dot(g, g), 0.) + log_gnomonic_factor(g);
    EXPECT_TRUE(std::isfinite(log_density)) << w;
    EXPECT_LT(log_density, -100) << w;
    const Vec3<float> single =
        gnomonic_from_quaternion(Quaternion<float>{static_cast<float>(w), 0.6f, 0, -0.8f});
    EXPECT_TRUE(std::isfinite(log_gnomonic_factor(single)));
  }
  const double g = gnomonic_from_half_yaws(Vec2<double>{0, 1}, Vec2<double>{1, 0});
  EXPECT_TRUE(std::isfinite(g));
  EXPECT_LT((student_t_log_density<4, 4>(g * g, 0.)) + log_gnomonic_factor(g), -100);
}

}  // namespace
}  // namespace propnp::test
