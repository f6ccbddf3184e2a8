// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The mathematics with a vector scalar whose comparisons yield a mask and no `bool`: a branch on a
// scalar's value does not compile here, and each lane must get what it gets alone, also when its
// neighbour lies on the other side of a clamp.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "propnp/math/pose.h"
#include "propnp/math/residual.h"
#include "propnp/math/tangent.h"
#include "tests/math/camera_examples.h"
#include "tests/math/test_random.h"

namespace propnp::test {

constexpr int kLanes = 4;

struct Mask {
  std::array<bool, kLanes> lane{};
};

struct Lanes {
  std::array<double, kLanes> lane{};

  Lanes() = default;
  explicit Lanes(double value) { lane.fill(value); }
};

template <typename Function>
Lanes Map(const Lanes& a, const Function& f) {
  Lanes result;
  for (int i = 0; i < kLanes; ++i) result.lane[i] = f(a.lane[i]);
  return result;
}
template <typename Function>
Lanes Map(const Lanes& a, const Lanes& b, const Function& f) {
  Lanes result;
  for (int i = 0; i < kLanes; ++i) result.lane[i] = f(a.lane[i], b.lane[i]);
  return result;
}
Lanes operator+(const Lanes& a, const Lanes& b) {
  return Map(a, b, [](double x, double y) { return x + y; });
}
Lanes operator-(const Lanes& a, const Lanes& b) {
  return Map(a, b, [](double x, double y) { return x - y; });
}
Lanes operator*(const Lanes& a, const Lanes& b) {
  return Map(a, b, [](double x, double y) { return x * y; });
}
Lanes operator/(const Lanes& a, const Lanes& b) {
  return Map(a, b, [](double x, double y) { return x / y; });
}
Lanes operator-(const Lanes& a) {
  return Map(a, [](double x) { return -x; });
}
Lanes sqrt(const Lanes& a) {
  return Map(a, [](double x) { return std::sqrt(x); });
}
Lanes sin(const Lanes& a) {
  return Map(a, [](double x) { return std::sin(x); });
}
Lanes cos(const Lanes& a) {
  return Map(a, [](double x) { return std::cos(x); });
}
Lanes log1p(const Lanes& a) {
  return Map(a, [](double x) { return std::log1p(x); });
}
Lanes atan2(const Lanes& a, const Lanes& b) {
  return Map(a, b, [](double y, double x) { return std::atan2(y, x); });
}
Mask operator<(const Lanes& a, const Lanes& b) {
  Mask mask;
  for (int i = 0; i < kLanes; ++i) mask.lane[i] = a.lane[i] < b.lane[i];
  return mask;
}
Mask operator|(const Mask& a, const Mask& b) {
  Mask mask;
  for (int i = 0; i < kLanes; ++i) mask.lane[i] = a.lane[i] || b.lane[i];
  return mask;
}
Lanes select(const Mask& mask, const Lanes& a, const Lanes& b) {
  Lanes result;
  for (int i = 0; i < kLanes; ++i) result.lane[i] = mask.lane[i] ? a.lane[i] : b.lane[i];
  return result;
}

namespace {

// What a scalar kernel computes of one point, in a fixed order.
template <typename Model, typename S>
std::vector<S> Everything(const std::vector<double>& parameters, double limit, LossKind kind,
                          const Vec3<S>& point, const Vec3<S>& displacement, const Vec2<S>& x2d) {
  const std::vector<S> p(parameters.begin(), parameters.end());
  ViewModel<typename Model::template Camera<S>, S> model;
  model.camera = MakeCamera<Model>(p, limit);
  model.box = {true, {S(-200), S(-100)}, {S(900), S(700)}};
  model.z_min = S(0.1);
  const RobustLoss<S> loss{kind, S(2)};
  const SqrtInformation<S> weight{S(0.1), S(0.02), S(-0.03), S(0.2)};

  const PointResidual<S> r = residual_with_jacobian(model, point, x2d, weight, ClampedRows::kDrop);
  const Vec2<S> difference = model.camera.project_difference(point, displacement, model.z_min);
  std::vector<S> parameter_gradient(p.size(), S(0));
  Vec2<S> pull;
  PointGradients<S> g{{S(0), S(0), S(0)}, {S(0), S(0)}, S(0)};
  const S rho = point_cost_vjp(model, loss, point, x2d, weight, S(1.5), &pull, &g);
  camera_vjp(model, point, weight, pull, parameter_gradient.data());
  S row[6];
  SixDof<double>().tangent_row(r.x_gradient, point, row);

  std::vector<S> all{
      r.e.x,        r.e.y, r.x_gradient.x,   r.x_gradient.z,   r.y_gradient.y, difference.x,
      difference.y, rho,   g.point_in_cam.x, g.point_in_cam.z, g.x2d.x,        g.delta};
  const S squared_norm = dot(r.e, r.e);
  for (const Curvature curvature : {Curvature::kHessian, Curvature::kPositive}) {
    const auto d = curvature_directions(curvature, r.e, squared_norm, loss.evaluate(squared_norm));
    all.insert(all.end(), {d.first.x, d.first.y, d.first_factor, d.second_factor});
  }
  const Vec3<S> theta = cayley_from_rotation_vector(displacement);
  const Vec3<S> phi = rotation_vector_from_cayley(theta);
  const Mat3<S> turn = rotation_matrix(quaternion_from_cayley(theta));
  all.insert(all.end(), {theta.x, phi.y, turn.row0.z,
                         rotation_minus_identity_from_cayley(theta).row2.x, row[3], row[5]});
  all.insert(all.end(), parameter_gradient.begin(), parameter_gradient.end());
  return all;
}

template <typename Model>
class LanesTest : public ::testing::Test {};
TYPED_TEST_SUITE(LanesTest, CameraModels, ModelNames);

TYPED_TEST(LanesTest, EachLaneIsTheScalarResult) {
  TestRandom random;
  for (const auto& parameters : ExampleParameters<TypeParam>()) {
    const double limit = MonotoneLimit<TypeParam>(parameters);
    for (const LossKind kind : {LossKind::kNone, LossKind::kHuber, LossKind::kCauchy}) {
      for (int trial = 0; trial < 50; ++trial) {
        Vec3<Lanes> point, displacement;
        Vec2<Lanes> x2d;
        for (int i = 0; i < kLanes; ++i) {
          // In front, far from the axis, behind, on the axis.
          const double spread = i == 1 ? 3 : i == 3 ? 0 : 0.3;
          point.x.lane[i] = spread * random.Normal();
          point.y.lane[i] = spread * random.Normal();
          point.z.lane[i] = i == 2 ? -random.Uniform(0, 1) : random.Uniform(0.05, 2);
          const double size = i % 2 == 0 ? 1e-6 : 0.3;
          displacement.x.lane[i] = size * random.Normal();
          displacement.y.lane[i] = size * random.Normal();
          displacement.z.lane[i] = size * random.Normal();
          x2d.x.lane[i] = random.Uniform(0, 640), x2d.y.lane[i] = random.Uniform(0, 480);
        }
        const std::vector<Lanes> together =
            Everything<TypeParam>(parameters, limit, kind, point, displacement, x2d);
        for (int i = 0; i < kLanes; ++i) {
          const auto lane = [i](const Vec3<Lanes>& v) {
            return Vec3<double>{v.x.lane[i], v.y.lane[i], v.z.lane[i]};
          };
          const std::vector<double> alone =
              Everything<TypeParam>(parameters, limit, kind, lane(point), lane(displacement),
                                    Vec2<double>{x2d.x.lane[i], x2d.y.lane[i]});
          ASSERT_EQ(alone.size(), together.size());
          for (size_t k = 0; k < alone.size(); ++k) {
            EXPECT_TRUE(std::isfinite(alone[k])) << "value " << k << " lane " << i;
            // Equal but for the compiler's freedom to contract a * b + c.
            EXPECT_NEAR(together[k].lane[i], alone[k], 1e-9 * (1 + std::fabs(alone[k])))
                << "value " << k << " lane " << i;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace propnp::test
