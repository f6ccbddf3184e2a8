// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Refining with a noise level that is given, or found while refining.
#ifndef PROPNP_APPS_NOISE_LEVEL_H_
#define PROPNP_APPS_NOISE_LEVEL_H_

#include <string>
#include <vector>

#include "apps/propnp/noise_estimate.h"
#include "apps/propnp/refinement.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

struct NoiseLevel {
  double sigma = 1;        // px; where the input brings weights, a factor on their sigmas
  bool is_factor = false;  // the input brought weights
  bool estimated = false;
  NoiseEstimate estimate;  // when estimated
};

// Weights become 1/sigma everywhere, or those of the input divided by sigma.
void ApplySigma(double sigma, io::PoseDataset* dataset);

// Refines from the dataset's own starts with the noise level that `option` says. With auto the
// level is found first: refine, estimate, weight, until it moves by less than a thousandth. The
// poses returned are exactly those of a run with that sigma given.
std::vector<RefinedObject> RefineAtNoiseLevel(const io::PoseDataset& dataset,
                                              const SigmaOption& option,
                                              const SolveSettings& settings,
                                              const ProgressCallback& progress, NoiseLevel* level);

// What a person should know about the estimate, one sentence each; usually none.
std::vector<std::string> NoiseWarnings(const NoiseLevel& level, int32_t loss);

}  // namespace propnp::app

#endif  // PROPNP_APPS_NOISE_LEVEL_H_
