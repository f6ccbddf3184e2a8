// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include <string>

#include "propnp/c_api/propnp.h"
#include "propnp/compiler.h"
#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/version.h"

namespace propnp::c_api {
namespace {

std::string BuildInfo() {
  return std::string("propnp " PROPNP_VERSION_STRING ", " PROPNP_COMPILER ", ") +
         InstructionSetName(CurrentInstructionSet());
}

}  // namespace
}  // namespace propnp::c_api

uint32_t propnp_abi_version(void) { return PROPNP_ABI_MAJOR * 65536u + PROPNP_ABI_MINOR; }

const char* propnp_version(void) { return PROPNP_VERSION_STRING; }

const char* propnp_build_info(void) {
  static const std::string text = propnp::c_api::BuildInfo();
  return text.c_str();
}
