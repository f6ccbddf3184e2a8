// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Weighted linear least squares with few unknowns and perhaps dependent columns,
//
//   min_x sum_s weight_s (row_s . x - target_s)^2,   A x = b,
//   A = sum_s weight_s row_s row_s^T,   b = sum_s weight_s target_s row_s
//
// by a Cholesky factorisation with pivoting P^T A P = L L^T (N. Higham, "Analysis of the Cholesky
// decomposition of a semi-definite matrix", 1990) of A scaled to a unit diagonal, so that the units
// of a column do not matter. A column that those before leave a tenth of its square is taken in its
// turn, which saves most of the exchanges; then the one with the largest share comes next. It stops
// at the first pivot below a tolerance: the columns left out depend on those taken, get x = 0, and
// the fit is as good without them.
#ifndef PROPNP_MATH_LEAST_SQUARES_H_
#define PROPNP_MATH_LEAST_SQUARES_H_

#include "propnp/math/scalar.h"

PROPNP_MATH_BEGIN

// Subtracts what the rows above have in common with row `j` from it: row[i] -= sum_k rows_k[j]
// rows_k[i] for j < i < n, k < j, rows `stride` apart; entries up to the stride may be overwritten
// with anything where i <= j or i >= n.
template <typename S>
struct PlainElimination {
  static PROPNP_HOST_DEVICE void run(S* rows, int stride, int j, int n) {
    S* const row = rows + j * stride;
    for (int k = 0; k < j; ++k) {
      const S* const above = rows + k * stride;
      const S factor = above[j];
      for (int i = j + 1; i < n; ++i) row[i] -= above[i] * factor;
    }
  }
};

// A symmetric positive semidefinite matrix of up to kMax columns, factorised in place. Nearly all
// of the work is Elimination's.
template <int kMax, typename S, typename Elimination = PlainElimination<S>>
class PivotedCholesky {
 public:
  // A pivot is the share of a column's square that the columns before it do not explain. Rounding
  // of the sums leaves about rows * epsilon of it.
  static constexpr S kTolerance = S(64 * kMax) * std::numeric_limits<S>::epsilon();
  // Good enough to be taken in its turn.
  static constexpr S kGoodPivot = S(0.1);

  // Reads the upper triangle of `a`, n x n, row-major; returns the rank. A column whose diagonal is
  // not positive and finite, or that has an infinite product with one before, counts as dependent.
  PROPNP_HOST_DEVICE int factorize(int n, const S* a, S tolerance = kTolerance) {
    n_ = n;
    load(a);
    for (rank_ = 0; rank_ < n; ++rank_) {
      const int pivot = remaining_[rank_] > kGoodPivot ? rank_ : largest_remaining();
      if (!(remaining_[pivot] > tolerance)) break;
      exchange(rank_, pivot);
      eliminate(rank_);
    }
    return rank_;
  }

  PROPNP_HOST_DEVICE int rank() const { return rank_; }
  // Which column of A is the k-th by pivot; those from rank() on depend on the ones before.
  PROPNP_HOST_DEVICE int column(int k) const { return order_[k]; }

  // A solution of A x = b for b in the range of A; `x` may not be `b`.
  PROPNP_HOST_DEVICE void solve(const S* b, S* x) const { solve<1>(&b, &x); }

  // Of several b at once, which wait less for each other.
  template <int kCount>
  PROPNP_HOST_DEVICE void solve(const S* const* b, S* const* x) const {
    S y[kCount][kMax];
    for (int r = 0; r < kCount; ++r) {
      for (int i = 0; i < rank_; ++i) y[r][i] = b[r][order_[i]] * scale_[order_[i]];
    }
    for (int k = 0; k < rank_; ++k) {
      for (int r = 0; r < kCount; ++r) {
        const S pivot = y[r][k] = y[r][k] * inverse_diagonal_[k];
        for (int i = k + 1; i < rank_; ++i) y[r][i] -= u_[k][i] * pivot;
      }
    }
    for (int i = rank_ - 1; i >= 0; --i) {
      for (int r = 0; r < kCount; ++r) {
        const S known = product(u_[i] + i + 1, y[r] + i + 1, rank_ - i - 1);
        y[r][i] = (y[r][i] - known) * inverse_diagonal_[i];
      }
    }
    for (int r = 0; r < kCount; ++r) {
      for (int i = 0; i < n_; ++i) {
        x[r][order_[i]] = i < rank_ ? y[r][i] * scale_[order_[i]] : S(0);
      }
    }
  }

