// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Memory that the engine takes as a workspace.
#ifndef PROPNP_TESTS_ENGINE_ALIGNED_BYTES_H_
#define PROPNP_TESTS_ENGINE_ALIGNED_BYTES_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace propnp::test {

class AlignedBytes {
 public:
  explicit AlignedBytes(uint64_t bytes) : data_(std::aligned_alloc(64, (bytes + 63) / 64 * 64)) {}
  ~AlignedBytes() { std::free(data_); }
  AlignedBytes(const AlignedBytes&) = delete;
  char* data() const { return static_cast<char*>(data_); }

 private:
  void* data_;
};

// A workspace of so many bytes for a call, full of rubbish, and a guard behind it.
class GuardedWorkspace {
 public:
  template <typename Args>
  GuardedWorkspace(uint64_t bytes, Args* args) : bytes_(bytes), memory_(bytes + kGuard) {
    std::memset(memory_.data(), kRubbish, bytes + kGuard);
    args->workspace = memory_.data();
    args->workspace_size = bytes;
  }

  // That nothing was written beyond the workspace.
  void ExpectIntactGuard() const {
    const char* const guard = memory_.data() + bytes_;
    const auto is_intact = [](char c) { return c == kRubbish; };
    EXPECT_EQ(std::find_if_not(guard, guard + kGuard, is_intact) - guard, kGuard)
        << "first written";
  }

 private:
  static constexpr int64_t kGuard = 4096;
  static constexpr char kRubbish = 0x5a;

  uint64_t bytes_;
  AlignedBytes memory_;
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_ALIGNED_BYTES_H_
