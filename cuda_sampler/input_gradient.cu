// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "cuda_sampler/call.h"
#include "cuda_sampler/input_gradient.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128;

struct ClearArgs {
  const DeviceInputs<double>* inputs;
  propnp_gradients gradients;
};

PROPNP_DEVICE void ClearRow(const propnp_tensor& t, int64_t row) {
  if (!IsGiven(t)) return;
  const int64_t columns = t.ndim == 3 ? t.shape[2] : 1;
  for (int64_t j = 0; j < t.shape[1]; ++j) {
    for (int64_t k = 0; k < columns; ++k) {
      Store(t, row * t.stride[0] + j * t.stride[1] + (t.ndim == 3 ? k * t.stride[2] : 0), 0.0);
    }
  }
}

// A thread a row.
PROPNP_KERNEL(kThreads)
ClearUnusedRowsKernel(ClearArgs args) {
  const propnp_correspondences& c = args.inputs->correspondences;
  const int64_t row = block_index() * block_size() + thread_index();
  const int64_t views =
      IsGiven(c.view_offsets) ? LoadAt<int64_t>(c.view_offsets, c.num_objects) : c.num_objects;
  if (row >= c.x3d.shape[0] || views < 0 || views >= c.offsets.shape[0]) return;
  if (row < LoadAt<int64_t>(c.offsets, views)) return;
  ClearRow(args.gradients.x3d, row);
  ClearRow(args.gradients.x2d, row);
  ClearRow(args.gradients.w2d, row);
  ClearRow(args.gradients.sqrt_info, row);
}

}  // namespace

void ClearUnusedRows(const Problem& problem, const DeviceInputs<double>* inputs,
                     const propnp_gradients& gradients, Queue* queue) {
  if (problem.dense) return;
  queue->Launch("clear unused rows", ClearUnusedRowsKernel,
                DivideUp(problem.correspondences->x3d.shape[0], kThreads), kThreads, 0,
                ClearArgs{inputs, gradients});
}

}  // namespace propnp::gpu
