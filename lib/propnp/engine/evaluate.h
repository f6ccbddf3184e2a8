// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The cost at given poses, point by point: what the solver sees, for diagnosis, tests and other
// optimisers.
#ifndef PROPNP_ENGINE_EVALUATE_H_
#define PROPNP_ENGINE_EVALUATE_H_

#include "propnp/engine/context.h"
#include "propnp/engine/options.h"
#include "propnp/engine/status.h"
#include "propnp/engine/tensor.h"

namespace propnp {

// Writes every output tensor of `args` that is given. A failed object gets a status and zeros.
Status Evaluate(Context& context, const propnp_evaluate_args& args);

// The bytes that Evaluate() needs for these arguments on this context.
Status EvaluateWorkspaceSize(const Context& context, const propnp_evaluate_args& args,
                             uint64_t* bytes);

}  // namespace propnp

#endif  // PROPNP_ENGINE_EVALUATE_H_
