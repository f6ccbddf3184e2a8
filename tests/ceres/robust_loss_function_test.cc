// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/robust_loss_function.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/math/test_random.h"

namespace propnp {
namespace {

std::unique_ptr<RobustLossFunction> Make(LossKind kind, double delta) {
  return RobustLossFunction::Create({kind, delta}, nullptr);
}

// With the same scale the losses of Ceres are ours.
TEST(RobustLossFunction, CoincidesWithCeres) {
  for (const double delta : {0.3, 1.0, 4.0}) {
    const ceres::HuberLoss huber(delta);
    const ceres::CauchyLoss cauchy(delta);
    const ceres::TrivialLoss trivial;
    const auto pairs = {std::make_pair(Make(LossKind::kHuber, delta).release(),
                                       static_cast<const ceres::LossFunction*>(&huber)),
                        std::make_pair(Make(LossKind::kCauchy, delta).release(),
                                       static_cast<const ceres::LossFunction*>(&cauchy)),
                        std::make_pair(Make(LossKind::kNone, delta).release(),
                                       static_cast<const ceres::LossFunction*>(&trivial))};
    for (const auto& [ours, theirs] : pairs) {
      for (const double s2 : {0.0, 1e-12, 0.01, 0.5, delta * delta, 3.0, 100.0, 1e8}) {
        double actual[3], expected[3];
        ours->Evaluate(s2, actual);
        theirs->Evaluate(s2, expected);
        for (int i = 0; i < 3; ++i) {
          EXPECT_NEAR(actual[i], expected[i], 1e-13 * (1 + std::fabs(expected[i])))
              << "delta " << delta << " s2 " << s2 << " derivative " << i;
        }
      }
      delete ours;
    }
  }
}

TEST(RobustLossFunction, RefusesWhatIsNoLoss) {
  std::string error;
  for (const double delta : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(RobustLossFunction::Create({LossKind::kHuber, delta}, &error), nullptr);
    EXPECT_NE(error.find("delta"), std::string::npos);
    EXPECT_EQ(RobustLossFunction::Create({LossKind::kCauchy, delta}, nullptr), nullptr);
    EXPECT_NE(RobustLossFunction::Create({LossKind::kNone, delta}, nullptr), nullptr);
  }
  EXPECT_EQ(RobustLossFunction::Create({static_cast<LossKind>(9), 1}, &error), nullptr);
  EXPECT_NE(error.find("kind"), std::string::npos);
}

TEST(AdaptiveHuberDelta, IsTheFormula) {
  test::TestRandom random;
  const int n = 40;
  std::vector<double> x2d, w2d, info;
  double mean[2] = {0, 0}, mean_weight = 0, variance = 0;
  for (int i = 0; i < 2 * n; ++i) {
    x2d.push_back(500 + 50 * random.Normal());
    w2d.push_back(i < 6 ? 0 : random.Uniform(0.1, 2));
    mean[i % 2] += x2d.back() / n;
    mean_weight += w2d.back() / (2 * n);
  }
  for (int i = 0; i < 2 * n; ++i) {
    variance += (x2d[i] - mean[i % 2]) * (x2d[i] - mean[i % 2]) / (n - 1);
  }
  EXPECT_NEAR(AdaptiveHuberDelta(x2d.data(), w2d.data(), n, 0.5),
              0.5 * mean_weight * std::sqrt(variance), 1e-10);
  EXPECT_NEAR(AdaptiveHuberDelta(x2d.data(), nullptr, n, 0.5), 0.5 * std::sqrt(variance), 1e-10);
  // An isotropic information is the same as two equal weights.
  std::vector<double> equal;
  for (int i = 0; i < n; ++i) {
    info.insert(info.end(), {w2d[2 * i], 0, 0, w2d[2 * i]});
    equal.insert(equal.end(), {w2d[2 * i], w2d[2 * i]});
  }
  EXPECT_NEAR(AdaptiveHuberDeltaFromInformation(x2d.data(), info.data(), n, 0.5),
              AdaptiveHuberDelta(x2d.data(), equal.data(), n, 0.5), 1e-10);
  EXPECT_EQ(AdaptiveHuberDelta(nullptr, nullptr, 0, 0.5), 0);
}

}  // namespace
}  // namespace propnp
