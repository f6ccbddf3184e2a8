// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#ifndef PROPNP_CUDA_SAMPLER_BLOCK_PREFIX_SUM_H_
#define PROPNP_CUDA_SAMPLER_BLOCK_PREFIX_SUM_H_

#include "cuda_sampler/device/team.h"

namespace propnp::gpu {

// sums[k] = value(0) + .. + value(k), by all threads of a block: each adds up a run of them. `runs`
// is shared memory for as many numbers as there are threads.
template <typename Value>
PROPNP_DEVICE void BlockPrefixSum(int64_t count, const Value& value, double* runs, double* sums) {
  const int64_t run = (count + block_size() - 1) / block_size();
  const int64_t begin = min(run * thread_index(), count), end = min(begin + run, count);
  double own = 0;
  for (int64_t k = begin; k < end; ++k) own += value(k);
  block_barrier();
  runs[thread_index()] = own;
  block_barrier();
  double sum = 0;
  for (int t = 0; t < thread_index(); ++t) sum += runs[t];
  for (int64_t k = begin; k < end; ++k) sums[k] = sum += value(k);
  block_barrier();
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_BLOCK_PREFIX_SUM_H_
