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

}  // namespace

bool ReprojectionOptions::Validate(std::string* error) const {
  if (!PoseChainOptions::Validate(error)) return false;
  if (!(z_min >= 0) || !std::isfinite(z_min)) {
    return Fail("z_min is " + std::to_string(z_min) + ", negative or not finite", error);
  }
  return ValidateBox(box, error) && ValidateCamera(*this, error);
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
