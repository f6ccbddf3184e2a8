// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The chart in which proposals live: xi = (t - t_m, g) around the pose (t_m, q_m) of a mode,
//
//   6DoF  g = vec(dq) / scalar(dq),  dq = q q_m^-1     the gnomonic projection of the 3-sphere
//   4DoF  g = tan(dyaw / 2),         dyaw = yaw - yaw_m
//
// It takes q and -q (yaw and yaw + 2 pi) to the same g, covers every rotation but half turns, and
// is half the retraction's tangent: delta_theta = 2 g (pose.h; 4DoF to second order). Volumes:
//
//   6DoF  dtheta = 8 / (1 + |g|^2)^2 dg,  8 pi^2 in all     4DoF  dyaw = 2 / (1 + g^2) dg,  2 pi
//
// because dtheta is 8 (2 to the power of 3) times the area of the unit 3-sphere, dyaw twice the
// length of the unit circle, and the central projection of a unit n-sphere to a tangent plane
// shrinks area by (1 + |g|^2)^((n + 1)/2). So a density t(xi) is the density t(xi) (1 + |g|^2)^2 /
// 8 with respect to dt dtheta, or t(xi) (1 + g^2) / 2 with respect to dt dyaw.
#ifndef PROPNP_MATH_GNOMONIC_H_
#define PROPNP_MATH_GNOMONIC_H_

#include "propnp/math/pose.h"

PROPNP_MATH_BEGIN

// Beyond, half a turn from the mode, g is held at a finite point so that densities stay finite:
// |g| <= 1e8; the rest is about 1e-8 of all rotations.
constexpr double kHalfTurnCosine = 1e-8;

// 1 / cosine, of the same sign, bounded.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S bounded_reciprocal(const S& cosine) {
  const S limit = constant<S>(kHalfTurnCosine);
  const auto negative = cosine < constant<S>(0);
  const S size = max(select(negative, -cosine, cosine), limit);
  return constant<S>(1) / select(negative, -size, size);
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> gnomonic_from_quaternion(const Quaternion<S>& dq) {
  const S scale = bounded_reciprocal(dq.w);
  return {scale * dq.x, scale * dq.y, scale * dq.z};
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Quaternion<S> quaternion_from_gnomonic(const Vec3<S>& g) {
  return normalized(Quaternion<S>{constant<S>(1), g.x, g.y, g.z});
}

// tan((yaw - yaw_m) / 2) from (cos, sin) of half of each: no trigonometry for each pair of a sample
// and a mode.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S gnomonic_from_half_yaws(const Vec2<S>& half_yaw,
                                                           const Vec2<S>& half_mode_yaw) {
  return (half_yaw.y * half_mode_yaw.x - half_yaw.x * half_mode_yaw.y) *
         bounded_reciprocal(dot(half_yaw, half_mode_yaw));
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S yaw_from_gnomonic(const S& g) {
  return constant<S>(2) * atan2(g, constant<S>(1));
}

// log of density with respect to dtheta (dyaw) over density with respect to dg.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S log_gnomonic_factor(const Vec3<S>& g) {
  constexpr double kLog8 = 2.07944154167983592825;
  return constant<S>(2) * log1p(dot(g, g)) - constant<S>(kLog8);
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S log_gnomonic_factor(const S& g) {
  constexpr double kLog2 = 0.69314718055994530942;
  return log1p(g * g) - constant<S>(kLog2);
}

// (t - t_m, g) of a whole pose as SixDof stores it.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE void gnomonic_from_pose(const SixDof<S>&, const S* mode,
                                                         const S* pose, S* xi) {
  const Vec3<S> g =
      gnomonic_from_quaternion(Quaternion<S>{pose[3], pose[4], pose[5], pose[6]} *
                               conjugate(Quaternion<S>{mode[3], mode[4], mode[5], mode[6]}));
  for (int i = 0; i < 3; ++i) xi[i] = pose[i] - mode[i];
  xi[3] = g.x, xi[4] = g.y, xi[5] = g.z;
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_GNOMONIC_H_
