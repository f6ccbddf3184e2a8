// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/mode_chart.h"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <Eigen/LU>
#include <cmath>

#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

const Vec3<double> kPivot{0.3, -0.2, 0.5};

struct SixDofCase {
  using Dof = SixDof<double>;
  Dof dof;
  double mode[7] = {0.2, -0.1, 3, 0.5, -0.5, 0.1, 0.7};
  ModeChart<Dof> chart;

  SixDofCase() {
    double norm = 0;
    for (int i = 3; i < 7; ++i) norm += mode[i] * mode[i];
    for (int i = 3; i < 7; ++i) mode[i] /= std::sqrt(norm);
    chart.set(dof, mode, kPivot, 1e-3);
    chart.set_spin_axis({0.6, 0, -0.8});
  }
};

struct FourDofCase {
  using Dof = FourDof<double>;
  Dof dof;
  double mode[4] = {0.2, -0.1, 3, 0.8};
  ModeChart<Dof> chart;

  FourDofCase() {
    dof.axis = {0.6, 0.8, 0};
    chart.set(dof, mode, kPivot, 1e-3);
  }
};

template <typename Case>
class ModeChartTest : public ::testing::Test {
 protected:
  static constexpr int kDof = Case::Dof::kTangent;
  using Column = Eigen::Matrix<double, kDof, 1>;

  Column RandomXi(TestRandom* random) const {
    Column xi;
    for (int i = 0; i < kDof; ++i) xi[i] = random->Uniform(-1, 1);
    return xi;
  }
  Case case_;
};

using Cases = ::testing::Types<SixDofCase, FourDofCase>;
TYPED_TEST_SUITE(ModeChartTest, Cases);

TYPED_TEST(ModeChartTest, RoundTrip) {
  TestRandom random;
  const auto& c = this->case_;
  for (int trial = 0; trial < 200; ++trial) {
    const auto xi = this->RandomXi(&random);
    double pose[7], again[6];
    c.chart.pose_from(xi.data(), pose);
    c.chart.from_pose(c.dof, pose, again);
    for (int i = 0; i < this->kDof; ++i) EXPECT_NEAR(again[i], xi[i], 1e-13);
  }
}

// The displacement, as the kernels apply it, takes points of the mode to those of the pose.
TYPED_TEST(ModeChartTest, DisplacementIsARotationAboutThePivotAndAShiftOfIt) {
  TestRandom random;
  const auto& c = this->case_;
  const RigidTransform<double> mode = c.dof.transform(c.mode);
  for (int trial = 0; trial < 50; ++trial) {
    const auto xi = this->RandomXi(&random);
    double pose[7];
    c.chart.pose_from(xi.data(), pose);
    const PivotDisplacement<double> moved = c.chart.displacement(xi.data());
    const Vec3<double> point{random.Uniform(-1, 1), random.Uniform(-1, 1), random.Uniform(-1, 1)};
    const Vec3<double> arm = mode.rotation * (point - kPivot);
    const Vec3<double> expected = c.dof.transform(pose) * point - mode * point;
    const Vec3<double> actual =
        rotation_minus_identity_from_cayley(moved.theta) * arm + moved.shift;
    EXPECT_NEAR(actual.x, expected.x, 1e-13);
    EXPECT_NEAR(actual.y, expected.y, 1e-13);
    EXPECT_NEAR(actual.z, expected.z, 1e-13);
  }
}

TYPED_TEST(ModeChartTest, TangentIsTheDerivativeAtTheMode) {
  const auto& c = this->case_;
  constexpr double kStep = 1e-6;
  for (int k = 0; k < this->kDof; ++k) {
    double xi[6] = {}, pose[7], local[6], tangent[6];
    xi[k] = kStep;
    c.chart.pose_from(xi, pose);
    c.dof.local(c.mode, pose, local);
    c.chart.tangent_of(k, tangent);
    for (int i = 0; i < this->kDof; ++i) EXPECT_NEAR(local[i] / kStep, tangent[i], 1e-5);
  }
}

