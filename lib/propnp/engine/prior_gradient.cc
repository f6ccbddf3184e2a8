// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/prior_gradient.h"

#include <initializer_list>
#include <string>

namespace propnp {
namespace {

constexpr int32_t kNoPrior = -1;

// A gradient of the caller's, whether the prior has it, and in which shape.
struct Field {
  const char* name;
  const propnp_tensor& tensor;
  bool has_one;
  std::initializer_list<int64_t> shape;
};

}  // namespace

Status PriorGradientTensors::Check(const Problem& problem, const PriorGradientNames& names,
                                   bool zero_without_prior) const {
  const int64_t b = problem.num_objects, d = SizeOf(problem);
  const propnp_prior* const prior = problem.cost->prior;
  const int32_t kind = prior ? prior->kind : kNoPrior;
  const bool gaussian = kind == PROPNP_PRIOR_LOG_DEPTH || kind == PROPNP_PRIOR_POSE;
  const bool zeros = zero_without_prior && !prior;
  const bool by_covariance = gaussian && IsGiven(prior->covariance);
  const bool range = kind == PROPNP_PRIOR_DEPTH_RANGE;
  const int64_t bounds = range ? prior->bound.shape[1] : 0;
  for (const Field& field :
       {Field{names.mean, mean, gaussian || zeros, {b, d}},
        {names.sigma, sigma, (kind == PROPNP_PRIOR_LOG_DEPTH && !by_covariance) || zeros, {b, 3}},
        {names.covariance, covariance, by_covariance, {b, d, d}},
        {names.depth, depth, range, {b, 2}},
        {names.bound, bound, range, {b, bounds}}}) {
    if (IsGiven(field.tensor) && !field.has_one) {
      return Status::InvalidArgument(std::string(field.name) +
                                     " is given, but cost.prior, of kind " + std::to_string(kind) +
                                     " (-1: none), has no such number");
    }
    if (field.has_one) {
      PROPNP_RETURN_IF_ERROR(CheckTensor(field.name, field.tensor, field.shape, true));
    }
  }
  return Status();
}

}  // namespace propnp
