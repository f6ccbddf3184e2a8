// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// project_difference(p, d) = project(p + d) - project(p), without cancellation. The oracle in long
// double has none either: between clamps it is the integral of the derivative along the
// displacement,
//   integral_0^1 J(p + s d) d ds,
// by Gauss-Legendre quadrature where d is small, the direct difference where it is not.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/math/camera_examples.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr double kZMin = 0.1;

using Wide = long double;

template <typename Model>
Vec2<Wide> DirectDifference(const std::vector<Wide>& parameters, double limit, const Vec3<Wide>& p,
                            const Vec3<Wide>& d, Wide z_min = Wide(kZMin)) {
  const auto camera = MakeCamera<Model>(parameters, limit);
  return camera.project(p + d, z_min) - camera.project(p, z_min);
}

// Five nodes integrate polynomials of degree 9 exactly: for |d| below 1e-3 of the scale on which
// the camera bends the remainder is below 1e-30.
template <typename Model>
Vec2<Wide> IntegratedDifference(const std::vector<Wide>& parameters, double limit,
                                const Vec3<Wide>& p, const Vec3<Wide>& d) {
  const Wide root = std::sqrt(Wide(10) / 7);
  const Wide inner = std::sqrt(5 - 2 * root) / 3, outer = std::sqrt(5 + 2 * root) / 3;
  const Wide seventy = 13 * std::sqrt(Wide(70));
  const Wide nodes[] = {0, -inner, inner, -outer, outer};
  const Wide weights[] = {Wide(128) / 225, (322 + seventy) / 900, (322 + seventy) / 900,
                          (322 - seventy) / 900, (322 - seventy) / 900};
  const auto camera = MakeCamera<Model>(parameters, limit);
  Vec2<Wide> sum{0, 0};
  for (int i = 0; i < 5; ++i) {
    const Vec3<Wide> at = p + ((1 + nodes[i]) / 2) * d;
    const Projection<Wide> projection = camera.project_with_jacobian(at, Wide(kZMin));
    sum = sum + (weights[i] / 2) *
                    Vec2<Wide>{dot(projection.u_gradient, d), dot(projection.v_gradient, d)};
  }
  return sum;
}

// What a rounding of the inputs can change: sum_k |J_ik d_k|, the larger of both rows.
template <typename Model>
Wide Sensitivity(const std::vector<Wide>& parameters, double limit, const Vec3<Wide>& p,
                 const Vec3<Wide>& d) {
  const auto camera = MakeCamera<Model>(parameters, limit);
  const Projection<Wide> j = camera.project_with_jacobian(p, Wide(kZMin));
  const auto row = [&](const Vec3<Wide>& g) {
    return std::fabs(g.x * d.x) + std::fabs(g.y * d.y) + std::fabs(g.z * d.z);
  };
  return std::max(row(j.u_gradient), row(j.v_gradient));
}

// Whether both ends lie well on the same side of the depth clamp and of the limit, so that nothing
// between them has a kink.
template <typename Model>
bool IsSmoothBetween(double limit, const Vec3<Wide>& p, const Vec3<Wide>& d) {
  using Camera = typename Model::template Camera<double>;
  const Wide reach = 2 * std::sqrt(dot(d, d));
  if (!Camera::kClampsDepth) {
    const Wide range = std::sqrt(dot(p, p));
    const Wide radius = std::hypot(p.x, p.y);
    return std::fabs(std::atan2(radius, p.z) - Wide(limit)) * range > 3 * reach &&
           (radius > 10 * reach || p.z > 10 * reach);
  }
  if (std::fabs(p.z - Wide(kZMin)) < reach) return false;
  const Wide depth = std::max(p.z, Wide(kZMin));
  const Wide radius = std::hypot(p.x, p.y) / depth;
  return limit == 0 ||
         std::fabs(radius - std::sqrt(Wide(limit))) > 3 * (1 + radius) * reach / depth;
}

Vec3<double> RandomPoint(TestRandom* random, int i) {
  // In front near the axis, in front far from it, and behind z_min.
  if (i % 4 == 3)
    return {0.3 * random->Normal(), 0.3 * random->Normal(), random->Uniform(-2, 0.09)};
  const double depth = random->Uniform(0.3, 4), spread = i % 4 == 2 ? 2.0 : 0.3;
  return {spread * depth * random->Normal(), spread * depth * random->Normal(), depth};
}

