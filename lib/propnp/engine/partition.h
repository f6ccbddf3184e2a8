// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Which objects a worker computes: consecutive ones, about as many points for every worker. Each
// object is computed alone, so that no result depends on the partition.
#ifndef PROPNP_ENGINE_PARTITION_H_
#define PROPNP_ENGINE_PARTITION_H_

#include "propnp/engine/context.h"
#include "propnp/engine/problem.h"

namespace propnp {

inline Range ObjectsOfWorker(const Problem& problem, int worker, int num_workers) {
  // An object costs its points and a little more.
  constexpr int64_t kFixedCost = 32;
  const auto work_of = [&](int64_t object) {
    const Range views = problem.ViewsOf(object);
    int64_t work = kFixedCost;
    for (int64_t view = views.begin; view < views.end; ++view)
      work += problem.PointsOf(view).size();
    return work;
  };
  int64_t total = 0;
  for (int64_t object = 0; object < problem.num_objects; ++object) total += work_of(object);
  Range range{0, problem.num_objects};
  int64_t before = 0;
  bool started = worker == 0;
  for (int64_t object = 0; object < problem.num_objects; ++object) {
    if (!started && before * num_workers >= total * worker) {
      range.begin = object;
      started = true;
    }
    if (worker + 1 < num_workers && before * num_workers >= total * (worker + 1)) {
      range.end = object;
      break;
    }
    before += work_of(object);
  }
  return started ? range : Range{problem.num_objects, problem.num_objects};
}

// Calls body(object, worker) for every object of the problem, on the context's threads.
template <typename Body>
void ForEachObject(Context& context, const Problem& problem, const Body& body) {
  struct Job {
    const Problem& problem;
    const Body& body;
    int num_workers;
  } job{problem, body, context.num_threads()};
  context.pool().Run(
      [](void* context_pointer, int worker) {
        const Job& j = *static_cast<const Job*>(context_pointer);
        const Range objects = ObjectsOfWorker(j.problem, worker, j.num_workers);
        for (int64_t object = objects.begin; object < objects.end; ++object) j.body(object, worker);
      },
      &job);
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_PARTITION_H_
