// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/thread_pool.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace propnp {

struct ThreadPool::Workers {
  std::mutex mutex;
  std::condition_variable work_ready, work_done;
  void (*body)(void*, int) = nullptr;
  void* context = nullptr;
  uint64_t generation = 0;
  int running = 0;
  bool stop = false;
  int num_workers;
  std::vector<std::thread> threads;

  // Where the system has no thread left to give, the caller does the work of those that are
  // missing.
  explicit Workers(int count) : num_workers(count) {
    threads.reserve(count);
    try {
      for (int worker = 1; worker <= count; ++worker) {
        threads.emplace_back([this, worker] { Loop(worker); });
      }
    } catch (const std::system_error&) {
    }
  }

  ~Workers() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      stop = true;
    }
    work_ready.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  void Loop(int worker) {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
      work_ready.wait(lock, [&] { return stop || generation != seen; });
      if (stop) return;
      seen = generation;
      lock.unlock();
      body(context, worker);
      lock.lock();
      if (--running == 0) work_done.notify_one();
    }
  }

  void Run(void (*new_body)(void*, int), void* new_context) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      body = new_body, context = new_context;
      running = static_cast<int>(threads.size());
      ++generation;
    }
    work_ready.notify_all();
    new_body(new_context, 0);
    for (int worker = static_cast<int>(threads.size()) + 1; worker <= num_workers; ++worker) {
      new_body(new_context, worker);
    }
    std::unique_lock<std::mutex> lock(mutex);
    work_done.wait(lock, [&] { return running == 0; });
  }
};

namespace {

int HardwareThreads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaxThreads);
}

}  // namespace

ThreadPool::ThreadPool(int num_threads)
    : num_threads_(num_threads > 0 ? num_threads : HardwareThreads()) {}

ThreadPool::~ThreadPool() {
  // The threads of the parent do not exist in a forked child: nothing there can be joined.
  if (workers_ && owner_process_ != getpid()) workers_.release();
}

void ThreadPool::Start() {
  if (owner_process_ == getpid()) return;
  workers_.release();  // null, or the parent's
  workers_ = std::make_unique<Workers>(num_threads_ - 1);
  owner_process_ = getpid();
}

void ThreadPool::Run(void (*body)(void* context, int worker), void* context) {
  if (num_threads_ == 1) {
    body(context, 0);
    return;
  }
  Start();
  workers_->Run(body, context);
}

}  // namespace propnp
