// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Each named convention's matrix against differences of what that convention literally does.
#include "propnp/math/tangent.h"

#include <cmath>

#include "tests/math/derivative_check.h"
#include "tests/math/tangent_conventions.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

Eigen::MatrixXd TangentMap(Tangent tangent, const Pose6& pose) {
  Eigen::Matrix<double, 6, 6, Eigen::RowMajor> a;
  tangent_map(tangent, SixDof<double>().transform(pose.data()), a.data());
  return a;
}

TEST(TangentMap, IsTheDerivativeOfEachConventionsStep) {
  TestRandom random;
  for (const Convention& convention : Conventions()) {
    for (int i = 0; i < 5; ++i) {
      Pose6 pose(7);
      random.Pose(pose.data());
      // d ours / d theirs, the inverse of A.
      const auto ours_of_theirs = [&](const std::vector<double>& d) {
        const Pose6 moved = convention.step(pose, Eigen::Map<const Vector6>(d.data()));
        std::vector<double> delta(6);
        SixDof<double>().local(pose.data(), moved.data(), delta.data());
        return delta;
      };
      const Eigen::MatrixXd inverse_map =
          RiddersJacobian(ours_of_theirs, std::vector<double>(6, 0.0), 0.02);
      ExpectClose(TangentMap(convention.tangent, pose) * inverse_map,
                  Eigen::MatrixXd::Identity(6, 6), 1e-9, 1e-9, convention.name);
    }
  }
}

TEST(TangentMap, HasAnInverse) {
  TestRandom random;
  for (const Convention& convention : Conventions()) {
    Pose6 pose(7);
    random.Pose(pose.data());
    Eigen::Matrix<double, 6, 6, Eigen::RowMajor> inverse;
    inverse_tangent_map(convention.tangent, SixDof<double>().transform(pose.data()),
                        inverse.data());
    // A dozen roundings of numbers below ten.
    const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(6, 6);
    EXPECT_LT((inverse * TangentMap(convention.tangent, pose) - identity).norm(), 1e-14)
        << convention.name;
  }
}

TEST(ConvertCovariance, IsTheMapOnBothSidesAlsoInPlace) {
  TestRandom random;
  for (const Convention& convention : Conventions()) {
    Pose6 pose(7);
    random.Pose(pose.data());
    Eigen::Matrix<double, 6, 6, Eigen::RowMajor> root, result;
    for (int i = 0; i < 36; ++i) root.data()[i] = random.Normal();
    Eigen::Matrix<double, 6, 6, Eigen::RowMajor> covariance = root * root.transpose();
    const auto transform = SixDof<double>().transform(pose.data());
    const Eigen::MatrixXd a = TangentMap(convention.tangent, pose);
    convert_covariance(convention.tangent, transform, covariance.data(), result.data());
    ExpectClose(result, a * covariance * a.transpose(), 1e-12, 1e-13, convention.name);
    convert_covariance(convention.tangent, transform, covariance.data(), covariance.data());
    EXPECT_EQ(covariance, result) << convention.name;
  }
}

// The steps themselves: the same rotation, and back, from the Taylor branch to nearly half a turn.
template <typename S>
void CheckRotationVectors(const std::vector<double>& angles, S tolerance) {
  TestRandom random;
  for (const double angle : angles) {
    const Vec3<double> axis = random.Axis();
    const Vec3<S> phi = cast<S>(angle * axis);
    const Vec3<S> theta = cayley_from_rotation_vector(phi);
    const Vec3<double> exact = (2 * std::tan(angle / 2)) * axis;
    const double size = 2 * std::tan(angle / 2);
    // Near half a turn the tangent multiplies the rounding of the angle by 1 / (pi - angle).
    const double stretch = 1 + 4 / (3.141592653589793 - angle);
    EXPECT_NEAR(theta.x, exact.x, tolerance * stretch * size) << angle;
    EXPECT_NEAR(theta.y, exact.y, tolerance * stretch * size) << angle;
    EXPECT_NEAR(theta.z, exact.z, tolerance * stretch * size) << angle;
    const Vec3<S> back = rotation_vector_from_cayley(theta);
    EXPECT_NEAR(back.x, phi.x, tolerance * angle) << angle;
    EXPECT_NEAR(back.y, phi.y, tolerance * angle) << angle;
    EXPECT_NEAR(back.z, phi.z, tolerance * angle) << angle;
  }
}

TEST(RotationVector, RoundTripsFromZeroToHalfATurn) {
  const std::vector<double> angles{1e-300, 1e-12, 1e-5, 9.999e-5, 1.0001e-4, 1e-3,
                                   0.1,    1.0,   3.0,  3.14,     3.1415,    3.14159265};
  CheckRotationVectors<double>(angles, 1e-15);
  CheckRotationVectors<float>({1e-12, 1e-5, 9.999e-5, 1.0001e-4, 1e-3, 0.1, 1.0, 3.0, 3.14}, 4e-7f);
}

TEST(RotationVector, ZeroIsZeroWithAUnitDerivative) {
  const auto to_cayley = [](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    const Vec3<S> theta = cayley_from_rotation_vector(Vec3<S>{x[0], x[1], x[2]});
    return std::vector<S>{theta.x, theta.y, theta.z};
  };
  const auto from_cayley = [](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    const Vec3<S> phi = rotation_vector_from_cayley(Vec3<S>{x[0], x[1], x[2]});
    return std::vector<S>{phi.x, phi.y, phi.z};
  };
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(3, 3);
  EXPECT_EQ(DualJacobian(to_cayley, {0, 0, 0}), identity);
  EXPECT_EQ(DualJacobian(from_cayley, {0, 0, 0}), identity);
  // The derivative passes smoothly from the Taylor branch to the other.
  for (const double x : {0.9999e-4, 1.0001e-4, 2.0}) {
    ExpectClose(DualJacobian(to_cayley, {x, 0, 0}) *
                    DualJacobian(from_cayley, to_cayley(std::vector<double>{x, 0, 0})),
                identity, 1e-9, 1e-12, "inverse functions");
  }
}

// Either sign of the quaternion, the Taylor branch and half a turn itself.
TEST(RotationVector, OfAQuaternion) {
  TestRandom random;
  for (const double angle : {0.0, 1e-12, 9.9e-5, 1.01e-4, 0.1, 3.0, 3.14159265358979323846}) {
    const Vec3<double> axis = random.Axis();
    const double s = std::sin(angle / 2);
    const Quaternion<double> q{std::cos(angle / 2), s * axis.x, s * axis.y, s * axis.z};
    for (const double sign : {1.0, -1.0}) {
      const Vec3<double> phi = rotation_vector_from_quaternion(
          Quaternion<double>{sign * q.w, sign * q.x, sign * q.y, sign * q.z});
      EXPECT_NEAR(phi.x, angle * axis.x, 1e-15 * (1 + angle)) << angle;
      EXPECT_NEAR(phi.y, angle * axis.y, 1e-15 * (1 + angle)) << angle;
      EXPECT_NEAR(phi.z, angle * axis.z, 1e-15 * (1 + angle)) << angle;
    }
  }
}

// A turn beyond half a turn is the same rotation, with the tangent of the shorter way round.
TEST(RotationVector, BeyondHalfATurnIsTheSameRotation) {
  const Vec3<double> theta = cayley_from_rotation_vector(Vec3<double>{0, 4, 0});
  EXPECT_NEAR(theta.y, 2 * std::tan(2.0), 1e-14);
  EXPECT_NEAR(rotation_vector_from_cayley(theta).y, 4 - 2 * 3.141592653589793, 1e-14);
}

}  // namespace
}  // namespace propnp::test
