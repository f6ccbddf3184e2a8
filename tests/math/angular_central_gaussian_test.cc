// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/angular_central_gaussian.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>

#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

const double kPi = std::acos(-1.0);

using RowMajor4 = Eigen::Matrix<double, 4, 4, Eigen::RowMajor>;

RowMajor4 RandomCovariance(TestRandom* random) {
  RowMajor4 root;
  for (int i = 0; i < 16; ++i) root(i / 4, i % 4) = random->Normal();
  return root * root.transpose() + 0.3 * RowMajor4::Identity();
}

TEST(AngularCentralGaussianTest, DensityIsTheFormula) {
  TestRandom random;
  for (int trial = 0; trial < 50; ++trial) {
    const RowMajor4 lambda = RandomCovariance(&random);
    const Quaternion<double> q = random.Rotation();
    const Eigen::Vector4d v(q.w, q.x, q.y, q.z);
    AngularCentralGaussian<double> distribution;
    ASSERT_TRUE(distribution.set_covariance(lambda.data()));
    const double density = std::pow(v.dot(lambda.inverse() * v), -2) /
                           (2 * kPi * kPi * std::sqrt(lambda.determinant()));
    EXPECT_NEAR(distribution.log_density(q), std::log(density), 1e-10);
    EXPECT_EQ(distribution.log_density({-q.w, -q.x, -q.y, -q.z}), distribution.log_density(q));
    const RowMajor4 larger = 7 * lambda;  // the scale does not matter
    const double before = distribution.log_density(q);
    ASSERT_TRUE(distribution.set_covariance(larger.data()));
    EXPECT_NEAR(distribution.log_density(q), before, 1e-12);
  }
}

// The mean of p over 40000 uniform points of the sphere times its area 2 pi^2, and of p / 4 over
// uniform rotations times 8 pi^2, is 1; |error| < 6.5 standard errors, estimated, under 2 %. The
// seed is the test's name.
TEST(AngularCentralGaussianTest, IntegratesToOne) {
  TestRandom random;
  const RowMajor4 lambda = RandomCovariance(&random);
  AngularCentralGaussian<double> distribution;
  ASSERT_TRUE(distribution.set_covariance(lambda.data()));
  constexpr int kDraws = 40000;
  double sum = 0, sum_squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double log_density = distribution.log_density(random.Rotation());
    const double ratio = 2 * kPi * kPi * std::exp(log_density);
    EXPECT_NEAR(8 * kPi * kPi * std::exp(log_density - kLogSphereOverHaar) / ratio, 1, 1e-12);
    sum += ratio, sum_squares += ratio * ratio;
  }
  const double mean = sum / kDraws;
  const double standard_error = std::sqrt((sum_squares / kDraws - mean * mean) / kDraws);
  EXPECT_LT(standard_error, 0.02);
  EXPECT_NEAR(mean, 1, 6.5 * standard_error);
}

// The mean of 1/(2 pi^2 p) over draws from p is 1: every draw is where the density says. Bounds as
// above, the ratio being bounded by the extremes of q^T Lambda^-1 q.
TEST(AngularCentralGaussianTest, DrawsHaveTheDensity) {
  TestRandom random;
  const RowMajor4 lambda = RandomCovariance(&random);
  AngularCentralGaussian<double> distribution;
  ASSERT_TRUE(distribution.set_covariance(lambda.data()));
  constexpr int kDraws = 40000;
  double sum = 0, sum_squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    double normal[4];
    for (double& value : normal) value = random.Normal();
    const Quaternion<double> q = distribution.sample(normal);
    EXPECT_NEAR(squared_norm(q), 1, 1e-12);
    const double ratio = std::exp(-distribution.log_density(q)) / (2 * kPi * kPi);
    sum += ratio, sum_squares += ratio * ratio;
  }
  const double mean = sum / kDraws;
  const double standard_error = std::sqrt((sum_squares / kDraws - mean * mean) / kDraws);
  EXPECT_LT(standard_error, 0.05);
  EXPECT_NEAR(mean, 1, 6.5 * standard_error);
}

// Both sides of the least norm of a direction.
TEST(AngularCentralGaussianTest, NoDirectionIsTheIdentity) {
  const RowMajor4 identity = RowMajor4::Identity();
  AngularCentralGaussian<double> distribution;
  ASSERT_TRUE(distribution.set_covariance(identity.data()));
  const double nothing[4] = {0, 0.9e-6, 0, 0}, little[4] = {0, 1.1e-6, 0, 0};
  EXPECT_EQ(distribution.sample(nothing).w, 1);
  EXPECT_NEAR(distribution.sample(little).x, 1, 1e-12);
}

TEST(AngularCentralGaussianTest, IndefiniteMatricesAreRefused) {
  RowMajor4 lambda = RowMajor4::Identity();
  lambda(2, 2) = -1;
  AngularCentralGaussian<double> distribution;
  EXPECT_FALSE(distribution.set_covariance(lambda.data()));
}

}  // namespace
}  // namespace propnp::test
