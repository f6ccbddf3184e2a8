// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Times the methods of a workload in turns, so that a drift of the machine meets all of them.
#ifndef PROPNP_BENCHMARKS_TIMING_H_
#define PROPNP_BENCHMARKS_TIMING_H_

#include <sched.h>

#include <vector>

#include "benchmarks/workload.h"

namespace propnp::bench {

// One method: wall times of its calls, turn after turn.
struct Samples {
  std::vector<std::vector<double>> turns_ms;
};

struct Spread {
  double median_ms = 0, min_ms = 0, max_ms = 0;
};

// In each of `repetitions` rounds every call has its turn: one call that is not timed, which finds
// the caches as another method left them, then as many timed ones as fit into two milliseconds, at
// least one, and nine of calls below a millisecond. Calls of more than 20 ms have their untimed one
// in the first round alone.
std::vector<Samples> TimeInTurns(const std::vector<Call>& calls, int repetitions);

// Keeps the calling thread, and threads that it starts meanwhile, on one core: libraries that would
// otherwise help themselves to others (SuiteSparse does) run on one thread like everybody.
class OneCore {
 public:
  OneCore();
  ~OneCore();
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  cpu_set_t all_;
  bool pinned_;
};

// Over all calls.
Spread SpreadOf(const Samples& samples);

// Over the rounds, of (median of `with` - median of `without`) / count.
Spread SpreadOfDifference(const Samples& with, const Samples& without, int count);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_TIMING_H_
