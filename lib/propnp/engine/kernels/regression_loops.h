// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The linear algebra of proposal_kernels.h over columns of samples: normal matrix, its elimination,
// sums and products of columns. Columns are single: what they miss moves an estimate by a
// millionth.
#ifndef PROPNP_ENGINE_KERNELS_REGRESSION_LOOPS_H_
#define PROPNP_ENGINE_KERNELS_REGRESSION_LOOPS_H_

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

// of[i][j]: products of column i of `a` and column j of `b`, to be summed over the lanes.
template <int kRows, int kColumns>
struct TileProducts {
  F of[kRows][kColumns];

  PROPNP_INLINE TileProducts(const float* a, const float* b, int64_t stride, int64_t count) {
    for (auto& row : of) {
      for (F& t : row) t = F(0.0f);
    }
    for (int64_t s = 0; s < count; s += F::kSize) {
      F right[kColumns];
      for (int j = 0; j < kColumns; ++j) right[j] = F::load_unaligned(b + j * stride + s);
      for (int i = 0; i < kRows; ++i) {
        const F left = F::load_unaligned(a + i * stride + s);
        for (int j = 0; j < kColumns; ++j) of[i][j] = multiply_add(left, right[j], of[i][j]);
      }
    }
  }
};

// kColumns columns of the upper triangle, from column `first` on; the last tile lies on the
// diagonal, and its lower triangle may be overwritten with anything.
template <int kColumns>
void multiply_columns(const float* columns, int num_columns, int first, int64_t stride,
                      int64_t count, double* sums) {
  const float* right = columns + first * stride;
  const auto add = [&](const F* row, double* out) {
    if constexpr (kColumns == kTile) {
      add_four_sums(row, out);
    } else {
      for (int j = 0; j < kColumns; ++j) out[j] += static_cast<double>(row[j].sum());
    }
  };
  for (int i = 0; i < first; i += kTile) {
    const TileProducts<kTile, kColumns> tile(columns + i * stride, right, stride, count);
    for (int k = 0; k < kTile; ++k) add(tile.of[k], sums + (i + k) * num_columns + first);
  }
  const TileProducts<kColumns, kColumns> corner(right, right, stride, count);
  for (int k = 0; k < kColumns; ++k) add(corner.of[k], sums + (first + k) * num_columns + first);
}

inline void normal_matrix(const float* columns, int num_columns, int64_t stride, int64_t count,
                          double* sums) {
  constexpr decltype(&multiply_columns<1>) kLoops[] = {multiply_columns<1>, multiply_columns<2>,
                                                       multiply_columns<3>, multiply_columns<4>};
  for (int i = 0; i < num_columns; i += kTile) {
    const int width = num_columns - i < kTile ? num_columns - i : kTile;
    kLoops[width - 1](columns, num_columns, i, stride, count, sums);
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

inline void eliminate(double* rows, int stride, int j, int n) {
  int i = (j + 1) / D::kSize * D::kSize;
  for (; i + kTile * D::kSize <= n; i += kTile * D::kSize) {
    eliminate_at<kTile>(rows, stride, j, i);
  }
  for (; i + 2 * D::kSize <= n; i += 2 * D::kSize) eliminate_at<2>(rows, stride, j, i);
  for (; i < n; i += D::kSize) eliminate_at<1>(rows, stride, j, i);
}

template <int kRegisters>
PROPNP_INLINE void combine_at(const float* columns, int num_columns, int64_t stride,
                              const double* factors, double* result) {
  F sums[kRegisters];
  for (F& sum : sums) sum = F(0.0f);
  for (int i = 0; i < num_columns; ++i) {
    if (factors[i] == 0) continue;  // a column that was left out may be infinite
    const F factor(static_cast<float>(factors[i]));
    for (int k = 0; k < kRegisters; ++k) {
      const F column = F::load_unaligned(columns + i * stride + k * F::kSize);
      sums[k] = multiply_add(factor, column, sums[k]);
    }
  }
  for (int k = 0; k < kRegisters; ++k) store_column(sums[k], result + k * F::kSize);
}

inline void combine(const float* columns, int num_columns, int64_t stride, int64_t count,
                    const double* factors, double* result) {
  int64_t s = 0;
  for (; s + kTile * F::kSize <= count; s += kTile * F::kSize) {
    combine_at<kTile>(columns + s, num_columns, stride, factors, result + s);
  }
  for (; s < count; s += F::kSize) {
    combine_at<1>(columns + s, num_columns, stride, factors, result + s);
  }
}

inline void products(const float* columns, int num_columns, int64_t stride, int64_t count,
                     const float* values, double* result) {
  for (int i = 0; i < num_columns; ++i) result[i] = 0;
  int i = 0;
  for (; i + kTile <= num_columns; i += kTile) {
    const TileProducts<1, kTile> tile(values, columns + i * stride, stride, count);
    add_four_sums(tile.of[0], result + i);
  }
  for (; i < num_columns; ++i) {
    const TileProducts<1, 1> tile(values, columns + i * stride, stride, count);
    result[i] = static_cast<double>(tile.of[0][0].sum());
  }
}

}  // namespace

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_REGRESSION_LOOPS_H_
