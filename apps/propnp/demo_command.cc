// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/demo_command.h"

#include <cmath>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include "apps/propnp/aligned_table.h"
#include "apps/propnp/demo_data.h"
#include "apps/propnp/demo_square.h"
#include "apps/propnp/io_errors.h"
#include "apps/propnp/pose_math.h"
#include "apps/propnp/pose_table.h"
#include "apps/propnp/posterior_command.h"
#include "apps/propnp/posterior_table.h"
#include "apps/propnp/refine_command.h"
#include "apps/propnp/text.h"
#include "propnp/io/correspondence_json.h"
#include "propnp/io/file.h"

namespace propnp::app {
namespace {

// Debian and Ubuntu: package opencv-doc.
constexpr char kInstalledPhotos[] = "/usr/share/doc/opencv-doc/examples/data";

// The board upright, its corner straight before the camera, half a metre away: a hundred pixels and
// more from every photograph, whose boards are turned by up to 109 degrees.
constexpr io::Pose kBadStart = {0, 0, 0.5, 1, 0, 0, 0};

struct Bound {
  const char* id;  // null: all others
  double rotation_deg, translation_mm;
};
constexpr Bound kBounds[] = {
    {"left02.jpg", 0.03, 0.05}, {"left13.jpg", 0.05, 0.11}, {nullptr, 0.01, 0.02}};

const Bound& BoundFor(const std::string& id) {
  for (const Bound& bound : kBounds) {
    if (bound.id == nullptr || id == bound.id) return bound;
  }
  return kBounds[2];
}

const PublishedPose& Find(const std::vector<PublishedPose>& published, const std::string& id) {
  for (const PublishedPose& pose : published) {
    if (pose.id == id) return pose;
  }
  throw InputError("apps/demo: no published pose for " + id);
}

std::string ComparisonTable(const RefineOutcome& outcome,
                            const std::vector<PublishedPose>& published, bool* all_within) {
  std::vector<std::vector<std::string>> rows = {
      {"photograph", "start px", "refined px", "published px", "off by deg", "off by mm",
       "sigma R deg", "sigma t mm", "iterations", "agrees"}};
  *all_within = true;
  for (size_t i = 0; i < outcome.refined.size(); ++i) {
    const RefinedObject& refined = outcome.refined[i];
    const PublishedPose& truth = Find(published, outcome.input.dataset.objects[i].id);
    const Agreement agreement = Compare(truth, refined);
    const PoseSigmas sigmas = SigmasOf(refined, 6);
    *all_within &= agreement.within_bounds;
    rows.push_back({truth.id, Format("%.1f", refined.rms_before_px),
                    Format("%.4f", refined.rms_after_px), Format("%.4f", truth.rms_px),
                    Format("%.4f", agreement.rotation_deg),
                    Format("%.4f", agreement.translation_mm), Format("%.3f", sigmas.rotation_deg),
                    Format("%.3f", sigmas.translation * 1000), Format("%d", refined.iterations),
                    agreement.within_bounds ? "yes" : "NO"});
  }
  return AlignedTable(rows);
}

bool AnyPhoto(const LoadedInput& input) {
  for (const std::string& folder : input.image_folders) {
    if (io::IsFile(io::JoinPath(folder, input.dataset.views[0].image))) return true;
  }
  return false;
}

}  // namespace

std::vector<PublishedPose> PublishedPoses() {
  std::vector<PublishedPose> poses;
  std::istringstream lines(kPublishedExtrinsics);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    PublishedPose pose;
    io::Vector3 turn, translation;
    fields >> pose.id >> turn[0] >> turn[1] >> turn[2];
    fields >> translation[0] >> translation[1] >> translation[2] >> pose.rms_px;
    pose.cam_from_object = io::MakePose(io::QuaternionFromAngleAxis(turn), translation);
    poses.push_back(pose);
  }
  return poses;
}

