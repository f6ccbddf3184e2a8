// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What Evaluate() says of every point against the functions of math/ called one by one, and its
// derivatives against differences of its own cost.
#include "propnp/engine/evaluate.h"

#include <algorithm>
#include <tuple>

#include "propnp/math/residual.h"
#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

// Camera, degrees of freedom, loss; the weight is an information for every other loss.
using Case = std::tuple<int, int, int>;

constexpr int64_t kPoints = 21;  // no multiple of any register

class EvaluateCase : public ::testing::TestWithParam<Case> {
 protected:
  // Two objects on a camera with a place on a rig, noisy, with a box that some projections leave.
  Batch MakeBatch(TestRandom& random) {
    const auto [camera, dof, loss] = GetParam();
    Simulation simulation;
    simulation.objects = 2;
    simulation.points = kPoints;
    simulation.dof = dof;
    simulation.camera = camera;
    simulation.noise_px = 2;
    Batch b = Simulate(random, simulation);
    b.cost.loss = loss;
    b.cost.delta = 1.3;
    b.cost.relative_delta = 0.01;
    b.cost.z_min = 0.1;
    b.box_px = {150, 100, 500, 400};
    b.camera_from_rig = {0.05, -0.1, 0.02, 0.99, 0.05, -0.03, 0.02};
    b.view_rig = {0, -1};
    if (loss % 2) {
      for (int64_t k = 0; k < 4 * 2 * kPoints; ++k) b.sqrt_info.push_back(random.Uniform(-1, 2));
    } else {
      for (int64_t k = 0; k < 2 * 2 * kPoints; ++k) b.w2d.push_back(random.Uniform(0, 2));
    }
    if (dof == 4) {
      const Vec3<double> axis = random.Axis();
      b.cost.yaw_axis[0] = axis.x, b.cost.yaw_axis[1] = axis.y, b.cost.yaw_axis[2] = axis.z;
      for (int i = 0; i < 2; ++i) {
        const Quaternion<double> q = random.Rotation();
        b.base_rotation.insert(b.base_rotation.end(), {q.w, q.x, q.y, q.z});
      }
    }
    return b;
  }
};

// One point by hand.
struct PointValue {
  Vec2<double> error, e;
  double rho, weight, curvature;
  double rows[2][6];
};

class ByHand {
 public:
  ByHand(const Batch& b, const double* deltas, ClampedRows rows)
      : b_(b), deltas_(deltas), rows_(rows) {}

  PointValue Point(int64_t object, int64_t k, const double* pose) const {
    PointValue value = {};
    visit_camera(b_.camera_model[0], [&](auto model) {
      using Camera = typename decltype(model)::template Camera<double>;
      const double* p = b_.camera_parameters.data();
      ViewModel<Camera, double> view;
      view.camera = Camera::from_parameters(p, Camera::monotone_limit(p));
      view.box = {true, {b_.box_px[0], b_.box_px[1]}, {b_.box_px[2], b_.box_px[3]}};
      view.z_min = b_.cost.z_min;
      value = PointIn(view, object, k, pose);
    });
    return value;
  }

 private:
  template <typename View>
  PointValue PointIn(const View& view, int64_t object, int64_t k, const double* pose) const {
    const int64_t row = object * kPoints + k;
    const double* x = &b_.x3d[3 * row];
    const RigidTransform<double> rig_from_object = TransformOf(b_, object, pose);
    const Vec3<double> rotated = rig_from_object.rotation * Vec3<double>{x[0], x[1], x[2]};
    Vec3<double> point = rotated + rig_from_object.translation;
    const bool on_rig = b_.view_rig[object] >= 0;
    const RigidTransform<double> camera_from_rig =
        SixDof<double>().transform(b_.camera_from_rig.data());
    if (on_rig) point = camera_from_rig * point;
    const Vec2<double> x2d{b_.x2d[2 * row], b_.x2d[2 * row + 1]};
    PointResidual<double> r;
    if (b_.sqrt_info.empty()) {
      const DiagonalWeight<double> w{b_.w2d[2 * row], b_.w2d[2 * row + 1]};
      r = residual_with_jacobian(view, point, x2d, w, rows_);
    } else {
      const double* i = &b_.sqrt_info[4 * row];
      const SqrtInformation<double> w{i[0], i[1], i[2], i[3]};
      r = residual_with_jacobian(view, point, x2d, w, rows_);
    }
    if (on_rig) {
      r.x_gradient = transposed_times(camera_from_rig.rotation, r.x_gradient);
      r.y_gradient = transposed_times(camera_from_rig.rotation, r.y_gradient);
    }
    const LossKind kind = b_.cost.loss == PROPNP_LOSS_ADAPTIVE_HUBER
                              ? LossKind::kHuber
                              : static_cast<LossKind>(b_.cost.loss);
    const RobustLoss<double> loss{kind, deltas_[object]};
    const LossValue<double> l = loss.evaluate(dot(r.e, r.e));
    PointValue value{reprojection_error(view, point, x2d), r.e, l.rho, l.weight, l.curvature, {}};
    TangentRow(r.x_gradient, rotated, value.rows[0]);
    TangentRow(r.y_gradient, rotated, value.rows[1]);
    return value;
  }

