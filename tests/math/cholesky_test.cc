// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/cholesky.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <limits>

#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

template <typename Size>
class CholeskyTest : public ::testing::Test {
 public:
  static constexpr int kSize = Size::value;
  using Matrix = Eigen::Matrix<double, kSize, kSize, Eigen::RowMajor>;
  using Vector = Eigen::Matrix<double, kSize, 1>;

  // Positive definite, with a condition number up to about 1e4 squared.
  static Matrix RandomDefinite(TestRandom* random) {
    Matrix root;
    for (int i = 0; i < kSize * kSize; ++i) root.data()[i] = random->Normal();
    for (int i = 0; i < kSize; ++i) root.row(i) *= std::pow(10, random->Uniform(-2, 2));
    return root * root.transpose() + 1e-6 * Matrix(root.diagonal().cwiseAbs2().asDiagonal());
  }
  static bool Factorizes(const Matrix& a) {
    Cholesky<kSize, double> cholesky;
    return cholesky.factorize(a.data());
  }
};
using Sizes = ::testing::Types<std::integral_constant<int, 4>, std::integral_constant<int, 6>>;
TYPED_TEST_SUITE(CholeskyTest, Sizes);

TYPED_TEST(CholeskyTest, FactorAgreesWithEigen) {
  using Matrix = typename TestFixture::Matrix;
  using Vector = typename TestFixture::Vector;
  constexpr int kSize = TestFixture::kSize;
  TestRandom random;
  for (int trial = 0; trial < 100; ++trial) {
    const Matrix a = TestFixture::RandomDefinite(&random);
    Cholesky<kSize, double> cholesky;
    ASSERT_TRUE(cholesky.factorize(a.data()));
    const Matrix lower = a.llt().matrixL();
    Matrix ours = Matrix::Zero();
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j <= i; ++j) ours(i, j) = cholesky.lower(i, j);
    }
    // The factor is backward stable: L L^T is A to rounding, row by row and column by column.
    const Matrix product = ours * ours.transpose();
    for (int i = 0; i < kSize; ++i) {
      EXPECT_GT(ours(i, i), 0);
      for (int j = 0; j < kSize; ++j) {
        EXPECT_NEAR(product(i, j), a(i, j), 1e-14 * std::sqrt(a(i, i) * a(j, j)));
      }
    }
    EXPECT_NEAR(cholesky.log_determinant(), 2 * lower.diagonal().array().log().sum(), 1e-9);

    Vector v, image;
    for (int i = 0; i < kSize; ++i) v[i] = random.Normal();
    cholesky.multiply_lower(v.data(), image.data());
    EXPECT_LT((image - ours * v).norm(), 1e-14 * image.norm());
    Vector back;
    cholesky.solve_lower(image.data(), back.data());
    EXPECT_LT((back - v).norm(), 1e-7 * v.norm());
  }
}

TYPED_TEST(CholeskyTest, SolveAndInverse) {
  using Matrix = typename TestFixture::Matrix;
  using Vector = typename TestFixture::Vector;
  constexpr int kSize = TestFixture::kSize;
  TestRandom random;
  for (int trial = 0; trial < 100; ++trial) {
    Matrix root;
    for (int i = 0; i < kSize * kSize; ++i) root.data()[i] = random.Normal();
    const Matrix a = root * root.transpose() + Matrix::Identity();  // well conditioned
    Vector b, x;
    for (int i = 0; i < kSize; ++i) b[i] = random.Normal();
    Cholesky<kSize, double> cholesky;
    ASSERT_TRUE(cholesky.factorize(a.data()));
    cholesky.solve(b.data(), x.data());
    EXPECT_LT((a * x - b).norm(), 1e-12);
    Vector in_place = b;
    cholesky.solve(in_place.data(), in_place.data());
    EXPECT_EQ(in_place, x);
    in_place = b;
    cholesky.solve_lower(in_place.data(), in_place.data());
    cholesky.solve_upper(in_place.data(), in_place.data());
    EXPECT_EQ(in_place, x);

    Matrix inverse;
    cholesky.inverse(inverse.data());
    EXPECT_LT((inverse * a - Matrix::Identity()).norm(), 1e-12);
    EXPECT_EQ(inverse, Matrix(inverse.transpose()));
  }
}

TYPED_TEST(CholeskyTest, OnlyTheLowerTriangleIsRead) {
  using Matrix = typename TestFixture::Matrix;
  constexpr int kSize = TestFixture::kSize;
  TestRandom random;
  Matrix a = TestFixture::RandomDefinite(&random);
  Cholesky<kSize, double> full, lower;
  ASSERT_TRUE(full.factorize(a.data()));
  for (int i = 0; i < kSize; ++i) {
    for (int j = i + 1; j < kSize; ++j) a(i, j) = std::nan("");
  }
  ASSERT_TRUE(lower.factorize(a.data()));
  EXPECT_EQ(full.lower(kSize - 1, 0), lower.lower(kSize - 1, 0));
  EXPECT_EQ(full.log_determinant(), lower.log_determinant());
}

TYPED_TEST(CholeskyTest, RefusesWhatIsNotPositiveDefinite) {
  using Matrix = typename TestFixture::Matrix;
  using Vector = typename TestFixture::Vector;
  constexpr int kSize = TestFixture::kSize;
  TestRandom random;
  EXPECT_FALSE(TestFixture::Factorizes(Matrix::Zero()));
  EXPECT_FALSE(TestFixture::Factorizes(-Matrix::Identity()));
  Vector v;
  for (int i = 0; i < kSize; ++i) v[i] = i + 1;
  EXPECT_FALSE(TestFixture::Factorizes(v * v.transpose()));  // rank one, in integers
  for (int k = 0; k < kSize; ++k) {
    Matrix a = TestFixture::RandomDefinite(&random);
    a(k, k) = -1e-3 * a(k, k);
    EXPECT_FALSE(TestFixture::Factorizes(a)) << k;
  }
}

// At any place of the lower triangle, the diagonal's last included.
TYPED_TEST(CholeskyTest, RefusesWhatIsNotFinite) {
  using Matrix = typename TestFixture::Matrix;
  constexpr int kSize = TestFixture::kSize;
  TestRandom random;
  const Matrix a = TestFixture::RandomDefinite(&random);
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {std::nan(""), infinity, -infinity}) {
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j <= i; ++j) {
        Matrix broken = a;
        broken(i, j) = broken(j, i) = bad;
        EXPECT_FALSE(TestFixture::Factorizes(broken)) << bad << " at " << i << ", " << j;
      }
    }
  }
}

TEST(Cholesky, Float) {
  const float a[16] = {4, 0, 0, 0, 2, 5, 0, 0, 0, 2, 6, 0, 1, 0, 1, 7};
  Cholesky<4, float> cholesky;
  ASSERT_TRUE(cholesky.factorize(a));
  EXPECT_FLOAT_EQ(cholesky.lower(0, 0), 2);
  EXPECT_FLOAT_EQ(cholesky.lower(1, 0), 1);
  EXPECT_FLOAT_EQ(cholesky.lower(1, 1), 2);
  const float b[4] = {4, 2, 0, 1};
  float x[4];
  cholesky.solve(b, x);
  EXPECT_NEAR(x[0], 1, 1e-6);
  EXPECT_NEAR(x[3], 0, 1e-6);
}

}  // namespace
}  // namespace propnp::test
