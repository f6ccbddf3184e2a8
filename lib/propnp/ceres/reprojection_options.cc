// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/reprojection_options.h"

#include <cmath>

namespace propnp {
namespace {

bool Fail(const std::string& message, std::string* error) {
  if (error != nullptr) *error = message;
  return false;
}

bool ValidateCamera(const ReprojectionOptions& options, std::string* error) {
  int num_parameters = 0;
  const bool known = visit_camera(options.camera_model, [&](auto model) {
    num_parameters = decltype(model)::template Camera<double>::kNumParameters;
  });
  if (!known) {
    return Fail("camera_model is " + std::to_string(options.camera_model) + ", an unknown model",
                error);
  }
  for (int i = 0; i < num_parameters; ++i) {
    if (!std::isfinite(options.camera_parameters[i])) {
      return Fail("camera_parameters[" + std::to_string(i) + "] is not finite", error);
    }
  }
  return true;
}

bool ValidateBox(const PixelBox<double>& box, std::string* error) {
  if (!box.active || (box.low.x <= box.high.x && box.low.y <= box.high.y)) return true;
  return Fail("box is empty: its low corner is not below its high corner", error);
}

bool ValidateRig(const std::array<double, 7>& pose, std::string* error) {
  for (int i = 0; i < 7; ++i) {
    if (!std::isfinite(pose[i])) {
      return Fail("cam_from_rig[" + std::to_string(i) + "] is not finite", error);
    }
  }
  const Quaternion<double> q{pose[3], pose[4], pose[5], pose[6]};
  if (!(squared_norm(q) > 0)) return Fail("cam_from_rig has a zero quaternion", error);
  return true;
}

}  // namespace

bool ReprojectionOptions::Validate(std::string* error) const {
  std::string inner;
  if (!pose.Validate(&inner)) return Fail("pose: " + inner, error);
  if (world_from_object && !world_from_object->Validate(&inner)) {
    return Fail("world_from_object: " + inner, error);
  }
  if (cam_from_rig_block && !cam_from_rig_block->Validate(&inner)) {
    return Fail("cam_from_rig_block: " + inner, error);
  }
  if (!(z_min >= 0) || !std::isfinite(z_min)) {
    return Fail("z_min is " + std::to_string(z_min) + ", negative or not finite", error);
  }
  return ValidateRig(cam_from_rig, error) && ValidateBox(box, error) &&
         ValidateCamera(*this, error);
}

double DefaultZMin(const double* x3d, int num_points) {
  if (num_points < 1) return 0;
  double mean[3] = {0, 0, 0};
  for (int i = 0; i < 3 * num_points; ++i) mean[i % 3] += x3d[i] / num_points;
  double squared = 0;
  for (int i = 0; i < 3 * num_points; ++i)
    squared += (x3d[i] - mean[i % 3]) * (x3d[i] - mean[i % 3]);
  return 1e-3 * std::sqrt(squared / num_points);
}

}  // namespace propnp
