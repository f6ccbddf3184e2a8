// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/camera_file.h"

#include <gtest/gtest.h>

#include "apps/propnp/input_error.h"
#include "propnp/engine/views.h"
#include "tests/apps/run_app.h"
#include "tests/test_data.h"

namespace propnp::app {
namespace {

Intrinsics ReadText(const std::string& text) {
  TemporaryFolder folder;
  std::ofstream(folder / "camera.yml") << text;
  return ReadIntrinsics(folder / "camera.yml");
}

constexpr char kOpenCv[] = R"(%YAML:1.0
---
image_width: 640
image_height: 480
Camera_Matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 500., 0., 320., 0., 510., 240., 0., 0., 1. ]
Distortion_Coefficients: !!opencv-matrix
   rows: 1
   cols: 5
   dt: d
   data: [ 0.1, -0.2, 0.003, 0.004, 0.5 ]
)";

constexpr char kRos[] = R"(image_width: 752
image_height: 480
camera_name: left
camera_matrix:
  rows: 3
  cols: 3
  data: [458.6, 0.0, 367.2, 0.0, 457.3, 248.4, 0.0, 0.0, 1.0]
distortion_model: MODEL
distortion_coefficients:
  rows: 1
  cols: 4
  data: [-0.28, 0.07, 0.0002, 1.76e-05]
)";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

TEST(CameraFile, OpenCvStorage) {
  const Intrinsics camera = ReadText(kOpenCv);
  EXPECT_EQ(camera.model, PROPNP_CAMERA_OPENCV);
  EXPECT_EQ(camera.parameters,
            (std::vector<double>{500, 510, 320, 240, 0.1, -0.2, 0.003, 0.004, 0.5, 0, 0, 0}));
  EXPECT_EQ(camera.width, 640);
  EXPECT_EQ(camera.height, 480);
}

TEST(CameraFile, RosCameraInfo) {
  const Intrinsics camera = ReadText(Replaced(kRos, "MODEL", "plumb_bob"));
  EXPECT_EQ(camera.model, PROPNP_CAMERA_OPENCV);
  EXPECT_EQ(camera.parameters[0], 458.6);
  EXPECT_EQ(camera.parameters[7], 1.76e-05);
  const Intrinsics fisheye = ReadText(Replaced(kRos, "MODEL", "equidistant"));
  EXPECT_EQ(fisheye.model, PROPNP_CAMERA_FISHEYE);
  EXPECT_EQ(fisheye.parameters.size(), 8u);
}

TEST(CameraFile, NumbersOnTheCommandLine) {
  const Intrinsics straight = ReadIntrinsics("500,510,320,240");
  EXPECT_EQ(straight.model, PROPNP_CAMERA_PINHOLE);
  EXPECT_EQ(straight.parameters, (std::vector<double>{500, 510, 320, 240, 0}));
  EXPECT_EQ(ReadIntrinsics("500,510,320,240,0.1,0,0,0").model, PROPNP_CAMERA_OPENCV);
}

TEST(CameraFile, SaysWhatIsWrong) {
  const std::pair<std::string, const char*> files[] = {
      {Replaced(kOpenCv, "500.,", "-500.,"), "focal lengths"},
      {Replaced(kOpenCv, "500.,", ".Nan,"), "not a number"},
      {Replaced(kOpenCv, "500., 0.,", "500., 1.,"), "skew"},
      {Replaced(kOpenCv, "Camera_Matrix", "Something"), "no 3x3 camera matrix"},
      {Replaced(Replaced(kRos, "MODEL", "fisheye"), "-0.28, ", ""), "4 coefficients, not 3"},
      {"%YAML:1.0\n---\na: [1, 2\n", "not YAML"},
      {"", "camera"}};
  for (const auto& [text, problem] : files) {
    try {
      ReadText(text);
      ADD_FAILURE() << text;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(problem), std::string::npos) << error.what();
    }
  }
  EXPECT_THROW(ReadIntrinsics("1,2,3"), InputError);
  EXPECT_THROW(ReadIntrinsics("500,500,320,240,1,2"), InputError);
  EXPECT_THROW(ReadIntrinsics("/nonexistent.yml"), InputError);
}

TEST(CameraFile, PublishedCalibrations) {
  const auto folder = test::FindTestData("real");
  if (!folder || !std::filesystem::exists(*folder / "opencv_calib")) {
    GTEST_SKIP() << "needs real/opencv_calib, real/opencv_aruco";
  }
  EXPECT_NEAR(ReadIntrinsics(*folder / "opencv_calib/left_intrinsics.yml").parameters[0], 535.9157,
              1e-3);
  EXPECT_NEAR(ReadIntrinsics(*folder / "opencv_calib/intrinsics.yml").parameters[0], 534.8032,
              1e-3);  // of a stereo calibration: M1, D1
  EXPECT_EQ(ReadIntrinsics(*folder / "opencv_aruco/tutorial_camera_params.yml").parameters[0],
            628.158);
  EXPECT_EQ(ReadIntrinsics(*folder / "opencv_aruco/tutorial_camera_charuco.yml").width, 640);
}

}  // namespace
}  // namespace propnp::app
