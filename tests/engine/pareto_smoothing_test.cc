// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/engine/pareto_smoothing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "propnp/engine/kernels/pareto_kernels.h"
#include "tests/engine/use_instruction_set.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
// k-hat sums logarithms of products of up to some hundred factors, each good to some 1e-16 and of
// about unit size; the order in which it takes them is that of the weights.
constexpr double kRounding = 1e-12;

double Khat(const std::vector<double>& log_weights) {
  std::vector<double> scratch(log_weights.size());
  return ParetoKhat(log_weights.data(), static_cast<int64_t>(log_weights.size()), scratch.data());
}

double Smooth(std::vector<double>* log_weights) {
  std::vector<double> scratch(log_weights->size());
  std::vector<int64_t> order(log_weights->size());
  return ParetoSmooth(log_weights->data(), static_cast<int64_t>(log_weights->size()),
                      scratch.data(), order.data());
}

// Logs of draws from the generalised Pareto distribution with sigma = 1.
std::vector<double> ParetoLogWeights(double k, int64_t count, TestRandom* random) {
  std::vector<double> log_weights;
  for (int64_t i = 0; i < count; ++i) {
    const double survival = random->Uniform(1e-300, 1);
    log_weights.push_back(
        std::log(k == 0 ? -std::log(survival) : std::expm1(-k * std::log(survival)) / k));
  }
  return log_weights;
}

// The estimate as the papers print it, on the unscaled exceedances and with a logarithm a factor.
double PublishedKhat(std::vector<double> log_weights) {
  std::sort(log_weights.begin(), log_weights.end());
  const auto s = static_cast<double>(log_weights.size());
  const auto n = static_cast<size_t>(std::ceil(std::min(s / 5, 3 * std::sqrt(s))));
  const double threshold = std::exp(log_weights[log_weights.size() - n - 1]);
  std::vector<double> x;
  for (size_t i = log_weights.size() - n; i < log_weights.size(); ++i) {
    x.push_back(std::exp(log_weights[i]) - threshold);
  }
  const auto k_of = [&](double theta) {
    double sum = 0;
    for (const double value : x) sum += std::log1p(-theta * value);
    return sum / static_cast<double>(n);
  };
  const int m = 30 + static_cast<int>(std::sqrt(n));
  const double quartile = x[(n + 2) / 4 - 1];  // of n / 4, rounded
  std::vector<double> theta, log_likelihood;
  for (int j = 1; j <= m; ++j) {
    theta.push_back(1 / x.back() + (1 - std::sqrt(m / (j - 0.5))) / (3 * quartile));
    const double k = k_of(theta.back());
    log_likelihood.push_back(static_cast<double>(n) * (std::log(-theta.back() / k) - k - 1));
  }
  double theta_hat = 0;
  for (int j = 0; j < m; ++j) {
    double sum = 0;
    for (int i = 0; i < m; ++i) sum += std::exp(log_likelihood[i] - log_likelihood[j]);
    theta_hat += theta[j] / sum;
  }
  return (static_cast<double>(n) * k_of(theta_hat) + 5) / (static_cast<double>(n) + 10);
}

TEST(ParetoSmoothingTest, TailCounts) {
  EXPECT_EQ(ParetoTailCount(24), 0);
  EXPECT_EQ(ParetoTailCount(25), 5);
  EXPECT_EQ(ParetoTailCount(128), 26);  // 128 / 5
  EXPECT_EQ(ParetoTailCount(512), 68);  // 3 sqrt(512)
}

TEST(ParetoSmoothingTest, EqualsThePublishedFormula) {
  TestRandom random;
  for (const double k : {-0.7, -0.2, 0.0, 0.3, 0.7, 1.5, 4.0}) {
    for (const int64_t count : {25, 128, 512, 3000}) {
      const std::vector<double> log_weights = ParetoLogWeights(k, count, &random);
      EXPECT_NEAR(Khat(log_weights), PublishedKhat(log_weights), 1e-9) << k << " " << count;
    }
  }
}

// Above any threshold a generalised Pareto distribution has the same k. The estimate's standard
// error is (1 + k) / sqrt(M) (maximum likelihood, k > -1/2); 100 replicates of S = 20000, M = 425,
// give .0049 (1 + k), seed the test's name. Tolerance 6.5 of them and .02 for the bias of the
// estimator.
TEST(ParetoSmoothingTest, RecoversTheShape) {
  TestRandom random;
  constexpr int kReplicates = 100;
  for (const double k : {-0.4, 0.0, 0.5, 0.7, 1.0, 2.0}) {
    double mean = 0;
    for (int i = 0; i < kReplicates; ++i) {
      mean += Khat(ParetoLogWeights(k, 20000, &random)) / kReplicates;
    }
    const double tail = 425, expected = (tail * k + 5) / (tail + 10);
    EXPECT_NEAR(mean, expected, 0.02 + 6.5 * 0.0049 * (1 + k)) << k;
  }
}

