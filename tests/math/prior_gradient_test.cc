// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Second derivatives of priors, and their gradients with respect to mean and covariance, against
// differences.
#include <Eigen/Eigenvalues>

#include "tests/math/prior_cases.h"

namespace propnp::test {
namespace {

// The lower triangle, row by row.
template <int kD>
std::vector<double> TriangleOf(const Matrix<kD>& m) {
  std::vector<double> entries;
  for (int i = 0; i < kD; ++i) entries.insert(entries.end(), &m(i, 0), &m(i, 0) + i + 1);
  return entries;
}

template <int kD>
Matrix<kD> FromTriangle(const double* entries) {
  Matrix<kD> m;
  for (int i = 0; i < kD; ++i) {
    for (int j = 0; j <= i; ++j) m(i, j) = m(j, i) = *entries++;
  }
  return m;
}

// As the derivative with respect to the entries of the triangle: what lies off the diagonal counts
// twice.
template <int kD>
std::vector<double> GradientOfTriangle(const double* symmetric) {
  Matrix<kD> gradient = Eigen::Map<const Matrix<kD>>(symmetric);
  EXPECT_NEAR((gradient - gradient.transpose()).norm(), 0, 1e-12 * gradient.norm());
  gradient += gradient.transpose().eval();
  gradient.diagonal() /= 2;
  return TriangleOf<kD>(gradient);
}

double DotProduct(const double* a, const double* b, int count) {
  double sum = 0;
  for (int k = 0; k < count; ++k) sum += a[k] * b[k];
  return sum;
}

// first . (gradient + curvature second).
template <int kD>
double NewtonProduct(const PriorValue<kD, double>& value, const double* first,
                     const double* second) {
  double sum = DotProduct(first, value.gradient, kD);
  for (int i = 0; i < kD; ++i) {
    sum += first[i] * DotProduct(&value.curvature[kD * i], second, kD);
  }
  return sum;
}

// A prior and a pose some way from its mean. `x` are a step of the mean and the triangle of the
// covariance.
template <template <typename> class Dof>
struct PoseGaussian {
  static constexpr int kD = Dof<double>::kTangent, kSize = kD;
  double mean[7] = {}, pose[7] = {};
  Matrix<kD> covariance;

  explicit PoseGaussian(TestRandom* random) {
    random->Pose(mean);
    double step[6];
    for (double& s : step) s = 0.7 * random->Normal();
    Dof<double>().retract(mean, step, pose);
    // The yaw is uncertain enough for the end of the turn to matter.
    covariance = RandomCovariance<kD>(random, 0.3, kD == 4 ? 1.4 : 0.5);
  }

  template <typename S>
  PriorDensity<S> Prior(const std::vector<double>& x) const {
    double moved[7];
    Dof<double>().retract(mean, x.data(), moved);
    return PosePriorOf<Dof, S>(moved, FromTriangle<kD>(x.data() + kD).eval().data());
  }
};

struct LogDepthGaussian {
  static constexpr int kD = 6, kSize = 3;
  double mean[3], pose[7];
  Matrix<3> covariance;

  explicit LogDepthGaussian(TestRandom* random) {
    random->Pose(pose);
    pose[2] = random->Uniform(0.3, 9);
    const double u[3] = {pose[0] / pose[2], pose[1] / pose[2], std::log(pose[2])};
    for (int k = 0; k < 3; ++k) mean[k] = u[k] + random->Normal();
    covariance = RandomCovariance<3>(random, 0.8, 0.8);
  }

