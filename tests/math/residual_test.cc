// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/residual.h"

#include <cmath>

#include "tests/math/camera_examples.h"
#include "tests/math/derivative_check.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

// One correspondence and everything that its cost depends on, in one vector:
// [tangent step, x3d, x2d, W, delta, camera parameters].
template <typename Model, template <typename> class Dof, template <typename> class Weight>
struct Correspondence {
  static constexpr int kTangent = Dof<double>::kTangent;
  static constexpr int kWeight = sizeof(Weight<double>) / sizeof(double);
  static constexpr int kX3d = kTangent, kX2d = kX3d + 3, kW = kX2d + 2, kDelta = kW + kWeight,
                       kCamera = kDelta + 1;

  Dof<double> dof;
  std::vector<double> pose;
  std::vector<double> variables;  // the step is zero
  LossKind loss = LossKind::kNone;
  PixelBox<double> box;
  double z_min = 0.1, limit = 0;

  template <typename S>
  ViewModel<typename Model::template Camera<S>, S> MakeModel(const std::vector<S>& x) const {
    return {MakeCamera<Model>(std::vector<S>(x.begin() + kCamera, x.end()), limit),
            {box.active, {S(box.low.x), S(box.low.y)}, {S(box.high.x), S(box.high.y)}},
            S(z_min)};
  }
  template <typename S>
  Weight<S> MakeWeight(const std::vector<S>& x) const {
    Weight<S> weight;
    S* entries = &first(weight);
    for (int i = 0; i < kWeight; ++i) entries[i] = x[kW + i];
    return weight;
  }
  template <typename S>
  RigidTransform<S> CamFromObject(const std::vector<S>& x) const {
    Dof<S> cast_dof;
    if constexpr (kTangent == 4) {
      cast_dof.axis = cast<S>(dof.axis);
      cast_dof.base_rotation = cast<S>(dof.base_rotation);
    }
    std::vector<S> start(pose.begin(), pose.end()), moved(pose.size());
    cast_dof.retract(start.data(), x.data(), moved.data());
    return cast_dof.transform(moved.data());
  }

  // Cost, then both residuals, of the variables: what is to be differentiated.
  auto Function() const {
    return [this](const auto& x) {
      using S = ScalarOf<decltype(x)>;
      const auto model = MakeModel(x);
      const Vec3<S> point = CamFromObject(x) * Vec3<S>{x[kX3d], x[kX3d + 1], x[kX3d + 2]};
      const Vec2<S> x2d{x[kX2d], x[kX2d + 1]};
      const Vec2<S> e = weighted_residual(model, point, x2d, MakeWeight(x));
      const S cost = point_cost(model, RobustLoss<S>{loss, x[kDelta]}, point, x2d, MakeWeight(x));
      return std::vector<S>{cost, e.x, e.y};
    };
  }

  // The gradient of the cost by hand.
  Eigen::RowVectorXd CostGradient(double cotangent) const {
    const std::vector<double>& x = variables;
    const auto model = MakeModel(x);
    const RigidTransform<double> cam_from_object = CamFromObject(x);
    const Vec3<double> rotated =
        cam_from_object.rotation * Vec3<double>{x[kX3d], x[kX3d + 1], x[kX3d + 2]};
    const Vec3<double> point = rotated + cam_from_object.translation;
    const Vec2<double> x2d{x[kX2d], x[kX2d + 1]};
    const Weight<double> weight = MakeWeight(x);

    Vec2<double> pull;
    PointGradients<double> g{{10, 20, 30}, {40, 50}, 60};  // gradients are added
    Weight<double> weight_gradient{};
    std::vector<double> parameter_gradient(x.size() - kCamera);
    const double rho = point_cost_vjp(model, RobustLoss<double>{loss, x[kDelta]}, point, x2d,
                                      weight, cotangent, &pull, &g);
    EXPECT_NEAR(rho, Function()(x)[0], 1e-10 * (1 + rho));
    g.point_in_cam = g.point_in_cam - Vec3<double>{10, 20, 30};
    g.x2d = g.x2d - Vec2<double>{40, 50};
    weight_vjp(pull, reprojection_error(model, point, x2d), &weight_gradient);
    camera_vjp(model, point, weight, pull, parameter_gradient.data());

    Eigen::RowVectorXd gradient(x.size());
    dof.tangent_row(g.point_in_cam, rotated, gradient.data());
    const Vec3<double> to_x3d = transposed_times(cam_from_object.rotation, g.point_in_cam);
    gradient.segment(kX3d, 3) << to_x3d.x, to_x3d.y, to_x3d.z;
    gradient.segment(kX2d, 2) << g.x2d.x, g.x2d.y;
    for (int i = 0; i < kWeight; ++i) gradient[kW + i] = (&first(weight_gradient))[i];
    gradient[kDelta] = g.delta - 60;
    for (size_t i = 0; i < parameter_gradient.size(); ++i) {
      gradient[kCamera + i] = parameter_gradient[i];
    }
    return gradient / cotangent;
  }

