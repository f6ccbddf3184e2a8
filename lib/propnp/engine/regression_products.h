// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The normal matrix of a regression, row by row, whose upper triangle is filled in.
#ifndef PROPNP_ENGINE_REGRESSION_PRODUCTS_H_
#define PROPNP_ENGINE_REGRESSION_PRODUCTS_H_

#include <algorithm>
#include <numeric>

#include "propnp/engine/kernels/regression_kernels.h"

namespace propnp {

// Adds the products of columns [begin, end) with each other and with all before them, in rows below
// `num_rows`.
inline void AddProducts(const RegressionColumns& columns, int num_rows, int begin, int end,
                        double* sums) {
  constexpr int kRows = 4;
  for (int first = 0; first < num_rows; first += kRows) {
    int rows[kRows];
    std::iota(rows, rows + kRows, first);
    GetRegressionKernels().multiply(columns, rows, std::min(kRows, num_rows - first),
                                    std::max(begin, first), end, sums);
  }
}
inline void AddProducts(const RegressionColumns& columns, int begin, int end, double* sums) {
  AddProducts(columns, end, begin, end, sums);
}

// Columns g w_i w_j, i <= j < N, one i after the other: their products are those of four of w,
// which are the same however the four are paired. Only (i, j) (k, l) with i <= j <= k <= l are
// computed.
template <int N>
class PairProducts {
 public:
  static constexpr int kColumns = N * (N + 1) / 2;

  // Where g w_i w_j stands among the columns, i <= j.
  static constexpr int ColumnOf(int i, int j) { return i * N - i * (i + 1) / 2 + j; }

  // Adds what is computed, of columns from `first` on, and their products with all before them.
  static void Add(const RegressionColumns& columns, int first, double* sums) {
    const int end = first + kColumns;
    AddProducts(columns, first + 1, first, end, sums);
    for (int j = 1; j < N; ++j) {
      int rows[N];
      for (int i = 0; i <= j; ++i) rows[i] = first + ColumnOf(i, j);
      GetRegressionKernels().multiply(columns, rows, j + 1, first + ColumnOf(j, j), end, sums);
    }
  }

  // Copies the others from those.
  static void Complete(int num_columns, int first, double* sums) {
    const auto product = [&](int i, int j, int k, int l) -> double& {
      return sums[(first + ColumnOf(i, j)) * num_columns + first + ColumnOf(k, l)];
    };
    for (int i = 0; i < N; ++i) {
      for (int j = i; j < N; ++j) {
        for (int k = i; k < j; ++k) {
          for (int l = k; l < N; ++l) {
            product(i, j, k, l) = product(i, k, std::min(j, l), std::max(j, l));
          }
        }
      }
    }
  }
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_REGRESSION_PRODUCTS_H_
