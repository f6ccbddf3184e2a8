// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#ifndef PROPNP_ENGINE_EVALUATED_SUMS_H_
#define PROPNP_ENGINE_EVALUATED_SUMS_H_

#include <limits>

#include "propnp/engine/args.h"
#include "propnp/engine/tensor.h"
#include "propnp/math/levenberg_marquardt.h"

namespace propnp {

// Whether the outputs of an evaluation can hold the sums. An infinite cost, which no derivative
// has, counts.
template <int kDof, typename T>
PROPNP_HOST_DEVICE bool SumsFit(const propnp_evaluate_args& args,
                                NormalEquations<kDof, T>* equations) {
  if (static_cast<double>(equations->cost) > LargestOf(args.cost_value)) {
    *equations = {};
    equations->cost = std::numeric_limits<T>::infinity();
    return true;
  }
  return AllWithin(&equations->cost, 1, LargestOf(args.cost_value)) &&
         AllWithin(equations->gradient, kDof, LargestOf(args.gradient)) &&
         AllWithin(equations->curvature, kDof * kDof, LargestOf(args.hessian));
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_EVALUATED_SUMS_H_
