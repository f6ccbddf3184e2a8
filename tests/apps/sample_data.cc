// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "tests/apps/sample_data.h"

#include <cmath>
#include <filesystem>
#include <opencv2/calib3d.hpp>
#include <opencv2/core/version.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <random>
#include <stdexcept>

#if CV_VERSION_MAJOR > 4 || (CV_VERSION_MAJOR == 4 && CV_VERSION_MINOR >= 7)
#include <opencv2/objdetect/aruco_detector.hpp>
#else
#include <opencv2/aruco.hpp>
#endif

#include "propnp/io/bal.h"
#include "propnp/io/colmap.h"
#include "propnp/io/correspondence_json.h"

namespace propnp::app {
namespace {

namespace fs = std::filesystem;

constexpr double kFocal = 600;
constexpr int kCellPx = 40;  // of a texture

void Check(const io::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.message());
}

cv::Mat MarkerImage(int dictionary, int id, int side_px) {
  const auto markers = cv::aruco::getPredefinedDictionary(dictionary);
  cv::Mat image;
#if CV_VERSION_MAJOR > 4 || (CV_VERSION_MAJOR == 4 && CV_VERSION_MINOR >= 7)
  cv::aruco::generateImageMarker(markers, id, side_px, image);
#else
  cv::aruco::drawMarker(markers, id, side_px, image);
#endif
  return image;
}

// cam_from_world of a camera on an arc, looking at the origin from 2 to 3 units away.
io::Pose ArcPose(int i, int count) {
  const double angle = 0.8 * (i + 0.5) / count - 0.4;
  const io::Quaternion turn = io::MultiplyQuaternions(
      io::QuaternionFromAngleAxis({0, angle, 0}), io::QuaternionFromAngleAxis({0.1 * i, 0, 0.05}));
  return io::MakePose(turn, {0.05 * i, -0.02, 2.5 + 0.1 * i});
}

cv::Point2d Project(const io::Pose& cam_from_object, const io::Vector3& point) {
  const io::Vector3 r = io::Rotate(io::PoseRotation(cam_from_object), point);
  const double z = r[2] + cam_from_object[2];
  return {kFocal * (r[0] + cam_from_object[0]) / z + 320,
          kFocal * (r[1] + cam_from_object[1]) / z + 240};
}

io::ColmapModel ToColmap(const io::PoseDataset& dataset, int points) {
  io::ColmapModel model;
  model.binary = false;
  model.cameras.push_back({1, 1, 640, 480, {kFocal, kFocal, 320.5, 240.5}});
  for (int p = 0; p < points; ++p) {
    io::ColmapPoint3D point;
    point.id = static_cast<uint64_t>(p) + 1;
    point.position = {dataset.x3d[3 * p], dataset.x3d[3 * p + 1], dataset.x3d[3 * p + 2]};
    model.points.push_back(point);
  }
  for (size_t i = 0; i < dataset.objects.size(); ++i) {
    io::ColmapImage image;
    image.id = static_cast<uint32_t>(i + 1);
    image.camera_id = 1;
    image.name = dataset.views[i].image;
    image.cam_from_world = {io::PoseRotation(dataset.objects[i].pose),
                            io::PoseTranslation(dataset.objects[i].pose)};
    for (int p = 0; p < points; ++p) {
      const double* pixel = &dataset.x2d[2 * (i * points + p)];
      image.points.push_back({pixel[0] + 0.5, pixel[1] + 0.5, static_cast<uint64_t>(p) + 1});
      model.points[p].track.push_back({image.id, static_cast<uint32_t>(p)});
    }
    model.images.push_back(image);
  }
  return model;
}

io::BalProblem ToBal(const io::PoseDataset& dataset, int points) {
  io::BalProblem problem;
  for (int p = 0; p < points; ++p) {
    problem.points.push_back({dataset.x3d[3 * p], dataset.x3d[3 * p + 1], dataset.x3d[3 * p + 2]});
  }
  for (size_t i = 0; i < dataset.objects.size(); ++i) {
    io::BalCamera camera;
    camera.focal_px = kFocal;
    io::SetBalPose(dataset.objects[i].pose, &camera);
    problem.cameras.push_back(camera);
    for (int p = 0; p < points; ++p) {
      const double* pixel = &dataset.x2d[2 * (i * points + p)];
      problem.observations.push_back({static_cast<int32_t>(i), p, pixel[0] - 320, 240 - pixel[1]});
    }
  }
  return problem;
}

void WritePhoto(const std::string& path, const cv::Mat& photo) {
  if (!cv::imwrite(path, photo)) throw std::runtime_error("cannot write " + path);
}

}  // namespace

