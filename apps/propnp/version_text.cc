// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/version_text.h"

#include <ceres/version.h>

#include <opencv2/core/version.hpp>

#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/version.h"

namespace propnp::app {
namespace {

std::string Compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "g++ " __VERSION__;
#else
  return "unknown";
#endif
}

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
         "compiler          " +
         Compiler() +
         "\n"
         "instruction sets  " +
         InstructionSets() +
         "\n"
         "OpenCV            " CV_VERSION
         "\n"
         "Ceres             " CERES_VERSION_STRING "\n";
}

}  // namespace propnp::app
