// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Gradients with respect to the numbers of the prior on their way to the caller's tensors: those of
// propnp_sample_args and those of propnp_gradients.
#ifndef PROPNP_ENGINE_PRIOR_GRADIENT_H_
#define PROPNP_ENGINE_PRIOR_GRADIENT_H_

#include "propnp/engine/gradient_args.h"
#include "propnp/engine/problem.h"
#include "propnp/engine/sample_args.h"
#include "propnp/math/prior.h"

namespace propnp {

// With respect to the bounds of a depth range: z0 z1, and x0 x1 y0 y1 of x/z and y/z.
struct RangeGradient {
  double depth[2];
  double bound[4];
};

// The caller's tensors; `depth` and `bound` are missing where an operation has no such gradient.
struct PriorGradientTensors {
  struct Named {
    const char* name;
    propnp_tensor tensor;
  };
  Named mean, sigma, covariance, depth, bound;

  explicit PriorGradientTensors(const propnp_sample_args& args);
  explicit PriorGradientTensors(const propnp_gradients& gradients);

  bool AnyGiven() const;

  // Refuses gradients of what the prior has not, or of other shapes. `zero_without_prior`: then
  // those of a log-depth prior's mean and sigma are zero rather than refused.
  Status Check(const Problem& problem, bool zero_without_prior) const;

  // Whether they can hold every number.
  bool Fit(const PriorGradient<double>& gradient, const RangeGradient& of_range) const;

  void Store(const Problem& problem, int64_t index, const PriorGradient<double>& gradient,
             const RangeGradient& of_range) const;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_PRIOR_GRADIENT_H_
