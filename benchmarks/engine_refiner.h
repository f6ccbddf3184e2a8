// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The engine's Solve() on a PoseProblem, with everything allocated beforehand.
#ifndef PROPNP_BENCHMARKS_ENGINE_REFINER_H_
#define PROPNP_BENCHMARKS_ENGINE_REFINER_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/pose_problem.h"
#include "benchmarks/workload.h"
#include "benchmarks/workspace.h"
#include "propnp/engine/context.h"
#include "propnp/engine/options.h"

namespace propnp::bench {

// Exactly `iterations` Levenberg-Marquardt iterations on all points without a loss, then the
// covariance.
template <typename T>
class EngineRefiner {
 public:
  // `problem` must outlive the refiner.
  EngineRefiner(const PoseProblem<T>* problem, int num_threads, int iterations);
  EngineRefiner(const EngineRefiner&) = delete;
  EngineRefiner& operator=(const EngineRefiner&) = delete;

  void Run();

  std::array<double, 7> pose(int64_t object) const;
  int64_t num_converged() const;

 private:
  Context context_;
  Correspondences correspondences_;
  Cameras cameras_;
  CostOptions cost_;
  SolveOptions options_;
  SolveArgs args_;
  int32_t camera_model_ = PROPNP_CAMERA_PINHOLE;
  std::vector<T> pose_, covariance_;
  std::vector<int32_t> status_;
  Workspace workspace_;
};

// The method that does so. With iterations it checks that at least 99 % of the objects converged
// (in single precision some do not reach the engine's bound).
template <typename T>
Method EngineMethod(const std::string& name, const LazyProblem<T>& problem, int num_threads,
                    int iterations);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_ENGINE_REFINER_H_
