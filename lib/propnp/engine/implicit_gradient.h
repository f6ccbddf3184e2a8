// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// How the minimum of the cost moves with everything that the cost is made of: the gradient through
// a solver, without its iterations. args in gradient_args.h.
#ifndef PROPNP_ENGINE_IMPLICIT_GRADIENT_H_
#define PROPNP_ENGINE_IMPLICIT_GRADIENT_H_

#include "propnp/engine/context.h"
#include "propnp/engine/input_gradient.h"
#include "propnp/engine/options.h"
#include "propnp/engine/status.h"
#include "propnp/engine/tensor.h"

namespace propnp {

struct ImplicitGradientArgs : propnp_implicit_gradient_args {
  ImplicitGradientArgs() : propnp_implicit_gradient_args{} {
    struct_size = sizeof(propnp_implicit_gradient_args);
    device = -1;
    drop_clamped_rows = 1;
  }
};

// Writes every output tensor that is given. A failed object gets a status and zeros.
Status ImplicitGradient(Context& context, const propnp_implicit_gradient_args& args);

// The bytes that ImplicitGradient() needs for these arguments on this context.
Status ImplicitGradientWorkspaceSize(const Context& context,
                                     const propnp_implicit_gradient_args& args, uint64_t* bytes);

}  // namespace propnp

#endif  // PROPNP_ENGINE_IMPLICIT_GRADIENT_H_
