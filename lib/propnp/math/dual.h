// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A scalar with its derivatives along N directions (forward-mode automatic differentiation, R.
// Wengert, 1964):
//
//   f(a + sum_k eps_k d_k) = f(a) + sum_k eps_k f'(a) d_k,   eps_i eps_j = 0
//
// A function that returns first derivatives, called with dual numbers, gives their derivatives
// along the directions: exact mixed second derivatives without a second formula. `S` may be a
// vector register.
#ifndef PROPNP_MATH_DUAL_H_
#define PROPNP_MATH_DUAL_H_

#include <type_traits>

#include "propnp/math/vector.h"

PROPNP_MATH_BEGIN

template <typename S, int N>
struct Dual {
  S value;
  S slope[N];

  Dual() = default;
  // A constant.
  PROPNP_HOST_DEVICE PROPNP_INLINE explicit Dual(typename ScalarTraits<S>::Real constant)
      : value(constant) {
    PROPNP_UNROLL
    for (int k = 0; k < N; ++k) slope[k] = S(typename ScalarTraits<S>::Real(0));
  }
};

template <typename S, int N>
struct ScalarTraits<Dual<S, N>> {
  using Real = typename ScalarTraits<S>::Real;
};

template <int N, typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Dual<S, N> dual_constant(const S& value) {
  Dual<S, N> result(0);
  result.value = value;
  return result;
}

// f(a) from its value and f'(a).
template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Dual<S, N> dual_chain(const S& value, const S& derivative,
                                                       const Dual<S, N>& a) {
  Dual<S, N> result;
  result.value = value;
  PROPNP_UNROLL
  for (int k = 0; k < N; ++k) result.slope[k] = derivative * a.slope[k];
  return result;
}

// f(a, b) from its value and partial derivatives.
template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Dual<S, N> dual_chain(const S& value, const S& by_a,
                                                       const Dual<S, N>& a, const S& by_b,
                                                       const Dual<S, N>& b) {
  Dual<S, N> result;
  result.value = value;
  PROPNP_UNROLL
  for (int k = 0; k < N; ++k) result.slope[k] = by_a * a.slope[k] + by_b * b.slope[k];
  return result;
}

template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Dual<S, N> operator+(const Dual<S, N>& a, const Dual<S, N>& b) {
  Dual<S, N> result;
  result.value = a.value + b.value;
  PROPNP_UNROLL
  for (int k = 0; k < N; ++k) result.slope[k] = a.slope[k] + b.slope[k];
  return result;
}
template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Dual<S, N> operator-(const Dual<S, N>& a, const Dual<S, N>& b) {
  Dual<S, N> result;
  result.value = a.value - b.value;
  PROPNP_UNROLL
  for (int k = 0; k < N; ++k) result.slope[k] = a.slope[k] - b.slope[k];
  return result;
}
template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Dual<S, N> operator-(const Dual<S, N>& a) {
  Dual<S, N> result;
  result.value = -a.value;
  PROPNP_UNROLL
  for (int k = 0; k < N; ++k) result.slope[k] = -a.slope[k];
  return result;
}
template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Dual<S, N> operator*(const Dual<S, N>& a, const Dual<S, N>& b) {
  return dual_chain(a.value * b.value, b.value, a, a.value, b);
}
template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Dual<S, N> operator/(const Dual<S, N>& a, const Dual<S, N>& b) {
  const S inverse = constant<S>(1) / b.value;
  const S quotient = a.value * inverse;
  return dual_chain(quotient, inverse, a, -(quotient * inverse), b);
}

// Values alone are compared: on an edge the branch taken gives the derivative.
template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE auto operator<(const Dual<S, N>& a, const Dual<S, N>& b)
    -> decltype(a.value < b.value) {
  return a.value < b.value;
}

// For masks of vector registers; a bool is served by scalar.h.
template <typename Mask, typename S, int N,
          typename = std::enable_if_t<!std::is_same<Mask, bool>::value>>
PROPNP_HOST_DEVICE PROPNP_INLINE Dual<S, N> select(const Mask& mask, const Dual<S, N>& a,
                                                   const Dual<S, N>& b) {
  Dual<S, N> result;
  result.value = select(mask, a.value, b.value);
  PROPNP_UNROLL
  for (int k = 0; k < N; ++k) result.slope[k] = select(mask, a.slope[k], b.slope[k]);
  return result;
}

template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Dual<S, N> sqrt(const Dual<S, N>& a) {
  const S root = sqrt(a.value);
  return dual_chain(root, constant<S>(0.5) / root, a);
}

template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Dual<S, N> atan2(const Dual<S, N>& y, const Dual<S, N>& x) {
  const S inverse = constant<S>(1) / (x.value * x.value + y.value * y.value);
  return dual_chain(atan2(y.value, x.value), x.value * inverse, y, -(y.value * inverse), x);
}

// The values of a vector of duals, and its derivative along direction k.
template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> values(const Vec2<Dual<S, N>>& v) {
  return {v.x.value, v.y.value};
}
template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> values(const Vec3<Dual<S, N>>& v) {
  return {v.x.value, v.y.value, v.z.value};
}
template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> slopes(const Vec3<Dual<S, N>>& v, int k) {
  return {v.x.slope[k], v.y.slope[k], v.z.slope[k]};
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_DUAL_H_
