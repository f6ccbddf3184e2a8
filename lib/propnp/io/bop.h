// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The formats of the BOP benchmark for 6D object pose estimation
// (https://bop.felk.cvut.cz/challenges/, "Data format" of the bop_toolkit): scene_camera.json,
// scene_gt.json and the results CSV.
//
// Poses are cam_from_object ("m2c", model to camera) in OpenCV's camera frame, translations in mm,
// pixels as OpenCV counts. Files state rotations with few digits (up to 1e-2 off orthonormal in
// published ones): every rotation read is the nearest one in SO(3), and the file's own digits are
// kept beside it, so that what was not changed is written back as it was.
#ifndef PROPNP_IO_BOP_H_
#define PROPNP_IO_BOP_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "propnp/io/pose_dataset.h"
#include "propnp/io/rotations.h"
#include "propnp/io/status.h"

namespace propnp::io {

struct BopPose {
  Matrix3 rotation = {1, 0, 0, 0, 1, 0, 0, 0, 1};  // row by row, orthonormal
  Vector3 translation_mm = {};
  // The digits that `rotation` was made from; they are written while they still give it.
  Matrix3 rotation_in_file = {};
};

// One row of a results file.
struct BopResult {
  int32_t scene_id = 0;
  int32_t im_id = 0;
  int32_t obj_id = 0;
  double score = 0;
  BopPose cam_from_object;
  double time_s = -1;  // for the whole image; -1: not known
};

Result<std::vector<BopResult>> ReadBopResults(const std::string& path);
// The same from memory; `file` is its name for messages. The header line is optional. All rows of
// an image must have the same time (to 1 ms, as the toolkit asks).
Result<std::vector<BopResult>> ParseBopResults(std::string_view text, const std::string& file);

Status WriteBopResults(const std::vector<BopResult>& results, const std::string& path);
Result<std::string> FormatBopResults(const std::vector<BopResult>& results);

// The results format has no place for a covariance: it goes into JSON lines beside it,
// "<results without .csv>.covariance.jsonl", one line per row in the same order:
// {"row": 0, "scene_id": 1, "im_id": 3, "obj_id": 5, "covariance": 6x6 or null,
//  "covariance_kind": "posterior", "covariance_order": ["tx", "ty", "tz", "rx", "ry", "rz"],
//  "covariance_units": {"translation": "mm", "rotation": "rad"}}
std::string BopCovariancePath(const std::string& results_path);
// `covariances`: one for each result, 36 numbers row by row, or empty where there is none.
Status WriteBopCovariances(const std::vector<BopResult>& results,
                           const std::vector<std::vector<double>>& covariances,
                           const std::string& covariance_kind, const std::string& path);

// An image of scene_camera.json.
struct BopImage {
  int32_t im_id = 0;
  Matrix3 intrinsics = {};                // cam_K, row by row
  std::optional<BopPose> cam_from_world;  // cam_R_w2c, cam_t_w2c
  std::string extras = "{}";              // the other keys, a JSON object
};

// An object of scene_gt.json.
struct BopInstance {
  int32_t im_id = 0;
  int32_t obj_id = 0;
  BopPose cam_from_object;
  std::string extras = "{}";
};

struct BopScene {
  std::string path;                    // the folder it was read from, for messages; may be empty
  std::vector<BopImage> images;        // by im_id
  std::vector<BopInstance> instances;  // by im_id, then as in the file
};

// Reads scene_camera.json and scene_gt.json of a scene's folder.
Result<BopScene> ReadBopScene(const std::string& folder);
// The same from memory; `folder` is its name for messages.
Result<BopScene> ParseBopScene(std::string_view scene_camera, std::string_view scene_gt,
                               const std::string& folder);
Status WriteBopScene(const BopScene& scene, const std::string& folder);

// One object per instance, "<im_id>_<obj_id>_<index in the image>", with its pose, its image's
// pinhole camera and no points: the files hold none. Unit of length: mm.
Result<PoseDataset> ToPoseDataset(const BopScene& scene);

}  // namespace propnp::io

#endif  // PROPNP_IO_BOP_H_
