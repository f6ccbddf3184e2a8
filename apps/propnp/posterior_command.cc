// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/posterior_command.h"

#include <optional>
#include <utility>

#include "apps/propnp/io_errors.h"
#include "apps/propnp/posterior_output.h"
#include "apps/propnp/posterior_table.h"
#include "apps/propnp/progress_bar.h"
#include "apps/propnp/samples_file.h"
#include "propnp/io/file.h"

namespace propnp::app {
namespace {

// The refined pose is where the search for modes may begin, and the noise is known then.
SolveSettings SettingsFrom(const PosteriorOptions& options) {
  SolveSettings settings;
  settings.loss = options.loss;
  settings.threads = options.threads;
  return settings;
}

void Sample(const PosteriorOptions& options, const std::string& folder, PosteriorOutcome* outcome) {
  const io::PoseDataset dataset = RefinedDataset(*outcome);
  ProgressBar bar("Sampling", static_cast<int64_t>(dataset.objects.size()));
  std::optional<SamplesFile> file;
  SamplesCallback take_samples;
  if (options.save_samples) {
    file.emplace(io::JoinPath(folder, "samples.npz"), dataset, options.sampling.samples);
    take_samples = [&file](const PartSamples& part) { file->Take(part); };
  }
  outcome->posteriors = SamplePosteriors(dataset, options.loss, options.sampling, options.threads,
                                         take_samples, [&bar](int64_t done) { bar.Update(done); });
  if (file) file->Finish(outcome->posteriors);
}

}  // namespace

PosteriorOutcome SampleAndWrite(LoadedInput input, const PosteriorOptions& options,
                                const std::string& folder) {
  PosteriorOutcome outcome;
  outcome.input = std::move(input);
  const StopWatch watch;
  RefineInput(options, SettingsFrom(options), &outcome);
  Sample(options, folder, &outcome);
  outcome.seconds = watch.Seconds();
  if (!folder.empty()) WritePosteriorOutput(options, folder, &outcome);
  return outcome;
}

int RunPosterior(const PosteriorOptions& options, std::ostream& out) {
  if (options.save_samples && options.output.empty()) {
    throw InputError("--save-samples writes DIR/samples.npz: give -o DIR too");
  }
  // Before the work: a folder that must not be replaced is told at once.
  auto staged = MaybeStageOutput(options);
  const PosteriorOutcome outcome =
      SampleAndWrite(LoadInput(options.source), options, staged ? staged->path() : "");
  if (staged) ThrowIfFailed(staged->Commit());
  if (options.json) {
    out << RunJsonText(outcome, options);
  } else {
    out << PosteriorTable(outcome.input.dataset, outcome.posteriors, outcome.input.unit)
        << SummaryText(outcome, options);
  }
  return ExitCode(outcome);
}

}  // namespace propnp::app
