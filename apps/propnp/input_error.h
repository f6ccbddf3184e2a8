// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the user has to change, in one line. The app is the only layer that throws: main() turns
// this into a line on stderr and exit code 2.
#ifndef PROPNP_APPS_INPUT_ERROR_H_
#define PROPNP_APPS_INPUT_ERROR_H_

#include <stdexcept>

namespace propnp::app {

struct InputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace propnp::app

#endif  // PROPNP_APPS_INPUT_ERROR_H_
