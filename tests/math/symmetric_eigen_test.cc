// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/symmetric_eigen.h"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

template <int N>
using Matrix = Eigen::Matrix<double, N, N, Eigen::RowMajor>;

template <int N>
Matrix<N> RandomSymmetric(TestRandom* random) {
  Matrix<N> m;
  for (int i = 0; i < N * N; ++i) m.data()[i] = random->Normal();
  return m + m.transpose().eval();
}

// The sum of outer products of `rank` random directions.
template <int N>
Matrix<N> RandomOfRank(TestRandom* random, int rank) {
  Matrix<N> h = Matrix<N>::Zero();
  for (int k = 0; k < rank; ++k) {
    Eigen::Matrix<double, N, 1> v;
    for (int i = 0; i < N; ++i) v[i] = random->Normal();
    h += v * v.transpose();
  }
  return h;
}

template <int N>
void CheckAgainstEigen(const Matrix<N>& h) {
  Matrix<N> a = h, vectors;
  Eigen::Matrix<double, N, 1> values;
  symmetric_eigen<N>(a.data(), values.data(), vectors.data());
  const double size = std::max(h.norm(), 1e-300);
  EXPECT_LT((h * vectors - vectors * values.asDiagonal()).norm(), 1e-14 * size);
  EXPECT_LT((vectors.transpose() * vectors - Matrix<N>::Identity()).norm(), 1e-14);
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(h);
  std::sort(values.data(), values.data() + N);
  EXPECT_LT((values - eigen.eigenvalues()).norm(), 1e-14 * size);
}

TEST(SymmetricEigen, AgreesWithEigen) {
  TestRandom random;
  for (int i = 0; i < 100; ++i) {
    CheckAgainstEigen<6>(RandomSymmetric<6>(&random));
    CheckAgainstEigen<4>(RandomSymmetric<4>(&random));
    CheckAgainstEigen<6>(RandomOfRank<6>(&random, i % 7));
  }
  CheckAgainstEigen<6>(Matrix<6>::Zero());
  CheckAgainstEigen<6>(Matrix<6>::Identity());
  CheckAgainstEigen<6>(Matrix<6>::Ones());
}

// Diagonal scales that are far apart: each eigenvalue keeps its own relative precision.
TEST(SymmetricEigen, GradedMatrices) {
  TestRandom random;
  for (int i = 0; i < 20; ++i) {
    Matrix<6> h = RandomOfRank<6>(&random, 12);
    const Eigen::Matrix<double, 6, 1> scale{1e-6, 1e-3, 1, 1e3, 1e6, 1e9};
    h = (scale.asDiagonal() * h * scale.asDiagonal()).eval();
    Matrix<6> a = h, vectors;
    double values[6];
    symmetric_eigen<6>(a.data(), values, vectors.data());
    std::sort(values, values + 6);
    double product = 1;
    for (const double value : values) product *= value;
    EXPECT_GT(values[0], 0);
    EXPECT_NEAR(product / h.determinant(), 1, 1e-8);
  }
}

constexpr double kTolerance = 1e-9;

template <int N>
int Rank(const Matrix<N>& h, Matrix<N>* null_space, bool* has_negative) {
  return scaled_rank<N>(h.data(), kTolerance, null_space->data(), has_negative);
}

TEST(ScaledRank, CountsAndSpansTheNullSpace) {
  TestRandom random;
  for (int i = 0; i < 200; ++i) {
    const int rank = i % 7;
    const Matrix<6> h = RandomOfRank<6>(&random, rank);
    Matrix<6> null_space;
    bool has_negative = true;
    EXPECT_EQ(Rank<6>(h, &null_space, &has_negative), rank);
    EXPECT_FALSE(has_negative);
    for (int k = 0; k < 6; ++k) {
      if (k < 6 - rank) {
        EXPECT_NEAR(null_space.row(k).norm(), 1, 1e-14);
        EXPECT_LT((h * null_space.row(k).transpose()).norm(), 1e-12 * (1 + h.norm()));
      } else {
        EXPECT_EQ(null_space.row(k).norm(), 0);
      }
    }
    if (rank == 6) continue;
    Eigen::JacobiSVD<Eigen::MatrixXd> svd(null_space.topRows(6 - rank));
    EXPECT_GT(svd.singularValues().minCoeff(), 1e-3);  // independent directions
  }
}

