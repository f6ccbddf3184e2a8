// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Residuals and ambient Jacobians of the reprojection costs against automatic differentiation of
// the same model, over all cameras, layouts, chains, losses, weights and parameter blocks.
#include <ceres/dynamic_autodiff_cost_function.h>
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <memory>

#include "propnp/ceres/pose_chain.h"
#include "tests/ceres/cost_case.h"
#include "tests/ceres/linearization.h"

namespace propnp {
namespace {

using test::CaseShape;
using test::CostCase;
using test::ExpectSame;
using test::Linearization;
using test::Linearize;
using test::WeightKind;

template <typename Model>
Linearization LinearizeReference(const CostCase& c) {
  using Reference = test::ReferenceCost<Model>;
  ceres::DynamicAutoDiffCostFunction<Reference, 8> cost(new Reference(c));
  for (const auto& block : c.parameters) cost.AddParameterBlock(static_cast<int>(block.size()));
  cost.SetNumResiduals(2 * c.num_points);
  return Linearize(cost, c.pointers());
}

std::string Describe(const CaseShape& s) {
  const auto layout = [](const PoseLayout& l) {
    return std::to_string(static_cast<int>(l.storage)) +
           (l.quaternion_order == QuaternionOrder::kWxyz ? "w" : "x") + (l.inverse ? "i" : "");
  };
  return "pose " + layout(s.pose) +
         (s.world_from_object ? " object " + layout(*s.world_from_object) : "") +
         (s.cam_from_rig ? " rig " + layout(*s.cam_from_rig) : "") +
         (s.constant_rig ? " constant rig" : "") + (s.box ? " box" : "") +
         (s.point_block ? " points" : "") + (s.intrinsics_block ? " intrinsics" : "") +
         " weights " + std::to_string(static_cast<int>(s.weights)) + " loss " +
         std::to_string(static_cast<int>(s.loss));
}

template <typename Model>
class ReprojectionJacobian : public ::testing::Test {
 protected:
  using Camera = typename Model::template Camera<double>;

  CaseShape Shape() const {
    CaseShape shape;
    shape.camera_model = Camera::kModel;
    shape.camera_parameters = test::ExampleParameters<Model>()[1];
    return shape;
  }

  void CheckObject(const CaseShape& shape, int num_points) {
    SCOPED_TRACE(Describe(shape) + ", " + std::to_string(num_points) + " points");
    const CostCase c = test::MakeCase(shape, num_points, &random_);
    std::string error;
    const auto cost = ObjectReprojectionCost::Create(c.options, c.points(), c.loss, &error);
    ASSERT_NE(cost, nullptr) << error;
    ExpectSame(Linearize(*cost, c.pointers()), LinearizeReference<Model>(c));
  }

  void CheckPoint(const CaseShape& shape) {
    SCOPED_TRACE(Describe(shape));
    CaseShape one = shape;
    one.loss = LossKind::kNone;
    const CostCase c = test::MakeCase(one, 1, &random_);
    std::string error;
    const double* x3d = c.x3d.data();
    const auto cost =
        c.sqrt_info.empty()
            ? ReprojectionCost::Create(c.options, x3d, c.x2d.data(), c.points().w2d, &error)
            : ReprojectionCost::CreateWithInformation(c.options, x3d, c.x2d.data(),
                                                      c.sqrt_info.data(), &error);
    ASSERT_NE(cost, nullptr) << error;
    ExpectSame(Linearize(*cost, c.pointers()), LinearizeReference<Model>(c));
  }

