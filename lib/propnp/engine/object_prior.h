// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reading a propnp_prior.
#ifndef PROPNP_ENGINE_OBJECT_PRIOR_H_
#define PROPNP_ENGINE_OBJECT_PRIOR_H_

#include "propnp/engine/problem.h"
#include "propnp/math/prior.h"

namespace propnp {

// The tensors that the prior's kind needs are there with the right shapes, and no others.
Status CheckPrior(const propnp_cost_options& cost, int64_t num_objects);

// False if the numbers of object `index` are no density: not finite, a sigma not positive, a range
// empty, a covariance refused by PosePrior::set().
template <typename T>
bool LoadPrior(const Problem& problem, int64_t index, PriorDensity<T>* prior);

}  // namespace propnp

#endif  // PROPNP_ENGINE_OBJECT_PRIOR_H_