// In other units of translation, from 1e-6 to 1e6, the rank stays; the directions are those of the
// new units.
TEST(ScaledRank, DoesNotDependOnTheUnitOfTranslation) {
  TestRandom random;
  for (const double unit : {1e-6, 1e-3, 1.0, 1e3, 1e6}) {
    for (int rank = 1; rank <= 6; ++rank) {
      Eigen::Matrix<double, 6, 1> scale;
      scale << unit, unit, unit, 1, 1, 1;
      const Matrix<6> h = scale.asDiagonal() * RandomOfRank<6>(&random, rank) * scale.asDiagonal();
      Matrix<6> null_space;
      bool has_negative;
      EXPECT_EQ(Rank<6>(h, &null_space, &has_negative), rank) << unit;
      for (int k = 0; k < 6 - rank; ++k) {
        const Eigen::Matrix<double, 6, 1> image = h * null_space.row(k).transpose();
        EXPECT_LT((image.array() / scale.array()).matrix().norm(),
                  1e-12 * (null_space.row(k).transpose().array() * scale.array()).matrix().norm() *
                      (1 + RandomOfRank<6>(&random, 6).norm()));
      }
    }
  }
}

TEST(ScaledRank, AnUnconstrainedCoordinateIsANullDirection) {
  TestRandom random;
  Matrix<6> h = RandomOfRank<6>(&random, 12);
  h.row(2).setZero();
  h.col(2).setZero();
  Matrix<6> null_space;
  bool has_negative;
  EXPECT_EQ(Rank<6>(h, &null_space, &has_negative), 5);
  EXPECT_NEAR(std::fabs(null_space(0, 2)), 1, 1e-14);
}

TEST(ScaledRank, TellsNegativeCurvature) {
  Matrix<6> h = Matrix<6>::Identity();
  h(4, 4) = -3;
  Matrix<6> null_space;
  bool has_negative = false;
  EXPECT_EQ(Rank<6>(h, &null_space, &has_negative), 6);
  EXPECT_TRUE(has_negative);
  h(4, 4) = 1;
  h(0, 1) = h(1, 0) = 2;  // a positive diagonal, yet indefinite
  Rank<6>(h, &null_space, &has_negative);
  EXPECT_TRUE(has_negative);
}

TEST(ScaledRank, Float) {
  const float h[16] = {1e12f, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1e-12f, 0, 0, 0, 0, 0};
  float null_space[16];
  bool has_negative;
  EXPECT_EQ((scaled_rank<4, float>(h, 1e-5f, null_space, &has_negative)), 3);
  EXPECT_FLOAT_EQ(std::fabs(null_space[3]), 1);
}

// Against the eigenvector of the largest eigenvalue. With a fraction r left to the next one r^1024
// of the others is left: 1e-9 for r up to 0.98. Scales from 1e-100 to 1e100 neither overflow nor
// vanish.
TEST(SymmetricEigen, DominantEigenvector) {
  TestRandom random;
  int clear = 0;
  for (int i = 0; i < 300; ++i) {
    const double scale = std::pow(10.0, random.Uniform(-100, 100));
    const Matrix<3> h = scale * RandomOfRank<3>(&random, 1 + i % 5);
    const Vec3<double> v = dominant_eigenvector(h.data());
    const Eigen::Vector3d actual(v.x, v.y, v.z);
    EXPECT_NEAR(actual.norm(), 1, 1e-14);
    Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> eigen(h / scale);
    const Eigen::Vector3d& values = eigen.eigenvalues();
    // Never far from the largest: a mixture of directions that are left has their eigenvalues.
    EXPECT_GT(actual.dot(h * actual) / scale, 0.98 * values[2]);
    if (values[1] > 0.98 * values[2]) continue;
    ++clear;
    EXPECT_NEAR(std::fabs(actual.dot(eigen.eigenvectors().col(2))), 1, 1e-9);
  }
  EXPECT_GT(clear, 200);
}

}  // namespace
}  // namespace propnp::test
