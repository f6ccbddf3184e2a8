// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The project's tangent (pose.h) in the conventions of others.
//
// Each convention is a 6x6 matrix A with their_tangent = A our_tangent to first order at a pose
// cam_from_object = (R, t); a covariance becomes A C A^T, a Jacobian J A^-1. Ours is
// [delta_t, delta_theta]: translation first, full-angle radians, camera-frame side.
#ifndef PROPNP_MATH_TANGENT_H_
#define PROPNP_MATH_TANGENT_H_

#include "propnp/math/pose.h"

PROPNP_MATH_BEGIN

enum class Tangent {
  kPropnp,          // ours
  kRotationVector,  // [dt, phi], R <- exp(phi) R; differs from ours from the third order on
  kHalfAngle,   // [dt, theta/2]: the plus of Ceres' EigenQuaternionManifold / QuaternionManifold
  kEproPnp,     // [dt, -theta/2]: the published EPro-PnP layer, theta = -2 x theirs
  kObjectSide,  // [dt, R^T theta]: R <- R exp(phi)
  kGtsam,       // [R^T theta, R^T dt]: GTSAM's Pose3, rotation first, both in the object frame
  kRos,         // [dt, theta]: geometry_msgs/PoseWithCovariance, rotation about fixed axes
  kPycolmap,    // [theta/2, dt]: pycolmap's covariance of cam_from_world, rotation first
  kInversePose  // ours of object_from_cam: [-R^T dt - R^T [t]x theta, -R^T theta]
};

// Writes scale * m into the 6x6 row-major matrix `a`.
template <typename S>
PROPNP_HOST_DEVICE inline void put_block(int row, int column, const S& scale, const Mat3<S>& m,
                                         S* a) {
  const Vec3<S> rows[3] = {m.row0, m.row1, m.row2};
  for (int i = 0; i < 3; ++i) {
    S* out = a + (row + i) * 6 + column;
    out[0] = scale * rows[i].x, out[1] = scale * rows[i].y, out[2] = scale * rows[i].z;
  }
}

// A of the convention, 6x6 row-major.
template <typename S>
PROPNP_HOST_DEVICE inline void tangent_map(Tangent tangent, const RigidTransform<S>& pose, S* a) {
  for (int i = 0; i < 36; ++i) a[i] = constant<S>(0);
  const S zero = constant<S>(0), one = constant<S>(1), half = constant<S>(0.5);
  const Mat3<S> identity{{one, zero, zero}, {zero, one, zero}, {zero, zero, one}};
  const Mat3<S> to_object = transposed(pose.rotation);
  const Vec3<S>& t = pose.translation;
  const Mat3<S> t_cross{{zero, -t.z, t.y}, {t.z, zero, -t.x}, {-t.y, t.x, zero}};
  switch (tangent) {
    case Tangent::kPropnp:
    case Tangent::kRotationVector:
    case Tangent::kRos:
      put_block(0, 0, one, identity, a), put_block(3, 3, one, identity, a);
      break;
    case Tangent::kHalfAngle:
      put_block(0, 0, one, identity, a), put_block(3, 3, half, identity, a);
      break;
    case Tangent::kEproPnp:
      put_block(0, 0, one, identity, a), put_block(3, 3, -half, identity, a);
      break;
    case Tangent::kObjectSide:
      put_block(0, 0, one, identity, a), put_block(3, 3, one, to_object, a);
      break;
    case Tangent::kGtsam:
      put_block(0, 3, one, to_object, a), put_block(3, 0, one, to_object, a);
      break;
    case Tangent::kPycolmap:
      put_block(0, 3, half, identity, a), put_block(3, 0, one, identity, a);
      break;
    case Tangent::kInversePose:
      put_block(0, 0, -one, to_object, a), put_block(0, 3, -one, to_object * t_cross, a);
      put_block(3, 3, -one, to_object, a);
      break;
  }
}

