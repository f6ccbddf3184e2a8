// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Two or four vector registers as one scalar of math/. Where each number waits for the one before,
// as from a point to its residual, a processor looks ahead less far than the chain is long: other
// points beside the first fill the pauses.
#ifndef PROPNP_ENGINE_KERNELS_LANE_PAIRS_H_
#define PROPNP_ENGINE_KERNELS_LANE_PAIRS_H_

#include "propnp/engine/kernels/lanes.h"

PROPNP_MATH_BEGIN

template <typename Mask>
struct MaskPair {
  Mask first, second;
};

// Of registers, or of pairs.
template <typename L>
struct PairOf {
  static constexpr int kSize = 2 * L::kSize;

  L first, second;

  PairOf() = default;
  PROPNP_INLINE PairOf(const L& a, const L& b) : first(a), second(b) {}
  // The same in both: a number or a register.
  template <typename From>
  PROPNP_INLINE explicit PairOf(const From& both) : first(both), second(both) {}

  template <typename T>
  static PROPNP_INLINE PairOf load_unaligned(const T* p) {
    return {L::load_unaligned(p), L::load_unaligned(p + L::kSize)};
  }
  template <typename T>
  PROPNP_INLINE void store_unaligned(T* p) const {
    first.store_unaligned(p);
    second.store_unaligned(p + L::kSize);
  }
};
template <typename T>
using LanePair = PairOf<Lanes<T>>;

template <typename L>
struct ScalarTraits<PairOf<L>> {
  using Real = typename ScalarTraits<L>::Real;
};

// Calls visit(index, register) for each of them in turn.
template <typename T, typename Visit>
PROPNP_INLINE void for_each_register(const Lanes<T>& a, const Visit& visit, int index = 0) {
  visit(index, a);
}
template <typename L, typename Visit>
PROPNP_INLINE void for_each_register(const PairOf<L>& a, const Visit& visit, int index = 0) {
  constexpr int kRegistersBefore = L::kSize / Lanes<typename ScalarTraits<L>::Real>::kSize;
  for_each_register(a.first, visit, index);
  for_each_register(a.second, visit, index + kRegistersBefore);
}
// The sum of all of them.
template <typename T>
PROPNP_INLINE const Lanes<T>& sum_registers(const Lanes<T>& a) {
  return a;
}
template <typename L>
PROPNP_INLINE auto sum_registers(const PairOf<L>& a) {
  return sum_registers(a.first + a.second);
}

template <typename L>
PROPNP_INLINE PairOf<L> operator+(const PairOf<L>& a, const PairOf<L>& b) {
  return {a.first + b.first, a.second + b.second};
}
template <typename L>
PROPNP_INLINE PairOf<L> operator-(const PairOf<L>& a, const PairOf<L>& b) {
  return {a.first - b.first, a.second - b.second};
}
template <typename L>
PROPNP_INLINE PairOf<L> operator*(const PairOf<L>& a, const PairOf<L>& b) {
  return {a.first * b.first, a.second * b.second};
}
template <typename L>
PROPNP_INLINE PairOf<L> operator/(const PairOf<L>& a, const PairOf<L>& b) {
  return {a.first / b.first, a.second / b.second};
}
template <typename L>
PROPNP_INLINE PairOf<L> operator-(const PairOf<L>& a) {
  return {-a.first, -a.second};
}
template <typename L>
PROPNP_INLINE MaskPair<MaskOf<L>> operator<(const PairOf<L>& a, const PairOf<L>& b) {
  return {a.first < b.first, a.second < b.second};
}
template <typename L>
PROPNP_INLINE PairOf<L> select(const MaskPair<MaskOf<L>>& mask, const PairOf<L>& a,
                               const PairOf<L>& b) {
  return {select(mask.first, a.first, b.first), select(mask.second, a.second, b.second)};
}
template <typename L>
PROPNP_INLINE PairOf<L> zero_where(const MaskPair<MaskOf<L>>& mask, const PairOf<L>& a) {
  return {zero_where(mask.first, a.first), zero_where(mask.second, a.second)};
}
template <typename L>
PROPNP_INLINE PairOf<L> min(const PairOf<L>& a, const PairOf<L>& b) {
  return {min(a.first, b.first), min(a.second, b.second)};
}
template <typename L>
PROPNP_INLINE PairOf<L> max(const PairOf<L>& a, const PairOf<L>& b) {
  return {max(a.first, b.first), max(a.second, b.second)};
}
template <typename L>
PROPNP_INLINE PairOf<L> sqrt(const PairOf<L>& a) {
  return {sqrt(a.first), sqrt(a.second)};
}
template <typename L>
PROPNP_INLINE PairOf<L> reciprocal(const PairOf<L>& a) {
  return {reciprocal(a.first), reciprocal(a.second)};
}
template <typename L>
PROPNP_INLINE PairOf<L> reciprocal_sqrt(const PairOf<L>& a) {
  return {reciprocal_sqrt(a.first), reciprocal_sqrt(a.second)};
}
template <typename L>
PROPNP_INLINE PairOf<L> log(const PairOf<L>& a) {
  return {log(a.first), log(a.second)};
}
template <typename L>
PROPNP_INLINE PairOf<L> log1p(const PairOf<L>& a) {
  return {log1p(a.first), log1p(a.second)};
}

template <typename L>
PROPNP_INLINE void load_column(const double* column, PairOf<L>* out) {
  load_column(column, &out->first);
  load_column(column + L::kSize, &out->second);
}

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_LANE_PAIRS_H_
