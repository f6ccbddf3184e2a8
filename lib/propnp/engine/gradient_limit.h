// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#ifndef PROPNP_ENGINE_GRADIENT_LIMIT_H_
#define PROPNP_ENGINE_GRADIENT_LIMIT_H_

#include "propnp/engine/gradient_args.h"
#include "propnp/engine/tensor.h"

namespace propnp {

// The largest number that every one of the caller's gradients can hold.
PROPNP_HOST_DEVICE inline double LargestOfAll(const propnp_gradients& g) {
  const propnp_tensor* const all[] = {&g.x3d,
                                      &g.x2d,
                                      &g.w2d,
                                      &g.sqrt_info,
                                      &g.delta,
                                      &g.relative_delta,
                                      &g.camera_parameters,
                                      &g.prior_mean,
                                      &g.prior_sigma};
  double largest = std::numeric_limits<double>::max();
  for (const propnp_tensor* t : all) largest = LargestOf(*t) < largest ? LargestOf(*t) : largest;
  return largest;
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_GRADIENT_LIMIT_H_
