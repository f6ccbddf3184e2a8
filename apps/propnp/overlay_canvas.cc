// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/overlay_canvas.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace propnp::app {
namespace {

namespace fs = std::filesystem;

constexpr double kCanvasMargin = 0.05;     // around the points where no image size is known
constexpr double kLargestCanvas_px = 1e6;  // marks beyond it are not drawn
// A zoomed picture's longer side in those of what is seen on it, and its least size.
constexpr double kZoomedSides = 4;
constexpr double kLeastZoomedSide_px = 64;

// Of all points that were seen. Empty rectangles have no area and stay at (0, 0).
cv::Rect2d Bounds(const OverlayPicture& picture) {
  double left = HUGE_VAL, top = HUGE_VAL, right = -HUGE_VAL, bottom = -HUGE_VAL;
  for (const OverlayObject& object : picture.objects) {
    for (const cv::Point2d& point : object.observed) {
      left = std::min(left, point.x), right = std::max(right, point.x);
      top = std::min(top, point.y), bottom = std::max(bottom, point.y);
    }
  }
  return left > right ? cv::Rect2d() : cv::Rect2d(left, top, right - left, bottom - top);
}

void Shift(const cv::Point2d& by, OverlayPicture* picture) {
  const auto shift = [&](std::vector<cv::Point2d>* points) {
    for (cv::Point2d& point : *points) point += by;
  };
  for (OverlayObject& object : picture->objects) {
    shift(&object.observed);
    shift(&object.at_start);
    for (OverlayPose& pose : object.poses) {
      shift(&pose.reprojected);
      pose.anchor += by;
      for (cv::Point2d& end : pose.axis_ends) end += by;
    }
  }
}

// BAL keeps no image size and counts pixels from the image's middle: fit the canvas to the points.
void FitCanvas(OverlayPicture* picture) {
  const cv::Rect2d box = Bounds(*picture);
  const double margin = kCanvasMargin * std::max(box.width, box.height) + 1;
  picture->size = {static_cast<int>(std::min(box.width + 2 * margin, kLargestCanvas_px)),
                   static_cast<int>(std::min(box.height + 2 * margin, kLargestCanvas_px))};
  Shift({margin - box.x, margin - box.y}, picture);
}

// Where a window of `length` around `middle` begins so that it stays within [0, extent].
int WindowBegin(double middle, int length, int extent) {
  return std::clamp(static_cast<int>(std::lround(middle - 0.5 * length)), 0, extent - length);
}

}  // namespace

cv::Mat LoadPhoto(const std::string& image, const std::vector<std::string>& folders) {
  if (image.empty()) return {};
  for (const std::string& folder : folders) {
    const fs::path path = fs::path(folder) / image;
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) continue;
    cv::Mat photo = cv::imread(path.string(), cv::IMREAD_COLOR);
    if (!photo.empty()) return photo;
  }
  return {};
}

void SetCanvas(const cv::Mat& photo, const std::array<int32_t, 2>& size_px,
               OverlayPicture* picture) {
  if (size_px[0] > 0 && size_px[1] > 0) {
    picture->size = {size_px[0], size_px[1]};
  } else if (!photo.empty()) {
    picture->size = photo.size();
  } else {
    FitCanvas(picture);
  }
  if (photo.empty()) return;
  const double shape = static_cast<double>(photo.cols) * picture->size.height /
                       (static_cast<double>(photo.rows) * picture->size.width);
  if (std::abs(shape - 1) < 0.02) picture->photo = photo;
}

cv::Rect ZoomWindow(const cv::Rect2d& box, const cv::Size& size) {
  const double long_side = std::max(size.width, size.height);
  const double wanted =
      std::max(kZoomedSides * std::max(box.width, box.height), kLeastZoomedSide_px);
  if (!(wanted < long_side)) return {{0, 0}, size};
  const cv::Size part(static_cast<int>(std::ceil(size.width * wanted / long_side)),
                      static_cast<int>(std::ceil(size.height * wanted / long_side)));
  return {{WindowBegin(box.x + 0.5 * box.width, part.width, size.width),
           WindowBegin(box.y + 0.5 * box.height, part.height, size.height)},
          part};
}

void CutTo(const cv::Rect& window, OverlayPicture* picture) {
  if (window.size() == picture->size) return;
  if (!picture->photo.empty()) {
    cv::Mat whole = picture->photo;
    if (whole.size() != picture->size) {
      cv::resize(picture->photo, whole, picture->size, 0, 0, cv::INTER_AREA);
    }
    picture->photo = whole(window).clone();
  }
  picture->size = window.size();
  Shift(-cv::Point2d(window.tl()), picture);
}

}  // namespace propnp::app
