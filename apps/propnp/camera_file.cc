// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/camera_file.h"

#include <cmath>
#include <fstream>
#include <opencv2/core.hpp>
#include <optional>
#include <sstream>

#include "apps/propnp/input_error.h"
#include "apps/propnp/text.h"
#include "propnp/engine/views.h"

namespace propnp::app {
namespace {

using Numbers = std::vector<double>;

// What writers call the 3x3 matrix and the distortion: OpenCV's samples, stereo calibrations, ROS.
const char* const kMatrixKeys[] = {
    "camera_matrix", "Camera_Matrix", "cameraMatrix", "CameraMatrix", "K", "M1", "M"};
const char* const kDistortionKeys[] = {"distortion_coefficients",
                                       "Distortion_Coefficients",
                                       "distCoeffs",
                                       "dist_coeffs",
                                       "distortion",
                                       "D",
                                       "D1"};
const char* const kModelKeys[] = {"distortion_model", "camera_model", "model"};
const char* const kWidthKeys[] = {"image_width", "image_Width", "width"};
const char* const kHeightKeys[] = {"image_height", "image_Height", "height"};
constexpr char kNumberForm[] = "fx,fy,cx,cy[,k1,k2,p1,p2[,k3[,k4,k5,k6]]]";

template <size_t N>
cv::FileNode FindNode(const cv::FileStorage& storage, const char* const (&keys)[N]) {
  for (const char* key : keys) {
    const cv::FileNode node = storage[key];
    if (!node.empty()) return node;
  }
  return {};
}

void AppendNumbers(const cv::FileNode& node, Numbers* numbers) {
  if (node.isSeq()) {
    for (const cv::FileNode& element : node) AppendNumbers(element, numbers);
  } else if (node.isReal() || node.isInt()) {
    numbers->push_back(node.real());
  }
}

// An !!opencv-matrix, ROS' {rows, cols, data}, or a plain (nested) list of numbers.
Numbers ReadNumbers(const cv::FileNode& node) {
  Numbers numbers;
  AppendNumbers(node.isMap() ? node["data"] : node, &numbers);
  return numbers;
}

// cv::FileStorage recognises YAML by its first line only; ROS and hand-written files lack it.
std::string ReadAsFileStorage(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (!(text << stream.rdbuf())) {
    throw InputError("--camera " + path + ": cannot read it; give a calibration file or " +
                     kNumberForm);
  }
  const std::string contents = text.str();
  const size_t start = contents.find_first_not_of(" \t\r\n");
  const char first = start == std::string::npos ? '\0' : contents[start];
  return first == '%' || first == '{' || first == '<' ? contents : "%YAML:1.0\n---\n" + contents;
}

cv::FileStorage OpenStorage(const std::string& path) {
  try {
    return {ReadAsFileStorage(path), cv::FileStorage::READ | cv::FileStorage::MEMORY};
  } catch (const cv::Exception& error) {
    throw InputError("--camera " + path +
                     ": not YAML, XML or JSON that OpenCV reads: " + error.err);
  }
}

bool AllZero(const Numbers& numbers, size_t from) {
  for (size_t i = from; i < numbers.size(); ++i) {
    if (numbers[i] != 0) return false;
  }
  return true;
}

bool IsFisheyeName(const std::string& name) {
  return name == "fisheye" || name == "equidistant" || name == "kannala_brandt";
}

struct Lens {
  double fx, fy, cx, cy, skew;
  Numbers distortion;
  bool fisheye;
};

// Our model with the fewest parameters that says the same as `lens`.
Intrinsics ToIntrinsics(const Lens& lens, const std::string& source) {
  const auto refuse = [&](const std::string& why) { throw InputError(source + ": " + why); };
  const size_t count = lens.distortion.size();
  for (double value : {lens.fx, lens.fy, lens.cx, lens.cy, lens.skew}) {
    if (!std::isfinite(value)) refuse("the camera matrix has an entry that is not a number");
  }
  for (double value : lens.distortion) {
    if (!std::isfinite(value)) refuse("the distortion has an entry that is not a number");
  }
  if (lens.fx <= 0 || lens.fy <= 0) refuse("the focal lengths must be positive");
  const bool straight = AllZero(lens.distortion, 0) && !lens.fisheye;
  if (lens.skew != 0 && !straight) refuse("skew together with distortion is not supported");

  Intrinsics intrinsics;
  intrinsics.parameters = {lens.fx, lens.fy, lens.cx, lens.cy};
  if (straight) {
    intrinsics.model = PROPNP_CAMERA_PINHOLE;
    intrinsics.parameters.push_back(lens.skew);
  } else if (lens.fisheye) {
    if (count != 4) refuse(Format("a fisheye camera has 4 coefficients, not %zu", count));
    intrinsics.model = PROPNP_CAMERA_FISHEYE;
    for (double k : lens.distortion) intrinsics.parameters.push_back(k);
  } else {
    if (count != 4 && count != 5 && count < 8) {
      refuse(Format("%zu distortion coefficients; OpenCV writes 4, 5 or 8", count));
    }
    if (!AllZero(lens.distortion, 8)) {
      refuse("thin-prism and tilted-sensor coefficients (beyond k6) are not supported");
    }
    intrinsics.model = PROPNP_CAMERA_OPENCV;
    for (size_t i = 0; i < 8; ++i) {
      intrinsics.parameters.push_back(i < count ? lens.distortion[i] : 0.0);
    }
  }
  return intrinsics;
}

std::optional<Numbers> ParseNumberList(const std::string& argument) {
  Numbers numbers;
  for (const std::string& field : Split(argument, ',')) {
    const auto number = ParseNumber(field);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

Intrinsics FromNumberList(const Numbers& numbers, const std::string& argument) {
  const std::string source = "--camera " + argument;
  if (numbers.size() < 4) throw InputError(source + ": expected a file or " + kNumberForm);
  const Numbers distortion(numbers.begin() + 4, numbers.end());
  return ToIntrinsics({numbers[0], numbers[1], numbers[2], numbers[3], 0.0, distortion, false},
                      source);
}

}  // namespace

Intrinsics ReadIntrinsics(const std::string& argument) {
  if (const auto numbers = ParseNumberList(argument)) return FromNumberList(*numbers, argument);

  const std::string source = "--camera " + argument;
  const cv::FileStorage storage = OpenStorage(argument);
  const Numbers matrix = ReadNumbers(FindNode(storage, kMatrixKeys));
  if (matrix.size() != 9) {
    throw InputError(source +
                     ": no 3x3 camera matrix under any of the names camera_matrix, "
                     "cameraMatrix, K, M1");
  }
  const cv::FileNode model = FindNode(storage, kModelKeys);
  const bool fisheye = model.isString() && IsFisheyeName(Lower(model.string()));
  Intrinsics intrinsics = ToIntrinsics({matrix[0], matrix[4], matrix[2], matrix[5], matrix[1],
                                        ReadNumbers(FindNode(storage, kDistortionKeys)), fisheye},
                                       source);
  const cv::FileNode width = FindNode(storage, kWidthKeys), height = FindNode(storage, kHeightKeys);
  if (width.isInt() && height.isInt()) {
    intrinsics.width = static_cast<int>(width);
    intrinsics.height = static_cast<int>(height);
  }
  return intrinsics;
}

}  // namespace propnp::app
