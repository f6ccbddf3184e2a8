// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What a reprojection cost projects through, and which parts of that are parameter blocks.
//
//   point_in_cam = cam_from_rig  rig_from_world  world_from_object  point
//
// The parameter blocks of a cost come in this order, each only if it was asked for:
//
//   1. the poses of the chain, pose_chain_options.h
//   2. the point(s), 3 numbers each                 1 block
//   3. the camera's parameters                      1 block
#ifndef PROPNP_CERES_REPROJECTION_OPTIONS_H_
#define PROPNP_CERES_REPROJECTION_OPTIONS_H_

#include <array>
#include <string>

#include "propnp/ceres/pose_chain_options.h"
#include "propnp/math/camera.h"
#include "propnp/math/residual.h"

namespace propnp {

struct ReprojectionOptions : PoseChainOptions {
  // The number of a camera model, e.g. PinholeCamera<double>::kModel.
  int camera_model = PinholeCamera<double>::kModel;

  // Its parameters in the model's order (camera_*.h); the rest is not read. With intrinsics_block
  // they are the starting values, from which the radius or angle where the distortion is held is
  // found once: derivatives hold that limit fixed.
  std::array<double, kMaxCameraParameters> camera_parameters{};

  // Whether the camera's parameters are a parameter block.
  bool intrinsics_block = false;

  // Where projections are clamped, px; inactive by default.
  PixelBox<double> box;

  // The smallest depth to divide by, in the unit of the points. 0: 1e-3 x the rms radius of the
  // object's points, for costs that hold a whole object of constant points; others need a value
  // unless the camera is a fisheye, which divides by no depth.
  double z_min = 0;

  // Whether the point (of a whole object: all points in one block of 3 N) is a parameter block.
  bool point_block = false;

  // False with a message that names the field if something is wrong.
  bool Validate(std::string* error) const;
};

// 1e-3 x the rms distance of the points (num_points x 3) from their centroid: the z_min that makes
// the answer independent of the unit of length. 0 for fewer than two distinct points.
double DefaultZMin(const double* x3d, int num_points);

}  // namespace propnp

#endif  // PROPNP_CERES_REPROJECTION_OPTIONS_H_
