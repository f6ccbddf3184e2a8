// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Finite steps from one pose to another in the tangents of others (tangent.h, which has them to
// first order): what their own code does with the numbers, exactly.
//
// The common ground is the change of a pose cam_from_object = (R(q), t) on the camera side,
//
//   t <- t + dt,   q <- dq q
//
// which every convention's step makes and every change has a step of. Rotation vectors are the
// shorter way round. GTSAM's is the exponential of SE(3), [omega, v] in the object frame: R <- R
// exp(omega), t <- t + R V(omega) v with the left Jacobian V of SO(3) (T. Barfoot, "State
// Estimation for Robotics", 2017, eq. 7.77).
#ifndef PROPNP_MATH_FINITE_STEP_H_
#define PROPNP_MATH_FINITE_STEP_H_

#include "propnp/math/tangent.h"

PROPNP_MATH_BEGIN

struct PoseChange {
  Vec3<double> dt;
  Quaternion<double> dq;  // of unit length
};

// exp(phi), |phi| of any size.
PROPNP_HOST_DEVICE inline Quaternion<double> quaternion_from_rotation_vector(
    const Vec3<double>& phi) {
  const double squared = dot(phi, phi);
  // sin(angle / 2) / angle; the series to the second order is exact to rounding here.
  if (squared < kSmallAngle * kSmallAngle) {
    const Vec3<double> v = (0.5 - squared / 48) * phi;
    return normalized(Quaternion<double>{1 - squared / 8, v.x, v.y, v.z});
  }
  const double angle = sqrt(squared);
  const Vec3<double> v = (sin(0.5 * angle) / angle) * phi;
  return {cos(0.5 * angle), v.x, v.y, v.z};
}

// V(phi) v = v + (1 - cos a) / a^2 phi x v + (a - sin a) / a^3 phi x (phi x v), a = |phi|.
PROPNP_HOST_DEVICE inline Vec3<double> left_jacobian_times(const Vec3<double>& phi,
                                                           const Vec3<double>& v) {
  const double squared = dot(phi, phi), angle = sqrt(squared);
  const bool small = squared < kSmallAngle * kSmallAngle;
  const double half_sine = sin(0.5 * angle);
  const double first = small ? 0.5 - squared / 24 : 2 * half_sine * half_sine / squared;
  const double second = small ? 1.0 / 6 - squared / 120 : (angle - sin(angle)) / (angle * squared);
  const Vec3<double> turned = cross(phi, v);
  return v + first * turned + second * cross(phi, turned);
}

// V(phi)^-1 v = v - 1/2 phi x v + (1 - a / 2 cot(a / 2)) / a^2 phi x (phi x v).
PROPNP_HOST_DEVICE inline Vec3<double> inverse_left_jacobian_times(const Vec3<double>& phi,
                                                                   const Vec3<double>& v) {
  const double squared = dot(phi, phi), half = 0.5 * sqrt(squared);
  const bool small = squared < kSmallAngle * kSmallAngle;
  const double second =
      small ? 1.0 / 12 + squared / 720 : (1 - half * cos(half) / sin(half)) / squared;
  const Vec3<double> turned = cross(phi, v);
  return v - 0.5 * turned + second * cross(phi, turned);
}

// The rotation about the fixed axes X, then Y, then Z, and its angles with |y| <= pi / 2. Where y
// is a quarter turn, x and z turn about the same axis, and z is zero.
PROPNP_HOST_DEVICE inline Quaternion<double> quaternion_from_fixed_axes(const Vec3<double>& a) {
  const Quaternion<double> x{cos(0.5 * a.x), sin(0.5 * a.x), 0, 0};
  const Quaternion<double> y{cos(0.5 * a.y), 0, sin(0.5 * a.y), 0};
  const Quaternion<double> z{cos(0.5 * a.z), 0, 0, sin(0.5 * a.z)};
  return z * (y * x);
}

PROPNP_HOST_DEVICE inline Vec3<double> fixed_axes_from_quaternion(const Quaternion<double>& q) {
  constexpr double kQuarterTurn = 1e-12;  // cosine of y below which x and z cannot be told apart
  const Mat3<double> r = rotation_matrix(q);
  const double cos_y = sqrt(r.row0.x * r.row0.x + r.row1.x * r.row1.x);
  const double y = atan2(-r.row2.x, cos_y);
  if (cos_y < kQuarterTurn) return {atan2(-r.row1.z, r.row1.y), y, 0};
  return {atan2(r.row2.y, r.row2.z), y, atan2(r.row1.x, r.row0.x)};
}

