// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/quantile.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "propnp/math/philox.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

using Long = long double;

// Words of the ends, of the middle, of the seams between approximations, and 300 others on all
// scales.
std::vector<uint32_t> Words() {
  std::vector<uint32_t> words = {0u, 1u, 2u, 3u, 100u, 65536u, 0x7FFFFFFEu, 0x7FFFFFFFu};
  for (const double seam : {0.075, 0.425, 0.5}) {
    const auto word = static_cast<uint32_t>(seam * 4294967296.0);
    for (uint32_t offset = 0; offset < 4; ++offset) words.push_back(word - 2 + offset);
  }
  TestRandom random;
  for (int i = 0; i < 150; ++i)
    words.push_back(static_cast<uint32_t>(std::exp2(random.Uniform(0, 31))));
  for (int i = 0; i < 150; ++i) {
    words.push_back(0x7FFFFFFFu - static_cast<uint32_t>(std::exp2(random.Uniform(0, 31))));
  }
  for (size_t i = words.size(); i-- > 0;) words.push_back(~words[i]);
  return words;
}

Long LowerTail(uint32_t word) { return (word + 0.5L) / 4294967296.0L; }

// The root of an increasing function.
template <typename Function>
Long Bisect(const Function& f, Long low, Long high) {
  for (int i = 0; i < 200; ++i) {
    const Long middle = (low + high) / 2;
    (f(middle) < 0 ? low : high) = middle;
  }
  return (low + high) / 2;
}

// The tail of the normal, or near the median the distance from it: whichever does not cancel.
Long NormalOracle(uint32_t word) {
  if (word >= 0x80000000u) return -NormalOracle(~word);
  const Long p = LowerTail(word), centre = (LowerTail(~word) - p) / 2;
  const Long scale = 1 / std::sqrt(2.0L);
  if (p > 0.3L) return -Bisect([&](Long z) { return std::erf(z * scale) / 2 - centre; }, 0, 1);
  return -Bisect([&](Long z) { return p - std::erfc(z * scale) / 2; }, 0, 10);
}

// The lower tail of chi-square by its series, sum (x/2)^(k + a) exp(-x/2) / Gamma(k + a + 1).
Long ChiSquareLower(int degrees, Long x) {
  const Long a = degrees / 2.0L, y = x / 2;
  Long term = std::exp(a * std::log(y) - y - std::lgamma(a + 1)), sum = 0;
  for (int k = 1; k < 400; ++k) sum += term, term *= y / (a + k);
  return sum;
}

Long ChiSquareUpper(int degrees, Long x) {
  if (degrees == 4) return std::exp(-x / 2) * (1 + x / 2);
  return std::erfc(std::sqrt(x / 2)) + std::sqrt(2 * x / std::acos(-1.0L)) * std::exp(-x / 2);
}

Long ChiSquareOracle(int degrees, uint32_t word) {
  const Long p = LowerTail(word);
  if (word < 0x80000000u)
    return Bisect([&](Long x) { return ChiSquareLower(degrees, x) - p; }, 0, 60);
  const Long q = LowerTail(~word);
  return Bisect([&](Long x) { return q - ChiSquareUpper(degrees, x); }, 0, 60);
}

// Rounding of the word in float moves the quantile by up to 6e-8 of itself, the approximations add
// as much, and evaluating them a few more: 5e-7. In double 1e-11.
template <typename S>
constexpr double kRelative = std::is_same_v<S, float> ? 5e-7 : 1e-11;

template <typename S>
class QuantileTest : public ::testing::Test {};
using Scalars = ::testing::Types<float, double>;
TYPED_TEST_SUITE(QuantileTest, Scalars);

TYPED_TEST(QuantileTest, UniformsKnowBothDistances) {
  for (const uint32_t word : Words()) {
    const auto u = symmetric_uniform<TypeParam>(word);
    const Long p = LowerTail(word), q = LowerTail(~word);
    EXPECT_NEAR(u.tail / static_cast<double>(std::min(p, q)), 1, kRelative<TypeParam>);
    EXPECT_NEAR(u.centre / static_cast<double>((p - q) / 2), 1, kRelative<TypeParam>);
  }
}

TYPED_TEST(QuantileTest, NormalIsTheInverseOfErfc) {
  for (const uint32_t word : Words()) {
    const double z = normal_quantile(symmetric_uniform<TypeParam>(word));
    const auto expected = static_cast<double>(NormalOracle(word));
    EXPECT_NEAR(z / expected, 1, kRelative<TypeParam>) << word;
  }
}

TYPED_TEST(QuantileTest, NormalIsOddAndFinite) {
  for (const uint32_t word : Words()) {
    const TypeParam z = normal_quantile(symmetric_uniform<TypeParam>(word));
    EXPECT_TRUE(std::isfinite(z));
    EXPECT_EQ(z, -normal_quantile(symmetric_uniform<TypeParam>(~word))) << word;
  }
  EXPECT_NEAR(normal_quantile(symmetric_uniform<TypeParam>(0)), -6.33796, 1e-5);
}

