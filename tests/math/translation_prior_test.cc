// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/translation_prior.h"

#include "tests/math/derivative_check.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

// Of [t, mean, sigma].
template <typename S>
LogDepthPrior<S> MakePrior(const std::vector<S>& x) {
  LogDepthPrior<S> prior;
  EXPECT_TRUE(prior.set(&x[3], &x[6]));
  return prior;
}

template <typename S>
PriorValue<3, S> Derivatives(const LogDepthPrior<S>& prior, const Vec3<S>& t) {
  PriorValue<3, S> value{};
  prior.add_derivatives(t, &value);
  return value;
}

std::vector<double> RandomVariables(TestRandom& random) {
  const double z = random.Uniform(0.3, 9);
  std::vector<double> x = {random.Normal(), random.Normal(), z};
  for (int k = 0; k < 3; ++k) x.push_back((k < 2 ? x[k] / z : std::log(z)) + random.Normal());
  for (int k = 0; k < 3; ++k) x.push_back(random.Uniform(0.1, 2));
  return x;
}

constexpr auto kCost = [](const auto& x) {
  using S = ScalarOf<decltype(x)>;
  return std::vector<S>{MakePrior(x).cost(Vec3<S>{x[0], x[1], x[2]})};
};

// Gradient to t, mean and sigma.
Eigen::MatrixXd CostGradient(const std::vector<double>& x) {
  const auto prior = MakePrior(x);
  const Vec3<double> t{x[0], x[1], x[2]};
  Eigen::MatrixXd gradient = Eigen::MatrixXd::Zero(1, 9);
  for (int k = 0; k < 3; ++k) gradient(0, k) = Derivatives(prior, t).gradient[k];
  double covariance[9] = {};
  prior.add_parameter_gradient(t, 1.0, &gradient(0, 3), covariance);
  prior.add_sigma_gradient(covariance, &gradient(0, 6));
  return gradient;
}

TEST(LogDepthPrior, GradientOfTheCost) {
  TestRandom random;
  for (int i = 0; i < 20; ++i) {
    const std::vector<double> x = RandomVariables(random);
    ExpectDualJacobian(CostGradient(x), kCost, x, "cost");
    ExpectRiddersJacobian(CostGradient(x), kCost, x, std::vector<double>(9, 0.02), "cost");
  }
}

TEST(LogDepthPrior, HessianIsTheDerivativeOfTheGradient) {
  TestRandom random;
  for (int i = 0; i < 20; ++i) {
    std::vector<double> x = RandomVariables(random);
    const auto prior = MakePrior(x);
    const auto gradient = [&](const auto& t) {
      const auto value = Derivatives(prior, Vec3<double>{t[0], t[1], t[2]});
      return std::vector<double>(value.gradient, value.gradient + 3);
    };
    const std::vector<double> t(x.begin(), x.begin() + 3);
    Eigen::Matrix<double, 3, 3, Eigen::RowMajor> hessian;
    prior.hessian({t[0], t[1], t[2]}, hessian.data());
    ExpectClose(hessian, RiddersJacobian(gradient, t, std::vector<double>(3, 0.02)), 1e-7, 1e-7,
                "Hessian");
  }
}

// first . (gradient + curvature second), of which the vjp is claimed.
TEST(LogDepthPrior, NewtonProduct) {
  TestRandom random;
  for (int i = 0; i < 20; ++i) {
    const std::vector<double> x = RandomVariables(random);
    const Vec3<double> t{x[0], x[1], x[2]}, first = random.Vector(1), second = random.Vector(1);
    const auto product = [&](const auto& y) {
      std::vector<double> all = x;
      std::copy(y.begin(), y.end(), all.begin() + 3);
      const PriorValue<3, double> value = Derivatives(MakePrior(all), t);
      const double f[3] = {first.x, first.y, first.z}, s[3] = {second.x, second.y, second.z};
      double sum = 0;
      for (int a = 0; a < 3; ++a) {
        sum += f[a] * value.gradient[a];
        for (int b = 0; b < 3; ++b) sum += f[a] * value.curvature[3 * a + b] * s[b];
      }
      return std::vector<double>{sum};
    };
    Eigen::MatrixXd gradient = Eigen::MatrixXd::Zero(1, 6);
    double covariance[9] = {};
    MakePrior(x).newton_product_vjp(t, first, second, &gradient(0, 0), covariance);
    MakePrior(x).add_sigma_gradient(covariance, &gradient(0, 3));
    ExpectRiddersJacobian(gradient, product, std::vector<double>(x.begin() + 3, x.end()),
                          std::vector<double>(6, 0.02), "product");
  }
}

// There the cost is infinite and nothing moves it.
TEST(LogDepthPrior, BehindTheCameraThereIsNoGradient) {
  const auto prior = MakePrior<double>({0, 0, 1, 0, 0, 1, 1, 1, 1});
  for (const double z : {0.0, -1.0}) {
    const Vec3<double> t{1, 2, z};
    EXPECT_EQ(prior.cost(t), std::numeric_limits<double>::infinity());
    double gradient[12] = {}, hessian[9];
    prior.add_parameter_gradient(t, 1.0, gradient, gradient + 3);
    prior.newton_product_vjp(t, t, t, gradient, gradient + 3);
    prior.hessian(t, hessian);
    for (const double g : gradient) EXPECT_EQ(g, 0);
    for (const double h : hessian) EXPECT_EQ(h, 0);
  }
}

}  // namespace
}  // namespace propnp::test
