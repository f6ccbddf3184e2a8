// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/pose_covariance.h"

#include <ceres/solver.h>
#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/LU>
#include <memory>

#include "propnp/ceres/manifolds.h"
#include "propnp/ceres/pose_prior_cost.h"
#include "propnp/ceres/robust_loss_function.h"
#include "propnp/math/tangent.h"
#include "tests/ceres/cost_case.h"

namespace propnp {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

enum class Manifolds { kOurs, kOfCeres };

// An object in front of a pinhole camera, its pose solved in a problem of the given layout.
struct Solved {
  ReprojectionOptions options;
  std::vector<double> x3d, x2d;
  std::vector<std::vector<double>> storage;
  std::vector<double*> blocks;
  ceres::Problem problem;

  ObjectPoints points() const {
    ObjectPoints p;
    p.num_points = static_cast<int>(x3d.size() / 3);
    p.x3d = x3d.data(), p.x2d = x2d.data();
    return p;
  }

  void Solve() {
    ceres::Solver::Options solver;
    solver.linear_solver_type = ceres::DENSE_QR;
    solver.function_tolerance = 1e-16;
    solver.parameter_tolerance = 1e-12;
    solver.logging_type = ceres::SILENT;
    ceres::Solver::Summary summary;
    ceres::Solve(solver, &problem, &summary);
  }

