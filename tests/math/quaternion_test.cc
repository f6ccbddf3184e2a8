// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/quaternion.h"

#include <Eigen/Geometry>
#include <cmath>

#include "tests/math/derivative_check.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr double kPi = 3.14159265358979323846;

Eigen::Matrix3d ToEigen(const Mat3<double>& m) {
  Eigen::Matrix3d result;
  result << m.row0.x, m.row0.y, m.row0.z, m.row1.x, m.row1.y, m.row1.z, m.row2.x, m.row2.y,
      m.row2.z;
  return result;
}
Eigen::Vector3d ToEigen(const Vec3<double>& v) { return {v.x, v.y, v.z}; }
Eigen::Quaterniond ToEigen(const Quaternion<double>& q) { return {q.w, q.x, q.y, q.z}; }

template <typename S>
std::vector<S> Entries(const Mat3<S>& m) {
  return {m.row0.x, m.row0.y, m.row0.z, m.row1.x, m.row1.y, m.row1.z, m.row2.x, m.row2.y, m.row2.z};
}

TEST(Matrix, ProductsAgreeWithEigen) {
  TestRandom random;
  for (int i = 0; i < 20; ++i) {
    const Mat3<double> a{random.Vector(1), random.Vector(1), random.Vector(1)};
    const Mat3<double> b{random.Vector(1), random.Vector(1), random.Vector(1)};
    const Vec3<double> v = random.Vector(1), w = random.Vector(1);
    EXPECT_LT((ToEigen(a * b) - ToEigen(a) * ToEigen(b)).norm(), 1e-14);
    EXPECT_LT((ToEigen(a - b) - (ToEigen(a) - ToEigen(b))).norm(), 1e-14);
    EXPECT_LT((ToEigen(a * v) - ToEigen(a) * ToEigen(v)).norm(), 1e-14);
    EXPECT_LT((ToEigen(transposed_times(a, v)) - ToEigen(a).transpose() * ToEigen(v)).norm(),
              1e-14);
    EXPECT_EQ(ToEigen(transposed(a)), ToEigen(a).transpose());
    EXPECT_LT((ToEigen(cross(v, w)) - ToEigen(v).cross(ToEigen(w))).norm(), 1e-14);
  }
}

TEST(Quaternion, ProductAndRotationAgreeWithEigen) {
  TestRandom random;
  for (int i = 0; i < 50; ++i) {
    const Quaternion<double> a = random.Rotation(), b = random.Rotation();
    EXPECT_LT((ToEigen(a * b).coeffs() - (ToEigen(a) * ToEigen(b)).coeffs()).norm(), 1e-15);
    EXPECT_LT((ToEigen(conjugate(a)).coeffs() - ToEigen(a).conjugate().coeffs()).norm(), 1e-15);
    EXPECT_LT((ToEigen(rotation_matrix(a)) - ToEigen(a).toRotationMatrix()).norm(), 1e-14);
    EXPECT_LT(
        (ToEigen(rotation_matrix(a * b)) - ToEigen(rotation_matrix(a) * rotation_matrix(b))).norm(),
        1e-14);
  }
}

// Any length gives the same rotation, of determinant one, and q and -q are the same.
TEST(Quaternion, RotationDoesNotDependOnLengthOrSign) {
  TestRandom random;
  for (int i = 0; i < 50; ++i) {
    const Quaternion<double> q = random.Rotation();
    for (const double scale : {-1.0, 3.0, 1e-3}) {
      const Mat3<double> m =
          rotation_matrix(Quaternion<double>{scale * q.w, scale * q.x, scale * q.y, scale * q.z});
      EXPECT_LT((ToEigen(m) - ToEigen(rotation_matrix(q))).norm(), 1e-14);
      EXPECT_NEAR(ToEigen(m).determinant(), 1, 1e-14);
    }
  }
}

TEST(Quaternion, DerivativeAlongItselfIsZero) {
  TestRandom random;
  const Quaternion<double> q = random.Rotation();
  const auto scaled = [&](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    return Entries(
        rotation_matrix(Quaternion<S>{x[0] * S(q.w), x[0] * S(q.x), x[0] * S(q.y), x[0] * S(q.z)}));
  };
  EXPECT_LT(DualJacobian(scaled, {1.3}).cwiseAbs().maxCoeff(), 1e-15);
}

