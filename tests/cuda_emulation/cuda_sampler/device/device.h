// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The emulation's place of the header of this name in cuda_sampler/: the same functions on the CPU,
// see emulator.h. Device memory is the host's.
#ifndef PROPNP_CUDA_SAMPLER_DEVICE_DEVICE_H_
#define PROPNP_CUDA_SAMPLER_DEVICE_DEVICE_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/cuda_emulation/emulator.h"

#define PROPNP_DEVICE inline
#define PROPNP_DEVICE_CALL inline
#define PROPNP_KERNEL(threads) void
#define PROPNP_KERNEL_TOGETHER(threads, blocks) void
#define PROPNP_ARGUMENT const

namespace propnp::gpu {

constexpr int kWarpSize = emulation::kWarpSize;

inline int thread_index() { return emulation::ThreadIndex(); }
inline int block_size() { return emulation::BlockSize(); }
inline int64_t block_index() { return emulation::BlockIndex(); }
inline int64_t grid_size() { return emulation::GridSize(); }

inline void block_barrier() { emulation::BlockBarrier(); }
inline void warp_barrier() { emulation::WarpBarrier(); }

template <typename T>
T shuffle_from(const T& value, int source) {
  T result;
  emulation::Exchange(&value, sizeof(T), source, &result);
  return result;
}
template <typename T>
T shuffle_xor(const T& value, int mask) {
  return shuffle_from(value, (thread_index() % kWarpSize) ^ mask);
}
inline uint32_t warp_ballot(bool value) {
  uint32_t bits = static_cast<uint32_t>(value) << (thread_index() % kWarpSize);
  for (int mask = 1; mask < kWarpSize; mask *= 2) bits |= shuffle_xor(bits, mask);
  return bits;
}

inline char* shared_memory() { return emulation::SharedMemory(); }

class Queue {
 public:
  explicit Queue(void* /*stream*/) {}

  template <typename Args>
  void Launch(const char* name, void (*kernel)(Args), int64_t blocks, int threads,
              size_t shared_bytes, const Args& args) {
    static_assert(sizeof(Args) <= 4096, "what every driver takes as a kernel's parameter");
    if (failed() || blocks == 0) return;
    struct Call {
      void (*kernel)(Args);
      const Args& args;
    } call{kernel, args};
    emulation::RunGrid(
        name, {blocks, threads, shared_bytes},
        [](const void* context) {
          const Call& c = *static_cast<const Call*>(context);
          c.kernel(c.args);
        },
        &call);
  }

  // Full of numbers that nobody wrote, large ones of every type.
  void* Allocate(size_t bytes) {
    const size_t size = (bytes + 63) / 64 * 64;
    void* const memory = std::aligned_alloc(64, size);
    return memory ? std::memset(memory, 0x5a, size) : nullptr;
  }
  void Free(void* memory) { std::free(memory); }

  bool failed() const { return false; }
  const char* message() const { return ""; }
};

class DeviceScope {
 public:
  explicit DeviceScope(int /*device*/) {}
};

// There is one device.
inline bool FindDevice(int device, char* message, size_t size) {
  if (device == 0) return true;
  std::snprintf(message, size, "no such CUDA device: there are 1, numbered from 0");
  return false;
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_DEVICE_DEVICE_H_
