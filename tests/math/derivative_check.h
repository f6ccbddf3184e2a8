// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Jacobians to compare a derivative written by hand with: by automatic differentiation (ceres::Jet)
// and by Ridders' extrapolated differences (C. Ridders, 1982).
//
// A function is a generic lambda from std::vector<S> to std::vector<S>, evaluated with S = double
// for differences and S = Dual for automatic differentiation.
#ifndef PROPNP_TESTS_MATH_DERIVATIVE_CHECK_H_
#define PROPNP_TESTS_MATH_DERIVATIVE_CHECK_H_

#include <ceres/jet.h>
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace propnp::test {

// One direction at a time: slower than a wide Jet, but it compiles in a tenth of the time.
using Dual = ceres::Jet<double, 1>;

template <typename X>
using ScalarOf = typename std::decay_t<X>::value_type;

inline Eigen::MatrixXd FromColumns(const std::vector<Eigen::VectorXd>& columns) {
  Eigen::MatrixXd matrix(columns.at(0).size(), columns.size());
  for (size_t j = 0; j < columns.size(); ++j) matrix.col(j) = columns[j];
  return matrix;
}

// d f_i / d x_j by automatic differentiation.
template <typename Function>
Eigen::MatrixXd DualJacobian(const Function& f, const std::vector<double>& x) {
  std::vector<Dual> dual(x.begin(), x.end());
  std::vector<Eigen::VectorXd> columns;
  for (Dual& variable : dual) {
    variable.v[0] = 1;
    const std::vector<Dual> value = f(dual);
    variable.v[0] = 0;
    columns.emplace_back(value.size());
    for (size_t i = 0; i < value.size(); ++i) columns.back()[i] = value[i].v[0];
  }
  return FromColumns(columns);
}

// d f / d x_j by central differences of shrinking step, extrapolated to step zero by Neville's
// scheme; each component keeps the entry of the tableau with the smallest error estimate.
template <typename Function>
Eigen::VectorXd RiddersColumn(const Function& f, std::vector<double> x, size_t j, double step) {
  constexpr int kTableau = 12;
  constexpr double kShrink = 1.4, kSafe = 2;
  const double center = x[j];
  const auto difference = [&](double h) {
    x[j] = center + h;
    const std::vector<double> above = f(x);
    x[j] = center - h;
    const std::vector<double> below = f(x);
    Eigen::VectorXd slope(above.size());
    for (size_t i = 0; i < above.size(); ++i) slope[i] = (above[i] - below[i]) / (2 * h);
    return slope;
  };
  std::array<Eigen::VectorXd, kTableau> steps;
  double h = step;
  for (Eigen::VectorXd& slope : steps) {
    slope = difference(h);
    h /= kShrink;
  }
  Eigen::VectorXd best = steps[0];
  for (Eigen::Index i = 0; i < best.size(); ++i) {
    double table[kTableau][kTableau];
    double smallest_error = std::numeric_limits<double>::max();
    for (int column = 0; column < kTableau; ++column) {
      table[0][column] = steps[column][i];
      double factor = kShrink * kShrink;
      for (int row = 1; row <= column; ++row, factor *= kShrink * kShrink) {
        table[row][column] =
            (table[row - 1][column] * factor - table[row - 1][column - 1]) / (factor - 1);
        const double error = std::max(std::fabs(table[row][column] - table[row - 1][column]),
                                      std::fabs(table[row][column] - table[row - 1][column - 1]));
        if (error <= smallest_error) smallest_error = error, best[i] = table[row][column];
      }
      if (column > 0 && std::fabs(table[column][column] - table[column - 1][column - 1]) >=
                            kSafe * smallest_error) {
        break;
      }
    }
  }
  return best;
}

// One step per variable.
template <typename Function>
Eigen::MatrixXd RiddersJacobian(const Function& f, const std::vector<double>& x,
                                const std::vector<double>& steps) {
  std::vector<Eigen::VectorXd> columns;
  for (size_t j = 0; j < x.size(); ++j) columns.push_back(RiddersColumn(f, x, j, steps[j]));
  return FromColumns(columns);
}

// The step in x_j is `step` times max(1, |x_j|).
template <typename Function>
Eigen::MatrixXd RiddersJacobian(const Function& f, const std::vector<double>& x, double step) {
  std::vector<double> steps;
  for (const double value : x) steps.push_back(step * std::max(1.0, std::fabs(value)));
  return RiddersJacobian(f, x, steps);
}

// Every entry within `relative` of its own size, or within `relative_to_row` of the largest entry
// of its row (entries that cancel to nothing carry the rounding of the others).
inline void ExpectClose(const Eigen::MatrixXd& actual, const Eigen::MatrixXd& expected,
                        double relative, double relative_to_row, const std::string& what) {
  ASSERT_EQ(actual.rows(), expected.rows()) << what;
  ASSERT_EQ(actual.cols(), expected.cols()) << what;
  for (Eigen::Index i = 0; i < actual.rows(); ++i) {
    const double row_size = expected.row(i).cwiseAbs().maxCoeff();
    for (Eigen::Index j = 0; j < actual.cols(); ++j) {
      const double tolerance = relative * std::fabs(expected(i, j)) + relative_to_row * row_size;
      EXPECT_LE(std::fabs(actual(i, j) - expected(i, j)), tolerance)
          << what << " (" << i << ", " << j << "): " << actual(i, j) << ", expected "
          << expected(i, j);
      EXPECT_TRUE(std::isfinite(actual(i, j))) << what << " (" << i << ", " << j << ")";
    }
  }
}

// A derivative by hand must equal automatic differentiation to 1e-9; what it really reaches, and
// what the second bound leaves to rounding, is 1e-12 of the row.
template <typename Function>
void ExpectDualJacobian(const Eigen::MatrixXd& by_hand, const Function& f,
                        const std::vector<double>& x, const std::string& what) {
  ExpectClose(by_hand, DualJacobian(f, x), 1e-9, 1e-12, what + ", automatic differentiation");
}

// Differences reach about 1e-10 of the row where f is smooth over `step`; 1e-7 is far below any
// wrong sign, factor or missing term.
template <typename Function, typename Steps>
void ExpectRiddersJacobian(const Eigen::MatrixXd& by_hand, const Function& f,
                           const std::vector<double>& x, const Steps& steps,
                           const std::string& what) {
  ExpectClose(by_hand, RiddersJacobian(f, x, steps), 1e-7, 1e-7, what + ", differences");
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_MATH_DERIVATIVE_CHECK_H_
