// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The second-order matrices of the robust cost (Curvature in residual.h).
#include <Eigen/Eigenvalues>
#include <cmath>

#include "propnp/math/residual.h"
#include "tests/math/derivative_check.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr LossKind kLosses[] = {LossKind::kNone, LossKind::kHuber, LossKind::kCauchy};

// The 2x2 matrix M of J^T M J.
Eigen::Matrix2d CurvatureMatrix(Curvature curvature, const RobustLoss<double>& loss,
                                const Vec2<double>& e) {
  const double squared_norm = dot(e, e);
  const auto d = curvature_directions(curvature, e, squared_norm, loss.evaluate(squared_norm));
  const Eigen::Vector2d first(d.first.x, d.first.y), second(d.second.x, d.second.y);
  return d.first_factor * first * first.transpose() + d.second_factor * second * second.transpose();
}

// d cost / d e, as point_cost_vjp computes it.
auto GradientFunction(LossKind kind, double delta) {
  return [kind, delta](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    const RobustLoss<S> loss{kind, S(delta)};
    const S weight = loss.evaluate(x[0] * x[0] + x[1] * x[1]).weight;
    return std::vector<S>{weight * x[0], weight * x[1]};
  };
}

// Residuals well inside, just inside, just beyond and well beyond delta = 1.5.
template <typename Check>
void ForEachResidual(const Check& check) {
  TestRandom random;
  for (const LossKind kind : kLosses) {
    for (const double norm : {1e-6, 0.3, 1.499, 1.501, 2.0, 10.0, 1e4}) {
      const double angle = random.Uniform(0, 6.28);
      check(RobustLoss<double>{kind, 1.5},
            Vec2<double>{norm * std::cos(angle), norm * std::sin(angle)}, norm);
    }
  }
}

TEST(Curvature, HessianIsTheDerivativeOfTheGradient) {
  ForEachResidual([](const RobustLoss<double>& loss, const Vec2<double>& e, double norm) {
    const Eigen::Matrix2d hessian = CurvatureMatrix(Curvature::kHessian, loss, e);
    const auto gradient = GradientFunction(loss.kind, loss.delta);
    ExpectClose(hessian, DualJacobian(gradient, {e.x, e.y}), 1e-9, 1e-9, "Hessian");
    const double step = std::min(1e-4, 0.1 * norm);
    ExpectClose(hessian,
                RiddersJacobian(gradient, {e.x, e.y}, {step * (1 + norm), step * (1 + norm)}), 1e-6,
                1e-6, "Hessian, differences");
  });
}

// (rho'/s)(I - n n^T) + rho'' n n^T, the matrices written out.
TEST(Curvature, KindsFollowTheirFormulas) {
  ForEachResidual([](const RobustLoss<double>& loss, const Vec2<double>& e, double norm) {
    const LossValue<double> value = loss.evaluate(dot(e, e));
    const Eigen::Vector2d n = Eigen::Vector2d(e.x, e.y) / norm;
    const Eigen::Matrix2d identity = Eigen::Matrix2d::Identity(), along = n * n.transpose();
    const auto expect = [&](Curvature curvature, const Eigen::Matrix2d& expected) {
      ExpectClose(CurvatureMatrix(curvature, loss, e), expected, 1e-12, 1e-12, "kind");
    };
    expect(Curvature::kIrls, value.weight * identity);
    expect(Curvature::kHessian, value.weight * (identity - along) + value.curvature * along);
    expect(Curvature::kPositive, value.weight * (identity - along) +
                                     std::max(value.curvature, 0.1 * value.weight) * along);
    const Eigen::Vector2d score = value.weight * Eigen::Vector2d(e.x, e.y);
    expect(Curvature::kScoreVariance, score * score.transpose());
    Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> eigen(
        CurvatureMatrix(Curvature::kPositive, loss, e));
    EXPECT_GE(eigen.eigenvalues()[0], 0.0999 * value.weight);
  });
}

// Cauchy is concave along the residual beyond its scale, and the Hessian says so.
TEST(Curvature, CauchyHessianIsIndefiniteBeyondItsScale) {
  const RobustLoss<double> loss{LossKind::kCauchy, 1.5};
  EXPECT_LT(CurvatureMatrix(Curvature::kHessian, loss, {0, 3})(1, 1), 0);
  EXPECT_GT(CurvatureMatrix(Curvature::kHessian, loss, {0, 1})(1, 1), 0);
}

TEST(Curvature, AtResidualZeroAllKindsButTheScoreAreTheIdentity) {
  for (const LossKind kind : kLosses) {
    const RobustLoss<double> loss{kind, 1.5};
    for (const Curvature c : {Curvature::kIrls, Curvature::kHessian, Curvature::kPositive}) {
      EXPECT_EQ(CurvatureMatrix(c, loss, {0, 0}), Eigen::Matrix2d::Identity());
    }
    EXPECT_EQ(CurvatureMatrix(Curvature::kScoreVariance, loss, {0, 0}), Eigen::Matrix2d::Zero());
  }
}

// Behind z_min a pinhole is linear in the translation, so that J^T M J is the whole Hessian of the
// cost: checked against the derivative of the gradient with everything in between.
TEST(Curvature, IsTheWholeHessianOfALinearProblem) {
  TestRandom random;
  for (const LossKind kind : kLosses) {
    for (int i = 0; i < 20; ++i) {
      const Vec3<double> point{random.Normal(), random.Normal(), -random.Uniform(0.2, 2)};
      const Vec2<double> x2d{300 * random.Normal(), 300 * random.Normal()};
      const double scale = random.Uniform(1e-4, 1e-3);  // residuals around delta
      const auto gradient = [&](const auto& x) {
        using S = ScalarOf<decltype(x)>;
        const ViewModel<PinholeCamera<S>, S> model{
            {S(620), S(610), S(322), S(238), S(0.7)}, {}, S(0.1)};
        const SqrtInformation<S> weight{S(scale), S(0.3 * scale), S(-0.2 * scale), S(1.4 * scale)};
        Vec2<S> pull;
        PointGradients<S> g{{S(0), S(0), S(0)}, {S(0), S(0)}, S(0)};
        point_cost_vjp(model, RobustLoss<S>{kind, S(1.5)}, Vec3<S>{x[0], x[1], x[2]},
                       Vec2<S>{S(x2d.x), S(x2d.y)}, weight, S(1), &pull, &g);
        return std::vector<S>{g.point_in_cam.x, g.point_in_cam.y, g.point_in_cam.z};
      };
      const ViewModel<PinholeCamera<double>, double> model{{620, 610, 322, 238, 0.7}, {}, 0.1};
      const PointResidual<double> r = residual_with_jacobian(
          model, point, x2d,
          SqrtInformation<double>{scale, 0.3 * scale, -0.2 * scale, 1.4 * scale});
      Eigen::Matrix<double, 2, 3> j;
      j << r.x_gradient.x, r.x_gradient.y, r.x_gradient.z, r.y_gradient.x, r.y_gradient.y,
          r.y_gradient.z;
      const Eigen::MatrixXd hessian =
          j.transpose() * CurvatureMatrix(Curvature::kHessian, {kind, 1.5}, r.e) * j;
      ExpectClose(hessian, DualJacobian(gradient, {point.x, point.y, point.z}), 1e-9, 1e-9,
                  "linear problem");
    }
  }
}

}  // namespace
}  // namespace propnp::test
