// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Residuals and ambient Jacobians of a cost function at one value of its parameters.
#ifndef PROPNP_TESTS_CERES_LINEARIZATION_H_
#define PROPNP_TESTS_CERES_LINEARIZATION_H_

#include <ceres/cost_function.h>
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>
#include <vector>

namespace propnp::test {

struct Linearization {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  bool ok = false;
  Eigen::VectorXd residuals;
  std::vector<Matrix> jacobians;  // one a parameter block
};

inline Linearization Linearize(const ceres::CostFunction& cost,
                               const std::vector<const double*>& parameters) {
  Linearization result;
  result.residuals.setConstant(cost.num_residuals(), NAN);
  std::vector<double*> pointers;
  for (int size : cost.parameter_block_sizes()) {
    result.jacobians.emplace_back(Linearization::Matrix::Constant(cost.num_residuals(), size, NAN));
  }
  for (auto& jacobian : result.jacobians) pointers.push_back(jacobian.data());
  result.ok = cost.Evaluate(parameters.data(), result.residuals.data(), pointers.data());
  return result;
}

// Relative to the largest entry of a row: entries of one row are sums of the same terms.
inline void ExpectSame(const Linearization& actual, const Linearization& expected,
                       double tolerance = 1e-11) {
  ASSERT_TRUE(actual.ok);
  ASSERT_TRUE(expected.ok);
  ASSERT_EQ(actual.jacobians.size(), expected.jacobians.size());
  for (Eigen::Index i = 0; i < expected.residuals.size(); ++i) {
    EXPECT_NEAR(actual.residuals[i], expected.residuals[i],
                tolerance * (1 + std::fabs(expected.residuals[i])));
  }
  for (size_t k = 0; k < expected.jacobians.size(); ++k) {
    ASSERT_EQ(actual.jacobians[k].cols(), expected.jacobians[k].cols());
    for (Eigen::Index i = 0; i < expected.residuals.size(); ++i) {
      const double scale = expected.jacobians[k].row(i).cwiseAbs().maxCoeff();
      const double error =
          (actual.jacobians[k].row(i) - expected.jacobians[k].row(i)).cwiseAbs().maxCoeff();
      EXPECT_LE(error, tolerance * (1 + scale)) << "block " << k << " row " << i;
    }
  }
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_CERES_LINEARIZATION_H_
