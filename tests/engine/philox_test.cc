// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/philox.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "tests/math/test_random.h"

#if PROPNP_HAVE_CURAND_HEADERS
#include "tests/engine/curand_philox.h"
#endif

namespace propnp::test {
namespace {

void ExpectWords(const PhiloxWords& words, const PhiloxWords& expected) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(words.word[i], expected.word[i]) << "word " << i;
}

// The vectors for philox4x32 with 10 rounds in the file kat_vectors of Random123.
TEST(Philox, KnownAnswersOfRandom123) {
  ExpectWords(philox4x32({{0, 0, 0, 0}}, 0, 0), {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
  ExpectWords(
      philox4x32({{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}}, 0xffffffff, 0xffffffff),
      {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
  ExpectWords(
      philox4x32({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0),
      {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

// The header that CUDA programs include, compiled for the host.
TEST(Philox, EqualsCurand) {
#if PROPNP_HAVE_CURAND_HEADERS
  TestRandom random;
  const auto word = [&] { return static_cast<uint32_t>(random.Uniform(0, 4294967296.0)); };
  for (int repeat = 0; repeat < 1000; ++repeat) {
    const PhiloxWords counter{{word(), word(), word(), word()}};
    const uint32_t key0 = word(), key1 = word();
    PhiloxWords expected;
    CurandPhilox(counter.word, key0, key1, expected.word);
    ExpectWords(philox4x32(counter, key0, key1), expected);
  }
#else
  GTEST_SKIP() << "needs curand_philox4x32_x.h of the CUDA toolkit (PROPNP_CURAND_INCLUDE_DIR)";
#endif
}

// Where seed, object, purpose and index go: all 64 bits of the first two count.
TEST(RandomWords, AreKeyedByEverything) {
  ExpectWords(
      random_words(0x1122334455667788, 0x99aabbccddeeff00, RandomPurpose::kSample, 7),
      philox4x32({{7, static_cast<uint32_t>(RandomPurpose::kSample), 0xddeeff00, 0x99aabbcc}},
                 0x55667788, 0x11223344));
  std::set<std::tuple<uint32_t, uint32_t, uint32_t, uint32_t>> seen;
  int draws = 0;
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32}) {
    for (const uint64_t object : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32}) {
      for (const auto purpose : {RandomPurpose::kStartSubset, RandomPurpose::kStartRotation,
                                 RandomPurpose::kSample, RandomPurpose::kScramble}) {
        for (uint32_t index = 0; index < 4; ++index, ++draws) {
          const PhiloxWords w = random_words(seed, object, purpose, index);
          seen.insert({w.word[0], w.word[1], w.word[2], w.word[3]});
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(draws));
}

TEST(UniformFromWord, IsInsideTheOpenInterval) {
  EXPECT_GT(uniform_from_word(0), 0);
  EXPECT_LT(uniform_from_word(0xffffffff), 1);
  EXPECT_EQ(uniform_from_word(0) + uniform_from_word(0xffffffff), 1);
  EXPECT_EQ(uniform_from_word(0x80000000), 0.5 + std::ldexp(1.0, -33));
}

}  // namespace
}  // namespace propnp::test
