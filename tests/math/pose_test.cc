// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The invariants of the retraction, and the Jacobian rows that go with it.
#include "propnp/math/pose.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/math/derivative_check.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

using Pose6 = std::array<double, 7>;
using Tangent6 = std::array<double, 6>;

Pose6 RandomPose(TestRandom* random) {
  Pose6 pose;
  random->Pose(pose.data());
  return pose;
}
Pose6 Retract(const Pose6& pose, const Tangent6& delta) {
  Pose6 result;
  SixDof<double>().retract(pose.data(), delta.data(), result.data());
  return result;
}
Tangent6 Local(const Pose6& from, const Pose6& to) {
  Tangent6 delta;
  SixDof<double>().local(from.data(), to.data(), delta.data());
  return delta;
}
// Small, ordinary and nearly half a turn.
Tangent6 RandomStep(TestRandom* random, int i) {
  Tangent6 delta;
  const double size = std::array{1e-8, 0.1, 2.0, 500.0}[i % 4];
  for (int k = 0; k < 3; ++k) delta[k] = random->Normal();
  for (int k = 3; k < 6; ++k) delta[k] = size * random->Normal();
  return delta;
}
double Distance(const Tangent6& a, const Tangent6& b) {
  double largest = 0;
  for (int k = 0; k < 6; ++k) largest = std::max(largest, std::fabs(a[k] - b[k]));
  return largest;
}
double RotationSize(const Tangent6& a) { return std::hypot(a[3], a[4], a[5]); }

// How far apart two poses are, q and -q being the same.
double PoseDistance(const Pose6& a, const Pose6& b) {
  double largest = 0, plus = 0, minus = 0;
  for (int k = 0; k < 3; ++k) largest = std::max(largest, std::fabs(a[k] - b[k]));
  for (int k = 3; k < 7; ++k) {
    plus = std::max(plus, std::fabs(a[k] - b[k]));
    minus = std::max(minus, std::fabs(a[k] + b[k]));
  }
  return std::max(largest, std::min(plus, minus));
}

TEST(SixDof, LocalIsTheInverseOfRetract) {
  TestRandom random;
  for (int i = 0; i < 1000; ++i) {
    const Pose6 pose = RandomPose(&random);
    const Tangent6 delta = RandomStep(&random, i);
    // Towards half a turn the chart stretches by |theta|^2 / 4, and rounding with it.
    const double stretch = 1 + std::pow(RotationSize(delta), 2) / 4;
    EXPECT_LT(Distance(Local(pose, Retract(pose, delta)), delta), 1e-14 * stretch);
    const Pose6 other = RandomPose(&random);
    EXPECT_LT(PoseDistance(Retract(pose, Local(pose, other)), other), 1e-13);
  }
}

TEST(SixDof, RetractKeepsTheUnitNormAndByZeroThePose) {
  TestRandom random;
  for (int i = 0; i < 1000; ++i) {
    const Pose6 pose = RandomPose(&random);
    const Pose6 moved = Retract(pose, RandomStep(&random, i));
    const double norm = std::sqrt(moved[3] * moved[3] + moved[4] * moved[4] + moved[5] * moved[5] +
                                  moved[6] * moved[6]);
    EXPECT_NEAR(norm, 1, 4e-16);
    EXPECT_LT(PoseDistance(Retract(pose, Tangent6{}), pose), 1e-15);
    EXPECT_LT(RotationSize(Local(pose, pose)), 1e-15);
  }
}

template <typename Dof>
void CheckRetractVjp(const Dof& dof, const std::vector<double>& pose, TestRandom* random) {
  for (int i = 0; i < 20; ++i) {
    const Tangent6 step = RandomStep(random, i);
    const std::vector<double> delta(step.begin(), step.begin() + Dof::kTangent);
    std::vector<double> cotangent(Dof::kStorage);
    for (double& c : cotangent) c = random->Normal();
    const auto value = [&](const auto& x) {
      double moved[7], sum = 0;
      dof.retract(pose.data(), x.data(), moved);
      for (int k = 0; k < Dof::kStorage; ++k) sum += cotangent[k] * moved[k];
      return std::vector<double>{sum};
    };
    Eigen::MatrixXd gradient = Eigen::MatrixXd::Zero(1, Dof::kTangent);
    dof.retract_vjp(pose.data(), delta.data(), cotangent.data(), gradient.data());
    std::vector<double> steps;
    for (const double d : delta) steps.push_back(0.02 * std::max(1.0, std::fabs(d)));
    ExpectRiddersJacobian(gradient, value, delta, steps, "retract");
  }
}

TEST(Retract, VjpIsItsDerivative) {
  TestRandom random;
  const Pose6 pose = RandomPose(&random);
  CheckRetractVjp(SixDof<double>(), {pose.begin(), pose.end()}, &random);
  CheckRetractVjp(FourDof<double>(), {1, 2, 3, 0.4}, &random);
}

