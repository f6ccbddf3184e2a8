// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// COLMAP's binary files: little-endian, every list behind its count. `Fields` reads and writes a
// record by one and the same description, so that the two cannot part.

#include <utility>

#include "propnp/io/byte_reader.h"
#include "propnp/io/colmap_cameras.h"
#include "propnp/io/colmap_internal.h"
#include "propnp/io/names.h"

namespace propnp::io::colmap {
namespace {

// Smallest sizes of records in bytes: what a count is checked against before memory is asked for.
constexpr uint64_t kMinCameraBytes = 4 + 4 + 8 + 8;
constexpr uint64_t kMinImageBytes = 4 + 7 * 8 + 4 + 2 + 8;
constexpr uint64_t kPoint2DBytes = 8 + 8 + 8;
constexpr uint64_t kMinPoint3DBytes = 8 + 3 * 8 + 3 + 8 + 8;
constexpr uint64_t kTrackElementBytes = 4 + 4;
constexpr uint64_t kMinRigBytes = 4 + 4;
constexpr uint64_t kMinRigSensorBytes = 4 + 4;
constexpr uint64_t kMinFrameBytes = 4 + 4 + 7 * 8 + 4;
constexpr uint64_t kFrameDataBytes = 4 + 4 + 8;

// Fills the model from bytes. Every method returns false after the first error.
struct Reading {
  ByteReader* in;

  template <typename Number>
  bool Value(const char* field, Number& value) {
    return in->Read(field, &value);
  }
  template <typename Count, typename Item>
  bool List(const char* field, uint64_t min_bytes, std::vector<Item>& items) {
    Count count = 0;
    if (!in->ReadCount(field, min_bytes, &count)) return false;
    items.resize(static_cast<size_t>(count));
    return true;
  }
  bool Name(const char* field, std::string& name) {
    if (!in->ReadString(field, &name)) return false;
    const char* problem = ImageNameProblem(name);
    return problem == nullptr || in->Fail(field, Quoted(name) + " " + problem);
  }
  bool Parameters(ColmapCamera& camera) {
    const ColmapCameraModel* model = FindColmapCameraModel(camera.model);
    if (model == nullptr) {
      return in->Fail("MODEL_ID", std::to_string(camera.model) + " is none of COLMAP's models " +
                                      ColmapCameraModelNames());
    }
    camera.parameters.resize(model->num_parameters);
    return true;
  }
  bool OptionalPose(ColmapRigSensor& sensor, ColmapPose** pose) {
    uint8_t has_pose = 0;
    if (!in->Read("HAS_POSE", &has_pose)) return false;
    if (has_pose > 1) return in->Fail("HAS_POSE", "is neither 0 nor 1");
    if (has_pose == 1) *pose = &sensor.sensor_from_rig.emplace();
    return true;
  }
};

// Appends the model's bytes. Nothing can fail.
struct Writing {
  std::string* out;

