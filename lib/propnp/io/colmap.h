// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// COLMAP sparse models, text and binary, with the rigs and frames of COLMAP 3.12 and later.
//
// A ColmapModel holds everything that is in the files, in their order, so that what is read and
// written again is the same: byte for byte in binary, value for value in text. Layout:
// https://colmap.github.io/format.html.
#ifndef PROPNP_IO_COLMAP_H_
#define PROPNP_IO_COLMAP_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "propnp/io/pose_dataset.h"
#include "propnp/io/rotations.h"
#include "propnp/io/status.h"

namespace propnp::io {

// "x_from_world" as it is in the file: the quaternion need not be of unit length.
struct ColmapPose {
  Quaternion rotation = {1, 0, 0, 0};  // qw qx qy qz
  Vector3 translation = {0, 0, 0};

  bool operator==(const ColmapPose& other) const;
};

struct ColmapCamera {
  uint32_t id = 0;
  int32_t model = 0;  // COLMAP's own numbers, see colmap_cameras.h
  uint64_t width = 0;
  uint64_t height = 0;
  std::vector<double> parameters;  // principal point in COLMAP's pixels: first centre at (.5, .5)
};

constexpr uint64_t kColmapNoPoint = UINT64_MAX;

struct ColmapPoint2D {
  double x = 0;  // pixels, first centre at .5
  double y = 0;
  uint64_t point3d_id = kColmapNoPoint;
};

struct ColmapImage {
  uint32_t id = 0;
  ColmapPose cam_from_world;  // ignored by COLMAP when the model has rigs
  uint32_t camera_id = 0;
  std::string name;
  std::vector<ColmapPoint2D> points;
};

struct ColmapTrackElement {
  uint32_t image_id = 0;
  uint32_t point2d_index = 0;
};

struct ColmapPoint3D {
  uint64_t id = 0;
  Vector3 position = {};
  std::array<uint8_t, 3> color = {};
  double error = 0;
  std::vector<ColmapTrackElement> track;
};

constexpr int32_t kColmapCameraSensor = 0;

struct ColmapSensor {
  int32_t type = kColmapCameraSensor;
  uint32_t id = 0;

  bool operator==(const ColmapSensor& other) const { return type == other.type && id == other.id; }
};

struct ColmapRigSensor {
  ColmapSensor sensor;
  std::optional<ColmapPose> sensor_from_rig;
};

// Sensors that are fixed to one another. The first is the reference: the rig's frame is its own.
struct ColmapRig {
  uint32_t id = 0;
  std::vector<ColmapRigSensor> sensors;
};

struct ColmapFrameData {
  ColmapSensor sensor;
  uint64_t id = 0;  // of a camera: the image's id
};

// What a rig saw at one moment.
struct ColmapFrame {
  uint32_t id = 0;
  uint32_t rig_id = 0;
  ColmapPose rig_from_world;
  std::vector<ColmapFrameData> data;
};

struct ColmapModel {
  std::string path;    // the folder it was read from, for messages; may be empty
  bool binary = true;  // how it was stored
  // True when frames, and not images, hold the poses.
  bool has_rigs = false;
  // True when there are files of rigs and frames. They may be empty, in which case COLMAP takes the
  // model for one of old, without rigs.
  bool has_rig_files = false;
  std::vector<ColmapCamera> cameras;
  std::vector<ColmapImage> images;
  std::vector<ColmapPoint3D> points;
  std::vector<ColmapRig> rigs;
  std::vector<ColmapFrame> frames;
};

// Reads the model in `folder`; where binary and text files are side by side, the binary ones, as
// COLMAP does. Ids must be unique and every reference must lead somewhere. Image names must be
// UTF-8 and must not lead out of the image folder.
Result<ColmapModel> ReadColmap(const std::string& folder);

// Writes the files of the model, as model.binary says, into a folder that exists.
Status WriteColmap(const ColmapModel& model, const std::string& folder);

// The poses of the model as a dataset: one object per image, in the order of the file, with the
// image's name as its id. In a model with rigs it is one object per frame; a frame of several
// images is an object "frame_<id>" with one view per image and the pose rig_from_world.
//
// Pixels are converted to OpenCV's (first centre at 0): x2d and the principal point move by -.5.
// Points without a 3D point are left out. The error names a camera model that has no counterpart
// here, and a sensor whose place on its rig is not known.
Result<PoseDataset> ToPoseDataset(const ColmapModel& model);

// Writes `poses`, one for each object of ToPoseDataset(*model), back into the model: into the
// images and, where there are rigs, into the frames (rig_from_world), which COLMAP reads then. A
// pose that equals the one in the dataset leaves the model's own digits alone.
Status ApplyPoses(const std::vector<Pose>& poses, ColmapModel* model);

}  // namespace propnp::io

#endif  // PROPNP_IO_COLMAP_H_