TEST(SixDof, RetractInPlace) {
  TestRandom random;
  const Pose6 pose = RandomPose(&random);
  const Tangent6 delta = RandomStep(&random, 1);
  Pose6 in_place = pose;
  SixDof<double>().retract(in_place.data(), delta.data(), in_place.data());
  EXPECT_EQ(in_place, Retract(pose, delta));
}

TEST(SixDof, TheSignOfTheQuaternionDoesNotMatter) {
  TestRandom random;
  for (int i = 0; i < 100; ++i) {
    const Pose6 pose = RandomPose(&random), other = RandomPose(&random);
    const Tangent6 delta = RandomStep(&random, i);
    Pose6 negated = pose;
    for (int k = 3; k < 7; ++k) negated[k] = -pose[k];
    EXPECT_LT(PoseDistance(Retract(pose, delta), Retract(negated, delta)), 1e-16);
    EXPECT_EQ(Local(pose, other), Local(negated, other));
    const auto transform = SixDof<double>().transform(pose.data());
    const auto same = SixDof<double>().transform(negated.data());
    EXPECT_EQ(transform.rotation.row1.x, same.rotation.row1.x);
  }
}

// A quaternion that has drifted off the sphere is the same pose, and one step brings it back.
TEST(SixDof, QuaternionsOfAnyLength) {
  TestRandom random;
  for (int i = 0; i < 100; ++i) {
    const Pose6 pose = RandomPose(&random);
    const Tangent6 delta = RandomStep(&random, 1);
    Pose6 longer = pose;
    for (int k = 3; k < 7; ++k) longer[k] *= 1.7;
    EXPECT_LT(PoseDistance(Retract(longer, delta), Retract(pose, delta)), 1e-15);
    EXPECT_LT(Distance(Local(longer, pose), Tangent6{}), 1e-15);
  }
}

// The published layer's step, written as in its code (get_quaternion_transfrom_mat): q + T(q) d,
// normalised, is ours with theta = -2 d.
TEST(SixDof, IsThePublishedStepWithMinusTwiceItsTangent) {
  TestRandom random;
  for (int i = 0; i < 100; ++i) {
    const Pose6 pose = RandomPose(&random);
    const double w = pose[3], x = pose[4], y = pose[5], z = pose[6];
    const double d[3] = {random.Normal(), random.Normal(), random.Normal()};
    const double t[4][3] = {{x, y, z}, {-w, -z, y}, {z, -w, -x}, {-y, x, -w}};
    Pose6 published = pose;
    double squared = 0;
    for (int k = 0; k < 4; ++k) {
      for (int c = 0; c < 3; ++c) published[3 + k] += t[k][c] * d[c];
      squared += published[3 + k] * published[3 + k];
    }
    for (int k = 0; k < 4; ++k) published[3 + k] /= std::sqrt(squared);
    EXPECT_LT(PoseDistance(Retract(pose, {0, 0, 0, -2 * d[0], -2 * d[1], -2 * d[2]}), published),
              1e-15);
  }
}

// About one axis the half tangents add as tangents do: (a + b) / (1 - a b).
TEST(SixDof, StepsAboutOneAxisComposeAsHalfTangents) {
  TestRandom random;
  for (int i = 0; i < 200; ++i) {
    const Pose6 pose = RandomPose(&random);
    const Vec3<double> axis = random.Axis();
    const double a = random.Normal(), b = random.Normal();
    if (std::fabs(1 - a * b) < 0.05) continue;
    const auto step = [&](double half) {
      return Tangent6{0, 0, 0, 2 * half * axis.x, 2 * half * axis.y, 2 * half * axis.z};
    };
    const Pose6 twice = Retract(Retract(pose, step(a)), step(b));
    EXPECT_LT(PoseDistance(twice, Retract(pose, step((a + b) / (1 - a * b)))), 1e-13);
  }
}

