// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Samples the posterior of one problem many times over, every time with random numbers of its own.
#ifndef PROPNP_BENCHMARKS_EVIDENCE_SAMPLER_H_
#define PROPNP_BENCHMARKS_EVIDENCE_SAMPLER_H_

#include <cstdint>
#include <vector>

#include "benchmarks/evidence_file.h"
#include "benchmarks/workspace.h"
#include "propnp/engine/context.h"
#include "propnp/engine/sample_posterior.h"

namespace propnp::bench {

// What the engine says of R replicates of a problem of N points. Poses are of 7 or 4 numbers.
struct Replicates {
  int64_t count = 0;
  std::vector<double> log_evidence, ess, khat;      // (R)
  std::vector<double> mode_pose, mode_probability;  // (R, PROPNP_MAX_MODES, .), unused rows zero
  std::vector<double> grad_x3d, grad_x2d, grad_weight;  // (R, N, .) of log evidence alone
  std::vector<int32_t> status;                          // (R)
  double milliseconds = 0;  // wall time of the one call for all replicates
};

class EvidenceSampler {
 public:
  EvidenceSampler(const SampleOptions& options, int32_t precision, int num_threads);

  // Starts are random with the engine's default options: the true pose is no start.
  Replicates Sample(const EvidenceProblem& problem, int64_t replicates);

 private:
  SampleOptions options_;
  int32_t precision_;
  Context context_;
  Workspace workspace_;
};

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_EVIDENCE_SAMPLER_H_
