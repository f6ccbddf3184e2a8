// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// `propnp info IN`: what is in a file, and how well its poses fit.
#ifndef PROPNP_APPS_INFO_COMMAND_H_
#define PROPNP_APPS_INFO_COMMAND_H_

#include <ostream>

#include "apps/propnp/input.h"

namespace propnp::app {

// Returns exit code 0; throws InputError.
int RunInfo(const InputSource& source, std::ostream& out);

}  // namespace propnp::app

#endif  // PROPNP_APPS_INFO_COMMAND_H_
