// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The memory of one call: what all workers share, then a scratch for each worker. The caller may
// provide it; the same arithmetic answers how much that is.
#ifndef PROPNP_ENGINE_WORKSPACE_H_
#define PROPNP_ENGINE_WORKSPACE_H_

#include <string>

#include "propnp/engine/arena.h"
#include "propnp/engine/context.h"
#include "propnp/engine/status.h"

namespace propnp {

// Memory that the call uses: the caller's, or of the context's allocator until it ends.
class WorkspaceMemory {
 public:
  explicit WorkspaceMemory(Context& context) : context_(context) {}
  WorkspaceMemory(const WorkspaceMemory&) = delete;
  WorkspaceMemory& operator=(const WorkspaceMemory&) = delete;
  ~WorkspaceMemory() { context_.Deallocate(owned_, owned_size_); }

  // Takes `given` if it is not null, else allocates.
  Status Acquire(size_t needed, void* given, uint64_t given_size) {
    if (!given) return Allocate(needed > 0 ? needed : kColumnAlignment);
    if (given_size < needed) {
      return Status(StatusCode::kWorkspaceTooSmall, "workspace_size is " +
                                                        std::to_string(given_size) + ", expected " +
                                                        std::to_string(needed));
    }
    if (!IsAligned(given)) return Status::InvalidArgument("workspace is not aligned to 64 bytes");
    data_ = given;
    return Status();
  }

  char* data() const { return static_cast<char*>(data_); }

 private:
  Status Allocate(size_t bytes) {
    context_.Log(PROPNP_LOG_DEBUG, "allocates a workspace of %zu bytes", bytes);
    owned_ = context_.Allocate(bytes);
    owned_size_ = bytes;
    data_ = owned_;
    if (!owned_) {
      return Status(StatusCode::kOutOfMemory,
                    "workspace: could not allocate " + std::to_string(bytes) + " bytes");
    }
    if (IsAligned(owned_)) return Status();
    return Status::InvalidArgument("context_options.allocate gave memory not aligned to 64 bytes");
  }

  static bool IsAligned(const void* memory) {
    return reinterpret_cast<uintptr_t>(memory) % kColumnAlignment == 0;
  }

  Context& context_;
  void* data_ = nullptr;
  void* owned_ = nullptr;
  size_t owned_size_ = 0;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_WORKSPACE_H_
