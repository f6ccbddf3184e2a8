// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/least_squares.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <set>

#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr int kMax = 24;

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Problem {
  RowMajor rows;
  Eigen::VectorXd targets, weights;

  Problem(int count, int n, TestRandom* random) : rows(count, n), targets(count), weights(count) {
    for (int s = 0; s < count; ++s) {
      for (int i = 0; i < n; ++i) rows(s, i) = random->Normal() + (i == 0 ? 3 : 0);
      targets[s] = random->Normal();
      weights[s] = random->Uniform(0, 2);
    }
  }
  int n() const { return static_cast<int>(rows.cols()); }
  int Solve(Eigen::VectorXd* x) const {
    WeightedLeastSquares<kMax, double> fit(n());
    for (Eigen::Index s = 0; s < rows.rows(); ++s)
      fit.add(rows.row(s).data(), targets[s], weights[s]);
    x->resize(n());
    return fit.solve(x->data());
  }
  double Cost(const Eigen::VectorXd& x) const {
    return (weights.array() * (rows * x - targets).array().square()).sum();
  }
  // The least norm solution of the weighted problem by Eigen's orthogonal decomposition.
  Eigen::VectorXd Oracle() const {
    const Eigen::VectorXd root = weights.cwiseSqrt();
    const Eigen::MatrixXd scaled = root.asDiagonal() * rows;
    return scaled.completeOrthogonalDecomposition().solve(root.cwiseProduct(targets));
  }
};

TEST(LeastSquaresTest, FullRankEqualsEigen) {
  TestRandom random;
  for (const int n : {1, 2, 7, 14, 21, 24}) {
    const Problem problem(200, n, &random);
    Eigen::VectorXd x;
    EXPECT_EQ(problem.Solve(&x), n);
    EXPECT_LT((x - problem.Oracle()).norm(), 1e-11 * (1 + x.norm())) << n;
  }
}

// The units of the columns change the solution's and nothing else: twelve orders of magnitude
// apart.
TEST(LeastSquaresTest, UnitsDoNotMatter) {
  TestRandom random;
  Problem problem(200, 7, &random);
  Eigen::VectorXd x, scaled;
  problem.Solve(&x);
  for (int i = 0; i < 7; ++i) problem.rows.col(i) *= std::pow(100.0, i - 3);
  EXPECT_EQ(problem.Solve(&scaled), 7);
  for (int i = 0; i < 7; ++i) EXPECT_NEAR(scaled[i] * std::pow(100.0, i - 3), x[i], 1e-11);
}

TEST(LeastSquaresTest, DependentColumnsAreLeftOut) {
  TestRandom random;
  for (int trial = 0; trial < 20; ++trial) {
    Problem problem(150, 14, &random);
    problem.rows.col(3) = problem.rows.col(9) - 2 * problem.rows.col(0);
    problem.rows.col(5) = 1e6 * problem.rows.col(6);
    problem.rows.col(11).setZero();
    Eigen::VectorXd x;
    EXPECT_EQ(problem.Solve(&x), 11);
    EXPECT_NEAR(problem.Cost(x), problem.Cost(problem.Oracle()), 1e-9);
    EXPECT_EQ((x.array() == 0).count(), 3);
    EXPECT_EQ(x[11], 0);
  }
}

TEST(LeastSquaresTest, FewerRowsThanUnknowns) {
  TestRandom random;
  const Problem problem(5, 14, &random);
  Eigen::VectorXd x;
  EXPECT_EQ(problem.Solve(&x), 5);
  EXPECT_NEAR(problem.Cost(x), 0, 1e-12);
}

// Just above and just below the tolerance: a column that another explains but for `part` of its
// square.
TEST(LeastSquaresTest, ToleranceIsTheUnexplainedShare) {
  for (const double part : {0.9e-6, 1.1e-6}) {
    const double a[4] = {1, std::sqrt(1 - part), 0, 1};
    PivotedCholesky<kMax, double> cholesky;
    EXPECT_EQ(cholesky.factorize(2, a, 1e-6), part > 1e-6 ? 2 : 1);
  }
}

TEST(LeastSquaresTest, OrderIsAPermutationAndSolvesTheMatrix) {
  TestRandom random;
  const Problem problem(100, 9, &random);
  const RowMajor a = problem.rows.transpose() * problem.rows;
  PivotedCholesky<kMax, double> cholesky;
  EXPECT_EQ(cholesky.factorize(9, a.data()), 9);
  EXPECT_EQ(cholesky.rank(), 9);
  std::set<int> columns;
  for (int k = 0; k < 9; ++k) columns.insert(cholesky.column(k));
  EXPECT_EQ(columns.size(), 9u);
  Eigen::VectorXd b = Eigen::VectorXd::LinSpaced(9, -1, 2), x(9);
  cholesky.solve(b.data(), x.data());
  EXPECT_LT((a * x - b).norm(), 1e-11);
}

TEST(LeastSquaresTest, EmptyAndNonFiniteProblemsGiveZeros) {
  WeightedLeastSquares<kMax, double> nothing(3);
  double x[3] = {7, 7, 7};
  EXPECT_EQ(nothing.solve(x), 0);
  for (const double value : x) EXPECT_EQ(value, 0);
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {infinity, std::nan("")}) {
    WeightedLeastSquares<kMax, double> fit(2);
    const double row[2] = {bad, 1}, other[2] = {0, 2};
    fit.add(row, 1, 1);
    fit.add(other, 2, 1);
    EXPECT_EQ(fit.solve(x), 1);
    EXPECT_EQ(x[0], 0);
    EXPECT_TRUE(std::isfinite(x[1]));
  }
}

TEST(LeastSquaresTest, SinglePrecision) {
  TestRandom random;
  const Problem problem(200, 7, &random);
  WeightedLeastSquares<kMax, float> fit(7);
  for (int s = 0; s < 200; ++s) {
    const Eigen::VectorXf row = problem.rows.row(s).cast<float>();
    fit.add(row.data(), static_cast<float>(problem.targets[s]),
            static_cast<float>(problem.weights[s]));
  }
  Eigen::VectorXf x(7);
  EXPECT_EQ(fit.solve(x.data()), 7);
  EXPECT_LT((x.cast<double>() - problem.Oracle()).norm(), 1e-4);
}

}  // namespace
}  // namespace propnp::test
