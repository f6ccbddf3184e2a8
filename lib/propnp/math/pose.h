// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The pose and the project's one retraction.
//
//   t <- t + delta_t,   q <- dq q,   dq = (1, delta_theta / 2) / |(1, delta_theta / 2)|
//
// that is the Cayley map on the camera-frame side, tangent [delta_t, delta_theta] in radians of
// full angle to second order (A. Cayley, 1846; the step of the EPro-PnP layer, Chen et al., CVPR
// 2022). It needs no trigonometry and no Taylor branch, and delta_theta / 2 is the gnomonic
// coordinate. At zero its first derivatives are those of the exponential map, so Jacobians and
// covariances mean what one expects. With four degrees of freedom the tangent is [delta_t,
// delta_yaw].
//
// A DoF policy (SixDof, FourDof) knows the storage, the retraction, its inverse and how a gradient
// with respect to point_in_cam becomes a row of the Jacobian.
#ifndef PROPNP_MATH_POSE_H_
#define PROPNP_MATH_POSE_H_

#include "propnp/math/quaternion.h"

PROPNP_MATH_BEGIN

// point_in_target = rotation * point_in_source + translation.
template <typename S>
struct RigidTransform {
  Mat3<S> rotation;
  Vec3<S> translation;
};

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> operator*(const RigidTransform<S>& a, const Vec3<S>& v) {
  return a.rotation * v + a.translation;
}

