// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The loops over weights of every instruction set against the formulas, one sample after the other.
#include "propnp/engine/kernels/weight_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/engine/use_instruction_set.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
// Numbers of samples on both sides of the registers' sizes.
constexpr int64_t kCounts[] = {1, 2, 3, 7, 8, 9, 16, 31, 128, 517};
// Sums of up to 517 positive terms in any order: 517 x 1.1e-16; exponentials to 4 units.
constexpr double kRounding = 1e-13;

// A column with room behind it, where whatever stands there must not count.
std::vector<double> Column(int64_t count) {
  return std::vector<double>(static_cast<size_t>(count + kSamplePadding), 1e300);
}

class WeightKernelsTest : public ::testing::TestWithParam<InstructionSet> {
 protected:
  const UseInstructionSet use_{GetParam()};
  const WeightKernels& kernels_ = GetWeightKernels();
  TestRandom random_;

  std::vector<double> Random(int64_t count, double low, double high) {
    std::vector<double> column = Column(count);
    for (int64_t s = 0; s < count; ++s) column[s] = random_.Uniform(low, high);
    return column;
  }
  // Of weights: zero behind the last.
  std::vector<double> RandomWeights(int64_t count) {
    std::vector<double> column = Random(count, 0, 1);
    for (int64_t s = count; s < count + kSamplePadding; ++s) column[s] = 0;
    return column;
  }
};

TEST_P(WeightKernelsTest, WeighsByCostAndDensity) {
  for (const int64_t count : kCounts) {
    std::vector<double> costs = Random(count, -30, 1000), densities = Random(count, -20, 20);
    // Neither of these has weight.
    const double nothing[] = {std::nan(""), kInf, -kInf};
    for (int64_t s = 3; s < count; s += 5) (s % 2 ? costs : densities)[s] = nothing[s % 3];
    std::vector<double> log_weights = Column(count), weights = Column(count);
    const WeightSums sums =
        kernels_.weigh(costs.data(), densities.data(), count, log_weights.data(), weights.data());
    double highest = -kInf, sum = 0, square_sum = 0;
    for (int64_t s = 0; s < count; ++s) {
      const double log_weight = -costs[s] - densities[s];
      EXPECT_EQ(log_weights[s], std::isfinite(log_weight) ? log_weight : -kInf);
      highest = std::fmax(highest, log_weights[s]);
    }
    for (int64_t s = 0; s < count; ++s) sum += std::exp(log_weights[s] - highest);
    EXPECT_EQ(sums.highest, highest);
    EXPECT_NEAR(sums.sum, sum, kRounding * sum);
    for (int64_t s = 0; s < count; ++s) {
      const double weight = std::exp(log_weights[s] - highest) / sum;
      EXPECT_NEAR(weights[s], weight, kRounding * weight + 1e-300) << s;
      square_sum += weight * weight;
    }
    EXPECT_NEAR(sums.square_sum, square_sum, kRounding);
    for (int64_t s = count; s < count + kSamplePadding; ++s) EXPECT_EQ(weights[s], 0);
  }
}

TEST_P(WeightKernelsTest, NothingHasNoWeight) {
  for (const double cost : {kInf, -kInf, std::nan("")}) {
    const std::vector<double> costs(9 + kSamplePadding, cost), densities = Random(9, -1, 1);
    std::vector<double> log_weights = Column(9), weights = Column(9);
    const WeightSums sums =
        kernels_.weigh(costs.data(), densities.data(), 9, log_weights.data(), weights.data());
    EXPECT_EQ(sums.highest, -kInf);
    for (int s = 0; s < 9; ++s) EXPECT_EQ(log_weights[s], -kInf);
    for (const double weight : weights) EXPECT_EQ(weight, 0);
  }
}

TEST_P(WeightKernelsTest, ProductsWithFactors) {
  for (const int64_t count : kCounts) {
    const std::vector<double> factors = Random(count, -1, 2), weights = RandomWeights(count),
                              fit = Random(count, -1, 1);
    std::vector<double> scaled = Column(count);
    kernels_.multiply(factors.data(), weights.data(), count, 2.5, scaled.data());
    double product = 0, residual = 0;
    for (int64_t s = 0; s < count; ++s) {
      EXPECT_NEAR(scaled[s], 2.5 * factors[s] * weights[s], 1e-15);
      product += factors[s] * weights[s];
      residual += std::pow(factors[s] * (weights[s] - fit[s]), 2);
    }
    EXPECT_NEAR(kernels_.product(factors.data(), weights.data(), count), product,
                kRounding * static_cast<double>(count));
    EXPECT_NEAR(kernels_.squared_residual(factors.data(), weights.data(), fit.data(), count),
                residual, kRounding * residual);
  }
}

TEST_P(WeightKernelsTest, SinglePrecisionHasNoDenormals) {
  for (const int64_t count : kCounts) {
    std::vector<double> weights = RandomWeights(count);
    for (int64_t s = 0; s < count; s += 4) weights[s] *= s % 8 == 0 ? 1e-39 : 1e-37;
    std::vector<float> single(weights.size(), 1.0f);
    kernels_.to_single(weights.data(), count, single.data());
    for (int64_t s = 0; s < count; ++s) {
      const auto rounded = static_cast<float>(weights[s]);
      EXPECT_EQ(single[s], std::fpclassify(rounded) == FP_NORMAL ? rounded : 0.0f);
    }
  }
}

// Shifts of up to twice the distance in each direction take part of the samples behind the camera
// or too far.
TEST_P(WeightKernelsTest, ImproperShareIsOfPivotsTooFarOrBehind) {
  for (const int64_t count : kCounts) {
    const int64_t stride = count + kSamplePadding;
    const double distance = 1.5, z_min = 0.1;
    std::vector<double> xi;
    for (int k = 0; k < 3; ++k) {
      const std::vector<double> column = Random(count, -2 * distance, 2 * distance);
      xi.insert(xi.end(), column.begin(), column.end());
    }
    const std::vector<double> weights = Random(count, 0, 1);
    double share = 0;
    for (int64_t s = 0; s < count; ++s) {
      const double z = distance + xi[2 * stride + s];
      const double length = std::hypot(xi[s], xi[stride + s], z);
      if (length > 3 * distance || z < z_min) share += weights[s];
    }
    EXPECT_NEAR(kernels_.improper_share({stride, xi.data(), nullptr}, distance, z_min,
                                        weights.data(), count),
                share, kRounding * static_cast<double>(count));
    if (count > 100) {
      EXPECT_GT(share, 0.2 * static_cast<double>(count) / 2);
      EXPECT_LT(share, 0.8 * static_cast<double>(count) / 2);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Machine, WeightKernelsTest, ::testing::ValuesIn(InstructionSetsHere()),
                         [](const auto& info) { return InstructionSetName(info.param); });

}  // namespace
}  // namespace propnp::test
