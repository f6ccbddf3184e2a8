// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the reprojection costs promise besides their derivatives.
#include "propnp/ceres/reprojection_cost.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "tests/ceres/cost_case.h"

namespace propnp {
namespace {

using test::CaseShape;
using test::CostCase;
using test::WeightKind;

CaseShape PinholeShape() {
  CaseShape shape;
  shape.camera_model = PinholeCamera<double>::kModel;
  shape.camera_parameters = {600, 610, 320, 240, 0.5};
  return shape;
}

std::vector<double> Residuals(const ceres::CostFunction& cost, const CostCase& c) {
  std::vector<double> residuals(cost.num_residuals(), NAN);
  EXPECT_TRUE(cost.Evaluate(c.pointers().data(), residuals.data(), nullptr));
  return residuals;
}

double HalfSquaredNorm(const std::vector<double>& r) {
  return 0.5 * std::inner_product(r.begin(), r.end(), r.begin(), 0.0);
}

TEST(ReprojectionCost, IsTheObjectsPoint) {
  test::TestRandom random;
  CaseShape shape = PinholeShape();
  const CostCase c = test::MakeCase(shape, 20, &random);
  const auto object = ObjectReprojectionCost::Create(c.options, c.points(), c.loss, nullptr);
  const std::vector<double> all = Residuals(*object, c);
  for (int i = 0; i < c.num_points; ++i) {
    const auto one =
        ReprojectionCost::Create(c.options, &c.x3d[3 * i], &c.x2d[2 * i], &c.w2d[2 * i], nullptr);
    const std::vector<double> residual = Residuals(*one, c);
    EXPECT_NEAR(residual[0], all[2 * i], 1e-12 * (1 + std::fabs(all[2 * i])));
    EXPECT_NEAR(residual[1], all[2 * i + 1], 1e-12 * (1 + std::fabs(all[2 * i + 1])));
  }
}

TEST(ObjectReprojectionCost, HalfSquaredNormIsTheRobustCost) {
  test::TestRandom random;
  for (const auto kind : {LossKind::kNone, LossKind::kHuber, LossKind::kCauchy}) {
    CaseShape shape = PinholeShape();
    shape.loss = kind;
    const CostCase c = test::MakeCase(shape, 40, &random);
    const auto cost = ObjectReprojectionCost::Create(c.options, c.points(), c.loss, nullptr);
    std::vector<double> e(cost->num_residuals());
    ASSERT_TRUE(cost->EvaluateWithoutLoss(c.pointers().data(), e.data(), nullptr));
    double expected = 0;
    for (int i = 0; i < c.num_points; ++i) {
      expected += c.loss.rho(e[2 * i] * e[2 * i] + e[2 * i + 1] * e[2 * i + 1]);
    }
    EXPECT_NEAR(HalfSquaredNorm(Residuals(*cost, c)), expected, 1e-12 * expected);
  }
}

// At a residual of exactly zero the factor sqrt(2 rho)/s has its limit, one.
TEST(ObjectReprojectionCost, ExactZeroResidual) {
  ReprojectionOptions options;
  options.camera_parameters = {512, 512, 256, 256, 0};
  const double x3d[] = {0.5, 0.25, 4, -0.5, 0.25, 4};
  const double x2d[] = {320, 288, 192, 288};
  const double pose[] = {0, 0, 0, 1, 0, 0, 0};
  ObjectPoints points;
  points.num_points = 2, points.x3d = x3d, points.x2d = x2d;
  const double* parameters[] = {pose};
  double plain[28];
  for (const auto kind : {LossKind::kNone, LossKind::kHuber, LossKind::kCauchy}) {
    const auto cost = ObjectReprojectionCost::Create(options, points, {kind, 1e-3}, nullptr);
    ASSERT_NE(cost, nullptr);
    double residuals[4], jacobian[28];
    double* jacobians[] = {kind == LossKind::kNone ? plain : jacobian};
    ASSERT_TRUE(cost->Evaluate(parameters, residuals, jacobians));
    for (const double r : residuals) EXPECT_EQ(r, 0);
    for (int i = 0; i < 28; ++i) EXPECT_EQ(jacobians[0][i], plain[i]);
  }
}

// Pulled behind the camera, a point's cost grows and its gradient leads back to the front.
TEST(ReprojectionCost, PointBehindTheCameraIsPulledBack) {
  const std::vector<std::vector<double>> cameras = {
      {600, 610, 320, 240, 0}, {600, 320, 240, -0.1, 0.01}, {600, 610, 320, 240, 0, 0, 0, 0, 0}};
  for (int model = 0; model < static_cast<int>(cameras.size()); ++model) {
    SCOPED_TRACE(model);
    ReprojectionOptions options;
    options.camera_model = model;
    options.z_min = 0.1;
    std::copy(cameras[model].begin(), cameras[model].end(), options.camera_parameters.begin());
    const double x3d[] = {0.2, -0.1, 0}, x2d[] = {330, 230};
    const auto cost = ReprojectionCost::Create(options, x3d, x2d, nullptr, nullptr);
    ASSERT_NE(cost, nullptr);
    double previous = 0;
    for (const double depth : {-0.5, -1.0, -2.0, -10.0}) {
      const double pose[] = {0, 0, depth, 1, 0, 0, 0};
      const double* parameters[] = {pose};
      double r[2], jacobian[14];
      double* jacobians[] = {jacobian};
      ASSERT_TRUE(cost->Evaluate(parameters, r, jacobians));
      const double squared = r[0] * r[0] + r[1] * r[1];
      EXPECT_GT(squared, previous);
      EXPECT_LT(r[0] * jacobian[2] + r[1] * jacobian[7 + 2], 0) << "depth " << depth;
      previous = squared;
    }
  }
}

TEST(ObjectReprojectionCost, WeightsMatter) {
  test::TestRandom random;
  for (const auto weights : {WeightKind::kDiagonal, WeightKind::kInformation}) {
    CaseShape shape = PinholeShape();
    shape.weights = weights;
    CostCase c = test::MakeCase(shape, 6, &random);
    const auto cost_of = [&] {
      return HalfSquaredNorm(
          Residuals(*ObjectReprojectionCost::Create(c.options, c.points(), c.loss, nullptr), c));
    };
    std::vector<double>& w = weights == WeightKind::kDiagonal ? c.w2d : c.sqrt_info;
    for (double& weight : w) {
      const double before = cost_of(), kept = weight;
      weight += 0.01;
      EXPECT_NE(cost_of(), before);
      weight = kept;
    }
    // A weight of zero removes the point exactly.
    std::fill(w.begin(), w.end(), 0.0);
    EXPECT_EQ(cost_of(), 0);
  }
}

TEST(ObjectReprojectionCost, AnySubsetOfJacobians) {
  test::TestRandom random;
  CaseShape shape = PinholeShape();
  shape.pose = test::MakeLayout(PoseStorage::kSeparateBlocks, QuaternionOrder::kXyzw, true);
  shape.world_from_object = shape.pose;
  shape.point_block = shape.intrinsics_block = true;
  const CostCase c = test::MakeCase(shape, 7, &random);
  const auto cost = ObjectReprojectionCost::Create(c.options, c.points(), c.loss, nullptr);
  const auto& sizes = cost->parameter_block_sizes();
  ASSERT_EQ(sizes, (std::vector<int32_t>{4, 3, 4, 3, 21, 5}));
  const auto evaluate = [&](unsigned wanted) {
    std::vector<std::vector<double>> jacobians;
    std::vector<double*> pointers;
    for (const int size : sizes) jacobians.emplace_back(cost->num_residuals() * size, 123.0);
    for (size_t k = 0; k < sizes.size(); ++k) {
      pointers.push_back((wanted >> k & 1) != 0 ? jacobians[k].data() : nullptr);
    }
    std::vector<double> residuals(cost->num_residuals());
    EXPECT_TRUE(cost->Evaluate(c.pointers().data(), residuals.data(), pointers.data()));
    return jacobians;
  };
  const auto all = evaluate(63);
  for (unsigned wanted = 0; wanted < 63; ++wanted) {
    const auto some = evaluate(wanted);
    for (size_t k = 0; k < sizes.size(); ++k) {
      const std::vector<double> untouched(all[k].size(), 123.0);
      EXPECT_EQ(some[k], (wanted >> k & 1) != 0 ? all[k] : untouched);
    }
  }
}

TEST(ObjectReprojectionCost, DefaultDepthLimitDoesNotDependOnTheUnit) {
  ReprojectionOptions options;
  options.camera_parameters = {600, 600, 320, 240, 0};
  std::vector<double> x3d = {1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0};
  const std::vector<double> x2d(8, 300);
  for (const double unit : {1.0, 1e-3, 1e6}) {
    std::vector<double> scaled;
    for (const double x : x3d) scaled.push_back(unit * x + 5 * unit);
    ObjectPoints points;
    points.num_points = 4, points.x3d = scaled.data(), points.x2d = x2d.data();
    const auto cost = ObjectReprojectionCost::Create(options, points, {}, nullptr);
    ASSERT_NE(cost, nullptr);
    EXPECT_NEAR(cost->options().z_min, 1e-3 * unit, 1e-15 * unit * 10);
  }
}

TEST(ReprojectionCost, DegenerateParametersFailTheEvaluation) {
  test::TestRandom random;
  CostCase c = test::MakeCase(PinholeShape(), 3, &random);
  const auto cost = ObjectReprojectionCost::Create(c.options, c.points(), c.loss, nullptr);
  const std::vector<double> good = c.parameters[0];
  std::vector<double> residuals(6);
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    for (int i = 0; i < 7; ++i) {
      c.parameters[0] = good;
      c.parameters[0][i] = bad;
      EXPECT_FALSE(cost->Evaluate(c.pointers().data(), residuals.data(), nullptr)) << i;
    }
  }
  c.parameters[0] = {0, 0, 1, 0, 0, 0, 0};
  EXPECT_FALSE(cost->Evaluate(c.pointers().data(), residuals.data(), nullptr));
}

// Each of these changes makes Create() return null with a message that contains the word.
TEST(ReprojectionCost, HostileArguments) {
  test::TestRandom random;
  const CostCase good = test::MakeCase(PinholeShape(), 4, &random);
  const double nan = std::nan("");
  const std::vector<std::pair<std::string, std::function<void(CostCase*)>>> changes = {
      {"num_points", [](CostCase* c) { c->num_points = 0; }},
      {"num_points", [](CostCase* c) { c->num_points = -5; }},
      {"num_points", [](CostCase* c) { c->num_points = std::numeric_limits<int>::max(); }},
      {"camera_model", [](CostCase* c) { c->options.camera_model = 99; }},
      {"camera_parameters[2]", [nan](CostCase* c) { c->options.camera_parameters[2] = nan; }},
      {"z_min", [](CostCase* c) { c->options.z_min = -1; }},
      {"z_min", [nan](CostCase* c) { c->options.z_min = nan; }},
      {"z_min", [](CostCase* c) { c->options.z_min = 0, c->options.point_block = true; }},
      {"box",
       [](CostCase* c) {
         c->options.box = {true, {5, 0}, {4, 10}};
       }},
      {"box",
       [nan](CostCase* c) {
         c->options.box = {true, {nan, 0}, {4, 10}};
       }},
      {"cam_from_rig", [](CostCase* c) { c->options.cam_from_rig = {}; }},
      {"cam_from_rig[1]", [nan](CostCase* c) { c->options.cam_from_rig[1] = nan; }},
      {"pose: PoseLayout::storage",
       [](CostCase* c) { c->options.pose.storage = static_cast<PoseStorage>(-1); }},
      {"world_from_object: ",
       [](CostCase* c) {
         c->options.world_from_object = PoseLayout();
         c->options.world_from_object->quaternion_order = static_cast<QuaternionOrder>(7);
       }},
      {"x3d of point 1", [nan](CostCase* c) { c->x3d[4] = nan; }},
      {"x2d of point 3", [](CostCase* c) { c->x2d[7] = INFINITY; }},
      {"w2d of point 0", [](CostCase* c) { c->w2d[1] = -0.5; }},
      {"w2d of point 2", [nan](CostCase* c) { c->w2d[5] = nan; }},
      {"both w2d and sqrt_info", [](CostCase* c) { c->sqrt_info.assign(16, 1); }},
      {"sqrt_info of point 0",
       [nan](CostCase* c) { c->w2d.clear(), c->sqrt_info.assign(16, nan); }},
      {"loss.delta",
       [](CostCase* c) {
         c->loss = {LossKind::kHuber, 0};
       }},
      {"loss.kind",
       [](CostCase* c) {
         c->loss = {static_cast<LossKind>(2), 1};
       }},
  };
  for (const auto& [word, change] : changes) {
    CostCase c = good;
    change(&c);
    std::string error;
    EXPECT_EQ(ObjectReprojectionCost::Create(c.options, c.points(), c.loss, &error), nullptr)
        << word;
    EXPECT_NE(error.find(word), std::string::npos) << "'" << error << "' does not name " << word;
    EXPECT_EQ(ObjectReprojectionCost::Create(c.options, c.points(), c.loss, nullptr), nullptr);
  }
  std::string error;
  const double x[3] = {0, 0, 1};
  EXPECT_EQ(ReprojectionCost::Create(good.options, nullptr, x, nullptr, &error), nullptr);
  EXPECT_NE(error.find("x3d is null"), std::string::npos);
  EXPECT_EQ(ReprojectionCost::Create(good.options, x, nullptr, nullptr, &error), nullptr);
  EXPECT_NE(error.find("x2d is null"), std::string::npos);
  EXPECT_EQ(ReprojectionCost::CreateWithInformation(good.options, x, x, nullptr, &error), nullptr);
  EXPECT_NE(error.find("sqrt_info is null"), std::string::npos);
}

}  // namespace
}  // namespace propnp
