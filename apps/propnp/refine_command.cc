// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/refine_command.h"

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

}  // namespace

RefineOutcome RefineAndWrite(LoadedInput input, const RefineOptions& options,
                             std::optional<io::StagedFolder> staged) {
  RefineOutcome outcome;
  outcome.input = std::move(input);
  const StopWatch watch;
  RefineInput(options, SettingsFrom(options), &outcome);
  if (options.posterior) {
    ProgressBar bar("Sampling", static_cast<int64_t>(outcome.refined.size()));
    outcome.posteriors =
        SamplePosteriors(RefinedDataset(outcome), options.loss, *options.posterior, options.threads,
                         nullptr, [&bar](int64_t done) { bar.Update(done); });
  }
  outcome.seconds = watch.Seconds();
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
    out << PoseTable(outcome.input.dataset, outcome.refined, outcome.posteriors, outcome.input.unit)
        << SummaryText(outcome, options);
  }
  return ExitCode(outcome);
}

}  // namespace propnp::app
