// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What weighted samples of a posterior say in few numbers: moments (math/pose_moments.h), quantiles
// (math/weighted_quantile.h), regions of highest density, and poses of equal weight.
#ifndef PROPNP_ENGINE_POSTERIOR_SUMMARY_H_
#define PROPNP_ENGINE_POSTERIOR_SUMMARY_H_

#include <cstdint>

#include "propnp/math/pose_moments.h"

namespace propnp {

// `pose` (count, 7), of which 4DoF reads four; `weight` (count) of sum one. Samples without weight
// are never looked at.
struct WeightedPoses {
  const double* pose;
  const double* weight;
  int64_t count;
};

// Mean and covariance of the samples, the mean found from `start`.
template <typename Dof>
void ComputeMoments(const Dof& dof, const WeightedPoses& samples, const double* start,
                    PoseMoments<Dof>* moments);

// The distribution function of weighted numbers.
class WeightedDistribution {
 public:
  // `order` and `cumulative` are memory for `count` numbers each. They, values and weights must
  // outlive this.
  WeightedDistribution(const double* values, const double* weights, int64_t count, int32_t* order,
                       double* cumulative);

  // `level` from 0 to 1.
  double Quantile(double level) const;

 private:
  const double* values_;
  const double* weights_;
  int64_t count_ = 0;  // with weight
  const int32_t* order_;
  const double* cumulative_;
};

// Systematic resampling: chosen[k] is the sample in which the summed weight passes (k + offset) /
// num_draws, 0 <= offset < 1. A sample of weight w is chosen floor or ceil of num_draws w times.
void DrawSystematically(const double* weights, int64_t count, double offset, int64_t num_draws,
                        int32_t* chosen);

// The same with offset and order from random numbers (math/systematic_draw.h), which depend on seed
// and object alone.
void DrawPoses(const double* weights, int64_t count, uint64_t seed, uint64_t object_id,
               int64_t num_draws, int32_t* chosen);

}  // namespace propnp

#endif  // PROPNP_ENGINE_POSTERIOR_SUMMARY_H_