TEST(Cayley, RoundTripsAndIsARotationByTwiceTheArcTangent) {
  TestRandom random;
  for (int i = 0; i < 200; ++i) {
    const Vec3<double> axis = random.Axis();
    // Up to a hair before half a turn, where the tangent is large.
    const double angle =
        i % 4 == 0 ? kPi - std::pow(10, -random.Uniform(1, 6)) : random.Uniform(-3, 3);
    const Vec3<double> theta = (2 * std::tan(angle / 2)) * axis;
    const Quaternion<double> q = quaternion_from_cayley(theta);
    EXPECT_NEAR(squared_norm(q), 1, 1e-15);
    const Eigen::Matrix3d expected = Eigen::AngleAxisd(angle, ToEigen(axis)).toRotationMatrix();
    EXPECT_LT((ToEigen(rotation_matrix(q)) - expected).norm(), 1e-14);
    const Vec3<double> back = cayley_from_quaternion(q);
    const double size = std::sqrt(dot(theta, theta));
    // The scalar part, 1 / sqrt(1 + |theta|^2 / 4), is rounded relatively, so is the result.
    EXPECT_LT((ToEigen(back) - ToEigen(theta)).norm(), 1e-14 * size);
    const Vec3<double> negated = cayley_from_quaternion(Quaternion<double>{-q.w, -q.x, -q.y, -q.z});
    EXPECT_EQ(ToEigen(negated), ToEigen(back));
  }
}

TEST(Cayley, AtZeroIsTheIdentityWithTheDerivativeOfExp) {
  const Quaternion<double> q = quaternion_from_cayley(Vec3<double>{0, 0, 0});
  EXPECT_EQ(ToEigen(q).coeffs(), Eigen::Quaterniond::Identity().coeffs());
  const auto rotation = [](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    return Entries(rotation_matrix(quaternion_from_cayley(Vec3<S>{x[0], x[1], x[2]})));
  };
  Eigen::MatrixXd generators(9, 3);  // [theta]x, row-major
  generators.setZero();
  generators(1, 2) = generators(5, 0) = generators(6, 1) = -1;
  generators(2, 1) = generators(3, 2) = generators(7, 0) = 1;
  ExpectDualJacobian(generators, rotation, {0, 0, 0}, "at zero");
  ExpectRiddersJacobian(generators, rotation, {0, 0, 0}, 0.1, "at zero");
}

// Against the rotation matrix minus the identity in long double; relative to the angle.
TEST(Cayley, RotationMinusIdentityWithoutCancellation) {
  TestRandom random;
  for (const double size : {3.0, 0.1, 1e-4, 1e-9, 1e-15}) {
    for (int i = 0; i < 50; ++i) {
      const Vec3<double> theta = random.Vector(size);
      const Mat3<long double> exact =
          rotation_matrix(quaternion_from_cayley(cast<long double>(theta)));
      const Mat3<double> ours = rotation_minus_identity_from_cayley(theta);
      const std::vector<double> actual = Entries(ours);
      const std::vector<long double> expected = Entries(exact);
      const double angle = std::sqrt(dot(theta, theta));
      for (int k = 0; k < 9; ++k) {
        const long double entry = expected[k] - (k % 4 == 0 ? 1 : 0);
        // long double's own cancellation leaves 1e-19.
        EXPECT_NEAR(actual[k], static_cast<double>(entry), 4e-16 * std::min(angle, 2.0) + 3e-19);
      }
    }
  }
}

// Of any rotation, half a turn too; of a tiny one to the last digit.
TEST(Quaternion, RotationMinusIdentity) {
  TestRandom random;
  const auto expect_near = [](const Mat3<double>& a, const Mat3<double>& b, double tolerance) {
    const Mat3<double> d = a - b;
    for (const Vec3<double>& row : {d.row0, d.row1, d.row2}) {
      EXPECT_LE(std::sqrt(dot(row, row)), tolerance);
    }
  };
  const Mat3<double> identity{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  for (int i = 0; i < 20; ++i) {
    Quaternion<double> q = random.Rotation();
    if (i == 0) q.w = 0;
    expect_near(rotation_minus_identity(q), rotation_matrix(q) - identity, 1e-15);
    const Vec3<double> theta = random.Vector(1e-9);
    expect_near(rotation_minus_identity(quaternion_from_cayley(theta)),
                rotation_minus_identity_from_cayley(theta), 1e-24);
  }
}

TEST(RotationAboutAxis, AgreesWithEigenAndItsDerivativeIsTheAxisCrossed) {
  TestRandom random;
  for (int i = 0; i < 50; ++i) {
    const Vec3<double> axis = random.Axis();
    const double angle = random.Uniform(-7, 7);
    EXPECT_LT((ToEigen(rotation_about_axis(axis, angle)) -
               Eigen::AngleAxisd(angle, ToEigen(axis)).toRotationMatrix())
                  .norm(),
              1e-14);
    const auto rotation = [&](const auto& x) {
      using S = ScalarOf<decltype(x)>;
      return Entries(rotation_about_axis(cast<S>(axis), x[0]));
    };
    Eigen::Matrix<double, 3, 3, Eigen::RowMajor> slope;
    const Eigen::Matrix3d r = ToEigen(rotation_about_axis(axis, angle));
    for (int k = 0; k < 3; ++k) slope.col(k) = ToEigen(axis).cross(r.col(k));
    const Eigen::Map<Eigen::Matrix<double, 9, 1>> flat(slope.data());
    EXPECT_LT((DualJacobian(rotation, {angle}) - flat).norm(), 1e-14);
  }
}

}  // namespace
}  // namespace propnp::test
