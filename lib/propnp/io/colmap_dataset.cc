// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Between COLMAP models and datasets: which images make one pose, and where its pose is kept.

#include <unordered_map>

#include "propnp/io/colmap.h"
#include "propnp/io/colmap_cameras.h"
#include "propnp/io/names.h"

namespace propnp::io {
namespace {

constexpr double kHalfPixel = 0.5;  // COLMAP's first pixel centre is (.5, .5), OpenCV's (0, 0)

// An image on its own, or the images of one frame of a rig.
struct Source {
  std::optional<size_t> frame;  // index into the model's frames
  std::vector<size_t> images;   // indices into the model's images
  // One per image; kIdentityPose for the reference sensor and for models without rigs.
  std::vector<Pose> camera_from_rig;

  // A lone image is described by its camera's pose, several by their rig's.
  bool is_rig() const { return images.size() > 1; }
};

bool ToPose(const ColmapPose& colmap, Pose* pose) {
  Quaternion rotation = colmap.rotation;
  if (!NormalizeQuaternion(&rotation)) return false;
  *pose = MakePose(rotation, colmap.translation);
  return true;
}

ColmapPose ToColmapPose(const Pose& pose) { return {PoseRotation(pose), PoseTranslation(pose)}; }

// Leaves the bits of `right` alone where there is nothing to do.
Pose Compose(const Pose& left, const Pose& right) {
  return left == kIdentityPose ? right : ComposePoses(left, right);
}

Status ZeroQuaternion(const std::string& what) {
  return Status::Error(what + ": its quaternion has length 0");
}

std::string RigName(const ColmapRig& rig) { return "rig " + std::to_string(rig.id); }

// Where `sensor` sits on `rig`.
Result<Pose> FindSensorFromRig(const ColmapRig& rig, const ColmapSensor& sensor) {
  for (size_t i = 0; i < rig.sensors.size(); ++i) {
    if (!(rig.sensors[i].sensor == sensor)) continue;
    if (i == 0) return kIdentityPose;  // the reference
    const std::string name = RigName(rig) + ", camera " + std::to_string(sensor.id);
    if (!rig.sensors[i].sensor_from_rig) {
      return Status::Error(name +
                           ": its place on the rig (sensor_from_rig) is not known; run "
                           "colmap rig_configurator or bundle_adjuster first");
    }
    Pose pose;
    if (!ToPose(*rig.sensors[i].sensor_from_rig, &pose)) return ZeroQuaternion(name);
    return pose;
  }
  return Status::Error(RigName(rig) + ": has no camera " + std::to_string(sensor.id));
}

template <typename Record>
std::unordered_map<uint64_t, size_t> IndexById(const std::vector<Record>& records) {
  std::unordered_map<uint64_t, size_t> index;
  index.reserve(records.size());
  for (size_t i = 0; i < records.size(); ++i) index.emplace(records[i].id, i);
  return index;
}

Result<std::vector<Source>> FindFrameSources(const ColmapModel& model) {
  const auto rigs = IndexById(model.rigs);
  const auto images = IndexById(model.images);
  std::vector<Source> sources;
  for (size_t f = 0; f < model.frames.size(); ++f) {
    Source source;
    source.frame = f;
    for (const ColmapFrameData& data : model.frames[f].data) {
      if (data.sensor.type != kColmapCameraSensor) continue;
      const auto rig = rigs.find(model.frames[f].rig_id);
      const auto image = images.find(data.id);
      if (rig == rigs.end() || image == images.end()) {
        return Status::Error("frame " + std::to_string(model.frames[f].id) +
                             ": its rig or an image of it is missing");
      }
      const Result<Pose> pose = FindSensorFromRig(model.rigs[rig->second], data.sensor);
      if (!pose.ok()) return pose.status();
      source.images.push_back(image->second);
      source.camera_from_rig.push_back(*pose);
    }
    if (!source.images.empty()) sources.push_back(std::move(source));
  }
  return sources;
}

Result<std::vector<Source>> FindSources(const ColmapModel& model) {
  if (model.has_rigs) return FindFrameSources(model);
  std::vector<Source> sources(model.images.size());
  for (size_t i = 0; i < sources.size(); ++i) {
    sources[i].images = {i};
    sources[i].camera_from_rig = {kIdentityPose};
  }
  return sources;
}

Result<Pose> ReadPose(const ColmapModel& model, const Source& source) {
  const ColmapImage& first = model.images[source.images[0]];
  const ColmapPose& stored =
      source.frame ? model.frames[*source.frame].rig_from_world : first.cam_from_world;
  Pose pose;
  if (!ToPose(stored, &pose)) {
    return ZeroQuaternion(source.frame ? "frame " + std::to_string(model.frames[*source.frame].id)
                                       : "image " + Quoted(first.name));
  }
  return source.is_rig() ? pose : Compose(source.camera_from_rig[0], pose);
}

void WritePose(const Source& source, const Pose& pose, ColmapModel* model) {
  const Pose rig_from_world = source.is_rig() || source.camera_from_rig[0] == kIdentityPose
                                  ? pose
                                  : ComposePoses(InversePose(source.camera_from_rig[0]), pose);
  if (source.frame) model->frames[*source.frame].rig_from_world = ToColmapPose(rig_from_world);
  for (size_t i = 0; i < source.images.size(); ++i) {
    const Pose camera_from_world =
        source.is_rig() ? Compose(source.camera_from_rig[i], pose) : pose;
    model->images[source.images[i]].cam_from_world = ToColmapPose(camera_from_world);
  }
}

// Fills a dataset from the sources of one model.
class Converter {
 public:
  explicit Converter(const ColmapModel& model)
      : model_(model), cameras_(IndexById(model.cameras)), points_(IndexById(model.points)) {}

