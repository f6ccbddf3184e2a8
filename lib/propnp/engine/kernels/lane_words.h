// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random words in the lanes of a register, as math/sobol.h scrambles them.
#ifndef PROPNP_ENGINE_KERNELS_LANE_WORDS_H_
#define PROPNP_ENGINE_KERNELS_LANE_WORDS_H_

#include "propnp/engine/kernels/lanes.h"
#include "propnp/math/sobol.h"

PROPNP_MATH_BEGIN

// Without byte shuffles a compiler's own vectors of plain integers are faster.
#define PROPNP_SHUFFLES_BYTES (HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128)

#if PROPNP_SHUFFLES_BYTES
struct LaneWords {
  using Tag = hn::ScalableTag<uint32_t>;
  static constexpr int kSize = static_cast<int>(HWY_LANES(uint32_t));

  hn::Vec<Tag> v;

  PROPNP_INLINE LaneWords(hn::Vec<Tag> words) : v(words) {}
  PROPNP_INLINE explicit LaneWords(uint32_t word) : v(hn::Set(Tag(), word)) {}

  static PROPNP_INLINE LaneWords load(const uint32_t* p) { return {hn::LoadU(Tag(), p)}; }
  PROPNP_INLINE void store(uint32_t* p) const { hn::StoreU(v, Tag(), p); }
};

PROPNP_INLINE LaneWords operator+(const LaneWords& a, const LaneWords& b) {
  return {hn::Add(a.v, b.v)};
}
PROPNP_INLINE LaneWords operator*(const LaneWords& a, const LaneWords& b) {
  return {hn::Mul(a.v, b.v)};
}
PROPNP_INLINE LaneWords operator^(const LaneWords& a, const LaneWords& b) {
  return {hn::Xor(a.v, b.v)};
}

// The two halves of each byte from tables, then its place in the word.
PROPNP_INLINE LaneWords reversed_bits(const LaneWords& x) {
  const hn::Repartition<uint8_t, LaneWords::Tag> d;
  HWY_ALIGN static constexpr uint8_t kReversed[16] = {0, 8, 4, 12, 2, 10, 6, 14,
                                                      1, 9, 5, 13, 3, 11, 7, 15};
  HWY_ALIGN static constexpr uint8_t kRaised[16] = {0,  128, 64, 192, 32, 160, 96,  224,
                                                    16, 144, 80, 208, 48, 176, 112, 240};
  HWY_ALIGN static constexpr uint8_t kPlace[16] = {3,  2,  1, 0, 7,  6,  5,  4,
                                                   11, 10, 9, 8, 15, 14, 13, 12};
  const auto half = hn::Set(LaneWords::Tag(), 0x0F0F0F0Fu);
  const auto low = hn::BitCast(d, hn::And(x.v, half));
  const auto high = hn::BitCast(d, hn::And(hn::ShiftRight<4>(x.v), half));
  const auto reversed = hn::Or(hn::TableLookupBytes(hn::LoadDup128(d, kRaised), low),
                               hn::TableLookupBytes(hn::LoadDup128(d, kReversed), high));
  return {hn::BitCast(LaneWords::Tag(), hn::TableLookupBytes(reversed, hn::LoadDup128(d, kPlace)))};
}
#endif  // PROPNP_SHUFFLES_BYTES

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_LANE_WORDS_H_
