// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Hands out aligned pieces of a block of memory that somebody else owns. Without memory it only
// counts, so that the code that takes the pieces also answers how many bytes they need.
#ifndef PROPNP_ENGINE_ARENA_H_
#define PROPNP_ENGINE_ARENA_H_

#include <cstddef>
#include <cstdint>

#include "propnp/engine/kernels/object_kernels.h"

namespace propnp {

class Arena {
 public:
  Arena() = default;
  explicit Arena(void* memory) : memory_(static_cast<char*>(memory)) {}

  // `count` elements, uninitialised, aligned to kColumnAlignment; null when only counting.
  template <typename T>
  T* Take(int64_t count) {
    const size_t bytes = static_cast<size_t>(count) * sizeof(T);
    const size_t begin = used_;
    used_ += (bytes + kColumnAlignment - 1) / kColumnAlignment * kColumnAlignment;
    return memory_ ? reinterpret_cast<T*>(memory_ + begin) : nullptr;
  }

  size_t used() const { return used_; }

 private:
  char* memory_ = nullptr;
  size_t used_ = 0;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_ARENA_H_
