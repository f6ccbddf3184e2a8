// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Hamilton quaternions [w, x, y, z]; a unit quaternion is the rotation X -> q X q*.
#ifndef PROPNP_MATH_QUATERNION_H_
#define PROPNP_MATH_QUATERNION_H_

#include "propnp/math/vector.h"

PROPNP_MATH_BEGIN

template <typename S>
struct Quaternion {
  S w, x, y, z;
};

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Quaternion<S> operator*(const Quaternion<S>& a,
                                                         const Quaternion<S>& b) {
  return {
      a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z, a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
      a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x, a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w};
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Quaternion<S> conjugate(const Quaternion<S>& q) {
  return {q.w, -q.x, -q.y, -q.z};
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S squared_norm(const Quaternion<S>& q) {
  return q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z;
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Quaternion<S> normalized(const Quaternion<S>& q) {
  const S scale = constant<S>(1) / sqrt(squared_norm(q));
  return {scale * q.w, scale * q.x, scale * q.y, scale * q.z};
}

// The rotation matrix of any quaternion but zero: R(q) = R(q / |q|), so that a quaternion that has
// drifted off the sphere still gives a rotation and its derivative along q is exactly zero.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Mat3<S> rotation_matrix(const Quaternion<S>& q) {
  const S one = constant<S>(1);
  const S two_over_norm = constant<S>(2) / squared_norm(q);
  const S x = two_over_norm * q.x, y = two_over_norm * q.y, z = two_over_norm * q.z;
  const S wx = q.w * x, wy = q.w * y, wz = q.w * z;
  const S xx = q.x * x, xy = q.x * y, xz = q.x * z;
  const S yy = q.y * y, yz = q.y * z, zz = q.z * z;
  return {{one - (yy + zz), xy - wz, xz + wy},
          {xy + wz, one - (xx + zz), yz - wx},
          {xz - wy, yz + wx, one - (xx + yy)}};
}

// R(q) - I without cancellation, for a rotation of any size that carries a base to another pose.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Mat3<S> rotation_minus_identity(const Quaternion<S>& q) {
  const S two_over_norm = constant<S>(2) / squared_norm(q);
  const S x = two_over_norm * q.x, y = two_over_norm * q.y, z = two_over_norm * q.z;
  const S wx = q.w * x, wy = q.w * y, wz = q.w * z;
  const S xx = q.x * x, xy = q.x * y, xz = q.x * z;
  const S yy = q.y * y, yz = q.y * z, zz = q.z * z;
  return {{-(yy + zz), xy - wz, xz + wy},
          {xy + wz, -(xx + zz), yz - wx},
          {xz - wy, yz + wx, -(xx + yy)}};
}

// The Cayley map: the rotation with tangent theta (full angle to second order),
// dq = (1, theta/2) / |(1, theta/2)|. Its inverse is theta = 2 vec(dq) / scalar(dq).
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Quaternion<S> quaternion_from_cayley(const Vec3<S>& theta) {
  const S half = constant<S>(0.5);
  return normalized(Quaternion<S>{constant<S>(1), half * theta.x, half * theta.y, half * theta.z});
}

// Infinite at half turns, where the chart ends.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> cayley_from_quaternion(const Quaternion<S>& q) {
  const S scale = constant<S>(2) / q.w;
  return {scale * q.x, scale * q.y, scale * q.z};
}

// R(cayley(theta)) - I without cancellation, for displacements from a nearby rotation:
// ([theta]x + [theta]x^2 / 2) / (1 + |theta|^2 / 4).
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Mat3<S> rotation_minus_identity_from_cayley(const Vec3<S>& theta) {
  const S half = constant<S>(0.5);
  const S scale = constant<S>(1) / (constant<S>(1) + constant<S>(0.25) * dot(theta, theta));
  const S x = scale * theta.x, y = scale * theta.y, z = scale * theta.z;
  const S hx = half * theta.x, hy = half * theta.y, hz = half * theta.z;
  const S xx = hx * x, yy = hy * y, zz = hz * z;
  const S xy = hx * y, xz = hx * z, yz = hy * z;
  return {{-(yy + zz), xy - z, xz + y}, {xy + z, -(xx + zz), yz - x}, {xz - y, yz + x, -(xx + yy)}};
}

// Rotation by `angle_rad` about the unit vector `axis` (Rodrigues' formula).
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Mat3<S> rotation_about_axis(const Vec3<S>& axis,
                                                             const S& angle_rad) {
  const S s = sin(angle_rad), c = cos(angle_rad);
  const S k = constant<S>(1) - c;
  const S kx = k * axis.x, ky = k * axis.y, kz = k * axis.z;
  const S sx = s * axis.x, sy = s * axis.y, sz = s * axis.z;
  return {{c + kx * axis.x, kx * axis.y - sz, kx * axis.z + sy},
          {ky * axis.x + sz, c + ky * axis.y, ky * axis.z - sx},
          {kz * axis.x - sy, kz * axis.y + sx, c + kz * axis.z}};
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_QUATERNION_H_
