// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Products, systems and combinations of columns of every instruction set against the formulas.
#include "propnp/engine/kernels/regression_kernels.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "propnp/engine/regression_products.h"
#include "tests/engine/use_instruction_set.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr int64_t kSamples = 133, kStride = 160;
// A lane adds up to 133 single-precision products of some units: 133 * 6e-8 * 20.
constexpr double kSingle = 2e-4;

// Columns 1, x and g w_i w_j of w = (1, y).
template <int N>
struct Columns {
  static constexpr int kFirst = 2, kCount = kFirst + PairProducts<N>::kColumns;
  std::vector<float> data;

  Columns() : data(kCount * kStride) {
    TestRandom random;
    for (int64_t s = 0; s < kSamples; ++s) {
      double w[N] = {1};
      for (int i = 1; i < N; ++i) w[i] = random.Uniform(-1.5, 1.5);
      const double g = random.Uniform(0.2, 1.5);
      Put(s, 0, 1), Put(s, 1, random.Uniform(-1, 1));
      for (int i = 0; i < N; ++i) {
        for (int j = i; j < N; ++j) {
          Put(s, kFirst + PairProducts<N>::ColumnOf(i, j), g * w[i] * w[j]);
        }
      }
    }
  }
  void Put(int64_t s, int column, double value) {
    data[column * kStride + s] = static_cast<float>(value);
  }
  double At(int64_t s, int column) const { return data[column * kStride + s]; }
  double Product(int i, int j) const {
    double sum = 0;
    for (int64_t s = 0; s < kSamples; ++s) sum += At(s, i) * At(s, j);
    return sum;
  }
  // All of them, row by row.
  std::vector<double> Matrix() const {
    std::vector<double> matrix;
    for (int i = 0; i < kCount; ++i) {
      for (int j = 0; j < kCount; ++j) matrix.push_back(Product(i, j));
    }
    return matrix;
  }
  RegressionColumns view() const { return {data.data(), kCount, kStride, kSamples}; }
};

template <int N>
void ExpectProducts() {
  const Columns<N> columns;
  constexpr int n = Columns<N>::kCount, first = Columns<N>::kFirst;
  std::vector<double> dense(n * n), pairs(n * n);
  AddProducts(columns.view(), 0, n, dense.data());
  AddProducts(columns.view(), 0, first, pairs.data());
  PairProducts<N>::Add(columns.view(), first, pairs.data());
  PairProducts<N>::Complete(n, first, pairs.data());
  for (int i = 0; i < n; ++i) {
    for (int j = i; j < n; ++j) {
      EXPECT_NEAR(dense[i * n + j], columns.Product(i, j), kSingle) << i << " " << j;
      EXPECT_NEAR(pairs[i * n + j], columns.Product(i, j), kSingle) << i << " " << j;
    }
  }
}

TEST(RegressionKernelsTest, ProductsOfPairsAreThoseOfAllColumns) {
  ForEachInstructionSet([] {
    ExpectProducts<7>();
    ExpectProducts<5>();
  });
}

// Two right-hand sides together, the first one alone. The second is a column of the matrix. The
// condition number is some thousand.
TEST(RegressionKernelsTest, SolvesForOneOrTwoRightHandSides) {
  const Columns<5> columns;
  constexpr int n = Columns<5>::kCount;
  const std::vector<double> a = columns.Matrix();
  std::vector<double> b(n), c(a.begin() + 4 * n, a.begin() + 5 * n);
  for (int i = 0; i < n; ++i) b[i] = i - 3;
  const auto memory = std::make_unique<SolverMemory>();
  ForEachInstructionSet([&] {
    std::vector<double> x(n), y(n), alone(n);
    const double* const right[] = {b.data(), c.data()};
    double* const solutions[] = {x.data(), y.data()};
    double* const only = alone.data();
    const RegressionKernels& kernels = GetRegressionKernels();
    EXPECT_EQ(kernels.solve(n, a.data(), 2, right, solutions, memory.get()), n);
    EXPECT_EQ(kernels.solve(n, a.data(), 1, right, &only, memory.get()), n);
    for (int i = 0; i < n; ++i) {
      double sum = 0;
      for (int j = 0; j < n; ++j) sum += a[i * n + j] * x[j];
      EXPECT_NEAR(sum, b[i], 1e-10);
      EXPECT_NEAR(y[i], i == 4 ? 1 : 0, 1e-11);
      EXPECT_NEAR(alone[i], x[i], 1e-11);
    }
  });
}

TEST(RegressionKernelsTest, CombinesAndProjectsColumns) {
  const Columns<5> columns;
  constexpr int n = Columns<5>::kCount;
  std::vector<double> a(n), b(n);
  for (int i = 0; i < n; ++i) a[i] = 0.2 * i - 1, b[i] = 3 - 0.1 * i;
  a[3] = 0;
  ForEachInstructionSet([&] {
    std::vector<double> result_a(kStride), result_b(kStride), alone(kStride), sums(n, 1.0);
    const double* const factors[] = {a.data(), b.data()};
    double* const results[] = {result_a.data(), result_b.data()};
    double* const only = alone.data();
    const RegressionKernels& kernels = GetRegressionKernels();
    kernels.combine(columns.view(), 2, factors, results);
    kernels.combine(columns.view(), 1, factors, &only);
    EXPECT_EQ(alone, result_a);
    for (int64_t s = 0; s < kSamples; ++s) {
      double sum_a = 0, sum_b = 0;
      for (int i = 0; i < n; ++i) {
        sum_a += a[i] * columns.At(s, i), sum_b += b[i] * columns.At(s, i);
      }
      EXPECT_NEAR(result_a[s], sum_a, 1e-5);
      EXPECT_NEAR(result_b[s], sum_b, 1e-5);
    }
    kernels.products(columns.view(), columns.data.data() + kStride, sums.data());
    for (int i = 0; i < n; ++i) EXPECT_NEAR(sums[i], 1 + columns.Product(i, 1), kSingle);
  });
}

}  // namespace
}  // namespace propnp::test
