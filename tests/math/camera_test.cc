// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/camera.h"

#include <cmath>
#include <sstream>

#include "tests/math/camera_examples.h"
#include "tests/math/derivative_check.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr double kZMin = 0.1;

// x = [point_in_cam, parameters] to the pixel; the limit stays what it was.
template <typename Model>
auto ProjectFunction(double limit) {
  return [limit](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    const auto camera = MakeCamera<Model>(std::vector<S>(x.begin() + 3, x.end()), limit);
    const Vec2<S> pixel = camera.project(Vec3<S>{x[0], x[1], x[2]}, S(kZMin));
    return std::vector<S>{pixel.x, pixel.y};
  };
}

// The Jacobian by hand, and the same rows through the two vjps.
template <typename Model>
Eigen::MatrixXd JacobianByHand(const std::vector<double>& parameters, double limit,
                               const Vec3<double>& point) {
  const auto camera = MakeCamera<Model>(parameters, limit);
  const int count = camera.kNumParameters;
  const Projection<double> p = camera.project_with_jacobian(point, kZMin);
  std::vector<double> u_row(count), v_row(count);
  camera.parameter_jacobian(point, kZMin, u_row.data(), v_row.data());
  Eigen::MatrixXd jacobian(2, 3 + count);
  jacobian.row(0).head(3) << p.u_gradient.x, p.u_gradient.y, p.u_gradient.z;
  jacobian.row(1).head(3) << p.v_gradient.x, p.v_gradient.y, p.v_gradient.z;
  jacobian.row(0).tail(count) = Eigen::Map<Eigen::RowVectorXd>(u_row.data(), count);
  jacobian.row(1).tail(count) = Eigen::Map<Eigen::RowVectorXd>(v_row.data(), count);

  const Vec2<double> pixel = camera.project(point, kZMin);
  EXPECT_NEAR(p.pixel.x, pixel.x, 1e-12 * std::fabs(pixel.x));
  EXPECT_NEAR(p.pixel.y, pixel.y, 1e-12 * std::fabs(pixel.y));

  // Gradients are added to what is there.
  const Vec2<double> cotangent{0.7, -1.3};
  Vec3<double> point_gradient{1, 2, 3};
  std::vector<double> parameter_gradient(count, 4);
  project_vjp(camera, point, kZMin, cotangent, &point_gradient);
  parameter_vjp(camera, point, kZMin, cotangent, parameter_gradient.data());
  Eigen::RowVectorXd by_vjp(3 + count);
  by_vjp << point_gradient.x - 1, point_gradient.y - 2, point_gradient.z - 3,
      Eigen::Map<Eigen::RowVectorXd>(parameter_gradient.data(), count).array() - 4;
  ExpectClose(by_vjp, Eigen::RowVector2d(cotangent.x, cotangent.y) * jacobian, 1e-9, 1e-12, "vjp");
  return jacobian;
}

template <typename Model>
std::string Describe(const std::vector<double>& parameters, const Vec3<double>& point) {
  std::ostringstream text;
  text << Model::template Camera<double>::kName << " k0=" << parameters[4] << " at " << point.x
       << ' ' << point.y << ' ' << point.z;
  return text.str();
}

// Steps of the differences: `point_step` in the point; the pixel is linear in each parameter but
// those of OpenCV's denominator, whose steps must not reach its zero.
template <typename Model>
std::vector<double> DifferenceSteps(const std::vector<double>& parameters, double limit,
                                    const Vec3<double>& point, double point_step) {
  std::vector<double> steps(3, point_step);
  for (const double value : parameters) steps.push_back(0.02 * std::max(1.0, std::fabs(value)));
  if (Model::template Camera<double>::kModel != OpenCvCamera<double>::kModel) return steps;
  const double depth = std::max(point.z, kZMin);
  const double r2 = std::min((point.x * point.x + point.y * point.y) / (depth * depth), limit);
  const double* k = &parameters[9];
  const double denominator = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[2]));
  for (int i = 0; i < 3; ++i) {
    steps[3 + 9 + i] = 0.1 * std::min(1.0, denominator / std::pow(r2, i + 1));
  }
  return steps;
}