  template <typename Number>
  bool Value(const char*, const Number& value) {
    AppendBytes(value, out);
    return true;
  }
  template <typename Count, typename Item>
  bool List(const char*, uint64_t, const std::vector<Item>& items) {
    AppendBytes(static_cast<Count>(items.size()), out);
    return true;
  }
  bool Name(const char*, const std::string& name) {
    out->append(name.c_str(), name.size() + 1);
    return true;
  }
  bool Parameters(const ColmapCamera&) { return true; }
  bool OptionalPose(ColmapRigSensor& sensor, ColmapPose** pose) {
    if (sensor.sensor_from_rig) *pose = &*sensor.sensor_from_rig;
    AppendBytes(static_cast<uint8_t>(sensor.sensor_from_rig ? 1 : 0), out);
    return true;
  }
};

template <typename Mode>
bool Fields(Mode& mode, ColmapPose& pose) {
  constexpr const char* kQuaternion[] = {"QW", "QX", "QY", "QZ"};
  constexpr const char* kTranslation[] = {"TX", "TY", "TZ"};
  for (int i = 0; i < 4; ++i) {
    if (!mode.Value(kQuaternion[i], pose.rotation[i])) return false;
  }
  for (int i = 0; i < 3; ++i) {
    if (!mode.Value(kTranslation[i], pose.translation[i])) return false;
  }
  return true;
}

template <typename Mode>
bool Fields(Mode& mode, ColmapCamera& camera) {
  if (!mode.Value("CAMERA_ID", camera.id) || !mode.Value("MODEL_ID", camera.model) ||
      !mode.Parameters(camera) || !mode.Value("WIDTH", camera.width) ||
      !mode.Value("HEIGHT", camera.height)) {
    return false;
  }
  for (double& parameter : camera.parameters) {
    if (!mode.Value("PARAMS[]", parameter)) return false;
  }
  return true;
}

template <typename Mode>
bool Fields(Mode& mode, ColmapImage& image) {
  if (!mode.Value("IMAGE_ID", image.id) || !Fields(mode, image.cam_from_world) ||
      !mode.Value("CAMERA_ID", image.camera_id) || !mode.Name("NAME", image.name) ||
      !mode.template List<uint64_t>("NUM_POINTS2D", kPoint2DBytes, image.points)) {
    return false;
  }
  for (ColmapPoint2D& point : image.points) {
    if (!mode.Value("X", point.x) || !mode.Value("Y", point.y) ||
        !mode.Value("POINT3D_ID", point.point3d_id)) {
      return false;
    }
  }
  return true;
}

template <typename Mode>
bool Fields(Mode& mode, ColmapPoint3D& point) {
  if (!mode.Value("POINT3D_ID", point.id)) return false;
  for (double& coordinate : point.position) {
    if (!mode.Value("XYZ", coordinate)) return false;
  }
  for (uint8_t& channel : point.color) {
    if (!mode.Value("RGB", channel)) return false;
  }
  if (!mode.Value("ERROR", point.error) ||
      !mode.template List<uint64_t>("TRACK_LENGTH", kTrackElementBytes, point.track)) {
    return false;
  }
  for (ColmapTrackElement& element : point.track) {
    if (!mode.Value("IMAGE_ID", element.image_id)) return false;
    if (!mode.Value("POINT2D_IDX", element.point2d_index)) return false;
  }
  return true;
}

template <typename Mode>
bool Fields(Mode& mode, ColmapSensor& sensor) {
  return mode.Value("SENSOR_TYPE", sensor.type) && mode.Value("SENSOR_ID", sensor.id);
}

template <typename Mode>
bool Fields(Mode& mode, ColmapRig& rig) {
  if (!mode.Value("RIG_ID", rig.id) ||
      !mode.template List<uint32_t>("NUM_SENSORS", kMinRigSensorBytes, rig.sensors)) {
    return false;
  }
  for (size_t i = 0; i < rig.sensors.size(); ++i) {
    if (!Fields(mode, rig.sensors[i].sensor)) return false;
    ColmapPose* pose = nullptr;  // the reference sensor has none
    if (i > 0 && !mode.OptionalPose(rig.sensors[i], &pose)) return false;
    if (pose != nullptr && !Fields(mode, *pose)) return false;
  }
  return true;
}

template <typename Mode>
bool Fields(Mode& mode, ColmapFrame& frame) {
  if (!mode.Value("FRAME_ID", frame.id) || !mode.Value("RIG_ID", frame.rig_id) ||
      !Fields(mode, frame.rig_from_world) ||
      !mode.template List<uint32_t>("NUM_DATA_IDS", kFrameDataBytes, frame.data)) {
    return false;
  }
  for (ColmapFrameData& data : frame.data) {
    if (!Fields(mode, data.sensor) || !mode.Value("DATA_ID", data.id)) return false;
  }
  return true;
}

// Calls visit(count field, smallest record, id field, records) for the list that a part is.
template <typename Model, typename Visit>
auto VisitPart(Part part, Model& model, Visit visit) {
  switch (part) {
    case kCameras:
      return visit("NUM_CAMERAS", kMinCameraBytes, "CAMERA_ID", model.cameras);
    case kImages:
      return visit("NUM_IMAGES", kMinImageBytes, "IMAGE_ID", model.images);
    case kPoints:
      return visit("NUM_POINTS3D", kMinPoint3DBytes, "POINT3D_ID", model.points);
    case kRigs:
      return visit("NUM_RIGS", kMinRigBytes, "RIG_ID", model.rigs);
    default:
      return visit("NUM_FRAMES", kMinFrameBytes, "FRAME_ID", model.frames);
  }
}

bool HasNewName(const ColmapImage& image, std::unordered_set<std::string>* names, ByteReader* in) {
  return IsNewName(image.name, names, in);
}

template <typename Record>
bool HasNewName(const Record&, std::unordered_set<std::string>*, ByteReader*) {
  return true;
}

}  // namespace

Status ParseBinaryPart(Part part, std::string_view bytes, const std::string& file,
                       ColmapModel* model) {
  ByteReader in(bytes, file);
  Reading mode{&in};
  VisitPart(part, *model,
            [&](const char* count, uint64_t min_bytes, const char* id, auto& records) {
              std::unordered_set<decltype(records[0].id)> ids;
              std::unordered_set<std::string> names;
              if (!mode.List<uint64_t>(count, min_bytes, records)) return;
              for (auto& record : records) {
                if (!Fields(mode, record) || !IsNewId(id, record.id, &ids, &in)) return;
                if (!HasNewName(record, &names, &in)) return;
              }
              in.ExpectEnd();
            });
  return in.status();
}

std::string FormatBinaryPart(Part part, const ColmapModel& model) {
  std::string bytes;
  Writing mode{&bytes};
  // Fields is one description for both directions and takes records that may change; Writing does
  // not change them.
  VisitPart(part, const_cast<ColmapModel&>(model),
            [&](const char* count, uint64_t min_bytes, const char*, auto& records) {
              mode.List<uint64_t>(count, min_bytes, records);
              for (auto& record : records) Fields(mode, record);
            });
  return bytes;
}

}  // namespace propnp::io::colmap
