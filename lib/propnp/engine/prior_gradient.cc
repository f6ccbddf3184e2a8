// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/prior_gradient.h"

#include <cmath>
#include <string>

#include "propnp/engine/tensor.h"

namespace propnp {
namespace {

constexpr int32_t kNoPrior = -1;

int32_t KindOf(const Problem& problem) {
  return problem.cost->prior ? problem.cost->prior->kind : kNoPrior;
}

Status Absent(const char* name, const char* owner) {
  return Status::InvalidArgument(std::string(name) + " is given, but cost.prior is not of kind " +
                                 owner);
}

// The numbers of the mean's gradient.
int MeanSize(const Problem& problem) {
  return KindOf(problem) == PROPNP_PRIOR_LOG_DEPTH ? 3 : problem.dof();
}

}  // namespace

Status CheckPriorGradient(const Problem& problem, const propnp_sample_args& args) {
  const int64_t b = problem.num_objects;
  const int32_t kind = KindOf(problem);
  if (IsGiven(args.grad_prior_mean) && kind != PROPNP_PRIOR_LOG_DEPTH &&
      kind != PROPNP_PRIOR_POSE) {
    return Absent("grad_prior_mean", "PROPNP_PRIOR_LOG_DEPTH or PROPNP_PRIOR_POSE");
  }
  if (IsGiven(args.grad_prior_sigma) && kind != PROPNP_PRIOR_LOG_DEPTH) {
    return Absent("grad_prior_sigma", "PROPNP_PRIOR_LOG_DEPTH");
  }
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("grad_prior_mean", args.grad_prior_mean, {b, MeanSize(problem)}, true));
  return CheckTensor("grad_prior_sigma", args.grad_prior_sigma, {b, 3}, true);
}

bool WantsPriorGradient(const propnp_sample_args& args) {
  return IsGiven(args.grad_prior_mean) || IsGiven(args.grad_prior_sigma);
}

template <int kDof>
void AddPriorGradient(const ObjectCost<kDof, double>& cost, const double* pose, double weight,
                      PriorGradient* gradient) {
  const PriorDensity<double>& prior = cost.object().prior;
  if (weight == 0 || !std::isfinite(prior.cost(cost.dof(), pose))) return;
  PriorGradient at_pose = {};
  if (prior.kind == PriorKind::kLogDepth) {
    prior.log_depth.parameter_gradient({pose[0], pose[1], pose[2]}, at_pose.mean, at_pose.sigma);
  } else if (prior.kind == PriorKind::kPose) {
    prior.pose.parameter_gradient(cost.dof(), pose, at_pose.mean);
  }
  for (int k = 0; k < 6; ++k) gradient->mean[k] += weight * at_pose.mean[k];
  for (int k = 0; k < 3; ++k) gradient->sigma[k] += weight * at_pose.sigma[k];
}

void StorePriorGradient(const Problem& problem, const propnp_sample_args& args, int64_t index,
                        const PriorGradient& gradient) {
  StoreRow(args.grad_prior_mean, index, gradient.mean, MeanSize(problem));
  StoreRow(args.grad_prior_sigma, index, gradient.sigma, 3);
}

template void AddPriorGradient(const ObjectCost<6, double>&, const double*, double, PriorGradient*);
template void AddPriorGradient(const ObjectCost<4, double>&, const double*, double, PriorGradient*);

}  // namespace propnp
