// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What every reader fills and every consumer reads: poses to find, with their correspondences,
// owned. The engine's views (propnp/engine/views.h) are laid onto it without a copy.
//
//   objects (B) -> views (V) -> points (P)
//
// An object is one pose; a view is one camera's look at it, with a range of points.
#ifndef PROPNP_IO_POSE_DATASET_H_
#define PROPNP_IO_POSE_DATASET_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "propnp/engine/views.h"
#include "propnp/io/rotations.h"
#include "propnp/io/status.h"

namespace propnp::io {

struct DatasetCamera {
  // PROPNP_CAMERA_*, with the parameters in the order of views.h; those behind the model's are 0.
  int32_t model = PROPNP_CAMERA_PINHOLE;
  // Image size in pixels; 0 when it is not known.
  std::array<int32_t, 2> size_px = {0, 0};
  std::array<double, PROPNP_MAX_CAMERA_PARAMETERS> parameters = {};
  // For people; may be empty.
  std::string name;

  bool operator==(const DatasetCamera& other) const;
};

// Number of parameters of PROPNP_CAMERA_* `model`; 0 for one that does not exist.
int32_t CameraParameterCount(int32_t model);

// One camera's look at an object. Its points are [point_offsets[v], point_offsets[v + 1]).
struct DatasetView {
  int32_t camera = 0;  // index into PoseDataset::cameras
  int32_t rig = -1;    // index into PoseDataset::camera_from_rig, -1 for identity
  // Path of the photograph relative to the image folder; empty when there is none.
  std::string image;
  std::optional<double> timestamp;  // seconds

  bool operator==(const DatasetView& other) const;
};

// A density over the pose, normalised with respect to dt dtheta (model.md of the library's
// documentation: "Posterior density").
struct DatasetPrior {
  enum class Kind {
    kGaussianPose,  // of the pose's tangent (translation, rotation in rad): mean and covariance
    kGaussianRay,   // of (x/z, y/z, log z) of the translation: mean and covariance
    kDepthRange     // uniform in the box lower..upper of (x/z, y/z, z)
  };
  Kind kind = Kind::kGaussianPose;
  // kGaussianPose: 7 numbers (dof 6) or 4 (dof 4), a pose; kGaussianRay: 3; kDepthRange: the lower
  // bounds, 3.
  std::vector<double> mean;
  // kGaussian*: the covariance, row by row (36, 16 or 9 numbers); kDepthRange: the upper bounds, 3.
  std::vector<double> spread;

  bool operator==(const DatasetPrior& other) const;
};

// One pose to find.
struct DatasetObject {
  std::string id;
  int32_t dof = 6;  // 6, or 4: translation and yaw about yaw_axis
  // False when the file brings no start; `pose` is then the identity and means nothing.
  bool has_pose = false;
  // cam_from_object (several views: rig_from_object). dof 6: [tx ty tz qw qx qy qz]; dof 4:
  // [tx ty tz yaw 0 0 0] with yaw in rad and R = Rot(yaw_axis, yaw) base_rotation.
  Pose pose = kIdentityPose;
  Vector3 yaw_axis = {0, 1, 0};             // unit vector of the camera (rig) frame
  Quaternion base_rotation = {1, 0, 0, 0};  // dof 4 only
  std::optional<Pose> target;               // ground truth, stored as `pose` is
  std::optional<DatasetPrior> prior;

  bool operator==(const DatasetObject& other) const;
};

// The dataset. Frames and units are those of views.h: x3d and translations in one unit of length,
// x2d in pixels with the centre of the top-left pixel at (0, 0).
struct PoseDataset {
  std::vector<DatasetCamera> cameras;        // C
  std::vector<DatasetObject> objects;        // B
  std::vector<DatasetView> views;            // V, those of an object beside one another
  std::vector<int64_t> view_offsets = {0};   // B + 1: object b has views [b], .., [b + 1] - 1
  std::vector<int64_t> point_offsets = {0};  // V + 1: view v has points [v], .., [v + 1] - 1
  std::vector<Pose> camera_from_rig;         // E

  std::vector<double> x3d;  // P x 3, object frame
  std::vector<double> x2d;  // P x 2, pixels
  // At most one of the two; both empty means weight 1.
  std::vector<double> w2d;        // P x 2, 1/sigma in 1/px
  std::vector<double> sqrt_info;  // P x 2 x 2, row by row: e = L (projection - x2d)

  int64_t num_points() const { return point_offsets.back(); }
  // True when some object has several views or a camera that is not the rig's origin.
  bool HasRigs() const;
  bool AllHavePoses() const;

  // Checks everything that a consumer relies on: sizes, offsets, indices, finite numbers, weights
  // >= 0, unit quaternions, known models, unique ids. The message names the object and the field.
  Status Validate() const;

  // The engine's views. They point into this dataset: they live until it changes or dies.
  propnp_correspondences Correspondences() const;
  propnp_cameras Cameras() const;
  // (B, 7) of the objects' poses, or (B, 4) for dof 4.
  propnp_tensor Poses(int32_t dof) const;

  // Closes the last view / object that was being filled: call after its points / views were added.
  void EndView() { point_offsets.push_back(static_cast<int64_t>(x3d.size() / 3)); }
  void EndObject() { view_offsets.push_back(static_cast<int64_t>(views.size())); }

  bool operator==(const PoseDataset& other) const;
};

}  // namespace propnp::io

#endif  // PROPNP_IO_POSE_DATASET_H_
