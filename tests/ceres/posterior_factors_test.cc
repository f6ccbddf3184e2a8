// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/posterior_factors.h"

#include <ceres/problem.h>
#include <ceres/solver.h>
#include <gtest/gtest.h>

#include "propnp/ceres/pose_prior_cost.h"
#include "tests/ceres/linearization.h"
#include "tests/ceres/posterior_case.h"

namespace propnp {
namespace {

using test::ChainCase;
using test::Linearize;
using test::Matrix;

constexpr double kPi = 3.14159265358979323846;

double CostOf(const ceres::CostFunction& cost, const std::vector<const double*>& parameters) {
  Eigen::VectorXd residuals(cost.num_residuals());
  EXPECT_TRUE(cost.Evaluate(parameters.data(), residuals.data(), nullptr));
  return 0.5 * residuals.squaredNorm();
}

std::unique_ptr<MixturePosteriorFactor> Mixture(const std::vector<PoseMode>& modes,
                                                MixtureKind kind = MixtureKind::kSum) {
  std::string error;
  auto cost = MixturePosteriorFactor::Create(PoseChainOptions(), modes, kind, &error);
  EXPECT_NE(cost, nullptr) << error;
  return cost;
}

// Two units in front, turned by `angle` about the axis (0.6, 0, 0.8), sigma in all directions.
PoseMode TurnedMode(double angle, double sigma, double probability) {
  PoseMode mode;
  const double s = std::sin(angle / 2);
  mode.pose = {0, 0, 2, std::cos(angle / 2), 0.6 * s, 0, 0.8 * s};
  test::SetCovariance(sigma * sigma * Matrix::Identity(6, 6), &mode);
  mode.probability = probability;
  return mode;
}

// Mutations: p_m, its logarithm's half, |Sigma|^1/2 or its inverse left out; the probabilities not
// divided by their sum; T without the largest share's one; the largest share chosen by distance.
TEST(MixturePosteriorFactor, CostIsMinusTheLogOfTheDensity) {
  test::TestRandom random;
  for (const PoseChainOptions& options : test::AllChains()) {
    const ChainCase c = test::MakeChain(options, &random);
    for (const int dof : {6, 4}) {
      std::vector<PoseMode> modes;
      for (int m = 0; m < 5; ++m) {
        modes.push_back(test::ModeNear(c.cam_from_object(), dof, 0.4, 0.3 + 0.1 * m, &random));
        for (const MixtureKind kind : {MixtureKind::kSum, MixtureKind::kMax}) {
          const auto cost = MixturePosteriorFactor::Create(options, modes, kind, nullptr);
          ASSERT_NE(cost, nullptr);
          ASSERT_EQ(cost->num_residuals(), dof + 1);
          const double expected =
              test::ReferenceCost(modes, kind, c.cam_from_object()) + cost->cost_offset();
          EXPECT_NEAR(CostOf(*cost, c.pointers()), expected, 1e-10 * (1 + expected));
        }
      }
    }
  }
}

TEST(GaussianPosteriorFactor, CostIsTheMahalanobisDistance) {
  test::TestRandom random;
  for (const PoseChainOptions& options : test::AllChains()) {
    const ChainCase c = test::MakeChain(options, &random);
    for (const int dof : {6, 4}) {
      const PoseMode mode = test::ModeNear(c.cam_from_object(), dof, 0.4, 0.3, &random);
      const auto cost = GaussianPosteriorFactor::Create(options, mode, nullptr);
      ASSERT_NE(cost, nullptr);
      ASSERT_EQ(cost->num_residuals(), dof);
      const double expected =
          0.5 * test::ReferenceResidual(mode, c.cam_from_object()).squaredNorm();
      EXPECT_NEAR(CostOf(*cost, c.pointers()), expected, 1e-11 * (1 + expected));
    }
  }
}

TEST(GaussianPosteriorFactor, IsThePriorOfThePose) {
  test::TestRandom random;
  for (const PoseLayout& layout : test::AllLayouts()) {
    if (layout.four_dof()) continue;
    PoseChainOptions options;
    options.pose = layout;
    const ChainCase c = test::MakeChain(options, &random);
    const PoseMode mode = test::ModeNear(c.cam_from_object(), 6, 0.4, 0.3, &random);
    test::ExpectSame(
        Linearize(*GaussianPosteriorFactor::Create(options, mode, nullptr), c.pointers()),
        Linearize(*PosePriorCost::Create(layout, mode.pose.data(), mode.covariance.data(),
                                         Tangent::kPropnp, nullptr),
                  c.pointers()));
  }
}

// The measured motion between two frames, both stored as cam_from_world.
TEST(GaussianPosteriorFactor, RelativePose) {
  test::TestRandom random;
  PoseChainOptions between;
  between.world_from_object = PoseLayout();
  between.world_from_object->inverse = true;
  std::vector<double> a(7), b(7);
  random.Pose(a.data());
  random.Pose(b.data());
  const RigidTransform<double> a_from_b =
      SixDof<double>().transform(a.data()) * inverse(SixDof<double>().transform(b.data()));
  const PoseMode measured = test::ModeNear(a_from_b, 6, 0, 0.1, &random);
  const auto cost = GaussianPosteriorFactor::Create(between, measured, nullptr);
  EXPECT_LT(CostOf(*cost, {a.data(), b.data()}), 1e-24);
  EXPECT_GT(CostOf(*cost, {b.data(), a.data()}), 1);
}

// Where two modes are far apart, the cost at one of them is a_m alone: it moves with the log of the
// probability and with half the log of the determinant, and so does the answer between two places
// that another measurement likes equally.
TEST(MixturePosteriorFactor, ProbabilitiesAndVolumesCount) {
  for (const MixtureKind kind : {MixtureKind::kSum, MixtureKind::kMax}) {
    const auto advantage = [kind](double sigma, double probability) {
      const PoseMode first = TurnedMode(0, 0.05, 0.4), second = TurnedMode(1, sigma, probability);
      const auto cost = Mixture({first, second}, kind);
      return CostOf(*cost, {first.pose.data()}) - CostOf(*cost, {second.pose.data()});
    };
    EXPECT_NEAR(advantage(0.05, 0.4), 0, 1e-12);
    EXPECT_NEAR(advantage(0.05, 0.6), std::log(1.5), 1e-12);
    EXPECT_NEAR(advantage(0.025, 0.4), 6 * std::log(2.0), 1e-12);
    EXPECT_NEAR(advantage(0.025, 0.1), 6 * std::log(2.0) - std::log(4.0), 1e-12);
  }
}

// Another measurement stands exactly between two modes: the more probable one wins. Without the
// probabilities nothing would decide.
TEST(MixturePosteriorFactor, TheAnswerFollowsTheProbabilities) {
  const auto angle_of_answer = [](double probability) {
    const PoseMode first = TurnedMode(-0.3, 0.12, 0.4), second = TurnedMode(0.3, 0.12, probability);
    const PoseMode between = TurnedMode(0, 0.5, 1);
    std::array<double, 7> pose = between.pose;
    ceres::Problem problem;
    problem.AddResidualBlock(Mixture({first, second}).release(), nullptr, pose.data());
    problem.AddResidualBlock(
        GaussianPosteriorFactor::Create(PoseChainOptions(), between, nullptr).release(), nullptr,
        pose.data());
    SetPoseManifold(PoseLayout(), {pose.data()}, &problem);
    ceres::Solver::Summary summary;
    ceres::Solve(ceres::Solver::Options(), &problem, &summary);
    EXPECT_EQ(summary.termination_type, ceres::CONVERGENCE);
    return 2 * std::atan2(0.6 * pose[4] + 0.8 * pose[6], pose[3]);
  };
  EXPECT_GT(angle_of_answer(0.6), 0.2);
  EXPECT_LT(angle_of_answer(0.2), -0.2);
}

// At the best of poses, at any pose: no root of a negative number, and its derivative is finite.
TEST(MixturePosteriorFactor, LastResidualNeverComesNearZero) {
  test::TestRandom random;
  for (int trial = 0; trial < 200; ++trial) {
    ChainCase c = test::MakeChain(PoseChainOptions(), &random);
    std::vector<PoseMode> modes;
    for (int m = 0; m <= trial % 6; ++m) {
      // Many of them coincide, so that T reaches its bound.
      modes.push_back(trial % 2 == 0 || m == 0
                          ? test::ModeNear(c.cam_from_object(), 6, 0, 0.3, &random)
                          : modes.front());
    }
    std::copy_n(modes.front().pose.begin(), 7, c.parameters[0].begin());
    const auto at = Linearize(*Mixture(modes), c.pointers());
    ASSERT_TRUE(at.ok);
    EXPECT_GE(at.residuals[6], std::sqrt(2 * kMixtureMargin) * (1 - 1e-12));
    EXPECT_TRUE(at.jacobians[0].allFinite());
  }
}

// Half a turn away the chart of a mode ends. Another mode's share is then all there is; of a single
// mode the cost is huge but finite, and from close by a solver finds its way back.
TEST(PosteriorFactors, HalfATurnAway) {
  const PoseMode mode = TurnedMode(0, 0.1, 0.5), turned = TurnedMode(kPi, 0.1, 0.5);
  const PoseMode exactly = [] {
    PoseMode m = TurnedMode(0, 0.1, 1);
    m.pose = {0, 0, 2, 0, 0.6, 0, 0.8};
    return m;
  }();
  for (const PoseMode& there : {turned, exactly}) {
    const auto mixture = Mixture({mode, turned});
    const auto at = Linearize(*mixture, {there.pose.data()});
    ASSERT_TRUE(at.ok);
    EXPECT_TRUE(at.residuals.allFinite() && at.jacobians[0].allFinite());
    EXPECT_NEAR(0.5 * at.residuals.squaredNorm(), std::log(2.0) + kMixtureMargin, 1e-9);
    for (const double missing : {0.0, 1e-300, 1e-16, 1e-8, 1e-4}) {
      std::array<double, 7> pose = there.pose;
      pose[3] = missing;
      const auto gaussian = GaussianPosteriorFactor::Create(PoseChainOptions(), mode, nullptr);
      for (const ceres::CostFunction* cost :
           {static_cast<const ceres::CostFunction*>(gaussian.get()),
            static_cast<const ceres::CostFunction*>(mixture.get())}) {
        const auto near = Linearize(*cost, {pose.data()});
        ASSERT_TRUE(near.ok) << missing;
        EXPECT_TRUE(near.residuals.allFinite() && near.jacobians[0].allFinite()) << missing;
      }
    }
  }
  std::array<double, 7> pose = exactly.pose;
  pose[3] = 1e-3;
  ceres::Problem problem;
  problem.AddResidualBlock(
      GaussianPosteriorFactor::Create(PoseChainOptions(), mode, nullptr).release(), nullptr,
      pose.data());
  SetPoseManifold(PoseLayout(), {pose.data()}, &problem);
  ceres::Solver::Options options;
  options.max_num_iterations = 200;
  ceres::Solver::Summary summary;
  ceres::Solve(options, &problem, &summary);
  EXPECT_LT(summary.final_cost, 1e-12) << summary.FullReport();
}

// A probability whose logarithm is all that is left of it: the sum does not notice the mode, but at
// the mode itself, far from the others, it is the only one.
TEST(MixturePosteriorFactor, TinyProbability) {
  for (const double tiny : {1e-300, 5e-324}) {
    const PoseMode likely = TurnedMode(0, 0.01, 1), unlikely = TurnedMode(2, 0.01, tiny);
    const auto cost = Mixture({likely, unlikely});
    const auto at = Linearize(*cost, {unlikely.pose.data()});
    ASSERT_TRUE(at.ok);
    EXPECT_TRUE(at.jacobians[0].allFinite());
    EXPECT_LT(at.residuals.head(6).norm(), 1e-9);
    EXPECT_NEAR(0.5 * at.residuals.squaredNorm(), std::log(2.0) + kMixtureMargin - std::log(tiny),
                1e-9);
    EXPECT_NEAR(CostOf(*cost, {likely.pose.data()}), std::log(2.0) + kMixtureMargin, 1e-12);
  }
}

// A pose thousands of kilometres off at sigmas of a millimetre: no infinity, and downhill is home.
TEST(PosteriorFactors, HugeCost) {
  const PoseMode first = TurnedMode(0, 1e-3, 0.5), second = TurnedMode(0.5, 1e-3, 0.5);
  const auto mixture = Mixture({first, second});
  std::array<double, 7> far = TurnedMode(2, 1, 1).pose;
  far[0] += 1e7, far[1] -= 2e6;
  const auto at = Linearize(*mixture, {far.data()});
  ASSERT_TRUE(at.ok);
  EXPECT_TRUE(at.residuals.allFinite() && at.jacobians[0].allFinite());
  EXPECT_NEAR(at.residuals.squaredNorm(), 1.04e20, 1e15);
  const Eigen::VectorXd gradient = at.jacobians[0].transpose() * at.residuals;
  EXPECT_NEAR(gradient[0], 1e13, 1e3);
  EXPECT_NEAR(gradient[1], -2e12, 1e3);
  // A needle of a mode whose distance overflows takes no part.
  const auto with_needle = Linearize(*Mixture({first, TurnedMode(0.5, 1e-150, 0.5)}), {far.data()});
  ASSERT_TRUE(with_needle.ok);
  EXPECT_TRUE(with_needle.residuals.allFinite() && with_needle.jacobians[0].allFinite());
  EXPECT_NEAR(with_needle.residuals.squaredNorm(), 1.04e20, 1e15);
  far[0] = 1e200;
  Eigen::VectorXd residuals(7);
  const double* parameters[] = {far.data()};
  EXPECT_FALSE(mixture->Evaluate(parameters, residuals.data(), nullptr));
  far[0] = NAN;
  EXPECT_FALSE(mixture->Evaluate(parameters, residuals.data(), nullptr));
}

// A yaw is an angle: a full turn changes nothing, and 3.1 is close to -3.1.
TEST(PosteriorFactors, YawsAreComparedAsAngles) {
  PoseMode mode;
  mode.dof = 4;
  mode.pose = {0, 0, 2, 3.1};
  test::SetCovariance(0.01 * Matrix::Identity(4, 4), &mode);
  PoseChainOptions options;
  options.pose.storage = PoseStorage::kTranslationYaw;
  const auto cost = GaussianPosteriorFactor::Create(options, mode, nullptr);
  ASSERT_NE(cost, nullptr);
  const double step = 2 * kPi - 6.2;
  for (const int turns : {-3, 0, 1, 7}) {
    const double pose[4] = {0, 0, 2, -3.1 + 2 * kPi * turns};
    Eigen::VectorXd residuals(4);
    const double* parameters[] = {pose};
    ASSERT_TRUE(cost->Evaluate(parameters, residuals.data(), nullptr));
    EXPECT_NEAR(residuals[3], step / 0.1, 1e-12);
  }
}

// Turned by half a turn about an axis across the yaw's, a pose has no yaw; nothing is NaN.
TEST(PosteriorFactors, NoYawAtAll) {
  PoseMode mode;
  mode.dof = 4;
  test::SetCovariance(0.01 * Matrix::Identity(4, 4), &mode);
  const auto cost = GaussianPosteriorFactor::Create(PoseChainOptions(), mode, nullptr);
  ASSERT_NE(cost, nullptr);
  for (const double missing : {0.0, 1e-300, 1e-12, 1e-3}) {
    const double pose[7] = {0, 0, 0, missing, 1, 0, 0};
    const auto at = Linearize(*cost, {pose});
    ASSERT_TRUE(at.ok);
    EXPECT_TRUE(at.residuals.allFinite() && at.jacobians[0].allFinite()) << missing;
    EXPECT_EQ(at.residuals[3], 0);
  }
}

// The same rotation in q and -q, in any length.
TEST(PosteriorFactors, QuaternionsOfAnyLengthAndSign) {
  test::TestRandom random;
  const ChainCase c = test::MakeChain(PoseChainOptions(), &random);
  std::vector<PoseMode> modes;
  for (int m = 0; m < 3; ++m) {
    modes.push_back(test::ModeNear(c.cam_from_object(), 6, 0.5, 0.5, &random));
  }
  const double expected = CostOf(*Mixture(modes), c.pointers());
  for (const double scale : {-1.0, 1e-3, -40.0}) {
    ChainCase other = c;
    std::vector<PoseMode> other_modes = modes;
    for (int i = 3; i < 7; ++i) {
      other.parameters[0][i] *= scale, other_modes[1].pose[i] *= -scale;
    }
    EXPECT_NEAR(CostOf(*Mixture(other_modes), other.pointers()), expected, 1e-12 * expected);
  }
}

// From anywhere between and around four modes a solver descends to a point without gradient, in few
// steps: close to a mode the first rows are all of the curvature.
TEST(MixturePosteriorFactor, SolversConverge) {
  test::TestRandom random;
  int iterations = 0;
  constexpr int kTrials = 50;
  for (int trial = 0; trial < kTrials; ++trial) {
    ChainCase c = test::MakeChain(PoseChainOptions(), &random);
    std::vector<PoseMode> modes;
    for (int m = 0; m < 4; ++m) {
      modes.push_back(test::ModeNear(c.cam_from_object(), 6, 0.5, 0.3, &random));
    }
    test::NormalizeQuaternions(c.options, &c.parameters);
    double* const pose = c.parameters[0].data();
    ceres::Problem problem;
    problem.AddResidualBlock(Mixture(modes).release(), nullptr, pose);
    SetPoseManifold(PoseLayout(), {pose}, &problem);
    ceres::Solver::Options options;
    options.function_tolerance = 1e-12;
    options.gradient_tolerance = 1e-6;
    options.max_num_iterations = 200;
    ceres::Solver::Summary summary;
    ceres::Solve(options, &problem, &summary);
    EXPECT_EQ(summary.termination_type, ceres::CONVERGENCE) << summary.BriefReport();
    std::vector<double> gradient;
    problem.Evaluate(ceres::Problem::EvaluateOptions(), nullptr, nullptr, &gradient, nullptr);
    EXPECT_LT(Eigen::Map<Eigen::VectorXd>(gradient.data(), 6).norm(), 1e-4);
    iterations += static_cast<int>(summary.iterations.size());
  }
  EXPECT_LT(iterations, 20 * kTrials);
}

}  // namespace
}  // namespace propnp