TYPED_TEST(QuantileTest, ChiSquareIsTheInverseOfItsDistribution) {
  for (const uint32_t word : Words()) {
    const auto u = symmetric_uniform<TypeParam>(word);
    EXPECT_NEAR(chi_square_4_quantile(u) / static_cast<double>(ChiSquareOracle(4, word)), 1,
                kRelative<TypeParam>)
        << word;
    EXPECT_NEAR(chi_square_3_quantile(u) / static_cast<double>(ChiSquareOracle(3, word)), 1,
                4 * kRelative<TypeParam>)  // exp(2/3 log): log up to 23 carries 23 roundings
        << word;
  }
}

// Moments over 2^16 equally spaced words, the midpoint rule: 1e-3 is what the outermost cells miss.
TYPED_TEST(QuantileTest, MomentsAreTheKnownOnes) {
  double normal[3] = {}, chi4[2] = {}, chi3[2] = {};
  constexpr int kWords = 1 << 16;
  for (uint32_t i = 0; i < kWords; ++i) {
    const auto u = symmetric_uniform<TypeParam>((i << 16) + 0x8000);
    const double z = normal_quantile(u), x4 = chi_square_4_quantile(u),
                 x3 = chi_square_3_quantile(u);
    normal[0] += z / kWords, normal[1] += z * z / kWords, normal[2] += z * z * z * z / kWords;
    chi4[0] += x4 / kWords, chi4[1] += x4 * x4 / kWords;
    chi3[0] += x3 / kWords, chi3[1] += x3 * x3 / kWords;
  }
  EXPECT_NEAR(normal[0], 0, 1e-4);
  EXPECT_NEAR(normal[1], 1, 1e-3);
  EXPECT_NEAR(normal[2], 3, 1e-2);
  EXPECT_NEAR(chi4[0], 4, 1e-3);
  EXPECT_NEAR(chi4[1], 24, 2e-2);  // variance 8 + 4^2
  EXPECT_NEAR(chi3[0], 3, 1e-3);
  EXPECT_NEAR(chi3[1], 15, 2e-2);  // variance 6 + 3^2
}

// Two lanes whose comparison is no `bool`: what is not branch-free does not compile.
struct PairMask {
  std::array<bool, 2> lane;
};
struct Pair {
  std::array<double, 2> lane;
  Pair() = default;
  Pair(double a, double b) : lane{a, b} {}
  explicit Pair(double value) : lane{value, value} {}
};
Pair operator+(const Pair& a, const Pair& b) {
  return {a.lane[0] + b.lane[0], a.lane[1] + b.lane[1]};
}
Pair operator-(const Pair& a, const Pair& b) {
  return {a.lane[0] - b.lane[0], a.lane[1] - b.lane[1]};
}
Pair operator*(const Pair& a, const Pair& b) {
  return {a.lane[0] * b.lane[0], a.lane[1] * b.lane[1]};
}
Pair operator/(const Pair& a, const Pair& b) {
  return {a.lane[0] / b.lane[0], a.lane[1] / b.lane[1]};
}
Pair operator-(const Pair& a) { return {-a.lane[0], -a.lane[1]}; }
Pair sqrt(const Pair& a) { return {std::sqrt(a.lane[0]), std::sqrt(a.lane[1])}; }
Pair log(const Pair& a) { return {std::log(a.lane[0]), std::log(a.lane[1])}; }
Pair exp(const Pair& a) { return {std::exp(a.lane[0]), std::exp(a.lane[1])}; }
PairMask operator<(const Pair& a, const Pair& b) {
  return {{a.lane[0] < b.lane[0], a.lane[1] < b.lane[1]}};
}
Pair select(const PairMask& mask, const Pair& a, const Pair& b) {
  return {mask.lane[0] ? a.lane[0] : b.lane[0], mask.lane[1] ? a.lane[1] : b.lane[1]};
}

TEST(QuantileLanesTest, EachLaneIsTheScalarResult) {
  const std::vector<uint32_t> words = Words();
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const auto a = symmetric_uniform<double>(words[i]), b = symmetric_uniform<double>(words[i + 1]);
    const SymmetricUniform<Pair> u{Pair(a.tail, b.tail), Pair(a.centre, b.centre)};
    const auto expect_lanes = [](const Pair& together, double first, double second) {
      // Equal but for the compiler's freedom to contract a * b + c.
      EXPECT_NEAR(together.lane[0], first, 1e-13 * (1 + std::fabs(first)));
      EXPECT_NEAR(together.lane[1], second, 1e-13 * (1 + std::fabs(second)));
    };
    expect_lanes(normal_quantile(u), normal_quantile(a), normal_quantile(b));
    expect_lanes(chi_square_4_quantile(u), chi_square_4_quantile(a), chi_square_4_quantile(b));
    expect_lanes(chi_square_3_quantile(u), chi_square_3_quantile(a), chi_square_3_quantile(b));
  }
}

}  // namespace
}  // namespace propnp::test