  // Rows of the two residuals for the pose and the object point.
  Eigen::MatrixXd ResidualJacobian(ClampedRows clamped_rows) const {
    const std::vector<double>& x = variables;
    const RigidTransform<double> cam_from_object = CamFromObject(x);
    const Vec3<double> rotated =
        cam_from_object.rotation * Vec3<double>{x[kX3d], x[kX3d + 1], x[kX3d + 2]};
    const PointResidual<double> r =
        residual_with_jacobian(MakeModel(x), rotated + cam_from_object.translation,
                               Vec2<double>{x[kX2d], x[kX2d + 1]}, MakeWeight(x), clamped_rows);
    const std::vector<double> expected = Function()(x);
    EXPECT_NEAR(r.e.x, expected[1], 1e-12 * (1 + std::fabs(expected[1])));
    EXPECT_NEAR(r.e.y, expected[2], 1e-12 * (1 + std::fabs(expected[2])));
    Eigen::Matrix<double, 2, Eigen::Dynamic, Eigen::RowMajor> rows(2, kTangent + 3);
    int row = 0;
    for (const Vec3<double>& gradient : {r.x_gradient, r.y_gradient}) {
      dof.tangent_row(gradient, rotated, rows.row(row).data());
      const Vec3<double> to_x3d = transposed_times(cam_from_object.rotation, gradient);
      rows.row(row++).tail(3) << to_x3d.x, to_x3d.y, to_x3d.z;
    }
    return rows;
  }

  void CheckDerivatives(double ridders_step) const {
    const auto function = Function();
    const Eigen::MatrixXd automatic = DualJacobian(function, variables);
    const Eigen::RowVectorXd gradient = CostGradient(-1.7);
    ExpectClose(gradient, automatic.row(0), 1e-9, 1e-12, "cost gradient");
    const Eigen::MatrixXd rows = ResidualJacobian(ClampedRows::kExact);
    ExpectClose(rows, automatic.block(1, 0, 2, kTangent + 3), 1e-9, 1e-12, "residual Jacobian");
    if (ridders_step == 0) return;
    const Eigen::MatrixXd differences = RiddersJacobian(function, variables, ridders_step);
    ExpectClose(gradient, differences.row(0), 1e-6, 1e-7, "cost gradient, differences");
    ExpectClose(rows, differences.block(1, 0, 2, kTangent + 3), 1e-6, 1e-7,
                "residual Jacobian, differences");
  }

 private:
  template <typename S>
  static S& first(DiagonalWeight<S>& w) {
    return w.x;
  }
  template <typename S>
  static S& first(SqrtInformation<S>& w) {
    return w.xx;
  }
};

template <typename TestCase>
void Randomise(TestRandom* random, const std::vector<double>& parameters, double limit,
               TestCase* correspondence) {
  TestCase& c = *correspondence;
  c.limit = limit;
  c.variables.assign(TestCase::kCamera, 0.0);
  double pose[7];
  random->Pose(pose);
  c.pose.assign(pose, pose + 7);
  if constexpr (TestCase::kTangent == 4) {
    c.pose.resize(4);
    c.dof.axis = random->Axis();
    c.dof.base_rotation = rotation_matrix(random->Rotation());
  }
  c.variables.insert(c.variables.end(), parameters.begin(), parameters.end());
  for (int i = 0; i < 3; ++i) c.variables[TestCase::kX3d + i] = 0.3 * random->Normal();
  for (int i = 0; i < TestCase::kWeight; ++i) {
    c.variables[TestCase::kW + i] = random->Uniform(0.1, 0.5);
  }
  c.variables[TestCase::kDelta] = random->Uniform(1, 4);
  // A detection a few pixels beside the projection, on both sides of the loss' scale.
  const auto model = c.MakeModel(c.variables);
  const auto& x = c.variables;
  const Vec3<double> point =
      c.CamFromObject(x) *
      Vec3<double>{x[TestCase::kX3d], x[TestCase::kX3d + 1], x[TestCase::kX3d + 2]};
  const Vec2<double> pixel = model.camera.project(point, c.z_min);
  c.variables[TestCase::kX2d] = pixel.x + 8 * random->Normal();
  c.variables[TestCase::kX2d + 1] = pixel.y + 8 * random->Normal();
}

// |e| / delta, to keep the differences off the kink of the second derivative (and of clamps).
template <typename TestCase>
double RelativeResidual(const TestCase& c) {
  const std::vector<double> value = c.Function()(c.variables);
  return std::hypot(value[1], value[2]) / c.variables[TestCase::kDelta];
}

