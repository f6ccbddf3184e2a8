// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Peak memory of a method: the high-water mark of the resident set (VmHWM) of a process of its own
// that makes the problem, prepares the method and calls it. Program and shared libraries are in it.
#ifndef PROPNP_BENCHMARKS_PEAK_MEMORY_H_
#define PROPNP_BENCHMARKS_PEAK_MEMORY_H_

#include <optional>
#include <string>
#include <vector>

#include "benchmarks/workload.h"

namespace propnp::bench {

struct PeakMemory {
  double idle_mb = 0;  // before the problem was made; MB are 2^20 bytes
  double peak_mb = 0;
};

// Starts this program again with `arguments`, a command that calls ReportPeakMemory(), and reads
// what it says; empty if that fails or the system has no /proc.
std::optional<PeakMemory> MeasureInOwnProcess(const std::vector<std::string>& arguments);

// The child's side: runs the method and prints the figures.
void ReportPeakMemory(const Method& method);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_PEAK_MEMORY_H_
