// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The regressors of the evidence's control variates (engine/control_variates.h): which components
// of the proposal take part, and a sample's Gaussians over its density.
#ifndef PROPNP_CUDA_SAMPLER_GAUSSIAN_RATIO_H_
#define PROPNP_CUDA_SAMPLER_GAUSSIAN_RATIO_H_

#include "cuda_sampler/sampler_state.h"

namespace propnp::gpu {

template <int kDof>
constexpr int kLinearRegressors = 1 + kDof;

// Fills `order` with the components of the proposal, heaviest first.
template <int kDof>
PROPNP_DEVICE void OrderComponents(const ObjectState<kDof>& state, int* order) {
  for (int k = 0; k < state.num_components; ++k) {
    int place = k;
    for (; place > 0 && state.components[order[place - 1]].weight < state.components[k].weight;
         --place) {
      order[place] = order[place - 1];
    }
    order[place] = k;
  }
}

// How many regressors each component gets, heaviest first: the linear ones, then the products,
// while it expects two draws a regressor. Returns the number of columns.
template <int kDof>
PROPNP_DEVICE int ChooseRegressors(const ObjectState<kDof>& state, int64_t num_samples,
                                   int* regressors) {
  constexpr double kDrawsPerRegressor = 2;
  constexpr int kProducts = kDof * (kDof + 1) / 2;
  int order[kMaxComponents];
  OrderComponents(state, order);
  for (int k = 0; k < state.num_components; ++k) regressors[k] = 0;
  int columns = 1;
  for (int round = 0; round < 2; ++round) {
    const int wanted = round == 0 ? kLinearRegressors<kDof> : kProducts;
    for (int i = 0; i < state.num_components; ++i) {
      int& count = regressors[order[i]];
      if (round == 1 && count == 0) continue;
      const double draws = state.components[order[i]].weight * static_cast<double>(num_samples);
      if (draws < kDrawsPerRegressor * (count + wanted) ||
          columns + wanted > kMaxRegressionColumns) {
        continue;
      }
      count += wanted;
      columns += wanted;
    }
  }
  return columns;
}

// One sample.
template <int kDof>
class GaussianRatio {
 public:
  PROPNP_DEVICE GaussianRatio(const SampleMemory<kDof>& memory, int64_t local, int64_t s)
      : state_(memory.states[local]),
        own_(memory.xi + (local * memory.num_samples + s) * kDof),
        log_density_(memory.log_density[local * memory.num_samples + s]) {
    const BaseSet& bases = memory.bases[local];
    while (s >= bases.begin[mode_ + 1]) ++mode_;
  }

  // G of a component, and its whitened coordinates y.
  PROPNP_DEVICE double Of(int component, double* y) const {
    const KernelComponent& c = state_.exported[component];
    const auto& chart = state_.modes[c.mode].chart;
    double xi[kDof], v[kDof], inverse_e;
    for (int i = 0; i < kDof; ++i) xi[i] = own_[i];
    if (c.mode != mode_) state_.modes[mode_].chart.to_other(own_, chart, xi);
    for (int i = 3; i < kDof; ++i) v[i] = xi[i];
    const bool in_front = chart.depth_from_linear(xi, v, &inverse_e);
    const double ratio = gaussian_over_density<kDof>(c, v, log_density_, y);
    return in_front ? ratio * chart.factor(xi) * (inverse_e * inverse_e * inverse_e) : 0;
  }

 private:
  const ObjectState<kDof>& state_;
  const double* const own_;
  const double log_density_;
  int mode_ = 0;
};

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_GAUSSIAN_RATIO_H_
