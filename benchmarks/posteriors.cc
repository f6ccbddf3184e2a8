// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Training steps through the posterior, W1 to W3v2, and posteriors of an offline batch, W5.
#include <utility>

#include "benchmarks/engine_sampler.h"
#include "benchmarks/workload.h"

namespace propnp::bench {
namespace {

LazyPosteriorProblem MakeLazily(int64_t num_objects, int64_t num_points, int dof, uint64_t seed) {
  auto slot = std::make_shared<std::shared_ptr<const PosteriorProblem>>();
  return [=] {
    if (!*slot) {
      *slot = std::make_shared<PosteriorProblem>(
          MakePosteriorProblem(num_objects, num_points, dof, seed));
    }
    return *slot;
  };
}

Workload MakeWorkload(const std::string& name, const std::string& title, int64_t num_objects,
                      int repetitions) {
  Workload workload;
  workload.name = name;
  workload.title = title;
  workload.num_items = num_objects;
  workload.item = "object";
  workload.repetitions = repetitions;
  return workload;
}

// The method with one thread and with several.
void AddMethods(const WorkloadOptions& options, const LazyPosteriorProblem& problem,
                const SamplerSetup& setup, const std::string& suffix, Workload* workload) {
  const std::string name = "propnp, " + std::to_string(setup.num_samples) + " samples" + suffix;
  workload->methods.push_back(EngineSamplerMethod(name, problem, setup, 1));
  if (options.num_threads == 1) return;
  workload->methods.push_back(EngineSamplerMethod(name, problem, setup, options.num_threads));
}

// Training steps with the samples that the shape names and with the other number; then forward
// alone, also with the adaptive sampler of EPro-PnP.
void AddTrainingMethods(const WorkloadOptions& options, const LazyPosteriorProblem& problem,
                        SamplerSetup setup, int num_samples, int other_num_samples,
                        Workload* workload) {
  for (const int count : {num_samples, other_num_samples}) {
    setup.num_samples = count;
    AddMethods(options, problem, setup, "", workload);
  }
  setup.num_samples = num_samples;
  setup.gradient = false;
  AddMethods(options, problem, setup, ", forward", workload);
  setup.method = PROPNP_SAMPLER_AMIS;
  AddMethods(options, problem, setup, ", forward, amis", workload);
}

SamplerSetup Starts(int num_starts, int start_points, int start_iterations, int max_iterations) {
  SamplerSetup setup;
  setup.num_starts = num_starts;
  setup.start_points = start_points;
  setup.start_iterations = start_iterations;
  setup.max_iterations = max_iterations;
  return setup;
}

Workload MakeOfflineWorkload(const WorkloadOptions& options, const std::string& name,
                             int64_t num_objects) {
  Workload workload = MakeWorkload(
      name, "6DoF, " + std::to_string(num_objects) + " objects of 100 points, posteriors",
      num_objects, 3);
  SamplerSetup setup = Starts(4, 16, 3, 5);
  setup.gradient = false;
  setup.num_samples = 128;
  AddMethods(options, MakeLazily(num_objects, 100, 6, 15), setup, "", &workload);
  return workload;
}

}  // namespace

std::vector<Workload> MakePosteriorWorkloads(const WorkloadOptions& options) {
  std::vector<Workload> workloads;
  SamplerSetup clamped = Starts(4, 16, 3, 5);
  clamped.box = true;
  workloads.push_back(MakeWorkload(
      "W1", "6DoF, 32 objects of 512 points, posterior, forward and backward", 32, 15));
  AddTrainingMethods(options, MakeLazily(32, 512, 6, 11), clamped, 512, 128, &workloads.back());

  workloads.push_back(MakeWorkload(
      "W2", "6DoF, 256 objects of 64 points, posterior, forward and backward", 256, 7));
  AddTrainingMethods(options, MakeLazily(256, 64, 6, 12), Starts(128, 8, 5, 10), 512, 128,
                     &workloads.back());

  const SamplerSetup detection = Starts(64, 16, 3, 10);
  workloads.push_back(MakeWorkload(
      "W3", "4DoF, 600 objects of 256 points, posterior, forward and backward", 600, 5));
  AddTrainingMethods(options, MakeLazily(600, 256, 4, 13), detection, 512, 128, &workloads.back());

  workloads.push_back(MakeWorkload(
      "W3v2", "4DoF, 288 objects of 128 points, posterior, forward and backward", 288, 9));
  AddTrainingMethods(options, MakeLazily(288, 128, 4, 14), detection, 128, 512, &workloads.back());

  workloads.push_back(MakeOfflineWorkload(options, "W5posterior-10k", 10000));
  workloads.push_back(MakeOfflineWorkload(options, "W5posterior", 100000));
  workloads.back().only_if_named = true;
  return workloads;
}

}  // namespace propnp::bench
