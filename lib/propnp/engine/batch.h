// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The frame of every operation: memory for what all workers share (the prepared cameras) and a
// scratch for each worker, then a loop over the objects.
#ifndef PROPNP_ENGINE_BATCH_H_
#define PROPNP_ENGINE_BATCH_H_

#include "propnp/engine/for_each_row.h"
#include "propnp/engine/packed_object.h"
#include "propnp/engine/visit_precision.h"
#include "propnp/engine/workspace.h"

namespace propnp {

// How a call's memory is laid out: [prepared cameras][scratch of worker 0][scratch of worker 1]...
// allocate(arena) takes one worker's scratch from an arena and returns it.
template <typename T>
class BatchLayout {
 public:
  template <typename Allocate>
  BatchLayout(const Problem& problem, int num_workers, const Allocate& allocate) {
    Arena shared, scratch;
    shared.Take<PreparedCamera<T>>(problem.num_cameras);
    allocate(&scratch);
    shared_bytes_ = shared.used();
    scratch_bytes_ = scratch.used();
    total_bytes_ = shared_bytes_ + static_cast<size_t>(num_workers) * scratch_bytes_;
  }

  size_t total_bytes() const { return total_bytes_; }
  size_t ScratchBegin(int worker) const { return shared_bytes_ + worker * scratch_bytes_; }

 private:
  size_t shared_bytes_, scratch_bytes_, total_bytes_;
};

// Calls body(object index, cameras, &scratch) for every object, on the context's threads.
template <typename T, typename Allocate, typename Body>
Status RunBatch(Context& context, const Problem& problem, void* workspace, uint64_t workspace_size,
                const Allocate& allocate, const Body& body) {
  const BatchLayout<T> layout(problem, context.num_threads(), allocate);
  WorkspaceMemory memory(context);
  PROPNP_RETURN_IF_ERROR(memory.Acquire(layout.total_bytes(), workspace, workspace_size));
  Arena shared(memory.data());
  PreparedCamera<T>* cameras = shared.Take<PreparedCamera<T>>(problem.num_cameras);
  PrepareCameras(problem, cameras);
  return ForEachRow(context, problem.num_objects, [&](int64_t object, int worker) {
    Arena arena(memory.data() + layout.ScratchBegin(worker));
    auto scratch = allocate(&arena);
    body(object, cameras, &scratch);
  });
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_BATCH_H_
