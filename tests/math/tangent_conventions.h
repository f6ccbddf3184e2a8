// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What each named tangent literally does with its numbers, written as others write it.
#ifndef PROPNP_TESTS_MATH_TANGENT_CONVENTIONS_H_
#define PROPNP_TESTS_MATH_TANGENT_CONVENTIONS_H_

#include <ceres/manifold.h>
#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <cmath>
#include <functional>
#include <vector>

#include "propnp/math/tangent.h"

namespace propnp::test {

using Pose6 = std::vector<double>;  // [tx ty tz qw qx qy qz], cam_from_object
using Vector6 = Eigen::Matrix<double, 6, 1>;

inline Eigen::Quaterniond Rotation(const Pose6& pose) {
  return {pose[3], pose[4], pose[5], pose[6]};
}
inline Eigen::Vector3d Translation(const Pose6& pose) { return {pose[0], pose[1], pose[2]}; }
inline Pose6 MakePose(const Eigen::Vector3d& t, const Eigen::Quaterniond& q) {
  return {t.x(), t.y(), t.z(), q.w(), q.x(), q.y(), q.z()};
}

inline Eigen::Quaterniond Exp(const Eigen::Vector3d& phi) {
  if (phi.norm() == 0) return Eigen::Quaterniond::Identity();
  return Eigen::Quaterniond(Eigen::AngleAxisd(phi.norm(), phi.normalized()));
}

inline Eigen::Quaterniond CeresPlus(const ceres::Manifold& manifold, const Eigen::Vector4d& x,
                                    const Eigen::Vector3d& delta, bool xyzw) {
  Eigen::Vector4d moved;
  EXPECT_TRUE(manifold.Plus(x.data(), delta.data(), moved.data()));
  return xyzw ? Eigen::Quaterniond(moved[3], moved[0], moved[1], moved[2])
              : Eigen::Quaterniond(moved[0], moved[1], moved[2], moved[3]);
}

// Ceres' EigenQuaternionManifold, storage [x y z w].
inline Eigen::Quaterniond CeresEigenPlus(const Eigen::Quaterniond& q,
                                         const Eigen::Vector3d& delta) {
  return CeresPlus(ceres::EigenQuaternionManifold(), q.coeffs(), delta, true);
}

// The poses of others at their tangent `d` from `pose`, as their code does it.
inline Pose6 CeresStep(const Pose6& pose, const Vector6& d) {
  return MakePose(Translation(pose) + d.head<3>(), CeresEigenPlus(Rotation(pose), d.tail<3>()));
}
inline Pose6 CeresHamiltonStep(const Pose6& pose, const Vector6& d) {
  const Eigen::Vector4d wxyz(pose[3], pose[4], pose[5], pose[6]);
  return MakePose(Translation(pose) + d.head<3>(),
                  CeresPlus(ceres::QuaternionManifold(), wxyz, d.tail<3>(), false));
}
// pycolmap: Ceres' tangent, rotation first.
inline Pose6 PycolmapStep(const Pose6& pose, const Vector6& d) {
  return MakePose(Translation(pose) + d.tail<3>(), CeresEigenPlus(Rotation(pose), d.head<3>()));
}
inline Pose6 RotationVectorStep(const Pose6& pose, const Vector6& d) {
  return MakePose(Translation(pose) + d.head<3>(), Exp(d.tail<3>()) * Rotation(pose));
}
inline Pose6 ObjectSideStep(const Pose6& pose, const Vector6& d) {
  return MakePose(Translation(pose) + d.head<3>(), Rotation(pose) * Exp(d.tail<3>()));
}
// EPro-PnP: t + d, q + T(q) d, normalised.
inline Pose6 EproPnpStep(const Pose6& pose, const Vector6& d) {
  const double w = pose[3], x = pose[4], y = pose[5], z = pose[6];
  Eigen::Matrix<double, 4, 3> t;
  t << x, y, z, -w, -z, y, z, -w, -x, -y, x, -w;
  const Eigen::Vector4d q = Eigen::Vector4d(w, x, y, z) + t * d.tail<3>();
  return MakePose(Translation(pose) + d.head<3>(),
                  Eigen::Quaterniond(q[0], q[1], q[2], q[3]).normalized());
}
// GTSAM's Pose3::retract: pose * Expmap([omega, v]), the full exponential of SE(3).
inline Pose6 GtsamStep(const Pose6& pose, const Vector6& d) {
  const Eigen::Vector3d omega = d.head<3>(), v = d.tail<3>();
  const double angle = omega.norm();
  Eigen::Matrix3d k;
  k << 0, -omega.z(), omega.y(), omega.z(), 0, -omega.x(), -omega.y(), omega.x(), 0;
  Eigen::Matrix3d left = Eigen::Matrix3d::Identity();
  if (angle > 1e-30) {
    const double chord = 2 * std::sin(0.5 * angle) / angle;
    left += 0.5 * chord * chord * k + (angle - std::sin(angle)) / (angle * angle * angle) * k * k;
  }
  return MakePose(Translation(pose) + Rotation(pose) * (left * v), Rotation(pose) * Exp(omega));
}
// geometry_msgs/PoseWithCovariance: (x, y, z, rotation about X, about Y, about Z), fixed axes.
inline Pose6 RosStep(const Pose6& pose, const Vector6& d) {
  const Eigen::Quaterniond fixed_axes(Eigen::AngleAxisd(d[5], Eigen::Vector3d::UnitZ()) *
                                      Eigen::AngleAxisd(d[4], Eigen::Vector3d::UnitY()) *
                                      Eigen::AngleAxisd(d[3], Eigen::Vector3d::UnitX()));
  return MakePose(Translation(pose) + d.head<3>(), fixed_axes * Rotation(pose));
}
inline Pose6 OurStep(const Pose6& pose, const Vector6& d) {
  Pose6 moved(7);
  SixDof<double>().retract(pose.data(), d.data(), moved.data());
  return moved;
}
inline Pose6 Inverted(const Pose6& pose) {
  const Eigen::Quaterniond q = Rotation(pose).conjugate();
  return MakePose(-(q * Translation(pose)), q);
}
// Our own step, but of object_from_cam.
inline Pose6 InversePoseStep(const Pose6& pose, const Vector6& d) {
  return Inverted(OurStep(Inverted(pose), d));
}

struct Convention {
  const char* name;
  Tangent tangent;
  std::function<Pose6(const Pose6&, const Vector6&)> step;
};

inline const std::vector<Convention>& Conventions() {
  static const auto* const conventions = new std::vector<Convention>{
      {"propnp", Tangent::kPropnp, OurStep},
      {"rotation vector", Tangent::kRotationVector, RotationVectorStep},
      {"half angle, EigenQuaternionManifold", Tangent::kHalfAngle, CeresStep},
      {"half angle, QuaternionManifold", Tangent::kHalfAngle, CeresHamiltonStep},
      {"EPro-PnP", Tangent::kEproPnp, EproPnpStep},
      {"object side", Tangent::kObjectSide, ObjectSideStep},
      {"GTSAM", Tangent::kGtsam, GtsamStep},
      {"ROS", Tangent::kRos, RosStep},
      {"pycolmap", Tangent::kPycolmap, PycolmapStep},
      {"inverse pose", Tangent::kInversePose, InversePoseStep}};
  return *conventions;
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_MATH_TANGENT_CONVENTIONS_H_
