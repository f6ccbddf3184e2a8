// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/dual.h"

#include "tests/math/camera_examples.h"
#include "tests/math/derivative_check.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

using Two = propnp::Dual<double, 2>;
using Jet = ceres::Jet<double, 2>;

Two RandomDual(TestRandom& random) {
  Two a;
  a.value = random.Uniform(0.2, 2), a.slope[0] = random.Normal(), a.slope[1] = random.Normal();
  return a;
}
Jet ToJet(const Two& a) {
  Jet jet(a.value);
  jet.v[0] = a.slope[0], jet.v[1] = a.slope[1];
  return jet;
}
void ExpectSame(const Two& a, const Jet& b) {
  EXPECT_NEAR(a.value, b.a, 1e-14 * (1 + std::fabs(b.a)));
  for (int k = 0; k < 2; ++k) EXPECT_NEAR(a.slope[k], b.v[k], 1e-13 * (1 + std::fabs(b.v[k])));
}

TEST(Dual, ArithmeticIsThatOfJets) {
  TestRandom random;
  for (int i = 0; i < 50; ++i) {
    const Two a = RandomDual(random), b = RandomDual(random);
    const Jet p = ToJet(a), q = ToJet(b);
    ExpectSame(a + b, p + q);
    ExpectSame(a - b, p - q);
    ExpectSame(-a, -p);
    ExpectSame(a * b, p * q);
    ExpectSame(a / b, p / q);
    ExpectSame(sqrt(a), ceres::sqrt(p));
    ExpectSame(atan2(a, b), ceres::atan2(p, q));
    ExpectSame(atan2(-a, -b), ceres::atan2(-p, -q));
    ExpectSame(min(a, b), a.value < b.value ? p : q);
    ExpectSame(max(a, b), a.value < b.value ? q : p);
    ExpectSame(select(a < b, a, b), p.a < q.a ? p : q);
  }
}

TEST(Dual, ConstantsDoNotVary) {
  const Two five(5), also_five = constant<Two>(5), again = dual_constant<2>(5.0);
  for (const Two& c : {five, also_five, again}) {
    EXPECT_EQ(c.value, 5);
    EXPECT_EQ(c.slope[0], 0);
    EXPECT_EQ(c.slope[1], 0);
  }
}

// At a root of zero that is not selected nothing of its infinite slope remains.
TEST(Dual, TheBranchNotTakenLeavesNothing) {
  Two a(0);
  a.slope[0] = 1;
  const Two root = select(Two(0) < a, sqrt(a), Two(0));
  EXPECT_EQ(root.value, 0);
  EXPECT_EQ(root.slope[0], 0);
}

// Every function that a camera calls.
template <typename Model>
class DualCamera : public ::testing::Test {};
TYPED_TEST_SUITE(DualCamera, CameraModels, ModelNames);

TYPED_TEST(DualCamera, ProjectsAsJetsDo) {
  TestRandom random;
  for (const std::vector<double>& parameters : ExampleParameters<TypeParam>()) {
    const double limit = MonotoneLimit<TypeParam>(parameters);
    std::vector<Two> duals;
    std::vector<Jet> jets;
    for (const double p : parameters) duals.push_back(Two(p)), jets.push_back(Jet(p));
    const auto camera = MakeCamera<TypeParam>(duals, limit);
    const auto oracle = MakeCamera<TypeParam>(jets, limit);
    for (int i = 0; i < 20; ++i) {
      Vec3<Two> point{RandomDual(random), RandomDual(random), RandomDual(random)};
      if (i % 4 == 0) point.z = -point.z;
      const Vec3<Jet> jet_point{ToJet(point.x), ToJet(point.y), ToJet(point.z)};
      const auto a = camera.project_with_jacobian(point, Two(0.1));
      const auto b = oracle.project_with_jacobian(jet_point, Jet(0.1));
      const Two actual[] = {a.pixel.x,      a.pixel.y,      a.u_gradient.x, a.u_gradient.y,
                            a.u_gradient.z, a.v_gradient.x, a.v_gradient.y, a.v_gradient.z};
      const Jet expected[] = {b.pixel.x,      b.pixel.y,      b.u_gradient.x, b.u_gradient.y,
                              b.u_gradient.z, b.v_gradient.x, b.v_gradient.y, b.v_gradient.z};
      double size = 1;  // some cancel to nothing
      for (const Jet& e : expected) size += std::fabs(e.a) + e.v.norm();
      for (int k = 0; k < 8; ++k) {
        EXPECT_NEAR(actual[k].value, expected[k].a, 1e-13 * size);
        for (int d = 0; d < 2; ++d) {
          EXPECT_NEAR(actual[k].slope[d], expected[k].v[d], 1e-13 * size);
        }
      }
    }
  }
}

}  // namespace
}  // namespace propnp::test