LoadedInput DemoInput(const std::string& images) {
  LoadedInput input;
  input.format = "measured corners of 13 photographs";
  input.dataset = ValueOrThrow(
      io::ParseCorrespondences(kChessboardCorners, "apps/demo/chessboard_corners.jsonl"));
  for (io::DatasetObject& object : input.dataset.objects) {
    object.pose = kBadStart;
    object.has_pose = true;
  }
  input.unit = "m";
  input.image_folders = {images.empty() ? kInstalledPhotos : images};
  input.write = [](const io::PoseDataset& refined, const std::string& folder) {
    return io::WriteCorrespondences(refined, io::JoinPath(folder, "correspondences.jsonl"));
  };
  return input;
}

Agreement Compare(const PublishedPose& published, const RefinedObject& refined) {
  Agreement agreement;
  agreement.rotation_deg = RotationDistanceDeg(published.cam_from_object, refined.pose);
  agreement.translation_mm = 1000 * TranslationDistance(published.cam_from_object, refined.pose);
  const Bound& bound = BoundFor(published.id);
  agreement.within_bounds = !refined.failed() && agreement.rotation_deg <= bound.rotation_deg &&
                            agreement.translation_mm <= bound.translation_mm;
  return agreement;
}

namespace {

// The main job: 13 photographs. `staged` may hold other things, which are put in place with it.
bool RefineBoards(const DemoOptions& options, LoadedInput input, io::StagedFolder staged,
                  std::ostream& out) {
  RefineOptions refine;
  refine.output = options.output;
  refine.loss = ParseLoss("none");  // as the published calibration
  refine.overlays = 13;
  const bool has_photos = AnyPhoto(input);
  out << "Refining the poses of 13 chessboard photographs, all from one bad start (the board "
         "upright,"
         "\nhalf a metre away), and comparing with the calibration published by OpenCV:\n\n";
  const RefineOutcome outcome = RefineAndWrite(std::move(input), refine, std::move(staged));
  bool all_within = false;
  out << ComparisonTable(outcome, PublishedPoses(), &all_within) << "\n"
      << SummaryText(outcome, refine);
  out << "  pictures: " << std::filesystem::absolute(options.output).string() << "/overlays/"
      << (has_photos ? ""
                     : "\n  (on plain canvas: the photographs come with the package opencv-doc)")
      << "\n";
  out << (all_within ? "  all 13 poses agree with the published ones\n"
                     : "  NOT all poses agree with the published ones\n");
  return all_within;
}

// One square of a board, sampled into a folder of its own.
PosteriorOutcome SampleSquare(const LoadedInput& board, const DemoOptions& demo,
                              const std::string& folder) {
  PosteriorOptions options;
  options.output = demo.output;
  options.overlays = 1;
  options.sampling.samples = 4096;
  return SampleAndWrite(SquareInput(board, DemoSquare()), options, folder);
}

bool ReportSquare(const PosteriorOutcome& outcome, const std::string& folder, std::ostream& out) {
  const BoardSquare square = DemoSquare();
  bool agrees = false;
  out << "\nOne square of " << square.photo
      << " alone, as if it were a marker: four corners, each known to "
      << Format("%g px.\n", square.sigma_px)
      << "Refining would give the pose that fits best. Sampling shows that there are two:\n\n"
      << PosteriorTable(outcome.input.dataset, outcome.posteriors, outcome.input.unit) << "\n"
      << JudgeModes(outcome, square, &agrees) << "  picture: " << folder << "/"
      << outcome.overlays.at(0) << "\n";
  return agrees && outcome.posteriors[0].ambiguous();
}

}  // namespace

int RunDemo(const DemoOptions& options, std::ostream& out) {
  RunOptions run;
  run.output = options.output;
  std::optional<io::StagedFolder> staged = MaybeStageOutput(run);
  if (!staged) throw InputError("-o: is no name for a folder");
  const LoadedInput input = DemoInput(options.images);
  const PosteriorOutcome square =
      SampleSquare(input, options, MakeFolder(staged->path(), "square"));
  const bool all_within = RefineBoards(options, input, std::move(*staged), out);
  const std::string folder = std::filesystem::absolute(options.output).string() + "/square";
  return ReportSquare(square, folder, out) && all_within ? 0 : 1;
}

}  // namespace propnp::app
