// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// poses.jsonl: what became of each pose, one JSON object per line.
//
//   {"schema": "propnp-poses-1", "id": "left01",
//    "cam_from_object": [tx, ty, tz, qw, qx, qy, qz],
//    "covariance": [[...], ...], "covariance_kind": "posterior",
//    "covariance_order": ["tx", "ty", "tz", "rx", "ry", "rz"],
//    "covariance_units": {"translation": "unit of x3d", "rotation": "rad"},
//    "rms_before_px": 3.1, "rms_after_px": 0.24, "points": 54, "iterations": 6,
//    "status": ["converged"],
//    "posterior": {"probability": 0.8, "next_best_probability": 0.2, "next_best": [...],
//                  "covariance": [[...], ...], "log_evidence": -3.2, "status": ["multi_modal"]}}
//
// "posterior" is there where it was sampled; "next_best" is null where there is but one mode.
// The covariance is that of the library's one tangent: a translation of the object's origin in the
// camera's frame, then a small rotation about the camera's axes (fixed axes, left side), both as if
// t <- t + dt, R <- Rot(dr) R. With dof 4 ("dof": 4 is then there) the order is tx, ty, tz, yaw and
// "yaw" holds the angle. What does not exist (no covariance, an infinite rms) is null.
#ifndef PROPNP_IO_POSE_RESULTS_H_
#define PROPNP_IO_POSE_RESULTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "propnp/io/rotations.h"
#include "propnp/io/status.h"

namespace propnp::io {

constexpr char kPoseSchema[] = "propnp-poses-1";

// What sampling adds: how the pose stands among all poses that the points allow.
struct PosePosterior {
  double probability = 0;            // of the mode that the pose is in; 0 if it is in none
  double next_best_probability = 0;  // of the most probable other mode
  std::optional<Pose> next_best;     // that mode, as cam_from_object
  std::vector<double> covariance;    // dof x dof, of the whole posterior in its best mode's tangent
  double log_evidence = 0;
  std::vector<std::string> status;  // of sampling
};

struct PoseResult {
  std::string id;
  int32_t dof = 6;
  Pose cam_from_object = kIdentityPose;  // [tx ty tz qw qx qy qz] for both dof
  std::optional<double> yaw_rad;         // dof 4 only
  // dof x dof, row by row; empty when there is none.
  std::vector<double> covariance;
  std::string covariance_kind = "posterior";  // or "gauss_newton", "sandwich"
  double rms_before_px = 0;
  double rms_after_px = 0;
  int64_t points = 0;
  int64_t iterations = 0;
  std::vector<std::string> status;  // names of the status bits
  std::optional<PosePosterior> posterior;
};

// One line with its line break. The error names the result and a field of the wrong size.
Result<std::string> FormatPoseResult(const PoseResult& result);

Status WritePoseResults(const std::vector<PoseResult>& results, const std::string& path);

}  // namespace propnp::io

#endif  // PROPNP_IO_POSE_RESULTS_H_
