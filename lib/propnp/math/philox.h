// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Philox4x32-10, a counter-based generator (J. Salmon, M. Moraes, R. Dror, D. Shaw: "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011): four random words from a counter and a key, no
// state. The same (seed, object, purpose, index) gives the same words on any thread, batch and
// device.
#ifndef PROPNP_MATH_PHILOX_H_
#define PROPNP_MATH_PHILOX_H_

#include <cstdint>

#include "propnp/math/config.h"

PROPNP_MATH_BEGIN

// W is uint32_t, or one word in each lane of a vector register.
template <typename W>
struct PhiloxBlock {
  W word[4];
};
using PhiloxWords = PhiloxBlock<uint32_t>;

PROPNP_HOST_DEVICE PROPNP_INLINE void multiply_wide(uint32_t a, uint32_t b, uint32_t* high,
                                                    uint32_t* low) {
  const uint64_t product = uint64_t{a} * b;
  *high = static_cast<uint32_t>(product >> 32), *low = static_cast<uint32_t>(product);
}

template <typename W>
PROPNP_HOST_DEVICE inline PhiloxBlock<W> philox_rounds(PhiloxBlock<W> counter, uint32_t key0,
                                                       uint32_t key1) {
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    W high0, low0, high1, low1;
    multiply_wide(0xD2511F53u, counter.word[0], &high0, &low0);
    multiply_wide(0xCD9E8D57u, counter.word[2], &high1, &low1);
    counter = {{high1 ^ counter.word[1] ^ W(key0), low1, high0 ^ counter.word[3] ^ W(key1), low0}};
    key0 += 0x9E3779B9, key1 += 0xBB67AE85;
  }
  return counter;
}

PROPNP_HOST_DEVICE inline PhiloxWords philox4x32(PhiloxWords counter, uint32_t key0,
                                                 uint32_t key1) {
  return philox_rounds(counter, key0, key1);
}

// The streams of one object never overlap: each use has a purpose of its own.
enum class RandomPurpose : uint32_t {
  kStartSubset = 1,
  kStartRotation = 2,
  kSample = 3,
  kScramble = 4,
  kDraw = 5,       // offset of systematic resampling
  kDrawOrder = 6,  // its shuffle
  kAmis = 7,
  kAmisYaw = 8
};

template <typename W>
PROPNP_HOST_DEVICE inline PhiloxBlock<W> random_block(uint64_t seed, uint64_t object_id,
                                                      RandomPurpose purpose, W index) {
  const PhiloxBlock<W> counter{{index, W(static_cast<uint32_t>(purpose)),
                                W(static_cast<uint32_t>(object_id)),
                                W(static_cast<uint32_t>(object_id >> 32))}};
  return philox_rounds(counter, static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
}

PROPNP_HOST_DEVICE inline PhiloxWords random_words(uint64_t seed, uint64_t object_id,
                                                   RandomPurpose purpose, uint32_t index) {
  return random_block(seed, object_id, purpose, index);
}

// The middle of the word's cell in (0, 1): never 0 and never 1, also in double's rounding.
PROPNP_HOST_DEVICE inline double uniform_from_word(uint32_t word) {
  return (static_cast<double>(word) + 0.5) * (1.0 / 4294967296.0);
}

// The same in single precision, of 23 bits, so that none rounds to one.
PROPNP_HOST_DEVICE PROPNP_INLINE float float_uniform_from_word(uint32_t word) {
  return (static_cast<float>(static_cast<int32_t>(word >> 9)) + 0.5f) * (1.0f / 8388608.0f);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_PHILOX_H_
