// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// TUM trajectories: lines "timestamp tx ty tz qx qy qz qw" with the camera's pose in the world,
// world_from_cam (the camera's centre and axes), and the quaternion's scalar last.
#ifndef PROPNP_IO_TUM_H_
#define PROPNP_IO_TUM_H_

#include <string>
#include <vector>

#include "propnp/io/rotations.h"
#include "propnp/io/status.h"

namespace propnp::io {

struct TumPose {
  double timestamp = 0;  // seconds; an index where a file has no times
  Pose cam_from_world = kIdentityPose;
};

// Refuses numbers that are not finite.
Result<std::string> FormatTum(const std::vector<TumPose>& poses);
Status WriteTum(const std::vector<TumPose>& poses, const std::string& path);

}  // namespace propnp::io

#endif  // PROPNP_IO_TUM_H_
