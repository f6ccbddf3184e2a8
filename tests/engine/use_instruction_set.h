// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The kernels of one instruction set for as long as an object lives, or of one after the other.
#ifndef PROPNP_TESTS_ENGINE_USE_INSTRUCTION_SET_H_
#define PROPNP_TESTS_ENGINE_USE_INSTRUCTION_SET_H_

#include <gtest/gtest.h>

#include <vector>

#include "propnp/engine/kernels/object_kernels.h"

namespace propnp::test {

class UseInstructionSet {
 public:
  explicit UseInstructionSet(InstructionSet isa) : before_(CurrentInstructionSet()) {
    EXPECT_TRUE(SetInstructionSet(isa));
  }
  ~UseInstructionSet() { SetInstructionSet(before_); }

 private:
  InstructionSet before_;
};

// Those that this machine and this build have, the baseline first.
inline std::vector<InstructionSet> InstructionSetsHere() {
  std::vector<InstructionSet> here;
  for (const auto isa :
       {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (HasInstructionSet(isa)) here.push_back(isa);
  }
  return here;
}

// Runs a check with the kernels of each.
template <typename Check>
void ForEachInstructionSet(const Check& check) {
  for (const InstructionSet isa : InstructionSetsHere()) {
    SCOPED_TRACE(InstructionSetName(isa));
    const UseInstructionSet use(isa);
    check();
  }
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_USE_INSTRUCTION_SET_H_
