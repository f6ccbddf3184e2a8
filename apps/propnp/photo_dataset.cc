// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/photo_dataset.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <opencv2/imgcodecs.hpp>

#include "apps/propnp/board_detector.h"
#include "apps/propnp/input_error.h"
#include "apps/propnp/progress_bar.h"
#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

namespace fs = std::filesystem;

// Absolute and without "..", so that every photograph lies below the common folder.
fs::path Absolute(const std::string& file) { return fs::absolute(file).lexically_normal(); }

// The deepest folder that holds all files.
fs::path CommonFolder(const std::vector<std::string>& files) {
  fs::path common = Absolute(files.at(0)).parent_path();
  for (const std::string& file : files) {
    const fs::path folder = Absolute(file).parent_path();
    fs::path shared;
    auto a = common.begin();
    for (auto b = folder.begin(); a != common.end() && b != folder.end() && *a == *b; ++a, ++b) {
      shared /= *a;
    }
    common = shared;
  }
  return common;
}

cv::Mat ReadGrey(const std::string& path, const Intrinsics& intrinsics) {
  const cv::Mat grey = cv::imread(path, cv::IMREAD_GRAYSCALE);
  if (grey.empty()) throw InputError(path + ": not an image that OpenCV can decode");
  if (intrinsics.width > 0 && (grey.cols != intrinsics.width || grey.rows != intrinsics.height)) {
    throw InputError(
        Format("%s: is %d x %d pixels but the calibration is for %d x %d; give the "
               "--camera of these photographs",
               path.c_str(), grey.cols, grey.rows, intrinsics.width, intrinsics.height));
  }
  return grey;
}

int32_t AddCamera(const Intrinsics& intrinsics, const cv::Size& size, io::PoseDataset* dataset) {
  io::DatasetCamera camera;
  camera.model = intrinsics.model;
  camera.size_px = {size.width, size.height};
  std::copy(intrinsics.parameters.begin(), intrinsics.parameters.end(), camera.parameters.begin());
  const auto known = std::find(dataset->cameras.begin(), dataset->cameras.end(), camera);
  if (known != dataset->cameras.end()) {
    return static_cast<int32_t>(known - dataset->cameras.begin());
  }
  dataset->cameras.push_back(camera);
  return static_cast<int32_t>(dataset->cameras.size() - 1);
}

void AddDetection(const Detection& detection, const std::string& id, const std::string& image,
                  int32_t camera, io::PoseDataset* dataset) {
  for (const cv::Point3d& point : detection.points_in_object) {
    dataset->x3d.insert(dataset->x3d.end(), {point.x, point.y, point.z});
  }
  for (const cv::Point2d& point : detection.points_px) {
    dataset->x2d.insert(dataset->x2d.end(), {point.x, point.y});
  }
  io::DatasetView view;
  view.camera = camera;
  view.image = image;
  dataset->views.push_back(view);
  dataset->EndView();
  io::DatasetObject object;
  object.id = id;
  dataset->objects.push_back(object);
  dataset->EndObject();
}

}  // namespace

bool IsPhotoName(const std::string& path) {
  static const char* const kEndings[] = {".jpg",  ".jpeg", ".png", ".bmp", ".tif",
                                         ".tiff", ".webp", ".pgm", ".ppm", ".jp2"};
  const std::string ending = Lower(fs::path(path).extension().string());
  return std::any_of(std::begin(kEndings), std::end(kEndings),
                     [&](const char* known) { return ending == known; });
}

std::vector<std::string> ExpandPatterns(const std::vector<std::string>& arguments) {
  std::vector<std::string> files;
  for (const std::string& argument : arguments) {
    std::error_code ignored;
    if (fs::exists(argument, ignored)) {
      files.push_back(argument);
      continue;
    }
    glob_t matches = {};
    const int failed = glob(argument.c_str(), 0, nullptr, &matches);
    for (size_t i = 0; failed == 0 && i < matches.gl_pathc; ++i) {
      files.emplace_back(matches.gl_pathv[i]);
    }
    globfree(&matches);
    if (failed != 0) throw InputError(argument + ": no such file or folder");
  }
  // 'left*.jpg left01.jpg' names a photograph twice.
  std::vector<std::string> unique;
  for (const std::string& file : files) {
    if (std::find(unique.begin(), unique.end(), file) == unique.end()) unique.push_back(file);
  }
  return unique;
}

std::vector<std::string> PhotosIn(const std::string& folder) {
  std::vector<std::string> photos;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && IsPhotoName(entry.path().string())) {
      photos.push_back(entry.path().string());
    }
  }
  std::sort(photos.begin(), photos.end());
  if (photos.empty()) throw InputError(folder + ": holds no photographs");
  return photos;
}

PhotoDataset DetectOnPhotos(const std::vector<std::string>& photos, const BoardSpec& board,
                            const Intrinsics& intrinsics) {
  PhotoDataset result;
  const fs::path folder = CommonFolder(photos);
  result.image_folder = folder.string();
  ProgressBar progress("Looking for the board", static_cast<int64_t>(photos.size()));
  for (size_t i = 0; i < photos.size(); ++i) {
    const cv::Mat grey = ReadGrey(photos[i], intrinsics);
    const std::string image = Absolute(photos[i]).lexically_relative(folder).generic_string();
    const std::vector<Detection> detections = DetectBoard(grey, board);
    if (detections.empty()) result.without_board.push_back(image);
    const int32_t camera =
        detections.empty() ? -1 : AddCamera(intrinsics, grey.size(), &result.dataset);
    std::map<std::string, int> seen;  // the same marker may have been printed twice
    for (const Detection& detection : detections) {
      std::string id = detection.name.empty() ? image : image + " " + detection.name;
      if (const int copy = ++seen[id]; copy > 1) id += Format(" (%d)", copy);
      AddDetection(detection, id, image, camera, &result.dataset);
    }
    progress.Update(static_cast<int64_t>(i + 1));
  }
  return result;
}

}  // namespace propnp::app
