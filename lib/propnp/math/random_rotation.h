// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Rotations uniform over SO(3) from three uniform numbers (K. Shoemake, "Uniform random rotations",
// Graphics Gems III, 1992), and turns about an axis from one.
#ifndef PROPNP_MATH_RANDOM_ROTATION_H_
#define PROPNP_MATH_RANDOM_ROTATION_H_

#include "propnp/math/quaternion.h"

PROPNP_MATH_BEGIN

// u, a and b in (0, 1).
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Quaternion<S> rotation_from_uniforms(const S& u, const S& a,
                                                                      const S& b) {
  const S turn = constant<S>(6.28318530717958647692);
  const S first = sqrt(constant<S>(1) - u), second = sqrt(u);
  return {first * sin(turn * a), first * cos(turn * a), second * sin(turn * b),
          second * cos(turn * b)};
}

// In [-pi, pi].
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S yaw_from_uniform(const S& u) {
  return constant<S>(6.28318530717958647692) * (u - constant<S>(0.5));
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_RANDOM_ROTATION_H_
