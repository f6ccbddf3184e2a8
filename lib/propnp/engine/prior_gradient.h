// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Gradients with respect to the numbers of the prior on their way to the caller's tensors: those of
// propnp_sample_args and those of propnp_gradients.
#ifndef PROPNP_ENGINE_PRIOR_GRADIENT_H_
#define PROPNP_ENGINE_PRIOR_GRADIENT_H_

#include "propnp/engine/gradient_args.h"
#include "propnp/engine/problem.h"
#include "propnp/engine/sample_args.h"
#include "propnp/math/sampled_prior_gradient.h"

namespace propnp {

// What the caller knows the tensors as.
struct PriorGradientNames {
  const char *mean, *sigma, *covariance, *depth, *bound;
};
constexpr PriorGradientNames kSamplePriorNames = {"grad_prior_mean", "grad_prior_sigma",
                                                  "grad_prior_covariance", "grad_prior_depth",
                                                  "grad_prior_bound"};
constexpr PriorGradientNames kPriorNames = {"gradients.prior_mean", "gradients.prior_sigma",
                                            "gradients.prior_covariance", "", ""};

// The caller's tensors; `depth` and `bound` are missing where an operation has no such gradient.
struct PriorGradientTensors {
  propnp_tensor mean, sigma, covariance, depth, bound;

  explicit PriorGradientTensors(const propnp_sample_args& a)
      : mean(a.grad_prior_mean),
        sigma(a.grad_prior_sigma),
        covariance(a.grad_prior_covariance),
        depth(a.grad_prior_depth),
        bound(a.grad_prior_bound) {}
  PROPNP_HOST_DEVICE explicit PriorGradientTensors(const propnp_gradients& g)
      : mean(g.prior_mean),
        sigma(g.prior_sigma),
        covariance(g.prior_covariance),
        depth{},
        bound{} {}

  PROPNP_HOST_DEVICE bool AnyGiven() const {
    return IsGiven(mean) || IsGiven(sigma) || IsGiven(covariance) || IsGiven(depth) ||
           IsGiven(bound);
  }

  // Refuses gradients of what the prior has not, or of other shapes. `zero_without_prior`: then
  // those of a log-depth prior's mean and sigma are zero rather than refused.
  Status Check(const Problem& problem, const PriorGradientNames& names,
               bool zero_without_prior) const;

  // Whether they can hold every number.
  PROPNP_HOST_DEVICE bool Fit(const PriorGradient<double>& gradient,
                              const RangeGradient& of_range) const {
    return FitInto(mean, gradient.mean) && FitInto(sigma, gradient.sigma) &&
           FitInto(covariance, gradient.covariance) && FitInto(depth, of_range.depth) &&
           FitInto(bound, of_range.bound);
  }

  PROPNP_HOST_DEVICE void Store(const Problem& problem, int64_t index,
                                const PriorGradient<double>& gradient,
                                const RangeGradient& of_range) const {
    const int size = SizeOf(problem);
    StoreRow(mean, index, gradient.mean, size);
    StoreRow(sigma, index, gradient.sigma, 3);
    StoreMatrix(covariance, index, gradient.covariance, size);
    StoreRow(depth, index, of_range.depth, 2);
    const double* const b = of_range.bound;
    const double half_widths[] = {b[1] - b[0], b[3] - b[2]};
    const bool symmetric = IsGiven(bound) && bound.shape[1] == 2;
    StoreRow(bound, index, symmetric ? half_widths : b, symmetric ? 2 : 4);
  }

 private:
  // The dimension of the Gaussian.
  PROPNP_HOST_DEVICE static int SizeOf(const Problem& problem) {
    const propnp_prior* const prior = problem.cost->prior;
    return prior && prior->kind == PROPNP_PRIOR_POSE ? problem.dof() : 3;
  }

  // Whether `values` fit into `t`, which takes none if it is not given.
  template <size_t kCount>
  PROPNP_HOST_DEVICE static bool FitInto(const propnp_tensor& t, const double (&values)[kCount]) {
    return !IsGiven(t) || AllWithin(values, kCount, LargestOf(t));
  }
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_PRIOR_GRADIENT_H_
