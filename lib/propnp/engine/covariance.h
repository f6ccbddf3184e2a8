// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What is known of a pose at the minimum of its cost: rank and null space, covariance of the three
// kinds, a-posteriori variance factor. All from exact derivatives and free of damping.
#ifndef PROPNP_ENGINE_COVARIANCE_H_
#define PROPNP_ENGINE_COVARIANCE_H_

#include "propnp/engine/args.h"
#include "propnp/engine/object_cost.h"

namespace propnp {

template <int kDof, typename T>
struct PoseUncertainty {
  T covariance[kDof * kDof];  // zero if there is none
  T null_space[kDof * kDof];  // the first kDof - rank rows
  int rank;
  T variance_factor;  // 0 where points are too few to tell
  T behind_fraction;
  uint32_t status;  // PROPNP_STATUS_RANK_DEFICIENT, _INDEFINITE, _BEHIND_CAMERA
};

template <int kDof, typename T>
void ComputeUncertainty(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
                        const T* pose, PoseUncertainty<kDof, T>* result);

}  // namespace propnp

#endif  // PROPNP_ENGINE_COVARIANCE_H_
