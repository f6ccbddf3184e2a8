// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reading correspondences; correspondence_json_write.cc writes them.

#include "propnp/io/correspondence_json.h"

#include <unordered_map>
#include <utility>

#include "propnp/io/byte_reader.h"
#include "propnp/io/camera_json_internal.h"
#include "propnp/io/file.h"
#include "propnp/io/json_internal.h"
#include "propnp/io/names.h"
#include "propnp/io/object_json_internal.h"
#include "propnp/io/text_reader.h"

namespace propnp::io {
namespace {

using json::Find;
using json::Reader;
using json::Value;

// Where in a table an item is that has these bytes.
using IndexByBytes = std::unordered_map<std::string, int32_t>;

std::string BytesOf(const Pose& pose) {
  std::string bytes;
  for (const double value : pose) AppendBytes(value, &bytes);
  return bytes;
}

std::string BytesOf(const DatasetCamera& camera) {
  std::string bytes;
  AppendBytes(camera.model, &bytes);
  for (const int32_t size : camera.size_px) AppendBytes(size, &bytes);
  for (const double parameter : camera.parameters) AppendBytes(parameter, &bytes);
  return bytes;
}

enum class Weights { kNone, kPerAxis, kSqrtInfo };

// Fills one dataset from many lines.
class DatasetReader {
 public:
  explicit DatasetReader(std::string file) : file_(std::move(file)) {}

  Status AddLine(std::string_view text, uint64_t line_number) {
    const std::string place = "line " + std::to_string(line_number);
    const Result<Value> value = json::Parse(text, file_, place);
    if (!value.ok()) return value.status();
    Reader in(file_, place);
    if (!AddObject(*value, line_number, &in)) return in.status();
    return {};
  }

  Result<PoseDataset> Finish() {
    if (Status status = dataset_.Validate(); !status.ok()) return InFile(file_, status);
    return std::move(dataset_);
  }

 private:
  bool AddObject(const Value& value, uint64_t line_number, Reader* in) {
    if (!in->CheckKeys(
            value, "",
            {"schema", "id", "camera", "x3d", "x2d", "w2d", "sqrt_info", "dof", "cam_from_object",
             "target", "yaw_axis", "base_rotation", "prior", "image", "timestamp", "views"})) {
      return false;
    }
    DatasetObject object;
    if (!CheckSchema(value, in) || !ReadId(value, line_number, in, &object.id) ||
        !json::ReadObjectFields(value, in, &object) || !AddViews(value, in)) {
      return false;
    }
    dataset_.objects.push_back(std::move(object));
    dataset_.EndObject();
    return true;
  }

  static bool CheckSchema(const Value& value, Reader* in) {
    const Value* schema = Find(value, "schema");
    std::string name;
    if (schema == nullptr) return true;
    if (!in->String(*schema, "schema", &name)) return false;
    return name == kCorrespondenceSchema ||
           in->Fail("schema", Quoted(name) + " is not " + kCorrespondenceSchema);
  }

  bool ReadId(const Value& value, uint64_t line_number, Reader* in, std::string* id) {
    const Value* given = Find(value, "id");
    if (given == nullptr) return in->Fail("id", "missing");
    if (given->is_number_integer()) {
      *id = given->dump();
    } else if (!in->String(*given, "id", id)) {
      return false;
    }
    if (const char* problem = IdProblem(*id)) return in->Fail("id", Quoted(*id) + " " + problem);
    const auto [before, is_new] = lines_.emplace(*id, line_number);
    return is_new || in->Fail("id", Quoted(*id) + " is there twice, first in line " +
                                        std::to_string(before->second));
  }

  bool AddViews(const Value& value, Reader* in) {
    const Value* views = Find(value, "views");
    if (views == nullptr) return AddView(value, "", in);
    for (const char* key : {"camera", "x3d", "x2d", "w2d", "sqrt_info", "image", "timestamp"}) {
      if (value.contains(key)) return in->Fail(key, "belongs into the views where there are views");
    }
    if (!views->is_array() || views->empty()) return in->Fail("views", "is not a list of views");
    for (size_t i = 0; i < views->size(); ++i) {
      const std::string field = "views[" + std::to_string(i) + "]";
      if (!in->CheckKeys((*views)[i], field,
                         {"camera", "camera_from_rig", "x3d", "x2d", "w2d", "sqrt_info", "image",
                          "timestamp"}) ||
          !AddView((*views)[i], field + ".", in)) {
        return false;
      }
    }
    return true;
  }

  bool AddView(const Value& value, const std::string& prefix, Reader* in) {
    DatasetView view;
    const Value* camera = Find(value, "camera");
    if (camera == nullptr) return in->Fail(prefix + "camera", "missing");
    DatasetCamera parsed;
    if (!json::ReadCamera(*camera, prefix + "camera", in, &parsed)) return false;
    view.camera = FindOrAdd(parsed, BytesOf(parsed), &camera_index_, &dataset_.cameras);
    if (const Value* rig = Find(value, "camera_from_rig")) {
      Pose pose;
      if (!json::ReadPose(*rig, prefix + "camera_from_rig", 6, in, &pose)) return false;
      view.rig = FindOrAdd(pose, BytesOf(pose), &rig_index_, &dataset_.camera_from_rig);
    }
    if (const Value* image = Find(value, "image")) {
      if (!in->String(*image, prefix + "image", &view.image)) return false;
      if (const char* problem = ImageNameProblem(view.image)) {
        return in->Fail(prefix + "image", Quoted(view.image) + " " + problem);
      }
    }
    if (const Value* timestamp = Find(value, "timestamp")) {
      if (!in->Number(*timestamp, prefix + "timestamp", &view.timestamp.emplace())) return false;
    }
    if (!AddPoints(value, prefix, in)) return false;
    dataset_.views.push_back(std::move(view));
    dataset_.EndView();
    return true;
  }

