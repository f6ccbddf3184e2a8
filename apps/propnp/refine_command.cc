// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/refine_command.h"

#include <chrono>
#include <utility>

#include "apps/propnp/pose_table.h"
#include "apps/propnp/progress_bar.h"
#include "apps/propnp/refine_output.h"

namespace propnp::app {
namespace {

SolveSettings SettingsFrom(const RefineOptions& options) {
  SolveSettings settings;
  settings.loss = options.loss;
  settings.covariance = options.covariance;
  settings.use_ceres = options.use_ceres;
  settings.threads = options.threads;
  return settings;
}

// Unknown noise is estimated; weights of the input's own are taken at their word.
SigmaOption SigmaFor(const LoadedInput& input, const RefineOptions& options) {
  if (options.sigma) return *options.sigma;
  const bool has_weights = !input.dataset.w2d.empty() || !input.dataset.sqrt_info.empty();
  return {!has_weights, 1.0};
}

}  // namespace

std::optional<io::StagedFolder> MaybeStageOutput(const RefineOptions& options) {
  if (options.output.empty()) return std::nullopt;
  return StageOutput(options);
}

RefineOutcome RefineAndWrite(LoadedInput input, const RefineOptions& options,
                             std::optional<io::StagedFolder> staged) {
  RefineOutcome outcome;
  outcome.input = std::move(input);
  const auto start = std::chrono::steady_clock::now();
  {
    const io::PoseDataset& dataset = outcome.input.dataset;
    ProgressBar bar("Refining", static_cast<int64_t>(dataset.objects.size()));
    outcome.refined = RefineAtNoiseLevel(
        dataset, SigmaFor(outcome.input, options), SettingsFrom(options),
        [&bar](int64_t done) { bar.Update(done); }, &outcome.noise);
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (staged) WriteRefineOutput(options, &*staged, &outcome);
  return outcome;
}

int RunRefine(const RefineOptions& options, std::ostream& out) {
  // Before the work: a folder that must not be replaced is told at once.
  auto staged = MaybeStageOutput(options);
  const RefineOutcome outcome =
      RefineAndWrite(LoadInput(options.source), options, std::move(staged));
  if (options.json) {
    out << SummaryJson(outcome, options);
  } else {
    out << PoseTable(outcome.input.dataset, outcome.refined, outcome.input.unit)
        << SummaryText(outcome, options);
  }
  return ExitCode(outcome);
}

}  // namespace propnp::app
