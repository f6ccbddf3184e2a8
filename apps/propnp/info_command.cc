// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/info_command.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "apps/propnp/evaluation.h"
#include "apps/propnp/io_errors.h"
#include "apps/propnp/photo_dataset.h"
#include "apps/propnp/refinement.h"
#include "apps/propnp/select_objects.h"
#include "apps/propnp/text.h"
#include "propnp/io/bop.h"
#include "propnp/io/correspondence_json.h"
#include "propnp/io/detect_format.h"

namespace propnp::app {
namespace {

constexpr size_t kMostCameras = 10;
constexpr size_t kPart = 1024;

long long Size(size_t size) { return static_cast<long long>(size); }

std::string CameraText(const io::DatasetCamera& camera) {
  std::string text = io::CameraModelName(camera.model);
  if (camera.size_px[0] > 0) text += Format(", %d x %d px", camera.size_px[0], camera.size_px[1]);
  text += ":";
  for (int k = 0; k < io::CameraParameterCount(camera.model); ++k) {
    text += Format(" %.6g", camera.parameters[k]);
  }
  return text;
}

std::string PointsText(const io::PoseDataset& dataset) {
  int64_t fewest = dataset.num_points(), most = 0;
  for (size_t i = 0; i < dataset.objects.size(); ++i) {
    const auto [begin, end] = PointRange(dataset, i);
    fewest = std::min(fewest, end - begin);
    most = std::max(most, end - begin);
  }
  return Format("%lld, %lld to %lld a pose", static_cast<long long>(dataset.num_points()),
                static_cast<long long>(fewest), static_cast<long long>(most));
}

std::string WeightsText(const io::PoseDataset& dataset) {
  if (!dataset.w2d.empty()) return "a weight for u and v of each point";
  if (!dataset.sqrt_info.empty()) return "a 2x2 square-root information for each point";
  return "none: every point counts alike";
}

// Of the poses that the input holds.
std::string FitText(const io::PoseDataset& dataset) {
  Context context;
  double sum = 0, cost = 0;
  int64_t poses = 0, points = 0;
  for (const std::vector<size_t>& indices : LikeObjects(dataset, kPart)) {
    io::PoseDataset part = SelectObjects(dataset, indices);
    if (!part.AllHavePoses()) continue;
    for (io::DatasetObject& object : part.objects) object.prior.reset();  // how well points fit
    const Evaluation evaluation = EvaluatePoses(part, {}, &context);
    for (size_t i = 0; i < indices.size(); ++i) {
      const int64_t count = CountWeightedPoints(part, i);
      if (count == 0) continue;
      sum += std::pow(RmsPx(part, evaluation, i), 2) * static_cast<double>(count);
      cost += evaluation.cost[i];
      points += count;
      ++poses;
    }
  }
  if (points == 0) return "no start poses";
  return Format("%lld poses, rms %.6g px, cost %.10g", static_cast<long long>(poses),
                std::sqrt(sum / static_cast<double>(points)), cost);
}

void PrintDataset(const LoadedInput& input, std::ostream& out) {
  const io::PoseDataset& dataset = input.dataset;
  out << "format   " << input.format << "\n"
      << "poses    " << dataset.objects.size()
      << (dataset.HasRigs() ? Format(", %lld views (rigs)", Size(dataset.views.size())) : "")
      << "\n"
      << "points   " << PointsText(dataset) << "\n"
      << "weights  " << WeightsText(dataset) << "\n"
      << "starts   " << FitText(dataset) << "\n"
      << "cameras  " << dataset.cameras.size() << "\n";
  for (size_t i = 0; i < std::min(dataset.cameras.size(), kMostCameras); ++i) {
    out << "  " << CameraText(dataset.cameras[i]) << "\n";
  }
  if (dataset.cameras.size() > kMostCameras) out << "  ...\n";
}

void PrintBopScene(const std::string& path, std::ostream& out) {
  const io::BopScene scene = ValueOrThrow(io::ReadBopScene(path));
  std::set<int32_t> objects;
  for (const io::BopInstance& instance : scene.instances) objects.insert(instance.obj_id);
  out << "format   BOP scene (poses, no points)\n"
      << "images   " << scene.images.size() << "\n"
      << "poses    " << scene.instances.size() << " of " << Count(Size(objects.size()), "object")
      << "\n";
}

void PrintBopResults(const std::string& path, std::ostream& out) {
  const std::vector<io::BopResult> results = ValueOrThrow(io::ReadBopResults(path));
  std::set<std::pair<int32_t, int32_t>> images;
  std::set<int32_t> objects;
  for (const io::BopResult& result : results) {
    images.insert({result.scene_id, result.im_id});
    objects.insert(result.obj_id);
  }
  out << "format   BOP results (poses, no points)\n"
      << "images   " << images.size() << "\n"
      << "poses    " << results.size() << " of " << Count(Size(objects.size()), "object") << "\n";
}

}  // namespace

int RunInfo(const InputSource& source, std::ostream& out) {
  const std::vector<std::string> paths = ExpandPatterns(source.paths);
  if (!IsPhotoName(paths[0]) && source.board.empty()) {
    const io::DetectedInput input = ValueOrThrow(io::DetectFormat(paths[0]));
    if (input.format == io::InputFormat::kBopScene) {
      PrintBopScene(input.path, out);
      return 0;
    }
    if (input.format == io::InputFormat::kBopResults) {
      PrintBopResults(input.path, out);
      return 0;
    }
  }
  PrintDataset(LoadInput(source), out);
  return 0;
}

}  // namespace propnp::app
