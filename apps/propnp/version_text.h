// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What `propnp --version` prints: the version, and the facts that a bug report needs.
#ifndef PROPNP_APPS_VERSION_TEXT_H_
#define PROPNP_APPS_VERSION_TEXT_H_

#include <string>

namespace propnp::app {

std::string VersionText();

}  // namespace propnp::app

#endif  // PROPNP_APPS_VERSION_TEXT_H_
