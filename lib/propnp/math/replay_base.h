// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Kept samples of poses are replayed as displacements from a base, which is one of them: near it a
// residual is that of the base plus a small difference, which single precision holds.
#ifndef PROPNP_MATH_REPLAY_BASE_H_
#define PROPNP_MATH_REPLAY_BASE_H_

#include <cmath>

#include "propnp/math/pose.h"

PROPNP_MATH_BEGIN

// How many there may be; double precision does not mind a base that is far away.
template <typename T>
constexpr int kReplayBases = sizeof(T) == sizeof(float) ? 4 : 1;

// dq with R(to) = dq R(from).
PROPNP_HOST_DEVICE inline Quaternion<double> turn_between(const SixDof<double>&, const double* from,
                                                          const double* to) {
  return Quaternion<double>{to[3], to[4], to[5], to[6]} *
         conjugate(Quaternion<double>{from[3], from[4], from[5], from[6]});
}
PROPNP_HOST_DEVICE inline Quaternion<double> turn_between(const FourDof<double>& dof,
                                                          const double* from, const double* to) {
  const double half = 0.5 * (to[3] - from[3]), s = std::sin(half);
  return {std::cos(half), s * dof.axis.x, s * dof.axis.y, s * dof.axis.z};
}

PROPNP_HOST_DEVICE inline Vec3<double> shift_between(const double* from, const double* to) {
  return {to[0] - from[0], to[1] - from[1], to[2] - from[2]};
}

// Whether a pose is near enough to a base to be its displacement.
template <typename Dof>
PROPNP_HOST_DEVICE bool is_near_base(const Dof& dof, const double* base, const double* pose) {
  constexpr double kCosHalfAngle = 0.985;  // 20 degrees
  constexpr double kRelativeShift = 0.2;
  const Vec3<double> t{base[0], base[1], base[2]}, shift = shift_between(base, pose);
  return std::fabs(turn_between(dof, base, pose).w) > kCosHalfAngle &&
         dot(shift, shift) < kRelativeShift * kRelativeShift * dot(t, t);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_REPLAY_BASE_H_
