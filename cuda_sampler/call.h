// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The frame of every operation on the host: memory, the caller's stream and device, errors.
#ifndef PROPNP_CUDA_SAMPLER_CALL_H_
#define PROPNP_CUDA_SAMPLER_CALL_H_

#include <string>

#include "cuda_sampler/device/device.h"
#include "propnp/engine/arena.h"
#include "propnp/engine/backend.h"
#include "propnp/engine/problem.h"
#include "propnp/engine/visit_precision.h"

namespace propnp::gpu {

inline int32_t Refuse(const Status& status, propnp_backend_error* error) {
  std::snprintf(error->message, sizeof(error->message), "%s", status.message().c_str());
  return static_cast<int32_t>(status.code());
}

// The problem that the engine has checked, made again on this side.
template <typename Args>
Problem ProblemOf(const Args& args) {
  Problem problem;
  MakeProblem(args.correspondences, args.cameras, args.cost, &problem, args.device);
  return problem;
}

// body(problem, arena, queue) takes the call's memory from the arena and launches what there is to
// do; without a queue it only takes the memory, of which there is none yet.
template <typename Args, typename Body>
uint64_t WorkspaceSize(const Args& args, const Body& body) {
  const Problem problem = ProblemOf(args);
  Arena arena;
  if (problem.num_objects > 0) body(problem, &arena, nullptr);
  return arena.used();
}

template <typename Args, typename Body>
int32_t Run(const Args& args, propnp_backend_error* error, const Body& body) {
  const Problem problem = ProblemOf(args);
  const uint64_t needed = WorkspaceSize(args, body);
  if (problem.num_objects == 0) return 0;
  if (args.workspace && args.workspace_size < needed) {
    return Refuse(Status(StatusCode::kWorkspaceTooSmall,
                         "workspace_size is " + std::to_string(args.workspace_size) +
                             ", expected " + std::to_string(needed)),
                  error);
  }
  if (reinterpret_cast<uintptr_t>(args.workspace) % kColumnAlignment != 0) {
    return Refuse(Status::InvalidArgument("workspace is not aligned to 64 bytes"), error);
  }
  const DeviceScope scope(args.device);
  Queue queue(args.stream);
  void* const memory = args.workspace ? args.workspace : queue.Allocate(needed);
  if (!queue.failed()) {
    Arena arena(memory);
    body(problem, &arena, &queue);
  }
  if (!args.workspace && memory) queue.Free(memory);
  return queue.failed() ? Refuse(Status(StatusCode::kUnavailable, queue.message()), error) : 0;
}

constexpr int64_t DivideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_CALL_H_
