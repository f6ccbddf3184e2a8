// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reading the cotangents of poses from the caller's tensors.
#ifndef PROPNP_ENGINE_LOAD_COTANGENT_H_
#define PROPNP_ENGINE_LOAD_COTANGENT_H_

#include <algorithm>
#include <cmath>

#include "propnp/engine/object_cost.h"
#include "propnp/engine/tensor.h"

namespace propnp {

// The cotangent of `step` in result = pose (+) step: what the caller gives for it, (B, D), plus
// what follows from that of the result's stored numbers, (B, D'). Either may be missing. False if
// it is not finite.
template <int kDof>
bool LoadStepCotangent(const PackedObject<double>& object, const double* pose, const double* step,
                       const propnp_tensor& of_step, const propnp_tensor& of_result,
                       double* cotangent) {
  std::fill(cotangent, cotangent + kDof, 0.0);
  for (int i = 0; IsGiven(of_step) && i < kDof; ++i) {
    cotangent[i] = LoadAt<double>(of_step, object.index, i);
  }
  if (IsGiven(of_result)) {
    const auto dof = DofOf<kDof>(object);
    double stored[dof.kStorage];
    for (int i = 0; i < dof.kStorage; ++i) stored[i] = LoadAt<double>(of_result, object.index, i);
    dof.retract_vjp(pose, step, stored, cotangent);
  }
  return std::all_of(cotangent, cotangent + kDof, [](double c) { return std::isfinite(c); });
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_LOAD_COTANGENT_H_
