// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/second_derivatives.h"

#include <cmath>

#include "tests/math/camera_examples.h"
#include "tests/math/derivative_check.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr LossKind kLosses[] = {LossKind::kNone, LossKind::kHuber, LossKind::kCauchy};
constexpr ClampedRows kRows[] = {ClampedRows::kExact, ClampedRows::kDrop};
constexpr double kZMin = 0.5;

// Everything that F depends on, in one vector:
// [point_in_cam, velocity along lambda, velocity along Delta, x2d, W, delta, camera parameters].
template <typename Model, template <typename> class Weight>
struct Correspondence {
  static constexpr int kWeight = sizeof(Weight<double>) / sizeof(double);
  static constexpr int kX2d = 9, kW = 11, kDelta = kW + kWeight, kCamera = kDelta + 1;

  LossKind loss;
  ClampedRows rows;
  double limit;
  PixelBox<double> box;

  template <typename S>
  auto MakeModel(const double* parameters) const {
    using Camera = typename Model::template Camera<S>;
    std::vector<S> p;
    for (int k = 0; k < Camera::kNumParameters; ++k) p.push_back(S(parameters[k]));
    return MakeModel(p);
  }
  template <typename S>
  auto MakeModel(const std::vector<S>& parameters) const {
    return ViewModel<typename Model::template Camera<S>, S>{
        MakeCamera<Model>(parameters, limit),
        {box.active, {S(box.low.x), S(box.low.y)}, {S(box.high.x), S(box.high.y)}},
        S(kZMin)};
  }
  template <typename S>
  static Weight<S> MakeWeight(const S* entries) {
    if constexpr (kWeight == 2) {
      return {entries[0], entries[1]};
    } else {
      return {entries[0], entries[1], entries[2], entries[3]};
    }
  }
  template <typename S>
  static Vec3<S> Vector(const S* x) {
    return {x[0], x[1], x[2]};
  }

  // F by its formula, from first derivatives by hand.
  auto Function() const {
    return [this](const auto& x) {
      using S = ScalarOf<decltype(x)>;
      const PointResidual<S> r = residual_with_jacobian(
          MakeModel(std::vector<S>(x.begin() + kCamera, x.end())), Vector(&x[0]),
          Vec2<S>{x[kX2d], x[kX2d + 1]}, MakeWeight(&x[kW]), rows);
      const auto along = [&r](const Vec3<S>& v) {
        return Vec2<S>{dot(r.x_gradient, v), dot(r.y_gradient, v)};
      };
      const S weight = RobustLoss<S>{loss, x[kDelta]}.evaluate(dot(r.e, r.e)).weight;
      return std::vector<S>{weight * dot(along(Vector(&x[3])), r.e + along(Vector(&x[6])))};
    };
  }

  Eigen::MatrixXd ByHand(const std::vector<double>& x) const {
    using D = propnp::Dual<double, 2>;
    const auto model = MakeModel<D>(&x[kCamera]);
    const Vec3<double> point = Vector(&x[0]);
    const Vec3<double> velocity[2] = {Vector(&x[3]), Vector(&x[6])};
    const auto g = newton_product_vjp(model, RobustLoss<double>{loss, x[kDelta]}, point, velocity,
                                      Vec2<double>{x[kX2d], x[kX2d + 1]}, MakeWeight(&x[kW]), rows);
    Eigen::MatrixXd gradient = Eigen::MatrixXd::Zero(1, x.size());
    gradient.leftCols(kX2d + 2) << g.point_in_cam.x, g.point_in_cam.y, g.point_in_cam.z,
        g.velocity[0].x, g.velocity[0].y, g.velocity[0].z, g.velocity[1].x, g.velocity[1].y,
        g.velocity[1].z, g.x2d.x, g.x2d.y;
    if constexpr (kWeight == 2) {
      gradient.middleCols(kW, 2) << g.weight.x, g.weight.y;
    } else {
      gradient.middleCols(kW, 4) << g.weight.xx, g.weight.xy, g.weight.yx, g.weight.yy;
    }
    gradient(0, kDelta) = g.delta;
    newton_product_camera_vjp(model, point, velocity, rows, g, &gradient(0, kCamera));
    return gradient;
  }
};

