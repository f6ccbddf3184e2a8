// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The gradient of log evidence, or of the loss, with respect to the numbers of the prior.
#ifndef PROPNP_ENGINE_PRIOR_GRADIENT_H_
#define PROPNP_ENGINE_PRIOR_GRADIENT_H_

#include "propnp/engine/posterior_modes.h"
#include "propnp/engine/sample_args.h"

namespace propnp {

// With respect to the mean (log depth: three numbers, pose: its tangent) and sigma (log depth).
struct PriorGradient {
  double mean[6];
  double sigma[3];
};

// Refuses gradients that the prior has not, or of other shapes.
Status CheckPriorGradient(const Problem& problem, const propnp_sample_args& args);

bool WantsPriorGradient(const propnp_sample_args& args);

// Adds `weight` times d cost / d numbers of the prior at a pose; nothing where its density is zero.
template <int kDof>
void AddPriorGradient(const ObjectCost<kDof, double>& cost, const double* pose, double weight,
                      PriorGradient* gradient);

void StorePriorGradient(const Problem& problem, const propnp_sample_args& args, int64_t index,
                        const PriorGradient& gradient);

}  // namespace propnp

#endif  // PROPNP_ENGINE_PRIOR_GRADIENT_H_
