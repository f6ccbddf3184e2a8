// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Runs CUDA kernels on the CPU. The blocks of a grid run one after another; the threads of a block
// are fibers that take turns, each running until it waits for others, or with
// PROPNP_EMULATION_THREADS real threads, in which ThreadSanitizer sees an access that no barrier
// orders. Shared memory is filled with NaN before every block. Threads that wait at different
// barriers, or return while others wait, end the program with a message.
#ifndef PROPNP_TESTS_CUDA_EMULATION_EMULATOR_H_
#define PROPNP_TESTS_CUDA_EMULATION_EMULATOR_H_

#include <cstddef>
#include <cstdint>

namespace propnp::emulation {

constexpr int kWarpSize = 32;

struct GridShape {
  int64_t blocks;
  int threads;  // a multiple of kWarpSize
  size_t shared_bytes;
};

// Calls body(context) once for every thread. `name` is the kernel's, for messages. Where the
// environment variable PROPNP_EMULATION_LAUNCHES names a file, nothing runs: a line `blocks threads
// shared_bytes name` is added to it.
void RunGrid(const char* name, const GridShape& shape, void (*body)(const void*),
             const void* context);

// Within a kernel.
int ThreadIndex();
int BlockSize();
int64_t BlockIndex();
int64_t GridSize();
char* SharedMemory();
void BlockBarrier();
void WarpBarrier();

// Gives `value` to the other lanes of the warp and takes that of lane `source`.
void Exchange(const void* value, size_t size, int source, void* result);

}  // namespace propnp::emulation

#endif  // PROPNP_TESTS_CUDA_EMULATION_EMULATOR_H_
