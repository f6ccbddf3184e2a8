// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// COLMAP's text files: one line per camera, point, rig and frame, two lines per image. Lines that
// begin with '#' are comments.

#include <utility>

#include "propnp/io/colmap_cameras.h"
#include "propnp/io/colmap_internal.h"
#include "propnp/io/names.h"
#include "propnp/io/text_reader.h"

namespace propnp::io::colmap {
namespace {

constexpr std::pair<int32_t, std::string_view> kSensorTypes[] = {
    {-1, "INVALID"}, {kColmapCameraSensor, "CAMERA"}, {1, "IMU"}, {2, "LOCATION"}};

bool ReadPose(TextReader* in, ColmapPose* pose) {
  Quaternion& q = pose->rotation;
  Vector3& t = pose->translation;
  return in->Read("QW", &q[0]) && in->Read("QX", &q[1]) && in->Read("QY", &q[2]) &&
         in->Read("QZ", &q[3]) && in->Read("TX", &t[0]) && in->Read("TY", &t[1]) &&
         in->Read("TZ", &t[2]);
}

bool ReadCameraModel(TextReader* in, ColmapCamera* camera) {
  std::string_view name;
  if (!in->ReadWord("MODEL", &name)) return false;
  const ColmapCameraModel* model = FindColmapCameraModel(name);
  if (model == nullptr) {
    return in->Fail("MODEL", Quoted(name) + " is none of " + ColmapCameraModelNames());
  }
  camera->model = model->id;
  camera->parameters.resize(model->num_parameters);
  return true;
}

bool ReadCamera(TextReader* in, ColmapCamera* camera) {
  if (!in->Read("CAMERA_ID", &camera->id) || !ReadCameraModel(in, camera) ||
      !in->Read("WIDTH", &camera->width) || !in->Read("HEIGHT", &camera->height)) {
    return false;
  }
  for (double& parameter : camera->parameters) {
    if (!in->Read("PARAMS[]", &parameter)) return false;
  }
  return in->ExpectEnd();
}

Status ParseCameras(TextReader* in, ColmapModel* model) {
  std::unordered_set<uint32_t> ids;
  while (in->NextDataLine()) {
    ColmapCamera camera;
    if (!ReadCamera(in, &camera) || !IsNewId("CAMERA_ID", camera.id, &ids, in)) break;
    model->cameras.push_back(std::move(camera));
  }
  return in->status();
}

bool ReadPoint2D(TextReader* in, ColmapPoint2D* point) {
  std::string_view id;
  if (!in->Read("X", &point->x) || !in->Read("Y", &point->y) || !in->ReadWord("POINT3D_ID", &id)) {
    return false;
  }
  if (id == "-1") return true;  // stays kColmapNoPoint
  const char* problem = ParseNumber(id, &point->point3d_id);
  return problem == nullptr || in->Fail("POINT3D_ID", Quoted(id) + " " + problem);
}

bool ReadImageHeader(TextReader* in, ColmapImage* image) {
  std::string_view name;
  if (!in->Read("IMAGE_ID", &image->id) || !ReadPose(in, &image->cam_from_world) ||
      !in->Read("CAMERA_ID", &image->camera_id) || !in->ReadRest("NAME", &name)) {
    return false;
  }
  image->name = name;
  const char* problem = ImageNameProblem(name);
  return problem == nullptr || in->Fail("NAME", Quoted(name) + " " + problem);
}

bool ReadImagePoints(TextReader* in, ColmapImage* image) {
  if (!in->NextLine()) {
    return in->Fail("POINTS2D[]", "missing: an image has two lines, the second may be empty");
  }
  while (!in->AtEnd()) {
    if (!ReadPoint2D(in, &image->points.emplace_back())) return false;
  }
  return true;
}

Status ParseImages(TextReader* in, ColmapModel* model) {
  std::unordered_set<uint32_t> ids;
  std::unordered_set<std::string> names;
  while (in->NextDataLine()) {
    ColmapImage image;
    if (!ReadImageHeader(in, &image) || !IsNewId("IMAGE_ID", image.id, &ids, in) ||
        !IsNewName(image.name, &names, in) || !ReadImagePoints(in, &image)) {
      break;
    }
    model->images.push_back(std::move(image));
  }
  return in->status();
}

bool ReadPoint3D(TextReader* in, ColmapPoint3D* point) {
  Vector3& x = point->position;
  std::array<uint8_t, 3>& color = point->color;
  if (!in->Read("POINT3D_ID", &point->id) || !in->Read("X", &x[0]) || !in->Read("Y", &x[1]) ||
      !in->Read("Z", &x[2]) || !in->Read("R", &color[0]) || !in->Read("G", &color[1]) ||
      !in->Read("B", &color[2]) || !in->Read("ERROR", &point->error)) {
    return false;
  }
  while (!in->AtEnd()) {
    ColmapTrackElement& element = point->track.emplace_back();
    if (!in->Read("IMAGE_ID", &element.image_id)) return false;
    if (!in->Read("POINT2D_IDX", &element.point2d_index)) return false;
  }
  return true;
}

Status ParsePoints(TextReader* in, ColmapModel* model) {
  std::unordered_set<uint64_t> ids;
  while (in->NextDataLine()) {
    ColmapPoint3D point;
    if (!ReadPoint3D(in, &point) || !IsNewId("POINT3D_ID", point.id, &ids, in)) break;
    model->points.push_back(std::move(point));
  }
  return in->status();
}

bool ReadSensor(TextReader* in, ColmapSensor* sensor) {
  std::string_view name;
  if (!in->ReadWord("SENSOR_TYPE", &name)) return false;
  for (const auto& [type, type_name] : kSensorTypes) {
    if (name != type_name) continue;
    sensor->type = type;
    return in->Read("SENSOR_ID", &sensor->id);
  }
  return in->Fail("SENSOR_TYPE", Quoted(name) + " is none of CAMERA, IMU, LOCATION, INVALID");
}

bool ReadSensorPose(TextReader* in, std::optional<ColmapPose>* pose) {
  uint8_t has_pose = 0;
  if (!in->Read("HAS_POSE", &has_pose)) return false;
  if (has_pose > 1) return in->Fail("HAS_POSE", "is neither 0 nor 1");
  return has_pose == 0 || ReadPose(in, &pose->emplace());
}

bool ReadRig(TextReader* in, ColmapRig* rig) {
  uint32_t num_sensors = 0;
  if (!in->Read("RIG_ID", &rig->id) || !in->Read("NUM_SENSORS", &num_sensors)) return false;
  for (uint32_t i = 0; i < num_sensors; ++i) {  // ends with the line if the count lies
    ColmapRigSensor& sensor = rig->sensors.emplace_back();
    if (!ReadSensor(in, &sensor.sensor)) return false;
    if (i > 0 && !ReadSensorPose(in, &sensor.sensor_from_rig)) return false;
  }
  return in->ExpectEnd();
}

Status ParseRigs(TextReader* in, ColmapModel* model) {
  std::unordered_set<uint32_t> ids;
  while (in->NextDataLine()) {
    ColmapRig rig;
    if (!ReadRig(in, &rig) || !IsNewId("RIG_ID", rig.id, &ids, in)) break;
    model->rigs.push_back(std::move(rig));
  }
  return in->status();
}

bool ReadFrame(TextReader* in, ColmapFrame* frame) {
  uint32_t num_data = 0;
  if (!in->Read("FRAME_ID", &frame->id) || !in->Read("RIG_ID", &frame->rig_id) ||
      !ReadPose(in, &frame->rig_from_world) || !in->Read("NUM_DATA_IDS", &num_data)) {
    return false;
  }
  for (uint32_t i = 0; i < num_data; ++i) {
    ColmapFrameData& data = frame->data.emplace_back();
    if (!ReadSensor(in, &data.sensor) || !in->Read("DATA_ID", &data.id)) return false;
  }
  return in->ExpectEnd();
}

Status ParseFrames(TextReader* in, ColmapModel* model) {
  std::unordered_set<uint32_t> ids;
  while (in->NextDataLine()) {
    ColmapFrame frame;
    if (!ReadFrame(in, &frame) || !IsNewId("FRAME_ID", frame.id, &ids, in)) break;
    model->frames.push_back(std::move(frame));
  }
  return in->status();
}

}  // namespace

Status ParseTextPart(Part part, std::string_view text, const std::string& file,
                     ColmapModel* model) {
  constexpr Status (*kParsers[])(TextReader*, ColmapModel*) = {ParseCameras, ParseImages,
                                                               ParsePoints, ParseRigs, ParseFrames};
  TextReader in(text, file);
  return kParsers[part](&in, model);
}

}  // namespace propnp::io::colmap