// A^-1: our_tangent = A^-1 their_tangent.
template <typename S>
PROPNP_HOST_DEVICE inline void inverse_tangent_map(Tangent tangent, const RigidTransform<S>& pose,
                                                   S* a) {
  const S zero = constant<S>(0), one = constant<S>(1), two = constant<S>(2);
  const Mat3<S> identity{{one, zero, zero}, {zero, one, zero}, {zero, zero, one}};
  switch (tangent) {
    case Tangent::kInversePose:  // the inverse of the inverse is the pose
      return tangent_map(tangent, inverse(pose), a);
    case Tangent::kPropnp:
    case Tangent::kRotationVector:
    case Tangent::kRos:
      return tangent_map(tangent, pose, a);
    default:
      break;
  }
  for (int i = 0; i < 36; ++i) a[i] = zero;
  switch (tangent) {
    case Tangent::kHalfAngle:
      put_block(0, 0, one, identity, a), put_block(3, 3, two, identity, a);
      break;
    case Tangent::kEproPnp:
      put_block(0, 0, one, identity, a), put_block(3, 3, -two, identity, a);
      break;
    case Tangent::kObjectSide:
      put_block(0, 0, one, identity, a), put_block(3, 3, one, pose.rotation, a);
      break;
    case Tangent::kGtsam:
      put_block(0, 3, one, pose.rotation, a), put_block(3, 0, one, pose.rotation, a);
      break;
    default:  // kPycolmap
      put_block(0, 3, one, identity, a), put_block(3, 0, two, identity, a);
      break;
  }
}

// result = a c a^T, all 6x6 row-major; `result` may be `c`.
template <typename S>
PROPNP_HOST_DEVICE inline void map_covariance(const S* a, const S* c, S* result) {
  S half_way[36];
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) {
      S sum = constant<S>(0);
      for (int k = 0; k < 6; ++k) sum = sum + a[i * 6 + k] * c[k * 6 + j];
      half_way[i * 6 + j] = sum;
    }
  }
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) {
      S sum = constant<S>(0);
      for (int k = 0; k < 6; ++k) sum = sum + half_way[i * 6 + k] * a[j * 6 + k];
      result[i * 6 + j] = sum;
    }
  }
}

// result = A covariance A^T, from our tangent to theirs; `result` may be `covariance`.
template <typename S>
PROPNP_HOST_DEVICE inline void convert_covariance(Tangent tangent, const RigidTransform<S>& pose,
                                                  const S* covariance, S* result) {
  S a[36];
  tangent_map(tangent, pose, a);
  map_covariance(a, covariance, result);
}

// Finite steps: our Cayley tangent theta and the rotation vector phi of the same rotation,
// theta = 2 tan(|phi|/2) phi/|phi|. Below kSmallAngle the ratio's Taylor series is exact to
// rounding. Half a turn has no Cayley tangent.
constexpr double kSmallAngle = 1e-4;  // rad

template <typename S>
PROPNP_HOST_DEVICE inline Vec3<S> cayley_from_rotation_vector(const Vec3<S>& phi) {
  const S squared = dot(phi, phi);
  const auto small = squared < constant<S>(kSmallAngle * kSmallAngle);
  const S angle = sqrt(select(small, constant<S>(1), squared));
  const S half = constant<S>(0.5) * angle;
  const S ratio = select(small, constant<S>(1) + squared / constant<S>(12),
                         constant<S>(2) * sin(half) / (cos(half) * angle));
  return ratio * phi;
}

template <typename S>
PROPNP_HOST_DEVICE inline Vec3<S> rotation_vector_from_cayley(const Vec3<S>& theta) {
  const S squared = dot(theta, theta);
  const auto small = squared < constant<S>(kSmallAngle * kSmallAngle);
  const S norm = sqrt(select(small, constant<S>(1), squared));
  const S ratio = select(small, constant<S>(1) - squared / constant<S>(12),
                         constant<S>(2) * atan2(constant<S>(0.5) * norm, constant<S>(1)) / norm);
  return ratio * theta;
}

// The rotation vector of a unit quaternion, the shorter way round: q and -q have the same one, at
// most pi long. Unlike the Cayley tangent it is bounded, so that its moments exist for every
// distribution of rotations.
template <typename S>
PROPNP_HOST_DEVICE inline Vec3<S> rotation_vector_from_quaternion(const Quaternion<S>& q) {
  const auto negative = q.w < constant<S>(0);
  const S w = select(negative, -q.w, q.w);
  const S squared = q.x * q.x + q.y * q.y + q.z * q.z;
  const auto small = squared < constant<S>(kSmallAngle * kSmallAngle / 4);
  const S sine = sqrt(select(small, constant<S>(1), squared));
  const S size = select(small, constant<S>(2) + squared / constant<S>(3),
                        constant<S>(2) * atan2(sine, w) / sine);
  return select(negative, -size, size) * Vec3<S>{q.x, q.y, q.z};
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_TANGENT_H_