  PoseCovariance Covariance(CovarianceKind kind) const {
    PoseCovariance covariance;
    std::string error;
    EXPECT_TRUE(ComputePoseCovariance(problem, options.pose, blocks, kind, &covariance, &error))
        << error;
    return covariance;
  }
};

// Noise of one sigma, and `outliers` points that are far off.
std::unique_ptr<Solved> MakeSolved(const PoseLayout& layout, const RobustLoss<double>& loss,
                                   bool as_object, int outliers, Manifolds manifolds,
                                   test::TestRandom* random, int num_points = 30) {
  auto s = std::make_unique<Solved>();
  s->options.camera_parameters = {600, 610, 320, 240, 0};
  s->options.z_min = 0.1;
  s->options.pose = layout;
  double pose[7];
  random->Pose(pose);
  pose[2] += 3;
  double stored[7];
  std::copy_n(pose, 7, stored);
  if (layout.inverse) InvertPose(pose, stored);
  if (layout.four_dof()) stored[3] = 0.2;
  for (int i = 0; i < layout.num_blocks(); ++i) s->storage.emplace_back(layout.block_size(i));
  for (auto& block : s->storage) s->blocks.push_back(block.data());
  StorePose(layout, stored, s->blocks.data());
  PoseState state;
  EXPECT_TRUE(ReadPose(layout, s->blocks.data(), &state));
  const RigidTransform<double> cam_from_object =
      layout.inverse ? inverse(state.transform) : state.transform;
  const auto camera =
      PinholeCamera<double>::from_parameters(s->options.camera_parameters.data(), 0);
  for (int i = 0; i < num_points; ++i) {
    const Vec3<double> x = random->Vector(0.5);
    const Vec2<double> pixel = camera.project(cam_from_object * x, 0.1);
    const double wrong = i < outliers ? 30 : 0;
    s->x3d.insert(s->x3d.end(), {x.x, x.y, x.z});
    s->x2d.insert(s->x2d.end(), {pixel.x + random->Normal() + wrong, pixel.y + random->Normal()});
  }
  if (as_object) {
    s->problem.AddResidualBlock(
        ObjectReprojectionCost::Create(s->options, s->points(), loss, nullptr).release(), nullptr,
        s->blocks);
  } else {
    ceres::LossFunction* shared = RobustLossFunction::Create(loss, nullptr).release();
    for (int i = 0; i < num_points; ++i) {
      s->problem.AddResidualBlock(
          ReprojectionCost::Create(s->options, &s->x3d[3 * i], &s->x2d[2 * i], nullptr, nullptr)
              .release(),
          shared, s->blocks);
    }
  }
  if (manifolds == Manifolds::kOurs) {
    SetPoseManifold(layout, s->blocks, &s->problem);
  } else if (layout.quaternion_order == QuaternionOrder::kXyzw) {
    s->problem.SetManifold(s->blocks[0], new ceres::EigenQuaternionManifold);
  } else {
    s->problem.SetManifold(s->blocks[0], new ceres::QuaternionManifold);
  }
  s->Solve();
  return s;
}

Matrix AsMatrix(const PoseCovariance& c) {
  return Eigen::Map<const Matrix>(c.matrix, c.size, c.size);
}

void ExpectClose(const Matrix& actual, const Matrix& expected, double tolerance) {
  ASSERT_EQ(actual.rows(), expected.rows());
  for (int i = 0; i < expected.rows(); ++i) {
    for (int j = 0; j < expected.cols(); ++j) {
      EXPECT_NEAR(actual(i, j), expected(i, j),
                  tolerance * std::sqrt(expected(i, i) * expected(j, j)))
          << i << " " << j;
    }
  }
}

Matrix Marginal(Solved* s) {
  PoseCovariance covariance;
  std::string error;
  EXPECT_TRUE(
      ComputeMarginalPoseCovariance(&s->problem, s->options.pose, s->blocks, &covariance, &error))
      << error;
  EXPECT_TRUE(covariance.ok());
  return AsMatrix(covariance);
}

// Where no point is an outlier all kinds but the sandwich are ceres::Covariance, with any layout.
TEST(PoseCovariance, IsThatOfCeresWithoutOutliers) {
  test::TestRandom random;
  for (const PoseLayout& layout : test::AllLayouts()) {
    const RobustLoss<double> huber{LossKind::kHuber, 100};
    const auto s = MakeSolved(layout, huber, true, 0, Manifolds::kOurs, &random);
    const Matrix expected = Marginal(s.get());
    ExpectClose(AsMatrix(s->Covariance(CovarianceKind::kPosterior)), expected, 1e-8);
    ExpectClose(AsMatrix(s->Covariance(CovarianceKind::kGaussNewton)), expected, 1e-8);
    EXPECT_TRUE(s->Covariance(CovarianceKind::kSandwich).ok());
    EXPECT_EQ(s->Covariance(CovarianceKind::kPosterior).rank, layout.tangent_size());
  }
}

// With outliers too, if every point is a residual block of its own: that is what Ceres reweights.
TEST(PoseCovariance, GaussNewtonIsThatOfCeresWithOutliers) {
  test::TestRandom random;
  for (const PoseLayout& layout : test::AllLayouts()) {
    const RobustLoss<double> huber{LossKind::kHuber, 1.5};
    const auto points = MakeSolved(layout, huber, false, 6, Manifolds::kOurs, &random);
    const Matrix gauss_newton = AsMatrix(points->Covariance(CovarianceKind::kGaussNewton));
    ExpectClose(gauss_newton, Marginal(points.get()), 1e-8);
    const Matrix posterior = AsMatrix(points->Covariance(CovarianceKind::kPosterior));
    EXPECT_GT(posterior.trace(), 1.001 * gauss_newton.trace());
    // The same problem as one block has the same curvature.
    ceres::Problem problem;
    problem.AddResidualBlock(
        ObjectReprojectionCost::Create(points->options, points->points(), huber, nullptr).release(),
        nullptr, points->blocks);
    for (const auto kind :
         {CovarianceKind::kPosterior, CovarianceKind::kGaussNewton, CovarianceKind::kSandwich}) {
      PoseCovariance as_object;
      ASSERT_TRUE(
          ComputePoseCovariance(problem, layout, points->blocks, kind, &as_object, nullptr));
      ExpectClose(AsMatrix(as_object), AsMatrix(points->Covariance(kind)), 1e-10);
    }
  }
}

TEST(PoseCovariance, DoesNotDependOnTheManifold) {
  test::TestRandom random;
  for (const auto order : {QuaternionOrder::kWxyz, QuaternionOrder::kXyzw}) {
    const PoseLayout layout = test::MakeLayout(PoseStorage::kSeparateBlocks, order, false);
    const auto s = MakeSolved(layout, {}, true, 0, Manifolds::kOfCeres, &random);
    const Matrix expected = Marginal(s.get());
    ExpectClose(AsMatrix(s->Covariance(CovarianceKind::kPosterior)), expected, 1e-8);
    SetPoseManifold(layout, s->blocks, &s->problem);
    ExpectClose(Marginal(s.get()), expected, 1e-8);
  }
}

// The covariance of world_from_cam is that of cam_from_world in the tangent kInversePose.
TEST(PoseCovariance, InverseLayout) {
  test::TestRandom random;
  const auto s = MakeSolved(PoseLayout(), {}, true, 0, Manifolds::kOurs, &random);
  PoseLayout inverse_layout;
  inverse_layout.inverse = true;
  double inverse_pose[7];
  InvertPose(s->blocks[0], inverse_pose);
  ReprojectionOptions options = s->options;
  options.pose = inverse_layout;
  ceres::Problem problem;
  problem.AddResidualBlock(
      ObjectReprojectionCost::Create(options, s->points(), {}, nullptr).release(), nullptr,
      inverse_pose);
  PoseCovariance covariance;
  ASSERT_TRUE(ComputePoseCovariance(problem, inverse_layout, {inverse_pose},
                                    CovarianceKind::kPosterior, &covariance, nullptr));
  const PoseCovariance direct = s->Covariance(CovarianceKind::kPosterior);
  Matrix expected(6, 6);
  convert_covariance(Tangent::kInversePose, SixDof<double>().transform(s->blocks[0]), direct.matrix,
                     expected.data());
  ExpectClose(AsMatrix(covariance), expected, 1e-8);
}

// The formulas written out point by point, with a prior beside.
TEST(PoseCovariance, KindsAreTheirFormulas) {
  test::TestRandom random;
  for (const auto loss :
       {RobustLoss<double>{LossKind::kHuber, 1.5}, RobustLoss<double>{LossKind::kCauchy, 5}}) {
    const PoseLayout layout;
    const auto s = MakeSolved(layout, loss, true, 5, Manifolds::kOurs, &random);
    const Matrix prior_covariance = 0.01 * Matrix::Identity(6, 6);
    s->problem.AddResidualBlock(PosePriorCost::Create(layout, s->blocks[0], prior_covariance.data(),
                                                      Tangent::kPropnp, nullptr)
                                    .release(),
                                nullptr, s->blocks);
    Matrix irls = 100 * Matrix::Identity(6, 6), hessian = irls, scores = irls;
    Matrix plus(7, 6);
    PosePlusJacobian(layout, s->blocks.data(), plus.data());
    for (size_t i = 0; i < s->x3d.size() / 3; ++i) {
      const auto point =
          ReprojectionCost::Create(s->options, &s->x3d[3 * i], &s->x2d[2 * i], nullptr, nullptr);
      Eigen::Vector2d e;
      Matrix ambient(2, 7);
      double* jacobians[] = {ambient.data()};
      ASSERT_TRUE(point->Evaluate(s->blocks.data(), e.data(), jacobians));
      const Matrix j = ambient * plus;
      const LossValue<double> rho = loss.evaluate(e.squaredNorm());
      const Eigen::Vector2d n = e.normalized();
      const Eigen::Matrix2d inner = rho.weight * (Eigen::Matrix2d::Identity() - n * n.transpose()) +
                                    rho.curvature * n * n.transpose();
      irls += rho.weight * j.transpose() * j;
      hessian += j.transpose() * inner * j;
      const Eigen::VectorXd psi = rho.weight * j.transpose() * e;
      scores += psi * psi.transpose();
    }
    const Matrix c = hessian.inverse();
    ExpectClose(AsMatrix(s->Covariance(CovarianceKind::kPosterior)), c, 1e-9);
    ExpectClose(AsMatrix(s->Covariance(CovarianceKind::kGaussNewton)), irls.inverse(), 1e-9);
    ExpectClose(AsMatrix(s->Covariance(CovarianceKind::kSandwich)), c * scores * c, 1e-9);
  }
}

TEST(PoseCovariance, RankDeficientDirectionsAreReported) {
  // Points on a line through the object's origin: rotation about it is free.
  ReprojectionOptions options;
  options.camera_parameters = {600, 600, 320, 240, 0};
  options.z_min = 0.1;
  std::vector<double> x3d, x2d, pose{0, 0, 4, 1, 0, 0, 0};
  for (int i = 0; i < 8; ++i) {
    x3d.insert(x3d.end(), {0.2 * i, 0, 0});
    x2d.insert(x2d.end(), {320.0 + 30 * i, 240});
  }
  ObjectPoints points;
  points.num_points = 8, points.x3d = x3d.data(), points.x2d = x2d.data();
  ceres::Problem problem;
  problem.AddResidualBlock(ObjectReprojectionCost::Create(options, points, {}, nullptr).release(),
                           nullptr, pose.data());
  SetPoseManifold(PoseLayout(), {pose.data()}, &problem);
  PoseCovariance c;
  ASSERT_TRUE(ComputePoseCovariance(problem, PoseLayout(), {pose.data()},
                                    CovarianceKind::kPosterior, &c, nullptr));
  EXPECT_EQ(c.status, PoseCovariance::Status::kRankDeficient);
  EXPECT_EQ(c.rank, 5);
  const double expected[6] = {0, 0, 0, 1, 0, 0};  // rx
  for (int i = 0; i < 6; ++i) {
    EXPECT_NEAR(std::fabs(c.null_space[i]), expected[i], 1e-9) << TangentNames(6)[i];
    for (int j = 0; j < 6; ++j) EXPECT_EQ(c.at(i, j), 0);
  }
  ASSERT_TRUE(ComputeMarginalPoseCovariance(&problem, PoseLayout(), {pose.data()}, &c, nullptr));
  EXPECT_EQ(c.status, PoseCovariance::Status::kRankDeficient);
}

TEST(PoseCovariance, IndefiniteHessianIsReported) {
  // All residuals far beyond the scale of a Cauchy loss.
  test::TestRandom random;
  const auto s = MakeSolved(PoseLayout(), {}, true, 0, Manifolds::kOurs, &random);
  for (double& u : s->x2d) u += 100 * random.Normal();
  ceres::Problem problem;
  const RobustLoss<double> cauchy{LossKind::kCauchy, 0.01};
  problem.AddResidualBlock(
      ObjectReprojectionCost::Create(s->options, s->points(), cauchy, nullptr).release(), nullptr,
      s->blocks);
  PoseCovariance c;
  ASSERT_TRUE(ComputePoseCovariance(problem, PoseLayout(), s->blocks, CovarianceKind::kPosterior,
                                    &c, nullptr));
  EXPECT_EQ(c.status, PoseCovariance::Status::kIndefinite);
  EXPECT_EQ(c.at(0, 0), 0);
  ASSERT_TRUE(ComputePoseCovariance(problem, PoseLayout(), s->blocks, CovarianceKind::kGaussNewton,
                                    &c, nullptr));
  EXPECT_TRUE(c.ok());
}

// Two points refined beside the pose widen it: conditional and marginal are different questions.
TEST(PoseCovariance, MarginalIsWiderThanConditional) {
  test::TestRandom random;
  const auto s = MakeSolved(PoseLayout(), {}, true, 0, Manifolds::kOurs, &random);
  ReprojectionOptions options = s->options;
  options.intrinsics_block = true;
  std::vector<double> intrinsics(s->options.camera_parameters.begin(),
                                 s->options.camera_parameters.begin() + 5);
  ceres::Problem problem;
  problem.AddResidualBlock(
      ObjectReprojectionCost::Create(options, s->points(), {}, nullptr).release(), nullptr,
      s->blocks[0], intrinsics.data());
  SetPoseManifold(PoseLayout(), s->blocks, &problem);
  problem.SetManifold(intrinsics.data(), new ceres::SubsetManifold(5, {2, 3, 4}));
  PoseCovariance conditional, marginal;
  ASSERT_TRUE(ComputePoseCovariance(problem, PoseLayout(), s->blocks, CovarianceKind::kGaussNewton,
                                    &conditional, nullptr));
  ASSERT_TRUE(ComputeMarginalPoseCovariance(&problem, PoseLayout(), s->blocks, &marginal, nullptr));
  ASSERT_TRUE(marginal.ok());
  EXPECT_GT(marginal.at(2, 2), 1.5 * conditional.at(2, 2));  // depth and focal length are alike
}

TEST(PoseCovariance, HostileArguments) {
  test::TestRandom random;
  const auto s = MakeSolved(PoseLayout(), {}, true, 0, Manifolds::kOurs, &random);
  PoseCovariance c;
  std::string error;
  const auto refuse = [&](const ceres::Problem& problem, const PoseLayout& layout,
                          const std::vector<double*>& blocks, const std::string& word) {
    EXPECT_FALSE(
        ComputePoseCovariance(problem, layout, blocks, CovarianceKind::kPosterior, &c, &error));
    EXPECT_NE(error.find(word), std::string::npos) << error;
  };
  double other[7] = {0, 0, 0, 1, 0, 0, 0};
  refuse(s->problem, PoseLayout(), {other}, "not in the problem");
  refuse(s->problem, PoseLayout(), {nullptr}, "not in the problem");
  refuse(s->problem, PoseLayout(), {}, "1 blocks, 0 were given");
  PoseLayout yaw;
  yaw.storage = PoseStorage::kTranslationYaw;
  refuse(s->problem, yaw, s->blocks, "another size");

  ceres::Problem with_loss;
  with_loss.AddResidualBlock(
      ObjectReprojectionCost::Create(s->options, s->points(), {}, nullptr).release(),
      new ceres::HuberLoss(1), s->blocks);
  refuse(with_loss, PoseLayout(), s->blocks, "takes no LossFunction");

  s->problem.SetParameterBlockConstant(s->blocks[0]);
  EXPECT_FALSE(ComputeMarginalPoseCovariance(&s->problem, PoseLayout(), s->blocks, &c, &error));
  EXPECT_NE(error.find("constant"), std::string::npos) << error;
  s->blocks[0][4] = std::nan("");
  refuse(s->problem, PoseLayout(), s->blocks, "not finite");
}

TEST(PoseCovariance, Names) {
  EXPECT_STREQ(TangentNames(6)[0], "tx");
  EXPECT_STREQ(TangentNames(6)[5], "rz");
  EXPECT_STREQ(TangentNames(4)[3], "yaw");
}

}  // namespace
}  // namespace propnp
