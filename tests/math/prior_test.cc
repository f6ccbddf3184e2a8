// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include "propnp/math/tangent.h"
#include "tests/math/prior_cases.h"

namespace propnp::test {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <template <typename> class Dof, typename MakePrior>
void CheckGradient(const double* pose, const MakePrior& make_prior) {
  constexpr int kD = Dof<double>::kTangent;
  const auto value = make_prior(double()).evaluate(Dof<double>(), pose);
  const Eigen::Map<const Eigen::Matrix<double, 1, kD>> gradient(value.gradient);
  const auto cost = CostAround<Dof>(pose, make_prior);
  EXPECT_EQ(value.cost, cost(std::vector<double>(kD, 0.0))[0]);
  ExpectDualJacobian(gradient, cost, std::vector<double>(kD, 0.0), "gradient");
  ExpectRiddersJacobian(gradient, cost, std::vector<double>(kD, 0.0), 1e-2, "gradient");
}

// A mean and a pose some way from it, and everything about the prior around the mean.
template <template <typename> class Dof>
struct PoseCase {
  static constexpr int kD = Dof<double>::kTangent;
  double mean[7] = {}, pose[7] = {};
  Matrix<kD> covariance;

  explicit PoseCase(TestRandom* random) {
    random->Pose(mean);
    double step[6];
    for (double& s : step) s = 0.7 * random->Normal();
    Dof<double>().retract(mean, step, pose);
    covariance = RandomCovariance<kD>(random, 0.3, 0.5);
  }

  auto MakePrior() const {
    return [this](auto s) { return PosePriorOf<Dof, decltype(s)>(mean, covariance.data()); };
  }

  // Of delta (pose = mean (+) delta) by a step of the pose.
  Eigen::MatrixXd StepJacobian() const {
    return DualJacobian(
        [this](const auto& x) {
          using S = ScalarOf<decltype(x)>;
          S from[7], at[7];
          for (int i = 0; i < Dof<S>::kStorage; ++i) from[i] = S(mean[i]), at[i] = S(pose[i]);
          Dof<S>().retract(at, x.data(), at);
          std::vector<S> delta(kD);
          Dof<S>().local(from, at, delta.data());
          return delta;
        },
        std::vector<double>(kD, 0.0));
  }

