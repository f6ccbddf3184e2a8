// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/rotations.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace propnp::io {
namespace {

Quaternion RandomQuaternion(std::mt19937* random) {
  std::normal_distribution<double> normal;
  Quaternion q = {normal(*random), normal(*random), normal(*random), normal(*random)};
  NormalizeQuaternion(&q);
  return q;
}

// "RotationsTest.RoundTrips" as a number.
constexpr unsigned kSeed = 0x52540001;

TEST(Rotations, MatrixAndAngleAxisRoundTrip) {
  std::mt19937 random(kSeed);
  for (int i = 0; i < 1000; ++i) {
    Quaternion q = RandomQuaternion(&random);
    if (q[0] < 0) q = {-q[0], -q[1], -q[2], -q[3]};
    const Quaternion from_matrix = QuaternionFromMatrix(MatrixFromQuaternion(q));
    const Quaternion from_vector = QuaternionFromAngleAxis(AngleAxisFromQuaternion(q));
    for (int k = 0; k < 4; ++k) {
      EXPECT_NEAR(from_matrix[k], q[k], 4e-15);
      EXPECT_NEAR(from_vector[k], q[k], 2e-15);
    }
  }
}

TEST(Rotations, HalfTurnsRoundTrip) {
  for (int axis = 1; axis < 4; ++axis) {
    Quaternion q = {};
    q[axis] = 1;
    EXPECT_EQ(QuaternionFromMatrix(MatrixFromQuaternion(q)), q);
  }
}

TEST(Rotations, InverseAndCompose) {
  std::mt19937 random(kSeed + 1);
  for (int i = 0; i < 100; ++i) {
    const Pose a = MakePose(RandomQuaternion(&random), {1, -2, 3});
    const Pose identity = ComposePoses(a, InversePose(a));
    for (int k = 0; k < 7; ++k) EXPECT_NEAR(std::abs(identity[k]), k == 3 ? 1 : 0, 1e-14);
  }
}

TEST(Rotations, NormalizingTwiceIsNormalizingOnce) {
  std::mt19937 random(kSeed + 2);
  std::uniform_real_distribution<double> uniform(-1e6, 1e6);
  for (int i = 0; i < 10000; ++i) {
    Quaternion q = {uniform(random), uniform(random), uniform(random), uniform(random)};
    ASSERT_TRUE(NormalizeQuaternion(&q));
    const Quaternion once = q;
    ASSERT_TRUE(NormalizeQuaternion(&q));
    EXPECT_EQ(q, once);
  }
  for (Quaternion q :
       {Quaternion{0, 0, 0, 0}, Quaternion{NAN, 0, 0, 1}, Quaternion{INFINITY, 1, 0, 0}}) {
    EXPECT_FALSE(NormalizeQuaternion(&q));
  }
  for (Quaternion q : {Quaternion{1e-200, 0, 0, 0}, Quaternion{0, 1e200, 0, 0}}) {
    EXPECT_TRUE(NormalizeQuaternion(&q));
    EXPECT_EQ(q[0] + q[1], 1);
  }
}

TEST(Rotations, ProjectionFindsTheNearestRotation) {
  std::mt19937 random(kSeed + 3);
  std::uniform_real_distribution<double> noise(-.01, .01);
  for (int i = 0; i < 1000; ++i) {
    const Matrix3 exact = MatrixFromQuaternion(RandomQuaternion(&random));
    // exact x symmetric: the rotation nearest to it is `exact` itself.
    const double a = noise(random), b = noise(random), c = noise(random);
    const Matrix3 symmetric = {1 + a, b, c, b, 1 - c, a, c, a, 1 + b};
    Matrix3 product = {};
    for (int r = 0; r < 3; ++r) {
      for (int col = 0; col < 3; ++col) {
        for (int k = 0; k < 3; ++k)
          product[3 * r + col] += exact[3 * r + k] * symmetric[3 * k + col];
      }
    }
    ASSERT_TRUE(ProjectToRotation(.1, &product));
    for (int k = 0; k < 9; ++k) EXPECT_NEAR(product[k], exact[k], 1e-14);
    const Matrix3 once = product;
    ASSERT_TRUE(ProjectToRotation(.1, &product));
    EXPECT_EQ(product, once);
  }
}

TEST(Rotations, ProjectionRefusesWhatIsNoRotation) {
  for (Matrix3 m : {Matrix3{1, 0, 0, 0, 1, 0, 0, 0, -1}, Matrix3{},
                    Matrix3{2, 0, 0, 0, 2, 0, 0, 0, 2}, Matrix3{NAN, 0, 0, 0, 1, 0, 0, 0, 1}}) {
    EXPECT_FALSE(ProjectToRotation(.1, &m));
  }
}

}  // namespace
}  // namespace propnp::io