 private:
  PROPNP_HOST_DEVICE void load(const S* a) {
    for (int i = 0; i < n_; ++i) {
      const S diagonal = a[i * n_ + i];
      const bool usable = diagonal > S(0) && diagonal - diagonal == S(0);
      order_[i] = i;
      scale_[i] = usable ? S(1) / sqrt(diagonal) : S(0);
      remaining_[i] = usable ? S(1) : S(0);
    }
    for (int i = 0; i < n_; ++i) {
      bool finite = true;
      for (int j = i + 1; j < n_; ++j) {
        u_[i][j] = a[i * n_ + j] * (scale_[i] * scale_[j]);
        finite = finite & (u_[i][j] - u_[i][j] == S(0));
      }
      if (!finite) leave_out_infinite(i);
      u_[i][i] = S(1);
    }
  }

  // Of row i: the columns whose product with column i is not finite.
  PROPNP_HOST_DEVICE void leave_out_infinite(int i) {
    for (int j = i + 1; j < n_; ++j) {
      if (u_[i][j] - u_[i][j] == S(0)) continue;
      u_[i][j] = S(0);
      if (remaining_[i] > S(0)) remaining_[j] = S(0);
    }
  }

  // a . b; four sums at once wait less for each other.
  static PROPNP_HOST_DEVICE S product(const S* a, const S* b, int n) {
    S sums[4] = {S(0), S(0), S(0), S(0)};
    int i = 0;
    for (; i + 4 <= n; i += 4) {
      for (int k = 0; k < 4; ++k) sums[k] += a[i + k] * b[i + k];
    }
    for (; i < n; ++i) sums[0] += a[i] * b[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

  PROPNP_HOST_DEVICE int largest_remaining() const {
    int best = rank_;
    for (int i = rank_ + 1; i < n_; ++i) {
      if (remaining_[i] > remaining_[best]) best = i;
    }
    return best;
  }

  // Swaps two columns and rows of the symmetric matrix of which u_ holds the upper triangle, p <=
  // q.
  PROPNP_HOST_DEVICE void exchange(int p, int q) {
    if (p == q) return;
    for (int k = 0; k < p; ++k) swap(u_[k][p], u_[k][q]);
    for (int k = p + 1; k < q; ++k) swap(u_[p][k], u_[k][q]);
    for (int k = q + 1; k < n_; ++k) swap(u_[p][k], u_[q][k]);
    swap(remaining_[p], remaining_[q]);
    swap(order_[p], order_[q]);
  }

  PROPNP_HOST_DEVICE void eliminate(int j) {
    Elimination::run(&u_[0][0], kStride, j, n_);
    S* const row = u_[j];
    row[j] = sqrt(remaining_[j]);
    const S inverse = inverse_diagonal_[j] = S(1) / row[j];
    for (int i = j + 1; i < n_; ++i) {
      row[i] *= inverse;
      remaining_[i] -= row[i] * row[i];
    }
  }

  template <typename V>
  static PROPNP_HOST_DEVICE void swap(V& a, V& b) {
    const V kept = a;
    a = b, b = kept;
  }

  static constexpr int kStride = (kMax + 15) / 16 * 16;  // whole registers

  int n_ = 0, rank_ = 0;
  int order_[kMax];
  S scale_[kMax];
  S remaining_[kMax];
  S inverse_diagonal_[kMax];  // of L
  S u_[kMax][kStride];        // L^T
};

// The normal equations of a problem with n <= kMax unknowns, row by row, and their solution.
template <int kMax, typename S>
class WeightedLeastSquares {
 public:
  PROPNP_HOST_DEVICE explicit WeightedLeastSquares(int n) : n_(n) {
    for (int i = 0; i < n * n; ++i) a_[i] = S(0);
    for (int i = 0; i < n; ++i) b_[i] = S(0);
  }

  PROPNP_HOST_DEVICE void add(const S* row, const S& target, const S& weight) {
    for (int i = 0; i < n_; ++i) {
      const S weighted = weight * row[i];
      for (int j = i; j < n_; ++j) a_[i * n_ + j] += weighted * row[j];
      b_[i] += weighted * target;
    }
  }

  // Fills x and returns the rank. All zeros where nothing was added.
  PROPNP_HOST_DEVICE int solve(S* x) {
    const int rank = cholesky_.factorize(n_, a_);
    cholesky_.solve(b_, x);
    return rank;
  }

  PROPNP_HOST_DEVICE const PivotedCholesky<kMax, S>& cholesky() const { return cholesky_; }

 private:
  int n_;
  S a_[kMax * kMax];
  S b_[kMax];
  PivotedCholesky<kMax, S> cholesky_;
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_LEAST_SQUARES_H_
