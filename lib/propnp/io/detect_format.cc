// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/detect_format.h"

#include <optional>
#include <string_view>

#include "propnp/io/file.h"
#include "propnp/io/text_reader.h"

namespace propnp::io {
namespace {

constexpr size_t kHeadBytes = 4096;

bool HasAll(const std::string& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (!IsFile(JoinPath(folder, name))) return false;
  }
  return true;
}

bool IsColmapFolder(const std::string& folder) {
  return HasAll(folder, {"cameras.bin", "images.bin", "points3D.bin"}) ||
         HasAll(folder, {"cameras.txt", "images.txt", "points3D.txt"});
}

Result<DetectedInput> DetectFolder(const std::string& path) {
  for (const char* below : {"", "sparse/0", "sparse", "0"}) {
    const std::string folder = *below == '\0' ? path : JoinPath(path, below);
    if (IsColmapFolder(folder)) return DetectedInput{InputFormat::kColmap, folder};
  }
  if (HasAll(path, {"scene_camera.json", "scene_gt.json"})) {
    return DetectedInput{InputFormat::kBopScene, path};
  }
  return Status::Error(path +
                       ": no input found in this folder; looked for a COLMAP model (cameras, "
                       "images and points3D, all .bin or all .txt, here or in sparse/0, sparse, 0) "
                       "and for a BOP scene (scene_camera.json, scene_gt.json)");
}

// The quiet attempts below throw their errors away: a format that does not fit is no error.
bool LooksLikeBal(std::string_view head) {
  TextReader in(head, "");
  uint64_t count = 0;
  if (!in.NextLine()) return false;
  for (int i = 0; i < 3; ++i) {
    if (!in.Read("", &count)) return false;
  }
  return in.AtEnd();
}

bool LooksLikeBopResults(std::string_view head) {
  TextReader in(head, "");
  if (!in.NextDataLine()) return false;
  constexpr std::string_view kHeader = "scene_id,im_id,obj_id";
  if (in.window().substr(0, kHeader.size()) == kHeader) return true;
  int64_t id = 0;
  for (int i = 0; i < 3; ++i) {
    in.OpenField(',');
    if (!in.Read("", &id) || !in.CloseField("")) return false;
  }
  return !in.AtEnd();
}

std::optional<char> FirstCharacter(std::string_view head) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (head.substr(0, kByteOrderMark.size()) == kByteOrderMark) head.remove_prefix(3);
  const size_t first = head.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  return head[first];
}

std::string NameOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// Files that are one part of a folder of files.
const char* WholeOf(const std::string& name) {
  for (const char* part : {"cameras", "images", "points3D", "rigs", "frames"}) {
    if (name == std::string(part) + ".bin" || name == std::string(part) + ".txt") {
      return "a COLMAP model";
    }
  }
  return name == "scene_gt.json" || name == "scene_camera.json" ? "a BOP scene" : nullptr;
}

Result<DetectedInput> DetectFile(const std::string& path) {
  if (const char* whole = WholeOf(NameOf(path))) {
    return Status::Error(path + ": is one file of " + whole + "; give the folder that it is in");
  }
  const Result<std::string> contents = ReadFile(path, kHeadBytes);
  if (!contents.ok()) return contents.status();
  const std::string_view head = *contents;
  if (head.find("\"propnp-poses-") != std::string_view::npos) {
    return Status::Error(path + ": holds results (poses.jsonl), not correspondences");
  }
  if (FirstCharacter(head) == '{') return DetectedInput{InputFormat::kCorrespondences, path};
  if (LooksLikeBopResults(head)) return DetectedInput{InputFormat::kBopResults, path};
  if (LooksLikeBal(head)) return DetectedInput{InputFormat::kBal, path};
  return Status::Error(path +
                       ": format not recognised; looked for JSON lines (begins with '{'), a BAL "
                       "problem (begins with three counts) and BOP results (CSV scene_id,im_id,"
                       "obj_id,score,R,t,time)");
}

}  // namespace

const char* FormatName(InputFormat format) {
  switch (format) {
    case InputFormat::kColmap:
      return "COLMAP model";
    case InputFormat::kBal:
      return "BAL problem";
    case InputFormat::kBopScene:
      return "BOP scene";
    case InputFormat::kBopResults:
      return "BOP results";
    case InputFormat::kCorrespondences:
      return "JSON lines of correspondences";
  }
  return "unknown";
}

Result<DetectedInput> DetectFormat(const std::string& path) {
  if (IsFolder(path)) return DetectFolder(path);
  return DetectFile(path);
}

}  // namespace propnp::io
