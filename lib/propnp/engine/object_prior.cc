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
  bool needed;
  std::initializer_list<int64_t> shape;
};

Status CheckField(const PriorField& field, int32_t kind) {
  if (field.needed) return CheckTensor(field.name, *field.tensor, field.shape, false);
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
  const int64_t b = num_objects, p = cost.dof == 6 ? 7 : 4;
  const bool log_depth = prior.kind == PROPNP_PRIOR_LOG_DEPTH;
  const bool of_pose = prior.kind == PROPNP_PRIOR_POSE;
  const bool range = prior.kind == PROPNP_PRIOR_DEPTH_RANGE;
  if (log_depth && IsGiven(prior.sigma) && IsGiven(prior.covariance)) {
    return Status::InvalidArgument("cost.prior.sigma and cost.prior.covariance are both given");
  }
  const bool by_covariance = log_depth && IsGiven(prior.covariance);
  const int64_t d = log_depth ? 3 : cost.dof;
  for (const PriorField& field :
       {PriorField{"cost.prior.mean", &prior.mean, log_depth, {b, 3}},
        {"cost.prior.sigma", &prior.sigma, log_depth && !by_covariance, {b, 3}},
        {"cost.prior.depth", &prior.depth, range, {b, 2}},
        {"cost.prior.bound", &prior.bound, range, {b, -1}},
        {"cost.prior.pose", &prior.pose, of_pose, {b, p}},
        {"cost.prior.covariance", &prior.covariance, of_pose || by_covariance, {b, d, d}}}) {
    PROPNP_RETURN_IF_ERROR(CheckField(field, prior.kind));
  }
  if (range && prior.bound.shape[1] != 2 && prior.bound.shape[1] != 4) {
    return Status::InvalidArgument("cost.prior.bound has shape " + ShapeString(prior.bound) +
                                   ", expected (" + std::to_string(b) + ", 2) or (" +
                                   std::to_string(b) + ", 4)");
  }
  return Status();
}

}  // namespace propnp
