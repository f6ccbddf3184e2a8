// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// BOP's results CSV: scene_id,im_id,obj_id,score,R,t,time with R 9 and t 3 numbers between blanks.

#include <cmath>
#include <unordered_map>

#include "propnp/io/bop.h"
#include "propnp/io/bop_internal.h"
#include "propnp/io/file.h"
#include "propnp/io/json_internal.h"
#include "propnp/io/number_text.h"
#include "propnp/io/text_reader.h"

namespace propnp::io {
namespace bop {

// Far beyond what few digits can do to a rotation, far below what a mistake does.
constexpr double kRotationTolerance = 0.1;

bool SetRotation(const Matrix3& in_file, BopPose* pose) {
  pose->rotation = pose->rotation_in_file = in_file;
  return ProjectToRotation(kRotationTolerance, &pose->rotation);
}

Matrix3 RotationToWrite(const BopPose& pose) {
  BopPose again;
  return SetRotation(pose.rotation_in_file, &again) && again.rotation == pose.rotation
             ? pose.rotation_in_file
             : pose.rotation;
}

}  // namespace bop

namespace {

constexpr std::string_view kHeader = "scene_id,im_id,obj_id,score,R,t,time";
constexpr double kTimeTolerance = 1e-3;

bool IsHeader(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  return line == kHeader;
}

template <typename Number>
bool ReadField(const char* field, TextReader* in, Number* value) {
  in->OpenField(',');
  return in->Read(field, value) && in->CloseField(field);
}

template <size_t N>
bool ReadField(const char* field, TextReader* in, std::array<double, N>* values) {
  in->OpenField(',');
  for (double& value : *values) {
    if (!in->Read(field, &value)) return false;
  }
  return in->CloseField(field);
}

bool ReadId(const char* field, TextReader* in, int32_t* id) {
  return ReadField(field, in, id) && (*id >= 0 || in->Fail(field, "is negative"));
}

bool ReadRow(TextReader* in, BopResult* row) {
  Matrix3 rotation;
  BopPose& pose = row->cam_from_object;
  if (!ReadId("scene_id", in, &row->scene_id) || !ReadId("im_id", in, &row->im_id) ||
      !ReadId("obj_id", in, &row->obj_id) || !ReadField("score", in, &row->score) ||
      !ReadField("R", in, &rotation)) {
    return false;
  }
  if (!bop::SetRotation(rotation, &pose)) return in->Fail("R", bop::kNotARotation);
  return ReadField("t", in, &pose.translation_mm) && ReadField("time", in, &row->time_s) &&
         in->ExpectEnd();
}

// Remembers the time of every image; false for a row that contradicts.
class ImageTimes {
 public:
  bool Agrees(const BopResult& row) {
    const uint64_t image = static_cast<uint64_t>(row.scene_id) << 32 |
                           static_cast<uint64_t>(static_cast<uint32_t>(row.im_id));
    const double time = times_.emplace(image, row.time_s).first->second;
    return std::abs(time - row.time_s) <= kTimeTolerance;
  }

 private:
  std::unordered_map<uint64_t, double> times_;
};

constexpr char kTimesDiffer[] = "differs from that of the same image's earlier rows";

void AppendNumbers(const double* values, size_t size, std::string* text) {
  for (size_t i = 0; i < size; ++i) {
    if (i > 0) *text += ' ';
    AppendNumber(values[i], text);
  }
  *text += ',';
}

void AppendRow(const BopResult& row, std::string* text) {
  for (const int32_t id : {row.scene_id, row.im_id, row.obj_id}) {
    *text += std::to_string(id) + ",";
  }
  AppendNumbers(&row.score, 1, text);
  AppendNumbers(bop::RotationToWrite(row.cam_from_object).data(), 9, text);
  AppendNumbers(row.cam_from_object.translation_mm.data(), 3, text);
  AppendNumber(row.time_s, text);
  *text += '\n';
}

bool IsFinite(const BopResult& row) {
  bool finite = std::isfinite(row.score) && std::isfinite(row.time_s);
  for (const double x : row.cam_from_object.rotation) finite = finite && std::isfinite(x);
  for (const double x : row.cam_from_object.translation_mm) finite = finite && std::isfinite(x);
  return finite;
}

Status RowError(size_t row, const std::string& problem) {
  return Status::Error("BOP results: row " + std::to_string(row) + ": " + problem);
}

}  // namespace

Result<std::vector<BopResult>> ParseBopResults(std::string_view text, const std::string& file) {
  TextReader in(text, file);
  std::vector<BopResult> results;
  ImageTimes times;
  bool first = true;
  while (in.NextLine()) {
    const bool is_header = first && IsHeader(in.window());
    first = false;
    if (is_header || in.AtEnd()) continue;
    BopResult row;
    if (!ReadRow(&in, &row)) return in.status();
    if (!times.Agrees(row) && !in.Fail("time", kTimesDiffer)) return in.status();
    results.push_back(row);
  }
  return results;
}

Result<std::vector<BopResult>> ReadBopResults(const std::string& path) {
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return ParseBopResults(*text, path);
}

Result<std::string> FormatBopResults(const std::vector<BopResult>& results) {
  std::string text(kHeader);
  text += '\n';
  ImageTimes times;
  for (size_t i = 0; i < results.size(); ++i) {
    if (!IsFinite(results[i])) return RowError(i, "a number is not finite");
    if (!times.Agrees(results[i])) return RowError(i, std::string("its time ") + kTimesDiffer);
    AppendRow(results[i], &text);
  }
  return text;
}

Status WriteBopResults(const std::vector<BopResult>& results, const std::string& path) {
  const Result<std::string> text = FormatBopResults(results);
  return text.ok() ? WriteFile(path, *text) : text.status();
}

std::string BopCovariancePath(const std::string& results_path) {
  constexpr std::string_view kExtension = ".csv";
  std::string stem = results_path;
  if (stem.size() > kExtension.size() &&
      std::string_view(stem).substr(stem.size() - kExtension.size()) == kExtension) {
    stem.resize(stem.size() - kExtension.size());
  }
  return stem + ".covariance.jsonl";
}

Status WriteBopCovariances(const std::vector<BopResult>& results,
                           const std::vector<std::vector<double>>& covariances,
                           const std::string& covariance_kind, const std::string& path) {
  if (results.size() != covariances.size()) {
    return Status::Error(std::to_string(covariances.size()) + " covariances for " +
                         std::to_string(results.size()) + " BOP results");
  }
  std::string text;
  for (size_t i = 0; i < results.size(); ++i) {
    if (!covariances[i].empty() && covariances[i].size() != 36) {
      return RowError(i, "its covariance is not 6x6");
    }
    text += "{\"row\":" + std::to_string(i) +
            ",\"scene_id\":" + std::to_string(results[i].scene_id) +
            ",\"im_id\":" + std::to_string(results[i].im_id) +
            ",\"obj_id\":" + std::to_string(results[i].obj_id) + ",\"covariance\":";
    if (covariances[i].empty()) {
      text += "null";
    } else {
      json::AppendRows(covariances[i].data(), 6, 6, &text);
    }
    text += ",\"covariance_kind\":";
    json::AppendString(covariance_kind, &text);
    text += R"(,"covariance_order":["tx","ty","tz","rx","ry","rz"])"
            R"(,"covariance_units":{"translation":"mm","rotation":"rad"}})"
            "\n";
  }
  return WriteFile(path, text);
}

}  // namespace propnp::io
