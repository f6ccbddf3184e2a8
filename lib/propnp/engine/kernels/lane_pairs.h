// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Two vector registers as one scalar of math/. Where each number waits for the one before, as from
// a point to its residual, a processor looks ahead less far than the chain is long: a second point
// beside the first fills the pauses.
#ifndef PROPNP_ENGINE_KERNELS_LANE_PAIRS_H_
#define PROPNP_ENGINE_KERNELS_LANE_PAIRS_H_

#include "propnp/engine/kernels/lanes.h"

PROPNP_MATH_BEGIN

template <typename T>
struct LanePairMask {
  LaneMask<T> first, second;
};

template <typename T>
struct LanePair {
  static constexpr int kSize = 2 * Lanes<T>::kSize;

  Lanes<T> first, second;

  LanePair() = default;
  PROPNP_INLINE LanePair(const Lanes<T>& a, const Lanes<T>& b) : first(a), second(b) {}
  // The same in both.
  PROPNP_INLINE explicit LanePair(const Lanes<T>& both) : first(both), second(both) {}
  PROPNP_INLINE explicit LanePair(T value) : LanePair(Lanes<T>(value)) {}

  // `p` is aligned to the register.
  static PROPNP_INLINE LanePair load(const T* p) {
    return {Lanes<T>::load(p), Lanes<T>::load(p + Lanes<T>::kSize)};
  }
  PROPNP_INLINE void store(T* p) const {
    first.store(p);
    second.store(p + Lanes<T>::kSize);
  }
  static PROPNP_INLINE LanePair load_unaligned(const T* p) {
    return {Lanes<T>::load_unaligned(p), Lanes<T>::load_unaligned(p + Lanes<T>::kSize)};
  }
  PROPNP_INLINE void store_unaligned(T* p) const {
    first.store_unaligned(p);
    second.store_unaligned(p + Lanes<T>::kSize);
  }
  PROPNP_INLINE Lanes<T> sum() const { return first + second; }
};

template <typename T>
struct ScalarTraits<LanePair<T>> {
  using Real = T;
};

template <typename T>
PROPNP_INLINE LanePair<T> operator+(const LanePair<T>& a, const LanePair<T>& b) {
  return {a.first + b.first, a.second + b.second};
}
template <typename T>
PROPNP_INLINE LanePair<T> operator-(const LanePair<T>& a, const LanePair<T>& b) {
  return {a.first - b.first, a.second - b.second};
}
template <typename T>
PROPNP_INLINE LanePair<T> operator*(const LanePair<T>& a, const LanePair<T>& b) {
  return {a.first * b.first, a.second * b.second};
}
template <typename T>
PROPNP_INLINE LanePair<T> operator/(const LanePair<T>& a, const LanePair<T>& b) {
  return {a.first / b.first, a.second / b.second};
}
template <typename T>
PROPNP_INLINE LanePair<T> operator-(const LanePair<T>& a) {
  return {-a.first, -a.second};
}
template <typename T>
PROPNP_INLINE LanePairMask<T> operator<(const LanePair<T>& a, const LanePair<T>& b) {
  return {a.first < b.first, a.second < b.second};
}
template <typename T>
PROPNP_INLINE LanePair<T> select(const LanePairMask<T>& mask, const LanePair<T>& a,
                                 const LanePair<T>& b) {
  return {select(mask.first, a.first, b.first), select(mask.second, a.second, b.second)};
}
template <typename T>
PROPNP_INLINE LanePair<T> min(const LanePair<T>& a, const LanePair<T>& b) {
  return {min(a.first, b.first), min(a.second, b.second)};
}
template <typename T>
PROPNP_INLINE LanePair<T> max(const LanePair<T>& a, const LanePair<T>& b) {
  return {max(a.first, b.first), max(a.second, b.second)};
}
template <typename T>
PROPNP_INLINE LanePair<T> sqrt(const LanePair<T>& a) {
  return {sqrt(a.first), sqrt(a.second)};
}
template <typename T>
PROPNP_INLINE LanePair<T> reciprocal(const LanePair<T>& a) {
  return {reciprocal(a.first), reciprocal(a.second)};
}
template <typename T>
PROPNP_INLINE LanePair<T> reciprocal_sqrt(const LanePair<T>& a) {
  return {reciprocal_sqrt(a.first), reciprocal_sqrt(a.second)};
}
template <typename T>
PROPNP_INLINE LanePair<T> log(const LanePair<T>& a) {
  return {log(a.first), log(a.second)};
}
template <typename T>
PROPNP_INLINE LanePair<T> log1p(const LanePair<T>& a) {
  return {log1p(a.first), log1p(a.second)};
}

template <typename T>
PROPNP_INLINE void load_column(const double* column, LanePair<T>* out) {
  load_column(column, &out->first);
  load_column(column + Lanes<T>::kSize, &out->second);
}

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_LANE_PAIRS_H_
