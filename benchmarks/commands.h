// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The commands of propnp_bench. Each adds itself to the command line; its work is the callback.
#ifndef PROPNP_BENCHMARKS_COMMANDS_H_
#define PROPNP_BENCHMARKS_COMMANDS_H_

namespace CLI {
class App;
}

namespace propnp::bench {

void AddWorkloadsCommand(CLI::App* app);  // workloads_command.cc
void AddProblemCommand(CLI::App* app);    // problem_command.cc
void AddEvidenceCommand(CLI::App* app);   // evidence_command.cc

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_COMMANDS_H_
