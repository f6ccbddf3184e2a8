// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/overlay.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "apps/propnp/overlay_brush.h"
#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

constexpr double kShortestLongSide = 1280, kLongestLongSide = 1920;
constexpr double kMagnifications[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
// Above this many points marks are dots: circles would cover the picture.
constexpr size_t kManyPoints = 400;
// Length of the middle residual, in parts of the longer side; short where there are many.
constexpr double kResidualShare = 0.02, kResidualShareOfMany = 0.008;

const cv::Scalar kObservedColour(255, 144, 30);
const cv::Scalar kReprojectedColour(0, 140, 255);
const cv::Scalar kResidualColour(200, 0, 220);
const cv::Scalar kStartColour(70, 70, 70);
const cv::Scalar kEllipseColour(0, 200, 255);
const cv::Scalar kAxisColours[] = {{40, 40, 230}, {60, 170, 20}, {220, 80, 20}};
const cv::Scalar kCanvasColour(246, 246, 246);
const cv::Scalar kInk(30, 30, 30);

double LongSide(const cv::Size& size) { return std::max({size.width, size.height, 1}); }

size_t CountPoints(const OverlayPicture& picture) {
  size_t count = 0;
  for (const OverlayObject& object : picture.objects) count += object.observed.size();
  return count;
}

// Photographs step back a little, so that the marks stand out on dark and on light ones.
cv::Mat Background(const OverlayPicture& picture, double scale) {
  const cv::Size size(std::max(1, static_cast<int>(std::lround(picture.size.width * scale))),
                      std::max(1, static_cast<int>(std::lround(picture.size.height * scale))));
  if (picture.photo.empty()) return {size, CV_8UC3, kCanvasColour};
  cv::Mat resized, colour;
  cv::resize(picture.photo, resized, size, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
  if (resized.channels() == 1) {
    cv::cvtColor(resized, colour, cv::COLOR_GRAY2BGR);
  } else {
    colour = resized;
  }
  return 0.7 * colour + cv::Scalar::all(255 * 0.22);
}

void DrawSeen(const OverlayObject& object, bool many, Brush* brush) {
  for (const cv::Point2d& point : object.at_start) brush->Cross(point, 4, kStartColour);
  if (many) return;
  for (const cv::Point2d& point : object.observed) brush->Ring(point, 7, kObservedColour);
}

void DrawPoints(const OverlayObject& object, const OverlayPose& pose, double magnification,
                bool many, Brush* brush) {
  for (size_t i = 0; i < object.observed.size(); ++i) {
    const cv::Point2d& seen = object.observed[i];
    const cv::Point2d& predicted = pose.reprojected[i];
    brush->Line(seen, seen + magnification * (predicted - seen), many ? 1.0 : 2.0, kResidualColour);
    brush->Dot(predicted, many ? 1.5 : 2.5, kReprojectedColour);
  }
}

void DrawPose(const OverlayPose& pose, double magnification, Brush* brush) {
  if (pose.has_axes) {
    const std::string names[] = {"x", "y", "z" + (pose.label.empty() ? "" : " " + pose.label)};
    for (int axis = 0; axis < 3; ++axis) {
      brush->Arrow(pose.anchor, pose.axis_ends[axis], 3, kAxisColours[axis]);
      brush->Text(pose.axis_ends[axis], names[axis], kAxisColours[axis]);
    }
  }
  if (pose.has_ellipse) {
    // Two standard deviations in each principal direction.
    brush->Ellipse(pose.anchor, pose.anchor_covariance, 2 * magnification, kEllipseColour);
  }
}

void DrawLabel(const OverlayObject& object, Brush* brush) {
  if (object.label.empty() || object.observed.empty()) return;
  cv::Point2d top_left = object.observed[0];
  for (const cv::Point2d& point : object.observed) {
    top_left = {std::min(top_left.x, point.x), std::min(top_left.y, point.y)};
  }
  brush->Text(top_left, object.label, kInk);
}

// Calls draw(brush) so that its marks let the canvas shine through.
template <typename Draw>
void DrawAtOpacity(double opacity, double scale, cv::Mat* canvas, const Draw& draw) {
  if (opacity >= 1) {
    Brush brush(canvas, scale);
    return draw(&brush);
  }
  cv::Mat layer = canvas->clone();
  Brush brush(&layer, scale);
  draw(&brush);
  cv::addWeighted(layer, opacity, *canvas, 1 - opacity, 0, *canvas);
}

// Less probable poses below more probable ones.
void DrawPoses(const OverlayPicture& picture, double magnification, bool many, double scale,
               cv::Mat* canvas) {
  size_t most = 0;
  for (const OverlayObject& object : picture.objects) most = std::max(most, object.poses.size());
  for (size_t rank = most; rank-- > 0;) {
    for (const OverlayObject& object : picture.objects) {
      if (rank >= object.poses.size()) continue;
      const OverlayPose& pose = object.poses[rank];
      DrawAtOpacity(pose.opacity, scale, canvas, [&](Brush* brush) {
        DrawPoints(object, pose, magnification, many, brush);
        DrawPose(pose, magnification, brush);
      });
    }
  }
}

// A strip of white with the title and one sample of every mark beside its name.
void DrawLegend(const OverlayPicture& picture, double magnification, bool many, Legend* legend) {
  const std::string times = Format("%g x enlarged", magnification);
  bool any_axes = false, any_ellipse = false, any_start = false;
  for (const OverlayObject& object : picture.objects) {
    any_start |= !object.at_start.empty();
    for (const OverlayPose& pose : object.poses) {
      any_axes |= pose.has_axes;
      any_ellipse |= pose.has_ellipse;
    }
  }
  legend->Title(picture.title);
  if (!many) legend->Entry(Legend::Mark::kRing, kObservedColour, "seen in the photograph");
  legend->Entry(Legend::Mark::kDot, kReprojectedColour, "where " + picture.pose_name + " puts it");
  legend->Entry(Legend::Mark::kLine, kResidualColour, "error (seen to pose), " + times);
  if (any_start) legend->Entry(Legend::Mark::kCross, kStartColour, "where the start pose put it");
  if (any_ellipse) {
    legend->Entry(Legend::Mark::kEllipse, kEllipseColour,
                  "2-sigma ellipse of the axes' origin, " + times);
  }
  if (any_axes) legend->Axes(kAxisColours, 1, picture.axes_note);
  for (const OverlayKey& key : picture.keys) legend->Axes(kAxisColours, key.opacity, key.text);
}

}  // namespace

double Magnification(const OverlayPicture& picture) {
  std::vector<double> lengths;
  for (const OverlayObject& object : picture.objects) {
    if (object.poses.empty()) continue;
    for (size_t i = 0; i < object.observed.size(); ++i) {
      const double length = cv::norm(object.poses[0].reprojected[i] - object.observed[i]);
      if (std::isfinite(length)) lengths.push_back(length);
    }
  }
  if (lengths.empty()) return 1;
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  const double share = lengths.size() > kManyPoints ? kResidualShareOfMany : kResidualShare;
  double magnification = 1;
  for (double candidate : kMagnifications) {
    if (candidate * *middle <= share * LongSide(picture.size)) magnification = candidate;
  }
  return magnification;
}

cv::Mat DrawOverlay(const OverlayPicture& picture) {
  const double long_side = LongSide(picture.size);
  const double scale = std::clamp(long_side, kShortestLongSide, kLongestLongSide) / long_side;
  const double magnification = Magnification(picture);
  cv::Mat canvas = Background(picture, scale);
  Brush brush(&canvas, scale);
  const bool many = CountPoints(picture) > kManyPoints;
  for (const OverlayObject& object : picture.objects) DrawSeen(object, many, &brush);
  DrawPoses(picture, magnification, many, scale, &canvas);
  for (const OverlayObject& object : picture.objects) DrawLabel(object, &brush);

  Legend legend(canvas.cols);
  DrawLegend(picture, magnification, many, &legend);
  cv::Mat with_legend;
  cv::vconcat(canvas, legend.Image(), with_legend);
  return with_legend;
}

}  // namespace propnp::app
