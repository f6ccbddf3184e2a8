// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The invariants that ceres/manifold.h asks of a manifold, and that the tangent is the project's.
#include <ceres/dynamic_numeric_diff_cost_function.h>
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <memory>

#include "propnp/ceres/manifolds.h"
#include "tests/ceres/cost_case.h"

namespace propnp {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

struct NamedManifold {
  std::string name;
  std::unique_ptr<ceres::Manifold> manifold;
  PoseLayout layout;  // of a block of 7, or of a quaternion with a translation beside it
};

std::vector<NamedManifold> AllManifolds() {
  std::vector<NamedManifold> all;
  for (const auto order : {QuaternionOrder::kWxyz, QuaternionOrder::kXyzw}) {
    const std::string suffix = order == QuaternionOrder::kWxyz ? " wxyz" : " xyzw";
    const auto layout = [order](PoseStorage storage) {
      return test::MakeLayout(storage, order, false);
    };
    const PoseLayout separate = layout(PoseStorage::kSeparateBlocks);
    all.push_back(
        {"quaternion" + suffix, std::make_unique<CayleyQuaternionManifold>(order), separate});
    for (const auto storage :
         {PoseStorage::kTranslationQuaternion, PoseStorage::kQuaternionTranslation}) {
      all.push_back({"pose " + std::to_string(static_cast<int>(storage)) + suffix,
                     std::make_unique<CayleyPoseManifold>(layout(storage)), layout(storage)});
    }
  }
  return all;
}

// A random point of the manifold.
Vector RandomPoint(const NamedManifold& m, test::TestRandom* random) {
  double pose[7];
  random->Pose(pose);
  Vector x(m.manifold->AmbientSize());
  double translation[3];
  double* blocks[2] = {x.data(), translation};
  StorePose(m.layout, pose, blocks);
  return x;
}

Vector Plus(const ceres::Manifold& m, const Vector& x, const Vector& delta) {
  Vector y(m.AmbientSize());
  EXPECT_TRUE(m.Plus(x.data(), delta.data(), y.data()));
  return y;
}

Vector Minus(const ceres::Manifold& m, const Vector& y, const Vector& x) {
  Vector delta(m.TangentSize());
  EXPECT_TRUE(m.Minus(y.data(), x.data(), delta.data()));
  return delta;
}

// q and -q are one rotation.
double Distance(const NamedManifold& m, const Vector& a, const Vector& b) {
  if (m.manifold->AmbientSize() == 4) return std::min((a - b).norm(), (a + b).norm());
  const int q = m.layout.storage == PoseStorage::kTranslationQuaternion ? 3 : 0;
  const int t = q == 3 ? 0 : 4;
  const double rotation = std::min((a.segment<4>(q) - b.segment<4>(q)).norm(),
                                   (a.segment<4>(q) + b.segment<4>(q)).norm());
  return rotation + (a.segment<3>(t) - b.segment<3>(t)).norm();
}

struct PlusFunctor {
  const ceres::Manifold& manifold;
  const double* x;
  bool operator()(double const* const* delta, double* y) const {
    return manifold.Plus(x, delta[0], y);
  }
};
struct MinusFunctor {
  const ceres::Manifold& manifold;
  const double* x;
  bool operator()(double const* const* y, double* delta) const {
    return manifold.Minus(y[0], x, delta);
  }
};

template <typename Functor>
Matrix NumericJacobian(const ceres::Manifold& m, const double* x, Vector at, int rows) {
  ceres::NumericDiffOptions options;
  options.ridders_relative_initial_step_size = 1e-3;
  ceres::DynamicNumericDiffCostFunction<Functor, ceres::RIDDERS> cost(
      new Functor{m, x}, ceres::TAKE_OWNERSHIP, options);
  cost.AddParameterBlock(static_cast<int>(at.size()));
  cost.SetNumResiduals(rows);
  Matrix jacobian(rows, at.size());
  Vector value(rows);
  const double* parameters[] = {at.data()};
  double* jacobians[] = {jacobian.data()};
  EXPECT_TRUE(cost.Evaluate(parameters, value.data(), jacobians));
  return jacobian;
}

TEST(Manifold, Invariants) {
  test::TestRandom random;
  for (const NamedManifold& m : AllManifolds()) {
    SCOPED_TRACE(m.name);
    const int ambient = m.manifold->AmbientSize(), tangent = m.manifold->TangentSize();
    for (int trial = 0; trial < 100; ++trial) {
      const Vector x = RandomPoint(m, &random), y = RandomPoint(m, &random);
      Vector delta(tangent);
      for (double& d : delta) d = random.Normal();
      EXPECT_LT((Plus(*m.manifold, x, Vector::Zero(tangent)) - x).norm(), 1e-14);
      EXPECT_LT(Minus(*m.manifold, x, x).norm(), 1e-14);
      EXPECT_LT((Minus(*m.manifold, Plus(*m.manifold, x, delta), x) - delta).norm(),
                1e-13 * (1 + delta.squaredNorm()));
      // Near half a turn delta is large, and with it its rounding.
      const Vector y_minus_x = Minus(*m.manifold, y, x);
      EXPECT_LT(Distance(m, Plus(*m.manifold, x, y_minus_x), y), 1e-13 * (1 + y_minus_x.norm()));

      Matrix plus(ambient, tangent), minus(tangent, ambient);
      ASSERT_TRUE(m.manifold->PlusJacobian(x.data(), plus.data()));
      ASSERT_TRUE(m.manifold->MinusJacobian(x.data(), minus.data()));
      EXPECT_LT((minus * plus - Matrix::Identity(tangent, tangent)).norm(), 1e-14);
      const Matrix plus_numeric =
          NumericJacobian<PlusFunctor>(*m.manifold, x.data(), Vector::Zero(tangent), ambient);
      const Matrix minus_numeric = NumericJacobian<MinusFunctor>(*m.manifold, x.data(), x, tangent);
      EXPECT_LT((plus - plus_numeric).norm(), 1e-8);
      EXPECT_LT((minus - minus_numeric).norm(), 1e-8);
    }
  }
}

TEST(Manifold, TangentIsTheProjectsRetraction) {
  test::TestRandom random;
  for (const NamedManifold& m : AllManifolds()) {
    SCOPED_TRACE(m.name);
    double pose[7], moved[7], delta[6];
    random.Pose(pose);
    for (double& d : delta) d = random.Normal();
    SixDof<double>().retract(pose, delta, moved);
    const bool alone = m.manifold->AmbientSize() == 4;
    Vector x(m.manifold->AmbientSize()), expected(x.size());
    double translation[3];
    double* x_blocks[2] = {x.data(), translation};
    double* expected_blocks[2] = {expected.data(), translation};
    StorePose(m.layout, pose, x_blocks);
    StorePose(m.layout, moved, expected_blocks);
    const Vector step = Eigen::Map<Vector>(alone ? delta + 3 : delta, alone ? 3 : 6);
    EXPECT_LT(Distance(m, Plus(*m.manifold, x, step), expected), 1e-14);
  }
}

TEST(Manifold, DegenerateInput) {
  for (const NamedManifold& m : AllManifolds()) {
    SCOPED_TRACE(m.name);
    const int ambient = m.manifold->AmbientSize(), tangent = m.manifold->TangentSize();
    const Vector zero = Vector::Zero(ambient), delta = Vector::Zero(tangent);
    Vector y(ambient), step(tangent);
    EXPECT_FALSE(m.manifold->Plus(zero.data(), delta.data(), y.data()));
    EXPECT_FALSE(m.manifold->Minus(zero.data(), zero.data(), step.data()));
    // Half a turn: the chart's end.
    double pose[7] = {0, 0, 0, 1, 0, 0, 0}, turned[7] = {0, 0, 0, 0, 1, 0, 0};
    double translation[3];
    Vector x(ambient);
    double* x_blocks[2] = {x.data(), translation};
    double* y_blocks[2] = {y.data(), translation};
    StorePose(m.layout, pose, x_blocks);
    StorePose(m.layout, turned, y_blocks);
    EXPECT_FALSE(m.manifold->Minus(y.data(), x.data(), step.data()));
  }
}

TEST(PoseLayout, InvertPoseIsItsOwnInverse) {
  test::TestRandom random;
  double pose[7], inverse_pose[7], back[7];
  random.Pose(pose);
  InvertPose(pose, inverse_pose);
  InvertPose(inverse_pose, back);
  for (int i = 0; i < 7; ++i) EXPECT_NEAR(back[i], pose[i], 1e-14);
  const RigidTransform<double> identity =
      SixDof<double>().transform(pose) * SixDof<double>().transform(inverse_pose);
  EXPECT_NEAR(dot(identity.translation, identity.translation), 0, 1e-28);
  EXPECT_NEAR(identity.rotation.row0.x + identity.rotation.row1.y + identity.rotation.row2.z, 3,
              1e-14);
}

TEST(PoseLayout, RefusesWhatIsNoLayout) {
  std::string error;
  PoseLayout layout = test::MakeLayout(static_cast<PoseStorage>(17), QuaternionOrder::kWxyz, false);
  EXPECT_FALSE(layout.Validate(&error));
  EXPECT_NE(error.find("storage"), std::string::npos);
  layout = test::MakeLayout(PoseStorage::kTranslationYaw, QuaternionOrder::kWxyz, false);
  EXPECT_TRUE(layout.Validate(&error));
  layout.yaw_axis = {0, 2, 0};
  EXPECT_FALSE(layout.Validate(&error));
  EXPECT_NE(error.find("yaw_axis"), std::string::npos);
  layout.yaw_axis = {0, 1, 0};
  layout.base_rotation.row0.x = -1;  // a reflection
  EXPECT_FALSE(layout.Validate(&error));
  EXPECT_NE(error.find("base_rotation"), std::string::npos);
}

}  // namespace
}  // namespace propnp
