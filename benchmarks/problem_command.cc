// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// `propnp_bench problem` writes the numbers of a workload, for programs in other languages.
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "benchmarks/commands.h"
#include "benchmarks/tracking.h"

namespace propnp::bench {
namespace {

// The numbers from `first` on, `columns` a row.
nlohmann::json Rows(const std::vector<double>& values, size_t columns) {
  nlohmann::json rows = nlohmann::json::array();
  for (auto it = values.begin(); it != values.end(); it += columns) {
    rows.push_back(std::vector<double>(it, it + columns));
  }
  return rows;
}

void WriteTrackingProblem() {
  const PoseProblem<double> problem = MakeTrackingProblem();
  const nlohmann::ordered_json json{{"workload", "W4"},
                                    {"iterations", kTrackingIterations},
                                    {"camera", problem.camera},
                                    {"x3d", Rows(problem.x3d, 3)},
                                    {"x2d", Rows(problem.x2d, 2)},
                                    {"pose_init", problem.pose_init},
                                    {"pose_optimum", FindOptimum(problem)}};
  std::cout << json << "\n";
}

}  // namespace

void AddProblemCommand(CLI::App* app) {
  CLI::App* command = app->add_subcommand(
      "problem",
      "Write the numbers of workload W4 to standard output as JSON: camera [fx fy cx cy skew], "
      "x3d, x2d, pose_init and pose_optimum as [tx ty tz qw qx qy qz]");
  command->add_option("--only", "The workload")->required()->check(CLI::IsMember({"W4"}));
  command->callback(WriteTrackingProblem);
}

}  // namespace propnp::bench