template <typename Model>
class ResidualTest : public ::testing::Test {
 public:
  template <template <typename> class Dof, template <typename> class Weight>
  static void CheckRandomCases(int count) {
    TestRandom random;
    int inside = 0, beyond = 0;
    for (const auto& parameters : ExampleParameters<Model>()) {
      for (const LossKind loss : {LossKind::kNone, LossKind::kHuber, LossKind::kCauchy}) {
        for (int i = 0; i < count; ++i) {
          Correspondence<Model, Dof, Weight> c;
          c.loss = loss;
          Randomise(&random, parameters, MonotoneLimit<Model>(parameters), &c);
          const double relative = RelativeResidual(c);
          ++(relative < 1 ? inside : beyond);
          // Jet everywhere; differences where no step crosses Huber's kink.
          c.CheckDerivatives(std::fabs(relative - 1) > 0.3 ? 2e-4 : 0);
        }
      }
    }
    EXPECT_GT(inside, count / 5);
    EXPECT_GT(beyond, count / 5);
  }
};
TYPED_TEST_SUITE(ResidualTest, CameraModels, ModelNames);

TYPED_TEST(ResidualTest, DerivativesSixDofWeights) {
  TestFixture::template CheckRandomCases<SixDof, DiagonalWeight>(15);
}

TYPED_TEST(ResidualTest, DerivativesFourDofSqrtInformation) {
  TestFixture::template CheckRandomCases<FourDof, SqrtInformation>(15);
}

using PinholeCase = Correspondence<PinholeModel, SixDof, SqrtInformation>;

PinholeCase MakePinholeCase(TestRandom* random) {
  PinholeCase c;
  c.loss = LossKind::kHuber;
  Randomise(random, ExampleParameters<PinholeModel>()[0], 0, &c);
  return c;
}

// Moves the detection so that e is `scale` times what it is.
void ScaleResidual(PinholeCase* c, double scale) {
  const std::vector<double> e = c->Function()(c->variables);
  const double xx = c->variables[PinholeCase::kW], xy = c->variables[PinholeCase::kW + 1];
  const double yx = c->variables[PinholeCase::kW + 2], yy = c->variables[PinholeCase::kW + 3];
  const double determinant = xx * yy - xy * yx;
  c->variables[PinholeCase::kX2d] += (1 - scale) * (yy * e[1] - xy * e[2]) / determinant;
  c->variables[PinholeCase::kX2d + 1] += (1 - scale) * (xx * e[2] - yx * e[1]) / determinant;
}

TEST(Residual, DerivativesOnBothSidesOfHubersDelta) {
  TestRandom random;
  for (int i = 0; i < 20; ++i) {
    for (const double relative : {1 - 1e-3, 1 - 1e-8, 1 + 1e-8, 1 + 1e-3}) {
      PinholeCase c = MakePinholeCase(&random);
      ScaleResidual(&c, relative / RelativeResidual(c));
      ASSERT_NEAR(RelativeResidual(c), relative, 1e-9);
      c.CheckDerivatives(0);
    }
  }
}

TEST(Residual, DerivativesAtResidualZero) {
  TestRandom random;
  for (const LossKind loss : {LossKind::kNone, LossKind::kHuber, LossKind::kCauchy}) {
    PinholeCase c = MakePinholeCase(&random);
    c.loss = loss;
    ScaleResidual(&c, 0);
    c.CheckDerivatives(0);
    const std::vector<double> value = c.Function()(c.variables);
    EXPECT_NEAR(value[0], 0, 1e-20);
  }
}

TEST(Residual, DerivativesAtADepthHeldAtItsMinimum) {
  TestRandom random;
  for (const double depth : {-2.0, -0.05, 0.0, 0.099, 0.1, 0.101}) {
    PinholeCase c = MakePinholeCase(&random);
    const RigidTransform<double> cam_from_object = c.CamFromObject(c.variables);
    const Vec3<double> x3d{c.variables[PinholeCase::kX3d], c.variables[PinholeCase::kX3d + 1],
                           c.variables[PinholeCase::kX3d + 2]};
    c.pose[2] += depth - (cam_from_object * x3d).z;
    // Exactly at z_min rounding decides the side; there as elsewhere it is the same for both.
    c.CheckDerivatives(std::fabs(depth - 0.1) > 0.01 ? 1e-4 : 0);
    const Eigen::MatrixXd dropped = c.ResidualJacobian(ClampedRows::kDrop);
    const Eigen::MatrixXd exact = c.ResidualJacobian(ClampedRows::kExact);
    if (depth < 0.0995) {
      EXPECT_EQ(dropped.cwiseAbs().maxCoeff(), 0) << depth;
      EXPECT_GT(exact.cwiseAbs().maxCoeff(), 0) << depth;
    }
    if (depth > 0.1005) {
      EXPECT_EQ(dropped, exact) << depth;
    }
  }
}