// The change that a convention's step makes of a pose [tx ty tz qw qx qy qz].
PROPNP_HOST_DEVICE inline PoseChange change_from_step(Tangent tangent, const double* pose,
                                                      const double* step) {
  const Quaternion<double> q{pose[3], pose[4], pose[5], pose[6]};
  const Vec3<double> t{pose[0], pose[1], pose[2]};
  const Vec3<double> first{step[0], step[1], step[2]}, last{step[3], step[4], step[5]};
  const Mat3<double> rotation = rotation_matrix(q);
  switch (tangent) {
    case Tangent::kPropnp:
      return {first, quaternion_from_cayley(last)};
    case Tangent::kRotationVector:
      return {first, quaternion_from_rotation_vector(last)};
    case Tangent::kHalfAngle:
      return {first, quaternion_from_rotation_vector(2.0 * last)};
    case Tangent::kEproPnp:
      return {first, quaternion_from_cayley(-2.0 * last)};
    case Tangent::kObjectSide:
      return {first, quaternion_from_rotation_vector(rotation * last)};
    case Tangent::kGtsam: {
      const Vec3<double> phi = rotation * first;
      return {left_jacobian_times(phi, rotation * last), quaternion_from_rotation_vector(phi)};
    }
    case Tangent::kRos:
      return {first, quaternion_from_fixed_axes(last)};
    case Tangent::kPycolmap:
      return {last, quaternion_from_rotation_vector(2.0 * first)};
    case Tangent::kInversePose: {
      // (c q^-1)^-1 = q c^-1 = (q c^-1 q^-1) q, and t' = -R' (-R^T t + d).
      const Quaternion<double> dq = q * (conjugate(quaternion_from_cayley(last)) * conjugate(q));
      return {rotation_minus_identity(dq) * t - rotation_matrix(dq) * (rotation * first), dq};
    }
  }
  return {{0, 0, 0}, {1, 0, 0, 0}};
}

// The step of a convention that makes this change. Infinite where there is none: half a turn has no
// Cayley tangent.
PROPNP_HOST_DEVICE inline void step_from_change(Tangent tangent, const double* pose,
                                                const PoseChange& change, double* step) {
  const Quaternion<double> q{pose[3], pose[4], pose[5], pose[6]};
  const Vec3<double> t{pose[0], pose[1], pose[2]};
  const Mat3<double> rotation = rotation_matrix(q);
  const auto put = [&](const Vec3<double>& first, const Vec3<double>& last) {
    step[0] = first.x, step[1] = first.y, step[2] = first.z;
    step[3] = last.x, step[4] = last.y, step[5] = last.z;
  };
  const Vec3<double> phi = rotation_vector_from_quaternion(change.dq);
  switch (tangent) {
    case Tangent::kPropnp:
      return put(change.dt, cayley_from_quaternion(change.dq));
    case Tangent::kRotationVector:
      return put(change.dt, phi);
    case Tangent::kHalfAngle:
      return put(change.dt, 0.5 * phi);
    case Tangent::kEproPnp:
      return put(change.dt, -0.5 * cayley_from_quaternion(change.dq));
    case Tangent::kObjectSide:
      return put(change.dt, transposed_times(rotation, phi));
    case Tangent::kGtsam:
      return put(transposed_times(rotation, phi),
                 transposed_times(rotation, inverse_left_jacobian_times(phi, change.dt)));
    case Tangent::kRos:
      return put(change.dt, fixed_axes_from_quaternion(change.dq));
    case Tangent::kPycolmap:
      return put(0.5 * phi, change.dt);
    case Tangent::kInversePose: {
      const Quaternion<double> c = conjugate(q) * (conjugate(change.dq) * q);
      const Vec3<double> moved = rotation_minus_identity(change.dq) * t - change.dt;
      return put(transposed_times(rotation, transposed_times(rotation_matrix(change.dq), moved)),
                 cayley_from_quaternion(c));
    }
  }
}

// The change from one pose to another.
PROPNP_HOST_DEVICE inline PoseChange change_between(const double* from, const double* to) {
  return {{to[0] - from[0], to[1] - from[1], to[2] - from[2]},
          normalized(Quaternion<double>{to[3], to[4], to[5], to[6]} *
                     conjugate(Quaternion<double>{from[3], from[4], from[5], from[6]}))};
}

// result = the pose after the change; `result` may be `pose`.
PROPNP_HOST_DEVICE inline void apply_change(const PoseChange& change, const double* pose,
                                            double* result) {
  const Quaternion<double> q =
      normalized(change.dq * Quaternion<double>{pose[3], pose[4], pose[5], pose[6]});
  result[0] = pose[0] + change.dt.x, result[1] = pose[1] + change.dt.y;
  result[2] = pose[2] + change.dt.z;
  result[3] = q.w, result[4] = q.x, result[5] = q.y, result[6] = q.z;
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_FINITE_STEP_H_
