// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The engine alone, without CMake: one object of eight points without noise, solved from nothing.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "propnp/engine/solve.h"

int main() {
  const double true_translation[3] = {0.1, -0.2, 4.0};  // the true rotation is the identity
  const double intrinsics[5] = {800, 800, 320, 240, 0};
  double x3d[8 * 3], x2d[8 * 2];
  for (int corner = 0; corner < 8; ++corner) {
    double* x = x3d + 3 * corner;
    x[0] = corner & 1 ? 0.5 : -0.5;
    x[1] = corner & 2 ? 0.4 : -0.4;
    x[2] = corner & 4 ? 0.3 : -0.3;
    for (int i = 0; i < 2; ++i) {
      const double ray = (x[i] + true_translation[i]) / (x[2] + true_translation[2]);
      x2d[2 * corner + i] = intrinsics[i] * ray + intrinsics[2 + i];
    }
  }

  propnp::Correspondences correspondences;
  correspondences.num_objects = 1;
  correspondences.x3d = propnp::View(x3d, {1, 8, 3});
  correspondences.x2d = propnp::View(x2d, {1, 8, 2});
  const int32_t model = PROPNP_CAMERA_PINHOLE;
  propnp::Cameras cameras;
  cameras.model = propnp::View(&model, {1});
  cameras.parameters = propnp::View(intrinsics, {1, 5});
  const propnp::CostOptions cost;
  const propnp::SolveOptions options;

  double pose[7];
  int32_t object_status = 0;
  propnp::SolveArgs args;
  args.correspondences = &correspondences;
  args.cameras = &cameras;
  args.cost = &cost;
  args.options = &options;
  args.pose = propnp::View(pose, {1, 7});
  args.status = propnp::View(&object_status, {1});
  propnp::Context context(1);
  const propnp::Status status = propnp::Solve(context, args);
  if (!status.ok() || object_status != PROPNP_STATUS_CONVERGED) {
    std::printf("not solved: %s, status bits %d\n", status.message().c_str(), object_status);
    return 1;
  }

  double error = std::fabs(std::fabs(pose[3]) - 1);
  for (int i = 0; i < 3; ++i) error = std::max(error, std::fabs(pose[i] - true_translation[i]));
  std::printf("largest deviation from the true pose: %.1e\n", error);
  return error < 1e-8 ? 0 : 1;
}
