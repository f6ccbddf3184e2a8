// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// How far a sampler is from the truth, in figures.
#ifndef PROPNP_BENCHMARKS_EVIDENCE_FIGURES_H_
#define PROPNP_BENCHMARKS_EVIDENCE_FIGURES_H_

#include <optional>
#include <vector>

#include "benchmarks/evidence_file.h"
#include "benchmarks/evidence_sampler.h"

namespace propnp::bench {

// Of one problem, over its replicates; or of a family, over its problems.
struct EvidenceFigures {
  double rmse_log_evidence = 0;    // root mean square error, nat
  double bias = 0;                 // mean error
  double bias_standard_error = 0;  // from the spread of the replicates
  // Root mean square, over replicates, of |error| / |truth| of the gradient of cost(pose_true) +
  // log evidence with respect to x3d, x2d and weights, and the largest of the three.
  double gradient_error_x3d = 0, gradient_error_x2d = 0, gradient_error_weight = 0;
  double relative_gradient_error = 0;
  double ess = 0;   // mean
  double khat = 0;  // median; of a family the mean of its problems' medians
  // Root mean square of the largest error of a mode's probability; of a family the worst problem's.
  // Absent where the true modes are not reliable.
  std::optional<double> mode_probability_error;
  double milliseconds = 0;  // wall time an object
  int64_t failed = 0;       // replicates whose status says that there is no answer
};

// `replicates` must be at least two. A replicate without an answer counts as what the engine wrote.
EvidenceFigures FiguresOf(const EvidenceProblem& problem, const Replicates& replicates);

// Errors are root mean squares over the problems, the others means but for what is said above.
EvidenceFigures FiguresOfFamily(const std::vector<EvidenceFigures>& problems);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_EVIDENCE_FIGURES_H_
