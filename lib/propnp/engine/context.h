// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What an operation runs on. Cheap to keep, not to make: it owns the threads. One call at a time a
// context; different contexts may be used from different threads.
#ifndef PROPNP_ENGINE_CONTEXT_H_
#define PROPNP_ENGINE_CONTEXT_H_

#include "propnp/engine/thread_pool.h"

namespace propnp {

class Context {
 public:
  // num_threads <= 0 means one a hardware thread. Results never depend on the number.
  explicit Context(int num_threads = 0) : pool_(num_threads) {}

  ThreadPool& pool() { return pool_; }
  int num_threads() const { return pool_.num_threads(); }

 private:
  ThreadPool pool_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_CONTEXT_H_
