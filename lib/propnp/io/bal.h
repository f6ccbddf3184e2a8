// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Bundle Adjustment in the Large (https://grail.cs.washington.edu/projects/bal/).
//
// BAL's camera looks down -z with y up: P = R X + t, p = -P / P.z, and the pixel relative to the
// image centre, y up, is f (1 + k1 |p|^2 + k2 |p|^4) p. With S = diag(1, -1, -1) the camera
// R' = S R, t' = S t looks down +z with y down, and the pixel is (u, -v): OpenCV's frame, in which
// the camera is PROPNP_CAMERA_SIMPLE_RADIAL with its principal point at 0.
#ifndef PROPNP_IO_BAL_H_
#define PROPNP_IO_BAL_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "propnp/io/pose_dataset.h"
#include "propnp/io/rotations.h"
#include "propnp/io/status.h"

namespace propnp::io {

// As in the file: BAL's own frame, pixels with y up.
struct BalCamera {
  Vector3 angle_axis = {};  // rad
  Vector3 translation = {};
  double focal_px = 0;
  double k1 = 0;
  double k2 = 0;
};

struct BalObservation {
  int32_t camera = 0;
  int32_t point = 0;
  double u = 0;
  double v = 0;
};

struct BalProblem {
  std::string path;  // the file it was read from, for messages; may be empty
  std::vector<BalObservation> observations;
  std::vector<BalCamera> cameras;
  std::vector<Vector3> points;
};

Result<BalProblem> ReadBal(const std::string& path);
// The same from memory; `file` is its name for messages.
Result<BalProblem> ParseBal(std::string_view text, const std::string& file);

// The numbers are written as the shortest text that reads back as the same double.
Status WriteBal(const BalProblem& problem, const std::string& path);
std::string FormatBal(const BalProblem& problem);

// One object per camera, with id "camera_<index>" and OpenCV's axes; its points in the order of the
// file. The unit of length is the file's.
Result<PoseDataset> ToPoseDataset(const BalProblem& problem);

// Writes `poses`, one for each camera, back as angle-axis and translation in BAL's frame. A pose
// that equals the one in the dataset leaves the file's own digits alone.
Status ApplyPoses(const std::vector<Pose>& poses, BalProblem* problem);

// One camera's pose in OpenCV's frame, and back.
Pose PoseFromBal(const BalCamera& camera);
void SetBalPose(const Pose& cam_from_object, BalCamera* camera);

}  // namespace propnp::io

#endif  // PROPNP_IO_BAL_H_
