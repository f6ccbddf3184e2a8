// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Vectors of two and three, and 3x3 matrices (row-major), on the stack.
#ifndef PROPNP_MATH_VECTOR_H_
#define PROPNP_MATH_VECTOR_H_

#include "propnp/math/scalar.h"

PROPNP_MATH_BEGIN

template <typename S>
struct Vec2 {
  S x, y;
};

template <typename S>
struct Vec3 {
  S x, y, z;
};

// Row-major: rows of a rotation are the axes of the target frame seen from the source frame.
template <typename S>
struct Mat3 {
  Vec3<S> row0, row1, row2;
};

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> operator+(const Vec2<S>& a, const Vec2<S>& b) {
  return {a.x + b.x, a.y + b.y};
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> operator-(const Vec2<S>& a, const Vec2<S>& b) {
  return {a.x - b.x, a.y - b.y};
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> operator*(const S& a, const Vec2<S>& b) {
  return {a * b.x, a * b.y};
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S dot(const Vec2<S>& a, const Vec2<S>& b) {
  return a.x * b.x + a.y * b.y;
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> operator+(const Vec3<S>& a, const Vec3<S>& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> operator-(const Vec3<S>& a, const Vec3<S>& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> operator*(const S& a, const Vec3<S>& b) {
  return {a * b.x, a * b.y, a * b.z};
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S dot(const Vec3<S>& a, const Vec3<S>& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> cross(const Vec3<S>& a, const Vec3<S>& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> operator*(const Mat3<S>& m, const Vec3<S>& v) {
  return {dot(m.row0, v), dot(m.row1, v), dot(m.row2, v)};
}

// m^T v.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> transposed_times(const Mat3<S>& m, const Vec3<S>& v) {
  return v.x * m.row0 + v.y * m.row1 + v.z * m.row2;
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Mat3<S> transposed(const Mat3<S>& m) {
  return {{m.row0.x, m.row1.x, m.row2.x},
          {m.row0.y, m.row1.y, m.row2.y},
          {m.row0.z, m.row1.z, m.row2.z}};
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Mat3<S> operator*(const Mat3<S>& a, const Mat3<S>& b) {
  return {transposed_times(b, a.row0), transposed_times(b, a.row1), transposed_times(b, a.row2)};
}

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Mat3<S> operator-(const Mat3<S>& a, const Mat3<S>& b) {
  return {a.row0 - b.row0, a.row1 - b.row1, a.row2 - b.row2};
}

// The same value in another scalar type (float to double, double to lanes).
template <typename To, typename From>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<To> cast(const Vec3<From>& v) {
  return {To(v.x), To(v.y), To(v.z)};
}
template <typename To, typename From>
PROPNP_HOST_DEVICE PROPNP_INLINE Mat3<To> cast(const Mat3<From>& m) {
  return {cast<To>(m.row0), cast<To>(m.row1), cast<To>(m.row2)};
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_VECTOR_H_