// `point_step` bounds the differences; zero where the function has a kink.
template <typename Model>
void CheckDerivatives(const std::vector<double>& parameters, const Vec3<double>& point,
                      double point_step) {
  const double limit = MonotoneLimit<Model>(parameters);
  const Eigen::MatrixXd by_hand = JacobianByHand<Model>(parameters, limit, point);
  std::vector<double> x{point.x, point.y, point.z};
  x.insert(x.end(), parameters.begin(), parameters.end());
  const auto function = ProjectFunction<Model>(limit);
  const std::string what = Describe<Model>(parameters, point);
  ExpectDualJacobian(by_hand, function, x, what);
  if (point_step == 0) return;
  ExpectRiddersJacobian(by_hand, function, x,
                        DifferenceSteps<Model>(parameters, limit, point, point_step), what);
}

// How near the point is to where a clamp begins, relative to its size: in depth or radius.
template <typename Model>
double DistanceToKink(const std::vector<double>& parameters, const Vec3<double>& p) {
  using Camera = typename Model::template Camera<double>;
  const double limit = MonotoneLimit<Model>(parameters);
  if (!Camera::kClampsDepth) {
    return std::fabs(std::atan2(std::hypot(p.x, p.y), p.z) - limit) * std::hypot(p.x, p.y, p.z);
  }
  const double depth_distance = std::fabs(p.z - kZMin);
  if (limit == 0) return depth_distance;
  const double depth = std::max(p.z, kZMin);
  return std::min(depth_distance,
                  std::fabs(std::hypot(p.x, p.y) / depth - std::sqrt(limit)) * depth / 3);
}

template <typename Model>
class CameraTest : public ::testing::Test {};
TYPED_TEST_SUITE(CameraTest, CameraModels, ModelNames);

TYPED_TEST(CameraTest, DerivativesAtRandomPoints) {
  TestRandom random;
  for (const auto& parameters : ExampleParameters<TypeParam>()) {
    for (int i = 0; i < 60; ++i) {
      const double depth = random.Uniform(0.3, 4);
      const double spread = i < 40 ? 0.5 : 3.0;  // inside the limit mostly, then often beyond
      const Vec3<double> point{spread * depth * random.Normal(), spread * depth * random.Normal(),
                               depth};
      const double room = DistanceToKink<TypeParam>(parameters, point);
      CheckDerivatives<TypeParam>(parameters, point, std::min(0.02, 0.1 * room));
    }
  }
}

TYPED_TEST(CameraTest, DerivativesAtSingularPlaces) {
  for (const auto& parameters : ExampleParameters<TypeParam>()) {
    for (const Vec3<double> point : {
             Vec3<double>{0, 0, 2},        // on the axis
             {1e-9, -2e-9, 2},             // beside it
             {0.02, -0.03, kZMin * 1.01},  // depth on either side of z_min
             {0.02, -0.03, kZMin * 0.99},
             {0.02, -0.03, kZMin},  // and at it: the derivative in front
             {0.3, -0.2, 0},        // beside the camera, fisheye at 90 degrees
             {0.3, -0.2, 1e-12},
             {0.3, -0.2, -1e-12},
             {0.3, -0.2, -0.25},  // behind, fisheye past 90 degrees
             {0.01, 0.02, -3},    // almost opposite to the axis
             {40, -30, 0.5},      // beyond every limit radius
         }) {
      const double room = DistanceToKink<TypeParam>(parameters, point);
      CheckDerivatives<TypeParam>(parameters, point, room < 1e-6 ? 0 : std::min(2e-3, 0.1 * room));
    }
  }
}

