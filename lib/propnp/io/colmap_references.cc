// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Every id that a COLMAP model refers to must exist: a dangling one would be read out of bounds, or
// quietly lose observations, much later.

#include <unordered_map>

#include "propnp/io/colmap_internal.h"
#include "propnp/io/file.h"
#include "propnp/io/names.h"

namespace propnp::io::colmap {
namespace {

template <typename Record>
auto IndexById(const std::vector<Record>& records) {
  std::unordered_map<uint64_t, const Record*> index;
  index.reserve(records.size());
  for (const Record& record : records) index.emplace(record.id, &record);
  return index;
}

template <typename Record>
using Index = std::unordered_map<uint64_t, const Record*>;

template <typename Record>
const Record* Find(const Index<Record>& index, uint64_t id) {
  const auto found = index.find(id);
  return found == index.end() ? nullptr : found->second;
}

class Checker {
 public:
  Checker(const ColmapModel& model, const std::string& folder)
      : model_(model),
        folder_(folder),
        cameras_(IndexById(model.cameras)),
        images_(IndexById(model.images)),
        points_(IndexById(model.points)),
        rigs_(IndexById(model.rigs)) {}

  Status Check() const {
    for (const ColmapImage& image : model_.images) {
      if (Status status = CheckImage(image); !status.ok()) return status;
    }
    for (const ColmapPoint3D& point : model_.points) {
      if (Status status = CheckTrack(point); !status.ok()) return status;
    }
    for (const ColmapRig& rig : model_.rigs) {
      if (Status status = CheckRig(rig); !status.ok()) return status;
    }
    return model_.has_rigs ? CheckFrames() : Status();
  }

 private:
  Status Error(Part part, const std::string& place, const char* field,
               const std::string& problem) const {
    return ErrorAt(JoinPath(folder_, FileName(part, model_.binary)), place, field, problem);
  }

  std::string NotIn(Part part, uint64_t id) const {
    return std::to_string(id) + " is not in " + FileName(part, model_.binary);
  }

  static std::string PlaceOf(const ColmapImage& image) {
    return "image " + std::to_string(image.id) + " (" + Quoted(image.name) + ")";
  }

  Status CheckImage(const ColmapImage& image) const {
    if (Find(cameras_, image.camera_id) == nullptr) {
      return Error(kImages, PlaceOf(image), "CAMERA_ID", NotIn(kCameras, image.camera_id));
    }
    for (size_t i = 0; i < image.points.size(); ++i) {
      const uint64_t id = image.points[i].point3d_id;
      if (id == kColmapNoPoint || Find(points_, id) != nullptr) continue;
      return Error(kImages, PlaceOf(image) + ", point " + std::to_string(i), "POINT3D_ID",
                   NotIn(kPoints, id));
    }
    return {};
  }

  Status CheckTrack(const ColmapPoint3D& point) const {
    const std::string place = "point " + std::to_string(point.id);
    for (const ColmapTrackElement& element : point.track) {
      const ColmapImage* image = Find(images_, element.image_id);
      if (image == nullptr) {
        return Error(kPoints, place, "IMAGE_ID", NotIn(kImages, element.image_id));
      }
      if (element.point2d_index >= image->points.size()) {
        return Error(kPoints, place, "POINT2D_IDX",
                     std::to_string(element.point2d_index) + " is beyond the " +
                         std::to_string(image->points.size()) + " points of " + PlaceOf(*image));
      }
    }
    return {};
  }

  Status CheckRig(const ColmapRig& rig) const {
    const std::string place = "rig " + std::to_string(rig.id);
    std::unordered_set<uint64_t> seen;
    for (const auto& [sensor, sensor_from_rig] : rig.sensors) {
      if (sensor.type == kColmapCameraSensor && Find(cameras_, sensor.id) == nullptr) {
        return Error(kRigs, place, "SENSOR_ID", NotIn(kCameras, sensor.id));
      }
      const uint64_t key =
          static_cast<uint64_t>(static_cast<uint32_t>(sensor.type)) << 32 | sensor.id;
      if (!seen.insert(key).second) {
        return Error(kRigs, place, "SENSOR_ID", std::to_string(sensor.id) + " is there twice");
      }
    }
    return {};
  }

  Status CheckFrames() const {
    std::unordered_set<uint64_t> seen;
    for (const ColmapFrame& frame : model_.frames) {
      if (Status status = CheckFrame(frame, &seen); !status.ok()) return status;
    }
    for (const ColmapImage& image : model_.images) {
      if (seen.count(image.id) > 0) continue;
      return Error(kFrames, "", "DATA_ID", PlaceOf(image) + " is in no frame");
    }
    return {};
  }

  Status CheckFrame(const ColmapFrame& frame, std::unordered_set<uint64_t>* seen) const {
    const std::string place = "frame " + std::to_string(frame.id);
    const ColmapRig* rig = Find(rigs_, frame.rig_id);
    if (rig == nullptr) return Error(kFrames, place, "RIG_ID", NotIn(kRigs, frame.rig_id));
    for (const ColmapFrameData& data : frame.data) {
      if (data.sensor.type != kColmapCameraSensor) continue;
      const ColmapImage* image = Find(images_, data.id);
      if (image == nullptr) return Error(kFrames, place, "DATA_ID", NotIn(kImages, data.id));
      if (!seen->insert(data.id).second) {
        return Error(kFrames, place, "DATA_ID", PlaceOf(*image) + " is in two frames");
      }
      if (image->camera_id != data.sensor.id || !HasSensor(*rig, data.sensor)) {
        return Error(kFrames, place, "SENSOR_ID",
                     "camera " + std::to_string(data.sensor.id) + " is not that of " +
                         PlaceOf(*image) + ", or not on rig " + std::to_string(rig->id));
      }
    }
    return {};
  }

  static bool HasSensor(const ColmapRig& rig, const ColmapSensor& sensor) {
    for (const ColmapRigSensor& on_rig : rig.sensors) {
      if (on_rig.sensor == sensor) return true;
    }
    return false;
  }

  const ColmapModel& model_;
  const std::string& folder_;
  Index<ColmapCamera> cameras_;
  Index<ColmapImage> images_;
  Index<ColmapPoint3D> points_;
  Index<ColmapRig> rigs_;
};

}  // namespace

Status CheckReferences(const ColmapModel& model, const std::string& folder) {
  return Checker(model, folder).Check();
}

}  // namespace propnp::io::colmap
