// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "tests/cuda_emulation/emulator.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#if defined(PROPNP_EMULATION_THREADS)
#include <condition_variable>
#include <mutex>
#include <thread>
#else
#include <ucontext.h>

#include <csetjmp>
#endif

namespace propnp::emulation {
namespace {

constexpr size_t kMaxExchange = 512;  // bytes

struct Block;

// A place where `size` threads wait for each other. It opens when the last one arrives and can be
// used again at once.
struct Gate {
  int size = 0, arrived = 0;
  uint64_t generation = 0;
#if defined(PROPNP_EMULATION_THREADS)
  std::mutex mutex;
  std::condition_variable opened;
#endif
};

// Two sets of slots: a lane that is one exchange ahead does not overwrite what others still read.
struct Warp {
  Gate gate;
  char slots[2][kWarpSize][kMaxExchange];
};

struct Thread {
  Block* block = nullptr;
  int index = 0;
  int exchanges = 0;
#if !defined(PROPNP_EMULATION_THREADS)
  ucontext_t context;  // where it begins
  jmp_buf point;       // where it waits
  bool begun = false;
  std::unique_ptr<char[]> stack;
  const Gate* waits_for = nullptr;
  uint64_t generation = 0;
  bool done = false;
#endif
};

struct Block {
  const char* name;
  GridShape shape;
  int64_t index = 0;
  Gate gate;
  std::vector<Warp> warps;
  std::vector<Thread> threads;
  std::vector<double> shared;
  void (*body)(const void*);
  const void* context;

  Block(const char* kernel, const GridShape& grid)
      : name(kernel),
        shape(grid),
        warps(grid.threads / kWarpSize),
        threads(grid.threads),
        shared(grid.shared_bytes / sizeof(double) + 2) {
    gate.size = grid.threads;
    for (Warp& warp : warps) warp.gate.size = kWarpSize;
    for (int i = 0; i < grid.threads; ++i) {
      threads[i].block = this;
      threads[i].index = i;
    }
  }

  void PoisonSharedMemory() {
    std::memset(static_cast<void*>(shared.data()), 0xFF, shared.size() * sizeof(double));
  }
};

[[noreturn]] void Fail(const Block& block, const char* what) {
  std::fprintf(stderr, "emulated kernel %s, block %lld: %s\n", block.name,
               static_cast<long long>(block.index), what);
  std::abort();
}

#if defined(PROPNP_EMULATION_THREADS)

thread_local Thread* current = nullptr;

void Wait(Gate* gate) {
  std::unique_lock<std::mutex> lock(gate->mutex);
  const uint64_t generation = gate->generation;
  if (++gate->arrived == gate->size) {
    gate->arrived = 0;
    ++gate->generation;
    gate->opened.notify_all();
    return;
  }
  gate->opened.wait(lock, [&] { return gate->generation != generation; });
}

void RunBlock(Block* block) {
  std::vector<std::thread> threads;
  for (Thread& thread : block->threads) {
    threads.emplace_back([block, &thread] {
      current = &thread;
      block->body(block->context);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

#else

constexpr size_t kStackBytes = 256 * 1024;
thread_local Thread* current = nullptr;
thread_local jmp_buf scheduler;

// Contexts only give each fiber its stack: a change of context asks the kernel for the mask of
// signals, a jump does not, and there are millions of them.
__attribute__((noinline)) void LeaveFiber(Thread* thread) {
  if (_setjmp(thread->point) == 0) _longjmp(scheduler, 1);
}
__attribute__((noinline)) void EnterFiber(Thread* thread) {
  if (_setjmp(scheduler) != 0) return;
  if (thread->begun) _longjmp(thread->point, 1);
  thread->begun = true;
  setcontext(&thread->context);
}

void Wait(Gate* gate) {
  Thread* const thread = current;
  if (++gate->arrived == gate->size) {
    gate->arrived = 0;
    ++gate->generation;
    return;
  }
  thread->waits_for = gate;
  thread->generation = gate->generation;
  LeaveFiber(thread);
}

void FiberMain() {
  current->block->body(current->block->context);
  current->done = true;
  LeaveFiber(current);
}

void StartFiber(Thread* thread) {
  if (!thread->stack) thread->stack.reset(new char[kStackBytes]);
  thread->waits_for = nullptr;
  thread->done = thread->begun = false;
  getcontext(&thread->context);
  thread->context.uc_stack.ss_sp = thread->stack.get();
  thread->context.uc_stack.ss_size = kStackBytes;
  thread->context.uc_link = nullptr;
  makecontext(&thread->context, FiberMain, 0);
}

bool CanRun(const Thread& thread) {
  return !thread.done && !(thread.waits_for && thread.waits_for->generation == thread.generation);
}

void RunBlock(Block* block) {
  for (Thread& thread : block->threads) StartFiber(&thread);
  size_t done = 0;
  while (done < block->threads.size()) {
    bool progress = false;
    for (Thread& thread : block->threads) {
      if (!CanRun(thread)) continue;
      progress = true;
      thread.waits_for = nullptr;
      current = &thread;
      EnterFiber(&thread);
      done += thread.done;
    }
    if (!progress) Fail(*block, "some threads wait for others that never come");
  }
}

#endif

bool RecordLaunch(const char* name, const GridShape& shape) {
  const char* const path = std::getenv("PROPNP_EMULATION_LAUNCHES");
  if (!path) return false;
  static std::string opened;
  static std::FILE* file = nullptr;
  if (opened != path) {
    if (file) std::fclose(file);
    file = std::fopen(path, "a");
    opened = path;
  }
  if (!file) std::abort();
  std::fprintf(file, "%lld %d %zu %s\n", static_cast<long long>(shape.blocks), shape.threads,
               shape.shared_bytes, name);
  std::fflush(file);
  return true;
}

Warp& CurrentWarp() { return current->block->warps[current->index / kWarpSize]; }

}  // namespace

void RunGrid(const char* name, const GridShape& shape, void (*body)(const void*),
             const void* context) {
  if (RecordLaunch(name, shape)) return;
  Block block(name, shape);
  if (shape.threads % kWarpSize != 0) Fail(block, "the block is not made of whole warps");
  block.body = body;
  block.context = context;
  for (block.index = 0; block.index < shape.blocks; ++block.index) {
    block.PoisonSharedMemory();
    RunBlock(&block);
  }
}

int ThreadIndex() { return current->index; }
int BlockSize() { return current->block->shape.threads; }
int64_t BlockIndex() { return current->block->index; }
int64_t GridSize() { return current->block->shape.blocks; }

char* SharedMemory() {
  char* const begin = reinterpret_cast<char*>(current->block->shared.data());
  return begin + (16 - reinterpret_cast<uintptr_t>(begin) % 16) % 16;
}

void BlockBarrier() { Wait(&current->block->gate); }
void WarpBarrier() { Wait(&CurrentWarp().gate); }

void Exchange(const void* value, size_t size, int source, void* result) {
  Warp& warp = CurrentWarp();
  auto& slots = warp.slots[current->exchanges++ % 2];
  if (size > kMaxExchange) Fail(*current->block, "a value is too large to exchange");
  std::memcpy(slots[current->index % kWarpSize], value, size);
  Wait(&warp.gate);
  std::memcpy(result, slots[source % kWarpSize], size);
}

}  // namespace propnp::emulation
