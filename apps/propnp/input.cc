// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/input.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "apps/propnp/input_error.h"
#include "apps/propnp/io_errors.h"
#include "apps/propnp/photo_dataset.h"
#include "propnp/io/bal.h"
#include "propnp/io/colmap.h"
#include "propnp/io/correspondence_json.h"
#include "propnp/io/detect_format.h"
#include "propnp/io/file.h"

namespace propnp::app {
namespace {

namespace fs = std::filesystem;

std::vector<io::Pose> PosesOf(const io::PoseDataset& dataset) {
  std::vector<io::Pose> poses;
  for (const io::DatasetObject& object : dataset.objects) poses.push_back(object.pose);
  return poses;
}

// A model lies beside its photographs, or one or two folders below, as COLMAP's sparse/0.
std::vector<std::string> ImageFolders(const std::string& given, const fs::path& model) {
  if (!given.empty()) return {given};
  std::vector<std::string> folders;
  fs::path folder = fs::absolute(model.empty() ? "." : model).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  for (int level = 0; level < 3; ++level) {
    folders.push_back(folder.string());
    folders.push_back((folder / "images").string());
    folder = folder.parent_path();
  }
  return folders;
}

LoadedInput LoadColmap(const std::string& path) {
  // Shared, because std::function wants copies and a model may be large.
  auto model = std::make_shared<io::ColmapModel>(ValueOrThrow(io::ReadColmap(path)));
  LoadedInput input;
  input.format = model->binary ? "COLMAP model (binary)" : "COLMAP model (text)";
  input.dataset = ValueOrThrow(io::ToPoseDataset(*model));
  input.write = [model](const io::PoseDataset& refined, const std::string& folder) {
    io::ColmapModel changed = *model;
    const io::Status status = io::ApplyPoses(PosesOf(refined), &changed);
    return status.ok() ? io::WriteColmap(changed, folder) : status;
  };
  return input;
}

LoadedInput LoadBal(const std::string& path) {
  auto problem = std::make_shared<io::BalProblem>(ValueOrThrow(io::ReadBal(path)));
  LoadedInput input;
  input.format = "BAL problem";
  input.dataset = ValueOrThrow(io::ToPoseDataset(*problem));
  const std::string name = fs::path(path).filename().string();
  input.write = [problem, name](const io::PoseDataset& refined, const std::string& folder) {
    io::BalProblem changed = *problem;
    const io::Status status = io::ApplyPoses(PosesOf(refined), &changed);
    return status.ok() ? io::WriteBal(changed, io::JoinPath(folder, name)) : status;
  };
  return input;
}

void WriteAsCorrespondences(const std::string& name, LoadedInput* input) {
  input->write = [name](const io::PoseDataset& refined, const std::string& folder) {
    return io::WriteCorrespondences(refined, io::JoinPath(folder, name));
  };
}

LoadedInput LoadCorrespondences(const std::string& path) {
  LoadedInput input;
  input.format = "correspondences (JSON lines)";
  input.dataset = ValueOrThrow(io::ReadCorrespondences(path));
  WriteAsCorrespondences(fs::path(path).filename().string(), &input);
  return input;
}

LoadedInput LoadPhotos(const std::vector<std::string>& photos, const InputSource& source) {
  if (source.board.empty() || source.camera.empty()) {
    throw InputError(photos[0] +
                     ": photographs need --board (such as chessboard:9x6:25mm) and --camera FILE");
  }
  const BoardSpec board = ParseBoardSpec(source.board);
  PhotoDataset found = DetectOnPhotos(photos, board, ReadIntrinsics(source.camera));
  LoadedInput input;
  input.format = "photographs of " + source.board;
  input.unit = board.unit;
  input.dataset = std::move(found.dataset);
  input.image_folders = {found.image_folder};
  input.without_board = std::move(found.without_board);
  if (input.dataset.objects.empty()) {
    throw InputError("--board " + source.board + ": found on none of the photographs; check the " +
                     "number of inner corners, or the dictionary");
  }
  WriteAsCorrespondences("correspondences.jsonl", &input);
  return input;
}

LoadedInput LoadModel(const std::string& path, const InputSource& source) {
  if (!source.board.empty() || !source.camera.empty()) {
    throw InputError(path +
                     ": --board and --camera are for photographs; this input brings its own");
  }
  LoadedInput input;
  const io::DetectedInput detected = ValueOrThrow(io::DetectFormat(path));
  switch (detected.format) {
    case io::InputFormat::kColmap:
      input = LoadColmap(detected.path);
      break;
    case io::InputFormat::kBal:
      input = LoadBal(detected.path);
      break;
    case io::InputFormat::kCorrespondences:
      input = LoadCorrespondences(detected.path);
      break;
    case io::InputFormat::kBopScene:
    case io::InputFormat::kBopResults:
      throw InputError(path + ": holds poses but no points to refine them with; `propnp convert` " +
                       "and `propnp info` read it");
  }
  const fs::path model = detected.path;
  input.image_folders =
      ImageFolders(source.images, io::IsFolder(model.string()) ? model : model.parent_path());
  if (input.dataset.objects.empty()) throw InputError(path + ": has no pose with points");
  return input;
}

}  // namespace

LoadedInput LoadInput(const InputSource& source) {
  const std::vector<std::string> paths = ExpandPatterns(source.paths);
  if (IsPhotoName(paths[0])) return LoadPhotos(paths, source);
  if (!source.board.empty() && paths.size() == 1 && io::IsFolder(paths[0])) {
    return LoadPhotos(PhotosIn(paths[0]), source);
  }
  if (paths.size() > 1) {
    throw InputError(paths[1] + ": only photographs can be several inputs at once");
  }
  return LoadModel(paths[0], source);
}

}  // namespace propnp::app
