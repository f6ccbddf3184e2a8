// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What weighted samples of a posterior say in few numbers: moments, quantiles, regions of highest
// density, and poses of equal weight.
//
// Coordinates are steps from one pose to another, (dt, phi) with the rotation vector phi of R_to
// R_from^-1 (4DoF: the yaw's difference within half a turn). To second order a step is the
// project's tangent (pose.h), and the covariance means the same; but where the Cayley tangent runs
// to infinity at half a turn, so that no distribution with mass there has a variance in it, a
// rotation vector is at most pi long.
#ifndef PROPNP_ENGINE_POSTERIOR_SUMMARY_H_
#define PROPNP_ENGINE_POSTERIOR_SUMMARY_H_

#include <cstdint>

#include "propnp/math/pose.h"

namespace propnp {

// `pose` (count, 7), of which 4DoF reads four; `weight` (count) of sum one. Samples without weight
// are never looked at.
struct WeightedPoses {
  const double* pose;
  const double* weight;
  int64_t count;
};

// The step that leads from one pose to another, kTangent numbers.
template <typename Dof>
void StepBetween(const Dof& dof, const double* from, const double* to, double* step);

template <typename Dof>
struct PoseMoments {
  double mean[7];                                    // a pose
  double covariance[Dof::kTangent * Dof::kTangent];  // of the steps from `mean`, row-major
};

// The mean is the pose from which the weighted mean of the steps to all samples vanishes (H.
// Karcher, 1977), found from `start`: the one that belongs to the mode whose pose `start` is, where
// there are several.
template <typename Dof>
void ComputeMoments(const Dof& dof, const WeightedPoses& samples, const double* start,
                    PoseMoments<Dof>* moments);

// The distribution function of weighted numbers: sorted, each stands at the middle of its own
// weight, straight lines between (A. Hazen, 1914); below the first and above the last it is flat.
class WeightedDistribution {
 public:
  // `order` is memory for `count` numbers. Values and weights must outlive this.
  WeightedDistribution(const double* values, const double* weights, int64_t count, int32_t* order);

  // `level` from 0 to 1.
  double Quantile(double level) const;

 private:
  const double* values_;
  const double* weights_;
  int64_t count_ = 0;  // with weight
  const int32_t* order_;
};

// Systematic resampling: chosen[k] is the sample in which the summed weight passes (k + offset) /
// num_draws, 0 <= offset < 1. A sample of weight w is chosen floor or ceil of num_draws w times.
void DrawSystematically(const double* weights, int64_t count, double offset, int64_t num_draws,
                        int32_t* chosen);

// The same with offset and order from random numbers, which depend on seed and object alone: every
// single draw, and every few of them, then have the posterior's distribution.
void DrawPoses(const double* weights, int64_t count, uint64_t seed, uint64_t object_id,
               int64_t num_draws, int32_t* chosen);

}  // namespace propnp

#endif  // PROPNP_ENGINE_POSTERIOR_SUMMARY_H_
