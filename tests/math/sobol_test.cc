// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/sobol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <vector>

namespace propnp::test {
namespace {

double Unit(uint32_t word) { return uniform_from_word(word); }

// The points of Joe and Kuo's program for the same table, natural order.
TEST(SobolTest, FirstPointsAreThePublishedOnes) {
  const double expected[8][kSobolDimensions] = {{0, 0, 0, 0, 0, 0, 0, 0},
                                                {.5, .5, .5, .5, .5, .5, .5, .5},
                                                {.25, .75, .75, .75, .25, .25, .75, .25},
                                                {.75, .25, .25, .25, .75, .75, .25, .75},
                                                {.125, .625, .375, .125, .125, .375, .625, .625},
                                                {.625, .125, .875, .625, .625, .875, .125, .125},
                                                {.375, .375, .625, .875, .375, .125, .375, .875},
                                                {.875, .875, .125, .375, .875, .625, .875, .375}};
  for (uint32_t i = 0; i < 8; ++i) {
    for (int d = 0; d < kSobolDimensions; ++d) {
      EXPECT_EQ(sobol_word(i, d), static_cast<uint32_t>(std::ldexp(expected[i][d], 32)))
          << i << " " << d;
    }
  }
  const uint32_t word63[kSobolDimensions] = {0xFC000000, 0x54000000, 0x04000000, 0xBC000000,
                                             0x74000000, 0x7C000000, 0xFC000000, 0x9C000000};
  for (int d = 0; d < kSobolDimensions; ++d) EXPECT_EQ(sobol_word(63, d), word63[d]);
}

TEST(SobolTest, FirstDimensionReversesTheIndex) {
  for (const uint32_t i : {0u, 1u, 2u, 12345u, 0x80000000u, 0xFFFFFFFFu}) {
    EXPECT_EQ(sobol_word(i, 0), reversed_bits(i));
    EXPECT_EQ(reversed_bits(reversed_bits(i)), i);
  }
}

// Exactly one of the first 2^k points in each interval of length 2^-k: a (0, k, 1)-net, for every
// k, also for each later block of 2^k. Scrambling that let a lower bit reach a higher one would
// fail.
TEST(SobolTest, EveryPrefixIsStratifiedAfterScrambling) {
  for (uint64_t object = 0; object < 8; ++object) {
    const SobolScramble scramble = sobol_scramble(42, object);
    for (int d = 0; d < kSobolDimensions; ++d) {
      for (int k = 0; k <= 11; ++k) {
        for (const uint32_t block : {0u, 1u, 5u}) {
          std::vector<int> hits(size_t{1} << k, 0);
          for (uint32_t i = 0; i < hits.size(); ++i) {
            const uint32_t word = scrambled_sobol_word((block << k) + i, d, scramble);
            ++hits[k == 0 ? 0 : word >> (32 - k)];
          }
          EXPECT_TRUE(std::all_of(hits.begin(), hits.end(), [](int n) { return n == 1; }))
              << "dimension " << d << " k " << k << " block " << block;
        }
      }
    }
  }
}

// A pair of dimensions is a (t, 10, 2)-net when every elementary box of area 2^(t-10) holds 2^t of
// the first 1024 points. Scrambling keeps t, which the table of the plain sequence decides.
int PairQuality(int a, int b, const SobolScramble* scramble) {
  constexpr int kLog = 10;
  for (int t = 0; t <= kLog; ++t) {
    bool is_net = true;
    for (int bits_a = 0; bits_a <= kLog - t && is_net; ++bits_a) {
      const int bits_b = kLog - t - bits_a;
      std::vector<int> hits(size_t{1} << (kLog - t), 0);
      for (uint32_t i = 0; i < 1u << kLog; ++i) {
        const uint64_t x = scramble ? scrambled_sobol_word(i, a, *scramble) : sobol_word(i, a);
        const uint64_t y = scramble ? scrambled_sobol_word(i, b, *scramble) : sobol_word(i, b);
        ++hits[((x >> (32 - bits_a)) << bits_b) | (y >> (32 - bits_b))];
      }
      is_net = std::all_of(hits.begin(), hits.end(), [t](int n) { return n == 1 << t; });
    }
    if (is_net) return t;
  }
  return kLog + 1;
}

TEST(SobolTest, PairsOfDimensionsAreWellDistributed) {
  const SobolScramble scramble = sobol_scramble(3, 14);
  int worst = 0;
  for (int a = 0; a < kSobolDimensions; ++a) {
    for (int b = 0; b < a; ++b) {
      const int quality = PairQuality(a, b, nullptr);
      EXPECT_EQ(PairQuality(a, b, &scramble), quality) << a << " " << b;
      worst = std::max(worst, quality);
    }
  }
  EXPECT_EQ(PairQuality(1, 0, nullptr), 0);  // Sobol's first two dimensions
  EXPECT_LE(worst, 5);
}

TEST(SobolTest, ScramblingIsABijection) {
  for (const uint32_t key : {0u, 1u, 0xFFFFFFFFu, 0x12345678u}) {
    std::set<uint32_t> images;
    for (uint32_t i = 0; i < 4096; ++i)
      images.insert(nested_uniform_scramble(i * 0x9E3779B9u, key));
    EXPECT_EQ(images.size(), 4096u);
  }
}

constexpr int kScrambles = 4096;

// The mean over 64 points of f(u) = u^4, of expectation 1/5, over 4096 objects (seed 1). In a
// stratified sample point j is uniform in its interval, so the variance of the mean is
// sum_j var_j / 64^2, computed below: 2.2e-5 the variance of one draw. Per dimension |z| < 6.5
// (one failure in 1e9 reseeds), and the spread must be that of independent uniform strata: the
// ratio of the sample variance to it has standard error sqrt(2 / 4096) = .022 (the mean of 64 terms
// is nearly normal), bound 6.5 x that = .144. A hash with correlated flips fails the second.
TEST(SobolTest, MeansOverScramblesAreUnbiased) {
  constexpr int kPoints = 64;
  double variance = 0;
  for (int j = 0; j < kPoints; ++j) {
    const double a = j / double{kPoints}, b = (j + 1) / double{kPoints};
    const double mean = (std::pow(b, 5) - std::pow(a, 5)) / 5 * kPoints;
    const double square = (std::pow(b, 9) - std::pow(a, 9)) / 9 * kPoints;
    variance += (square - mean * mean) / (kPoints * kPoints);
  }
  for (int d = 0; d < kSobolDimensions; ++d) {
    double sum = 0, sum_squares = 0;
    for (uint64_t object = 0; object < kScrambles; ++object) {
      std::array<uint32_t, kPoints> words;
      scrambled_sobol_words(kPoints, d, sobol_scramble(1, object), words.data());
      double mean = 0;
      for (const uint32_t word : words) mean += std::pow(Unit(word), 4) / kPoints;
      sum += mean - 0.2, sum_squares += (mean - 0.2) * (mean - 0.2);
    }
    EXPECT_LT(std::fabs(sum / kScrambles), 6.5 * std::sqrt(variance / kScrambles)) << d;
    EXPECT_NEAR(sum_squares / kScrambles / variance, 1, 0.144) << d;
  }
}

// Each of the first 16 points alone is uniform over the scrambles (seed 2): chi-square of 256
// cells, 255 degrees of freedom, standard deviation 22.6; P(chi2 > 430) = 4e-11, 128 tests.
TEST(SobolTest, EveryPointIsUniformOverScrambles) {
  for (int d = 0; d < kSobolDimensions; ++d) {
    for (uint32_t i = 0; i < 16; ++i) {
      std::array<int, 256> high{}, middle{};
      for (uint64_t object = 0; object < kScrambles; ++object) {
        const uint32_t word = scrambled_sobol_word(i, d, sobol_scramble(2, object));
        ++high[word >> 24], ++middle[(word >> 12) & 255];
      }
      const auto chi_square = [](const std::array<int, 256>& counts) {
        double sum = 0;
        for (const int n : counts) sum += (n - 16.) * (n - 16.) / 16;
        return sum;
      };
      EXPECT_LT(chi_square(high), 430) << d << " " << i;
      EXPECT_LT(chi_square(middle), 430) << d << " " << i;
    }
  }
}

// Flips at different nodes of the binary tree are independent: the correlation over 4096 keys has
// standard error 1/64. 32 nodes on level 5 and their 496 pairs: |z| < 7 (P = 3e-12 each). The hash
// of 2011 with its original constants has |z| > 15 here.
TEST(SobolTest, FlipsOfDifferentNodesAreIndependent) {
  constexpr int kLevel = 5, kNodes = 1 << kLevel;
  std::vector<std::array<int, kNodes>> flips(kScrambles);
  for (uint64_t object = 0; object < kScrambles; ++object) {
    const uint32_t key = sobol_scramble(3, object).key[0];
    for (uint32_t node = 0; node < kNodes; ++node) {
      const uint32_t word = nested_uniform_scramble(node << (32 - kLevel), key);
      flips[object][node] = (word >> (31 - kLevel)) & 1 ? 1 : -1;
    }
  }
  for (int a = 0; a < kNodes; ++a) {
    for (int b = 0; b <= a; ++b) {
      int sum = 0;
      for (const auto& flip : flips) sum += a == b ? flip[a] : flip[a] * flip[b];
      EXPECT_LT(std::abs(sum), 7 * 64) << a << " " << b;
    }
  }
}

// Dimensions and objects are scrambled independently: the correlation of the first points of two
// dimensions, or of two objects, has standard error 1/64 over 4096 draws (seed 4); |z| < 7.
TEST(SobolTest, DimensionsAndObjectsAreIndependent) {
  const auto centred = [](uint64_t object, int d) {
    return (Unit(scrambled_sobol_word(0, d, sobol_scramble(4, object))) - 0.5) * std::sqrt(12.0);
  };
  for (int d = 1; d < kSobolDimensions; ++d) {
    double between_dimensions = 0, between_objects = 0;
    for (uint64_t object = 0; object < kScrambles; ++object) {
      between_dimensions += centred(object, d) * centred(object, d - 1);
      between_objects += centred(object, d) * centred(object + 1, d);
    }
    EXPECT_LT(std::fabs(between_dimensions), 7 * 64) << d;
    EXPECT_LT(std::fabs(between_objects), 7 * 64) << d;
  }
}

TEST(SobolTest, WordsDependOnTheKeyAloneAndOnAllOfIt) {
  EXPECT_EQ(scrambled_sobol_word(7, 3, 10, 20), scrambled_sobol_word(7, 3, sobol_scramble(10, 20)));
  const uint32_t word = scrambled_sobol_word(7, 3, 10, 20);
  EXPECT_EQ(scrambled_sobol_word(7, 3, 10, 20), word);
  EXPECT_NE(scrambled_sobol_word(7, 3, 11, 20), word);
  EXPECT_NE(scrambled_sobol_word(7, 3, 10, 21), word);
  EXPECT_NE(scrambled_sobol_word(7, 3, 10, 20 + (uint64_t{1} << 32)), word);
  EXPECT_NE(scrambled_sobol_word(7, 3, 10 + (uint64_t{1} << 32), 20), word);
}

TEST(SobolTest, ABlockOfWordsIsTheWordsOneByOne) {
  const SobolScramble scramble = sobol_scramble(5, 6);
  for (const uint32_t count : {0u, 1u, 2u, 3u, 64u, 100u, 513u}) {
    for (int d = 0; d < kSobolDimensions; ++d) {
      std::vector<uint32_t> words(count + 1, 77);
      scrambled_sobol_words(count, d, scramble, words.data());
      for (uint32_t i = 0; i < count; ++i)
        ASSERT_EQ(words[i], scrambled_sobol_word(i, d, scramble));
      EXPECT_EQ(words[count], 77u);
    }
  }
}

}  // namespace
}  // namespace propnp::test
