// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A loop over rows, most often the objects of a problem, on the threads of a context. Each row is
// computed alone, so that no result depends on who computes it.
#ifndef PROPNP_ENGINE_FOR_EACH_ROW_H_
#define PROPNP_ENGINE_FOR_EACH_ROW_H_

#include <algorithm>
#include <atomic>

#include "propnp/engine/context.h"
#include "propnp/engine/problem.h"

namespace propnp {

// Deals rows to workers as they ask for them, fewer at a time towards the end: one object may take
// ten times as long as the next, and one core may be busy with something else.
class RowQueue {
 public:
  RowQueue(int64_t count, int num_workers) : count_(count), num_workers_(num_workers) {}

  // Empty when nothing is left.
  Range Take() {
    int64_t begin = next_.load(std::memory_order_relaxed), end;
    do {
      const int64_t left = count_ - begin;
      end = begin + std::min(left, left / (kPortions * num_workers_) + 1);
    } while (!next_.compare_exchange_weak(begin, end, std::memory_order_relaxed));
    return {begin, end};
  }

 private:
  static constexpr int64_t kPortions = 4;  // of what is left, for each worker

  const int64_t count_;
  const int num_workers_;
  std::atomic<int64_t> next_{0};
};

// Calls body(row, worker) for every row of `count`.
template <typename Body>
Status ForEachRow(Context& context, int64_t count, const Body& body) {
  struct Job {
    RowQueue rows;
    const Body& body;
  } job{{count, context.num_threads()}, body};
  return context.Run(
      [](void* job_pointer, int worker) {
        Job& j = *static_cast<Job*>(job_pointer);
        for (Range rows = j.rows.Take(); rows.begin < rows.end; rows = j.rows.Take()) {
          for (int64_t row = rows.begin; row < rows.end; ++row) j.body(row, worker);
        }
      },
      &job);
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_FOR_EACH_ROW_H_
