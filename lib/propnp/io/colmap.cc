// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/colmap.h"

#include <utility>

#include "propnp/io/colmap_internal.h"
#include "propnp/io/file.h"

namespace propnp::io {
namespace colmap {

std::string FileName(Part part, bool binary) {
  constexpr const char* kStems[] = {"cameras", "images", "points3D", "rigs", "frames"};
  return std::string(kStems[part]) + (binary ? ".bin" : ".txt");
}

namespace {

bool HasPart(const std::string& folder, Part part, bool binary) {
  return IsFile(JoinPath(folder, FileName(part, binary)));
}

bool HasModel(const std::string& folder, bool binary) {
  return HasPart(folder, kCameras, binary) && HasPart(folder, kImages, binary) &&
         HasPart(folder, kPoints, binary);
}

bool IsPartOf(const ColmapModel& model, Part part) {
  return model.has_rig_files || (part != kRigs && part != kFrames);
}

Status ReadPart(const std::string& folder, Part part, ColmapModel* model) {
  const std::string path = JoinPath(folder, FileName(part, model->binary));
  const Result<std::string> contents = ReadFile(path);
  if (!contents.ok()) return contents.status();
  return model->binary ? ParseBinaryPart(part, *contents, path, model)
                       : ParseTextPart(part, *contents, path, model);
}

Result<bool> HasRigFiles(const std::string& folder, bool binary) {
  const bool rigs = HasPart(folder, kRigs, binary), frames = HasPart(folder, kFrames, binary);
  if (rigs == frames) return rigs;
  const Part missing = rigs ? kFrames : kRigs;
  return Status::Error(JoinPath(folder, FileName(missing, binary)) + ": missing; " +
                       FileName(rigs ? kRigs : kFrames, binary) +
                       " is there and the two belong together");
}

}  // namespace
}  // namespace colmap

using colmap::Part;

Result<ColmapModel> ReadColmap(const std::string& folder) {
  ColmapModel model;
  model.path = folder;
  model.binary = colmap::HasModel(folder, true);
  if (!model.binary && !colmap::HasModel(folder, false)) {
    return Status::Error(folder +
                         ": no COLMAP model: looked for cameras, images and points3D, each .bin or "
                         "each .txt");
  }
  Result<bool> has_rig_files = colmap::HasRigFiles(folder, model.binary);
  if (!has_rig_files.ok()) return has_rig_files.status();
  model.has_rig_files = *has_rig_files;
  for (const Part part : colmap::kParts) {
    if (!colmap::IsPartOf(model, part)) continue;
    if (Status status = colmap::ReadPart(folder, part, &model); !status.ok()) return status;
  }
  model.has_rigs = !model.rigs.empty() || !model.frames.empty();
  if (Status status = colmap::CheckReferences(model, folder); !status.ok()) return status;
  return model;
}

Status WriteColmap(const ColmapModel& model, const std::string& folder) {
  for (const Part part : colmap::kParts) {
    if (!colmap::IsPartOf(model, part)) continue;
    Result<std::string> contents = model.binary
                                       ? Result<std::string>(colmap::FormatBinaryPart(part, model))
                                       : colmap::FormatTextPart(part, model);
    if (!contents.ok()) return contents.status();
    const std::string path = JoinPath(folder, colmap::FileName(part, model.binary));
    if (Status status = WriteFile(path, *contents); !status.ok()) return status;
  }
  return {};
}

bool ColmapPose::operator==(const ColmapPose& other) const {
  return rotation == other.rotation && translation == other.translation;
}

}  // namespace propnp::io