template <typename Model>
class ProjectDifferenceTest : public ::testing::Test {
 public:
  // Errors relative to Sensitivity, of our form and of the naive one, in units of S's epsilon.
  struct Errors {
    Wide largest, median, naive_median;
    size_t count;
  };

  template <typename S>
  static Errors MeasureErrors(double displacement_size) {
    TestRandom random;
    std::vector<Wide> errors, naive_errors;
    for (const auto& parameters : ExampleParameters<Model>()) {
      const std::vector<S> given(parameters.begin(), parameters.end());
      const std::vector<Wide> wide(given.begin(), given.end());
      const double limit = static_cast<S>(MonotoneLimit<Model>(parameters));
      for (int i = 0; i < 200; ++i) {
        const Vec3<S> p = cast<S>(RandomPoint(&random, i));
        const Vec3<S> d = cast<S>(random.Vector(displacement_size));
        const Vec3<Wide> wide_p = cast<Wide>(p), wide_d = cast<Wide>(d);
        if (!IsSmoothBetween<Model>(limit, wide_p, wide_d)) continue;
        const bool small = displacement_size < 1e-3;
        const Vec2<Wide> expected =
            small ? IntegratedDifference<Model>(wide, limit, wide_p, wide_d)
                  : DirectDifference<Model>(wide, limit, wide_p, wide_d, Wide(S(kZMin)));
        const Wide scale =
            std::max({Sensitivity<Model>(wide, limit, wide_p, wide_d),
                      Sensitivity<Model>(wide, limit, wide_p + wide_d, wide_d), Wide(1e-300)});
        const auto error = [&](const Vec2<S>& actual) {
          return std::max(std::fabs(actual.x - expected.x), std::fabs(actual.y - expected.y)) /
                 (scale * std::numeric_limits<S>::epsilon());
        };
        const auto camera = MakeCamera<Model>(given, limit);
        errors.push_back(error(camera.project_difference(p, d, S(kZMin))));
        naive_errors.push_back(
            error(camera.project(p + d, S(kZMin)) - camera.project(p, S(kZMin))));
      }
    }
    std::sort(errors.begin(), errors.end());
    std::sort(naive_errors.begin(), naive_errors.end());
    const size_t middle = errors.size() / 2;
    return {errors.back(), errors[middle], naive_errors[middle], errors.size()};
  }
};
TYPED_TEST_SUITE(ProjectDifferenceTest, CameraModels, ModelNames);

// A few dozen roundings: the median is a few eps (1e-15 in double), the largest of a thousand, near
// a fold or a pole where the distortion multiplies them, some hundred. Neither depends on the size
// of the displacement, while the naive difference loses 1/size.
TYPED_TEST(ProjectDifferenceTest, RelativeErrorInDouble) {
  for (const double size : {1e-1, 1e-3, 1e-6, 1e-9, 1e-12}) {
    const auto errors = TestFixture::template MeasureErrors<double>(size);
    EXPECT_GT(errors.count, 100u);
    EXPECT_LT(errors.largest, 500) << "displacement " << size;
    EXPECT_LT(errors.median, 4) << "displacement " << size;
    if (size == 1e-9) {
      EXPECT_GT(errors.naive_median, 1e7L);
    }
  }
}

TYPED_TEST(ProjectDifferenceTest, RelativeErrorInFloat) {
  for (const double size : {1e-2, 1e-4, 1e-6}) {
    const auto errors = TestFixture::template MeasureErrors<float>(size);
    EXPECT_GT(errors.count, 100u);
    EXPECT_LT(errors.largest, 500) << "displacement " << size;
    EXPECT_LT(errors.median, 4) << "displacement " << size;
    if (size == 1e-4) {
      EXPECT_GT(errors.naive_median, 1e3L);
    }
  }
}

