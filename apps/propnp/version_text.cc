// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/version_text.h"

#include <ceres/version.h>

#include <opencv2/core/version.hpp>

#include "propnp/compiler.h"
#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/version.h"

namespace propnp::app {
namespace {

// Those that this processor runs, the one in use marked.
std::string InstructionSets() {
  std::string text;
  for (InstructionSet isa :
       {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (!HasInstructionSet(isa)) continue;
    if (!text.empty()) text += ", ";
    text += InstructionSetName(isa);
    if (isa == CurrentInstructionSet()) text += " (in use)";
  }
  return text;
}

}  // namespace

std::string VersionText() {
  return "propnp " PROPNP_VERSION_STRING
         "\n"
         "compiler          " PROPNP_COMPILER
         "\n"
         "instruction sets  " +
         InstructionSets() +
         "\n"
         "OpenCV            " CV_VERSION
         "\n"
         "Ceres             " CERES_VERSION_STRING "\n";
}

}  // namespace propnp::app
