// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/student_t.h"

#include <gtest/gtest.h>

#include <cmath>

#include "propnp/math/philox.h"
#include "propnp/math/quantile.h"

namespace propnp::test {
namespace {

const double kPi = std::acos(-1.0);

template <int D_, int Nu_>
struct Case {
  static constexpr int D = D_, Nu = Nu_;
};

template <typename C>
class StudentTTest : public ::testing::Test {};
using Cases = ::testing::Types<Case<1, 3>, Case<3, 3>, Case<4, 3>, Case<6, 3>, Case<1, 4>,
                               Case<3, 4>, Case<4, 4>, Case<6, 4>>;
TYPED_TEST_SUITE(StudentTTest, Cases);

TYPED_TEST(StudentTTest, ConstantIsTheGammaFormula) {
  constexpr int D = TypeParam::D, Nu = TypeParam::Nu;
  const double expected =
      std::lgamma((Nu + D) / 2.) - std::lgamma(Nu / 2.) - D / 2. * std::log(Nu * kPi);
  const double log_det = 0.37, squared_norm = 5.1;
  EXPECT_NEAR((student_t_log_constant<D, Nu>()), expected, 1e-13);
  const double density = student_t_log_density<D, Nu>(squared_norm, log_det);
  EXPECT_NEAR(density, expected - log_det / 2 - (Nu + D) / 2. * std::log(1 + squared_norm / Nu),
              1e-13);
  EXPECT_NEAR((student_t_log_density<D, Nu>(5.1f, 0.37f)), density, 1e-5);
}

// Integrated over shells of radius r = tan(a); the integrand is smooth and vanishes at both ends,
// so the trapezoidal rule with 4000 cells is exact far below 1e-6.
TYPED_TEST(StudentTTest, IntegratesToOne) {
  constexpr int D = TypeParam::D, Nu = TypeParam::Nu;
  const double sphere = 2 * std::pow(kPi, D / 2.) / std::tgamma(D / 2.);
  constexpr int kCells = 4000;
  double integral = 0;
  for (int i = 0; i < kCells; ++i) {
    const double r = std::tan((i + 0.5) * kPi / 2 / kCells);
    integral += sphere * std::pow(r, D - 1) * std::exp(student_t_log_density<D, Nu>(r * r, 0.)) *
                (1 + r * r) * kPi / 2 / kCells;
  }
  EXPECT_NEAR(integral, 1, 1e-6);
}

// sqrt(Nu / chi2_Nu) z has this density: the fraction of 40000 draws (seed 8) with |y|^2 < D, the
// expectation by shells as above; standard error below .0025, bound 6.5 of them. Swapping 3 for 4
// degrees of freedom moves it by .017 to .021, a normal instead of a t by .057 to .12.
TYPED_TEST(StudentTTest, DrawsHaveTheDensity) {
  constexpr int D = TypeParam::D, Nu = TypeParam::Nu;
  const double sphere = 2 * std::pow(kPi, D / 2.) / std::tgamma(D / 2.);
  constexpr int kCells = 20000, kDraws = 40000;
  double expected = 0;
  for (int i = 0; i < kCells; ++i) {
    const double r = (i + 0.5) * std::sqrt(double{D}) / kCells;
    expected += sphere * std::pow(r, D - 1) * std::exp(student_t_log_density<D, Nu>(r * r, 0.)) *
                std::sqrt(double{D}) / kCells;
  }
  int inside = 0;
  for (uint32_t i = 0; i < kDraws; ++i) {
    const PhiloxWords words[2] = {random_words(8, D, RandomPurpose::kSample, 2 * i),
                                  random_words(8, D, RandomPurpose::kSample, 2 * i + 1)};
    double squared = 0;
    for (int k = 0; k < D; ++k) {
      const double z = normal_quantile(symmetric_uniform<double>(words[k / 4].word[k % 4]));
      squared += z * z;
    }
    const auto u = symmetric_uniform<double>(words[1].word[3]);
    inside += squared * Nu / (Nu == 3 ? chi_square_3_quantile(u) : chi_square_4_quantile(u)) < D;
  }
  EXPECT_NEAR(inside / double{kDraws}, expected,
              6.5 * std::sqrt(expected * (1 - expected) / kDraws));
}

}  // namespace
}  // namespace propnp::test
