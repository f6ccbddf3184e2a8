// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/math/random_rotation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace propnp::test {
namespace {

// Moments of a point uniform on the 3-sphere: E[x_i x_j] = delta_ij / 4, E[x_i^4] = 1 / 8. A grid
// of n midpoints integrates the trigonometric factors exactly and the quadratic one in u, of second
// derivative 2, to 2 / (24 n^2), here times a mean of 3/8 of the fourth power of a sine.
TEST(RandomRotation, IsUniformOnTheSphere) {
  constexpr int kGrid = 24;
  double second[4][4] = {}, fourth[4] = {};
  for (int i = 0; i < kGrid; ++i) {
    for (int j = 0; j < kGrid; ++j) {
      for (int k = 0; k < kGrid; ++k) {
        const Quaternion<double> q =
            rotation_from_uniforms((i + 0.5) / kGrid, (j + 0.5) / kGrid, (k + 0.5) / kGrid);
        const double x[4] = {q.w, q.x, q.y, q.z};
        EXPECT_NEAR(squared_norm(q), 1, 1e-14);
        for (int a = 0; a < 4; ++a) {
          fourth[a] += x[a] * x[a] * x[a] * x[a] / (kGrid * kGrid * kGrid);
          for (int b = 0; b < 4; ++b) second[a][b] += x[a] * x[b] / (kGrid * kGrid * kGrid);
        }
      }
    }
  }
  for (int a = 0; a < 4; ++a) {
    EXPECT_NEAR(fourth[a], 0.125, 0.375 * 2 / (24.0 * kGrid * kGrid) + 1e-12);
    for (int b = 0; b < 4; ++b) EXPECT_NEAR(second[a][b], a == b ? 0.25 : 0, 1e-12);
  }
}

}  // namespace
}  // namespace propnp::test
