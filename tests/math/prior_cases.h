// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random Gaussians of translations and poses, and their cost as a function of a step.
#ifndef PROPNP_TESTS_MATH_PRIOR_CASES_H_
#define PROPNP_TESTS_MATH_PRIOR_CASES_H_

#include <Eigen/Core>

#include "propnp/math/prior.h"
#include "tests/math/derivative_check.h"
#include "tests/math/test_random.h"

namespace propnp::test {

template <int kD>
using Matrix = Eigen::Matrix<double, kD, kD, Eigen::RowMajor>;

// Random correlations; standard deviations `translation` and `rotation`.
template <int kD>
Matrix<kD> RandomCovariance(TestRandom* random, double translation, double rotation) {
  Matrix<kD> a = Matrix<kD>::Identity();
  for (int i = 0; i < kD * kD; ++i) a.data()[i] += 0.4 * random->Normal();
  Matrix<kD> covariance = a * a.transpose();
  Eigen::Matrix<double, kD, 1> scale = covariance.diagonal().cwiseSqrt().cwiseInverse();
  for (int i = 0; i < kD; ++i) scale[i] *= i < 3 ? translation : rotation;
  return scale.asDiagonal() * covariance * scale.asDiagonal();
}

template <template <typename> class Dof, typename S>
PriorDensity<S> PosePriorOf(const double* mean, const double* covariance) {
  PriorDensity<S> prior;
  prior.kind = PriorKind::kPose;
  S m[7];
  for (int i = 0; i < Dof<S>::kStorage; ++i) m[i] = S(mean[i]);
  EXPECT_TRUE(prior.pose.set(Dof<S>(), m, covariance));
  return prior;
}

// cost(pose (+) x) as a function of x.
template <template <typename> class Dof, typename MakePrior>
auto CostAround(const double* pose, const MakePrior& make_prior) {
  return [=](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    S at[7];
    for (int i = 0; i < Dof<S>::kStorage; ++i) at[i] = S(pose[i]);
    Dof<S>().retract(at, x.data(), at);
    return std::vector<S>{make_prior(S()).cost(Dof<S>(), at)};
  };
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_MATH_PRIOR_CASES_H_
