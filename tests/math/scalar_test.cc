// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/scalar.h"

#include <cmath>

#include "tests/math/derivative_check.h"

namespace propnp::test {
namespace {

TEST(Scalar, MinMaxClamp) {
  EXPECT_EQ(propnp::min(1.0, 2.0), 1.0);
  EXPECT_EQ(propnp::max(1.0, 2.0), 2.0);
  EXPECT_EQ(propnp::clamp(0.0, 1.0, 2.0), 1.0);
  EXPECT_EQ(propnp::clamp(1.5, 1.0, 2.0), 1.5);
  EXPECT_EQ(propnp::clamp(3.0, 1.0, 2.0), 2.0);
}

TEST(Scalar, SquareAndEither) {
  EXPECT_EQ(propnp::square(3.0), 9.0);
  EXPECT_TRUE(either(true, false));
  EXPECT_TRUE(either(false, true));
  EXPECT_FALSE(either(false, false));
  EXPECT_EQ(either(1u, 2u), 3u);  // a mask of several lanes
}

TEST(Scalar, ClampKeepsWhatIsNotANumber) {
  EXPECT_TRUE(std::isnan(propnp::clamp(std::nan(""), 1.0, 2.0)));
}

// On an edge the value, hence its derivative, is its own; beyond there is none.
TEST(Scalar, DerivativeOfClamp) {
  const auto clamped = [](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    return std::vector<S>{propnp::clamp(x[0], S(1), S(2))};
  };
  for (const double inside : {1.0, 1.5, 2.0}) EXPECT_EQ(DualJacobian(clamped, {inside})(0, 0), 1);
  for (const double outside : {0.9, 2.1}) EXPECT_EQ(DualJacobian(clamped, {outside})(0, 0), 0);
}

TEST(Scalar, ConstantsAreOfTheScalarsOwnPrecision) {
  EXPECT_EQ(constant<float>(0.1), 0.1f);
  EXPECT_EQ(constant<double>(0.1), 0.1);
  EXPECT_EQ(constant<Dual>(0.1).a, 0.1);
}

}  // namespace
}  // namespace propnp::test
