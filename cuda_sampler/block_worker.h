// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Kernels of which a block does the work on one object: a Worker has a Scratch in shared memory,
// and Run() for all threads together.
#ifndef PROPNP_CUDA_SAMPLER_BLOCK_WORKER_H_
#define PROPNP_CUDA_SAMPLER_BLOCK_WORKER_H_

#include "cuda_sampler/device/team.h"

namespace propnp::gpu {

// The block's shared memory: the scratch, then the team's room.
template <typename Worker>
constexpr size_t SharedBytesOf() {
  constexpr size_t kBytes = sizeof(typename Worker::Scratch) + BlockTeam::kScratchBytes;
  static_assert(kBytes <= 48 << 10, "what any device has");
  return kBytes;
}

template <typename Worker, typename Args>
PROPNP_DEVICE void RunWorker(const Args& args, int64_t local) {
  using Scratch = typename Worker::Scratch;
  const BlockTeam team(shared_memory() + sizeof(Scratch));
  Worker(args, local, team, reinterpret_cast<Scratch*>(shared_memory())).Run();
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_BLOCK_WORKER_H_