// a_from_c = a_from_b * b_from_c.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE RigidTransform<S> operator*(const RigidTransform<S>& a,
                                                             const RigidTransform<S>& b) {
  return {a.rotation * b.rotation, a.rotation * b.translation + a.translation};
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE RigidTransform<S> inverse(const RigidTransform<S>& a) {
  const Mat3<S> rotation = transposed(a.rotation);
  const Vec3<S> t = rotation * a.translation;
  return {rotation, {-t.x, -t.y, -t.z}};
}

template <typename To, typename From>
PROPNP_HOST_DEVICE PROPNP_INLINE RigidTransform<To> cast(const RigidTransform<From>& a) {
  return {cast<To>(a.rotation), cast<To>(a.translation)};
}

// Six degrees of freedom, stored as [tx ty tz qw qx qy qz].
template <typename S>
struct SixDof {
  using Scalar = S;
  static constexpr int kTangent = 6;
  static constexpr int kStorage = 7;

  PROPNP_HOST_DEVICE RigidTransform<S> transform(const S* pose) const {
    return {rotation_matrix(Quaternion<S>{pose[3], pose[4], pose[5], pose[6]}),
            {pose[0], pose[1], pose[2]}};
  }

  // result = pose (+) delta; `result` may be `pose`.
  PROPNP_HOST_DEVICE void retract(const S* pose, const S* delta, S* result) const {
    const Quaternion<S> step = quaternion_from_cayley(Vec3<S>{delta[3], delta[4], delta[5]});
    const Quaternion<S> q = normalized(step * Quaternion<S>{pose[3], pose[4], pose[5], pose[6]});
    for (int i = 0; i < 3; ++i) result[i] = pose[i] + delta[i];
    result[3] = q.w, result[4] = q.x, result[5] = q.y, result[6] = q.z;
  }

  // d (cotangent . retract(pose, delta)) / d delta, added to `gradient`; the cotangent is of the
  // seven stored numbers. With u = (1, theta / 2) q the result's quaternion is u / |u|, so that
  // only what of the cotangent is orthogonal to it counts.
  PROPNP_HOST_DEVICE void retract_vjp(const S* pose, const S* delta, const S* cotangent,
                                      S* gradient) const {
    const S half = constant<S>(0.5);
    const Quaternion<S> q{pose[3], pose[4], pose[5], pose[6]};
    const Quaternion<S> u =
        Quaternion<S>{constant<S>(1), half * delta[3], half * delta[4], half * delta[5]} * q;
    const S inverse_square = constant<S>(1) / squared_norm(u);
    const Quaternion<S> c{cotangent[3], cotangent[4], cotangent[5], cotangent[6]};
    const S along = (c.w * u.w + c.x * u.x + c.y * u.y + c.z * u.z) * inverse_square;
    const Quaternion<S> across =
        Quaternion<S>{c.w - along * u.w, c.x - along * u.x, c.y - along * u.y, c.z - along * u.z} *
        conjugate(q);
    const S scale = half * sqrt(inverse_square);
    for (int i = 0; i < 3; ++i) gradient[i] = gradient[i] + cotangent[i];
    gradient[3] = gradient[3] + scale * across.x;
    gradient[4] = gradient[4] + scale * across.y;
    gradient[5] = gradient[5] + scale * across.z;
  }

  // delta with to = from (+) delta. Infinite when the rotations are half a turn apart.
  PROPNP_HOST_DEVICE void local(const S* from, const S* to, S* delta) const {
    const Quaternion<S> step = Quaternion<S>{to[3], to[4], to[5], to[6]} *
                               conjugate(Quaternion<S>{from[3], from[4], from[5], from[6]});
    const Vec3<S> theta = cayley_from_quaternion(step);
    for (int i = 0; i < 3; ++i) delta[i] = to[i] - from[i];
    delta[3] = theta.x, delta[4] = theta.y, delta[5] = theta.z;
  }

  // The row of d f / d delta at delta = 0, from the gradient of f with respect to point_in_cam and
  // rotated_point = R point_in_object: d point_in_cam = delta_t + delta_theta x rotated_point.
  template <typename L>
  PROPNP_HOST_DEVICE PROPNP_INLINE void tangent_row(const Vec3<L>& gradient,
                                                    const Vec3<L>& rotated_point, L* row) const {
    const Vec3<L> torque = cross(rotated_point, gradient);
    row[0] = gradient.x, row[1] = gradient.y, row[2] = gradient.z;
    row[3] = torque.x, row[4] = torque.y, row[5] = torque.z;
  }
};

// Translation and yaw, stored as [tx ty tz yaw]: R = Rot(axis, yaw) base_rotation. The axis is a
// unit vector of the camera frame, gravity in practice; base_rotation aligns the object's own up.
template <typename S>
struct FourDof {
  using Scalar = S;
  static constexpr int kTangent = 4;
  static constexpr int kStorage = 4;

  Vec3<S> axis{constant<S>(0), constant<S>(1), constant<S>(0)};
  Mat3<S> base_rotation{{constant<S>(1), constant<S>(0), constant<S>(0)},
                        {constant<S>(0), constant<S>(1), constant<S>(0)},
                        {constant<S>(0), constant<S>(0), constant<S>(1)}};

  PROPNP_HOST_DEVICE RigidTransform<S> transform(const S* pose) const {
    return {rotation_about_axis(axis, pose[3]) * base_rotation, {pose[0], pose[1], pose[2]}};
  }

  PROPNP_HOST_DEVICE void retract(const S* pose, const S* delta, S* result) const {
    for (int i = 0; i < 4; ++i) result[i] = pose[i] + delta[i];
  }

  // As SixDof's.
  PROPNP_HOST_DEVICE void retract_vjp(const S* /*pose*/, const S* /*delta*/, const S* cotangent,
                                      S* gradient) const {
    for (int i = 0; i < 4; ++i) gradient[i] = gradient[i] + cotangent[i];
  }

  // Yaws are compared as numbers: a full turn apart is a difference of 2 pi.
  PROPNP_HOST_DEVICE void local(const S* from, const S* to, S* delta) const {
    for (int i = 0; i < 4; ++i) delta[i] = to[i] - from[i];
  }

  template <typename L>
  PROPNP_HOST_DEVICE PROPNP_INLINE void tangent_row(const Vec3<L>& gradient,
                                                    const Vec3<L>& rotated_point, L* row) const {
    row[0] = gradient.x, row[1] = gradient.y, row[2] = gradient.z;
    row[3] = dot(cast<L>(axis), cross(rotated_point, gradient));
  }
};

// The angle between the rotations of two poses, rad. Yaws are compared within half a turn.
template <typename S>
PROPNP_HOST_DEVICE S rotation_distance(const SixDof<S>&, const S* a, const S* b) {
  const S cosine = std::fabs(a[3] * b[3] + a[4] * b[4] + a[5] * b[5] + a[6] * b[6]);
  return S(2) * std::acos(min(cosine, S(1)));
}
template <typename S>
PROPNP_HOST_DEVICE S rotation_distance(const FourDof<S>&, const S* a, const S* b) {
  return std::fabs(std::remainder(a[3] - b[3], S(6.283185307179586)));
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_POSE_H_