  void CheckCurvature() const {
    const auto value = MakePrior()(double()).evaluate(Dof<double>(), pose);
    const Eigen::MatrixXd j = StepJacobian();
    ExpectClose(Eigen::Map<const Matrix<kD>>(value.curvature),
                j.transpose() * covariance.inverse() * j, 1e-9, 1e-10, "curvature");
  }
};

template <template <typename> class Dof>
void CheckPoseCases() {
  TestRandom random;
  for (int i = 0; i < 10; ++i) {
    const PoseCase<Dof> c(&random);
    CheckGradient<Dof>(c.pose, c.MakePrior());
    c.CheckCurvature();
  }
}

TEST(PosePrior, DerivativesSixDof) { CheckPoseCases<SixDof>(); }
TEST(PosePrior, DerivativesFourDof) { CheckPoseCases<FourDof>(); }

// Trapezoid sums over +-5.5 standard deviations, in rotation vectors phi, where Haar's measure is
// (sin(|phi| / 2) / (|phi| / 2))^2 dphi. A step of one leaves 1e-7, the ends 1e-6.
TEST(PosePrior, IntegratesToOneSixDof) {
  TestRandom random;
  double mean[7];
  random.Pose(mean);
  const Matrix<6> covariance = RandomCovariance<6>(&random, 0.1, 0.25);
  const Matrix<6> l = covariance.llt().matrixL();
  const auto prior = PosePriorOf<SixDof, double>(mean, covariance.data());
  double sum = 0;
  constexpr int kNodes = 12;
  int i[6] = {};
  for (bool more = true; more;) {
    Eigen::Matrix<double, 6, 1> u;
    for (int k = 0; k < 6; ++k) u[k] = i[k] - (kNodes - 1) / 2.0;
    const Eigen::Matrix<double, 6, 1> step = l * u;
    const double half = 0.5 * step.tail<3>().norm();
    const Vec3<double> theta = cayley_from_rotation_vector(Vec3<double>{step[3], step[4], step[5]});
    const double delta[6] = {step[0], step[1], step[2], theta.x, theta.y, theta.z};
    double pose[7];
    SixDof<double>().retract(mean, delta, pose);
    sum += std::exp(-prior.cost(SixDof<double>(), pose)) * square(std::sin(half) / half);
    more = false;
    for (int k = 0; k < 6 && !more; ++k) {
      more = ++i[k] < kNodes;
      if (!more) i[k] = 0;
    }
  }
  EXPECT_NEAR(sum * l.diagonal().prod(), 1, 1e-5);
}

// A yaw so uncertain that a thirtieth of the normal lies beyond half a turn. Midpoints over the
// turn err by (2 pi / nodes)^2 / 24 times the jump of the slope at its ends, which is below one.
TEST(PosePrior, IntegratesToOneFourDof) {
  TestRandom random;
  const double mean[4] = {0.3, -0.2, 4, 1.1};
  const Matrix<4> covariance = RandomCovariance<4>(&random, 0.1, 1.5);
  const auto prior = PosePriorOf<FourDof, double>(mean, covariance.data());
  constexpr int kYawNodes = 120, kNodes = 15;
  constexpr double kStep = 0.08;
  double sum = 0;
  for (int y = 0; y < kYawNodes; ++y) {
    // Yaws that are turns away are the same.
    const double yaw = mean[3] + 2 * kPi * (y + 0.5) / kYawNodes - 5 * kPi;
    for (int i = 0; i < kNodes * kNodes * kNodes; ++i) {
      const int at[3] = {i % kNodes, i / kNodes % kNodes, i / kNodes / kNodes};
      double pose[4] = {0, 0, 0, yaw};
      for (int k = 0; k < 3; ++k) pose[k] = mean[k] + kStep * (at[k] - (kNodes - 1) / 2.0);
      sum += std::exp(-prior.cost(FourDof<double>(), pose));
    }
  }
  EXPECT_NEAR(sum * kStep * kStep * kStep * 2 * kPi / kYawNodes, 1, 2e-4);
}

// Half a turn away the density is as good as zero and nothing is NaN.
TEST(PosePrior, HalfATurnFromTheMean) {
  const double mean[7] = {0, 0, 2, 1, 0, 0, 0}, pose[7] = {0, 0, 2, 0, 1, 0, 0};
  const Matrix<6> covariance = 0.01 * Matrix<6>::Identity();
  const auto value =
      PosePriorOf<SixDof, double>(mean, covariance.data()).evaluate(SixDof<double>(), pose);
  EXPECT_GT(value.cost, 1e10);
  EXPECT_TRUE(std::isfinite(value.cost));
  for (double g : value.gradient) EXPECT_FALSE(std::isnan(g));
}

TEST(PosePrior, RefusesWhatIsNoCovariance) {
  const double mean[7] = {0, 0, 2, 1, 0, 0, 0};
  const auto accepts = [&](const Matrix<6>& covariance) {
    return PosePrior<double>().set(SixDof<double>(), mean, covariance.data());
  };
  Matrix<6> covariance = 0.01 * Matrix<6>::Identity();
  EXPECT_TRUE(accepts(covariance));
  covariance(3, 4) = 1e-4;
  EXPECT_FALSE(accepts(covariance)) << "not symmetric";
  covariance(4, 3) = 1e-4;
  EXPECT_TRUE(accepts(covariance));
  covariance(3, 3) = 0.99;
  EXPECT_TRUE(accepts(covariance));
  covariance(3, 3) = 1.01;
  EXPECT_FALSE(accepts(covariance)) << "a rotation known to a radian";
  covariance(3, 3) = -0.01;
  EXPECT_FALSE(accepts(covariance)) << "not positive";
}

// Correlated.
constexpr double kExampleMean[3] = {0.2, -0.1, 1.3};
constexpr double kExampleCovariance[9] = {0.09, 0.02, -0.03, 0.02, 0.04, 0.01, -0.03, 0.01, 0.16};

template <typename S>
LogDepthPrior<S> ExampleLogDepth() {
  const S mean[3] = {S(kExampleMean[0]), S(kExampleMean[1]), S(kExampleMean[2])};
  LogDepthPrior<S> prior;
  EXPECT_TRUE(prior.set_covariance(mean, kExampleCovariance));
  return prior;
}

TEST(LogDepthPrior, Derivatives) {
  const double pose[7] = {0.5, 0.7, 5, 1, 0, 0, 0};
  CheckGradient<SixDof>(pose, [](auto s) {
    using S = decltype(s);
    PriorDensity<S> prior;
    prior.kind = PriorKind::kLogDepth;
    prior.log_depth = ExampleLogDepth<S>();
    return prior;
  });
}

TEST(LogDepthPrior, IndependentComponentsAreADiagonalCovariance) {
  const double sigma[3] = {0.3, 0.2, 0.4}, covariance[9] = {0.09, 0, 0, 0, 0.04, 0, 0, 0, 0.16};
  LogDepthPrior<double> one, other;
  ASSERT_TRUE(one.set(kExampleMean, sigma));
  ASSERT_TRUE(other.set_covariance(kExampleMean, covariance));
  EXPECT_NEAR(one.cost({0.5, 0.7, 5}), other.cost({0.5, 0.7, 5}), 1e-13);
  const double none[3] = {0.3, 0, 0.4}, negative[9] = {0.09, 0.2, 0, 0.2, 0.04, 0, 0, 0, 0.16};
  EXPECT_FALSE(one.set(kExampleMean, none));
  EXPECT_FALSE(other.set_covariance(kExampleMean, negative));
}

// Plain sums: eight standard deviations and steps of .8 across, 7.5 and a half along the logarithm
// of depth.
TEST(LogDepthPrior, IntegratesToOne) {
  const auto prior = ExampleLogDepth<double>();
  double sum = 0;
  for (double log_z = 1.3 - 3; log_z < 1.3 + 3; log_z += 0.2) {
    const double z = std::exp(log_z);
    for (int i = -10; i <= 10; ++i) {
      for (int j = -10; j <= 10; ++j) {
        const Vec3<double> t{z * (0.2 + 0.24 * i), z * (-0.1 + 0.16 * j), z};
        sum += std::exp(-prior.cost(t)) * (0.24 * z) * (0.16 * z) * (0.2 * z);
      }
    }
  }
  EXPECT_NEAR(sum, 1, 1e-6);
  EXPECT_EQ(prior.cost({0, 0, -1}), kInfinity);
  EXPECT_GT(prior.moved_inside({0, 0, -1}).z, 0);
}

// A hit-and-miss integral: the share of a box that is inside, times its volume and the density.
TEST(DepthRangePrior, IntegratesToOne) {
  const double depth[2] = {1.5, 4}, bound[4] = {-0.3, 0.5, -0.2, 0.1};
  DepthRangePrior<double> prior;
  ASSERT_TRUE(prior.set(depth, bound));
  TestRandom random;
  constexpr int kDraws = 200000;
  int inside = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double cost =
        prior.cost({random.Uniform(-1.2, 2), random.Uniform(-0.8, 0.4), random.Uniform(0, 4)});
    if (!std::isfinite(cost)) continue;
    EXPECT_EQ(cost, prior.log_volume);
    ++inside;
  }
  const double share = static_cast<double>(inside) / kDraws;
  const double error = std::sqrt((1 - share) / share / kDraws);
  EXPECT_NEAR(share * 3.2 * 1.2 * 4 * std::exp(-prior.log_volume), 1, 5 * error);
}