  // Files repeat the camera in every line; the table holds it once.
  template <typename Item>
  static int32_t FindOrAdd(const Item& item, std::string key, IndexByBytes* index,
                           std::vector<Item>* items) {
    const auto [found, is_new] =
        index->emplace(std::move(key), static_cast<int32_t>(items->size()));
    if (is_new) items->push_back(item);
    return found->second;
  }

  bool AddPoints(const Value& value, const std::string& prefix, Reader* in) {
    const Value* x3d = Find(value, "x3d");
    const Value* x2d = Find(value, "x2d");
    if (x3d == nullptr) return in->Fail(prefix + "x3d", "missing");
    if (x2d == nullptr) return in->Fail(prefix + "x2d", "missing");
    if (!in->Rows(*x3d, prefix + "x3d", 3, &dataset_.x3d) ||
        !in->Rows(*x2d, prefix + "x2d", 2, &dataset_.x2d)) {
      return false;
    }
    if (x3d->size() != x2d->size()) {
      return in->Fail(prefix + "x2d", std::to_string(x2d->size()) + " pixels for " +
                                          std::to_string(x3d->size()) + " points of x3d");
    }
    return AddWeights(value, prefix, x3d->size(), in);
  }

  bool AddWeights(const Value& value, const std::string& prefix, size_t points, Reader* in) {
    const Value* w2d = Find(value, "w2d");
    const Value* sqrt_info = Find(value, "sqrt_info");
    if (w2d != nullptr && sqrt_info != nullptr) {
      return in->Fail(prefix + "sqrt_info", "only one of w2d and sqrt_info may be given");
    }
    std::vector<double> numbers;
    const Weights kind = w2d != nullptr         ? Weights::kPerAxis
                         : sqrt_info != nullptr ? Weights::kSqrtInfo
                                                : Weights::kNone;
    const std::string field = prefix + (kind == Weights::kSqrtInfo ? "sqrt_info" : "w2d");
    if (w2d != nullptr && !in->Rows(*w2d, field, 2, &numbers)) return false;
    if (sqrt_info != nullptr && !in->Matrices(*sqrt_info, field, 2, 2, &numbers)) return false;
    const size_t rows = kind == Weights::kNone ? points : (w2d ? w2d : sqrt_info)->size();
    if (rows != points) {
      return in->Fail(field, std::to_string(rows) + " entries for " + std::to_string(points) +
                                 " points of x3d");
    }
    for (size_t i = 0; kind == Weights::kPerAxis && i < numbers.size(); ++i) {
      if (numbers[i] < 0) {
        return in->Fail(field + "[" + std::to_string(i / 2) + "]", "a weight is negative");
      }
    }
    if (points > 0) StoreWeights(kind, numbers);
    return true;
  }

  // Called after the points of a view went in: brings the weights of all views up to the richest
  // kind seen so far.
  void StoreWeights(Weights kind, const std::vector<double>& numbers) {
    const size_t end = dataset_.x3d.size() / 3;
    const size_t begin = static_cast<size_t>(dataset_.num_points());
    std::vector<double>& w2d = dataset_.w2d;
    std::vector<double>& sqrt_info = dataset_.sqrt_info;
    if (kind == Weights::kPerAxis && sqrt_info.empty()) {
      w2d.resize(begin * 2, 1.0);
      w2d.insert(w2d.end(), numbers.begin(), numbers.end());
    } else if (kind == Weights::kSqrtInfo) {
      PromoteToSqrtInfo(begin);
      sqrt_info.insert(sqrt_info.end(), numbers.begin(), numbers.end());
    } else if (!sqrt_info.empty()) {
      for (size_t i = 0; i < end - begin; ++i) {
        const bool weighted = kind == Weights::kPerAxis;
        sqrt_info.insert(sqrt_info.end(),
                         {weighted ? numbers[2 * i] : 1, 0, 0, weighted ? numbers[2 * i + 1] : 1});
      }
    } else if (!w2d.empty()) {
      w2d.resize(end * 2, 1.0);
    }
  }

  void PromoteToSqrtInfo(size_t points) {
    if (dataset_.sqrt_info.size() == points * 4) return;
    dataset_.w2d.resize(points * 2, 1.0);
    for (size_t i = 0; i < points; ++i) {
      dataset_.sqrt_info.insert(dataset_.sqrt_info.end(),
                                {dataset_.w2d[2 * i], 0, 0, dataset_.w2d[2 * i + 1]});
    }
    dataset_.w2d.clear();
  }

  std::string file_;
  PoseDataset dataset_;
  std::unordered_map<std::string, uint64_t> lines_;  // where each id was
  IndexByBytes camera_index_;
  IndexByBytes rig_index_;
};

}  // namespace

Result<PoseDataset> ParseCorrespondences(std::string_view text, const std::string& file) {
  TextReader in(text, file);
  DatasetReader reader(file);
  uint64_t line_number = 0;
  while (in.NextLine()) {
    ++line_number;
    if (in.AtEnd()) continue;
    if (Status status = reader.AddLine(in.window(), line_number); !status.ok()) return status;
  }
  return reader.Finish();
}

Result<PoseDataset> ReadCorrespondences(const std::string& path) {
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return ParseCorrespondences(*text, path);
}

}  // namespace propnp::io
