// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/colmap_cameras.h"

#include <limits>
#include <vector>

namespace propnp::io {
namespace {

enum ModelId : int32_t {
  kSimplePinhole = 0,
  kPinhole = 1,
  kSimpleRadial = 2,
  kRadial = 3,
  kOpenCv = 4,
  kOpenCvFisheye = 5,
  kFullOpenCv = 6,
  kSimpleRadialFisheye = 8,
  kRadialFisheye = 9,
  kSimpleFisheye = 14,
  kFisheye = 15
};

constexpr ColmapCameraModel kModels[] = {
    {kSimplePinhole, "SIMPLE_PINHOLE", 3},
    {kPinhole, "PINHOLE", 4},
    {kSimpleRadial, "SIMPLE_RADIAL", 4},
    {kRadial, "RADIAL", 5},
    {kOpenCv, "OPENCV", 8},
    {kOpenCvFisheye, "OPENCV_FISHEYE", 8},
    {kFullOpenCv, "FULL_OPENCV", 12},
    {7, "FOV", 5},
    {kSimpleRadialFisheye, "SIMPLE_RADIAL_FISHEYE", 4},
    {kRadialFisheye, "RADIAL_FISHEYE", 5},
    {10, "THIN_PRISM_FISHEYE", 12},
    {11, "RAD_TAN_THIN_PRISM_FISHEYE", 16},
    {12, "SIMPLE_DIVISION", 4},
    {13, "DIVISION", 5},
    {kSimpleFisheye, "SIMPLE_FISHEYE", 3},
    {kFisheye, "FISHEYE", 4},
    {16, "EUCM", 6},
    {17, "EQUIRECTANGULAR", 2},
};

// COLMAP counts from the image's corner, OpenCV from the centre of the first pixel.
constexpr double kHalfPixel = 0.5;

// [fx fy cx cy rest...] of a model that begins with f cx cy.
std::vector<double> WithTwoFocalLengths(const std::vector<double>& p) {
  std::vector<double> parameters = {p[0], p[0], p[1], p[2]};
  parameters.insert(parameters.end(), p.begin() + 3, p.end());
  return parameters;
}

void SetParameters(int32_t model, const std::vector<double>& parameters, DatasetCamera* camera) {
  camera->model = model;
  std::copy(parameters.begin(), parameters.end(), camera->parameters.begin());
  const int center = model == PROPNP_CAMERA_SIMPLE_RADIAL ? 1 : 2;
  camera->parameters[center] -= kHalfPixel;
  camera->parameters[center + 1] -= kHalfPixel;
}

// False for a model without a counterpart. Coefficients that a model of ours has beyond COLMAP's
// stay 0, which makes the two equal.
bool Convert(const ColmapCamera& from, DatasetCamera* to) {
  switch (from.model) {
    case kSimplePinhole:
      SetParameters(PROPNP_CAMERA_PINHOLE, WithTwoFocalLengths(from.parameters), to);
      return true;
    case kPinhole:
      SetParameters(PROPNP_CAMERA_PINHOLE, from.parameters, to);
      return true;
    case kSimpleRadial:
    case kRadial:
      SetParameters(PROPNP_CAMERA_SIMPLE_RADIAL, from.parameters, to);
      return true;
    case kOpenCv:
    case kFullOpenCv:
      SetParameters(PROPNP_CAMERA_OPENCV, from.parameters, to);
      return true;
    case kSimpleRadialFisheye:
    case kRadialFisheye:
    case kSimpleFisheye:
      SetParameters(PROPNP_CAMERA_FISHEYE, WithTwoFocalLengths(from.parameters), to);
      return true;
    case kOpenCvFisheye:
    case kFisheye:
      SetParameters(PROPNP_CAMERA_FISHEYE, from.parameters, to);
      return true;
    default:
      return false;
  }
}

}  // namespace

const ColmapCameraModel* FindColmapCameraModel(int32_t id) {
  for (const ColmapCameraModel& model : kModels) {
    if (model.id == id) return &model;
  }
  return nullptr;
}

const ColmapCameraModel* FindColmapCameraModel(std::string_view name) {
  for (const ColmapCameraModel& model : kModels) {
    if (name == model.name) return &model;
  }
  return nullptr;
}

std::string ColmapCameraModelNames() {
  std::string names;
  for (const ColmapCameraModel& model : kModels) {
    if (!names.empty()) names += ", ";
    names += model.name;
  }
  return names;
}

Result<DatasetCamera> ToDatasetCamera(const ColmapCamera& camera) {
  const std::string where = "camera " + std::to_string(camera.id);
  const ColmapCameraModel* model = FindColmapCameraModel(camera.model);
  if (model == nullptr || camera.parameters.size() != model->num_parameters) {
    return Status::Error(where + ": model " + std::to_string(camera.model) + " with " +
                         std::to_string(camera.parameters.size()) + " parameters is not known");
  }
  constexpr uint64_t kMaxSize = std::numeric_limits<int32_t>::max();
  if (camera.width > kMaxSize || camera.height > kMaxSize) {
    return Status::Error(where + ": its image size is out of range");
  }
  DatasetCamera result;
  result.name = std::to_string(camera.id);
  result.size_px = {static_cast<int32_t>(camera.width), static_cast<int32_t>(camera.height)};
  if (!Convert(camera, &result)) {
    return Status::Error(where + ": its model " + model->name +
                         " has no counterpart here; undistort the images first (colmap "
                         "image_undistorter) or estimate one of SIMPLE_PINHOLE, PINHOLE, "
                         "SIMPLE_RADIAL, RADIAL, OPENCV, FULL_OPENCV, OPENCV_FISHEYE, "
                         "SIMPLE_RADIAL_FISHEYE, RADIAL_FISHEYE");
  }
  return result;
}

}  // namespace propnp::io
