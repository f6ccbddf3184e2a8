// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Gradients with respect to the numbers of the prior from an object's samples
// (math/sampled_prior_gradient.h), by all threads of a block, which all get the sums.
#ifndef PROPNP_CUDA_SAMPLER_SAMPLED_PRIOR_GRADIENT_H_
#define PROPNP_CUDA_SAMPLER_SAMPLED_PRIOR_GRADIENT_H_

#include "cuda_sampler/team_cost.h"
#include "propnp/engine/prior_gradient.h"

namespace propnp::gpu {

template <int kCount>
PROPNP_DEVICE void SumEach(const BlockTeam& team, double (&values)[kCount]) {
  for (double& v : values) v = team.sum(v);
}

// Sets `gradient` to sum_s factor(s) d cost / d numbers of a Gaussian prior at poses[s], those of
// them that `wanted` has tensors for. poses (count, 7).
template <int kDof, typename Factor>
PROPNP_DEVICE void SumPriorGradient(const DeviceObject<double>& object, const double* poses,
                                    int64_t count, const Factor& factor,
                                    const PriorGradientTensors& wanted, const BlockTeam& team,
                                    PriorGradient<double>* gradient) {
  const auto dof = GetDof(object, std::integral_constant<int, kDof>());
  RangeGradient ignored = {};
  *gradient = {};
  for (int64_t s = team.rank(); s < count; s += team.size()) {
    add_prior_cost_gradient(object.prior, dof, poses + 7 * s, factor(s), gradient, &ignored);
  }
  if (IsGiven(wanted.mean)) SumEach(team, gradient->mean);
  if (IsGiven(wanted.sigma)) SumEach(team, gradient->sigma);
  if (IsGiven(wanted.covariance)) SumEach(team, gradient->covariance);
}

// Samples of one object; the first three of a score are the derivative of the points' cost by the
// translation.
struct FaceSamples {
  int64_t count;
  const double* pose;          // (S, 7)
  const double* plain_weight;  // (S)
  const double* weight;        // (S) with which means are taken
  const double* score;         // (S, score_stride)
  int score_stride;
};

// Sets `gradient` to d log evidence / d ends of the object's depth range.
PROPNP_DEVICE void SumRangeGradient(const DeviceObject<double>& object, const FaceSamples& samples,
                                    const BlockTeam& team, RangeGradient* gradient) {
  const DepthRangePrior<double>& range = object.prior.depth_range;
  RangeFaces faces(range);
  RangeFaces::Spread spread = {};
  for (int64_t s = team.rank(); s < samples.count; s += team.size()) {
    faces.add_spread(samples.pose + 7 * s, samples.plain_weight[s], &spread);
  }
  SumEach(team, spread.mean);
  SumEach(team, spread.square);
  faces.set_layers(spread);
  *gradient = {};
  for (int64_t s = team.rank(); s < samples.count; s += team.size()) {
    const double* const score = samples.score + s * samples.score_stride;
    faces.add_sample(
        samples.pose + 7 * s, samples.weight[s],
        [&](const double*) {
          return Vec3<double>{score[0], score[1], score[2]};
        },
        gradient);
  }
  SumEach(team, gradient->depth);
  SumEach(team, gradient->bound);
  range.add_volume_gradient(-1.0, gradient->depth, gradient->bound);
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_SAMPLED_PRIOR_GRADIENT_H_
