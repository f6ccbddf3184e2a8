// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// BOP's scene_camera.json and scene_gt.json: objects with the image ids as keys.

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "propnp/io/bop.h"
#include "propnp/io/bop_internal.h"
#include "propnp/io/file.h"
#include "propnp/io/json_internal.h"
#include "propnp/io/names.h"
#include "propnp/io/number_text.h"

namespace propnp::io {
namespace {

using json::Find;
using json::Reader;
using json::Value;

constexpr char kCameraFile[] = "scene_camera.json";
constexpr char kTruthFile[] = "scene_gt.json";

// Entry (id, value) of a file whose keys are image ids, in the order of the ids.
struct Entry {
  int32_t im_id;
  const Value* value;
};

bool ListImages(const Value& root, Reader* in, std::vector<Entry>* entries) {
  if (!root.is_object()) return in->Fail("", "is not an object {\"<im_id>\": ...}");
  for (const auto& item : root.items()) {
    int32_t im_id = 0;
    if (ParseNumber(item.key(), &im_id) != nullptr || im_id < 0) {
      return in->Fail("im_id", Quoted(item.key()) + " is not a whole number >= 0");
    }
    entries->push_back({im_id, &item.value()});
  }
  const auto less = [](const Entry& a, const Entry& b) { return a.im_id < b.im_id; };
  const auto same = [](const Entry& a, const Entry& b) { return a.im_id == b.im_id; };
  std::sort(entries->begin(), entries->end(), less);
  const auto twice = std::adjacent_find(entries->begin(), entries->end(), same);
  return twice == entries->end() ||
         in->Fail("im_id", std::to_string(twice->im_id) + " is there twice");
}

bool ReadRotation(const Value& value, const std::string& field, Reader* in, BopPose* pose) {
  Matrix3 rotation;
  if (!in->Numbers(value, field, 9, rotation.data())) return false;
  return bop::SetRotation(rotation, pose) || in->Fail(field, bop::kNotARotation);
}

bool ReadPose(const Value& object, const std::string& field, const char* rotation_key,
              const char* translation_key, Reader* in, BopPose* pose) {
  const Value* rotation = Find(object, rotation_key);
  const Value* translation = Find(object, translation_key);
  if (rotation == nullptr) return in->Fail(field + "." + rotation_key, "missing");
  if (translation == nullptr) return in->Fail(field + "." + translation_key, "missing");
  return ReadRotation(*rotation, field + "." + rotation_key, in, pose) &&
         in->Numbers(*translation, field + "." + translation_key, 3, pose->translation_mm.data());
}

std::string Extras(Value object, std::initializer_list<const char*> known) {
  for (const char* key : known) object.erase(key);
  return object.dump();
}

bool CheckIntrinsics(const Matrix3& k, const std::string& field, Reader* in) {
  const bool affine = k[3] == 0 && k[6] == 0 && k[7] == 0 && k[8] == 1;
  if (!affine) return in->Fail(field, "is not [fx s cx 0 fy cy 0 0 1]");
  return (k[0] > 0 && k[4] > 0) || in->Fail(field, "a focal length is not > 0");
}

bool ReadImage(const Entry& entry, Reader* in, BopImage* image) {
  const std::string field = "\"" + std::to_string(entry.im_id) + "\"";
  if (!entry.value->is_object()) return in->Fail(field, "is not an object {...}");
  image->im_id = entry.im_id;
  const Value* intrinsics = Find(*entry.value, "cam_K");
  if (intrinsics == nullptr) return in->Fail(field + ".cam_K", "missing");
  if (!in->Numbers(*intrinsics, field + ".cam_K", 9, image->intrinsics.data()) ||
      !CheckIntrinsics(image->intrinsics, field + ".cam_K", in)) {
    return false;
  }
  if (entry.value->contains("cam_R_w2c") && !ReadPose(*entry.value, field, "cam_R_w2c", "cam_t_w2c",
                                                      in, &image->cam_from_world.emplace())) {
    return false;
  }
  image->extras = image->cam_from_world ? Extras(*entry.value, {"cam_K", "cam_R_w2c", "cam_t_w2c"})
                                        : Extras(*entry.value, {"cam_K"});
  return true;
}

bool ReadInstance(const Value& value, const std::string& field, Reader* in, BopInstance* instance) {
  if (!value.is_object()) return in->Fail(field, "is not an object {...}");
  const Value* obj_id = Find(value, "obj_id");
  int64_t id = 0;
  if (obj_id == nullptr) return in->Fail(field + ".obj_id", "missing");
  if (!in->Integer(*obj_id, field + ".obj_id", 0, std::numeric_limits<int32_t>::max(), &id) ||
      !ReadPose(value, field, "cam_R_m2c", "cam_t_m2c", in, &instance->cam_from_object)) {
    return false;
  }
  instance->obj_id = static_cast<int32_t>(id);
  instance->extras = Extras(value, {"cam_R_m2c", "cam_t_m2c", "obj_id"});
  return true;
}

bool ReadInstances(const Entry& entry, Reader* in, std::vector<BopInstance>* instances) {
  const std::string field = "\"" + std::to_string(entry.im_id) + "\"";
  if (!entry.value->is_array()) return in->Fail(field, "is not a list [...]");
  for (size_t i = 0; i < entry.value->size(); ++i) {
    BopInstance instance;
    instance.im_id = entry.im_id;
    const std::string name = field + "[" + std::to_string(i) + "]";
    if (!ReadInstance((*entry.value)[i], name, in, &instance)) return false;
    instances->push_back(std::move(instance));
  }
  return true;
}

Status ParseCameras(std::string_view text, const std::string& file, BopScene* scene) {
  const Result<Value> root = json::Parse(text, file, "");
  if (!root.ok()) return root.status();
  Reader in(file, "");
  std::vector<Entry> entries;
  if (!ListImages(*root, &in, &entries)) return in.status();
  for (const Entry& entry : entries) {
    if (!ReadImage(entry, &in, &scene->images.emplace_back())) return in.status();
  }
  return {};
}

Status ParseTruth(std::string_view text, const std::string& file, BopScene* scene) {
  const Result<Value> root = json::Parse(text, file, "");
  if (!root.ok()) return root.status();
  Reader in(file, "");
  std::vector<Entry> entries;
  if (!ListImages(*root, &in, &entries)) return in.status();
  for (const Entry& entry : entries) {
    // In the order of their ids, so that what is looked for is found by bisection.
    const auto image = std::lower_bound(
        scene->images.begin(), scene->images.end(), entry.im_id,
        [](const BopImage& candidate, int32_t im_id) { return candidate.im_id < im_id; });
    const bool known = image != scene->images.end() && image->im_id == entry.im_id;
    if (!known) {
      in.Fail("im_id", std::to_string(entry.im_id) + " is not in " + kCameraFile);
      return in.status();
    }
    if (!ReadInstances(entry, &in, &scene->instances)) return in.status();
  }
  return {};
}

void AppendPose(const BopPose& pose, const char* suffix, std::string* text) {
  *text += std::string("\"cam_R_") + suffix + "\":";
  json::AppendNumbers(bop::RotationToWrite(pose).data(), 9, text);
  *text += std::string(",\"cam_t_") + suffix + "\":";
  json::AppendNumbers(pose.translation_mm.data(), 3, text);
}

// Appends the keys of the JSON object `extras` behind others.
void AppendExtras(const std::string& extras, std::string* text) {
  if (extras.size() > 2) *text += "," + extras.substr(1, extras.size() - 2);
}

std::string FormatCameras(const BopScene& scene) {
  std::string text = "{";
  for (size_t i = 0; i < scene.images.size(); ++i) {
    const BopImage& image = scene.images[i];
    text += (i > 0 ? ",\n\"" : "\n\"") + std::to_string(image.im_id) + "\":{\"cam_K\":";
    json::AppendNumbers(image.intrinsics.data(), 9, &text);
    if (image.cam_from_world) {
      text += ',';
      AppendPose(*image.cam_from_world, "w2c", &text);
    }
    AppendExtras(image.extras, &text);
    text += '}';
  }
  return text + "\n}\n";
}

std::string FormatTruth(const BopScene& scene) {
  std::string text = "{";
  for (size_t i = 0; i < scene.instances.size(); ++i) {
    const BopInstance& instance = scene.instances[i];
    const bool new_image = i == 0 || scene.instances[i - 1].im_id != instance.im_id;
    if (new_image && i > 0) text += "],";
    text += new_image ? "\n\"" + std::to_string(instance.im_id) + "\":[" : ",";
    text += '{';
    AppendPose(instance.cam_from_object, "m2c", &text);
    text += ",\"obj_id\":" + std::to_string(instance.obj_id);
    AppendExtras(instance.extras, &text);
    text += '}';
  }
  return text + (scene.instances.empty() ? "}\n" : "]\n}\n");
}

DatasetCamera ToDatasetCamera(const BopImage& image) {
  const Matrix3& k = image.intrinsics;
  DatasetCamera camera;
  camera.model = PROPNP_CAMERA_PINHOLE;
  camera.parameters = {k[0], k[4], k[2], k[5], k[1]};
  camera.name = std::to_string(image.im_id);
  return camera;
}

}  // namespace

Result<BopScene> ParseBopScene(std::string_view scene_camera, std::string_view scene_gt,
                               const std::string& folder) {
  BopScene scene;
  scene.path = folder;
  if (Status status = ParseCameras(scene_camera, JoinPath(folder, kCameraFile), &scene);
      !status.ok()) {
    return status;
  }
  if (Status status = ParseTruth(scene_gt, JoinPath(folder, kTruthFile), &scene); !status.ok()) {
    return status;
  }
  return scene;
}

Result<BopScene> ReadBopScene(const std::string& folder) {
  const Result<std::string> cameras = ReadFile(JoinPath(folder, kCameraFile));
  if (!cameras.ok()) return cameras.status();
  const Result<std::string> truth = ReadFile(JoinPath(folder, kTruthFile));
  if (!truth.ok()) return truth.status();
  return ParseBopScene(*cameras, *truth, folder);
}

Status WriteBopScene(const BopScene& scene, const std::string& folder) {
  Status status = WriteFile(JoinPath(folder, kCameraFile), FormatCameras(scene));
  return status.ok() ? WriteFile(JoinPath(folder, kTruthFile), FormatTruth(scene)) : status;
}

Result<PoseDataset> ToPoseDataset(const BopScene& scene) {
  PoseDataset dataset;
  std::unordered_map<int32_t, int32_t> camera_of_image;
  for (const BopImage& image : scene.images) {
    camera_of_image.emplace(image.im_id, static_cast<int32_t>(dataset.cameras.size()));
    dataset.cameras.push_back(ToDatasetCamera(image));
  }
  int32_t index = 0;
  for (size_t i = 0; i < scene.instances.size(); ++i) {
    const BopInstance& instance = scene.instances[i];
    index = i > 0 && scene.instances[i - 1].im_id == instance.im_id ? index + 1 : 0;
    DatasetObject object;
    object.id = std::to_string(instance.im_id) + "_" + std::to_string(instance.obj_id) + "_" +
                std::to_string(index);
    object.has_pose = true;
    object.pose = MakePose(QuaternionFromMatrix(instance.cam_from_object.rotation),
                           instance.cam_from_object.translation_mm);
    dataset.objects.push_back(std::move(object));
    DatasetView view;
    view.camera = camera_of_image.at(instance.im_id);
    dataset.views.push_back(std::move(view));
    dataset.EndView();
    dataset.EndObject();
  }
  if (Status status = dataset.Validate(); !status.ok()) return InFile(scene.path, status);
  return dataset;
}

}  // namespace propnp::io
