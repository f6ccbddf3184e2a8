// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/convert_command.h"

#include <filesystem>

#include "apps/propnp/input_error.h"
#include "apps/propnp/io_errors.h"
#include "apps/propnp/photo_dataset.h"
#include "apps/propnp/pose_math.h"
#include "apps/propnp/text.h"
#include "propnp/io/bal.h"
#include "propnp/io/bop.h"
#include "propnp/io/colmap.h"
#include "propnp/io/correspondence_json.h"
#include "propnp/io/detect_format.h"
#include "propnp/io/staged_output.h"
#include "propnp/io/tum.h"

namespace propnp::app {
namespace {

enum class Target { kCorrespondences, kTum, kColmapText, kColmapBinary, kBal, kBopResults };

struct TargetForm {
  Target target;
  const char* name;    // after --to
  const char* ending;  // of OUT; null: only by --to
};

constexpr TargetForm kTargets[] = {{Target::kCorrespondences, "jsonl", ".jsonl"},
                                   {Target::kTum, "tum", ".tum"},
                                   {Target::kColmapText, "colmap-text", nullptr},
                                   {Target::kColmapBinary, "colmap-binary", nullptr},
                                   {Target::kBal, "bal", ".bal"},
                                   {Target::kBopResults, "bop", ".csv"}};

constexpr char kTargetHelp[] =
    "name OUT with the ending .jsonl, .tum, .bal or .csv, or say --to jsonl, tum, colmap-text, "
    "colmap-binary, bal or bop";

Target TargetOf(const ConvertOptions& options) {
  const std::string ending = Lower(std::filesystem::path(options.output).extension().string());
  for (const TargetForm& form : kTargets) {
    const bool by_ending = options.to.empty() && form.ending != nullptr && ending == form.ending;
    if (options.to == form.name || by_ending) return form.target;
  }
  throw InputError(options.to.empty() ? options.output + ": which format? " + kTargetHelp
                                      : "--to " + options.to + ": unknown; " + kTargetHelp);
}

[[noreturn]] void RefusePair(const std::string& from, Target target) {
  const char* name = "";
  for (const TargetForm& form : kTargets) {
    if (form.target == target) name = form.name;
  }
  throw InputError("--to " + std::string(name) + ": cannot be made of " + from +
                   ", which lacks what that format needs");
}

void WriteTumFile(const io::PoseDataset& dataset, const std::string& path) {
  std::vector<io::TumPose> poses;
  for (size_t i = 0; i < dataset.objects.size(); ++i) {
    const io::DatasetObject& object = dataset.objects[i];
    if (!object.has_pose) continue;
    const auto& time = dataset.views[dataset.view_offsets[i]].timestamp;
    poses.push_back({time.value_or(static_cast<double>(i)), FullPose(object, object.pose)});
  }
  if (poses.empty()) throw InputError(path + ": the input has no poses; refine it first");
  ThrowIfFailed(io::WriteFileAtomically(path, ValueOrThrow(io::FormatTum(poses))));
}

// True when the target is one of the formats that any dataset can be written in.
bool WriteDataset(const io::PoseDataset& dataset, Target target, const std::string& path) {
  if (target == Target::kCorrespondences) {
    ThrowIfFailed(io::WriteFileAtomically(path, io::FormatCorrespondences(dataset)));
  } else if (target == Target::kTum) {
    WriteTumFile(dataset, path);
  } else {
    return false;
  }
  return true;
}

void ConvertColmap(const std::string& path, Target target, const std::string& output) {
  io::ColmapModel model = ValueOrThrow(io::ReadColmap(path));
  if (target == Target::kColmapText || target == Target::kColmapBinary) {
    model.binary = target == Target::kColmapBinary;
    io::StagedFolder staged = ValueOrThrow(io::StagedFolder::Create(output));
    ThrowIfFailed(io::WriteColmap(model, staged.path()));
    ThrowIfFailed(staged.Commit());
  } else if (!WriteDataset(ValueOrThrow(io::ToPoseDataset(model)), target, output)) {
    RefusePair("a COLMAP model", target);
  }
}

void ConvertBal(const std::string& path, Target target, const std::string& output) {
  const io::BalProblem problem = ValueOrThrow(io::ReadBal(path));
  if (target == Target::kBal) {
    ThrowIfFailed(io::WriteFileAtomically(output, io::FormatBal(problem)));
  } else if (!WriteDataset(ValueOrThrow(io::ToPoseDataset(problem)), target, output)) {
    RefusePair("a BAL problem", target);
  }
}

// Ground truth as the results of a method that is always right.
std::vector<io::BopResult> ResultsOf(const io::BopScene& scene) {
  std::vector<io::BopResult> results;
  for (const io::BopInstance& instance : scene.instances) {
    io::BopResult result;
    result.im_id = instance.im_id;
    result.obj_id = instance.obj_id;
    result.score = 1;
    result.cam_from_object = instance.cam_from_object;
    results.push_back(result);
  }
  return results;
}

void ConvertBop(const std::vector<io::BopResult>& results, Target target,
                const std::string& output) {
  if (target != Target::kBopResults) RefusePair("BOP poses", target);
  ThrowIfFailed(io::WriteFileAtomically(output, ValueOrThrow(io::FormatBopResults(results))));
}

void ConvertFile(const std::string& path, Target target, const std::string& output) {
  const io::DetectedInput input = ValueOrThrow(io::DetectFormat(path));
  switch (input.format) {
    case io::InputFormat::kColmap:
      return ConvertColmap(input.path, target, output);
    case io::InputFormat::kBal:
      return ConvertBal(input.path, target, output);
    case io::InputFormat::kBopScene:
      return ConvertBop(ResultsOf(ValueOrThrow(io::ReadBopScene(input.path))), target, output);
    case io::InputFormat::kBopResults:
      return ConvertBop(ValueOrThrow(io::ReadBopResults(input.path)), target, output);
    case io::InputFormat::kCorrespondences:
      if (!WriteDataset(ValueOrThrow(io::ReadCorrespondences(input.path)), target, output)) {
        RefusePair("correspondences", target);
      }
  }
}

}  // namespace

int RunConvert(const ConvertOptions& options, std::ostream& out) {
  const Target target = TargetOf(options);
  const std::vector<std::string> paths = ExpandPatterns(options.source.paths);
  size_t without_board = 0;
  if (IsPhotoName(paths[0]) || !options.source.board.empty()) {
    const LoadedInput input = LoadInput(options.source);
    without_board = input.without_board.size();
    for (const std::string& image : input.without_board) out << "no board found: " << image << "\n";
    if (!WriteDataset(input.dataset, target, options.output)) RefusePair("photographs", target);
  } else if (paths.size() > 1) {
    throw InputError(paths[1] + ": only photographs can be several inputs at once");
  } else {
    ConvertFile(paths[0], target, options.output);
  }
  out << "written to " << options.output << "\n";
  return without_board > 0 ? 1 : 0;
}

}  // namespace propnp::app
