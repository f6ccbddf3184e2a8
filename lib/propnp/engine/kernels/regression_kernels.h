// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The linear algebra of regressions over samples: products of columns, the normal equations and
// combinations of columns.
#ifndef PROPNP_ENGINE_KERNELS_REGRESSION_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_REGRESSION_KERNELS_H_

#include <cstdint>

#include "propnp/math/least_squares.h"

namespace propnp {

// Columns of samples, `stride` apart. They are single: what they miss moves an estimate by a
// millionth.
struct RegressionColumns {
  const float* data;
  int count;
  int64_t stride, size;
};

// A column's share that rounding of sums of single-precision products may leave unexplained.
constexpr double kRegressionTolerance = 1e-5;

// What solve() works in, whose class is another one in every instruction set.
constexpr int kMostUnknowns = 112;
struct SolverMemory {
  using Numbers = PivotedCholesky<kMostUnknowns, double>;
  alignas(Numbers) unsigned char bytes[sizeof(Numbers)];
};

// In multiply() and products() columns are zero beyond their size, which is small enough for sums
// in single precision, and for the caches of the first level.
struct RegressionKernels {
  // sums[i * columns.count + j] += column_i . column_j for the listed i and begin <= j < end.
  void (*multiply)(const RegressionColumns& columns, const int* rows, int num_rows, int begin,
                   int end, double* sums);
  // sums[i] += column_i . values.
  void (*products)(const RegressionColumns& columns, const float* values, double* sums);
  // Solutions of A x = b, n numbers each, for one or two b; PivotedCholesky with
  // kRegressionTolerance. Returns the rank.
  int (*solve)(int n, const double* a, int num_right, const double* const* right,
               double* const* solutions, SolverMemory* memory);
  // results[r][s] = sum_i factors[r][i] column_i[s] for one or two r; up to kSamplePadding more
  // are written.
  void (*combine)(const RegressionColumns& columns, int num_results, const double* const* factors,
                  double* const* results);
};

const RegressionKernels& GetRegressionKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_REGRESSION_KERNELS_H_
