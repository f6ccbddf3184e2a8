// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "benchmarks/commands.h"

int main(int argc, char** argv) {
  CLI::App app("Benchmarks of propnp and of what it is compared with.", "propnp_bench");
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  propnp_bench workloads                          everything, some minutes\n"
      "  propnp_bench workloads --only W4 --json w4.json one workload, results also as JSON\n"
      "  propnp_bench workloads --only scaling --threads 2\n"
      "  propnp_bench workloads --only W5posterior       100000 posteriors, not part of "
      "everything\n"
      "  propnp_bench problem --only W4                  its numbers, for other programs\n"
      "  propnp_bench evidence tests/data/evidence/evidence.json\n"
      "                                                  errors of the sampler\n"
      "  benchmarks/peers.py --bench PATH/propnp_bench   W4 also with PoseLib and pycolmap");
  propnp::bench::AddWorkloadsCommand(&app);
  propnp::bench::AddProblemCommand(&app);
  propnp::bench::AddEvidenceCommand(&app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "propnp_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
