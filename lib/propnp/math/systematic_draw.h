// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random numbers of systematic resampling with its offset and the order of the draws at random:
// every single draw, and every few of them, then have the distribution of the weighted samples.
#ifndef PROPNP_MATH_SYSTEMATIC_DRAW_H_
#define PROPNP_MATH_SYSTEMATIC_DRAW_H_

#include "propnp/math/philox.h"

PROPNP_MATH_BEGIN

// 0 < offset < 1: draw k is the sample in which the summed weight passes (k + offset) / draws.
PROPNP_HOST_DEVICE inline double draw_offset(uint64_t seed, uint64_t object_id) {
  return uniform_from_word(random_words(seed, object_id, RandomPurpose::kDraw, 0).word[0]);
}

// Fisher and Yates' shuffle; indices stay below 2^31, where a word's granularity is no bias that
// anything could see.
PROPNP_HOST_DEVICE inline void shuffle_draws(uint64_t seed, uint64_t object_id, int64_t count,
                                             int32_t* draws) {
  PhiloxWords random{};
  for (int64_t k = count - 1; k > 0; --k) {
    const uint32_t place = static_cast<uint32_t>(count - 1 - k);
    if (place % 4 == 0) {
      random = random_words(seed, object_id, RandomPurpose::kDrawOrder, place / 4);
    }
    const int64_t other = static_cast<int64_t>(
        static_cast<uint64_t>(random.word[place % 4]) * static_cast<uint64_t>(k + 1) >> 32);
    const int32_t draw = draws[k];
    draws[k] = draws[other];
    draws[other] = draw;
  }
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_SYSTEMATIC_DRAW_H_
