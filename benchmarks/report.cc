// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/report.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "benchmarks/table.h"
#include "propnp/compiler.h"
#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/version.h"

namespace propnp::bench {
namespace {

std::string ProcessorName() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

void AddIfKnown(const char* name, const std::optional<double>& value, nlohmann::ordered_json* row) {
  (*row)[name] = nullptr;
  if (value) (*row)[name] = *value;
}

}  // namespace

void PrintMachine(std::ostream& out) {
  out << "propnp " PROPNP_VERSION_STRING ", " PROPNP_COMPILER ", flags: " PROPNP_BENCH_FLAGS "\n"
      << ProcessorName() << ", " << std::thread::hardware_concurrency()
      << " hardware threads, propnp runs " << InstructionSetName(CurrentInstructionSet()) << "\n";
#if !defined(NDEBUG)
  out << "Built without optimisation: these times mean nothing.\n";
#endif
}

void PrintTable(const Workload& workload, const std::vector<Result>& results, std::ostream& out) {
  out << "\n" << workload.name << ": " << workload.title << "\n";
  std::vector<Row> rows{{"method", "whose", "precision", "threads", "isa", "median", "min", "max",
                         workload.item.empty() ? "" : "a " + workload.item, "ratio", "peak MB",
                         "extra MB", "workspace MB"}};
  const double reference = results.front().time.median_ms;
  for (size_t i = 0; i < results.size(); ++i) {
    const Result& r = results[i];
    const bool whole = i < workload.methods.size();
    rows.push_back(
        {r.method, r.peer.empty() ? "ours" : r.peer, r.precision, std::to_string(r.threads), r.isa,
         TimeText(r.time.median_ms), TimeText(r.time.min_ms), TimeText(r.time.max_ms),
         whole && !workload.item.empty() ? TimeText(r.time.median_ms / workload.num_items) : "",
         whole ? Format("%.2f", r.time.median_ms / reference) : "",
         r.peak_mb ? Format("%.1f", *r.peak_mb) : "unknown",
         r.extra_mb ? Format("%.1f", *r.extra_mb) : "unknown",
         r.workspace_mb ? Format("%.2f", *r.workspace_mb) : ""});
  }
  PrintRows(rows, /*first_number=*/5, out);
}

bool WriteJson(const std::vector<Result>& results, const std::string& path) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Result& r : results) {
    nlohmann::ordered_json row;
    row["workload"] = r.workload;
    row["method"] = r.method;
    row["peer"] = nullptr;
    if (!r.peer.empty()) row["peer"] = r.peer;
    row["precision"] = r.precision;
    row["threads"] = r.threads;
    row["isa"] = r.isa;
    row["median_ms"] = r.time.median_ms;
    row["min_ms"] = r.time.min_ms;
    row["max_ms"] = r.time.max_ms;
    AddIfKnown("peak_mb", r.peak_mb, &row);
    AddIfKnown("extra_mb", r.extra_mb, &row);
    AddIfKnown("workspace_mb", r.workspace_mb, &row);
    rows.push_back(std::move(row));
  }
  std::ofstream file(path);
  file << nlohmann::ordered_json{{"workloads", rows}}.dump(2) << "\n";
  return static_cast<bool>(file.flush());
}

}  // namespace propnp::bench
