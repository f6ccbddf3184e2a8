// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Control variates (engine/control_variates.h) of one object by all threads of a block. A sample's
// regressors are computed where they are needed and never stored: once for the normal matrix, once
// for the coefficients.
#ifndef PROPNP_CUDA_SAMPLER_BLOCK_CONTROL_VARIATES_H_
#define PROPNP_CUDA_SAMPLER_BLOCK_CONTROL_VARIATES_H_

#include "cuda_sampler/block_least_squares.h"
#include "cuda_sampler/block_normal_matrix.h"
#include "cuda_sampler/gaussian_ratio.h"

namespace propnp::gpu {

template <int kDof>
class BlockControlVariates {
  static constexpr int kMaxColumns = kMaxRegressionColumns, kThreads = 128;

 public:
  // In shared memory.
  struct Scratch {
    ColumnTile<kMaxColumns> tile;
    double values[kSampleTile];
    double right[kMaxColumns], intercept[kMaxColumns], weights[kMaxColumns], fit[kMaxColumns];
    int regressors[kMaxComponents];
    int num_columns;
    FactorScratch<kMaxColumns> factor;
  };

  PROPNP_DEVICE BlockControlVariates(const SampleMemory<kDof>& memory, int64_t local,
                                     Scratch* scratch)
      : memory_(memory), local_(local), state_(memory.states[local]), s_(*scratch) {}

  // `values` are S times the normalised weights. False if no component takes part; else
  // Coefficient() and Fitted() may be asked for.
  PROPNP_DEVICE bool Fit() {
    if (thread_index() == 0) {
      s_.num_columns = ChooseRegressors(state_, memory_.num_samples, s_.regressors);
    }
    block_barrier();
    const int n = s_.num_columns;
    if (n == 1) return false;
    double* const matrix = memory_.MatrixOf(local_);
    AccumulateNormalMatrix(n, matrix);
    BlockCholesky<kMaxColumns> cholesky;
    if (cholesky.Factorize(n, matrix, &s_.factor) <= 1) return false;
    for (int i = thread_index(); i < n; i += kThreads) s_.intercept[i] = i == 0 ? 1 : 0;
    cholesky.Solve(s_.intercept, s_.weights);
    cholesky.Solve(s_.right, s_.fit);
    return true;
  }

  PROPNP_DEVICE int num_columns() const { return s_.num_columns; }

  // sum_j coefficient_j f_j estimates the mean of f; `fitted` is what the regression explains of
  // the values.
  PROPNP_DEVICE void At(int64_t s, double* coefficient, double* fitted) const {
    double c = 0, f = 0;
    ForEachRegressor(s, [&](int i, double value) {
      c += s_.weights[i] * value;
      f += s_.fit[i] * value;
    });
    *coefficient = c, *fitted = f;
  }

  // S times the normalised weight of a sample.
  PROPNP_DEVICE double Value(int64_t s) const {
    return memory_.plain_weight[local_ * memory_.num_samples + s] *
           static_cast<double>(memory_.num_samples);
  }

 private:
  // visit(column, value) of a sample, columns in order.
  template <typename Visit>
  PROPNP_DEVICE void ForEachRegressor(int64_t s, const Visit& visit) const {
    const GaussianRatio<kDof> ratio(memory_, local_, s);
    visit(0, 1.0);
    int column = 1;
    for (int k = 0; k < state_.num_components; ++k) {
      if (s_.regressors[k] == 0) continue;
      double y[kDof];
      const double g = ratio.Of(k, y);
      visit(column++, g - 1);
      for (int i = 0; i < kDof; ++i) visit(column++, g * y[i]);
      if (s_.regressors[k] == kLinearRegressors<kDof>) continue;
      for (int i = 0; i < kDof; ++i) {
        for (int j = 0; j < i; ++j) visit(column++, g * y[i] * y[j]);
        visit(column++, g * y[i] * y[i] - g);
      }
    }
  }

  PROPNP_DEVICE void AccumulateNormalMatrix(int n, double* matrix) {
    double right = 0;
    BlockNormalMatrix<kMaxColumns, kThreads>(
        n, memory_.num_samples, matrix, &s_.tile,
        [&](int64_t s, int t) {
          ForEachRegressor(s, [&](int i, double value) { s_.tile.columns[i][t] = value; });
          s_.values[t] = Value(s);
        },
        [&](int count) {
          if (thread_index() >= n) return;
          for (int t = 0; t < count; ++t) {
            right += s_.tile.columns[thread_index()][t] * s_.values[t];
          }
        });
    if (thread_index() < n) s_.right[thread_index()] = right;
    block_barrier();
  }

  const SampleMemory<kDof>& memory_;
  const int64_t local_;
  const ObjectState<kDof>& state_;
  Scratch& s_;
};

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_BLOCK_CONTROL_VARIATES_H_
