// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// W4: one pose of 500 points refined from a given start, as a tracker does for every frame.
#include "benchmarks/tracking.h"

#include "benchmarks/ceres_methods.h"
#include "benchmarks/engine_refiner.h"
#include "benchmarks/opencv_methods.h"
#include "benchmarks/workload.h"

namespace propnp::bench {

PoseProblem<double> MakeTrackingProblem() {
  return MakePoseProblem<double>(1, kTrackingPoints, kTrackingSeed);
}

Workload MakeTrackingWorkload() {
  const auto in_double = MakeLazily<double>(1, kTrackingPoints, kTrackingSeed);
  const auto in_float = MakeLazily<float>(1, kTrackingPoints, kTrackingSeed);
  constexpr int kIterations = kTrackingIterations;

  Workload workload;
  workload.name = "W4";
  workload.title = "6DoF, 1 object of 500 points, refine from a given pose, covariance";
  workload.methods = {
      EngineMethod<double>("propnp, 5 iterations, covariance", in_double, 1, kIterations),
      EngineMethod<double>("propnp, 0 iterations, covariance", in_double, 1, 0),
      EngineMethod<float>("propnp, 5 iterations, covariance", in_float, 1, kIterations),
      EngineMethod<float>("propnp, 0 iterations, covariance", in_float, 1, 0),
      OpenCvRefineMethod(in_double, kIterations),
      OpenCvSolveMethod(in_double),
      CeresAutoDiffMethod(in_double, CeresSetup::kFixedIterations, kIterations),
      CeresAutoDiffMethod(in_double, CeresSetup::kConvergence, 0),
      CeresAutoDiffMethod(in_double, CeresSetup::kDefaults, 0),
      CeresReprojectionMethod(in_double, kIterations),
      CeresObjectMethod(in_double, kIterations),
      RefinePosesMethod(in_double),
  };
  workload.differences = {{"propnp, one iteration", 0, 1, kIterations},
                          {"propnp, one iteration", 2, 3, kIterations}};
  return workload;
}

}  // namespace propnp::bench