  void TangentRow(const Vec3<double>& gradient, const Vec3<double>& rotated, double* row) const {
    if (b_.cost.dof == 6) {
      SixDof<double>().tangent_row(gradient, rotated, row);
    } else {
      FourDof<double> four;
      four.axis = {b_.cost.yaw_axis[0], b_.cost.yaw_axis[1], b_.cost.yaw_axis[2]};
      four.tangent_row(gradient, rotated, row);
    }
  }

  const Batch& b_;
  const double* deltas_;
  const ClampedRows rows_;
};

// Poses that leave some points behind the camera and some projections outside the box.
std::vector<double> HardPoses(TestRandom& random, const Batch& b) {
  std::vector<double> poses = NearTruth(random, b, 0.05);
  poses[b.pose_size() + 2] = 0.3;
  return poses;
}

// The functions are the same; lanes add fused products and another order of sums, so 30 points of
// double leave 1e-14 of the largest term, and 1e-11 has room for the cancellation in pixels.
void ExpectClose(double actual, double expected, double scale) {
  EXPECT_NEAR(actual, expected, 1e-11 * (scale + std::fabs(expected)));
}

TEST_P(EvaluateCase, EqualsTheMathematicsPointByPoint) {
  TestRandom random;
  const Batch b = MakeBatch(random);
  const int64_t d = b.cost.dof;
  for (const bool drop : {false, true}) {
    EvaluateCall call(b, HardPoses(random, b));
    call.args.drop_clamped_rows = drop;
    ASSERT_TRUE(call.Run(SharedContext()).ok());
    const ByHand by_hand(b, call.delta.data(), drop ? ClampedRows::kDrop : ClampedRows::kExact);
    for (int64_t i = 0; i < 2; ++i) {
      EXPECT_EQ(call.status[i], 0);
      double cost = 0, gradient[6] = {}, hessian[36] = {}, scale = 1;
      for (int64_t k = 0; k < kPoints; ++k) {
        const int64_t row = i * kPoints + k;
        const PointValue p = by_hand.Point(i, k, &call.pose[i * b.pose_size()]);
        ExpectClose(call.pixel_error[2 * row], p.error.x, 1e3);
        ExpectClose(call.pixel_error[2 * row + 1], p.error.y, 1e3);
        ExpectClose(call.residual[2 * row], p.e.x, 1e3);
        ExpectClose(call.residual[2 * row + 1], p.e.y, 1e3);
        ExpectClose(call.loss_weight[row], p.weight, 1);
        const double s2 = dot(p.e, p.e), n[2] = {p.e.x, p.e.y};
        cost += p.rho;
        for (int64_t a = 0; a < d; ++a) {
          for (int axis = 0; axis < 2; ++axis) {
            const double entry = call.jacobian[(2 * row + axis) * d + a];
            ExpectClose(entry, p.rows[axis][a], 1e3);
            gradient[a] += p.weight * n[axis] * p.rows[axis][a];
          }
          for (int64_t c = 0; c < d; ++c) {
            for (int x = 0; x < 2; ++x) {
              for (int y = 0; y < 2; ++y) {
                const double nn = s2 > 0 ? n[x] * n[y] / s2 : 0;
                const double block = p.weight * ((x == y) - nn) + p.curvature * nn;
                hessian[a * d + c] += p.rows[x][a] * block * p.rows[y][c];
                scale = std::max(scale, std::fabs(p.rows[x][a] * p.rows[y][c]));
              }
            }
          }
        }
      }
      ExpectClose(call.cost_value[i], cost, cost);
      const double gradient_scale = std::sqrt(2 * cost * scale);
      for (int64_t a = 0; a < d; ++a) {
        ExpectClose(call.gradient[i * d + a], gradient[a], kPoints * gradient_scale);
        for (int64_t c = 0; c < d; ++c) {
          ExpectClose(call.hessian[(i * d + a) * d + c], hessian[a * d + c], kPoints * scale);
        }
      }
    }
  }
}