  Result<PoseDataset> Convert(const std::vector<Source>& sources) {
    for (const ColmapCamera& camera : model_.cameras) {
      const Result<DatasetCamera> converted = ToDatasetCamera(camera);
      if (!converted.ok()) return converted.status();
      dataset_.cameras.push_back(*converted);
    }
    for (const Source& source : sources) {
      if (Status status = AddObject(source); !status.ok()) return status;
    }
    if (Status status = dataset_.Validate(); !status.ok()) return status;
    return std::move(dataset_);
  }

 private:
  Status AddObject(const Source& source) {
    const Result<Pose> pose = ReadPose(model_, source);
    if (!pose.ok()) return pose.status();
    DatasetObject object;
    object.id = source.is_rig() ? "frame_" + std::to_string(model_.frames[*source.frame].id)
                                : model_.images[source.images[0]].name;
    object.has_pose = true;
    object.pose = *pose;
    dataset_.objects.push_back(std::move(object));
    for (size_t i = 0; i < source.images.size(); ++i) {
      const int32_t rig = source.is_rig() ? FindOrAddRigPose(source.camera_from_rig[i]) : -1;
      if (Status status = AddView(model_.images[source.images[i]], rig); !status.ok())
        return status;
    }
    dataset_.EndObject();
    return {};
  }

  int32_t FindOrAddRigPose(const Pose& pose) {
    if (pose == kIdentityPose) return -1;
    std::vector<Pose>& known = dataset_.camera_from_rig;
    for (size_t i = 0; i < known.size(); ++i) {
      if (known[i] == pose) return static_cast<int32_t>(i);
    }
    known.push_back(pose);
    return static_cast<int32_t>(known.size() - 1);
  }

  Status AddView(const ColmapImage& image, int32_t rig) {
    const auto camera = cameras_.find(image.camera_id);
    if (camera == cameras_.end()) {
      return Status::Error("image " + Quoted(image.name) + ": its camera is missing");
    }
    DatasetView view;
    view.camera = static_cast<int32_t>(camera->second);
    view.rig = rig;
    view.image = image.name;
    dataset_.views.push_back(std::move(view));
    for (const ColmapPoint2D& point : image.points) {
      if (point.point3d_id == kColmapNoPoint) continue;
      const auto found = points_.find(point.point3d_id);
      if (found == points_.end()) {
        return Status::Error("image " + Quoted(image.name) + ": its 3D point " +
                             std::to_string(point.point3d_id) + " is missing");
      }
      const Vector3& position = model_.points[found->second].position;
      dataset_.x3d.insert(dataset_.x3d.end(), position.begin(), position.end());
      dataset_.x2d.insert(dataset_.x2d.end(), {point.x - kHalfPixel, point.y - kHalfPixel});
    }
    dataset_.EndView();
    return {};
  }

  const ColmapModel& model_;
  const std::unordered_map<uint64_t, size_t> cameras_;
  const std::unordered_map<uint64_t, size_t> points_;
  PoseDataset dataset_;
};

}  // namespace

Result<PoseDataset> ToPoseDataset(const ColmapModel& model) {
  const Result<std::vector<Source>> sources = FindSources(model);
  if (!sources.ok()) return InFile(model.path, sources.status());
  Result<PoseDataset> dataset = Converter(model).Convert(*sources);
  if (!dataset.ok()) return InFile(model.path, dataset.status());
  return dataset;
}

Status ApplyPoses(const std::vector<Pose>& poses, ColmapModel* model) {
  const Result<std::vector<Source>> sources = FindSources(*model);
  if (!sources.ok()) return InFile(model->path, sources.status());
  if (sources->size() != poses.size()) {
    return Status::Error("the model has " + std::to_string(sources->size()) + " poses, not " +
                         std::to_string(poses.size()));
  }
  for (size_t i = 0; i < poses.size(); ++i) {
    const Result<Pose> before = ReadPose(*model, (*sources)[i]);
    if (!before.ok()) return InFile(model->path, before.status());
    if (*before != poses[i]) WritePose((*sources)[i], poses[i], model);
  }
  return {};
}

}  // namespace propnp::io
