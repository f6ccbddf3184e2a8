// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// `propnp convert IN OUT`: the same poses and points in another format.
#ifndef PROPNP_APPS_CONVERT_COMMAND_H_
#define PROPNP_APPS_CONVERT_COMMAND_H_

#include <ostream>
#include <string>

#include "apps/propnp/input.h"

namespace propnp::app {

struct ConvertOptions {
  InputSource source;
  std::string output;
  std::string to;  // a name of ConvertTargets(); empty: told by the ending of `output`
};

// Exit code 0, or 1 if a photograph shows no board; throws InputError.
int RunConvert(const ConvertOptions& options, std::ostream& out);

}  // namespace propnp::app

#endif  // PROPNP_APPS_CONVERT_COMMAND_H_
