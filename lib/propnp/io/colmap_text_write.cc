// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// COLMAP's text files, written as COLMAP writes them, but for the numbers: they are the shortest
// that read back as the same double.

#include <type_traits>

#include "propnp/io/colmap_cameras.h"
#include "propnp/io/colmap_internal.h"
#include "propnp/io/names.h"
#include "propnp/io/number_text.h"

namespace propnp::io::colmap {
namespace {

// Appends words with one blank between them.
class LineWriter {
 public:
  explicit LineWriter(std::string* text) : text_(text) {}

  LineWriter& operator<<(std::string_view word) {
    Separate();
    *text_ += word;
    return *this;
  }
  LineWriter& operator<<(double value) {
    Separate();
    AppendNumber(value, text_);
    return *this;
  }
  template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
  LineWriter& operator<<(Integer value) {
    Separate();
    AppendInteger(value, text_);
    return *this;
  }
  template <size_t N>
  LineWriter& operator<<(const std::array<double, N>& values) {
    for (const double value : values) *this << value;
    return *this;
  }
  LineWriter& operator<<(const ColmapPose& pose) {
    return *this << pose.rotation << pose.translation;
  }
  void End() {
    *text_ += '\n';
    at_start_ = true;
  }

 private:
  void Separate() {
    if (!at_start_) *text_ += ' ';
    at_start_ = false;
  }

  std::string* text_;
  bool at_start_ = true;
};

std::string Mean(uint64_t sum, size_t count) {
  std::string text;
  AppendNumber(count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count), &text);
  return text;
}

std::string_view SensorType(int32_t type) {
  switch (type) {
    case kColmapCameraSensor:
      return "CAMERA";
    case 1:
      return "IMU";
    case 2:
      return "LOCATION";
    default:
      return "INVALID";
  }
}

std::string FormatCameras(const ColmapModel& model) {
  std::string text =
      "# Camera list with one line of data per camera:\n"
      "#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n"
      "# Number of cameras: " +
      std::to_string(model.cameras.size()) + "\n";
  LineWriter line(&text);
  for (const ColmapCamera& camera : model.cameras) {
    line << camera.id << FindColmapCameraModel(camera.model)->name << camera.width << camera.height;
    for (const double parameter : camera.parameters) line << parameter;
    line.End();
  }
  return text;
}

void AppendImage(const ColmapImage& image, LineWriter* line) {
  *line << image.id << image.cam_from_world << image.camera_id << image.name;
  line->End();
  for (const ColmapPoint2D& point : image.points) {
    *line << point.x << point.y;
    if (point.point3d_id == kColmapNoPoint) {
      *line << -1;
    } else {
      *line << point.point3d_id;
    }
  }
  line->End();
}

std::string FormatImages(const ColmapModel& model) {
  uint64_t observations = 0;
  for (const ColmapImage& image : model.images) {
    for (const ColmapPoint2D& point : image.points)
      observations += point.point3d_id != kColmapNoPoint;
  }
  std::string text =
      "# Image list with two lines of data per image:\n"
      "#   IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME\n"
      "#   POINTS2D[] as (X, Y, POINT3D_ID)\n"
      "# Number of images: " +
      std::to_string(model.images.size()) +
      ", mean observations per image: " + Mean(observations, model.images.size()) + "\n";
  LineWriter line(&text);
  for (const ColmapImage& image : model.images) AppendImage(image, &line);
  return text;
}

std::string FormatPoints(const ColmapModel& model) {
  uint64_t elements = 0;
  for (const ColmapPoint3D& point : model.points) elements += point.track.size();
  std::string text =
      "# 3D point list with one line of data per point:\n"
      "#   POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[] as (IMAGE_ID, POINT2D_IDX)\n"
      "# Number of points: " +
      std::to_string(model.points.size()) +
      ", mean track length: " + Mean(elements, model.points.size()) + "\n";
  LineWriter line(&text);
  for (const ColmapPoint3D& point : model.points) {
    line << point.id << point.position;
    for (const uint8_t channel : point.color) line << static_cast<int32_t>(channel);
    line << point.error;
    for (const ColmapTrackElement& element : point.track) {
      line << element.image_id << element.point2d_index;
    }
    line.End();
  }
  return text;
}

std::string FormatRigs(const ColmapModel& model) {
  std::string text =
      "# Rig calib list with one line of data per calib:\n"
      "#   RIG_ID, NUM_SENSORS, REF_SENSOR_TYPE, REF_SENSOR_ID, SENSORS[] as (SENSOR_TYPE, "
      "SENSOR_ID, HAS_POSE, [QW, QX, QY, QZ, TX, TY, TZ])\n"
      "# Number of rigs: " +
      std::to_string(model.rigs.size()) + "\n";
  LineWriter line(&text);
  for (const ColmapRig& rig : model.rigs) {
    line << rig.id << rig.sensors.size();
    for (size_t i = 0; i < rig.sensors.size(); ++i) {
      const ColmapRigSensor& sensor = rig.sensors[i];
      line << SensorType(sensor.sensor.type) << sensor.sensor.id;
      if (i > 0) line << (sensor.sensor_from_rig ? 1 : 0);
      if (i > 0 && sensor.sensor_from_rig) line << *sensor.sensor_from_rig;
    }
    line.End();
  }
  return text;
}

std::string FormatFrames(const ColmapModel& model) {
  std::string text =
      "# Frame list with one line of data per frame:\n"
      "#   FRAME_ID, RIG_ID, RIG_FROM_WORLD[QW, QX, QY, QZ, TX, TY, TZ], NUM_DATA_IDS, DATA_IDS[] "
      "as (SENSOR_TYPE, SENSOR_ID, DATA_ID)\n"
      "# Number of frames: " +
      std::to_string(model.frames.size()) + "\n";
  LineWriter line(&text);
  for (const ColmapFrame& frame : model.frames) {
    line << frame.id << frame.rig_id << frame.rig_from_world << frame.data.size();
    for (const ColmapFrameData& data : frame.data) {
      line << SensorType(data.sensor.type) << data.sensor.id << data.id;
    }
    line.End();
  }
  return text;
}

Status CheckNames(const ColmapModel& model) {
  for (const ColmapImage& image : model.images) {
    const std::string& name = image.name;
    const char* problem = ImageNameProblem(name);
    if (problem == nullptr && (name.front() == ' ' || name.back() == ' ')) {
      problem = "has blanks at its ends, which the text format loses; write binary";
    }
    if (problem != nullptr) return ErrorAt("images.txt", "", "NAME", Quoted(name) + " " + problem);
  }
  return {};
}

}  // namespace

Result<std::string> FormatTextPart(Part part, const ColmapModel& model) {
  constexpr std::string (*kFormatters[])(const ColmapModel&) = {
      FormatCameras, FormatImages, FormatPoints, FormatRigs, FormatFrames};
  if (part == kImages) {
    if (Status status = CheckNames(model); !status.ok()) return status;
  }
  return kFormatters[part](model);
}

}  // namespace propnp::io::colmap
