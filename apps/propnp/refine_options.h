// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What `propnp refine` is asked to do, what `propnp posterior` shares with it, and how the option
// values are spelt.
#ifndef PROPNP_APPS_REFINE_OPTIONS_H_
#define PROPNP_APPS_REFINE_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "apps/propnp/input.h"
#include "apps/propnp/sampling_options.h"

namespace propnp::app {

// --loss none|huber[:D]|cauchy[:D]|adaptive[:R]
struct LossOption {
  int32_t kind = 0;  // PROPNP_LOSS_*
  double scale = 0;  // D in sigmas, or R
};

// --sigma PX|auto
struct SigmaOption {
  bool is_auto = true;
  double sigma = 1;  // px; for input with weights of its own a factor on their sigmas
};

// What `refine` and `posterior` have in common.
struct RunOptions {
  InputSource source;
  std::string output;  // folder; empty: nothing is written
  LossOption loss;
  std::optional<SigmaOption> sigma;  // none: as given where the input has weights, else auto
  bool json = false;
  int threads = 0;   // 0: one for each core
  int overlays = 0;  // pictures drawn at most: those that most need a look
};

struct RefineOptions : RunOptions {
  int32_t covariance = 0;  // PROPNP_COVARIANCE_*
  bool use_ceres = false;
  std::optional<SamplingOptions> posterior;  // --posterior
};

// Each throws InputError naming option, value and accepted forms.
LossOption ParseLoss(const std::string& text);
SigmaOption ParseSigma(const std::string& text);
int32_t ParseCovarianceKind(const std::string& text);

const char* LossName(int32_t kind);
const char* CovarianceName(int32_t kind);

}  // namespace propnp::app

#endif  // PROPNP_APPS_REFINE_OPTIONS_H_
