// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The answer of every <Operation>WorkspaceSize().
#ifndef PROPNP_ENGINE_WORKSPACE_SIZE_H_
#define PROPNP_ENGINE_WORKSPACE_SIZE_H_

#include "propnp/engine/batch.h"
#include "propnp/engine/cuda_plugin.h"

namespace propnp {

// How an operation asks its backend for the bytes that it would need on a device.
template <typename Args>
using BackendWorkspaceSize = int32_t (*propnp_backend::*)(const Args*, uint64_t*,
                                                          propnp_backend_error*);

// Refuses what `check` refuses. A device answers for itself; on the CPU the answer is
// on_cpu(problem).
template <typename Args, typename OnCpu>
Status FindWorkspaceSize(const Args& args, Status (*check)(const Args&, Problem*),
                         BackendWorkspaceSize<Args> on_device, const OnCpu& on_cpu,
                         uint64_t* bytes) {
  Problem problem;
  PROPNP_RETURN_IF_ERROR(check(args, &problem));
  if (IsOnDevice(args)) return WorkspaceSizeOnDevice(on_device, args, bytes);
  *bytes = on_cpu(problem);
  return Status();
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_WORKSPACE_SIZE_H_