// Each coordinate that the box holds has derivative zero, whether rows are exact or dropped; with a
// full information matrix it still moves neither row through the other coordinate.
TEST(Residual, DerivativesWhereTheBoxHoldsTheProjection) {
  TestRandom random;
  for (const double side_x : {-1.0, 0.0, 1.0}) {
    for (const double side_y : {-1.0, 0.0, 1.0}) {
      PinholeCase c = MakePinholeCase(&random);
      const RigidTransform<double> cam_from_object = c.CamFromObject(c.variables);
      const Vec3<double> x3d{c.variables[PinholeCase::kX3d], c.variables[PinholeCase::kX3d + 1],
                             c.variables[PinholeCase::kX3d + 2]};
      const auto model = c.MakeModel(c.variables);
      const Vec2<double> pixel = model.camera.project(cam_from_object * x3d, c.z_min);
      c.box = {true,
               {pixel.x - 30 - 50 * side_x, pixel.y - 30 - 50 * side_y},
               {pixel.x + 30 - 50 * side_x, pixel.y + 30 - 50 * side_y}};
      c.CheckDerivatives(std::fabs(RelativeResidual(c) - 1) > 0.3 ? 1e-4 : 0);
      const Eigen::MatrixXd rows = c.ResidualJacobian(ClampedRows::kExact);
      EXPECT_EQ(rows, c.ResidualJacobian(ClampedRows::kDrop));
      const bool all_held = side_x != 0 && side_y != 0;
      EXPECT_EQ(rows.cwiseAbs().maxCoeff() == 0, all_held);
    }
  }
}

// Exactly on the edge of the box the cost and its derivatives take the same side.
TEST(Residual, OnTheEdgeOfTheBoxTheDerivativeIsThatOfTheInside) {
  const ViewModel<PinholeCamera<double>, double> model{
      {100, 100, 0, 0, 0}, {true, {-50, -50}, {50, 50}}, 0.1};
  const Vec3<double> on_edge{1, -1, 2};  // pixel (50, -50)
  const auto function = [](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    const ViewModel<PinholeCamera<S>, S> dual_model{
        {S(100), S(100), S(0), S(0), S(0)}, {true, {S(-50), S(-50)}, {S(50), S(50)}}, S(0.1)};
    const Vec2<S> e =
        reprojection_error(dual_model, Vec3<S>{x[0], x[1], x[2]}, Vec2<S>{S(3), S(4)});
    return std::vector<S>{e.x, e.y};
  };
  const Projection<double> p = clamped_projection(model, on_edge, ClampedRows::kExact);
  Eigen::MatrixXd by_hand(2, 3);
  by_hand << p.u_gradient.x, p.u_gradient.y, p.u_gradient.z, p.v_gradient.x, p.v_gradient.y,
      p.v_gradient.z;
  EXPECT_EQ(p.u_gradient.x, 50);
  ExpectDualJacobian(by_hand, function, {1, -1, 2}, "edge of the box");
}

TEST(Residual, ANonFiniteProjectionIsNotHiddenByTheBox) {
  const ViewModel<PinholeCamera<double>, double> model{
      {100, 100, 0, 0, 0}, {true, {-50, -50}, {50, 50}}, 0.1};
  const double nan = std::nan("");
  for (const Vec3<double> point :
       {Vec3<double>{nan, 0, 1}, Vec3<double>{0, nan, 1}, Vec3<double>{0, 0, nan}}) {
    const double cost = point_cost(model, RobustLoss<double>{LossKind::kHuber, 1.0}, point,
                                   Vec2<double>{0, 0}, DiagonalWeight<double>{1, 1});
    EXPECT_TRUE(std::isnan(cost));
  }
}

// A weight of zero removes the point; changing a weight changes the answer.
TEST(Residual, WeightsWeigh) {
  const ViewModel<PinholeCamera<double>, double> model{{100, 100, 0, 0, 0}, {}, 0.1};
  const RobustLoss<double> loss{};
  const Vec3<double> point{0.3, 0.4, 1};
  const Vec2<double> x2d{27, 44};  // 3 px and -4 px beside the projection
  const auto cost = [&](double wx, double wy) {
    return point_cost(model, loss, point, x2d, DiagonalWeight<double>{wx, wy});
  };
  EXPECT_NEAR(cost(0, 0), 0, 1e-20);
  EXPECT_NEAR(cost(1, 0), 4.5, 1e-12);
  EXPECT_NEAR(cost(0, 2), 32, 1e-12);
  EXPECT_NEAR(point_cost(model, loss, point, x2d, SqrtInformation<double>{1, 2, 3, 4}),
              0.5 * (25 + 49), 1e-12);
}

}  // namespace
}  // namespace propnp::test
