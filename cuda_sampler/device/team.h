// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Threads that work on one object together. Each runs the same code on the same numbers; what goes
// over points or samples is divided among them by rank, and sums leave the same bits in every
// thread, so that all of them take the same branches. A team has
//
//   rank(), size()     this thread's place
//   barrier()          what was written before is seen after
//   sum(value)         of all threads
#ifndef PROPNP_CUDA_SAMPLER_DEVICE_TEAM_H_
#define PROPNP_CUDA_SAMPLER_DEVICE_TEAM_H_

#include "cuda_sampler/device/device.h"
#include "propnp/math/scalar.h"

namespace propnp::gpu {

// In a butterfly both partners add the same two numbers, and addition commutes.
template <typename T>
PROPNP_DEVICE T warp_sum(T value) {
  for (int mask = 1; mask < kWarpSize; mask *= 2) value += shuffle_xor(value, mask);
  return value;
}
template <typename T>
PROPNP_DEVICE T warp_max(T value) {
  for (int mask = 1; mask < kWarpSize; mask *= 2) value = max(value, shuffle_xor(value, mask));
  return value;
}

class WarpTeam {
 public:
  PROPNP_DEVICE WarpTeam() : rank_(thread_index() % kWarpSize) {}

  PROPNP_DEVICE int rank() const { return rank_; }
  PROPNP_DEVICE int size() const { return kWarpSize; }
  PROPNP_DEVICE void barrier() const { warp_barrier(); }
  template <typename T>
  PROPNP_DEVICE T sum(T value) const {
    return warp_sum(value);
  }
  template <typename T>
  PROPNP_DEVICE T max(T value) const {
    return warp_max(value);
  }
  PROPNP_DEVICE bool any(bool value) const { return warp_ballot(value) != 0; }

 private:
  int rank_;
};

// All threads of a block, with room for a number of each warp.
class BlockTeam {
 public:
  static constexpr int kScratchBytes = 32 * 8;

  // `scratch` is kScratchBytes of shared memory.
  PROPNP_DEVICE explicit BlockTeam(void* scratch) : scratch_(scratch) {}

  PROPNP_DEVICE int rank() const { return thread_index(); }
  PROPNP_DEVICE int size() const { return block_size(); }
  PROPNP_DEVICE void barrier() const { block_barrier(); }
  template <typename T>
  PROPNP_DEVICE T sum(T value) const {
    return combine(warp_sum(value), [](T a, T b) { return a + b; });
  }
  template <typename T>
  PROPNP_DEVICE T max(T value) const {
    return combine(warp_max(value), [](T a, T b) { return a < b ? b : a; });
  }
  PROPNP_DEVICE bool any(bool value) const { return sum(value ? 1 : 0) > 0; }

 private:
  // Every thread combines the warps' numbers in the same order.
  template <typename T, typename Combine>
  PROPNP_DEVICE T combine(T of_warp, const Combine& with) const {
    T* const numbers = static_cast<T*>(scratch_);
    block_barrier();
    if (thread_index() % kWarpSize == 0) numbers[thread_index() / kWarpSize] = of_warp;
    block_barrier();
    T result = numbers[0];
    for (int w = 1; w < block_size() / kWarpSize; ++w) result = with(result, numbers[w]);
    return result;
  }

  void* scratch_;
};

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_DEVICE_TEAM_H_
