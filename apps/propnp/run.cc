// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/run.h"

#include <filesystem>
#include <utility>

#include "apps/propnp/input_error.h"
#include "apps/propnp/progress_bar.h"

namespace propnp::app {
namespace {

namespace fs = std::filesystem;

SigmaOption SigmaFor(const LoadedInput& input, const RunOptions& options) {
  if (options.sigma) return *options.sigma;
  const bool has_weights = !input.dataset.w2d.empty() || !input.dataset.sqrt_info.empty();
  return {!has_weights, 1.0};
}

}  // namespace

std::optional<io::StagedFolder> MaybeStageOutput(const RunOptions& options) {
  if (options.output.empty()) return std::nullopt;
  auto staged = io::StagedFolder::Create(options.output);
  if (!staged.ok()) throw InputError("-o " + staged.status().message());
  return std::move(staged).value();
}

void RefineInput(const RunOptions& options, const SolveSettings& settings, RunOutcome* outcome) {
  const io::PoseDataset& dataset = outcome->input.dataset;
  ProgressBar bar("Refining", static_cast<int64_t>(dataset.objects.size()));
  outcome->refined = RefineAtNoiseLevel(
      dataset, SigmaFor(outcome->input, options), settings,
      [&bar](int64_t done) { bar.Update(done); }, &outcome->noise);
}

io::PoseDataset RefinedDataset(const RunOutcome& outcome) {
  io::PoseDataset dataset = outcome.input.dataset;
  ApplySigma(outcome.noise.sigma, &dataset);
  for (size_t i = 0; i < outcome.refined.size(); ++i) {
    dataset.objects[i].pose = outcome.refined[i].pose;
    dataset.objects[i].has_pose = true;
  }
  return dataset;
}

std::string MakeFolder(const std::string& parent, const char* name) {
  const fs::path folder = fs::path(parent) / name;
  fs::create_directory(folder);
  return folder.string();
}

}  // namespace propnp::app
