// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Memory that a user of the engine keeps between calls.
#ifndef PROPNP_BENCHMARKS_WORKSPACE_H_
#define PROPNP_BENCHMARKS_WORKSPACE_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>

#include "propnp/engine/status.h"

namespace propnp::bench {

inline void RequireOk(const Status& status) {
  if (!status.ok()) throw std::runtime_error("propnp: " + status.message());
}

class Workspace {
 public:
  // Gives a call the memory that `size_query` says it needs; what it has serves if it is enough.
  template <typename Context, typename Args, typename SizeQuery>
  void Provide(const Context& context, const SizeQuery& size_query, Args* args) {
    uint64_t needed = 0;
    RequireOk(size_query(context, *args, &needed));
    if (needed > size_) Allocate(needed);
    args->workspace = memory_.get();
    args->workspace_size = size_;
  }

  uint64_t size() const { return size_; }

 private:
  static constexpr uint64_t kAlignment = 64;

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  void Allocate(uint64_t bytes) {
    memory_.reset();
    size_ = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    memory_.reset(std::aligned_alloc(kAlignment, size_));
    if (!memory_) throw std::bad_alloc();
  }

  std::unique_ptr<void, Free> memory_;
  uint64_t size_ = 0;
};

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_WORKSPACE_H_
