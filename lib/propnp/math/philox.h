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

struct PhiloxWords {
  uint32_t word[4];
};

PROPNP_HOST_DEVICE inline PhiloxWords philox4x32(PhiloxWords counter, uint32_t key0,
                                                 uint32_t key1) {
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter.word[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter.word[2];
    counter = {{static_cast<uint32_t>(product1 >> 32) ^ counter.word[1] ^ key0,
                static_cast<uint32_t>(product1),
                static_cast<uint32_t>(product0 >> 32) ^ counter.word[3] ^ key1,
                static_cast<uint32_t>(product0)}};
    key0 += 0x9E3779B9, key1 += 0xBB67AE85;
  }
  return counter;
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

PROPNP_HOST_DEVICE inline PhiloxWords random_words(uint64_t seed, uint64_t object_id,
                                                   RandomPurpose purpose, uint32_t index) {
  const PhiloxWords counter{{index, static_cast<uint32_t>(purpose),
                             static_cast<uint32_t>(object_id),
                             static_cast<uint32_t>(object_id >> 32)}};
  return philox4x32(counter, static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
}

// The middle of the word's cell in (0, 1): never 0 and never 1, also in double's rounding.
PROPNP_HOST_DEVICE inline double uniform_from_word(uint32_t word) {
  return (static_cast<double>(word) + 0.5) * (1.0 / 4294967296.0);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_PHILOX_H_
