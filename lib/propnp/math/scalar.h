// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the mathematics asks of a scalar: the arithmetic and comparison operators, and these
// functions, found by argument-dependent lookup for types other than float and double (automatic
// differentiation scalars, vector lanes). A comparison yields a mask: `bool`, or one truth value a
// lane; `select` is the only branch on it, so that one source serves all.
#ifndef PROPNP_MATH_SCALAR_H_
#define PROPNP_MATH_SCALAR_H_

#include <cmath>
#include <limits>
#include <type_traits>

#include "propnp/math/config.h"

PROPNP_MATH_BEGIN

using std::atan2;
using std::cos;
using std::exp;
using std::expm1;
using std::log;
using std::log1p;
using std::sin;
using std::sqrt;

// What comparing two of them gives.
template <typename S>
using MaskOf = decltype(std::declval<S>() < std::declval<S>());

// mask ? a : b.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S select(bool mask, const S& a, const S& b) {
  return mask ? a : b;
}

// Where either mask is true.
template <typename Mask>
PROPNP_HOST_DEVICE PROPNP_INLINE Mask either(const Mask& a, const Mask& b) {
  return a | b;
}
PROPNP_HOST_DEVICE PROPNP_INLINE bool either(bool a, bool b) { return a || b; }

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S min(const S& a, const S& b) {
  return select(b < a, b, a);
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S max(const S& a, const S& b) {
  return select(a < b, b, a);
}

// The value itself on the edges (so is its derivative) and where it is not a number.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S clamp(const S& value, const S& low, const S& high) {
  return select(value < low, low, select(high < value, high, value));
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S square(const S& a) {
  return a * a;
}

// The real type of a scalar's thresholds: double unless a specialisation says otherwise.
template <typename S>
struct ScalarTraits {
  using Real = double;
};
template <>
struct ScalarTraits<float> {
  using Real = float;
};

// Of positive numbers that are neither tiny nor huge. A device estimates those of floats in one
// instruction, to 2^-22.9.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S reciprocal(const S& a) {
#if defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<S, float>) {
    float result;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(a));
    return result;
  }
#endif
  return S(1) / a;
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S reciprocal_sqrt(const S& a) {
#if defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<S, float>) {
    float result;
    asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(a));
    return result;
  }
#endif
  return S(1) / sqrt(a);
}

// A constant of the scalar's own precision.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S constant(double value) {
  return S(static_cast<typename ScalarTraits<S>::Real>(value));
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_SCALAR_H_
