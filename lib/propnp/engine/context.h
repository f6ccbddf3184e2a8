// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What an operation runs on: threads, memory for calls that bring none, and a log. Cheap to keep,
// not to make: it owns the threads. One call at a time a context; different contexts may be used
// from different threads.
#ifndef PROPNP_ENGINE_CONTEXT_H_
#define PROPNP_ENGINE_CONTEXT_H_

#include <cstddef>

#include "propnp/engine/context_args.h"
#include "propnp/engine/status.h"
#include "propnp/engine/thread_pool.h"

namespace propnp {

// One thread for each that the hardware has, and no callbacks.
struct ContextOptions : propnp_context_options {
  ContextOptions() : propnp_context_options{} {
    struct_size = sizeof(propnp_context_options);
    log_level = PROPNP_LOG_INFO;
  }
};

// Names the field and its value if the options cannot be served.
Status CheckContextOptions(const propnp_context_options& options);

class Context {
 public:
  // num_threads <= 0 means one a hardware thread. Results never depend on the number.
  explicit Context(int num_threads = 0) : pool_(num_threads) {}
  // Options that CheckContextOptions() passes.
  explicit Context(const propnp_context_options& options);

  int num_threads() const { return pool_.num_threads(); }

  // Runs body(data, worker) for worker = 0 .. num_threads() - 1, each once, and returns when all
  // have. Fails if the user's parallel_for did not do so.
  Status Run(void (*body)(void* data, int worker), void* data);

  // Memory aligned to kColumnAlignment; null if there is none.
  void* Allocate(size_t bytes);
  void Deallocate(void* memory, size_t bytes);

  bool Logs(int32_t level) const { return options_.log && level <= options_.log_level; }
  // A line in the manner of printf; longer ones than 1023 characters are cut. Allocates nothing.
  void Log(int32_t level, const char* format, ...) const __attribute__((format(printf, 3, 4)));

 private:
  ContextOptions options_;
  ThreadPool pool_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_CONTEXT_H_