cv::Matx33d SampleCamera() { return {kFocal, 0, 320, 0, kFocal, 240, 0, 0, 1}; }

cv::Mat RenderPoster(const cv::Mat& texture, const cv::Size2d& size,
                     const io::Pose& cam_from_poster) {
  const io::Matrix3 r = io::MatrixFromQuaternion(io::PoseRotation(cam_from_poster));
  const cv::Matx33d plane(r[0], r[1], cam_from_poster[0], r[3], r[4], cam_from_poster[1], r[6],
                          r[7], cam_from_poster[2]);
  // A texture's pixel (i, j) covers [i, i + 1): its centre is half a pixel further on the poster.
  const double x = size.width / texture.cols, y = size.height / texture.rows;
  const cv::Matx33d metres(x, 0, 0.5 * x, 0, y, 0.5 * y, 0, 0, 1);
  // Drawn four times as large and reduced, so that edges have the grey steps of a photograph.
  const cv::Matx33d enlarge(4, 0, 1.5, 0, 4, 1.5, 0, 0, 1);
  cv::Mat large(480 * 4, 640 * 4, CV_8UC1, cv::Scalar(160)), photo;
  cv::warpPerspective(texture, large, enlarge * SampleCamera() * plane * metres, large.size(),
                      cv::INTER_LINEAR, cv::BORDER_TRANSPARENT);
  cv::resize(large, photo, {640, 480}, 0, 0, cv::INTER_AREA);
  cv::GaussianBlur(photo, photo, {3, 3}, 0.6);
  return photo;
}

cv::Mat ChessboardTexture() {
  cv::Mat texture(9 * kCellPx, 12 * kCellPx, CV_8UC1, cv::Scalar(255));
  for (int row = 0; row < 7; ++row) {
    for (int column = 0; column < 10; ++column) {
      if ((row + column) % 2 != 0) continue;
      texture(cv::Rect((column + 1) * kCellPx, (row + 1) * kCellPx, kCellPx, kCellPx)) = 0;
    }
  }
  return texture;
}

cv::Size2d ChessboardSize() { return {12 * 0.025, 9 * 0.025}; }

cv::Mat MarkerTexture(int dictionary, int id) {
  const int side = 8 * kCellPx, rim = side / 4;
  cv::Mat texture;
  cv::copyMakeBorder(MarkerImage(dictionary, id, side), texture, rim, rim, rim, rim,
                     cv::BORDER_CONSTANT, cv::Scalar(255));
  return texture;
}

cv::Mat AprilTagTexture() {
  constexpr uint64_t kCode = 0xd5d628584;  // tag36h11 number 0: 6 x 6 bits, row by row, white is 1
  cv::Mat texture(12 * kCellPx, 12 * kCellPx, CV_8UC1, cv::Scalar(255));
  texture(cv::Rect(2 * kCellPx, 2 * kCellPx, 8 * kCellPx, 8 * kCellPx)) = 0;
  for (int bit = 0; bit < 36; ++bit) {
    if (((kCode >> (35 - bit)) & 1) == 0) continue;
    texture(cv::Rect((3 + bit % 6) * kCellPx, (3 + bit / 6) * kCellPx, kCellPx, kCellPx)) = 255;
  }
  return texture;
}

io::PoseDataset SampleDataset(int objects, int points, double sigma_px,
                              std::vector<io::Pose>* truth) {
  std::mt19937_64 random(7);  // specified bit by bit by the standard; distributions are not
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  const auto normal = [&] {
    return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * CV_PI * uniform());
  };
  std::vector<io::Vector3> cloud;
  for (int p = 0; p < points; ++p) {
    cloud.push_back({1.2 * uniform() - 0.6, uniform() - 0.5, uniform() - 0.5});
  }
  io::PoseDataset dataset;
  io::DatasetCamera camera;
  camera.size_px = {640, 480};
  camera.parameters = {kFocal, kFocal, 320, 240};
  dataset.cameras.push_back(camera);
  for (int i = 0; i < objects; ++i) {
    const io::Pose pose = ArcPose(i, objects);
    if (truth != nullptr) truth->push_back(pose);
    for (const io::Vector3& point : cloud) {
      const cv::Point2d pixel = Project(pose, point);
      dataset.x3d.insert(dataset.x3d.end(), point.begin(), point.end());
      dataset.x2d.push_back(pixel.x + sigma_px * normal());
      dataset.x2d.push_back(pixel.y + sigma_px * normal());
    }
    io::DatasetView view;
    view.image = std::to_string(i) + ".jpg";
    dataset.views.push_back(view);
    dataset.EndView();
    io::DatasetObject object;
    object.id = "camera_" + std::to_string(i);
    object.has_pose = true;
    object.pose = io::ComposePoses(
        io::MakePose(io::QuaternionFromAngleAxis({0.05, -0.08, 0.03}), {0.05, 0.03, 0.1}), pose);
    dataset.objects.push_back(object);
    dataset.EndObject();
  }
  return dataset;
}

