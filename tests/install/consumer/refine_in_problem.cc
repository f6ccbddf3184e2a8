// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A program's own ceres::Problem with our cost function in it: eight corners of a box, seen by a
// pinhole camera without noise, pull a wrong pose to the one that made the pixels.
#include <ceres/problem.h>
#include <ceres/solver.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "propnp/ceres/manifolds.h"
#include "propnp/ceres/reprojection_cost.h"

namespace {

constexpr double kFocal_px = 800, kCenterX_px = 320, kCenterY_px = 240;
constexpr double kTrueTranslation[3] = {0.1, -0.2, 4.0};  // the true rotation is the identity

}  // namespace

int main() {
  double cam_from_object[7] = {0.3, 0.1, 5.0, 0.98, 0.1, -0.1, 0.1};
  ceres::Problem problem;

  propnp::ReprojectionOptions options;
  options.camera_parameters = {kFocal_px, kFocal_px, kCenterX_px, kCenterY_px};
  options.z_min = 1e-3;
  for (int corner = 0; corner < 8; ++corner) {
    const double x3d[3] = {corner & 1 ? 0.5 : -0.5, corner & 2 ? 0.4 : -0.4,
                           corner & 4 ? 0.3 : -0.3};
    const double depth = x3d[2] + kTrueTranslation[2];
    const double x2d[2] = {kFocal_px * (x3d[0] + kTrueTranslation[0]) / depth + kCenterX_px,
                           kFocal_px * (x3d[1] + kTrueTranslation[1]) / depth + kCenterY_px};
    std::string error;
    auto cost = propnp::ReprojectionCost::Create(options, x3d, x2d, nullptr, &error);
    if (cost == nullptr) {
      std::printf("no cost function: %s\n", error.c_str());
      return 1;
    }
    problem.AddResidualBlock(cost.release(), nullptr, cam_from_object);
  }
  propnp::SetPoseManifold(options.pose, {cam_from_object}, &problem);

  ceres::Solver::Options solver_options;
  solver_options.function_tolerance = 1e-16;
  ceres::Solver::Summary summary;
  ceres::Solve(solver_options, &problem, &summary);
  std::printf("%s\n", summary.BriefReport().c_str());

  double error = std::fabs(std::fabs(cam_from_object[3]) - 1);
  for (int i = 0; i < 3; ++i) {
    error = std::max(error, std::fabs(cam_from_object[i] - kTrueTranslation[i]));
  }
  std::printf("largest deviation from the true pose: %.1e\n", error);
  return error < 1e-8 ? 0 : 1;
}
