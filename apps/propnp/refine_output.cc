// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/refine_output.h"

#include "apps/propnp/io_errors.h"
#include "apps/propnp/overlay_files.h"
#include "apps/propnp/pose_math.h"
#include "apps/propnp/refine_pictures.h"
#include "propnp/io/file.h"
#include "propnp/io/pose_results.h"
#include "propnp/io/tum.h"

namespace propnp::app {
namespace {

// A pose that failed is no better than its start: it keeps that.
io::PoseDataset WithRefinedPoses(const RefineOutcome& outcome) {
  io::PoseDataset dataset = outcome.input.dataset;
  for (size_t i = 0; i < outcome.refined.size(); ++i) {
    if (outcome.refined[i].failed()) continue;
    dataset.objects[i].pose = outcome.refined[i].pose;
    dataset.objects[i].has_pose = true;
  }
  return dataset;
}

// By the photographs' times where they have any, else by their place in the input.
std::vector<io::TumPose> TumPoses(const RefineOutcome& outcome) {
  const io::PoseDataset& dataset = outcome.input.dataset;
  std::vector<io::TumPose> poses;
  for (size_t i = 0; i < outcome.refined.size(); ++i) {
    if (outcome.refined[i].failed()) continue;
    const io::DatasetView& view = dataset.views[dataset.view_offsets[i]];
    poses.push_back({view.timestamp.value_or(static_cast<double>(i)),
                     FullPose(dataset.objects[i], outcome.refined[i].pose)});
  }
  return poses;
}

}  // namespace

void WriteRefineOutput(const RefineOptions& options, io::StagedFolder* staged,
                       RefineOutcome* outcome) {
  const std::string folder = staged->path();
  outcome->output = options.output;
  ThrowIfFailed(io::WritePoseResults(PoseResults(*outcome, options.covariance),
                                     io::JoinPath(folder, "poses.jsonl")));
  ThrowIfFailed(io::WriteTum(TumPoses(*outcome), io::JoinPath(folder, "poses.tum")));
  ThrowIfFailed(outcome->input.write(WithRefinedPoses(*outcome), MakeFolder(folder, "model")));
  WriteRefinePictures(options, MakeFolder(folder, "overlays"), outcome);
  ThrowIfFailed(
      io::WriteFile(io::JoinPath(folder, "summary.json"), SummaryJson(*outcome, options)));
  ThrowIfFailed(staged->Commit());
}

}  // namespace propnp::app
