// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Samples lie in the lanes, or unknowns.
#include "propnp/engine/kernels/regression_kernels.h"

#include "propnp/engine/kernels/lanes.h"

PROPNP_MATH_BEGIN

namespace {

using D = Lanes<double>;
using F = Lanes<float>;

// Four columns against four at a time keeps the adders fed.
inline constexpr int kTile = 4;

PROPNP_INLINE void add_four_sums(const F* registers, double* sums) {
  float added[kTile];
  sum_four(registers, added);
  for (int i = 0; i < kTile; ++i) sums[i] += static_cast<double>(added[i]);
}

// of[i][j]: products of column i of those listed and column j of `right`, to be summed over the
// lanes.
template <int kRows, int kColumns>
struct TileProducts {
  F of[kRows][kColumns];

  PROPNP_INLINE TileProducts(const float* const* left, const float* right, int64_t stride,
                             int64_t count) {
    for (auto& row : of) {
      for (F& t : row) t = F(0.0f);
    }
    for (int64_t s = 0; s < count; s += F::kSize) {
      F columns[kColumns];
      for (int j = 0; j < kColumns; ++j) columns[j] = F::load_unaligned(right + j * stride + s);
      for (int i = 0; i < kRows; ++i) {
        const F row = F::load_unaligned(left[i] + s);
        for (int j = 0; j < kColumns; ++j) of[i][j] = multiply_add(row, columns[j], of[i][j]);
      }
    }
  }
};

template <int kRows, int kColumns>
void multiply_tile(const RegressionColumns& columns, const int* rows, int first, double* sums) {
  const float* left[kRows];
  for (int i = 0; i < kRows; ++i) left[i] = columns.data + rows[i] * columns.stride;
  const TileProducts<kRows, kColumns> tile(left, columns.data + first * columns.stride,
                                           columns.stride, columns.size);
  for (int i = 0; i < kRows; ++i) {
    double* const out = sums + rows[i] * columns.count + first;
    if constexpr (kColumns == kTile) {
      add_four_sums(tile.of[i], out);
    } else {
      for (int j = 0; j < kColumns; ++j) out[j] += static_cast<double>(tile.of[i][j].sum());
    }
  }
}

template <int kRows>
void multiply_rows(const RegressionColumns& columns, const int* rows, int begin, int end,
                   double* sums) {
  int j = begin;
  for (; j + kTile <= end; j += kTile) multiply_tile<kRows, kTile>(columns, rows, j, sums);
  if (end - j == 1) multiply_tile<kRows, 1>(columns, rows, j, sums);
  if (end - j == 2) multiply_tile<kRows, 2>(columns, rows, j, sums);
  if (end - j == 3) multiply_tile<kRows, 3>(columns, rows, j, sums);
}

void multiply(const RegressionColumns& columns, const int* rows, int num_rows, int begin, int end,
              double* sums) {
  constexpr decltype(&multiply_rows<1>) kLoops[] = {multiply_rows<1>, multiply_rows<2>,
                                                    multiply_rows<3>, multiply_rows<4>};
  for (int i = 0; i < num_rows; i += kTile) {
    const int height = num_rows - i < kTile ? num_rows - i : kTile;
    kLoops[height - 1](columns, rows + i, begin, end, sums);
  }
}

template <int kRegisters>
PROPNP_INLINE void eliminate_at(double* rows, int stride, int j, int column) {
  D sums[kRegisters];
  double* const row = rows + j * stride + column;
  for (int r = 0; r < kRegisters; ++r) sums[r] = D::load_unaligned(row + r * D::kSize);
  for (int k = 0; k < j; ++k) {
    const double* const above = rows + k * stride;
    const D factor(-above[j]);
    for (int r = 0; r < kRegisters; ++r) {
      sums[r] = multiply_add(factor, D::load_unaligned(above + column + r * D::kSize), sums[r]);
    }
  }
  for (int r = 0; r < kRegisters; ++r) sums[r].store_unaligned(row + r * D::kSize);
}

// See PlainElimination; the stride is whole registers.
struct LaneElimination {
  static void run(double* rows, int stride, int j, int n) {
    int i = (j + 1) / D::kSize * D::kSize;
    for (; i + kTile * D::kSize <= n; i += kTile * D::kSize) {
      eliminate_at<kTile>(rows, stride, j, i);
    }
    for (; i + 2 * D::kSize <= n; i += 2 * D::kSize) eliminate_at<2>(rows, stride, j, i);
    for (; i < n; i += D::kSize) eliminate_at<1>(rows, stride, j, i);
  }
};

int solve(int n, const double* a, int num_right, const double* const* right,
          double* const* solutions, SolverMemory* memory) {
  using Solver = PivotedCholesky<kMostUnknowns, double, LaneElimination>;
  static_assert(sizeof(Solver) == sizeof(SolverMemory), "the same numbers");
  Solver& solver = *static_cast<Solver*>(static_cast<void*>(memory->bytes));  // numbers alone
  const int rank = solver.factorize(n, a, kRegressionTolerance);
  if (num_right == 2) {
    solver.template solve<2>(right, solutions);
  } else {
    solver.template solve<1>(right, solutions);
  }
  return rank;
}

template <int kRegisters, int kResults>
PROPNP_INLINE void combine_at(const RegressionColumns& columns, int64_t begin,
                              const double* const* factors, double* const* results) {
  F sums[kResults][kRegisters];
  for (auto& row : sums) {
    for (F& sum : row) sum = F(0.0f);
  }
  for (int i = 0; i < columns.count; ++i) {
    const float* const data = columns.data + i * columns.stride + begin;
    F column[kRegisters];
    for (int k = 0; k < kRegisters; ++k) column[k] = F::load_unaligned(data + k * F::kSize);
    for (int r = 0; r < kResults; ++r) {
      if (factors[r][i] == 0) continue;  // a column that was left out may be infinite
      const F factor(static_cast<float>(factors[r][i]));
      for (int k = 0; k < kRegisters; ++k) {
        sums[r][k] = multiply_add(factor, column[k], sums[r][k]);
      }
    }
  }
  for (int r = 0; r < kResults; ++r) {
    for (int k = 0; k < kRegisters; ++k) {
      store_column(sums[r][k], results[r] + begin + k * F::kSize);
    }
  }
}

template <int kResults>
void combine_all(const RegressionColumns& columns, const double* const* factors,
                 double* const* results) {
  int64_t s = 0;
  for (; s + kTile * F::kSize <= columns.size; s += kTile * F::kSize) {
    combine_at<kTile, kResults>(columns, s, factors, results);
  }
  for (; s < columns.size; s += F::kSize) combine_at<1, kResults>(columns, s, factors, results);
}

void combine(const RegressionColumns& columns, int num_results, const double* const* factors,
             double* const* results) {
  (num_results == 2 ? combine_all<2> : combine_all<1>)(columns, factors, results);
}

void products(const RegressionColumns& columns, const float* values, double* sums) {
  int i = 0;
  for (; i + kTile <= columns.count; i += kTile) {
    const TileProducts<1, kTile> tile(&values, columns.data + i * columns.stride, columns.stride,
                                      columns.size);
    add_four_sums(tile.of[0], sums + i);
  }
  for (; i < columns.count; ++i) {
    const TileProducts<1, 1> tile(&values, columns.data + i * columns.stride, columns.stride,
                                  columns.size);
    sums[i] += static_cast<double>(tile.of[0][0].sum());
  }
}

}  // namespace

extern const RegressionKernels kRegressionKernels;
const RegressionKernels kRegressionKernels = {multiply, products, solve, combine};

PROPNP_MATH_END
