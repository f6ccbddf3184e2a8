// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What every instruction set writes to a caller's rows, and where it sees numbers that do not fit.
#include "propnp/engine/kernels/output_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/engine/use_instruction_set.h"

namespace propnp::test {
namespace {

constexpr int kMostRows = 40;  // more than two registers of any kind

TEST(OutputKernels, RowsHoldTheColumnsAndNothingBehindThemChanges) {
  std::vector<double> values[3];
  for (int k = 0; k < 3; ++k) {
    for (int i = 0; i < kMostRows; ++i) values[k].push_back(100 * k + i + 0.25);
  }
  const double* const columns[] = {values[0].data(), values[1].data(), values[2].data()};
  ForEachInstructionSet([&] {
    const OutputKernels& kernels = GetOutputKernels();
    for (const int width : {2, 3}) {
      for (int count = 0; count <= kMostRows; ++count) {
        std::vector<float> rows(width * (kMostRows + 1), -1.f), expected = rows;
        (width == 2 ? kernels.store_pairs : kernels.store_triples)(columns, count, rows.data());
        for (int i = 0; i < width * count; ++i) {
          expected[i] = static_cast<float>(values[i % width][i / width]);
        }
        EXPECT_EQ(rows, expected) << width << " " << count;
      }
    }
  });
}

TEST(OutputKernels, OneNumberThatDoesNotFitIsFoundAnywhere) {
  constexpr double kLargest = 3, kInfinity = std::numeric_limits<double>::infinity();
  ForEachInstructionSet([&] {
    const OutputKernels& kernels = GetOutputKernels();
    for (int count = 0; count <= kMostRows; ++count) {
      std::vector<double> values(count, -kLargest);
      EXPECT_TRUE(kernels.all_within(values.data(), count, kLargest));
      for (double& value : values) {
        for (const double bad : {3.5, -3.5, std::nan(""), kInfinity, -kInfinity}) {
          value = bad;
          EXPECT_FALSE(kernels.all_within(values.data(), count, kLargest)) << count << " " << bad;
        }
        value = kLargest;
      }
    }
  });
}

}  // namespace
}  // namespace propnp::test
