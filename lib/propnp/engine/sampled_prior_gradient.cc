// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/sampled_prior_gradient.h"

namespace propnp {
namespace {

template <int kDof>
void AddFaces(const ObjectCost<kDof, double>& cost, const GradientSamples& samples,
              RangeGradient* of_range) {
  RangeFaces faces(cost.object().prior.depth_range);
  RangeFaces::Spread spread = {};
  for (int64_t s = 0; s < samples.count; ++s) {
    faces.add_spread(samples.pose + 7 * s, samples.plain_weight[s], &spread);
  }
  faces.set_layers(spread);
  const auto slopes_of_points = [&](const double* pose) {
    NormalEquations<kDof, double> equations;
    cost.Evaluate(pose, Curvature::kIrls, ClampedRows::kExact, &equations);
    const double* const g = equations.gradient;
    return Vec3<double>{g[0], g[1], g[2]};
  };
  for (int64_t s = 0; s < samples.count; ++s) {
    faces.add_sample(samples.pose + 7 * s, samples.weight[s], slopes_of_points, of_range);
  }
}

}  // namespace

template <int kDof>
void AddEvidenceGradient(const ObjectCost<kDof, double>& cost, const GradientSamples& samples,
                         PriorGradient<double>* gradient, RangeGradient* of_range) {
  const PriorDensity<double>& prior = cost.object().prior;
  if (prior.kind == PriorKind::kDepthRange) {
    prior.depth_range.add_volume_gradient(-1.0, of_range->depth, of_range->bound);
    AddFaces(cost, samples, of_range);
    return;
  }
  for (int64_t s = 0; s < samples.count; ++s) {
    add_prior_cost_gradient(prior, cost.dof(), samples.pose + 7 * s, -samples.weight[s], gradient,
                            of_range);
  }
}

template void AddEvidenceGradient(const ObjectCost<6, double>&, const GradientSamples&,
                                  PriorGradient<double>*, RangeGradient*);
template void AddEvidenceGradient(const ObjectCost<4, double>&, const GradientSamples&,
                                  PriorGradient<double>*, RangeGradient*);

}  // namespace propnp
