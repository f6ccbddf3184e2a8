// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/timing.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace propnp::bench {
namespace {

constexpr double kTurnMs = 2;
constexpr size_t kTurnCalls = 9;
constexpr double kShortCallMs = 1;
constexpr double kLongCallMs = 20;

double MillisecondsOf(const Call& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  const auto end = std::chrono::steady_clock::now();
  return std::chrono::duration<double, std::milli>(end - start).count();
}

std::vector<double> Turn(const Call& call, bool warm_up) {
  if (warm_up) call();
  std::vector<double> times_ms;
  double spent_ms = 0, shortest_ms = std::numeric_limits<double>::infinity();
  const auto few = [&] { return times_ms.size() < kTurnCalls && shortest_ms < kShortCallMs; };
  do {
    times_ms.push_back(MillisecondsOf(call));
    spent_ms += times_ms.back();
    shortest_ms = std::min(shortest_ms, times_ms.back());
  } while (spent_ms < kTurnMs || few());
  return times_ms;
}

double Median(std::vector<double> values) {
  const size_t half = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + half, values.end());
  if (values.size() % 2 == 1) return values[half];
  return (values[half] + *std::max_element(values.begin(), values.begin() + half)) / 2;
}

Spread SpreadOfValues(const std::vector<double>& values) {
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  return {Median(values), *min, *max};
}

}  // namespace

std::vector<Samples> TimeInTurns(const std::vector<Call>& calls, int repetitions) {
  std::vector<Samples> samples(calls.size());
  for (int round = 0; round < repetitions; ++round) {
    for (size_t i = 0; i < calls.size(); ++i) {
      auto& turns = samples[i].turns_ms;
      const bool warm_up = turns.empty() || turns.back().back() < kLongCallMs;
      turns.push_back(Turn(calls[i], warm_up));
    }
  }
  return samples;
}

OneCore::OneCore() : pinned_(sched_getaffinity(0, sizeof(all_), &all_) == 0) {
  const int core = sched_getcpu();
  if (!pinned_ || core < 0) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  sched_setaffinity(0, sizeof(one), &one);
}

OneCore::~OneCore() {
  if (pinned_) sched_setaffinity(0, sizeof(all_), &all_);
}

Spread SpreadOf(const Samples& samples) {
  std::vector<double> all;
  for (const auto& turn : samples.turns_ms) all.insert(all.end(), turn.begin(), turn.end());
  return SpreadOfValues(all);
}

Spread SpreadOfDifference(const Samples& with, const Samples& without, int count) {
  std::vector<double> differences;
  for (size_t round = 0; round < with.turns_ms.size(); ++round) {
    differences.push_back((Median(with.turns_ms[round]) - Median(without.turns_ms[round])) / count);
  }
  return SpreadOfValues(differences);
}

}  // namespace propnp::bench