io::PoseDataset AmbiguousSquare(double sigma_px, io::Pose* truth) {
  constexpr double kHalf = 0.025;
  const io::Pose pose =
      io::MakePose(io::QuaternionFromAngleAxis({0.35, 0.25, 0.1}), {0.03, -0.02, 1});
  if (truth != nullptr) *truth = pose;
  io::PoseDataset dataset;
  io::DatasetCamera camera;
  camera.size_px = {640, 480};
  camera.parameters = {kFocal, kFocal, 320, 240};
  dataset.cameras.push_back(camera);
  for (const auto& [x, y] : {std::pair(-1, -1), {1, -1}, {1, 1}, {-1, 1}}) {
    const io::Vector3 corner = {kHalf * x, kHalf * y, 0};
    const cv::Point2d pixel = Project(pose, corner);
    dataset.x3d.insert(dataset.x3d.end(), corner.begin(), corner.end());
    dataset.x2d.insert(dataset.x2d.end(), {pixel.x, pixel.y});
    dataset.w2d.insert(dataset.w2d.end(), 2, 1 / sigma_px);
  }
  dataset.views.emplace_back();
  dataset.EndView();
  dataset.objects.emplace_back();
  dataset.objects[0].id = "square";
  dataset.EndObject();
  return dataset;
}

void WriteSampleData(const std::string& folder) {
  const std::string base = folder + "/";
  const io::Pose views[] = {
      io::MakePose(io::QuaternionFromAngleAxis({0.3, 0.2, 0.05}), {-0.14, -0.1, 0.45}),
      io::MakePose(io::QuaternionFromAngleAxis({-0.2, 0.4, -0.1}), {-0.15, -0.1, 0.5}),
      io::MakePose(io::QuaternionFromAngleAxis({0.1, -0.5, 0.2}), {-0.12, -0.12, 0.5})};
  for (int i = 0; i < 3; ++i) {
    WritePhoto(base + "left0" + std::to_string(i + 1) + ".png",
               RenderPoster(ChessboardTexture(), ChessboardSize(), views[i]));
  }
  const io::Quaternion tilt = io::QuaternionFromAngleAxis({0.4, 0.1, 0});
  WritePhoto(base + "marker.png",
             RenderPoster(MarkerTexture(cv::aruco::DICT_6X6_250, 23), {0.06, 0.06},
                          io::MakePose(tilt, {-0.03, -0.02, 0.2})));
  WritePhoto(base + "tag.png", RenderPoster(AprilTagTexture(), {0.0975, 0.0975},
                                            io::MakePose(tilt, {-0.05, -0.04, 0.3})));
  cv::FileStorage calibration(base + "left_intrinsics.yml", cv::FileStorage::WRITE);
  calibration << "image_width" << 640 << "image_height" << 480;
  calibration << "camera_matrix" << cv::Mat(SampleCamera());
  calibration << "distortion_coefficients" << cv::Mat(cv::Mat::zeros(5, 1, CV_64F));

  constexpr int kObjects = 4, kPoints = 30;
  const io::PoseDataset dataset = SampleDataset(kObjects, kPoints, 0.5);
  fs::create_directories(base + "sparse/0");
  Check(io::WriteColmap(ToColmap(dataset, kPoints), base + "sparse/0"));
  Check(io::WriteBal(ToBal(dataset, kPoints), base + "problem.txt"));
  Check(io::WriteCorrespondences(dataset, base + "points.jsonl"));
  Check(io::WriteCorrespondences(AmbiguousSquare(0.5), base + "square.jsonl"));
}

}  // namespace propnp::app
