// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reading a propnp_prior.
#ifndef PROPNP_ENGINE_OBJECT_PRIOR_H_
#define PROPNP_ENGINE_OBJECT_PRIOR_H_

#include <cmath>

#include "propnp/engine/load_pose.h"
#include "propnp/engine/problem.h"
#include "propnp/math/prior.h"

namespace propnp {

// The tensors that the prior's kind needs are there with the right shapes, and no others.
Status CheckPrior(const propnp_cost_options& cost, int64_t num_objects);

namespace prior_detail {

// Reads `count` numbers of a row; false if one is not finite in T.
template <typename T>
PROPNP_HOST_DEVICE bool LoadRow(const propnp_tensor& tensor, int64_t row, int count, T* values) {
  bool finite = true;
  for (int k = 0; k < count; ++k) {
    values[k] = LoadAt<T>(tensor, row, k);
    finite = finite && std::isfinite(values[k]);
  }
  return finite;
}

// Reads a row-major matrix of `size` rows; false if a number of it is not finite.
PROPNP_HOST_DEVICE inline bool LoadCovariance(const propnp_tensor& t, int64_t index, int size,
                                              double* covariance) {
  bool finite = true;
  for (int i = 0; i < size * size; ++i) {
    covariance[i] =
        Load<double>(t, index * t.stride[0] + i / size * t.stride[1] + i % size * t.stride[2]);
    finite = finite && std::isfinite(covariance[i]);
  }
  return finite;
}

template <typename T>
PROPNP_HOST_DEVICE bool LoadLogDepth(const propnp_prior& from, int64_t index,
                                     LogDepthPrior<T>* prior) {
  T mean[3], sigma[3];
  if (!LoadRow(from.mean, index, 3, mean)) return false;
  if (IsGiven(from.sigma)) return LoadRow(from.sigma, index, 3, sigma) && prior->set(mean, sigma);
  double covariance[9];
  return LoadCovariance(from.covariance, index, 3, covariance) &&
         prior->set_covariance(mean, covariance);
}

template <typename T>
PROPNP_HOST_DEVICE bool LoadDepthRange(const propnp_prior& from, int64_t index,
                                       DepthRangePrior<T>* prior) {
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
PROPNP_HOST_DEVICE bool LoadPosePrior(const Dof& dof, const propnp_prior& from, int64_t index,
                                      PosePrior<T>* prior) {
  T mean[7];
  double covariance[kDof * kDof];
  return LoadPose<kDof>(from.pose, index, mean) &&
         LoadCovariance(from.covariance, index, kDof, covariance) &&
         prior->set(dof, mean, covariance);
}

}  // namespace prior_detail

// False if the numbers of object `index` are no density: not finite, a sigma not positive, a range
// empty, a covariance refused by PosePrior::set() or LogDepthPrior::set_covariance().
template <typename T>
PROPNP_HOST_DEVICE bool LoadPrior(const Problem& problem, int64_t index, PriorDensity<T>* prior) {
  prior->kind = PriorKind::kNone;
  const propnp_prior* from = problem.cost->prior;
  if (!from) return true;
  prior->kind = static_cast<PriorKind>(from->kind);
  switch (prior->kind) {
    case PriorKind::kLogDepth:
      return prior_detail::LoadLogDepth(*from, index, &prior->log_depth);
    case PriorKind::kDepthRange:
      return prior_detail::LoadDepthRange(*from, index, &prior->depth_range);
    default:
      return problem.dof() == 6
                 ? prior_detail::LoadPosePrior<6>(SixDof<T>(), *from, index, &prior->pose)
                 : prior_detail::LoadPosePrior<4>(FourDof<T>(), *from, index, &prior->pose);
  }
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_OBJECT_PRIOR_H_
