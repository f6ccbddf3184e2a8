// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Finite steps of every convention against what that convention's own code does, and back.
#include "propnp/math/finite_step.h"

#include "tests/math/tangent_conventions.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr double kPi = 3.14159265358979323846;

// Sizes on both sides of the Taylor branches, up to nearly half a turn.
const double kSizes[] = {0, 1e-300, 1e-9, 0.4e-4, 0.6e-4, 0.9e-4, 1.1e-4, 0.01, 0.7, 1.4};

// The parts of a step that are a rotation, in a convention.
int RotationOf(Tangent tangent) {
  return tangent == Tangent::kGtsam || tangent == Tangent::kPycolmap ? 0 : 3;
}

Vector6 RandomStep(TestRandom* random, Tangent tangent, double rotation_size) {
  Vector6 step;
  const Vec3<double> axis = random->Axis();
  for (int i = 0; i < 6; ++i) step[i] = random->Normal();
  const int r = RotationOf(tangent);
  step[r] = rotation_size * axis.x, step[r + 1] = rotation_size * axis.y;
  step[r + 2] = rotation_size * axis.z;
  return step;
}

Pose6 Moved(Tangent tangent, const Pose6& pose, const Vector6& step) {
  Pose6 moved(7);
  apply_change(change_from_step(tangent, pose.data(), step.data()), pose.data(), moved.data());
  return moved;
}

TEST(FiniteStep, MovesThePoseAsTheConventionDoes) {
  TestRandom random;
  for (const Convention& convention : Conventions()) {
    for (const double size : kSizes) {
      Pose6 pose(7);
      random.Pose(pose.data());
      const Vector6 step = RandomStep(&random, convention.tangent, size);
      const Pose6 expected = convention.step(pose, step);
      const Pose6 actual = Moved(convention.tangent, pose, step);
      const double sign = Rotation(expected).dot(Rotation(actual)) < 0 ? -1 : 1;
      // A dozen roundings of numbers below ten.
      for (int i = 0; i < 7; ++i) {
        EXPECT_NEAR(actual[i], (i < 3 ? 1 : sign) * expected[i], 1e-14)
            << convention.name << " " << size << " [" << i << "]";
      }
    }
  }
}

TEST(FiniteStep, ComesBackFromTheChangeItMakes) {
  TestRandom random;
  for (const Convention& convention : Conventions()) {
    for (const double size : kSizes) {
      Pose6 pose(7);
      random.Pose(pose.data());
      const Vector6 step = RandomStep(&random, convention.tangent, size);
      Vector6 back;
      step_from_change(convention.tangent, pose.data(),
                       change_from_step(convention.tangent, pose.data(), step.data()), back.data());
      for (int i = 0; i < 6; ++i) {
        EXPECT_NEAR(back[i], step[i], 3e-14) << convention.name << " " << size << " [" << i << "]";
      }
    }
  }
}

// A step is not lost in a pose far away: it goes from one convention to another by its change.
TEST(FiniteStep, KeepsItsDigitsFarFromTheOrigin) {
  const double pose[7] = {1e6, -2e6, 3e6, 0.5, -0.5, 0.5, 0.5};
  const double step[6] = {1e-9, 2e-9, -3e-9, 1e-8, 2e-8, 3e-8};
  double half[6];
  step_from_change(Tangent::kHalfAngle, pose, change_from_step(Tangent::kPropnp, pose, step), half);
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(half[i], (i < 3 ? 1 : 0.5) * step[i], 1e-23) << i;
}

TEST(FiniteStep, BetweenPosesIsTheShorterWayRound) {
  TestRandom random;
  for (const Convention& convention : Conventions()) {
    Pose6 from(7), to(7);
    random.Pose(from.data());
    random.Pose(to.data());
    Vector6 step;
    step_from_change(convention.tangent, from.data(), change_between(from.data(), to.data()),
                     step.data());
    const Pose6 reached = Moved(convention.tangent, from, step);
    for (int i = 0; i < 3; ++i) EXPECT_NEAR(reached[i], to[i], 1e-13) << convention.name;
    EXPECT_NEAR(std::fabs(Rotation(reached).dot(Rotation(to))), 1, 1e-14) << convention.name;
    for (double& number : to) number = &number - to.data() < 3 ? number : -number;
    Vector6 negated;
    step_from_change(convention.tangent, from.data(), change_between(from.data(), to.data()),
                     negated.data());
    for (int i = 0; i < 6; ++i) EXPECT_NEAR(negated[i], step[i], 1e-13) << convention.name;
  }
}

TEST(FiniteStep, HalfATurnHasARotationVectorButNoCayleyTangent) {
  const double from[7] = {0, 0, 1, 1, 0, 0, 0}, to[7] = {0, 0, 1, 0, 0, 1, 0};
  double step[6];
  step_from_change(Tangent::kRotationVector, from, change_between(from, to), step);
  EXPECT_NEAR(step[4], kPi, 1e-15);
  step_from_change(Tangent::kPropnp, from, change_between(from, to), step);
  EXPECT_TRUE(std::isinf(step[4]));
}

// At a quarter turn about Y the other two angles are one number: the rotation still is right.
TEST(FixedAxes, GimbalLock) {
  for (const double y : {0.5 * kPi, -0.5 * kPi}) {
    const Quaternion<double> q = quaternion_from_fixed_axes({0.3, y, 0.2});
    const Vec3<double> angles = fixed_axes_from_quaternion(q);
    const Quaternion<double> again = quaternion_from_fixed_axes(angles);
    const Quaternion<double> turn = conjugate(q) * again;
    EXPECT_NEAR(std::fabs(turn.w), 1, 1e-15);
    EXPECT_EQ(angles.z, 0);
  }
}

}  // namespace
}  // namespace propnp::test