// In front of the camera and behind it, inside the image and far outside.
Vec3<double> RandomPoint(TestRandom& random, int i) {
  const double depth = i % 5 == 0 ? random.Uniform(-2, 0.4) : random.Uniform(0.6, 4);
  const double spread = i % 3 == 0 ? 2 : 0.4;
  return {spread * random.Normal(), spread * random.Normal(), depth};
}

template <typename Model>
class SecondDerivatives : public ::testing::Test {
 protected:
  template <template <typename> class Weight, typename Check>
  void ForEachCorrespondence(const Check& check) {
    TestRandom random;
    int i = 0;
    for (const std::vector<double>& camera : ExampleParameters<Model>()) {
      for (const LossKind loss : kLosses) {
        for (const ClampedRows rows : kRows) {
          for (const bool with_box : {false, true}) {
            for (int repeat = 0; repeat < 6; ++repeat, ++i) {
              const PixelBox<double> box{with_box, {150, 100}, {500, 400}};
              const Correspondence<Model, Weight> c{loss, rows, MonotoneLimit<Model>(camera), box};
              check(c, Variables<Weight>(random, camera, i));
            }
          }
        }
      }
    }
  }

 private:
  template <template <typename> class Weight>
  static std::vector<double> Variables(TestRandom& random, const std::vector<double>& camera,
                                       int i) {
    const Vec3<double> point = RandomPoint(random, i);
    std::vector<double> x = {point.x, point.y, point.z};
    for (int k = 0; k < 6; ++k) x.push_back(random.Normal());
    const Vec2<double> pixel =
        MakeCamera<Model>(camera, MonotoneLimit<Model>(camera)).project(point, kZMin);
    x.insert(x.end(), {pixel.x + 3 * random.Normal(), pixel.y + 3 * random.Normal()});
    for (int k = 0; k < Correspondence<Model, Weight>::kWeight; ++k) {
      x.push_back(random.Uniform(-0.2, 1));
    }
    x.push_back(random.Uniform(0.5, 2));
    x.insert(x.end(), camera.begin(), camera.end());
    return x;
  }
};
TYPED_TEST_SUITE(SecondDerivatives, CameraModels, ModelNames);

// Automatic differentiation of a formula that holds first derivatives; both sides round like them.
TYPED_TEST(SecondDerivatives, NewtonProductVjp) {
  const auto check = [](const auto& c, const std::vector<double>& x) {
    ExpectClose(c.ByHand(x), DualJacobian(c.Function(), x), 1e-9, 1e-11, "F");
  };
  this->template ForEachCorrespondence<DiagonalWeight>(check);
  this->template ForEachCorrespondence<SqrtInformation>(check);
}