// At the limit radius or angle: both sides, exactly as automatic differentiation sees them.
TYPED_TEST(CameraTest, DerivativesOnBothSidesOfTheLimit) {
  using Camera = typename TypeParam::template Camera<double>;
  for (const auto& parameters : ExampleParameters<TypeParam>()) {
    const double limit = MonotoneLimit<TypeParam>(parameters);
    if (limit == 0 || limit == kNoLimit) continue;
    for (const double factor : {0.999, 1 - 1e-9, 1 + 1e-9, 1.001}) {
      Vec3<double> point;
      if (Camera::kClampsDepth) {
        const double radius = factor * std::sqrt(limit);
        point = {0.6 * 2 * radius, -0.8 * 2 * radius, 2};
      } else {
        const double angle = factor * limit;
        if (angle > 3.14) continue;
        point = {0.6 * 2 * std::sin(angle), -0.8 * 2 * std::sin(angle), 2 * std::cos(angle)};
      }
      const double room = DistanceToKink<TypeParam>(parameters, point);
      CheckDerivatives<TypeParam>(parameters, point, room < 1e-5 ? 0 : 0.1 * room);
    }
  }
}

template <typename Model>
class DepthClampingCameraTest : public ::testing::Test {};
using DepthClampingModels = ::testing::Types<PinholeModel, SimpleRadialModel, OpenCvModel>;
TYPED_TEST_SUITE(DepthClampingCameraTest, DepthClampingModels, ModelNames);

// At z_min the derivative is the one from the front; a step behind it is the one behind.
TYPED_TEST(DepthClampingCameraTest, DerivativeAtMinimalDepthIsThatOfTheFront) {
  const std::vector<double> parameters = ExampleParameters<TypeParam>()[0];
  const double limit = MonotoneLimit<TypeParam>(parameters);
  const auto camera = MakeCamera<TypeParam>(parameters, limit);
  const auto slope = [&](double z) {
    return camera.project_with_jacobian(Vec3<double>{0.02, -0.03, z}, kZMin).u_gradient.z;
  };
  EXPECT_DOUBLE_EQ(slope(kZMin), slope(std::nextafter(kZMin, 1.0)));
  EXPECT_DOUBLE_EQ(slope(std::nextafter(kZMin, 0.0)), camera.cx / kZMin);
}

// Behind z_min a pinhole is (K X)[:2] / z_min; the other depth-clamping cameras agree with it where
// they do not distort.
TYPED_TEST(DepthClampingCameraTest, UndistortedIsTheClampedPinhole) {
  using Camera = typename TypeParam::template Camera<double>;
  const std::vector<double> parameters = ExampleParameters<TypeParam>()[0];
  const auto camera = MakeCamera<TypeParam>(parameters, MonotoneLimit<TypeParam>(parameters));
  const bool radial = Camera::kModel == SimpleRadialCamera<double>::kModel;
  const double fx = parameters[0], fy = radial ? fx : parameters[1];
  const double cx = parameters[radial ? 1 : 2], cy = parameters[radial ? 2 : 3];
  const double skew = Camera::kModel == PinholeCamera<double>::kModel ? parameters[4] : 0;
  TestRandom random;
  for (int i = 0; i < 50; ++i) {
    const Vec3<double> p = random.Vector(1);
    const double depth = std::max(p.z, kZMin);
    const Vec2<double> pixel = camera.project(p, kZMin);
    EXPECT_NEAR(pixel.x, (fx * p.x + skew * p.y + cx * p.z) / depth, 1e-9);
    EXPECT_NEAR(pixel.y, (fy * p.y + cy * p.z) / depth, 1e-9);
  }
}

// OpenCV's own formula, written out as in its documentation.
TEST(OpenCvCamera, FollowsTheDocumentedFormula) {
  TestRandom random;
  for (const auto& k : ExampleParameters<OpenCvModel>()) {
    const auto camera = MakeCamera<OpenCvModel>(k, MonotoneLimit<OpenCvModel>(k));
    const double k1 = k[4], k2 = k[5], p1 = k[6], p2 = k[7], k3 = k[8], k4 = k[9], k5 = k[10],
                 k6 = k[11];
    for (int i = 0; i < 20; ++i) {
      const double x = random.Uniform(-.3, .3), y = random.Uniform(-.3, .3),
                   z = random.Uniform(1, 9);
      const double r2 = x * x + y * y, r4 = r2 * r2, r6 = r4 * r2;
      const double g = (1 + k1 * r2 + k2 * r4 + k3 * r6) / (1 + k4 * r2 + k5 * r4 + k6 * r6);
      const double xd = x * g + 2 * p1 * x * y + p2 * (r2 + 2 * x * x);
      const double yd = y * g + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y;
      const Vec2<double> pixel = camera.project(Vec3<double>{x * z, y * z, z}, kZMin);
      EXPECT_NEAR(pixel.x, k[0] * xd + k[2], 1e-10);
      EXPECT_NEAR(pixel.y, k[1] * yd + k[3], 1e-10);
    }
  }
}

