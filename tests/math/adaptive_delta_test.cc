// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/adaptive_delta.h"

#include <cmath>

#include "tests/math/derivative_check.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

struct Points {
  std::vector<double> x2d, w2d, sqrt_information;
  size_t count() const { return x2d.size() / 2; }
};

Points RandomPoints(TestRandom* random, int count) {
  Points points;
  for (int i = 0; i < count; ++i) {
    points.x2d.push_back(300 + 40 * random->Normal());
    points.x2d.push_back(200 + 30 * random->Normal());
    // Points without weight count in both means.
    for (int k = 0; k < 2; ++k) points.w2d.push_back(i == 1 ? 0 : random->Uniform(0.1, 1));
    for (int k = 0; k < 4; ++k) points.sqrt_information.push_back(random->Normal());
  }
  return points;
}

template <typename Weight, typename S, typename MakeWeight>
AdaptiveDelta<S> Accumulate(const std::vector<double>& x2d, const MakeWeight& make_weight) {
  AdaptiveDelta<S> adaptive(Vec2<S>{S(x2d[0]), S(x2d[1])});
  for (size_t i = 0; i < x2d.size() / 2; ++i) {
    adaptive.add(Vec2<S>{S(x2d[2 * i]), S(x2d[2 * i + 1])}, Weight(make_weight(i)));
  }
  return adaptive;
}

// [w2d, relative_delta] to delta.
auto DiagonalFunction(const std::vector<double>& x2d) {
  return [&x2d](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    const auto adaptive = Accumulate<DiagonalWeight<S>, S>(x2d, [&](size_t i) {
      return DiagonalWeight<S>{x[2 * i], x[2 * i + 1]};
    });
    return std::vector<S>{adaptive.value(x[x2d.size()])};
  };
}
// [W, relative_delta] to delta.
auto InformationFunction(const std::vector<double>& x2d) {
  return [&x2d](const auto& x) {
    using S = ScalarOf<decltype(x)>;
    const auto adaptive = Accumulate<SqrtInformation<S>, S>(x2d, [&](size_t i) {
      return SqrtInformation<S>{x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]};
    });
    return std::vector<S>{adaptive.value(x[2 * x2d.size()])};
  };
}

double Spread(const std::vector<double>& x2d) {
  const size_t n = x2d.size() / 2;
  double mean[2] = {}, variance = 0;
  for (size_t i = 0; i < x2d.size(); ++i) mean[i % 2] += x2d[i] / n;
  for (size_t i = 0; i < x2d.size(); ++i) variance += std::pow(x2d[i] - mean[i % 2], 2) / (n - 1);
  return std::sqrt(variance);
}

TEST(AdaptiveDelta, IsTheFormula) {
  TestRandom random;
  const Points p = RandomPoints(&random, 9);
  std::vector<double> x = p.w2d;
  x.push_back(0.3);
  double mean = 0;
  for (const double w : p.w2d) mean += w / p.w2d.size();
  EXPECT_NEAR(DiagonalFunction(p.x2d)(x)[0], 0.3 * mean * Spread(p.x2d), 1e-12);

  x = p.sqrt_information;
  x.push_back(0.3);
  mean = 0;
  for (size_t i = 0; i < p.count(); ++i) {
    const Eigen::Map<const Eigen::Matrix<double, 2, 2, Eigen::RowMajor>> w(&x[4 * i]);
    mean += std::sqrt((w.transpose() * w).trace() / 2) / p.count();
  }
  EXPECT_NEAR(InformationFunction(p.x2d)(x)[0], 0.3 * mean * Spread(p.x2d), 1e-12);
}