TYPED_TEST(SecondDerivatives, PointCurvatureIsTheDerivativeOfTheGradient) {
  const auto check = [](const auto& c, const std::vector<double>& x) {
    using C = std::decay_t<decltype(c)>;
    const auto gradient = [&](const auto& p) {
      using S = ScalarOf<decltype(p)>;
      const std::vector<S> fixed(x.begin(), x.end());
      const PointResidual<S> r = residual_with_jacobian(
          c.MakeModel(std::vector<S>(fixed.begin() + C::kCamera, fixed.end())),
          Vec3<S>{p[0], p[1], p[2]}, Vec2<S>{fixed[C::kX2d], fixed[C::kX2d + 1]},
          C::MakeWeight(&fixed[C::kW]), c.rows);
      const S weight = RobustLoss<S>{c.loss, fixed[C::kDelta]}.evaluate(dot(r.e, r.e)).weight;
      const Vec3<S> g = (weight * r.e.x) * r.x_gradient + (weight * r.e.y) * r.y_gradient;
      return std::vector<S>{g.x, g.y, g.z};
    };
    const std::vector<double> point(x.begin(), x.begin() + 3);
    const PointCurvature<double> by_hand =
        point_curvature(c.template MakeModel<propnp::Dual<double, 3>>(&x[C::kCamera]),
                        RobustLoss<double>{c.loss, x[C::kDelta]}, C::Vector(&x[0]),
                        Vec2<double>{x[C::kX2d], x[C::kX2d + 1]}, C::MakeWeight(&x[C::kW]), c.rows);
    const Mat3<double>& h = by_hand.hessian;
    Eigen::MatrixXd hessian(1, 9);  // in one row: whole rows may cancel to nothing
    hessian << h.row0.x, h.row0.y, h.row0.z, h.row1.x, h.row1.y, h.row1.z, h.row2.x, h.row2.y,
        h.row2.z;
    ExpectClose(hessian, DualJacobian(gradient, point).reshaped(1, 9), 1e-9, 1e-11, "Hessian");
    const std::vector<double> expected = gradient(point);
    const double size = std::hypot(expected[0], expected[1], expected[2]);
    EXPECT_NEAR(by_hand.gradient.x, expected[0], 1e-12 * size);
    EXPECT_NEAR(by_hand.gradient.y, expected[1], 1e-12 * size);
    EXPECT_NEAR(by_hand.gradient.z, expected[2], 1e-12 * size);
  };
  this->template ForEachCorrespondence<DiagonalWeight>(check);
  this->template ForEachCorrespondence<SqrtInformation>(check);
}

// Near its axis a fisheye is u = fx X/Z + cx up to (r/Z)^3; its second derivatives are the
// pinhole's up to r/Z, and what rounding leaves is largest just beyond kOnAxisAngle.
TEST(Fisheye, SecondDerivativesNearTheAxis) {
  const std::vector<double> parameters = {300, 310, 320, 240, -0.01, 0.02, -0.01, 0.002};
  const double z = 3;
  using D = propnp::Dual<double, 3>;
  const auto camera = FisheyeCamera<D>::from_parameters(std::vector<D>(8, D(0)).data(),
                                                        D(MonotoneLimit<FisheyeModel>(parameters)));
  auto model = ViewModel<FisheyeCamera<D>, D>{camera, {}, D(0.1)};
  std::vector<D> p;
  for (const double value : parameters) p.push_back(D(value));
  model.camera = FisheyeCamera<D>::from_parameters(p.data(), model.camera.limit);
  for (const double angle : {0.0, 1e-17, 1e-12, 0.5e-9, 0.99e-9, 1.01e-9, 1e-8, 1e-7, 1e-6}) {
    for (const double direction : {0.0, 0.7, 2.5}) {
      const Vec3<double> point{angle * z * std::cos(direction), angle * z * std::sin(direction), z};
      const Vec2<double> x2d{315, 246};
      const auto c = point_curvature(model, RobustLoss<double>{}, point, x2d,
                                     DiagonalWeight<double>{1, 1}, ClampedRows::kExact);
      const Vec2<double> e{320 - x2d.x, 240 - x2d.y};
      const double fx = 300 / z, fy = 310 / z;
      const double expected[3][3] = {{fx * fx, 0, -e.x * fx / z},
                                     {0, fy * fy, -e.y * fy / z},
                                     {-e.x * fx / z, -e.y * fy / z, 0}};
      const double actual[3][3] = {{c.hessian.row0.x, c.hessian.row0.y, c.hessian.row0.z},
                                   {c.hessian.row1.x, c.hessian.row1.y, c.hessian.row1.z},
                                   {c.hessian.row2.x, c.hessian.row2.y, c.hessian.row2.z}};
      const double tolerance = (1e-7 + 20 * angle) * fx * fx;
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) {
          EXPECT_NEAR(actual[i][j], expected[i][j], tolerance) << angle << " " << i << " " << j;
        }
      }
    }
  }
}

}  // namespace
}  // namespace propnp::test
