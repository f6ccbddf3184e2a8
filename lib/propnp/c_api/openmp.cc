// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <atomic>

#include "propnp/c_api/propnp.h"

namespace propnp::c_api {
namespace {

// GOMP_parallel(body, data, num_threads, flags): runs body(data) on every thread of a team. What
// compilers call for a parallel region; libgomp, libomp and libiomp5 have it.
using GompParallel = void (*)(void (*body)(void*), void* data, unsigned num_threads,
                              unsigned flags);

// However many threads the team has, each takes the next task until none is left.
struct Tasks {
  propnp_task task;
  void* data;
  int32_t count;
  std::atomic<int32_t> next{0};

  static void Take(void* self) {
    Tasks& tasks = *static_cast<Tasks*>(self);
    for (int32_t i; (i = tasks.next.fetch_add(1, std::memory_order_relaxed)) < tasks.count;) {
      tasks.task(tasks.data, i);
    }
  }
};

}  // namespace
}  // namespace propnp::c_api

void propnp_openmp_parallel_for(void* gomp_parallel, int32_t count, propnp_task task,
                                void* task_data) {
  propnp::c_api::Tasks tasks{task, task_data, count};
  if (count <= 1 || !gomp_parallel) {
    propnp::c_api::Tasks::Take(&tasks);
    return;
  }
  const auto run = reinterpret_cast<propnp::c_api::GompParallel>(gomp_parallel);
  run(&propnp::c_api::Tasks::Take, &tasks, static_cast<unsigned>(count), 0);
}
