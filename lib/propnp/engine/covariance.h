// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// math/pose_uncertainty.h for a packed object and the caller's options.
#ifndef PROPNP_ENGINE_COVARIANCE_H_
#define PROPNP_ENGINE_COVARIANCE_H_

#include "propnp/engine/args.h"
#include "propnp/engine/object_cost.h"
#include "propnp/math/pose_uncertainty.h"

namespace propnp {

// Its status bits.
template <int kDof, typename T>
PROPNP_HOST_DEVICE uint32_t StatusOf(const PoseUncertainty<kDof, T>& uncertainty) {
  uint32_t status = 0;
  if (uncertainty.rank < kDof) status |= PROPNP_STATUS_RANK_DEFICIENT;
  if (uncertainty.indefinite) status |= PROPNP_STATUS_INDEFINITE;
  if (uncertainty.behind_fraction >= T(0.5)) status |= PROPNP_STATUS_BEHIND_CAMERA;
  return status;
}

template <int kDof, typename T>
void ComputeUncertainty(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
                        const T* pose, PoseUncertainty<kDof, T>* result);

}  // namespace propnp

#endif  // PROPNP_ENGINE_COVARIANCE_H_
