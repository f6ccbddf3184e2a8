// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Sorts numbers in global memory with all threads of a block: bitonic merges (K. Batcher, 1968), so
// that any size takes the same path.
#ifndef PROPNP_CUDA_SAMPLER_BLOCK_SORT_H_
#define PROPNP_CUDA_SAMPLER_BLOCK_SORT_H_

#include "cuda_sampler/device/device.h"

namespace propnp::gpu {

// Ascending; `size` is a power of two. `items` moves along with `keys`; of equal keys the smaller
// item comes first.
PROPNP_DEVICE void BlockSort(double* keys, int32_t* items, int64_t size) {
  for (int64_t length = 2; length <= size; length *= 2) {
    for (int64_t distance = length / 2; distance > 0; distance /= 2) {
      block_barrier();
      for (int64_t k = thread_index(); k < size / 2; k += block_size()) {
        const int64_t i = 2 * distance * (k / distance) + k % distance, j = i + distance;
        const double a = keys[i], b = keys[j];
        const int32_t m = items[i], n = items[j];
        const bool ascending = (i & length) == 0;
        const bool greater = b < a || (a == b && n < m);
        if (greater == ascending) {
          keys[i] = b, keys[j] = a;
          items[i] = n, items[j] = m;
        }
      }
    }
  }
  block_barrier();
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_BLOCK_SORT_H_
