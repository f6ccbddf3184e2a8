// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/pose_prior_cost.h"

#include <ceres/dynamic_numeric_diff_cost_function.h>
#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "tests/ceres/cost_case.h"

namespace propnp {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix RandomCovariance(int n, test::TestRandom* random) {
  Matrix root(n, n);
  for (int i = 0; i < n * n; ++i) root.data()[i] = random->Normal();
  return root * root.transpose() + 0.1 * Matrix::Identity(n, n);
}

// Blocks of a stored pose that holds cam_from_object in the given layout.
std::vector<std::vector<double>> BlocksOf(const PoseLayout& layout, const double* cam_from_object) {
  double stored[7];
  std::copy_n(cam_from_object, 7, stored);
  if (layout.inverse && !layout.four_dof()) InvertPose(stored, stored);
  std::vector<std::vector<double>> blocks;
  std::vector<double*> pointers;
  for (int i = 0; i < layout.num_blocks(); ++i) blocks.emplace_back(layout.block_size(i));
  for (auto& block : blocks) pointers.push_back(block.data());
  StorePose(layout, stored, pointers.data());
  return blocks;
}

std::vector<const double*> Pointers(const std::vector<std::vector<double>>& blocks) {
  std::vector<const double*> pointers;
  for (const auto& block : blocks) pointers.push_back(block.data());
  return pointers;
}

TEST(PosePriorCost, IsTheMahalanobisDistanceInEveryLayout) {
  test::TestRandom random;
  for (const PoseLayout& layout : test::AllLayouts()) {
    const int n = layout.tangent_size();
    double prior[7], pose[7], delta[6];
    random.Pose(prior);
    for (double& d : delta) d = 0.3 * random.Normal();
    if (layout.four_dof()) {
      FourDof<double>().retract(prior, delta, pose);
    } else {
      SixDof<double>().retract(prior, delta, pose);
    }
    const Matrix covariance = RandomCovariance(n, &random);
    std::string error;
    const auto cost =
        PosePriorCost::Create(layout, prior, covariance.data(), Tangent::kPropnp, &error);
    ASSERT_NE(cost, nullptr) << error;
    Eigen::VectorXd residual(n);
    const auto blocks = BlocksOf(layout, pose);
    ASSERT_TRUE(cost->Evaluate(Pointers(blocks).data(), residual.data(), nullptr));
    const Eigen::Map<Eigen::VectorXd> step(delta, n);
    const double expected = step.dot(covariance.llt().solve(step));
    EXPECT_NEAR(residual.squaredNorm(), expected, 1e-11 * (1 + expected));
  }
}

TEST(PosePriorCost, Jacobians) {
  test::TestRandom random;
  for (const PoseLayout& layout : test::AllLayouts()) {
    for (int trial = 0; trial < 5; ++trial) {
      double prior[7], pose[7];
      random.Pose(prior);
      double delta[6];
      for (double& d : delta) d = 0.5 * random.Normal();
      SixDof<double>().retract(prior, delta, pose);
      const int n = layout.tangent_size();
      const Matrix covariance = RandomCovariance(n, &random);
      const auto cost =
          PosePriorCost::Create(layout, prior, covariance.data(), Tangent::kPropnp, nullptr);
      ASSERT_NE(cost, nullptr);
      ceres::NumericDiffOptions options;
      options.ridders_relative_initial_step_size = 1e-3;
      ceres::DynamicNumericDiffCostFunction<ceres::CostFunction, ceres::RIDDERS> numeric(
          cost.get(), ceres::DO_NOT_TAKE_OWNERSHIP, options);
      for (const int size : cost->parameter_block_sizes()) numeric.AddParameterBlock(size);
      numeric.SetNumResiduals(n);

      const auto blocks = BlocksOf(layout, pose);
      std::vector<Matrix> ours, theirs;
      std::vector<double*> our_pointers, their_pointers;
      for (const auto& block : blocks) {
        ours.emplace_back(n, block.size());
        theirs.emplace_back(n, block.size());
      }
      for (Matrix& m : ours) our_pointers.push_back(m.data());
      for (Matrix& m : theirs) their_pointers.push_back(m.data());
      Eigen::VectorXd residual(n);
      ASSERT_TRUE(cost->Evaluate(Pointers(blocks).data(), residual.data(), our_pointers.data()));
      ASSERT_TRUE(
          numeric.Evaluate(Pointers(blocks).data(), residual.data(), their_pointers.data()));
      for (size_t k = 0; k < ours.size(); ++k) {
        EXPECT_LT((ours[k] - theirs[k]).norm(), 1e-8 * (1 + ours[k].norm())) << "block " << k;
      }
    }
  }
}

// A covariance in another convention gives the distance that its owner would compute.
TEST(PosePriorCost, NamedTangents) {
  test::TestRandom random;
  double prior[7];
  random.Pose(prior);
  for (const auto tangent :
       {Tangent::kPropnp, Tangent::kHalfAngle, Tangent::kEproPnp, Tangent::kObjectSide,
        Tangent::kGtsam, Tangent::kRos, Tangent::kPycolmap, Tangent::kInversePose}) {
    const Matrix theirs = RandomCovariance(6, &random);
    const auto cost = PosePriorCost::Create(PoseLayout(), prior, theirs.data(), tangent, nullptr);
    ASSERT_NE(cost, nullptr);
    double delta[6], pose[7];
    for (double& d : delta) d = 1e-3 * random.Normal();
    SixDof<double>().retract(prior, delta, pose);
    Matrix map(6, 6);
    tangent_map(tangent, SixDof<double>().transform(prior), map.data());
    const Eigen::VectorXd their_delta = map * Eigen::Map<Eigen::VectorXd>(delta, 6);
    Eigen::VectorXd residual(6);
    const double* parameters[] = {pose};
    ASSERT_TRUE(cost->Evaluate(parameters, residual.data(), nullptr));
    const double expected = their_delta.dot(theirs.llt().solve(their_delta));
    EXPECT_NEAR(residual.squaredNorm(), expected, 1e-9 * expected);
  }
}

TEST(PosePriorCost, HostileArguments) {
  const double prior[7] = {0, 0, 1, 1, 0, 0, 0};
  const Matrix good = Matrix::Identity(6, 6);
  const auto refuse = [](const PoseLayout& layout, const double* pose, const double* covariance,
                         Tangent tangent, const std::string& word) {
    std::string error;
    EXPECT_EQ(PosePriorCost::Create(layout, pose, covariance, tangent, &error), nullptr) << word;
    EXPECT_NE(error.find(word), std::string::npos) << error;
    EXPECT_EQ(PosePriorCost::Create(layout, pose, covariance, tangent, nullptr), nullptr);
  };
  const auto refuse_covariance = [&](const Matrix& covariance, const std::string& word) {
    refuse(PoseLayout(), prior, covariance.data(), Tangent::kPropnp, word);
  };
  refuse(PoseLayout(), nullptr, good.data(), Tangent::kPropnp, "prior_pose is null");
  refuse(PoseLayout(), prior, nullptr, Tangent::kPropnp, "covariance is null");
  Matrix bad = good;
  bad(0, 1) = 0.5;
  refuse_covariance(bad, "not symmetric");
  bad = good;
  bad(3, 3) = std::nan("");
  refuse_covariance(bad, "not finite");
  bad = good;
  bad(2, 2) = 0;
  refuse_covariance(bad, "rank 5 of 6");
  bad(2, 2) = -1;
  refuse_covariance(bad, "not positive");
  bad = Matrix::Ones(6, 6);
  refuse_covariance(bad, "rank 1 of 6");
  bad = good;
  bad(0, 1) = bad(1, 0) = 2;
  refuse_covariance(bad, "not positive");
  const double no_rotation[7] = {0, 0, 1, 0, 0, 0, 0};
  refuse(PoseLayout(), no_rotation, good.data(), Tangent::kPropnp, "zero quaternion");
  const double not_finite[7] = {0, 0, INFINITY, 1, 0, 0, 0};
  refuse(PoseLayout(), not_finite, good.data(), Tangent::kPropnp, "prior_pose is not finite");
  PoseLayout yaw;
  yaw.storage = PoseStorage::kTranslationYaw;
  const Matrix four = Matrix::Identity(4, 4);
  refuse(yaw, prior, four.data(), Tangent::kGtsam, "kPropnp");
}

TEST(PosePriorCost, HalfATurnFailsTheEvaluation) {
  const double prior[7] = {0, 0, 1, 1, 0, 0, 0}, turned[7] = {0, 0, 1, 0, 1, 0, 0};
  const Matrix covariance = Matrix::Identity(6, 6);
  const auto cost =
      PosePriorCost::Create(PoseLayout(), prior, covariance.data(), Tangent::kPropnp, nullptr);
  double residual[6];
  const double* parameters[] = {turned};
  EXPECT_FALSE(cost->Evaluate(parameters, residual, nullptr));
}

}  // namespace
}  // namespace propnp