// Central differences of the cost over 1e-6: an error of 1e-12 of the third derivative, and
// rounding of 1e-16 cost / 1e-6. Both are far below 1e-5 of the gradient's scale. No kink of
// clamping lies within the step at these poses.
TEST_P(EvaluateCase, GradientIsThatOfTheCost) {
  TestRandom random;
  const Batch b = MakeBatch(random);
  const int64_t d = b.cost.dof, p = b.pose_size();
  EvaluateCall call(b, HardPoses(random, b));
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  constexpr double kStep = 1e-6;
  for (int64_t a = 0; a < d; ++a) {
    std::vector<double> costs[2];
    for (const int side : {0, 1}) {
      std::vector<double> poses = call.pose;
      for (int64_t i = 0; i < 2; ++i) {
        double step[6] = {};
        step[a] = side ? kStep : -kStep;
        if (d == 6) {
          SixDof<double>().retract(&poses[i * p], step, &poses[i * p]);
        } else {
          FourDof<double>().retract(&poses[i * p], step, &poses[i * p]);
        }
      }
      EvaluateCall moved(b, poses);
      ASSERT_TRUE(moved.Run(SharedContext()).ok());
      costs[side] = moved.cost_value;
    }
    for (int64_t i = 0; i < 2; ++i) {
      const double difference = (costs[1][i] - costs[0][i]) / (2 * kStep);
      double scale = 1;
      for (int64_t c = 0; c < d; ++c) scale = std::max(scale, std::fabs(call.gradient[i * d + c]));
      EXPECT_NEAR(call.gradient[i * d + a], difference, 1e-5 * scale) << "object " << i;
    }
  }
}