// d (t, theta) / d xi by differences: steps of the pose in its own tangent, whose volume is dt
// dtheta. Leaving out a factor (8, 1 + s^2, the square) fails by its size.
TYPED_TEST(ModeChartTest, FactorIsTheRatioOfVolumes) {
  TestRandom random;
  const auto& c = this->case_;
  constexpr double kStep = 1e-5;
  constexpr int kDof = TestFixture::kDof;
  for (int trial = 0; trial < 50; ++trial) {
    const auto xi = this->RandomXi(&random);
    double pose[7];
    c.chart.pose_from(xi.data(), pose);
    Eigen::Matrix<double, kDof, kDof> jacobian;
    for (int k = 0; k < kDof; ++k) {
      double ends[2][6];
      for (int side = 0; side < 2; ++side) {
        auto moved = xi;
        moved[k] += side == 0 ? -kStep : kStep;
        double moved_pose[7];
        c.chart.pose_from(moved.data(), moved_pose);
        c.dof.local(pose, moved_pose, ends[side]);
      }
      for (int i = 0; i < kDof; ++i) jacobian(i, k) = (ends[1][i] - ends[0][i]) / (2 * kStep);
    }
    EXPECT_NEAR(std::fabs(jacobian.determinant()) * c.chart.factor(xi.data()), 1, 1e-7);
  }
}

TYPED_TEST(ModeChartTest, DepthCoordinates) {
  TestRandom random;
  const auto& c = this->case_;
  constexpr double kStep = 1e-5;
  for (int trial = 0; trial < 50; ++trial) {
    const double v[3] = {random.Uniform(-3, 3), random.Uniform(-3, 3), random.Uniform(-3, 3)};
    double u[3], again[3], inverse_e;
    c.chart.linear_from_depth(v, u);
    ASSERT_TRUE(c.chart.depth_from_linear(u, again, &inverse_e));
    Eigen::Matrix3d jacobian;
    for (int k = 0; k < 3; ++k) {
      EXPECT_NEAR(again[k], v[k], 1e-13);
      double ends[2][3];
      for (int side = 0; side < 2; ++side) {
        double moved[3] = {v[0], v[1], v[2]};
        moved[k] += side == 0 ? -kStep : kStep;
        c.chart.linear_from_depth(moved, ends[side]);
      }
      for (int i = 0; i < 3; ++i) jacobian(i, k) = (ends[1][i] - ends[0][i]) / (2 * kStep);
    }
    EXPECT_NEAR(jacobian.determinant() * std::pow(inverse_e, 3), 1, 1e-8);
  }
  // Beside and behind the camera there is no logarithm of a depth.
  const double behind[3] = {0, 0, -1.0001 * c.chart.depth()};
  double v[3], inverse_e;
  EXPECT_FALSE(c.chart.depth_from_linear(behind, v, &inverse_e));
}

// A rod turned about itself by any angle moves along the spin coordinate alone, and a tilt then
// means the same at every spin.
TEST(ModeChartTest, SpinOfARodIsAStraightLine) {
  SixDofCase c;
  const Vec3<double> axis{0.6, 0, -0.8};
  for (const double spin : {-5.0, -1.0, 0.5, 3.0}) {
    const double xi[6] = {0, 0, 0, spin, 0.02, -0.01};
    const PivotDisplacement<double> moved = c.chart.displacement(xi);
    const Vec3<double> turned = rotation_minus_identity_from_cayley(moved.theta) * axis;
    // 2 (eps x d), whatever the spin, to second order in eps.
    EXPECT_NEAR(std::sqrt(dot(turned, turned)), 2 * std::hypot(0.02, 0.01), 1e-4);
    const double still[6] = {0, 0, 0, 0, 0.02, -0.01};
    const Vec3<double> tilted =
        rotation_minus_identity_from_cayley(c.chart.displacement(still).theta) * axis;
    EXPECT_NEAR(turned.x, tilted.x, 1e-12);
    EXPECT_NEAR(turned.y, tilted.y, 1e-12);
    EXPECT_NEAR(turned.z, tilted.z, 1e-12);
  }
}

TEST(ModeChartTest, IsFiniteWithThePivotInTheCamera) {
  SixDof<double> dof;
  const double mode[7] = {0, 0, 0, 1, 0, 0, 0};
  ModeChart<SixDof<double>> chart;
  chart.set(dof, mode, {0, 0, 0}, 0.01);
  EXPECT_EQ(chart.depth(), 0.01);
  const double xi[6] = {1, 2, 3, 0.1, 0.2, 0.3};
  double pose[7];
  chart.pose_from(xi, pose);
  for (double value : pose) EXPECT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace propnp::test