TEST(DepthRangePrior, EndsWhereItSays) {
  const double depth[2] = {1.5, 4}, bound[4] = {-0.3, 0.5, -0.2, 0.1};
  DepthRangePrior<double> prior;
  ASSERT_TRUE(prior.set(depth, bound));
  const Vec3<double> inside{0, 0, 2};
  EXPECT_TRUE(std::isfinite(prior.cost(inside)));
  const Vec3<double> kept = prior.moved_inside(inside);
  EXPECT_EQ(kept.x, 0);
  EXPECT_EQ(kept.z, 2);
  for (const Vec3<double>& outside :
       {Vec3<double>{0, 0, 1.4}, Vec3<double>{0, 0, 4.1}, Vec3<double>{-0.7, 0, 2},
        Vec3<double>{1.1, 0, 2}, Vec3<double>{0, -0.5, 2}, Vec3<double>{0, 0.3, 2},
        Vec3<double>{3, -8, -2}, Vec3<double>{0, 0, 0}}) {
    EXPECT_EQ(prior.cost(outside), kInfinity);
    EXPECT_TRUE(std::isfinite(prior.cost(prior.moved_inside(outside))));
  }
  const double empty[2] = {4, 4}, behind[2] = {-1, 4}, crossed[4] = {-0.3, 0.5, 0.1, 0.1};
  EXPECT_FALSE(prior.set(empty, bound));
  EXPECT_FALSE(prior.set(behind, bound));
  EXPECT_FALSE(prior.set(depth, crossed));
}

}  // namespace
}  // namespace propnp::test
