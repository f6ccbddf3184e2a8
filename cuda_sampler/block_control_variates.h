// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Control variates (engine/control_variates.h) of one object by all threads of a block. A sample's
// regressors are computed where they are needed and never stored: once for the normal matrix, once
// for the coefficients.
#ifndef PROPNP_CUDA_SAMPLER_BLOCK_CONTROL_VARIATES_H_
#define PROPNP_CUDA_SAMPLER_BLOCK_CONTROL_VARIATES_H_

#include "cuda_sampler/block_least_squares.h"
#include "cuda_sampler/sampler_state.h"

namespace propnp::gpu {

template <int kDof>
class BlockControlVariates {
  static constexpr int kMaxColumns = SampleMemory<kDof>::kMaxColumns;
  static constexpr int kLinear = 1 + kDof, kProducts = kDof * (kDof + 1) / 2;
  static constexpr double kDrawsPerRegressor = 2;
  static constexpr int kThreads = 128, kTile = 32;  // samples at a time
  static constexpr int kPairs = kMaxColumns * (kMaxColumns + 1) / 2;
  static constexpr int kPairsPerThread = (kPairs + kThreads - 1) / kThreads;

 public:
  // In shared memory.
  struct Scratch {
    double columns[kMaxColumns][kTile + 1];
    double values[kTile];
    double right[kMaxColumns], intercept[kMaxColumns], weights[kMaxColumns], fit[kMaxColumns];
    int regressors[kMaxComponents];
    int num_columns;
    FactorScratch<kMaxColumns> factor;
  };

  PROPNP_DEVICE BlockControlVariates(const SampleMemory<kDof>& memory, int64_t local,
                                     Scratch* scratch)
      : memory_(memory),
        local_(local),
        state_(memory.states[local]),
        bases_(memory.bases[local]),
        s_(*scratch) {}

  // `values` are S times the normalised weights. False if no component takes part; else
  // Coefficient() and Fitted() may be asked for.
  PROPNP_DEVICE bool Fit() {
    if (thread_index() == 0) s_.num_columns = ChooseRegressors();
    block_barrier();
    const int n = s_.num_columns;
    if (n == 1) return false;
    double* const matrix = memory_.normal_matrix + local_ * kMaxColumns * kMaxColumns;
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
  // How many regressors each component gets, heaviest first: the linear ones, then the products.
  PROPNP_DEVICE int ChooseRegressors() {
    const int components = state_.num_components;
    int order[kMaxComponents];
    for (int k = 0; k < components; ++k) {
      s_.regressors[k] = 0;
      int place = k;
      for (; place > 0 && state_.components[order[place - 1]].weight < state_.components[k].weight;
           --place) {
        order[place] = order[place - 1];
      }
      order[place] = k;
    }
    int columns = 1;
    for (int round = 0; round < 2; ++round) {
      const int wanted = round == 0 ? kLinear : kProducts;
      for (int i = 0; i < components; ++i) {
        int& count = s_.regressors[order[i]];
        if (round == 1 && count == 0) continue;
        const double draws =
            state_.components[order[i]].weight * static_cast<double>(memory_.num_samples);
        if (draws < kDrawsPerRegressor * (count + wanted) || columns + wanted > kMaxColumns) {
          continue;
        }
        count += wanted;
        columns += wanted;
      }
    }
    return columns;
  }

  PROPNP_DEVICE int ModeOf(int64_t s) const {
    int mode = 0;
    while (s >= bases_.begin[mode + 1]) ++mode;
    return mode;
  }

  // visit(column, value) of a sample, columns in order.
  template <typename Visit>
  PROPNP_DEVICE void ForEachRegressor(int64_t s, const Visit& visit) const {
    const int64_t slot = local_ * memory_.num_samples + s;
    const double* const own = memory_.xi + slot * kDof;
    const int mode = ModeOf(s);
    visit(0, 1.0);
    int column = 1;
    for (int k = 0; k < state_.num_components; ++k) {
      if (s_.regressors[k] == 0) continue;
      const KernelComponent& c = state_.exported[k];
      const auto& chart = state_.modes[c.mode].chart;
      double xi[kDof], v[kDof], y[kDof], e;
      for (int i = 0; i < kDof; ++i) xi[i] = own[i];
      if (c.mode != mode) state_.modes[mode].chart.to_other(own, chart, xi);
      for (int i = 3; i < kDof; ++i) v[i] = xi[i];
      const bool in_front = chart.depth_from_linear(xi, v, &e);
      const double ratio = gaussian_over_density<kDof>(c, v, memory_.log_density[slot], y);
      const double g = in_front ? ratio * chart.factor(xi) / (e * e * e) : 0;
      visit(column++, g - 1);
      for (int i = 0; i < kDof; ++i) visit(column++, g * y[i]);
      if (s_.regressors[k] == kLinear) continue;
      for (int i = 0; i < kDof; ++i) {
        for (int j = 0; j < i; ++j) visit(column++, g * y[i] * y[j]);
        visit(column++, g * y[i] * y[i] - g);
      }
    }
  }

  // Row and column of the p-th entry of a lower triangle.
  PROPNP_DEVICE static void PairAt(int p, int* row, int* column) {
    int i = static_cast<int>((sqrt(8.0 * p + 1) - 1) / 2);
    while ((i + 1) * (i + 2) / 2 <= p) ++i;
    while (i * (i + 1) / 2 > p) --i;
    *row = i, *column = p - i * (i + 1) / 2;
  }

  // A thread owns some products of columns; the samples come in tiles.
  PROPNP_DEVICE void AccumulateNormalMatrix(int n, double* matrix) {
    const int pairs = n * (n + 1) / 2;
    double sums[kPairsPerThread] = {}, right = 0;
    for (int64_t begin = 0; begin < memory_.num_samples; begin += kTile) {
      const int64_t left = memory_.num_samples - begin;
      const int count = left < kTile ? static_cast<int>(left) : kTile;
      block_barrier();
      if (thread_index() < count) {
        const int t = thread_index();
        ForEachRegressor(begin + t, [&](int i, double value) { s_.columns[i][t] = value; });
        s_.values[t] = Value(begin + t);
      }
      block_barrier();
      for (int r = 0; r < kPairsPerThread; ++r) {
        const int p = thread_index() + r * kThreads;
        if (p >= pairs) break;
        int i, j;
        PairAt(p, &i, &j);
        for (int t = 0; t < count; ++t) sums[r] += s_.columns[i][t] * s_.columns[j][t];
      }
      if (thread_index() < n) {
        for (int t = 0; t < count; ++t) right += s_.columns[thread_index()][t] * s_.values[t];
      }
    }
    for (int r = 0; r < kPairsPerThread; ++r) {
      const int p = thread_index() + r * kThreads;
      if (p >= pairs) break;
      int i, j;
      PairAt(p, &i, &j);
      matrix[i * n + j] = sums[r];
    }
    if (thread_index() < n) s_.right[thread_index()] = right;
    block_barrier();
  }

  const SampleMemory<kDof>& memory_;
  const int64_t local_;
  const ObjectState<kDof>& state_;
  const BaseSet& bases_;
  Scratch& s_;
};

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_BLOCK_CONTROL_VARIATES_H_
