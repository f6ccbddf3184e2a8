// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// All of CUDA that this folder uses: where a thread stands, barriers, exchanges within a warp,
// shared memory, and for the host launches, memory and devices. tests/cuda_emulation has a second
// header of this name, with which a C++ compiler builds the same kernels for the CPU; nothing else
// may be taken from CUDA.
#ifndef PROPNP_CUDA_SAMPLER_DEVICE_DEVICE_H_
#define PROPNP_CUDA_SAMPLER_DEVICE_DEVICE_H_

#include <cuda_runtime.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

// Compiled for the host as well, though never run there, so that the mathematics, which is for
// both, may call what is built on these functions.
#define PROPNP_DEVICE __host__ __device__ __forceinline__
// A function that is called rather than copied to where it is used.
#define PROPNP_DEVICE_CALL __host__ __device__ __noinline__
// `threads` is the largest number of threads of a block. A thread gets the registers that it needs:
// left to itself the compiler would rather spill some to have more blocks at once.
#define PROPNP_KERNEL(threads) PROPNP_KERNEL_TOGETHER(threads, 1)
// So many blocks at least fit onto a multiprocessor.
#define PROPNP_KERNEL_TOGETHER(threads, blocks) __global__ void __launch_bounds__(threads, blocks)
// Before a kernel's parameter: it stays where the launch puts it, also when a function that is
// called takes its address; otherwise every thread would make a copy of it first.
#define PROPNP_ARGUMENT const __grid_constant__

namespace propnp::gpu {

constexpr int kWarpSize = 32;

// --- For kernels. All threads of a block, or of a warp, reach the collective ones together.

#if defined(__CUDA_ARCH__)
#define PROPNP_ON_DEVICE(result, otherwise) return result
#else
#define PROPNP_ON_DEVICE(result, otherwise) return otherwise
#endif

PROPNP_DEVICE int thread_index() { PROPNP_ON_DEVICE(static_cast<int>(threadIdx.x), 0); }
PROPNP_DEVICE int block_size() { PROPNP_ON_DEVICE(static_cast<int>(blockDim.x), 0); }
PROPNP_DEVICE int64_t block_index() { PROPNP_ON_DEVICE(blockIdx.x, 0); }
PROPNP_DEVICE int64_t grid_size() { PROPNP_ON_DEVICE(gridDim.x, 0); }

PROPNP_DEVICE void block_barrier() { PROPNP_ON_DEVICE(__syncthreads(), void()); }
PROPNP_DEVICE void warp_barrier() { PROPNP_ON_DEVICE(__syncwarp(), void()); }
PROPNP_DEVICE uint32_t warp_ballot(bool value) {
  PROPNP_ON_DEVICE(__ballot_sync(~0u, value), value);
}

// The value of lane `source`, or of the lane whose number differs in the bits of `mask`.
PROPNP_DEVICE uint32_t shuffle_word(uint32_t word, int source) {
  PROPNP_ON_DEVICE(__shfl_sync(~0u, word, source), word + source);
}
template <typename T>
PROPNP_DEVICE T shuffle_from(const T& value, int source) {
  static_assert(sizeof(T) % 4 == 0, "whole words");
  uint32_t words[sizeof(T) / 4];
  memcpy(words, &value, sizeof(T));
  for (uint32_t& word : words) word = shuffle_word(word, source);
  T result;
  memcpy(&result, words, sizeof(T));
  return result;
}
template <typename T>
PROPNP_DEVICE T shuffle_xor(const T& value, int mask) {
  return shuffle_from(value, (thread_index() % kWarpSize) ^ mask);
}

// The block's shared memory, as many bytes as the launch said, aligned to 16.
PROPNP_DEVICE char* shared_memory() {
#if defined(__CUDA_ARCH__)
  extern __shared__ __align__(16) char memory[];
  return memory;
#else
  return nullptr;
#endif
}

#undef PROPNP_ON_DEVICE

// --- For the host.

// What one call puts on the caller's stream. After the first failure nothing more is done, and the
// message says what failed.
class Queue {
 public:
  explicit Queue(void* stream) : stream_(static_cast<cudaStream_t>(stream)) {}

  // The one place that launches kernels. A kernel takes one struct by value.
  template <typename Args>
  void Launch(const char* name, void (*kernel)(Args), int64_t blocks, int threads,
              size_t shared_bytes, const Args& args) {
    static_assert(sizeof(Args) <= 4096, "what every driver takes as a kernel's parameter");
    if (failed() || blocks == 0) return;
    kernel<<<static_cast<unsigned>(blocks), threads, shared_bytes, stream_>>>(args);
    Check(name, cudaGetLastError());
  }

  void* Allocate(size_t bytes) {
    void* memory = nullptr;
    if (!failed()) Check("allocation", cudaMallocAsync(&memory, bytes, stream_));
    return failed() ? nullptr : memory;
  }
  void Free(void* memory) {
    const cudaError_t result = cudaFreeAsync(memory, stream_);
    if (!failed()) Check("release", result);
  }

  bool failed() const { return message_[0] != 0; }
  const char* message() const { return message_; }

 private:
  void Check(const char* what, cudaError_t result) {
    if (result == cudaSuccess) return;
    std::snprintf(message_, sizeof(message_), "CUDA: %s: %s", what, cudaGetErrorString(result));
  }

  cudaStream_t stream_;
  char message_[256] = {};
};

// Makes a device current until the end of the scope.
class DeviceScope {
 public:
  explicit DeviceScope(int device) {
    cudaGetDevice(&before_);
    if (before_ != device) cudaSetDevice(device);
  }
  ~DeviceScope() { cudaSetDevice(before_); }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  int before_ = 0;
};

// Writes why there is no device of this ordinal, or returns true.
inline bool FindDevice(int device, char* message, size_t size) {
  int count = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  if (result == cudaErrorInsufficientDriver) {
    std::snprintf(message, size, "no CUDA driver, or one older than the plugin's runtime");
  } else if (result == cudaErrorNoDevice || (result == cudaSuccess && count == 0)) {
    std::snprintf(message, size, "no CUDA device");
  } else if (result != cudaSuccess) {
    std::snprintf(message, size, "CUDA: %s", cudaGetErrorString(result));
  } else if (device >= count) {
    std::snprintf(message, size, "no such CUDA device: there are %d, numbered from 0", count);
  } else {
    return true;
  }
  return false;
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_DEVICE_DEVICE_H_
