// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reading the cotangents of poses from the caller's tensors.
#ifndef PROPNP_ENGINE_LOAD_COTANGENT_H_
#define PROPNP_ENGINE_LOAD_COTANGENT_H_

#include <limits>

#include "propnp/engine/tensor.h"
#include "propnp/math/pose.h"

namespace propnp {

// The cotangent of `step` in result = pose (+) step: what the caller gives for it, (B, D), plus
// what follows from that of the result's stored numbers, (B, D'). Either may be missing. False if
// it is not finite.
template <typename Dof>
PROPNP_HOST_DEVICE bool LoadStepCotangent(const Dof& dof, int64_t object, const double* pose,
                                          const double* step, const propnp_tensor& of_step,
                                          const propnp_tensor& of_result, double* cotangent) {
  constexpr int kD = Dof::kTangent;
  for (int i = 0; i < kD; ++i) {
    cotangent[i] = IsGiven(of_step) ? LoadAt<double>(of_step, object, i) : 0.0;
  }
  if (IsGiven(of_result)) {
    double stored[Dof::kStorage];
    for (int i = 0; i < Dof::kStorage; ++i) stored[i] = LoadAt<double>(of_result, object, i);
    dof.retract_vjp(pose, step, stored, cotangent);
  }
  return AllWithin(cotangent, kD, std::numeric_limits<double>::max());
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_LOAD_COTANGENT_H_
