// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// monotone_limit against a brute-force walk outwards, over many random distortions.
#include "propnp/math/camera_limit.h"

#include <cmath>
#include <vector>

#include "tests/math/camera_examples.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr int kSteps = 20000;

// The last grid value before `image` stops growing, or `end`; `valid` ends the walk too.
template <typename Image, typename Valid>
double WalkToTheFold(const Image& image, const Valid& valid, double end) {
  double last = 0;
  for (int i = 1; i <= kSteps; ++i) {
    const double x = end * i / kSteps;
    if (!valid(x) || image(x) <= image(last)) return last;
    last = x;
  }
  return end;
}

double RadialImage(const std::vector<double>& n, const std::vector<double>& d, double r) {
  const double x = r * r;
  return r * (1 + x * (n[0] + x * (n[1] + x * n[2]))) / (1 + x * (d[0] + x * (d[1] + x * d[2])));
}

TEST(MonotoneLimit, SimpleRadialAgainstBruteForce) {
  TestRandom random;
  int folding = 0;
  for (int i = 0; i < 200; ++i) {
    const std::vector<double> p{500, 320, 240, random.Uniform(-.6, .6), random.Uniform(-.2, .2)};
    const double limit = std::sqrt(MonotoneLimit<SimpleRadialModel>(p));
    const double end = 5;
    const double walked = WalkToTheFold(
        [&](double r) {
          return RadialImage({p[3], p[4], 0}, {0, 0, 0}, r);
        },
        [](double) { return true; }, end);
    folding += walked < end;
    EXPECT_NEAR(std::min(limit, end), walked, 2 * end / kSteps) << p[3] << ' ' << p[4];
  }
  EXPECT_GT(folding, 50);
  EXPECT_LT(folding, 150);
}

TEST(MonotoneLimit, OpenCvAgainstBruteForce) {
  TestRandom random;
  int folding = 0, poles = 0;
  for (int i = 0; i < 300; ++i) {
    std::vector<double> p(12);
    p[4] = random.Uniform(-.5, .5), p[5] = random.Uniform(-.2, .2), p[8] = random.Uniform(-.1, .1);
    if (i % 2 == 0) {
      p[9] = random.Uniform(-.5, .5), p[10] = random.Uniform(-.2, .2);
      p[11] = random.Uniform(-.05, .05);
    }
    const double limit = std::sqrt(MonotoneLimit<OpenCvModel>(p)), end = 5;
    const auto denominator = [&](double r) {
      const double x = r * r;
      return 1 + x * (p[9] + x * (p[10] + x * p[11]));
    };
    double pole = end;
    for (int k = 0; k <= kSteps && pole == end; ++k) {
      if (denominator(end * k / kSteps) <= 0) pole = end * k / kSteps;
    }
    const double before_pole = pole < end ? std::sqrt(0.98) * pole : end;
    const double walked = WalkToTheFold(
        [&](double r) {
          return RadialImage({p[4], p[5], p[8]}, {p[9], p[10], p[11]}, r);
        },
        [&](double r) { return r < before_pole; }, end);
    folding += walked < end, poles += pole < end && walked > 0.98 * before_pole;
    EXPECT_NEAR(std::min(limit, end), walked, 3 * end / kSteps) << i;
  }
  EXPECT_GT(folding, 100);
  EXPECT_GT(poles, 10);
}

TEST(MonotoneLimit, FisheyeAgainstBruteForce) {
  TestRandom random;
  int folding = 0;
  const double end = 3.14159265358979323846;
  for (int i = 0; i < 300; ++i) {
    const double shrink = std::pow(0.5, i % 4);
    const std::vector<double> p{300,
                                300,
                                400,
                                400,
                                shrink * random.Uniform(-.2, .2),
                                shrink * random.Uniform(-.05, .05),
                                shrink * random.Uniform(-.02, .02),
                                shrink * random.Uniform(-.002, .002)};
    const double limit = MonotoneLimit<FisheyeModel>(p);
    const double walked = WalkToTheFold(
        [&](double t) {
          const double x = t * t;
          return t * (1 + x * (p[4] + x * (p[5] + x * (p[6] + x * p[7]))));
        },
        [](double) { return true; }, end);
    folding += walked < end;
    EXPECT_LE(limit, end);
    EXPECT_NEAR(limit, walked, 2 * end / kSteps) << i;
  }
  EXPECT_GT(folding, 50);
  EXPECT_LT(folding, 250);
}

TEST(MonotoneLimit, NoDistortionHasNone) {
  EXPECT_EQ(MonotoneLimit<PinholeModel>({620, 610, 322, 238, 0.7}), 0);
  EXPECT_EQ(MonotoneLimit<SimpleRadialModel>({500, 320, 240, 0, 0}), kNoLimit);
  EXPECT_EQ(MonotoneLimit<OpenCvModel>(std::vector<double>(12, 0.0)), kNoLimit);
  EXPECT_NEAR(MonotoneLimit<FisheyeModel>(std::vector<double>(8, 0.0)), 3.14159265358979, 1e-12);
}

// Polynomials with known roots: simple, double (touching, not crossing), several, none.
TEST(SmallestPositiveRoot, KnownRoots) {
  const auto root = [](std::vector<double> c) {
    return smallest_positive_root(c.data(), static_cast<int>(c.size()) - 1, 100);
  };
  EXPECT_NEAR(root({1, -1}), 1, 1e-14);
  EXPECT_NEAR(root({6, -5, 1}), 2, 1e-14);       // (x - 2)(x - 3)
  EXPECT_NEAR(root({6, -11, 6, -1}), 1, 1e-14);  // -(x - 1)(x - 2)(x - 3)
  EXPECT_EQ(root({1, 1, 1}), 100);
  EXPECT_EQ(root({1, 0, 0, 0}), 100);
  EXPECT_NEAR(root({1, 0, 0, -1e-3}), 10, 1e-12);
  EXPECT_NEAR(root({1, -1e8}), 1e-8, 1e-22);
  EXPECT_EQ(root({200, -1}), 100);  // beyond the end
}

// The clamp keeps the direction, and the difference form is the difference on every pair of sides.
TEST(RadiusClamped, KeepsTheDirectionAndDiffers) {
  TestRandom random;
  const double limit = 1.7;
  int pairs[2][2] = {};
  for (int i = 0; i < 1000; ++i) {
    const double x = random.Normal(), y = random.Normal(), dx = random.Normal(),
                 dy = random.Normal();
    const RadiusClamped<double> at(x, y, limit), moved(x + dx, y + dy, limit);
    EXPECT_NEAR(at.x * y, at.y * x, 1e-14);
    EXPECT_NEAR(at.x * at.x + at.y * at.y, std::min(limit, x * x + y * y), 1e-14);
    EXPECT_NEAR(at.squared, at.x * at.x + at.y * at.y, 1e-14);
    const RadiusClampedDifference<double> d(at, x, y, dx, dy, limit);
    EXPECT_NEAR(d.x, moved.x - at.x, 1e-13);
    EXPECT_NEAR(d.y, moved.y - at.y, 1e-13);
    EXPECT_NEAR(d.squared, moved.squared - at.squared, 1e-13);
    ++pairs[at.beyond][moved.beyond];
  }
  for (const auto& row : pairs) {
    for (const int count : row) EXPECT_GT(count, 50);
  }
}

}  // namespace
}  // namespace propnp::test
