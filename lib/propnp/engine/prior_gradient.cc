// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/prior_gradient.h"

#include <cmath>
#include <initializer_list>
#include <string>

#include "propnp/engine/tensor.h"

namespace propnp {
namespace {

constexpr int32_t kNoPrior = -1;

int32_t KindOf(const Problem& problem) {
  return problem.cost->prior ? problem.cost->prior->kind : kNoPrior;
}

// The dimension of the Gaussian.
int SizeOf(const Problem& problem) {
  return KindOf(problem) == PROPNP_PRIOR_POSE ? problem.dof() : 3;
}

// A gradient of the caller's, whether the prior has it, and in which shape.
struct Field {
  const PriorGradientTensors::Named& named;
  bool has_one;
  std::initializer_list<int64_t> shape;
};

// Whether `values` fit into `t`, which takes none if it is not given.
template <size_t kCount>
bool FitInto(const propnp_tensor& t, const double (&values)[kCount]) {
  bool fit = true;
  for (const double v : values) fit = fit && std::fabs(v) <= LargestOf(t);
  return fit || !IsGiven(t);
}

}  // namespace

PriorGradientTensors::PriorGradientTensors(const propnp_sample_args& a)
    : mean{"grad_prior_mean", a.grad_prior_mean},
      sigma{"grad_prior_sigma", a.grad_prior_sigma},
      covariance{"grad_prior_covariance", a.grad_prior_covariance},
      depth{"grad_prior_depth", a.grad_prior_depth},
      bound{"grad_prior_bound", a.grad_prior_bound} {}

PriorGradientTensors::PriorGradientTensors(const propnp_gradients& g)
    : mean{"gradients.prior_mean", g.prior_mean},
      sigma{"gradients.prior_sigma", g.prior_sigma},
      covariance{"gradients.prior_covariance", g.prior_covariance},
      depth{},
      bound{} {}

bool PriorGradientTensors::AnyGiven() const {
  return IsGiven(mean.tensor) || IsGiven(sigma.tensor) || IsGiven(covariance.tensor) ||
         IsGiven(depth.tensor) || IsGiven(bound.tensor);
}

Status PriorGradientTensors::Check(const Problem& problem, bool zero_without_prior) const {
  const int64_t b = problem.num_objects, d = SizeOf(problem);
  const int32_t kind = KindOf(problem);
  const propnp_prior* const prior = problem.cost->prior;
  const bool gaussian = kind == PROPNP_PRIOR_LOG_DEPTH || kind == PROPNP_PRIOR_POSE;
  const bool zeros = zero_without_prior && !prior;
  const bool by_covariance = gaussian && IsGiven(prior->covariance);
  const bool range = kind == PROPNP_PRIOR_DEPTH_RANGE;
  const int64_t bounds = range ? prior->bound.shape[1] : 0;
  for (const Field& field :
       {Field{mean, gaussian || zeros, {b, d}},
        {sigma, (kind == PROPNP_PRIOR_LOG_DEPTH && !by_covariance) || zeros, {b, 3}},
        {covariance, by_covariance, {b, d, d}},
        {depth, range, {b, 2}},
        {bound, range, {b, bounds}}}) {
    const auto& [name, tensor] = field.named;
    if (IsGiven(tensor) && !field.has_one) {
      return Status::InvalidArgument(std::string(name) + " is given, but cost.prior, of kind " +
                                     std::to_string(kind) + " (-1: none), has no such number");
    }
    if (field.has_one) PROPNP_RETURN_IF_ERROR(CheckTensor(name, tensor, field.shape, true));
  }
  return Status();
}

bool PriorGradientTensors::Fit(const PriorGradient<double>& gradient,
                               const RangeGradient& of_range) const {
  return FitInto(mean.tensor, gradient.mean) && FitInto(sigma.tensor, gradient.sigma) &&
         FitInto(covariance.tensor, gradient.covariance) && FitInto(depth.tensor, of_range.depth) &&
         FitInto(bound.tensor, of_range.bound);
}

void PriorGradientTensors::Store(const Problem& problem, int64_t index,
                                 const PriorGradient<double>& gradient,
                                 const RangeGradient& of_range) const {
  const int size = SizeOf(problem);
  StoreRow(mean.tensor, index, gradient.mean, size);
  StoreRow(sigma.tensor, index, gradient.sigma, 3);
  StoreMatrix(covariance.tensor, index, gradient.covariance, size);
  StoreRow(depth.tensor, index, of_range.depth, 2);
  const double* const b = of_range.bound;
  const double half_widths[] = {b[1] - b[0], b[3] - b[2]};
  const bool symmetric = IsGiven(bound.tensor) && bound.tensor.shape[1] == 2;
  StoreRow(bound.tensor, index, symmetric ? half_widths : b, symmetric ? 2 : 4);
}

}  // namespace propnp
