// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Intrinsics as calibration tools write them: OpenCV's FileStorage (YAML, XML, JSON), ROS
// camera_info YAML, or the bare numbers on the command line.
#ifndef PROPNP_APPS_CAMERA_FILE_H_
#define PROPNP_APPS_CAMERA_FILE_H_

#include <string>
#include <vector>

namespace propnp::app {

struct Intrinsics {
  int model = 0;                   // PROPNP_CAMERA_*
  std::vector<double> parameters;  // in the order of the model
  int width = 0;                   // px; 0 when the source does not say
  int height = 0;
};

// `argument` is a file or "fx,fy,cx,cy[,k1,k2,p1,p2[,k3[,k4,k5,k6]]]". Throws InputError.
Intrinsics ReadIntrinsics(const std::string& argument);

}  // namespace propnp::app

#endif  // PROPNP_APPS_CAMERA_FILE_H_
