// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Which objects a worker computes: consecutive ones, about as many points for every worker. Each
// object is computed alone, so that no result depends on the partition.
#ifndef PROPNP_ENGINE_PARTITION_H_
#define PROPNP_ENGINE_PARTITION_H_

#include <algorithm>

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

// Calls body(index, worker) for every index of the range that range_of(worker) is, on the context's
// threads.
template <typename RangeOf, typename Body>
Status ForEachOfWorkers(Context& context, const RangeOf& range_of, const Body& body) {
  struct Job {
    const RangeOf& range_of;
    const Body& body;
  } job{range_of, body};
  return context.Run(
      [](void* job_pointer, int worker) {
        const Job& j = *static_cast<const Job*>(job_pointer);
        const Range range = j.range_of(worker);
        for (int64_t index = range.begin; index < range.end; ++index) j.body(index, worker);
      },
      &job);
}

// Calls body(object, worker) for every object of the problem.
template <typename Body>
Status ForEachObject(Context& context, const Problem& problem, const Body& body) {
  const auto range_of = [&](int worker) {
    return ObjectsOfWorker(problem, worker, context.num_threads());
  };
  return ForEachOfWorkers(context, range_of, body);
}

// Calls body(row, worker) for every row of `count` that cost the same.
template <typename Body>
Status ForEachRow(Context& context, int64_t count, const Body& body) {
  const int64_t workers = context.num_threads();
  const int64_t share = count / workers, rest = count % workers;
  const auto begin_of = [&](int64_t worker) { return worker * share + std::min(worker, rest); };
  const auto range_of = [&](int worker) { return Range{begin_of(worker), begin_of(worker + 1)}; };
  return ForEachOfWorkers(context, range_of, body);
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_PARTITION_H_
