// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/object_prior.h"

#include <algorithm>
#include <cmath>

#include "propnp/engine/load_pose.h"

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

// Reads `count` numbers of a row; false if one is not finite in T.
template <typename T>
bool LoadRow(const propnp_tensor& tensor, int64_t row, int count, T* values) {
  bool finite = true;
  for (int k = 0; k < count; ++k) {
    values[k] = LoadAt<T>(tensor, row, k);
    finite = finite && std::isfinite(values[k]);
  }
  return finite;
}

template <typename T>
bool LoadLogDepth(const propnp_prior& from, int64_t index, LogDepthPrior<T>* prior) {
  return LoadRow(from.mean, index, 3, prior->mean) && LoadRow(from.sigma, index, 3, prior->sigma) &&
         std::all_of(prior->sigma, prior->sigma + 3, [](T sigma) { return sigma > T(0); });
}

template <typename T>
bool LoadDepthRange(const propnp_prior& from, int64_t index, DepthRangePrior<T>* prior) {
  T depth[2], bound[4];
  const int count = static_cast<int>(from.bound.shape[1]);
  if (!LoadRow(from.depth, index, 2, depth) || !LoadRow(from.bound, index, count, bound)) {
    return false;
  }
  if (count == 2) {
    const T x = bound[0], y = bound[1];
    bound[0] = -x, bound[1] = x, bound[2] = -y, bound[3] = y;
  }
  return prior->set(depth, bound);
}

template <int kDof, typename T, typename Dof>
bool LoadPosePrior(const Dof& dof, const propnp_prior& from, int64_t index, PosePrior<T>* prior) {
  T mean[7];
  double covariance[kDof * kDof];
  const propnp_tensor& t = from.covariance;
  bool finite = LoadPose<kDof>(from.pose, index, mean);
  for (int i = 0; i < kDof * kDof; ++i) {
    covariance[i] =
        Load<double>(t, index * t.stride[0] + i / kDof * t.stride[1] + i % kDof * t.stride[2]);
    finite = finite && std::isfinite(covariance[i]);
  }
  return finite && prior->set(dof, mean, covariance);
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

template <typename T>
bool LoadPrior(const Problem& problem, int64_t index, PriorDensity<T>* prior) {
  prior->kind = PriorKind::kNone;
  const propnp_prior* from = problem.cost->prior;
  if (!from) return true;
  prior->kind = static_cast<PriorKind>(from->kind);
  switch (prior->kind) {
    case PriorKind::kLogDepth:
      return LoadLogDepth(*from, index, &prior->log_depth);
    case PriorKind::kDepthRange:
      return LoadDepthRange(*from, index, &prior->depth_range);
    default:
      return problem.dof() == 6 ? LoadPosePrior<6>(SixDof<T>(), *from, index, &prior->pose)
                                : LoadPosePrior<4>(FourDof<T>(), *from, index, &prior->pose);
  }
}

template bool LoadPrior(const Problem&, int64_t, PriorDensity<float>*);
template bool LoadPrior(const Problem&, int64_t, PriorDensity<double>*);

}  // namespace propnp