// Dropping clamped rows sets those of points behind the camera to zero and leaves the others alone.
TEST_P(EvaluateCase, DroppedRowsAreZero) {
  TestRandom random;
  Batch b = MakeBatch(random);
  b.box_px.clear();  // it clamps what lies behind, and then there is nothing left to drop
  const int64_t d = b.cost.dof;
  EvaluateCall exact(b, HardPoses(random, b));
  EvaluateCall dropped(b, exact.pose);
  dropped.args.drop_clamped_rows = 1;
  ASSERT_TRUE(exact.Run(SharedContext()).ok());
  ASSERT_TRUE(dropped.Run(SharedContext()).ok());
  EXPECT_EQ(exact.cost_value, dropped.cost_value);
  EXPECT_EQ(exact.residual, dropped.residual);
  int changed = 0;
  for (int64_t row = 0; row < 2 * kPoints; ++row) {
    bool zero = true, same = true;
    for (int64_t k = 2 * d * row; k < 2 * d * (row + 1); ++k) {
      zero &= dropped.jacobian[k] == 0;
      same &= dropped.jacobian[k] == exact.jacobian[k];
    }
    EXPECT_TRUE(zero || same) << "point " << row;
    changed += !same;
  }
  // A fisheye has no depth to clamp.
  if (std::get<0>(GetParam()) == PROPNP_CAMERA_FISHEYE) {
    EXPECT_EQ(changed, 0);
  } else {
    EXPECT_GT(changed, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(CameraDofLoss, EvaluateCase,
                         ::testing::Combine(::testing::Range(0, 4), ::testing::Values(6, 4),
                                            ::testing::Range(0, 4)));

// A box holds the projection, and its derivative is zero there.
TEST(Box, ClampsTheProjection) {
  TestRandom random;
  Batch b = Simulate(random, Simulation());
  EvaluateCall free(b, b.true_pose);
  ASSERT_TRUE(free.Run(SharedContext()).ok());
  b.box_px = {300, 200, 340, 260};
  EvaluateCall boxed(b, b.true_pose);
  ASSERT_TRUE(boxed.Run(SharedContext()).ok());
  int clamped = 0;
  for (int64_t k = 0; k < 2 * b.num_points; ++k) {
    const double low = b.box_px[k % 2], high = b.box_px[2 + k % 2];
    const double pixel = b.x2d[k] + free.pixel_error[k];
    EXPECT_NEAR(boxed.pixel_error[k], std::clamp(pixel, low, high) - b.x2d[k], 1e-10);
    if (pixel < low || pixel > high) {
      ++clamped;
      for (int64_t c = 0; c < 6; ++c) EXPECT_EQ(boxed.jacobian[6 * k + c], 0);
    }
  }
  EXPECT_GT(clamped, 0);
  EXPECT_LT(clamped, 2 * b.num_points);
}

// A pose that is none: zeros and a status, and only there.
TEST(EvaluateStatus, OfBadObjects) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 4;
  Batch b = Simulate(random, simulation);
  b.counts = {20, 20, 20, 2};
  EvaluateCall good(b, b.true_pose);
  ASSERT_TRUE(good.Run(SharedContext()).ok());
  EXPECT_EQ(good.status[0], 0);
  // A cost needs no three points, but says that there are none.
  EXPECT_EQ(good.status[3], PROPNP_STATUS_TOO_FEW_POINTS);
  EXPECT_LT(good.cost_value[3], 1e-15);
  EXPECT_NE(good.jacobian[3 * 20 * 12], 0);
  // Padding is set to zero.
  for (int64_t k = 2 * (3 * 20 + 2); k < 2 * 80; ++k) EXPECT_EQ(good.residual[k], 0);

  Batch spoiled = b;
  spoiled.x3d[3 * 20 * 1] = kNaN;
  std::vector<double> poses = b.true_pose;
  poses[2 * 7 + 1] = kInfinity;
  EvaluateCall bad(spoiled, poses);
  ASSERT_TRUE(bad.Run(SharedContext()).ok());
  for (const int64_t i : {1, 2}) {
    EXPECT_EQ(bad.status[i], PROPNP_STATUS_NON_FINITE_INPUT);
    EXPECT_EQ(bad.cost_value[i], 0);
    EXPECT_EQ(bad.delta[i], 0);
    for (int64_t k = 0; k < 6; ++k) EXPECT_EQ(bad.gradient[6 * i + k], 0);
    for (int64_t k = 0; k < 40; ++k) EXPECT_EQ(bad.residual[40 * i + k], 0);
    for (int64_t k = 0; k < 240; ++k) EXPECT_EQ(bad.jacobian[240 * i + k], 0);
    for (int64_t k = 0; k < 20; ++k) EXPECT_EQ(bad.loss_weight[20 * i + k], 0);
  }
  for (const int64_t i : {0, 3}) {
    EXPECT_EQ(bad.status[i], good.status[i]);
    EXPECT_EQ(bad.cost_value[i], good.cost_value[i]);
    for (int64_t k = 0; k < 240; ++k) {
      EXPECT_EQ(bad.jacobian[240 * i + k], good.jacobian[240 * i + k]);
    }
  }
}

// The default depth limit follows the object's size, so that units do not matter: the cost of
// points behind the camera is the same in metres and millimetres.
TEST(DepthLimit, DefaultFollowsTheObjectsSize) {
  TestRandom random;
  Batch b = Simulate(random, Simulation());
  std::vector<double> pose = b.true_pose;
  pose[2] = 0.2;
  EvaluateCall metres(b, pose);
  Batch in_millimetres = b;
  for (double& x : in_millimetres.x3d) x *= 1000;
  std::vector<double> pose_in_millimetres = pose;
  for (int k = 0; k < 3; ++k) pose_in_millimetres[k] *= 1000;
  EvaluateCall millimetres(in_millimetres, pose_in_millimetres);
  ASSERT_TRUE(metres.Run(SharedContext()).ok());
  ASSERT_TRUE(millimetres.Run(SharedContext()).ok());
  EXPECT_NEAR(millimetres.cost_value[0], metres.cost_value[0], 1e-9 * metres.cost_value[0]);
  // A thousandth of the rms radius of the points.
  double mean[3] = {}, squares = 0;
  for (int64_t k = 0; k < 60; ++k) mean[k % 3] += b.x3d[k] / 20;
  for (int64_t k = 0; k < 60; ++k) squares += (b.x3d[k] - mean[k % 3]) * (b.x3d[k] - mean[k % 3]);
  b.cost.z_min = 1e-3 * std::sqrt(squares / 20);
  EvaluateCall explicit_limit(b, pose);
  ASSERT_TRUE(explicit_limit.Run(SharedContext()).ok());
  EXPECT_NEAR(explicit_limit.cost_value[0], metres.cost_value[0], 1e-9 * metres.cost_value[0]);
}

}  // namespace
}  // namespace propnp::test
