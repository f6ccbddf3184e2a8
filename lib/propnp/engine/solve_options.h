// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#ifndef PROPNP_ENGINE_SOLVE_OPTIONS_H_
#define PROPNP_ENGINE_SOLVE_OPTIONS_H_

#include "propnp/engine/args.h"
#include "propnp/engine/status.h"

namespace propnp {

// Refuses options that make no sense; the message names the field and its value.
Status CheckSolveOptions(const propnp_solve_options* options);

}  // namespace propnp

#endif  // PROPNP_ENGINE_SOLVE_OPTIONS_H_