  test::TestRandom random_;
};

TYPED_TEST_SUITE(ReprojectionJacobian, test::CameraModels, test::ModelNames);

TYPED_TEST(ReprojectionJacobian, EveryLayoutLossAndWeight) {
  for (const PoseLayout& layout : test::AllLayouts()) {
    for (const auto loss : {LossKind::kNone, LossKind::kHuber, LossKind::kCauchy}) {
      for (const auto weights :
           {WeightKind::kOnes, WeightKind::kDiagonal, WeightKind::kInformation}) {
        for (const bool box : {false, true}) {
          CaseShape shape = this->Shape();
          shape.pose = layout;
          shape.loss = loss;
          shape.weights = weights;
          shape.box = box;
          this->CheckObject(shape, 9);
          this->CheckPoint(shape);
        }
      }
    }
  }
}

TYPED_TEST(ReprojectionJacobian, EveryChain) {
  const std::vector<PoseLayout> layouts = test::AllLayouts();
  for (size_t i = 0; i < layouts.size(); ++i) {
    for (size_t j = 0; j < layouts.size(); ++j) {
      CaseShape shape = this->Shape();
      shape.pose = layouts[i];
      shape.world_from_object = layouts[j];
      shape.loss = LossKind::kHuber;
      shape.constant_rig = (i + j) % 2 == 0;
      this->CheckObject(shape, 5);
      shape.constant_rig = false;
      shape.cam_from_rig = layouts[(i + 2 * j) % layouts.size()];
      this->CheckObject(shape, 5);
      this->CheckPoint(shape);
    }
  }
}

TYPED_TEST(ReprojectionJacobian, PointsAndIntrinsicsAsBlocks) {
  for (const PoseLayout& layout : test::AllLayouts()) {
    for (const auto weights : {WeightKind::kDiagonal, WeightKind::kInformation}) {
      for (const int blocks : {1, 2, 3}) {
        for (const auto loss : {LossKind::kNone, LossKind::kHuber, LossKind::kCauchy}) {
          CaseShape shape = this->Shape();
          shape.pose = layout;
          shape.world_from_object = layout;
          shape.weights = weights;
          shape.point_block = (blocks & 1) != 0;
          shape.intrinsics_block = (blocks & 2) != 0;
          shape.box = blocks == 3;
          shape.loss = loss;
          this->CheckObject(shape, 8);
          this->CheckPoint(shape);
        }
      }
    }
  }
}

TYPED_TEST(ReprojectionJacobian, EveryExampleCamera) {
  for (const std::vector<double>& parameters : test::ExampleParameters<TypeParam>()) {
    CaseShape shape = this->Shape();
    shape.camera_parameters = parameters;
    shape.intrinsics_block = true;
    this->CheckObject(shape, 50);
  }
}

// The random cases of these tests do meet every clamp and both sides of the loss.
TYPED_TEST(ReprojectionJacobian, CasesMeetEveryClamp) {
  int behind = 0, in_front = 0, outside = 0, inside = 0, beyond = 0, within = 0;
  for (const PoseLayout& layout : test::AllLayouts()) {
    CaseShape shape = this->Shape();
    shape.pose = layout;
    shape.box = true;
    const CostCase c = test::MakeCase(shape, 21, &this->random_);
    PoseChain::State chain;
    ASSERT_TRUE(PoseChain(c.options).Evaluate(c.pointers().data(), &chain));
    const auto camera = test::MakeCamera<TypeParam, double>(
        shape.camera_parameters, test::MonotoneLimit<TypeParam>(shape.camera_parameters));
    const auto cost =
        ObjectReprojectionCost::Create(c.options, c.points(), RobustLoss<double>(), nullptr);
    const Eigen::VectorXd e = Linearize(*cost, c.pointers()).residuals;
    for (int i = 0; i < c.num_points; ++i) {
      const Vec3<double> p =
          chain.cam_from_point * Vec3<double>{c.x3d[3 * i], c.x3d[3 * i + 1], c.x3d[3 * i + 2]};
      const Vec2<double> pixel = camera.project(p, c.options.z_min);
      ++(p.z < c.options.z_min ? behind : in_front);
      ++(pixel.x < c.options.box.low.x || c.options.box.high.x < pixel.x ? outside : inside);
      ++(e.segment<2>(2 * i).norm() > c.loss.delta ? beyond : within);
    }
  }
  for (const int count : {behind, in_front, outside, inside, beyond, within}) {
    EXPECT_GT(count, 20);
  }
}

// Whole chunks, remainders of chunks, and a single point.
TYPED_TEST(ReprojectionJacobian, AnyNumberOfPoints) {
  for (const int num_points : {1, 2, 15, 16, 17, 31, 32, 33, 100}) {
    CaseShape shape = this->Shape();
    shape.loss = LossKind::kHuber;
    this->CheckObject(shape, num_points);
    shape.point_block = true;
    this->CheckObject(shape, num_points);
  }
}

}  // namespace
}  // namespace propnp
