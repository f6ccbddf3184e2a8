// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/peak_memory.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace propnp::bench {
namespace {

// In MB; 0 where there is no such file.
double ResidentHighWater() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes / 1024;
  }
  return 0;
}

[[noreturn]] void BecomeThisProgram(const std::vector<std::string>& arguments, int output) {
  dup2(output, STDOUT_FILENO);
  std::vector<char*> argv{const_cast<char*>("propnp_bench")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv("/proc/self/exe", argv.data());
  _exit(127);
}

}  // namespace

std::optional<PeakMemory> MeasureInOwnProcess(const std::vector<std::string>& arguments) {
  int ends[2];
  if (pipe(ends) != 0) return std::nullopt;
  const pid_t child = fork();
  if (child == 0) BecomeThisProgram(arguments, ends[1]);
  close(ends[1]);
  PeakMemory memory;
  FILE* output = fdopen(ends[0], "r");
  const bool read = std::fscanf(output, "%lf %lf", &memory.idle_mb, &memory.peak_mb) == 2;
  std::fclose(output);
  int status = -1;
  if (child > 0) waitpid(child, &status, 0);
  if (!read || status != 0 || !(memory.peak_mb > 0)) return std::nullopt;
  return memory;
}

void ReportPeakMemory(const Method& method) {
  const double idle_mb = ResidentHighWater();
  method.prepare()();
  std::printf("%.3f %.3f\n", idle_mb, ResidentHighWater());
}

}  // namespace propnp::bench
