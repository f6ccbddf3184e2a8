// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Pose refinement by Ceres: one object, one thread. A call builds the problem, solves it and
// computes the covariance, as a tracker does for every frame.
#ifndef PROPNP_BENCHMARKS_CERES_METHODS_H_
#define PROPNP_BENCHMARKS_CERES_METHODS_H_

#include "benchmarks/pose_problem.h"
#include "benchmarks/workload.h"

namespace propnp::bench {

enum class CeresSetup {
  kFixedIterations,  // as many as asked for, tolerances zero; the solvers that are fastest here
  kConvergence,      // default tolerances; the solvers that are fastest here
  kDefaults          // everything as Ceres has it, but for the number of threads
};

// The way of the Ceres tutorial: automatic differentiation, one residual block a point,
// ceres::QuaternionManifold, ceres::Covariance.
Method CeresAutoDiffMethod(const LazyProblem<double>& problem, CeresSetup setup, int iterations);

// The same graph with our ReprojectionCost, our manifold and our covariance.
Method CeresReprojectionMethod(const LazyProblem<double>& problem, int iterations);

// One residual block for the whole object.
Method CeresObjectMethod(const LazyProblem<double>& problem, int iterations);

// RefinePoses(), which stops where it converges.
Method RefinePosesMethod(const LazyProblem<double>& problem);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_CERES_METHODS_H_
