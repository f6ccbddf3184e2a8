// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/demo_square.h"

#include <algorithm>

#include "apps/propnp/input_error.h"
#include "apps/propnp/pose_math.h"
#include "apps/propnp/select_objects.h"
#include "apps/propnp/text.h"
#include "propnp/io/correspondence_json.h"
#include "propnp/io/file.h"

namespace propnp::app {
namespace {

constexpr size_t kColumns = 9;     // inner corners of the board in a row
constexpr double kSide_m = 0.025;  // of a square
constexpr double kAgreesDeg = 5;   // a mode this near to the true pose is it: sigma is 2 deg

io::Vector3 Middle(const BoardSquare& square) {
  return {kSide_m * (square.column + 0.5), kSide_m * (square.row + 0.5), 0};
}

size_t FindPhoto(const io::PoseDataset& dataset, const std::string& photo) {
  for (size_t i = 0; i < dataset.objects.size(); ++i) {
    if (dataset.objects[i].id == photo) return i;
  }
  throw InputError("apps/demo: no corners of " + photo);
}

}  // namespace

BoardSquare DemoSquare() { return {"left07.jpg", 3, 7, 0.25}; }

LoadedInput SquareInput(const LoadedInput& board, const BoardSquare& square) {
  const io::PoseDataset whole =
      SelectObjects(board.dataset, {FindPhoto(board.dataset, square.photo)});
  LoadedInput input = board;
  input.format = "four measured corners";
  io::PoseDataset& dataset = input.dataset;
  dataset = io::PoseDataset();
  dataset.cameras = whole.cameras;
  dataset.views = whole.views;
  const io::Vector3 middle = Middle(square);
  for (const auto& [down, right] : {std::pair(0, 0), {0, 1}, {1, 1}, {1, 0}}) {
    const size_t corner = kColumns * (square.row + down) + square.column + right;
    for (size_t k = 0; k < 3; ++k) dataset.x3d.push_back(whole.x3d[3 * corner + k] - middle[k]);
    for (size_t k = 0; k < 2; ++k) dataset.x2d.push_back(whole.x2d[2 * corner + k]);
    dataset.w2d.insert(dataset.w2d.end(), 2, 1 / square.sigma_px);
  }
  dataset.EndView();
  dataset.objects.emplace_back();
  dataset.objects[0].id =
      Format("%s square %d,%d", square.photo.c_str(), square.row, square.column);
  dataset.EndObject();
  return input;
}

io::Pose TrueSquarePose(const BoardSquare& square) {
  for (const PublishedPose& published : PublishedPoses()) {
    if (published.id != square.photo) continue;
    return io::ComposePoses(published.cam_from_object, io::MakePose({1, 0, 0, 0}, Middle(square)));
  }
  throw InputError("apps/demo: no published pose for " + square.photo);
}

std::string JudgeModes(const PosteriorOutcome& outcome, const BoardSquare& square, bool* agrees) {
  const io::Pose truth = TrueSquarePose(square);
  std::string text = "  By the whole board of 54 corners";
  size_t best = 0;
  std::vector<double> off_deg;
  for (const PoseMode& mode : outcome.posteriors.at(0).modes) {
    off_deg.push_back(RotationDistanceDeg(mode.pose, truth));
    if (off_deg.back() < off_deg[best]) best = off_deg.size() - 1;
  }
  *agrees = !off_deg.empty() && off_deg[best] < kAgreesDeg;
  if (!*agrees) return text + " NO mode is the true pose\n";
  text += Format(" mode %zu is the true pose (%.1f deg off)", best + 1, off_deg[best]);
  for (size_t m = 0; m < off_deg.size(); ++m) {
    if (m != best) text += Format(", mode %zu is %.0f deg off", m + 1, off_deg[m]);
  }
  return text + "\n";
}

}  // namespace propnp::app