// Across a clamp, from any side to any other, it is the difference of the projections.
TYPED_TEST(ProjectDifferenceTest, AcrossClampsEqualsTheDirectDifference) {
  using Camera = typename TypeParam::template Camera<double>;
  TestRandom random;
  for (const auto& parameters : ExampleParameters<TypeParam>()) {
    const double limit = MonotoneLimit<TypeParam>(parameters);
    const auto camera = MakeCamera<TypeParam>(parameters, limit);
    int crossed = 0;
    for (int i = 0; i < 2000; ++i) {
      const Vec3<double> p = RandomPoint(&random, i);
      const Vec3<double> d = RandomPoint(&random, i / 4) - p;
      crossed += (p.z < kZMin) != (p.z + d.z < kZMin);
      const Vec2<double> from = camera.project(p, kZMin), to = camera.project(p + d, kZMin);
      const Vec2<double> difference = camera.project_difference(p, d, kZMin);
      // Fifty times the rounding of a pixel, as much again as the gain at a pole multiplies it.
      constexpr double tolerance = 1e-11;
      const double size =
          std::max({1.0, std::fabs(from.x), std::fabs(from.y), std::fabs(to.x), std::fabs(to.y)});
      EXPECT_NEAR(difference.x, to.x - from.x, tolerance * size) << Camera::kName << " " << i;
      EXPECT_NEAR(difference.y, to.y - from.y, tolerance * size) << Camera::kName << " " << i;
    }
    EXPECT_GT(crossed, 100);
  }
}

// A displacement of 1e-9 that steps over z_min: still relative to the displacement.
TYPED_TEST(ProjectDifferenceTest, SmallStepsOverTheMinimalDepth) {
  if (!TypeParam::template Camera<double>::kClampsDepth) return;  // nothing to step over
  TestRandom random;
  for (const auto& parameters : ExampleParameters<TypeParam>()) {
    const double limit = MonotoneLimit<TypeParam>(parameters);
    const auto camera = MakeCamera<TypeParam>(parameters, limit);
    const std::vector<Wide> wide(parameters.begin(), parameters.end());
    for (const double side : {-1.0, 1.0}) {
      const Vec3<double> p{0.003 * random.Normal(), 0.003 * random.Normal(), kZMin + side * 3e-10};
      const Vec3<double> d{1e-9, -2e-9, -side * 1e-9};
      const Vec3<Wide> wide_p = cast<Wide>(p), wide_d = cast<Wide>(d);
      const Vec3<Wide> whole_way = wide_d, to_edge = ((Wide(kZMin) - wide_p.z) / wide_d.z) * wide_d;
      const Vec2<Wide> expected =
          IntegratedDifference<TypeParam>(wide, limit, wide_p, to_edge) +
          IntegratedDifference<TypeParam>(wide, limit, wide_p + to_edge, whole_way - to_edge);
      const Vec2<double> difference = camera.project_difference(p, d, kZMin);
      const Wide scale = Sensitivity<TypeParam>(wide, limit, wide_p, wide_d);
      EXPECT_LT(std::fabs(difference.x - expected.x), 1e-13L * scale) << side;
      EXPECT_LT(std::fabs(difference.y - expected.y), 1e-13L * scale) << side;
    }
  }
}

TYPED_TEST(ProjectDifferenceTest, ZeroDisplacementIsExactlyZero) {
  TestRandom random;
  for (const auto& parameters : ExampleParameters<TypeParam>()) {
    const double limit = MonotoneLimit<TypeParam>(parameters);
    const auto camera = MakeCamera<TypeParam>(parameters, limit);
    for (int i = 0; i < 100; ++i) {
      const Vec3<double> p = i == 0 ? Vec3<double>{0, 0, 1} : RandomPoint(&random, i);
      const Vec2<double> difference = camera.project_difference(p, Vec3<double>{0, 0, 0}, kZMin);
      EXPECT_EQ(difference.x, 0) << i;
      EXPECT_EQ(difference.y, 0) << i;
    }
  }
}

// From, to and through the axis, in front and behind.
TEST(FisheyeProjectDifference, OnTheAxis) {
  for (const auto& parameters : ExampleParameters<FisheyeModel>()) {
    const double limit = MonotoneLimit<FisheyeModel>(parameters);
    const auto camera = MakeCamera<FisheyeModel>(parameters, limit);
    for (const double z : {2.0, -2.0}) {
      for (const Vec3<double> p : {Vec3<double>{0, 0, z}, Vec3<double>{0.2, -0.1, z}}) {
        for (const Vec3<double> to :
             {Vec3<double>{0, 0, z}, Vec3<double>{0, 0, 1.1 * z}, Vec3<double>{-0.3, 0.1, z}}) {
          const Vec2<double> expected = camera.project(to, kZMin) - camera.project(p, kZMin);
          const Vec2<double> actual = camera.project_difference(p, to - p, kZMin);
          EXPECT_NEAR(actual.x, expected.x, 1e-10);
          EXPECT_NEAR(actual.y, expected.y, 1e-10);
        }
      }
    }
  }
}

}  // namespace
}  // namespace propnp::test
