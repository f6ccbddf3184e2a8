// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/camera_json_internal.h"
#include "propnp/io/correspondence_json.h"
#include "propnp/io/file.h"
#include "propnp/io/json_internal.h"

namespace propnp::io {
namespace {

// ,"key":
void AppendKey(const char* key, std::string* out) {
  if (out->back() != '{') *out += ',';
  *out += '"';
  *out += key;
  *out += "\":";
}

size_t PoseSize(int32_t dof) { return dof == 4 ? 4 : 7; }

void AppendPoints(const PoseDataset& dataset, size_t v, std::string* out) {
  const auto begin = static_cast<size_t>(dataset.point_offsets[v]);
  const size_t points = static_cast<size_t>(dataset.point_offsets[v + 1]) - begin;
  AppendKey("x3d", out);
  json::AppendRows(dataset.x3d.data() + 3 * begin, points, 3, out);
  AppendKey("x2d", out);
  json::AppendRows(dataset.x2d.data() + 2 * begin, points, 2, out);
  if (!dataset.w2d.empty()) {
    AppendKey("w2d", out);
    json::AppendRows(dataset.w2d.data() + 2 * begin, points, 2, out);
  }
  if (dataset.sqrt_info.empty()) return;
  AppendKey("sqrt_info", out);
  *out += '[';
  for (size_t i = 0; i < points; ++i) {
    if (i > 0) *out += ',';
    json::AppendRows(dataset.sqrt_info.data() + 4 * (begin + i), 2, 2, out);
  }
  *out += ']';
}

void AppendView(const PoseDataset& dataset, size_t v, std::string* out) {
  const DatasetView& view = dataset.views[v];
  AppendKey("camera", out);
  json::AppendCamera(dataset.cameras[static_cast<size_t>(view.camera)], out);
  if (view.rig >= 0) {
    AppendKey("camera_from_rig", out);
    json::AppendNumbers(dataset.camera_from_rig[static_cast<size_t>(view.rig)].data(), 7, out);
  }
  if (!view.image.empty()) {
    AppendKey("image", out);
    json::AppendString(view.image, out);
  }
  if (view.timestamp) {
    AppendKey("timestamp", out);
    json::AppendNumber(*view.timestamp, out);
  }
  AppendPoints(dataset, v, out);
}

void AppendPrior(const DatasetPrior& prior, std::string* out) {
  const bool range = prior.kind == DatasetPrior::Kind::kDepthRange;
  const bool of_pose = prior.kind == DatasetPrior::Kind::kGaussianPose;
  *out += range     ? "{\"type\":\"depth_range\",\"min\":"
          : of_pose ? "{\"type\":\"gaussian_pose\",\"mean\":"
                    : "{\"type\":\"gaussian_ray\",\"mean\":";
  json::AppendNumbers(prior.mean.data(), prior.mean.size(), out);
  *out += range ? ",\"max\":" : ",\"covariance\":";
  if (range) {
    json::AppendNumbers(prior.spread.data(), prior.spread.size(), out);
  } else {
    const size_t dimension = !of_pose ? 3 : prior.mean.size() == 4 ? 4 : 6;
    json::AppendRows(prior.spread.data(), dimension, dimension, out);
  }
  *out += '}';
}

void AppendObject(const DatasetObject& object, std::string* out) {
  AppendKey("schema", out);
  json::AppendString(kCorrespondenceSchema, out);
  AppendKey("id", out);
  json::AppendString(object.id, out);
  if (object.dof == 4) {
    AppendKey("dof", out);
    *out += '4';
    AppendKey("yaw_axis", out);
    json::AppendNumbers(object.yaw_axis.data(), 3, out);
    AppendKey("base_rotation", out);
    json::AppendNumbers(object.base_rotation.data(), 4, out);
  }
  if (object.has_pose) {
    AppendKey("cam_from_object", out);
    json::AppendNumbers(object.pose.data(), PoseSize(object.dof), out);
  }
  if (object.target) {
    AppendKey("target", out);
    json::AppendNumbers(object.target->data(), PoseSize(object.dof), out);
  }
  if (object.prior) {
    AppendKey("prior", out);
    AppendPrior(*object.prior, out);
  }
}

void AppendViews(const PoseDataset& dataset, size_t begin, size_t end, std::string* out) {
  if (end - begin == 1 && dataset.views[begin].rig < 0) return AppendView(dataset, begin, out);
  AppendKey("views", out);
  *out += '[';
  for (size_t v = begin; v < end; ++v) {
    *out += v > begin ? ",{" : "{";
    AppendView(dataset, v, out);
    *out += '}';
  }
  *out += ']';
}

}  // namespace

std::string FormatCorrespondences(const PoseDataset& dataset) {
  std::string text;
  for (size_t b = 0; b < dataset.objects.size(); ++b) {
    text += '{';
    AppendObject(dataset.objects[b], &text);
    AppendViews(dataset, static_cast<size_t>(dataset.view_offsets[b]),
                static_cast<size_t>(dataset.view_offsets[b + 1]), &text);
    text += "}\n";
  }
  return text;
}

Status WriteCorrespondences(const PoseDataset& dataset, const std::string& path) {
  if (Status status = dataset.Validate(); !status.ok()) return status;
  return WriteFile(path, FormatCorrespondences(dataset));
}

}  // namespace propnp::io
