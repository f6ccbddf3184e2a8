// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The parts that a COLMAP model is read and written in; colmap.h is the way in.
#ifndef PROPNP_IO_COLMAP_INTERNAL_H_
#define PROPNP_IO_COLMAP_INTERNAL_H_

#include <array>
#include <string>
#include <string_view>
#include <unordered_set>

#include "propnp/io/colmap.h"
#include "propnp/io/names.h"
#include "propnp/io/status.h"

namespace propnp::io::colmap {

enum Part { kCameras, kImages, kPoints, kRigs, kFrames };
constexpr std::array<Part, 5> kParts = {kCameras, kImages, kPoints, kRigs, kFrames};

// "cameras.bin", "points3D.txt", ...
std::string FileName(Part part, bool binary);

// Adds one file's contents to the model; `file` is its name for messages.
Status ParseTextPart(Part part, std::string_view text, const std::string& file, ColmapModel* model);
Status ParseBinaryPart(Part part, std::string_view bytes, const std::string& file,
                       ColmapModel* model);

// The contents of the file of a part. The text cannot hold every image name: blanks at its ends and
// line breaks are refused.
Result<std::string> FormatTextPart(Part part, const ColmapModel& model);
std::string FormatBinaryPart(Part part, const ColmapModel& model);

// Every id that something refers to exists; every image of a model with rigs is in one frame.
Status CheckReferences(const ColmapModel& model, const std::string& folder);

// Refuses what was there before.
template <typename Reader, typename Id>
bool IsNewId(const char* field, Id id, std::unordered_set<Id>* seen, Reader* in) {
  return seen->insert(id).second || in->Fail(field, std::to_string(id) + " is there twice");
}

template <typename Reader>
bool IsNewName(const std::string& name, std::unordered_set<std::string>* seen, Reader* in) {
  return seen->insert(name).second || in->Fail("NAME", Quoted(name) + " is there twice");
}

}  // namespace propnp::io::colmap

#endif  // PROPNP_IO_COLMAP_INTERNAL_H_