TEST(AdaptiveDelta, GradientsToWeightsAndRelativeDelta) {
  TestRandom random;
  const Points p = RandomPoints(&random, 6);
  const double relative = 0.4;
  std::vector<double> x = p.w2d;
  x.push_back(relative);
  const auto diagonal = Accumulate<DiagonalWeight<double>, double>(p.x2d, [&](size_t i) {
    return DiagonalWeight<double>{p.w2d[2 * i], p.w2d[2 * i + 1]};
  });
  Eigen::MatrixXd gradient(1, x.size());
  for (size_t i = 0; i < p.count(); ++i) {
    DiagonalWeight<double> g{7, 8};  // added to what is there
    mean_weight_vjp(DiagonalWeight<double>{p.w2d[2 * i], p.w2d[2 * i + 1]},
                    diagonal.weight_gradient(relative), &g);
    gradient(2 * i) = g.x - 7, gradient(2 * i + 1) = g.y - 8;
  }
  gradient(x.size() - 1) = diagonal.relative_gradient();
  ExpectDualJacobian(gradient, DiagonalFunction(p.x2d), x, "weights");
  ExpectRiddersJacobian(gradient, DiagonalFunction(p.x2d), x, 0.01, "weights");

  x = p.sqrt_information;
  x.push_back(relative);
  const auto weight = [&](size_t i) {
    return SqrtInformation<double>{x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]};
  };
  const auto full = Accumulate<SqrtInformation<double>, double>(p.x2d, weight);
  gradient.resize(1, x.size());
  for (size_t i = 0; i < p.count(); ++i) {
    SqrtInformation<double> g{1, 2, 3, 4};
    mean_weight_vjp(weight(i), full.weight_gradient(relative), &g);
    gradient.block(0, 4 * i, 1, 4) << g.xx - 1, g.xy - 2, g.yx - 3, g.yy - 4;
  }
  gradient(x.size() - 1) = full.relative_gradient();
  ExpectDualJacobian(gradient, InformationFunction(p.x2d), x, "information");
  ExpectRiddersJacobian(gradient, InformationFunction(p.x2d), x, 0.01, "information");
}

// The root of a zero information has no derivative: the gradient of a removed point is zero.
TEST(AdaptiveDelta, GradientOfAZeroInformationIsZero) {
  SqrtInformation<double> gradient{0, 0, 0, 0};
  mean_weight_vjp(SqrtInformation<double>{0, 0, 0, 0}, 3.0, &gradient);
  EXPECT_EQ(gradient.xx, 0);
  EXPECT_EQ(gradient.yy, 0);
}

// diag(w, w) as two weights or as an information is the same.
TEST(AdaptiveDelta, IsotropicWeightsAgree) {
  EXPECT_DOUBLE_EQ(mean_weight(DiagonalWeight<double>{0.7, 0.7}),
                   mean_weight(SqrtInformation<double>{0.7, 0, 0, 0.7}));
}

// In float, a hundred thousand pixels away from the origin.
TEST(AdaptiveDelta, FarFromTheOrigin) {
  TestRandom random;
  std::vector<double> x2d;
  for (int i = 0; i < 200; ++i)
    x2d.push_back(float(1e5) + float(0.125 * std::round(80 * random.Normal())));
  const auto adaptive = Accumulate<DiagonalWeight<float>, float>(x2d, [](size_t) {
    return DiagonalWeight<float>{1, 1};
  });
  EXPECT_NEAR(adaptive.spread() / Spread(x2d), 1, 1e-5);
}

TEST(AdaptiveDelta, FewerThanTwoPointsOrNoSpreadGiveZero) {
  AdaptiveDelta<double> adaptive({5, 6});
  EXPECT_EQ(adaptive.value(0.5), 0);
  EXPECT_EQ(adaptive.weight_gradient(0.5), 0);
  for (int i = 0; i < 3; ++i) {
    adaptive.add({5, 6}, DiagonalWeight<double>{1, 2});
    EXPECT_EQ(adaptive.value(0.5), 0);
    EXPECT_EQ(adaptive.weight_gradient(0.5), 0);
  }
}

}  // namespace
}  // namespace propnp::test
