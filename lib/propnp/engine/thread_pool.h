// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A small pool of threads for loops over objects. The caller works too, so a pool of one has no
// thread. After a fork the child starts threads of its own.
#ifndef PROPNP_ENGINE_THREAD_POOL_H_
#define PROPNP_ENGINE_THREAD_POOL_H_

#include <memory>

namespace propnp {

// The most threads that anybody may ask for.
constexpr int kMaxThreads = 4096;

class ThreadPool {
 public:
  // num_threads <= 0 means one a hardware thread.
  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const { return num_threads_; }

  // Calls body(context, worker) for worker = 0 .. num_threads() - 1, each once, and returns when
  // all have. One call at a time. Allocates nothing (but the first call, and the first after a
  // fork).
  void Run(void (*body)(void* context, int worker), void* context);

 private:
  struct Workers;
  void Start();

  int num_threads_;
  long owner_process_ = 0;
  std::unique_ptr<Workers> workers_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_THREAD_POOL_H_
