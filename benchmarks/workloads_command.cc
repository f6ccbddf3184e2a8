// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// `propnp_bench workloads`, and `propnp_bench memory` that it starts for every method.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "benchmarks/commands.h"
#include "benchmarks/peak_memory.h"
#include "benchmarks/report.h"
#include "benchmarks/timing.h"
#include "benchmarks/workload.h"
#include "propnp/engine/kernels/object_kernels.h"

namespace propnp::bench {
namespace {

struct Arguments {
  std::vector<std::string> only;
  int threads = std::max(1u, std::thread::hardware_concurrency());
  std::string json;
  int repetitions = 0;  // 0: the workload's own number
  std::string isa;      // empty: the best
  size_t method = 0;    // of the command `memory`
};

constexpr InstructionSet kInstructionSets[] = {InstructionSet::kBaseline, InstructionSet::kAvx2,
                                               InstructionSet::kAvx512};

std::vector<std::string> AvailableInstructionSets() {
  std::vector<std::string> names;
  for (InstructionSet isa : kInstructionSets) {
    if (HasInstructionSet(isa)) names.push_back(InstructionSetName(isa));
  }
  return names;
}

void UseInstructionSet(const std::string& name) {
  for (InstructionSet isa : kInstructionSets) {
    if (name == InstructionSetName(isa)) SetInstructionSet(isa);
  }
}

std::vector<std::string> WorkloadNames() {
  std::vector<std::string> names;
  for (const Workload& workload : MakeWorkloads({})) names.push_back(workload.name);
  return names;
}

std::vector<Workload> ChosenWorkloads(const Arguments& arguments) {
  std::vector<Workload> chosen;
  for (Workload& workload : MakeWorkloads({arguments.threads})) {
    const auto& only = arguments.only;
    const bool named = std::find(only.begin(), only.end(), workload.name) != only.end();
    if (!named && (!only.empty() || workload.only_if_named)) continue;
    if (arguments.repetitions > 0) workload.repetitions = arguments.repetitions;
    chosen.push_back(std::move(workload));
  }
  return chosen;
}

std::optional<PeakMemory> MemoryOf(const Arguments& arguments, const Workload& workload,
                                   size_t method) {
  std::vector<std::string> command{"memory",
                                   "--only",
                                   workload.name,
                                   "--method",
                                   std::to_string(method),
                                   "--threads",
                                   std::to_string(arguments.threads)};
  if (!arguments.isa.empty()) command.insert(command.end(), {"--isa", arguments.isa});
  return MeasureInOwnProcess(command);
}

std::vector<Samples> Time(const Workload& workload) {
  std::optional<OneCore> one_core;
  const auto on_one_thread = [](const Method& method) { return method.threads == 1; };
  if (std::all_of(workload.methods.begin(), workload.methods.end(), on_one_thread)) {
    one_core.emplace();
  }
  std::vector<Call> calls;
  for (const Method& method : workload.methods) calls.push_back(method.prepare());
  return TimeInTurns(calls, workload.repetitions);
}

Result ResultOf(const Workload& workload, const Method& method) {
  Result result;
  result.workload = workload.name;
  result.method = method.name;
  result.peer = method.peer;
  result.precision = method.precision;
  result.threads = method.threads;
  result.isa = method.isa;
  return result;
}

// Results of all methods, then of all differences.
std::vector<Result> Measure(const Arguments& arguments, const Workload& workload) {
  const std::vector<Samples> samples = Time(workload);
  std::vector<Result> results;
  for (size_t i = 0; i < workload.methods.size(); ++i) {
    results.push_back(ResultOf(workload, workload.methods[i]));
    results.back().time = SpreadOf(samples[i]);
    if (workload.methods[i].workspace_bytes) {
      constexpr double kMegabyte = 1024 * 1024;
      results.back().workspace_mb =
          static_cast<double>(workload.methods[i].workspace_bytes()) / kMegabyte;
    }
    if (const auto memory = MemoryOf(arguments, workload, i)) {
      results.back().peak_mb = memory->peak_mb;
      results.back().extra_mb = memory->peak_mb - memory->idle_mb;
    }
  }
  for (const Difference& difference : workload.differences) {
    Result result = results[difference.with];
    result.method = difference.name;
    result.time =
        SpreadOfDifference(samples[difference.with], samples[difference.without], difference.count);
    results.push_back(std::move(result));
  }
  return results;
}

void RunWorkloads(const Arguments& arguments) {
  // Found out before the minutes that the work takes, not after.
  if (!arguments.json.empty() && !WriteJson({}, arguments.json)) {
    throw std::runtime_error("cannot write " + arguments.json);
  }
  UseInstructionSet(arguments.isa);
  PrintMachine(std::cout);
  std::vector<Result> all;
  for (const Workload& workload : ChosenWorkloads(arguments)) {
    const std::vector<Result> results = Measure(arguments, workload);
    PrintTable(workload, results, std::cout);
    std::cout.flush();
    all.insert(all.end(), results.begin(), results.end());
  }
  std::cout
      << "\nratio: median over that of the first line. peak MB: resident high-water mark of a\n"
         "process that makes the problem and runs this method alone, program and libraries\n"
         "included; extra MB: without what it was before the problem was made; workspace MB: what\n"
         "the engine asks its caller for. Peers found: OpenCV, Ceres. Not found: PoseLib, "
         "pycolmap,\n"
         "which are Python packages: benchmarks/peers.py compares with them.\n";
  if (!arguments.json.empty() && !WriteJson(all, arguments.json)) {
    throw std::runtime_error("cannot write " + arguments.json);
  }
}

void RunMemory(const Arguments& arguments) {
  UseInstructionSet(arguments.isa);
  ReportPeakMemory(ChosenWorkloads(arguments).at(0).methods.at(arguments.method));
}

void AddCommonOptions(CLI::App* command, Arguments* arguments) {
  command->add_option("--only", arguments->only, "These workloads only")
      ->check(CLI::IsMember(WorkloadNames()));
  command
      ->add_option("--threads", arguments->threads,
                   "Threads of the workloads that use several, which also run with one")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--isa", arguments->isa, "Instruction set of propnp's kernels; default: best")
      ->check(CLI::IsMember(AvailableInstructionSets()));
}

}  // namespace

std::vector<Workload> MakeWorkloads(const WorkloadOptions& options) {
  std::vector<Workload> workloads{MakeTrackingWorkload(), MakeBatchWorkload(options),
                                  MakeScalingWorkload(options)};
  for (Workload& workload : MakePosteriorWorkloads(options)) {
    workloads.push_back(std::move(workload));
  }
  for (Workload& workload : MakeCostFunctionWorkloads()) workloads.push_back(std::move(workload));
  return workloads;
}

void AddWorkloadsCommand(CLI::App* app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app->add_subcommand("workloads", "Time propnp and its peers on the workloads");
  AddCommonOptions(command, arguments.get());
  command->add_option("--json", arguments->json, "Also write the results to this file");
  command
      ->add_option("--repetitions", arguments->repetitions,
                   "Rounds in which every method has a turn; default: of each workload")
      ->check(CLI::Range(1, 1000000));
  command->callback([=] { RunWorkloads(*arguments); });

  CLI::App* memory = app->add_subcommand("memory", "")->group("");
  AddCommonOptions(memory, arguments.get());
  memory->add_option("--method", arguments->method);
  memory->callback([=] { RunMemory(*arguments); });
}

}  // namespace propnp::bench
