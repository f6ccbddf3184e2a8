// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Which random words a start takes.
#ifndef PROPNP_ENGINE_START_WORDS_H_
#define PROPNP_ENGINE_START_WORDS_H_

#include "propnp/engine/args.h"
#include "propnp/math/philox.h"

namespace propnp {

// The first index of those of a start's subset; a block has four words, and each start its own.
PROPNP_HOST_DEVICE inline uint32_t first_subset_block(int start) {
  return static_cast<uint32_t>(start) * (PROPNP_MAX_START_POINTS / 4);
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_START_WORDS_H_
