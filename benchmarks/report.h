// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The results of workloads as tables and as JSON.
#ifndef PROPNP_BENCHMARKS_REPORT_H_
#define PROPNP_BENCHMARKS_REPORT_H_

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/timing.h"
#include "benchmarks/workload.h"

namespace propnp::bench {

struct Result {
  std::string workload;
  std::string method;
  std::string peer;  // empty for ours
  std::string precision;
  int threads = 1;
  std::string isa;
  Spread time;
  // Of a process that runs this method alone: whole, and without what it was before the problem was
  // made. Then the workspace of propnp's call, which is part of that.
  std::optional<double> peak_mb, extra_mb, workspace_mb;
};

// Machine, compiler and flags, a line each.
void PrintMachine(std::ostream& out);

// The table of one workload; its ratios are median times over that of the first result.
void PrintTable(const Workload& workload, const std::vector<Result>& results, std::ostream& out);

// Writes {"workloads": [...]}; false if the file cannot be written.
bool WriteJson(const std::vector<Result>& results, const std::string& path);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_REPORT_H_
