// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/robust_loss.h"

#include <cmath>

#include "tests/math/derivative_check.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr LossKind kKinds[] = {LossKind::kNone, LossKind::kHuber, LossKind::kCauchy};
constexpr double kDelta = 1.5;

// Near zero, on both sides of delta and far beyond.
const std::vector<double>& Norms() {
  static const auto* const norms = new std::vector<double>{
      1e-4, 0.1, 1.0, kDelta * (1 - 1e-9), kDelta, kDelta * (1 + 1e-9), 1.6, 20.0, 1e5};
  return *norms;
}

// [s, delta] to rho.
auto RhoFunction(LossKind kind) {
  return [kind](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    return std::vector<S>{RobustLoss<S>{kind, x[1]}.rho(x[0] * x[0])};
  };
}
// s to rho' = weight s.
auto SlopeFunction(LossKind kind) {
  return [kind](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    return std::vector<S>{RobustLoss<S>{kind, S(kDelta)}.evaluate(x[0] * x[0]).weight * x[0]};
  };
}

TEST(RobustLoss, DerivativesOfRhoToTheResidualAndToDelta) {
  for (const LossKind kind : kKinds) {
    for (const double s : Norms()) {
      const RobustLoss<double> loss{kind, kDelta};
      const LossValue<double> value = loss.evaluate(s * s);
      Eigen::MatrixXd gradient(1, 2);
      gradient << value.weight * s, loss.delta_gradient(s * s);
      const std::vector<double> x{s, kDelta};
      const std::string what = "kind " + std::to_string(static_cast<int>(kind));
      ExpectDualJacobian(gradient, RhoFunction(kind), x, what);
      if (std::fabs(s - kDelta) < 0.01) continue;
      const double step = std::min(0.05, 0.2 * s);
      ExpectRiddersJacobian(gradient, RhoFunction(kind), x, std::vector<double>{step, 0.05}, what);
    }
  }
}

TEST(RobustLoss, CurvatureIsTheSecondDerivative) {
  for (const LossKind kind : kKinds) {
    for (const double s : Norms()) {
      const double curvature = RobustLoss<double>{kind, kDelta}.evaluate(s * s).curvature;
      // Huber's weight times s is delta up to rounding, its derivative zero up to that.
      EXPECT_NEAR(curvature, DualJacobian(SlopeFunction(kind), {s})(0, 0), 1e-12);
      if (std::fabs(s - kDelta) < 0.01) continue;
      const std::vector<double> step{std::min(0.05, 0.2 * s)};
      EXPECT_NEAR(curvature, RiddersJacobian(SlopeFunction(kind), {s}, step)(0, 0), 1e-8);
    }
  }
}

// [s^2, delta] to rho' / s.
TEST(RobustLoss, SlopesOfTheWeight) {
  for (const LossKind kind : kKinds) {
    const auto weight = [kind](const auto& x) {
      using S = ScalarOf<decltype(x)>;
      return std::vector<S>{RobustLoss<S>{kind, x[1]}.evaluate(x[0]).weight};
    };
    for (const double s : Norms()) {
      const LossWeightSlopes<double> slopes = RobustLoss<double>{kind, kDelta}.weight_slopes(s * s);
      Eigen::MatrixXd gradient(1, 2);
      gradient << slopes.by_squared_norm, slopes.by_delta;
      const std::string what = "kind " + std::to_string(static_cast<int>(kind));
      ExpectDualJacobian(gradient, weight, {s * s, kDelta}, what);
      if (std::fabs(s - kDelta) < 0.01) continue;
      ExpectRiddersJacobian(gradient, weight, {s * s, kDelta},
                            std::vector<double>{0.01 + 0.05 * s * s, 0.02}, what);
    }
  }
}

