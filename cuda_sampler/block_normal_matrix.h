// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The products of a regression's columns, summed over samples by all threads of a block.
#ifndef PROPNP_CUDA_SAMPLER_BLOCK_NORMAL_MATRIX_H_
#define PROPNP_CUDA_SAMPLER_BLOCK_NORMAL_MATRIX_H_

#include "cuda_sampler/device/device.h"
#include "propnp/math/scalar.h"

namespace propnp::gpu {

constexpr int kSampleTile = 32;  // samples at a time

// In shared memory.
template <int kMaxColumns>
struct ColumnTile {
  double columns[kMaxColumns][kSampleTile + 1];
};

// Row and column of the p-th entry of a lower triangle.
PROPNP_DEVICE void PairAt(int p, int* row, int* column) {
  int i = static_cast<int>((sqrt(8.0 * p + 1) - 1) / 2);
  while ((i + 1) * (i + 2) / 2 <= p) ++i;
  while (i * (i + 1) / 2 > p) --i;
  *row = i, *column = p - i * (i + 1) / 2;
}

// fill(sample, t) sets the n columns' entries t of the tile; use(count) may read the tile, too.
// Leaves the lower triangle of `matrix` (n x n, row-major). A thread owns some products of columns.
template <int kMaxColumns, int kThreads, typename Fill, typename Use>
PROPNP_DEVICE void BlockNormalMatrix(int n, int64_t num_samples, double* matrix,
                                     ColumnTile<kMaxColumns>* tile, const Fill& fill,
                                     const Use& use) {
  constexpr int kPairs = kMaxColumns * (kMaxColumns + 1) / 2;
  constexpr int kPairsPerThread = (kPairs + kThreads - 1) / kThreads;
  const int pairs = n * (n + 1) / 2;
  double sums[kPairsPerThread] = {};
  for (int64_t begin = 0; begin < num_samples; begin += kSampleTile) {
    const int64_t left = num_samples - begin;
    const int count = left < kSampleTile ? static_cast<int>(left) : kSampleTile;
    block_barrier();
    if (thread_index() < count) fill(begin + thread_index(), thread_index());
    block_barrier();
    for (int r = 0; r < kPairsPerThread; ++r) {
      const int p = thread_index() + r * kThreads;
      if (p >= pairs) break;
      int i, j;
      PairAt(p, &i, &j);
      for (int t = 0; t < count; ++t) sums[r] += tile->columns[i][t] * tile->columns[j][t];
    }
    use(count);
  }
  for (int r = 0; r < kPairsPerThread; ++r) {
    const int p = thread_index() + r * kThreads;
    if (p >= pairs) break;
    int i, j;
    PairAt(p, &i, &j);
    matrix[i * n + j] = sums[r];
  }
  block_barrier();
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_BLOCK_NORMAL_MATRIX_H_
