// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/posterior_summary.h"

#include <algorithm>

#include "propnp/math/systematic_draw.h"
#include "propnp/math/weighted_quantile.h"

namespace propnp {

template <typename Dof>
void ComputeMoments(const Dof& dof, const WeightedPoses& samples, const double* start,
                    PoseMoments<Dof>* moments) {
  const auto sum_steps = [&](const double* mean, StepSums<Dof>* sums) {
    for (int64_t s = 0; s < samples.count; ++s) {
      if (!(samples.weight[s] > 0)) continue;
      sums->add(dof, mean, samples.pose + 7 * s, samples.weight[s]);
    }
  };
  compute_moments(dof, start, sum_steps, moments);
}

WeightedDistribution::WeightedDistribution(const double* values, const double* weights,
                                           int64_t count, int32_t* order, double* cumulative)
    : values_(values), weights_(weights), order_(order), cumulative_(cumulative) {
  for (int64_t s = 0; s < count; ++s) {
    if (weights[s] > 0) order[count_++] = static_cast<int32_t>(s);
  }
  std::sort(order, order + count_, [&](int32_t a, int32_t b) {
    return values[a] < values[b] || (values[a] == values[b] && a < b);
  });
  double sum = 0;
  for (int64_t k = 0; k < count_; ++k) cumulative[k] = sum += weights[order[k]];
}

double WeightedDistribution::Quantile(double level) const {
  return weighted_quantile(
      count_, level, [&](int64_t k) { return values_[order_[k]]; },
      [&](int64_t k) { return weights_[order_[k]]; }, [&](int64_t k) { return cumulative_[k]; });
}

void DrawSystematically(const double* weights, int64_t count, double offset, int64_t num_draws,
                        int32_t* chosen) {
  double cumulative = 0;
  int64_t drawn = 0;
  int32_t last = 0;  // with weight
  for (int64_t s = 0; s < count; ++s) {
    if (!(weights[s] > 0)) continue;
    last = static_cast<int32_t>(s);
    cumulative += weights[s];
    while (drawn < num_draws &&
           cumulative * static_cast<double>(num_draws) > static_cast<double>(drawn) + offset) {
      chosen[drawn++] = last;
    }
  }
  // The sum may end a rounding below one.
  std::fill(chosen + drawn, chosen + num_draws, last);
}

void DrawPoses(const double* weights, int64_t count, uint64_t seed, uint64_t object_id,
               int64_t num_draws, int32_t* chosen) {
  DrawSystematically(weights, count, draw_offset(seed, object_id), num_draws, chosen);
  shuffle_draws(seed, object_id, num_draws, chosen);
}

template void ComputeMoments(const SixDof<double>&, const WeightedPoses&, const double*,
                             PoseMoments<SixDof<double>>*);
template void ComputeMoments(const FourDof<double>&, const WeightedPoses&, const double*,
                             PoseMoments<FourDof<double>>*);

}  // namespace propnp
