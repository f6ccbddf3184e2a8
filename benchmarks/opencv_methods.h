// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Pose refinement by OpenCV. It computes no covariance.
#ifndef PROPNP_BENCHMARKS_OPENCV_METHODS_H_
#define PROPNP_BENCHMARKS_OPENCV_METHODS_H_

#include "benchmarks/pose_problem.h"
#include "benchmarks/workload.h"

namespace propnp::bench {

// cv::solvePnPRefineLM with exactly `iterations` iterations, object after object.
Method OpenCvRefineMethod(const LazyProblem<double>& problem, int iterations);

// cv::solvePnP, iterative, from a guess; it stops at its own 20 iterations or single precision.
Method OpenCvSolveMethod(const LazyProblem<double>& problem);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_OPENCV_METHODS_H_