  template <typename S>
  PriorDensity<S> Prior(const std::vector<double>& x) const {
    PriorDensity<S> prior;
    prior.kind = PriorKind::kLogDepth;
    const S moved[3] = {S(mean[0] + x[0]), S(mean[1] + x[1]), S(mean[2] + x[2])};
    EXPECT_TRUE(prior.log_depth.set_covariance(moved, FromTriangle<3>(x.data() + 3).data()));
    return prior;
  }
};

// At c's own mean and covariance.
template <typename Case>
std::vector<double> Unmoved(const Case& c) {
  std::vector<double> x(Case::kSize, 0.0);
  const std::vector<double> triangle = TriangleOf<Case::kSize>(c.covariance);
  x.insert(x.end(), triangle.begin(), triangle.end());
  return x;
}

// Of differences; the covariance has to remain one.
template <typename Case>
std::vector<double> StepsOf(const Case& c) {
  const auto eigenvalues =
      Eigen::SelfAdjointEigenSolver<Matrix<Case::kSize>>(c.covariance).eigenvalues();
  std::vector<double> steps(Unmoved(c).size(), 0.1 * eigenvalues.minCoeff());
  std::fill_n(steps.begin(), Case::kSize, 0.01);
  return steps;
}

template <typename Case>
Eigen::MatrixXd RowOf(const PriorGradient<double>& g) {
  std::vector<double> row(g.mean, g.mean + Case::kSize);
  const std::vector<double> triangle = GradientOfTriangle<Case::kSize>(g.covariance);
  row.insert(row.end(), triangle.begin(), triangle.end());
  return Eigen::Map<Eigen::RowVectorXd>(row.data(), row.size());
}

template <typename Case, template <typename> class Dof>
void CheckGradients() {
  TestRandom random;
  for (int i = 0; i < 10; ++i) {
    const Case c(&random);
    const std::vector<double> x = Unmoved(c), steps = StepsOf(c);
    const PriorDensity<double> prior = c.template Prior<double>(x);
    const Dof<double> dof;

    PriorGradient<double> gradient = {};
    prior.add_parameter_gradient(dof, c.pose, 1.0, &gradient);
    const auto cost = [&](const auto& at) {
      return std::vector<double>{c.template Prior<double>(at).cost(dof, c.pose)};
    };
    ExpectClose(RowOf<Case>(gradient), RiddersJacobian(cost, x, steps), 1e-6, 1e-6, "cost");

    double first[6], second[6];
    for (int k = 0; k < 6; ++k) first[k] = random.Normal(), second[k] = random.Normal();
    const auto product = [&](const auto& at) {
      return std::vector<double>{
          NewtonProduct(c.template Prior<double>(at).evaluate(dof, c.pose), first, second)};
    };
    gradient = {};
    prior.newton_product_vjp(dof, c.pose, first, second, &gradient);
    ExpectClose(RowOf<Case>(gradient), RiddersJacobian(product, x, steps), 1e-6, 1e-6, "product");

    Matrix<Dof<double>::kTangent> hessian;
    prior.hessian(dof, c.pose, hessian.data());
    const auto slopes = [&](const std::vector<double>& at) {
      const Eigen::MatrixXd j = DualJacobian(
          CostAround<Dof>(c.pose, [&](auto s) { return c.template Prior<decltype(s)>(x); }), at);
      return std::vector<double>(j.data(), j.data() + j.size());
    };
    const std::vector<double> zero(Dof<double>::kTangent, 0.0);
    ExpectClose(hessian, RiddersJacobian(slopes, zero, std::vector<double>(zero.size(), 0.01)),
                1e-6, 1e-6, "Hessian");
  }
}

TEST(PriorGradient, OfAPoseSixDof) { CheckGradients<PoseGaussian<SixDof>, SixDof>(); }
TEST(PriorGradient, OfAPoseFourDof) { CheckGradients<PoseGaussian<FourDof>, FourDof>(); }
TEST(PriorGradient, OfLogDepth) { CheckGradients<LogDepthGaussian, SixDof>(); }

TEST(PriorGradient, OfTheVolumeOfARange) {
  const std::vector<double> x = {1.5, 4, -0.3, 0.5, -0.2, 0.1};
  Eigen::MatrixXd gradient = Eigen::MatrixXd::Zero(1, 6);
  DepthRangePrior<double> prior;
  ASSERT_TRUE(prior.set(&x[0], &x[2]));
  prior.add_volume_gradient(1.0, &gradient(0, 0), &gradient(0, 2));
  const auto log_volume = [](const auto& at) {
    using S = ScalarOf<decltype(at)>;
    DepthRangePrior<S> range;
    EXPECT_TRUE(range.set(&at[0], &at[2]));
    return std::vector<S>{range.log_volume};
  };
  ExpectDualJacobian(gradient, log_volume, x, "log volume");
}

}  // namespace
}  // namespace propnp::test
