// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What is compared: workloads, each done by several methods.
#ifndef PROPNP_BENCHMARKS_WORKLOAD_H_
#define PROPNP_BENCHMARKS_WORKLOAD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace propnp::bench {

// One whole unit of work. Every call starts from the same input and does the same.
using Call = std::function<void()>;

// One way of doing a workload.
struct Method {
  std::string name;
  std::string peer;       // whose it is, with its version; empty for ours
  std::string precision;  // of the arithmetic: "double" or "float"
  int threads = 1;
  std::string isa;  // of its inner loops; "baseline" for code that is compiled for any machine

  // Makes everything that a user would make once, checks the answer, and returns what is timed.
  // Throws std::runtime_error if the answer is wrong.
  std::function<Call()> prepare;

  // The memory that the engine asks its caller for; empty where that is not a figure.
  std::function<uint64_t()> workspace_bytes;
};

// A figure from two methods of the same workload: (with - without) / count.
struct Difference {
  std::string name;
  size_t with, without;
  int count;
};

struct Workload {
  std::string name;
  std::string title;
  // What the work is made of, for a column of its own: 500 "point". No name, no column.
  int64_t num_items = 1;
  std::string item;
  int repetitions = 30;
  bool only_if_named = false;   // too long to run with all the others
  std::vector<Method> methods;  // ratios refer to the first, which is ours
  std::vector<Difference> differences;
};

struct WorkloadOptions {
  int num_threads = 1;  // of methods that use several; the others use one
};

// All workloads, cheap to make: nothing is computed before Method::prepare.
std::vector<Workload> MakeWorkloads(const WorkloadOptions& options);

// The factories that MakeWorkloads() calls.
Workload MakeTrackingWorkload();                                               // tracking.cc
std::vector<Workload> MakePosteriorWorkloads(const WorkloadOptions& options);  // posteriors.cc
Workload MakeBatchWorkload(const WorkloadOptions& options);                    // batch.cc
Workload MakeScalingWorkload(const WorkloadOptions& options);                  // batch.cc
std::vector<Workload> MakeCostFunctionWorkloads();                             // cost_functions.cc

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_WORKLOAD_H_
