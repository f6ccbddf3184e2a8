// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The random words of a proposal's samples, of every instruction set against one at a time.
#include "propnp/engine/kernels/proposal_kernels.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "propnp/math/sobol.h"
#include "tests/engine/use_instruction_set.h"

namespace propnp::test {
namespace {

constexpr int64_t kStride = 160;

// Integers: the same with every instruction set, and what is not read stays.
TEST(ProposalKernelsTest, SobolWordsAreThoseOfOneSampleAtATime) {
  const SobolScramble scramble = sobol_scramble(5, 77);
  ForEachInstructionSet([&] {
    for (const int64_t count : {1, 3, 64, 133}) {
      std::vector<uint32_t> words(kSobolDimensions * kStride, 7);
      GetProposalKernels().fill_sobol(4, scramble.key, count, words.data(), kStride);
      for (int d = 0; d < kSobolDimensions; ++d) {
        for (int64_t i = 0; i < count; ++i) {
          const bool unread = d == 4 || d == 5;
          EXPECT_EQ(words[d * kStride + i],
                    unread ? 7 : scrambled_sobol_word(static_cast<uint32_t>(i), d, scramble));
        }
      }
    }
  });
}

}  // namespace
}  // namespace propnp::test