TEST(ParetoSmoothingTest, OrderAndCommonFactorDoNotMatter) {
  TestRandom random;
  std::vector<double> log_weights = ParetoLogWeights(0.6, 512, &random);
  const double khat = Khat(log_weights);
  std::vector<double> shifted = log_weights;
  for (double& value : shifted) value -= 3000;
  EXPECT_NEAR(Khat(shifted), khat, 1e-9);
  std::reverse(log_weights.begin(), log_weights.end());
  EXPECT_NEAR(Khat(log_weights), khat, kRounding);
  EXPECT_NEAR(Smooth(&log_weights), khat, kRounding);
}

TEST(ParetoSmoothingTest, SmoothingKeepsOrderAndTheWeightsBelow) {
  TestRandom random;
  const std::vector<double> raw = ParetoLogWeights(0.9, 512, &random);
  std::vector<double> smooth = raw;
  Smooth(&smooth);
  std::vector<size_t> order(raw.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return raw[a] < raw[b]; });
  const size_t below = raw.size() - 68;
  for (size_t i = 0; i < below; ++i) EXPECT_EQ(smooth[order[i]], raw[order[i]]);
  for (size_t i = below; i < raw.size(); ++i) EXPECT_GE(smooth[order[i]], smooth[order[i - 1]]);
  EXPECT_GT(smooth[order[below]], raw[order[below - 1]]);
  EXPECT_LE(smooth[order.back()], raw[order.back()]);
  EXPECT_NE(smooth[order.back()], raw[order.back()]);
}

// The mean of 512 weights of k = .8 (expectation 1 / (1 - k) = 5, no variance) exceeds twice its
// expectation in about 60 of 2000 replicates, seed the test's name, and with smoothing in one or
// two.
TEST(ParetoSmoothingTest, SmoothingPreventsWildEstimates) {
  TestRandom random;
  int raw_wild = 0, smooth_wild = 0;
  const auto is_wild = [](const std::vector<double>& log_weights) {
    double sum = 0;
    for (const double value : log_weights) sum += std::exp(value);
    return sum / static_cast<double>(log_weights.size()) > 10;
  };
  for (int i = 0; i < 2000; ++i) {
    std::vector<double> log_weights = ParetoLogWeights(0.8, 512, &random);
    raw_wild += is_wild(log_weights);
    Smooth(&log_weights);
    smooth_wild += is_wild(log_weights);
  }
  EXPECT_GT(raw_wild, 15);
  EXPECT_LT(3 * smooth_wild, raw_wild);
}

TEST(ParetoSmoothingTest, TooFewWeights) {
  TestRandom random;
  for (const int64_t count : {0, 1, 5, 24}) {
    std::vector<double> log_weights = ParetoLogWeights(0.5, count, &random);
    const std::vector<double> before = log_weights;
    EXPECT_EQ(Khat(log_weights), kInf);
    EXPECT_EQ(Smooth(&log_weights), kInf);
    EXPECT_EQ(log_weights, before);
  }
}

TEST(ParetoSmoothingTest, EqualWeightsHaveNoTail) {
  for (const double noise : {0.0, 1e-15, 1e-7}) {
    TestRandom random;
    std::vector<double> log_weights(512, -70.0);
    for (double& value : log_weights) value += noise * random.Uniform(-1, 1);
    const std::vector<double> before = log_weights;
    EXPECT_EQ(Khat(log_weights), 0);
    EXPECT_EQ(Smooth(&log_weights), 0);
    EXPECT_EQ(log_weights, before);
  }
}

