// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The problem of workload W4.
#ifndef PROPNP_BENCHMARKS_TRACKING_H_
#define PROPNP_BENCHMARKS_TRACKING_H_

#include "benchmarks/pose_problem.h"

namespace propnp::bench {

constexpr int64_t kTrackingPoints = 500;
constexpr uint64_t kTrackingSeed = 4;
constexpr int kTrackingIterations = 5;

PoseProblem<double> MakeTrackingProblem();

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_TRACKING_H_
