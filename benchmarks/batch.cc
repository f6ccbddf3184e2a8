// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Many poses in one call: W5, and how the work spreads over threads.
#include "benchmarks/engine_refiner.h"
#include "benchmarks/opencv_methods.h"
#include "benchmarks/workload.h"

namespace propnp::bench {
namespace {

constexpr int kIterations = 5;

}  // namespace

Workload MakeBatchWorkload(const WorkloadOptions& options) {
  constexpr int64_t kObjects = 100000, kPoints = 100;
  const auto in_double = MakeLazily<double>(kObjects, kPoints, 5);
  const auto in_float = MakeLazily<float>(kObjects, kPoints, 5);
  const std::string name = "propnp, 5 iterations, covariance";

  Workload workload;
  workload.name = "W5-refine";
  workload.title = "6DoF, 100000 objects of 100 points, refine from given poses, covariances";
  workload.num_items = kObjects;
  workload.item = "object";
  workload.repetitions = 5;
  workload.methods = {EngineMethod<double>(name, in_double, 1, kIterations),
                      EngineMethod<float>(name, in_float, 1, kIterations)};
  if (options.num_threads > 1) {
    workload.methods.push_back(
        EngineMethod<double>(name, in_double, options.num_threads, kIterations));
    workload.methods.push_back(
        EngineMethod<float>(name, in_float, options.num_threads, kIterations));
  }
  return workload;
}

Workload MakeScalingWorkload(const WorkloadOptions& options) {
  constexpr int64_t kObjects = 10000, kPoints = 50;
  const auto in_double = MakeLazily<double>(kObjects, kPoints, 6);
  const std::string name = "propnp, 5 iterations, covariance";

  Workload workload;
  workload.name = "scaling";
  workload.title = "6DoF, 10000 objects of 50 points, refine from given poses, covariances";
  workload.num_items = kObjects;
  workload.item = "object";
  workload.repetitions = 15;
  workload.methods = {EngineMethod<double>(name, in_double, 1, kIterations)};
  if (options.num_threads > 1) {
    workload.methods.push_back(
        EngineMethod<double>(name, in_double, options.num_threads, kIterations));
  }
  workload.methods.push_back(OpenCvRefineMethod(in_double, kIterations));
  return workload;
}

}  // namespace propnp::bench
