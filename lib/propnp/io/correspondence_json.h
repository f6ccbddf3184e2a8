// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Correspondences as JSON lines: one object per line, so that a file can be written as it is made,
// cut, and joined by `cat`. UTF-8; empty lines are passed over; unknown keys are refused by name.
//
//   {"schema": "propnp-correspondences-1", "id": "left01", "camera": {...},
//    "x3d": [[0, 0, 0], ...], "x2d": [[312.5, 88.25], ...]}
//
//   schema           optional; another version than the above is refused
//   id               text or whole number (kept as text); unique in the file
//   camera           {"model": M, "parameters": P, "width": px, "height": px}, the last two
//   optional
//                    M "pinhole"        fx fy cx cy [skew]
//                      "simple_radial"  f cx cy [k1 k2]
//                      "opencv"         fx fy cx cy [k1 k2 p1 p2 k3 k4 k5 k6]
//                      "fisheye"        fx fy cx cy [k1 k2 k3 k4]   (Kannala-Brandt)
//                    P an object with these names, or a list in this order; those in brackets may
//                    be left out and are 0. Pixels; (0, 0) is the centre of the top-left pixel.
//   x3d, x2d         N points [x, y, z] of the object, any one unit of length, and N pixels [u, v]
//   w2d              optional, N weights [wu, wv] = 1/sigma in 1/px, >= 0; default 1
//   sqrt_info        instead of w2d: N matrices [[a, b], [c, d]] in 1/px, e = L (projection - x2d)
//   dof              optional, 6 (default) or 4
//   cam_from_object  optional start. dof 6: [tx, ty, tz, qw, qx, qy, qz] (Hamilton, unit to 1e-3);
//                    dof 4: [tx, ty, tz, yaw] with yaw in rad
//   target           optional ground truth, as cam_from_object
//   yaw_axis, base_rotation
//                    dof 4 only: unit vector of the camera's frame, default [0, 1, 0], and
//                    [qw, qx, qy, qz], default identity
//   prior            optional, one of
//                    {"type": "gaussian_pose", "mean": pose, "covariance": 6x6 or 4x4} (translation
//                      first, then rotation in rad), {"type": "gaussian_ray", "mean": [3],
//                      "covariance": 3x3} of (x/z, y/z, log z) of the translation,
//                    {"type": "depth_range", "min": [3], "max": [3]} of (x/z, y/z, z)
//   image, timestamp optional: path of the photograph relative to the image folder; seconds
//   views            instead of camera, x3d, x2d, w2d, sqrt_info, image, timestamp: a list of views
//                    with these keys and, optionally, "camera_from_rig": pose; cam_from_object is
//                    rig_from_object then
//
// A file of some lines with sqrt_info and some with w2d is read with sqrt_info diag(wu, wv) for the
// latter; one of some lines with weights and some without, with weights 1 for the latter.
#ifndef PROPNP_IO_CORRESPONDENCE_JSON_H_
#define PROPNP_IO_CORRESPONDENCE_JSON_H_

#include <string>
#include <string_view>

#include "propnp/io/pose_dataset.h"
#include "propnp/io/status.h"

namespace propnp::io {

constexpr char kCorrespondenceSchema[] = "propnp-correspondences-1";

Result<PoseDataset> ReadCorrespondences(const std::string& path);
// The same from memory; `file` is its name for messages.
Result<PoseDataset> ParseCorrespondences(std::string_view text, const std::string& file);

// Reading what is written gives an equal dataset, but for the names of cameras, which have no place
// in the file, and for the order of cameras and camera_from_rig, which is that of their first use.
Status WriteCorrespondences(const PoseDataset& dataset, const std::string& path);
std::string FormatCorrespondences(const PoseDataset& dataset);

// "pinhole", "simple_radial", "opencv", "fisheye".
const char* CameraModelName(int32_t model);

}  // namespace propnp::io

#endif  // PROPNP_IO_CORRESPONDENCE_JSON_H_
