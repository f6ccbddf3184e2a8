// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Which seeds of a descent get a component of the proposal of their own, and how mass becomes
// probability.
#include "propnp/math/posterior_mode.h"

#include <gtest/gtest.h>

namespace propnp {
namespace {

// A mode at the identity, five units away, whose standard deviations are `sigma` in every
// coordinate of its chart.
PosteriorMode<6> ModeOf(double sigma) {
  PosteriorMode<6> mode = {};
  mode.pose[2] = 5, mode.pose[3] = 1;
  mode.cost = 7;
  mode.chart.set(DofPolicy<6>(), mode.pose, {0, 0, 0}, 0.1);
  double covariance[36] = {};
  for (int i = 0; i < 6; ++i) covariance[7 * i] = sigma * sigma;
  EXPECT_TRUE(mode.sqrt_shape.factorize(covariance));
  return mode;
}

// A seed `deviations` standard deviations to the side of the mode.
PosteriorMode<6> SeedBeside(const PosteriorMode<6>& mode, double sigma, double deviations,
                            double cost_gap) {
  PosteriorMode<6> seed = mode;
  seed.pose[0] += sigma * deviations;
  seed.cost = mode.cost + cost_gap;
  return seed;
}

bool IsUnexpectedlyLow(double deviations, double cost_gap) {
  constexpr double kSigma = 1e-3;
  const PosteriorMode<6> mode = ModeOf(kSigma);
  return is_unexpectedly_low(DofPolicy<6>(), &mode, 1,
                             SeedBeside(mode, kSigma, deviations, cost_gap));
}

// Mutation: the tail of the Student t alone calls seeds at 1.3 to 3.6 deviations arms of a valley.
TEST(PosteriorMode, SlopesOfAGaussianNeedNoComponentOfTheirOwn) {
  for (double deviations = 0; deviations < 8; deviations += 0.1) {
    EXPECT_FALSE(IsUnexpectedlyLow(deviations, 0.5 * deviations * deviations)) << deviations;
  }
}

TEST(PosteriorMode, TheArmOfABentValleyNeedsOne) {
  EXPECT_TRUE(IsUnexpectedlyLow(2.5, 0.5));
  EXPECT_TRUE(IsUnexpectedlyLow(8, 2));
  // Student's t reaches that far: 5 log(1 + 30^2 / 4) = 27.1, not half of 30^2.
  EXPECT_TRUE(IsUnexpectedlyLow(30, 26));
  EXPECT_FALSE(IsUnexpectedlyLow(30, 27));
}

TEST(PosteriorMode, MassesBecomeProbabilities) {
  double masses[] = {3, -0.1, 1};
  normalize_masses(3, masses);
  EXPECT_EQ(masses[0], 0.75);
  EXPECT_EQ(masses[1], 0);
  EXPECT_EQ(masses[2], 0.25);
  double none[] = {0, -1};
  normalize_masses(2, none);
  EXPECT_EQ(none[0], 1);
  EXPECT_EQ(none[1], 0);
}

}  // namespace
}  // namespace propnp
