// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What `refine` and `posterior` share: a run from its input to its output folder.
#ifndef PROPNP_APPS_RUN_H_
#define PROPNP_APPS_RUN_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "apps/propnp/input.h"
#include "apps/propnp/noise_level.h"
#include "apps/propnp/refine_options.h"
#include "apps/propnp/refinement.h"
#include "propnp/io/staged_output.h"

namespace propnp::app {

// Everything about one run that has an outcome.
struct RunOutcome {
  LoadedInput input;  // as it was loaded, with its starts
  std::vector<RefinedObject> refined;
  NoiseLevel noise;
  double seconds = 0;
  std::string output;                 // folder; empty: nothing was written
  std::vector<std::string> overlays;  // files in it
};

// A folder being written for options.output, if there is one. Throws InputError, before any work is
// done, when it must not be replaced.
std::optional<io::StagedFolder> MaybeStageOutput(const RunOptions& options);

// Fills `refined` and `noise` from `input`, with a progress bar. Unknown noise is estimated unless
// options.sigma says otherwise; weights of the input's own are taken at their word.
void RefineInput(const RunOptions& options, const SolveSettings& settings, RunOutcome* outcome);

// The input at the noise level that was found, every object at its refined pose: what is sampled.
io::PoseDataset RefinedDataset(const RunOutcome& outcome);

// Makes `parent/name` and returns its path.
std::string MakeFolder(const std::string& parent, const char* name);

class StopWatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace propnp::app

#endif  // PROPNP_APPS_RUN_H_