TEST(RobustLoss, FollowsItsFormulas) {
  for (const double s : Norms()) {
    const double d = kDelta;
    EXPECT_DOUBLE_EQ((RobustLoss<double>{LossKind::kNone, d}.rho(s * s)), s * s / 2);
    EXPECT_NEAR((RobustLoss<double>{LossKind::kHuber, d}.rho(s * s)),
                s <= d ? s * s / 2 : d * s - d * d / 2, 1e-15 * (1 + s * s));
    EXPECT_NEAR((RobustLoss<double>{LossKind::kCauchy, d}.rho(s * s)),
                d * d / 2 * std::log(1 + s * s / d / d), 1e-14 * (1 + s));
  }
}

// At delta: the value and the slope are continuous, the curvature is that of the inside.
TEST(RobustLoss, HuberAtItsDelta) {
  const RobustLoss<double> loss{LossKind::kHuber, 2.0};
  const LossValue<double> at = loss.evaluate(4.0);
  const LossValue<double> beyond = loss.evaluate(std::nextafter(4.0, 5.0));
  EXPECT_EQ(at.rho, 2.0);
  EXPECT_NEAR(beyond.rho, at.rho, 1e-15);
  EXPECT_NEAR(beyond.weight, at.weight, 1e-15);
  EXPECT_EQ(at.curvature, 1.0);
  EXPECT_EQ(beyond.curvature, 0.0);
  EXPECT_NEAR(loss.delta_gradient(std::nextafter(4.0, 5.0)), loss.delta_gradient(4.0), 1e-15);
}

TEST(RobustLoss, AtResidualZero) {
  for (const LossKind kind : kKinds) {
    const RobustLoss<double> loss{kind, kDelta};
    const LossValue<double> value = loss.evaluate(0.0);
    EXPECT_EQ(value.rho, 0);
    EXPECT_EQ(value.weight, 1);
    EXPECT_EQ(value.curvature, 1);
    EXPECT_EQ(loss.delta_gradient(0.0), 0);
    // In terms of e, not of |e|, the derivative at zero is finite.
    const auto cost = [kind](const auto& e) {
      using S = ScalarOf<decltype(e)>;
      return std::vector<S>{RobustLoss<S>{kind, S(kDelta)}.rho(e[0] * e[0] + e[1] * e[1])};
    };
    EXPECT_EQ(DualJacobian(cost, {0, 0}), Eigen::MatrixXd::Zero(1, 2));
  }
}

// A residual whose square overflows still has a finite slope: nothing becomes not a number.
TEST(RobustLoss, HugeResidualsAreNotNotNumbers) {
  for (const LossKind kind : kKinds) {
    for (const float squared : {1e30f, 3e38f}) {
      const LossValue<float> value = RobustLoss<float>{kind, 1e-3f}.evaluate(squared);
      EXPECT_FALSE(std::isnan(value.rho));
      EXPECT_FALSE(std::isnan(value.weight));
      EXPECT_FALSE(std::isnan(value.curvature)) << static_cast<int>(kind) << ' ' << squared;
    }
  }
}

// The derivative with respect to delta is s^4 / (2 delta^3) for small residuals: its two terms
// cancel. Against long double where that is exact enough, on both sides of where the series ends.
TEST(RobustLoss, CauchyDeltaGradientDoesNotCancel) {
  const RobustLoss<double> loss{LossKind::kCauchy, 1.0};
  for (const double u : {1e-4, 1e-2, 0.0322, 0.0323, 0.5, 100.0}) {
    const long double wide = u;
    const long double expected = std::log1p(wide) - wide / (1 + wide);
    EXPECT_NEAR(loss.delta_gradient(u), static_cast<double>(expected), 1e-10 * expected) << u;
  }
  for (const double u : {1e-6, 1e-12}) {
    const double expected = u * u / 2 - 2 * u * u * u / 3;
    EXPECT_NEAR(loss.delta_gradient(u), expected, 1e-11 * expected) << u;
  }
}

}  // namespace
}  // namespace propnp::test