// From R X + t to the tangent: the row of each coordinate of point_in_cam by hand, at zero.
template <typename Function>
Eigen::MatrixXd TangentRows(const Function& row_of, int tangent) {
  const Vec3<double> units[3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  Eigen::Matrix<double, 3, Eigen::Dynamic, Eigen::RowMajor> rows(3, tangent);
  for (int k = 0; k < 3; ++k) row_of(units[k], rows.row(k).data());
  return rows;
}

TEST(SixDof, TangentRowIsTheDerivativeOfTheTransformedPoint) {
  TestRandom random;
  for (int i = 0; i < 20; ++i) {
    const Pose6 pose = RandomPose(&random);
    const Vec3<double> point = random.Vector(1);
    const auto moved_point = [&](const auto& delta) {
      using S = ScalarOf<decltype(delta)>;
      std::vector<S> moved(pose.begin(), pose.end());
      SixDof<S>().retract(moved.data(), delta.data(), moved.data());
      const Vec3<S> p = SixDof<S>().transform(moved.data()) * cast<S>(point);
      return std::vector<S>{p.x, p.y, p.z};
    };
    const SixDof<double> dof;
    const Vec3<double> rotated = dof.transform(pose.data()).rotation * point;
    const Eigen::MatrixXd rows = TangentRows(
        [&](const Vec3<double>& unit, double* row) { dof.tangent_row(unit, rotated, row); }, 6);
    const std::vector<double> zero(6, 0.0);
    ExpectDualJacobian(rows, moved_point, zero, "SixDof");
    ExpectRiddersJacobian(rows, moved_point, zero, 0.1, "SixDof");
  }
}

FourDof<double> RandomFourDof(TestRandom* random) {
  return {random->Axis(), rotation_matrix(random->Rotation())};
}

TEST(FourDof, TangentRowIsTheDerivativeOfTheTransformedPoint) {
  TestRandom random;
  for (int i = 0; i < 20; ++i) {
    const FourDof<double> dof = i == 0 ? FourDof<double>() : RandomFourDof(&random);
    const double pose[4] = {random.Normal(), random.Normal(), 2, random.Uniform(-7, 7)};
    const Vec3<double> point = random.Vector(1);
    const auto moved_point = [&](const auto& delta) {
      using S = ScalarOf<decltype(delta)>;
      const FourDof<S> cast_dof{cast<S>(dof.axis), cast<S>(dof.base_rotation)};
      std::vector<S> moved(pose, pose + 4);
      cast_dof.retract(moved.data(), delta.data(), moved.data());
      const Vec3<S> p = cast_dof.transform(moved.data()) * cast<S>(point);
      return std::vector<S>{p.x, p.y, p.z};
    };
    const Vec3<double> rotated = dof.transform(pose).rotation * point;
    const Eigen::MatrixXd rows = TangentRows(
        [&](const Vec3<double>& unit, double* row) { dof.tangent_row(unit, rotated, row); }, 4);
    const std::vector<double> zero(4, 0.0);
    ExpectDualJacobian(rows, moved_point, zero, "FourDof");
    ExpectRiddersJacobian(rows, moved_point, zero, 0.1, "FourDof");
  }
}

// The default is the published one: yaw about +Y.
TEST(FourDof, DefaultIsYawAboutY) {
  const double pose[4] = {1, 2, 3, 0.4};
  const RigidTransform<double> transform = FourDof<double>().transform(pose);
  const Vec3<double> p = transform * Vec3<double>{1, 0, 0};
  EXPECT_NEAR(p.x, 1 + std::cos(0.4), 1e-15);
  EXPECT_NEAR(p.y, 2, 1e-15);
  EXPECT_NEAR(p.z, 3 - std::sin(0.4), 1e-15);
}

// A yaw step is the six-dimensional step of that rotation about the axis, whatever the base.
TEST(FourDof, YawIsARotationAboutTheAxisOnTheCameraSide) {
  TestRandom random;
  for (int i = 0; i < 100; ++i) {
    const FourDof<double> dof = RandomFourDof(&random);
    const double pose[4] = {random.Normal(), random.Normal(), 2, random.Uniform(-3, 3)};
    const double delta[4] = {0.1, -0.2, 0.3, random.Uniform(-2, 2)};
    double moved[4], back[4];
    dof.retract(pose, delta, moved);
    dof.local(pose, moved, back);
    for (int k = 0; k < 4; ++k) EXPECT_NEAR(back[k], delta[k], 2e-15);
    const Vec3<double> point = random.Vector(1);
    const Vec3<double> expected =
        rotation_about_axis(dof.axis, delta[3]) * (dof.transform(pose).rotation * point);
    const Vec3<double> actual = dof.transform(moved).rotation * point;
    EXPECT_NEAR(actual.x, expected.x, 1e-14);
    EXPECT_NEAR(actual.y, expected.y, 1e-14);
    EXPECT_NEAR(actual.z, expected.z, 1e-14);
  }
}

TEST(RigidTransform, InverseAndComposition) {
  TestRandom random;
  for (int i = 0; i < 50; ++i) {
    const Pose6 first = RandomPose(&random), second = RandomPose(&random);
    const auto a_from_b = SixDof<double>().transform(first.data());
    const auto b_from_c = SixDof<double>().transform(second.data());
    const Vec3<double> point = random.Vector(1);
    const Vec3<double> difference = (a_from_b * b_from_c) * point - a_from_b * (b_from_c * point);
    const Vec3<double> round_trip = inverse(a_from_b) * (a_from_b * point) - point;
    EXPECT_LT(dot(difference, difference), 1e-28);
    EXPECT_LT(dot(round_trip, round_trip), 1e-28);
  }
}

}  // namespace
}  // namespace propnp::test
