// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The gradient of the cost at a given pose with respect to everything that made the
// correspondences.
#ifndef PROPNP_BENCHMARKS_COST_GRADIENT_H_
#define PROPNP_BENCHMARKS_COST_GRADIENT_H_

#include <vector>

#include "benchmarks/evidence_file.h"

namespace propnp::bench {

// As the fields of the same names of EvidenceProblem, and in their shapes.
struct InputGradient {
  std::vector<double> x3d, x2d, weight;
};

// d cost(problem.pose_true) / d inputs, the loss's delta held fixed.
InputGradient GradientOfTrueCost(const EvidenceProblem& problem);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_COST_GRADIENT_H_
