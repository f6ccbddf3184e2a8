// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/von_mises.h"

#include <gtest/gtest.h>

#include <cmath>

namespace propnp::test {
namespace {

const double kPi = std::acos(-1.0);

const double kKappas[] = {0, 1e-9, 0.9e-4, 1.1e-4, 0.3, 1, 3.7, 3.8, 30, 1000, 33000, 1e9};

auto Words(uint32_t draw) {
  return
      [draw](uint32_t attempt) { return random_words(11, draw, RandomPurpose::kSample, attempt); };
}

// I0(x) exp(-x) = 1/pi * integral of exp(x (cos a - 1)) over [0, pi]; the trapezoidal rule is
// exact.
TEST(VonMisesTest, BesselFunctionIsItsIntegral) {
  for (const double x : {0.0, 0.1, 1.0, 3.7, 3.8, 10.0, 100.0, 3e4}) {
    constexpr int kCells = 4000;
    double integral = 0;
    for (int i = 0; i < kCells; ++i) {
      integral += std::exp(x * (std::cos((i + 0.5) * kPi / kCells) - 1)) / kCells;
    }
    EXPECT_NEAR(log_bessel_i0(x) - x, std::log(integral), 6e-7) << x;
  }
}

// The midpoint rule is exact for smooth periodic functions; what is left is the error of I0.
TEST(VonMisesTest, MixtureIntegratesToOne) {
  for (const double kappa : kKappas) {
    if (kappa > 1e4) continue;  // too sharp for the grid
    const VonMisesUniform<double> distribution{0.7, kappa};
    constexpr int kCells = 2000;
    double integral = 0;
    for (int i = 0; i < kCells; ++i) {
      integral += std::exp(distribution.log_density(i * 2 * kPi / kCells)) * 2 * kPi / kCells;
    }
    EXPECT_NEAR(integral, 1, 6e-7) << kappa;
  }
}

TEST(VonMisesTest, DensityIsPeriodicAndFiniteEverywhere) {
  for (const double kappa : kKappas) {
    const VonMisesUniform<double> distribution{0.7, kappa};
    EXPECT_NEAR(distribution.log_density(1.0), distribution.log_density(1.0 + 4 * kPi),
                1e-13 * (1 + kappa));
    EXPECT_GE(distribution.log_density(0.7 + kPi), std::log(0.25 / (2 * kPi)) - 1e-12);
    EXPECT_TRUE(std::isfinite(distribution.log_density(0.7)));
  }
}

// The mean of cos a is I1/I0 and of cos 2a is I2/I0 (by quadrature), of sin a zero; 20000 draws
// (seed 11), a standard error below 1 / sqrt(20000) = .0071 times the spread; bound 6.5 of them.
// In the sharp limit kappa a^2 has mean 1 and variance 2.
TEST(VonMisesTest, DrawsHaveTheDensity) {
  constexpr int kDraws = 20000, kCells = 100000;
  for (const double kappa : kKappas) {
    double sum[3] = {}, scaled = 0, expected[3] = {}, variance[3] = {}, norm = 0;
    for (uint32_t i = 0; i < kDraws; ++i) {
      const double a = sample_von_mises(kappa, Words(i));
      ASSERT_TRUE(a >= -kPi && a <= kPi) << kappa;
      sum[0] += std::cos(a) / kDraws, sum[1] += std::cos(2 * a) / kDraws;
      sum[2] += std::sin(a) / kDraws, scaled += kappa * a * a / kDraws;
    }
    if (kappa > 1e4) {
      EXPECT_NEAR(scaled, 1, 6.5 * std::sqrt(2.0 / kDraws) + 1e-4) << kappa;
      continue;
    }
    for (int i = 0; i < kCells; ++i) {
      const double a = (i + 0.5) * 2 * kPi / kCells;
      const double p = std::exp(kappa * (std::cos(a) - 1));
      const double values[3] = {std::cos(a), std::cos(2 * a), std::sin(a)};
      norm += p;
      for (int k = 0; k < 3; ++k)
        expected[k] += p * values[k], variance[k] += p * values[k] * values[k];
    }
    for (int k = 0; k < 3; ++k) {
      expected[k] /= norm;
      const double spread = std::sqrt(variance[k] / norm - expected[k] * expected[k]);
      EXPECT_NEAR(sum[k], expected[k], 6.5 * spread / std::sqrt(kDraws) + 1e-12)
          << kappa << " " << k;
    }
  }
}

TEST(VonMisesTest, FewAttemptsAreRefused) {
  for (const double kappa : kKappas) {
    int attempts = 0;
    constexpr int kDraws = 4000;
    for (uint32_t i = 0; i < kDraws; ++i) {
      sample_von_mises(kappa, [&](uint32_t attempt) {
        ++attempts;
        return random_words(12, i, RandomPurpose::kSample, attempt);
      });
    }
    EXPECT_LT(attempts, 1.6 * kDraws) << kappa;
  }
}

TEST(VonMisesTest, UniformShareOfTheDraws) {
  const VonMisesUniform<double> distribution{2.5, 50};
  EXPECT_EQ(distribution.uniform_count(128), 32);
  EXPECT_EQ(distribution.uniform_count(10), 2);  // a half to even
  double uniform_square = 0;
  constexpr int kDraws = 20000;
  for (uint32_t i = 0; i < kDraws; ++i) {
    const double a = distribution.sample(true, Words(i));
    ASSERT_TRUE(a > -kPi && a < kPi);
    uniform_square += a * a / kDraws;
    EXPECT_NEAR(distribution.sample(false, Words(i)), 2.5 + sample_von_mises(50.0, Words(i)),
                1e-12);
  }
  // Variance pi^2 / 3 = 3.29; the square has standard deviation 2.94: 6.5 standard errors.
  EXPECT_NEAR(uniform_square, kPi * kPi / 3, 6.5 * 2.94 / std::sqrt(kDraws));
}

TEST(VonMisesTest, SinglePrecision) {
  for (const double kappa : kKappas) {
    const VonMisesUniform<float> narrow{0.7f, static_cast<float>(kappa)};
    const VonMisesUniform<double> wide{static_cast<double>(0.7f),
                                       static_cast<double>(static_cast<float>(kappa))};
    EXPECT_NEAR(narrow.log_density(1.0f), wide.log_density(1.0), 1e-5 * (1 + kappa * 0.06))
        << kappa;
    EXPECT_TRUE(std::isfinite(narrow.sample(false, Words(1))));
  }
}

}  // namespace
}  // namespace propnp::test