TEST(SimpleRadialCamera, FollowsTheDocumentedFormula) {
  TestRandom random;
  for (const auto& k : ExampleParameters<SimpleRadialModel>()) {
    const auto camera = MakeCamera<SimpleRadialModel>(k, MonotoneLimit<SimpleRadialModel>(k));
    for (int i = 0; i < 20; ++i) {
      const double x = random.Uniform(-.5, .5), y = random.Uniform(-.5, .5),
                   z = random.Uniform(1, 9);
      const double r2 = x * x + y * y, g = 1 + k[3] * r2 + k[4] * r2 * r2;
      const Vec2<double> pixel = camera.project(Vec3<double>{x * z, y * z, z}, kZMin);
      EXPECT_NEAR(pixel.x, k[0] * g * x + k[1], 1e-10);
      EXPECT_NEAR(pixel.y, k[0] * g * y + k[2], 1e-10);
    }
  }
}

TEST(FisheyeCamera, FollowsTheDocumentedFormulaAlsoBesideAndBehind) {
  for (const auto& k : ExampleParameters<FisheyeModel>()) {
    const double limit = MonotoneLimit<FisheyeModel>(k);
    const auto camera = MakeCamera<FisheyeModel>(k, limit);
    for (double angle = 0.05; angle < 3.1; angle += 0.1) {
      const double t = std::min(angle, limit), t2 = t * t;
      const double d =
          t * (1 + k[4] * t2 + k[5] * t2 * t2 + k[6] * t2 * t2 * t2 + k[7] * t2 * t2 * t2 * t2);
      const Vec3<double> point{5 * 0.6 * std::sin(angle), 5 * 0.8 * std::sin(angle),
                               5 * std::cos(angle)};
      const Vec2<double> pixel = camera.project(point, kZMin);
      EXPECT_NEAR(pixel.x, k[0] * d * 0.6 + k[2], 1e-10) << angle;
      EXPECT_NEAR(pixel.y, k[1] * d * 0.8 + k[3], 1e-10) << angle;
    }
  }
}

TEST(FisheyeCamera, OnTheAxisIsThePrincipalPointInFrontAndBehind) {
  const std::vector<double> k = ExampleParameters<FisheyeModel>()[1];
  const auto camera = MakeCamera<FisheyeModel>(k, MonotoneLimit<FisheyeModel>(k));
  for (const double z : {1e-3, 2.0, -2.0, 0.0}) {
    const Projection<double> p = camera.project_with_jacobian(Vec3<double>{0, 0, z}, kZMin);
    EXPECT_EQ(p.pixel.x, k[2]);
    EXPECT_EQ(p.pixel.y, k[3]);
    if (z == 0) continue;
    EXPECT_DOUBLE_EQ(p.u_gradient.x, z > 0 ? k[0] / z : 0);
  }
}

TEST(VisitCamera, KnowsEveryListedModelAndNoOther) {
  for (int model = 0; model < 4; ++model) {
    int seen = -1;
    EXPECT_TRUE(visit_camera(model, [&](auto tag) {
      seen = decltype(tag)::template Camera<float>::kModel;
      EXPECT_LE(decltype(tag)::template Camera<float>::kNumParameters, kMaxCameraParameters);
    }));
    EXPECT_EQ(seen, model);
  }
  EXPECT_FALSE(visit_camera(4, [](auto) { FAIL(); }));
  EXPECT_FALSE(visit_camera(-1, [](auto) { FAIL(); }));
}

}  // namespace
}  // namespace propnp::test