TEST(ParetoSmoothingTest, WeightsOfZero) {
  TestRandom random;
  // Zeros below the tail change only S.
  std::vector<double> some = ParetoLogWeights(0.6, 512, &random);
  std::sort(some.begin(), some.end());
  std::vector<double> zeros = some;
  for (int i = 0; i < 200; ++i) zeros[i] = i % 2 == 0 ? -kInf : std::nan("");
  EXPECT_NEAR(Khat(zeros), Khat(some), kRounding);
  // One weight that counts, or a few: as bad as can be. Nothing at all: no estimate.
  for (const int left : {1, 5, 20}) {
    std::vector<double> few(512, -kInf);
    for (int i = 0; i < left; ++i) few[100 + i] = some[511 - i];
    EXPECT_GT(Khat(few), 0.7) << left;
    EXPECT_TRUE(std::isfinite(Khat(few)));
    std::vector<double> smooth = few;
    const double khat = Khat(few);
    EXPECT_NEAR(Smooth(&smooth), khat, kRounding * khat);
    for (int i = 0; i < 512; ++i) {
      const bool counts = i >= 100 && i < 100 + left;
      EXPECT_EQ(std::isfinite(smooth[i]), counts);
    }
  }
  std::vector<double> none(512, -kInf);
  EXPECT_EQ(Khat(none), kInf);
  EXPECT_EQ(Smooth(&none), kInf);
  none[3] = kInf;
  EXPECT_EQ(Khat(none), kInf);
}

// Few different values and long runs of one; values that halving an interval takes long to reach.
std::vector<double> HostileLogWeights(int kind, int64_t count, TestRandom* random) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) {
    const double u = random->Uniform(-1, 1), sign = u < 0 ? -1 : 1;
    const double hostile[] = {std::floor(3 * u),
                              u < 0.9 ? 0.0 : u,
                              u < 0.8 ? -kInf : u,
                              i % 3 == 0 ? std::nan("") : u,
                              sign * std::exp(700 * std::fabs(u)),
                              sign * std::exp(-700 * std::fabs(u)),
                              i == count / 2 ? 1e9 : u,
                              u < 0.97 ? u : kInf,
                              -1e17 + 64 * std::floor(3 * u)};
    values.push_back(hostile[kind]);
  }
  return values;
}
constexpr int kHostileKinds = 9;

TEST(ParetoSmoothingTest, TakesTheLargestOfAnyValues) {
  TestRandom random;
  for (int kind = 0; kind < kHostileKinds; ++kind) {
    for (const int64_t n : {25, 26, 31, 32, 33, 64, 129, 512, 2000}) {
      const std::vector<double> values = HostileLogWeights(kind, n, &random);
      std::vector<double> sorted = values;
      for (double& value : sorted) value = std::isnan(value) ? -kInf : value;
      std::sort(sorted.begin(), sorted.end());
      for (const int64_t count : {int64_t{1}, ParetoTailCount(n), n - 1}) {
        for (const InstructionSet isa : InstructionSetsHere()) {
          const UseInstructionSet use(isa);
          std::vector<double> largest(values.size());
          const double next =
              GetParetoKernels().take_largest(values.data(), n, count, largest.data());
          largest.resize(static_cast<size_t>(count));
          std::sort(largest.begin(), largest.end());
          EXPECT_EQ(next, sorted[n - count - 1]) << kind << " " << n << " " << count;
          EXPECT_TRUE(std::equal(largest.begin(), largest.end(), sorted.end() - count))
              << kind << " " << n << " " << count;
        }
      }
    }
  }
}

TEST(ParetoSmoothingTest, EveryInstructionSetEstimatesTheSame) {
  TestRandom random;
  for (const double k : {-0.5, 0.0, 0.7, 3.0}) {
    for (const int64_t count : {25, 27, 128, 513, 3000}) {
      std::vector<double> log_weights = ParetoLogWeights(k, count, &random);
      log_weights[3] = std::nan(""), log_weights[7] = -kInf;
      double baseline = 0;
      for (const InstructionSet isa : InstructionSetsHere()) {
        const UseInstructionSet use(isa);
        const double khat = Khat(log_weights);
        if (isa == InstructionSet::kBaseline) baseline = khat;
        EXPECT_NEAR(khat, baseline, kRounding) << k << " " << count;
      }
    }
  }
}

TEST(ParetoSmoothingTest, OneWeightBeyondAllIsBad) {
  TestRandom random;
  for (const double gap : {10.0, 100.0, 1000.0, 1e6}) {
    std::vector<double> log_weights = ParetoLogWeights(0.0, 512, &random);
    log_weights[77] += gap;
    EXPECT_GT(Khat(log_weights), 0.7) << gap;
    EXPECT_TRUE(std::isfinite(Khat(log_weights))) << gap;
  }
  std::vector<double> tied(512, 0.0);
  tied[5] = 50;
  EXPECT_GT(Khat(tied), 0.7);
  EXPECT_TRUE(std::isfinite(Khat(tied)));
}

}  // namespace
}  // namespace propnp::test
