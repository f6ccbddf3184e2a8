// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The gradient of log evidence with respect to the numbers of the prior, from weighted samples:
// minus the mean of d cost / d numbers. Not so those of a depth range, a density that is constant
// inside and ends abruptly: moving an end of it lets in or shuts out what mass there is,
//
//   d log Z / d end = +- density of the posterior at the end - d log volume / d end,
//
// and the density is the mean, by the divergence theorem, of div v - v . d cost / dt for any field
// v that is one across that face and vanishes at the opposite one.
#ifndef PROPNP_ENGINE_SAMPLED_PRIOR_GRADIENT_H_
#define PROPNP_ENGINE_SAMPLED_PRIOR_GRADIENT_H_

#include "propnp/engine/object_cost.h"
#include "propnp/engine/prior_gradient.h"

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

// Adds d cost / d numbers of the prior at one pose; nothing where the density is zero.
template <int kDof>
void AddCostGradient(const ObjectCost<kDof, double>& cost, const double* pose,
                     PriorGradient<double>* gradient, RangeGradient* of_range);

}  // namespace propnp

#endif  // PROPNP_ENGINE_SAMPLED_PRIOR_GRADIENT_H_
