// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// math/least_squares.h with all threads of a block: a Cholesky factorisation with complete pivoting
// of a matrix in global memory, one row of the factor at a time.
#ifndef PROPNP_CUDA_SAMPLER_BLOCK_LEAST_SQUARES_H_
#define PROPNP_CUDA_SAMPLER_BLOCK_LEAST_SQUARES_H_

#include <limits>

#include "cuda_sampler/device/device.h"
#include "propnp/math/scalar.h"

namespace propnp::gpu {

// In shared memory.
template <int kMax>
struct FactorScratch {
  int order[kMax];
  double scale[kMax], remaining[kMax], solution[kMax];
  int pivot;
};

template <int kMax>
class BlockCholesky {
 public:
  // `matrix` (n x n, row-major, lower triangle read) becomes the factor. All threads get the rank.
  PROPNP_DEVICE int Factorize(int n, double* matrix, FactorScratch<kMax>* scratch) {
    n_ = n, a_ = matrix, s_ = scratch;
    Load();
    for (rank_ = 0; rank_ < n; ++rank_) {
      if (thread_index() == 0) s_->pivot = LargestRemaining();
      block_barrier();
      const int pivot = s_->pivot;
      if (!(s_->remaining[pivot] > kTolerance)) break;
      Exchange(rank_, pivot);
      Eliminate(rank_);
    }
    block_barrier();
    return rank_;
  }

  // A solution of A x = b for b in the range of A; both in shared memory, not the same.
  PROPNP_DEVICE void Solve(const double* b, double* x) {
    double* const y = s_->solution;
    block_barrier();
    for (int i = thread_index(); i < rank_; i += block_size()) {
      y[i] = b[s_->order[i]] * s_->scale[s_->order[i]];
    }
    for (int k = 0; k < rank_; ++k) {
      block_barrier();
      const double pivot = y[k] / at(k, k);
      block_barrier();
      if (thread_index() == 0) y[k] = pivot;
      for (int i = k + 1 + thread_index(); i < rank_; i += block_size()) y[i] -= at(k, i) * pivot;
    }
    for (int k = rank_ - 1; k >= 0; --k) {
      block_barrier();
      const double pivot = y[k] / at(k, k);
      block_barrier();
      if (thread_index() == 0) y[k] = pivot;
      for (int i = thread_index(); i < k; i += block_size()) y[i] -= at(i, k) * pivot;
    }
    block_barrier();
    for (int i = thread_index(); i < n_; i += block_size()) {
      x[s_->order[i]] = i < rank_ ? y[i] * s_->scale[s_->order[i]] : 0;
    }
    block_barrier();
  }

 private:
  static constexpr double kTolerance = 64 * kMax * std::numeric_limits<double>::epsilon();

  // Row i of L^T from its diagonal on.
  PROPNP_DEVICE double& at(int i, int j) const { return a_[i * n_ + j]; }

  // Scales the matrix to a unit diagonal and copies the lower triangle to the upper one. A column
  // that is not usable counts as dependent.
  PROPNP_DEVICE void Load() {
    for (int i = thread_index(); i < n_; i += block_size()) {
      const double diagonal = at(i, i);
      const bool usable = diagonal > 0 && diagonal - diagonal == 0;
      s_->order[i] = i;
      s_->scale[i] = usable ? 1 / sqrt(diagonal) : 0;
      s_->remaining[i] = usable ? 1 : 0;
    }
    block_barrier();
    for (int i = thread_index(); i < n_; i += block_size()) {
      bool finite = true;
      for (int j = 0; j < i; ++j) {
        const bool usable = s_->scale[i] > 0 && s_->scale[j] > 0;
        const double value = usable ? at(i, j) * s_->scale[i] * s_->scale[j] : 0;
        finite = finite && value - value == 0;
        at(j, i) = value - value == 0 ? value : 0;
      }
      at(i, i) = 1;
      if (!finite) s_->remaining[i] = 0;
    }
    block_barrier();
  }

  PROPNP_DEVICE int LargestRemaining() const {
    int best = rank_;
    for (int i = rank_ + 1; i < n_; ++i) {
      if (s_->remaining[i] > s_->remaining[best]) best = i;
    }
    return best;
  }

  // Swaps two columns and rows of the symmetric matrix of which the upper triangle is kept, p <= q.
  PROPNP_DEVICE void Exchange(int p, int q) {
    block_barrier();
    if (p != q) {
      for (int k = thread_index(); k < n_; k += block_size()) {
        if (k < p) Swap(&at(k, p), &at(k, q));
        if (k > p && k < q) Swap(&at(p, k), &at(k, q));
        if (k > q) Swap(&at(p, k), &at(q, k));
      }
      if (thread_index() == 0) {
        Swap(&s_->remaining[p], &s_->remaining[q]);
        Swap(&s_->order[p], &s_->order[q]);
      }
    }
    block_barrier();
  }

  PROPNP_DEVICE void Eliminate(int j) {
    const double pivot = sqrt(s_->remaining[j]);
    for (int i = j + 1 + thread_index(); i < n_; i += block_size()) {
      double sum = at(j, i);
      for (int k = 0; k < j; ++k) sum -= at(k, i) * at(k, j);
      sum /= pivot;
      at(j, i) = sum;
      s_->remaining[i] -= sum * sum;
    }
    if (thread_index() == 0) at(j, j) = pivot;
    block_barrier();
  }

  template <typename V>
  PROPNP_DEVICE static void Swap(V* a, V* b) {
    const V kept = *a;
    *a = *b;
    *b = kept;
  }

  int n_ = 0, rank_ = 0;
  double* a_ = nullptr;
  FactorScratch<kMax>* s_ = nullptr;
};

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_BLOCK_LEAST_SQUARES_H_
