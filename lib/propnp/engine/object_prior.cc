// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/object_prior.h"

#include <string>

namespace propnp {
namespace {

// A tensor of the prior: given exactly if its kind needs it.
struct PriorField {
  const char* name;
  const propnp_tensor* tensor;
  int32_t kind;
  std::initializer_list<int64_t> shape;
};

Status CheckField(const PriorField& field, int32_t kind) {
  if (field.kind == kind) return CheckTensor(field.name, *field.tensor, field.shape, false);
  if (!IsGiven(*field.tensor)) return Status();
  return Status::InvalidArgument(std::string(field.name) + " is given, but cost.prior.kind is " +
                                 std::to_string(kind) + ", which has none");
}

}  // namespace

Status CheckPrior(const propnp_cost_options& cost, int64_t num_objects) {
  const propnp_prior& prior = *cost.prior;
  if (prior.kind < PROPNP_PRIOR_LOG_DEPTH || prior.kind > PROPNP_PRIOR_POSE) {
    return Status::InvalidArgument("cost.prior.kind is " + std::to_string(prior.kind) +
                                   ", expected 0 to 2");
  }
  const int64_t b = num_objects, d = cost.dof, p = cost.dof == 6 ? 7 : 4;
  for (const PriorField& field :
       {PriorField{"cost.prior.mean", &prior.mean, PROPNP_PRIOR_LOG_DEPTH, {b, 3}},
        {"cost.prior.sigma", &prior.sigma, PROPNP_PRIOR_LOG_DEPTH, {b, 3}},
        {"cost.prior.depth", &prior.depth, PROPNP_PRIOR_DEPTH_RANGE, {b, 2}},
        {"cost.prior.bound", &prior.bound, PROPNP_PRIOR_DEPTH_RANGE, {b, -1}},
        {"cost.prior.pose", &prior.pose, PROPNP_PRIOR_POSE, {b, p}},
        {"cost.prior.covariance", &prior.covariance, PROPNP_PRIOR_POSE, {b, d, d}}}) {
    PROPNP_RETURN_IF_ERROR(CheckField(field, prior.kind));
  }
  if (prior.kind == PROPNP_PRIOR_DEPTH_RANGE && prior.bound.shape[1] != 2 &&
      prior.bound.shape[1] != 4) {
    return Status::InvalidArgument("cost.prior.bound has shape " + ShapeString(prior.bound) +
                                   ", expected (" + std::to_string(b) + ", 2) or (" +
                                   std::to_string(b) + ", 4)");
  }
  return Status();
}

}  // namespace propnp
