// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// math/sampled_prior_gradient.h over one object's samples.
#ifndef PROPNP_ENGINE_SAMPLED_PRIOR_GRADIENT_H_
#define PROPNP_ENGINE_SAMPLED_PRIOR_GRADIENT_H_

#include "propnp/engine/object_cost.h"
#include "propnp/math/sampled_prior_gradient.h"

namespace propnp {

struct GradientSamples {
  int64_t count;
  const double* pose;          // (S, 7)
  const double* plain_weight;  // (S) not negative; they sum to one
  const double* weight;        // (S) with which means are taken
};

// Adds d log evidence / d numbers of the prior.
template <int kDof>
void AddEvidenceGradient(const ObjectCost<kDof, double>& cost, const GradientSamples& samples,
                         PriorGradient<double>* gradient, RangeGradient* of_range);

}  // namespace propnp

#endif  // PROPNP_ENGINE_SAMPLED_PRIOR_GRADIENT_H_
