// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The memory of one call: what all workers share, then a scratch for each worker. The caller may
// provide it; the same arithmetic answers how much that is.
#ifndef PROPNP_ENGINE_WORKSPACE_H_
#define PROPNP_ENGINE_WORKSPACE_H_

#include <cstdlib>
#include <new>
#include <string>

#include "propnp/engine/arena.h"
#include "propnp/engine/status.h"

namespace propnp {

// Memory that the call uses: the caller's, or its own until it ends.
class WorkspaceMemory {
 public:
  WorkspaceMemory() = default;
  WorkspaceMemory(const WorkspaceMemory&) = delete;
  WorkspaceMemory& operator=(const WorkspaceMemory&) = delete;
  ~WorkspaceMemory() { std::free(owned_); }

  // Takes `given` if it is not null, else allocates.
  Status Acquire(size_t needed, void* given, uint64_t given_size) {
    if (!given) {
      owned_ = std::aligned_alloc(kColumnAlignment, needed > 0 ? needed : kColumnAlignment);
      data_ = owned_;
      if (owned_) return Status();
      return Status(StatusCode::kWorkspaceTooSmall,
                    "workspace: could not allocate " + std::to_string(needed) + " bytes");
    }
    if (given_size < needed) {
      return Status(StatusCode::kWorkspaceTooSmall, "workspace_size is " +
                                                        std::to_string(given_size) + ", expected " +
                                                        std::to_string(needed));
    }
    if (reinterpret_cast<uintptr_t>(given) % kColumnAlignment != 0) {
      return Status::InvalidArgument("workspace is not aligned to 64 bytes");
    }
    data_ = given;
    return Status();
  }

  char* data() const { return static_cast<char*>(data_); }

 private:
  void* data_ = nullptr;
  void* owned_ = nullptr;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_WORKSPACE_H_
