// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// PoseDataset::Validate: what every consumer of a dataset may rely on.

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <unordered_set>

#include "propnp/io/names.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::io {
namespace {

// Readers normalise; this catches what a program filled in by hand.
constexpr double kUnitTolerance = 1e-9;

Status Bad(const std::string& where, const std::string& problem) {
  return Status::Error("dataset: " + where + ": " + problem);
}

std::string At(const char* list, size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

template <typename Numbers>
bool AllFinite(const Numbers& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); });
}

template <typename Vector>
bool IsUnit(const Vector& vector) {
  double squared = 0;
  for (const double x : vector) squared += x * x;
  return std::abs(squared - 1) <= kUnitTolerance;
}

bool IsPose(int32_t dof, const Pose& pose) {
  return AllFinite(pose) && (dof == 4 || IsUnit(PoseRotation(pose)));
}

Status CheckCamera(const std::string& where, const DatasetCamera& camera) {
  if (CameraParameterCount(camera.model) == 0) {
    return Bad(where, "unknown model " + std::to_string(camera.model));
  }
  if (!AllFinite(camera.parameters)) return Bad(where, "a parameter is not finite");
  const int focal_lengths = camera.model == PROPNP_CAMERA_SIMPLE_RADIAL ? 1 : 2;
  for (int i = 0; i < focal_lengths; ++i) {
    if (camera.parameters[i] == 0) return Bad(where, "a focal length is 0");
  }
  if (camera.size_px[0] < 0 || camera.size_px[1] < 0) return Bad(where, "its size is negative");
  return {};
}

Status CheckPrior(const std::string& where, int32_t dof, const DatasetPrior& prior) {
  const bool of_pose = prior.kind == DatasetPrior::Kind::kGaussianPose;
  const bool range = prior.kind == DatasetPrior::Kind::kDepthRange;
  const size_t dimension = of_pose ? static_cast<size_t>(dof) : 3;
  const size_t mean_size = !of_pose ? 3 : dof == 4 ? 4 : 7;
  if (prior.mean.size() != mean_size) return Bad(where, "prior: wrong size of the mean");
  if (prior.spread.size() != (range ? 3 : dimension * dimension)) {
    return Bad(where, "prior: wrong size of the covariance or upper bound");
  }
  if (!AllFinite(prior.mean) || !AllFinite(prior.spread)) return Bad(where, "prior: not finite");
  for (size_t i = 0; range && i < 3; ++i) {
    if (!(prior.mean[i] < prior.spread[i])) return Bad(where, "prior: an empty range");
  }
  for (size_t i = 0; !range && i < dimension; ++i) {
    if (!(prior.spread[i * dimension + i] > 0)) return Bad(where, "prior: a variance is not > 0");
  }
  return {};
}

Status CheckObject(const DatasetObject& object) {
  const std::string where = "object " + Quoted(object.id);
  if (const char* problem = IdProblem(object.id)) return Bad(where, std::string("id ") + problem);
  if (object.dof != 6 && object.dof != 4) return Bad(where, "dof is neither 6 nor 4");
  if (object.has_pose && !IsPose(object.dof, object.pose)) {
    return Bad(where, "its pose is not finite with a unit quaternion");
  }
  if (object.target && !IsPose(object.dof, *object.target)) {
    return Bad(where, "its target is not finite with a unit quaternion");
  }
  if (!IsUnit(object.yaw_axis)) return Bad(where, "yaw_axis is not a unit vector");
  if (!IsUnit(object.base_rotation)) return Bad(where, "base_rotation is not a unit quaternion");
  return object.prior ? CheckPrior(where, object.dof, *object.prior) : Status();
}

// [0, ..., total] that never goes down.
bool AreOffsets(const std::vector<int64_t>& offsets, size_t segments, size_t total) {
  return offsets.size() == segments + 1 && offsets.front() == 0 &&
         offsets.back() == static_cast<int64_t>(total) &&
         std::is_sorted(offsets.begin(), offsets.end());
}

Status CheckSizes(const PoseDataset& data) {
  const size_t points = data.x3d.size() / 3;
  if (data.x3d.size() != points * 3) return Bad("x3d", "its size is not a multiple of 3");
  if (!AreOffsets(data.view_offsets, data.objects.size(), data.views.size())) {
    return Bad("view_offsets", "not B + 1 numbers from 0 up to the number of views");
  }
  if (!AreOffsets(data.point_offsets, data.views.size(), points)) {
    return Bad("point_offsets", "not V + 1 numbers from 0 up to the number of points");
  }
  if (data.x2d.size() != points * 2) return Bad("x2d", "not two numbers for each point of x3d");
  if (!data.w2d.empty() && data.w2d.size() != points * 2) {
    return Bad("w2d", "not two numbers for each point of x3d");
  }
  if (!data.sqrt_info.empty() && data.sqrt_info.size() != points * 4) {
    return Bad("sqrt_info", "not four numbers for each point of x3d");
  }
  if (!data.w2d.empty() && !data.sqrt_info.empty()) {
    return Bad("w2d, sqrt_info", "only one of the two may be given");
  }
  return {};
}

Status CheckNumbers(const PoseDataset& data) {
  if (!AllFinite(data.x3d)) return Bad("x3d", "a number is not finite");
  if (!AllFinite(data.x2d)) return Bad("x2d", "a number is not finite");
  if (!AllFinite(data.sqrt_info)) return Bad("sqrt_info", "a number is not finite");
  const bool weights = std::all_of(data.w2d.begin(), data.w2d.end(),
                                   [](double w) { return std::isfinite(w) && w >= 0; });
  return weights ? Status() : Bad("w2d", "a weight is not a finite number >= 0");
}

bool IsIndex(int32_t index, size_t size) { return index >= 0 && static_cast<size_t>(index) < size; }

Status CheckView(const PoseDataset& data, size_t v) {
  const DatasetView& view = data.views[v];
  if (!IsIndex(view.camera, data.cameras.size())) return Bad(At("views", v), "no such camera");
  if (view.rig != -1 && !IsIndex(view.rig, data.camera_from_rig.size())) {
    return Bad(At("views", v), "no such camera_from_rig");
  }
  if (view.timestamp && !std::isfinite(*view.timestamp)) {
    return Bad(At("views", v), "its timestamp is not finite");
  }
  if (view.image.empty()) return {};
  const char* problem = ImageNameProblem(view.image);
  return problem == nullptr ? Status()
                            : Bad(At("views", v), "its image name " + std::string(problem));
}

}  // namespace

Status PoseDataset::Validate() const {
  if (Status status = CheckSizes(*this); !status.ok()) return status;
  if (Status status = CheckNumbers(*this); !status.ok()) return status;
  for (size_t i = 0; i < cameras.size(); ++i) {
    if (Status status = CheckCamera(At("cameras", i), cameras[i]); !status.ok()) return status;
  }
  for (size_t i = 0; i < camera_from_rig.size(); ++i) {
    if (!IsPose(6, camera_from_rig[i])) {
      return Bad(At("camera_from_rig", i), "not finite with a unit quaternion");
    }
  }
  for (size_t v = 0; v < views.size(); ++v) {
    if (Status status = CheckView(*this, v); !status.ok()) return status;
  }
  std::unordered_set<std::string_view> ids;
  for (const DatasetObject& object : objects) {
    if (Status status = CheckObject(object); !status.ok()) return status;
    if (!ids.insert(object.id).second) {
      return Bad("object " + Quoted(object.id), "the id is there twice");
    }
  }
  return {};
}

}  // namespace propnp::io
