// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// `propnp_bench evidence`: how far the sampler is from posteriors that are known.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

#include "benchmarks/commands.h"
#include "benchmarks/evidence_file.h"
#include "benchmarks/evidence_report.h"
#include "benchmarks/evidence_sampler.h"

namespace propnp::bench {
namespace {

// The names of options and what the engine calls them.
const std::map<std::string, int32_t> kMethods = {{"mixture", PROPNP_SAMPLER_MIXTURE},
                                                 {"mixture_mc", PROPNP_SAMPLER_MIXTURE_MC},
                                                 {"amis", PROPNP_SAMPLER_AMIS},
                                                 {"laplace", PROPNP_SAMPLER_LAPLACE}};
const std::map<std::string, int32_t> kPrecisions = {{"float32", PROPNP_FLOAT32},
                                                    {"float64", PROPNP_FLOAT64}};

constexpr const char* kDescription =
    "Sample problems whose posteriors are known and print the errors of evidence, gradient and "
    "mode probabilities.\n\n"
    "Modes are searched with the engine's default random starts; the true pose is no start, as it "
    "would show the search where to look. The gradient is that of cost(true pose) + log Z: the "
    "sampler gives the part of log Z, the other is exact and computed here; its error is relative "
    "to the norm of the whole.";

struct Arguments {
  std::string file, only, json;
  EvidenceRun run;
};

// A line that is written over and over, on a terminal only.
class Progress {
 public:
  explicit Progress(size_t total) : total_(total), wanted_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (wanted_) std::fprintf(stderr, "\r\033[K");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Next(const std::string& name) {
    ++index_;
    if (wanted_) std::fprintf(stderr, "\r\033[K%zu of %zu: %s", index_, total_, name.c_str());
  }

 private:
  size_t index_ = 0;
  const size_t total_;
  const bool wanted_;
};

std::vector<EvidenceProblem> ChosenProblems(const Arguments& arguments) {
  std::vector<EvidenceProblem> problems = ReadEvidenceFile(arguments.file);
  const auto unwanted = [&](const EvidenceProblem& problem) {
    return problem.name.find(arguments.only) == std::string::npos;
  };
  problems.erase(std::remove_if(problems.begin(), problems.end(), unwanted), problems.end());
  if (problems.empty()) {
    throw std::runtime_error("--only: no problem of " + arguments.file + " has '" + arguments.only +
                             "' in its name");
  }
  return problems;
}

ProblemResult Measure(const EvidenceProblem& problem, int seeds, EvidenceSampler* sampler) {
  try {
    return {problem.name, problem.family, FiguresOf(problem, sampler->Sample(problem, seeds))};
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("problem '" + problem.name + "': " + error.what());
  }
}

void WriteOrThrow(const Arguments& arguments, const std::vector<ProblemResult>& results) {
  if (arguments.json.empty() || WriteEvidenceJson(arguments.run, results, arguments.json)) return;
  throw std::runtime_error("cannot write " + arguments.json);
}

void RunEvidence(const Arguments& arguments) {
  const EvidenceRun& run = arguments.run;
  const std::vector<EvidenceProblem> problems = ChosenProblems(arguments);
  WriteOrThrow(arguments, {});  // found out before the work, not after
  SampleOptions options;
  options.method = kMethods.at(run.method);
  options.num_samples = run.samples;
  EvidenceSampler sampler(options, kPrecisions.at(run.precision), run.threads);
  std::vector<ProblemResult> results;
  {
    Progress progress(problems.size());
    for (const EvidenceProblem& problem : problems) {
      progress.Next(problem.name);
      results.push_back(Measure(problem, run.seeds, &sampler));
    }
  }
  PrintEvidence(run, results, std::cout);
  WriteOrThrow(arguments, results);
}

std::vector<std::string> NamesOf(const std::map<std::string, int32_t>& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  return names;
}

}  // namespace

void AddEvidenceCommand(CLI::App* app) {
  const auto arguments = std::make_shared<Arguments>();
  EvidenceRun* run = &arguments->run;
  run->method = "mixture";
  run->precision = "float32";
  run->threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  CLI::App* command = app->add_subcommand("evidence", kDescription);
  command
      ->add_option("file", arguments->file,
                   "Problems in the form of tests/data/evidence/evidence.json")
      ->required();
  command->add_option("--samples", run->samples, "Samples a posterior")
      ->check(CLI::Range(32, 1 << 20))
      ->capture_default_str();
  command->add_option("--seeds", run->seeds, "Times that every problem is sampled")
      ->check(CLI::Range(2, 1 << 20))
      ->capture_default_str();
  command->add_option("--method", run->method)
      ->check(CLI::IsMember(NamesOf(kMethods)))
      ->capture_default_str();
  command->add_option("--precision", run->precision, "Arithmetic of the loops over samples")
      ->check(CLI::IsMember(NamesOf(kPrecisions)))
      ->capture_default_str();
  command->add_option("--threads", run->threads)->check(CLI::Range(1, 1024))->capture_default_str();
  command->add_option("--only", arguments->only, "Problems with this in their name only");
  command->add_option("--json", arguments->json, "Also write the figures to this file");
  command->callback([=] { RunEvidence(*arguments); });
}

}  // namespace propnp::bench
