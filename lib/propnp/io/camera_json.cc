// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <algorithm>
#include <limits>

#include "propnp/io/camera_json_internal.h"
#include "propnp/io/correspondence_json.h"
#include "propnp/io/names.h"

namespace propnp::io {
namespace {

struct Model {
  const char* name;
  size_t num_required;  // the first so many parameters have no default
  std::vector<std::string> parameters;
};

// In the order of PROPNP_CAMERA_*.
const std::vector<Model>& Models() {
  static const std::vector<Model> models = {
      {"pinhole", 4, {"fx", "fy", "cx", "cy", "skew"}},
      {"simple_radial", 3, {"f", "cx", "cy", "k1", "k2"}},
      {"opencv", 4, {"fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"}},
      {"fisheye", 4, {"fx", "fy", "cx", "cy", "k1", "k2", "k3", "k4"}}};
  return models;
}

}  // namespace

const char* CameraModelName(int32_t model) {
  const bool known = model >= 0 && static_cast<size_t>(model) < Models().size();
  return known ? Models()[static_cast<size_t>(model)].name : "unknown";
}

namespace json {
namespace {

bool ReadModel(const Value& value, const std::string& field, Reader* in, int32_t* model) {
  std::string name;
  if (!in->String(value, field, &name)) return false;
  for (size_t i = 0; i < Models().size(); ++i) {
    if (name != Models()[i].name) continue;
    *model = static_cast<int32_t>(i);
    return true;
  }
  return in->Fail(field, Quoted(name) + " is none of pinhole, simple_radial, opencv, fisheye");
}

bool ReadNamedParameters(const Value& value, const std::string& field, const Model& model,
                         Reader* in, DatasetCamera* camera) {
  for (const auto& item : value.items()) {
    const auto known = std::find(model.parameters.begin(), model.parameters.end(), item.key());
    if (known == model.parameters.end()) {
      return in->Fail(field, "model " + std::string(model.name) + " has no " + Quoted(item.key()));
    }
    const auto index = static_cast<size_t>(known - model.parameters.begin());
    if (!in->Number(item.value(), field + "." + *known, &camera->parameters[index])) return false;
  }
  for (size_t i = 0; i < model.num_required; ++i) {
    if (!value.contains(model.parameters[i])) {
      return in->Fail(field + "." + model.parameters[i], "missing");
    }
  }
  return true;
}

bool ReadParameters(const Value& value, const std::string& field, Reader* in,
                    DatasetCamera* camera) {
  const Model& model = Models()[static_cast<size_t>(camera->model)];
  if (value.is_object()) return ReadNamedParameters(value, field, model, in, camera);
  std::vector<double> numbers;
  if (!in->List(value, field, model.num_required, model.parameters.size(), &numbers)) return false;
  std::copy(numbers.begin(), numbers.end(), camera->parameters.begin());
  return true;
}

bool CheckFocalLengths(const std::string& field, const DatasetCamera& camera, Reader* in) {
  const bool single = camera.model == PROPNP_CAMERA_SIMPLE_RADIAL;
  const bool good = camera.parameters[0] > 0 && (single || camera.parameters[1] > 0);
  return good || in->Fail(field, "a focal length is not > 0");
}

bool ReadSize(const Value& value, const std::string& field, Reader* in, DatasetCamera* camera) {
  constexpr const char* kKeys[] = {"width", "height"};
  for (size_t i = 0; i < 2; ++i) {
    const Value* size = Find(value, kKeys[i]);
    if (size == nullptr) continue;
    int64_t number = 0;
    constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
    if (!in->Integer(*size, field + "." + kKeys[i], 0, kMax, &number)) return false;
    camera->size_px[i] = static_cast<int32_t>(number);
  }
  return true;
}

}  // namespace

bool ReadCamera(const Value& value, const std::string& field, Reader* in, DatasetCamera* camera) {
  if (!in->CheckKeys(value, field, {"model", "parameters", "width", "height"})) return false;
  const Value* model = Find(value, "model");
  const Value* parameters = Find(value, "parameters");
  if (model == nullptr) return in->Fail(field + ".model", "missing");
  if (parameters == nullptr) return in->Fail(field + ".parameters", "missing");
  return ReadModel(*model, field + ".model", in, &camera->model) &&
         ReadParameters(*parameters, field + ".parameters", in, camera) &&
         CheckFocalLengths(field + ".parameters", *camera, in) &&
         ReadSize(value, field, in, camera);
}

void AppendCamera(const DatasetCamera& camera, std::string* out) {
  const Model& model = Models()[static_cast<size_t>(camera.model)];
  *out += "{\"model\":\"" + std::string(model.name) + "\",\"parameters\":{";
  for (size_t i = 0; i < model.parameters.size(); ++i) {
    *out += (i > 0 ? ",\"" : "\"") + model.parameters[i] + "\":";
    AppendNumber(camera.parameters[i], out);
  }
  *out += '}';
  if (camera.size_px[0] > 0 || camera.size_px[1] > 0) {
    *out += ",\"width\":" + std::to_string(camera.size_px[0]) +
            ",\"height\":" + std::to_string(camera.size_px[1]);
  }
  *out += '}';
}

}  // namespace json
}  // namespace propnp::io
