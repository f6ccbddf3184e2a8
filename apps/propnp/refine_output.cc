// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/refine_output.h"

#include <algorithm>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <set>

#include "apps/propnp/input_error.h"
#include "apps/propnp/io_errors.h"
#include "apps/propnp/overlay_frames.h"
#include "apps/propnp/overlay_scene.h"
#include "apps/propnp/pose_math.h"
#include "apps/propnp/progress_bar.h"
#include "apps/propnp/text.h"
#include "propnp/io/file.h"
#include "propnp/io/pose_results.h"
#include "propnp/io/tum.h"

namespace propnp::app {
namespace {

namespace fs = std::filesystem;

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

// "photos/left01.jpg" -> "photos_left01.png", unlike every name before.
std::string PictureName(const std::string& name, std::set<std::string>* taken) {
  std::string stem = name;
  const size_t dot = stem.rfind('.');
  if (dot != std::string::npos && dot > 0 && stem.size() - dot <= 5) stem.resize(dot);
  for (char& c : stem) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    if (!plain) c = '_';
  }
  if (stem.empty() || stem[0] == '.') stem.insert(0, "_");
  stem.resize(std::min<size_t>(stem.size(), 120));
  std::string unique = stem;
  for (int copy = 2; !taken->insert(unique).second; ++copy) {
    unique = stem + Format("_%d", copy);
  }
  return unique + ".png";
}

void WriteOverlays(const RefineOptions& options, const std::string& folder,
                   RefineOutcome* outcome) {
  const io::PoseDataset& dataset = outcome->input.dataset;
  const std::vector<SceneFrame> frames =
      ChooseFrames(dataset, outcome->refined, static_cast<size_t>(options.overlays));
  Context context(options.threads);
  ProgressBar progress("Drawing", static_cast<int64_t>(frames.size()));
  std::set<std::string> taken;
  for (const SceneFrame& frame : frames) {
    const OverlayPicture picture =
        MakePicture(frame, dataset, outcome->refined, outcome->input.unit,
                    outcome->input.image_folders, &context);
    const std::string name = PictureName(frame.name, &taken);
    if (!cv::imwrite((fs::path(folder) / name).string(), DrawOverlay(picture))) {
      throw InputError(options.output + ": cannot write the picture " + name +
                       "; is the disk full?");
    }
    outcome->overlays.push_back("overlays/" + name);
    progress.Update(static_cast<int64_t>(outcome->overlays.size()));
  }
}

std::string MakeFolder(const std::string& parent, const char* name) {
  const fs::path folder = fs::path(parent) / name;
  fs::create_directory(folder);
  return folder.string();
}

}  // namespace

io::StagedFolder StageOutput(const RefineOptions& options) {
  auto staged = io::StagedFolder::Create(options.output);
  if (!staged.ok()) throw InputError("-o " + staged.status().message());
  return std::move(staged).value();
}

void WriteRefineOutput(const RefineOptions& options, io::StagedFolder* staged,
                       RefineOutcome* outcome) {
  const std::string folder = staged->path();
  outcome->output = options.output;
  ThrowIfFailed(io::WritePoseResults(PoseResults(*outcome, options.covariance),
                                     io::JoinPath(folder, "poses.jsonl")));
  ThrowIfFailed(io::WriteTum(TumPoses(*outcome), io::JoinPath(folder, "poses.tum")));
  ThrowIfFailed(outcome->input.write(WithRefinedPoses(*outcome), MakeFolder(folder, "model")));
  WriteOverlays(options, MakeFolder(folder, "overlays"), outcome);
  ThrowIfFailed(
      io::WriteFile(io::JoinPath(folder, "summary.json"), SummaryJson(*outcome, options)));
  ThrowIfFailed(staged->Commit());
}

}  // namespace propnp::app
