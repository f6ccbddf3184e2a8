// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The Sobol sequence in eight dimensions, scrambled, in integers.
//
// Point `index` has in each dimension the 32-bit fraction
//
//   word(index) = xor of v_k over the bits k set in index,   v_k = m_k 2^(31 - k),
//   m_k = 2 a_1 m_{k-1} ^ 2^2 a_2 m_{k-2} ^ ... ^ 2^s m_{k-s} ^ m_{k-s}
//
// (I. Sobol', 1967; P. Bratley and B. Fox, 1988; polynomials a and first m of S. Joe and F. Kuo,
// "Constructing Sobol' sequences with better two-dimensional projections", 2008). Dimension 0 is
// van der Corput's. The first 2^k words of a dimension fall one into each interval of length 2^-k.
//
// Nested uniform scrambling (A. Owen, 1995) flips each bit of a word by a random bit that depends
// on the bits above it and on a key: it keeps that property, makes every point uniform and the mean
// of any function unbiased. The flips are hashed (S. Laine and T. Karras, "Stratified sampling for
// stochastic transparency", 2011, section 3.1, with the constants of N. Vegdahl, 2021): on the
// reversed word every operation carries only from low bits to high ones. One key per dimension,
// from (seed, object), so that an object has the same points in any batch, on any thread and
// device.
#ifndef PROPNP_MATH_SOBOL_H_
#define PROPNP_MATH_SOBOL_H_

#include <cstdint>

#include "propnp/math/config.h"
#include "propnp/math/philox.h"

PROPNP_MATH_BEGIN

constexpr int kSobolDimensions = 8;
constexpr int kSobolBits = 32;

struct SobolDirections {
  uint32_t v[kSobolDimensions][kSobolBits];
};

PROPNP_HOST_DEVICE constexpr SobolDirections make_sobol_directions() {
  // Degree, inner coefficients and first m of the primitive polynomial of dimensions 1 to 7.
  struct Polynomial {
    int degree;
    uint32_t inner;
    uint32_t m[5];
  };
  constexpr Polynomial kPolynomials[kSobolDimensions - 1] = {
      {1, 0, {1}},          {2, 1, {1, 3}},        {3, 1, {1, 3, 1}},       {3, 2, {1, 1, 1}},
      {4, 1, {1, 1, 3, 3}}, {4, 4, {1, 3, 5, 13}}, {5, 2, {1, 1, 5, 5, 17}}};
  SobolDirections directions{};
  for (int k = 0; k < kSobolBits; ++k) directions.v[0][k] = uint32_t{1} << (31 - k);
  for (int dimension = 1; dimension < kSobolDimensions; ++dimension) {
    const Polynomial& p = kPolynomials[dimension - 1];
    uint32_t* v = directions.v[dimension];
    for (int k = 0; k < p.degree; ++k) v[k] = p.m[k] << (31 - k);
    for (int k = p.degree; k < kSobolBits; ++k) {
      v[k] = v[k - p.degree] ^ (v[k - p.degree] >> p.degree);
      for (int j = 1; j < p.degree; ++j) {
        if ((p.inner >> (p.degree - 1 - j)) & 1) v[k] ^= v[k - j];
      }
    }
  }
  return directions;
}

// v_bit of a dimension. word(i ^ j) = word(i) ^ word(j), so whole blocks follow from a few of
// these.
PROPNP_HOST_DEVICE inline uint32_t sobol_direction(int bit, int dimension) {
  static constexpr SobolDirections kDirections = make_sobol_directions();
  return kDirections.v[dimension][bit];
}

PROPNP_HOST_DEVICE inline uint32_t sobol_word(uint32_t index, int dimension) {
  uint32_t word = 0;
  for (int bit = 0; index != 0; ++bit, index >>= 1) {
    if (index & 1) word ^= sobol_direction(bit, dimension);
  }
  return word;
}

// In an order that a compiler does not take for a byte swap, which it would not make vectors of.
PROPNP_HOST_DEVICE PROPNP_INLINE constexpr uint32_t reversed_bits(uint32_t x) {
  x = ((x >> 8) & 0x00FF00FFu) | ((x & 0x00FF00FFu) << 8);
  x = ((x >> 4) & 0x0F0F0F0Fu) | ((x & 0x0F0F0F0Fu) << 4);
  x = ((x >> 2) & 0x33333333u) | ((x & 0x33333333u) << 2);
  x = ((x >> 1) & 0x55555555u) | ((x & 0x55555555u) << 1);
  return (x >> 16) | (x << 16);
}

// A bijection of the words for every key, in which no output bit depends on a lower input bit. The
// word comes reversed; it is an integer, or many in the lanes of a register.
template <typename Word>
PROPNP_HOST_DEVICE PROPNP_INLINE Word scramble_reversed(Word x, uint32_t key) {
  x = x ^ x * Word(0x3D20ADEAu);  // even factors: a bit reaches higher bits only
  x = x + Word(key);
  x = x * Word((key >> 16) | 1u);
  x = x ^ x * Word(0x05526C56u);
  x = x ^ x * Word(0x53A22864u);
  return reversed_bits(x);
}

PROPNP_HOST_DEVICE PROPNP_INLINE uint32_t nested_uniform_scramble(uint32_t word, uint32_t key) {
  return scramble_reversed(reversed_bits(word), key);
}

// The keys of an object.
struct SobolScramble {
  uint32_t key[kSobolDimensions];
};

PROPNP_HOST_DEVICE inline SobolScramble sobol_scramble(uint64_t seed, uint64_t object_id) {
  SobolScramble scramble;
  for (uint32_t block = 0; block < kSobolDimensions / 4; ++block) {
    const PhiloxWords words = random_words(seed, object_id, RandomPurpose::kScramble, block);
    for (int i = 0; i < 4; ++i) scramble.key[4 * block + i] = words.word[i];
  }
  return scramble;
}

PROPNP_HOST_DEVICE inline uint32_t scrambled_sobol_word(uint32_t index, int dimension,
                                                        const SobolScramble& scramble) {
  return nested_uniform_scramble(sobol_word(index, dimension), scramble.key[dimension]);
}

PROPNP_HOST_DEVICE inline uint32_t scrambled_sobol_word(uint32_t index, int dimension,
                                                        uint64_t seed, uint64_t object_id) {
  return scrambled_sobol_word(index, dimension, sobol_scramble(seed, object_id));
}

// words[i] = sobol_word(i, dimension) reversed for i < count, by doubling.
PROPNP_HOST_DEVICE inline void reversed_sobol_words(int64_t count, int dimension, uint32_t* words) {
  if (count == 0) return;
  words[0] = 0;
  int64_t filled = 1;
  for (int bit = 0; filled < count; ++bit) {
    const uint32_t direction = reversed_bits(sobol_direction(bit, dimension));
    const int64_t more = count - filled < filled ? count - filled : filled;
    uint32_t* const next = words + filled;
    for (int64_t i = 0; i < more; ++i) next[i] = words[i] ^ direction;
    filled += more;
  }
}

// words[i] = scrambled_sobol_word(i, dimension, scramble) for i < count.
PROPNP_HOST_DEVICE inline void scrambled_sobol_words(int64_t count, int dimension,
                                                     const SobolScramble& scramble,
                                                     uint32_t* words) {
  reversed_sobol_words(count, dimension, words);
  const uint32_t key = scramble.key[dimension];
  for (int64_t i = 0; i < count; ++i) words[i] = scramble_reversed(words[i], key);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_SOBOL_H_
