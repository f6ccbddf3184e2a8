// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/overlay_scene.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "apps/propnp/evaluation.h"
#include "apps/propnp/pose_math.h"
#include "apps/propnp/select_objects.h"
#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

namespace fs = std::filesystem;

// Start residuals that are this much larger are worth drawing: they show what refining did.
constexpr double kVisibleImprovement = 3;
constexpr double kCanvasMargin = 0.05;  // around the points where no image size is known

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

// Everything about one object in one view.
struct ViewDrawing {
  OverlayObject object;
  double axis_length = 0;
  bool anchored_at_origin = true;
};

struct PointCloud {
  io::Vector3 centre = {};
  double radius = 0;  // rms distance from the centre
};

PointCloud Summarise(const io::PoseDataset& dataset, int64_t begin, int64_t end) {
  PointCloud cloud;
  const auto count = static_cast<double>(std::max<int64_t>(end - begin, 1));
  for (int64_t p = begin; p < end; ++p) {
    for (int k = 0; k < 3; ++k) cloud.centre[k] += dataset.x3d[3 * p + k] / count;
  }
  double sum = 0;
  for (int64_t p = begin; p < end; ++p) {
    for (int k = 0; k < 3; ++k) sum += std::pow(dataset.x3d[3 * p + k] - cloud.centre[k], 2);
  }
  cloud.radius = std::sqrt(sum / count);
  return cloud;
}

// 1, 2 or 5 times a power of ten, at most `length`.
double NiceLength(double length) {
  if (!(length > 0) || !std::isfinite(length)) return 1;
  const double power = std::pow(10, std::floor(std::log10(length)));
  for (double digit : {5.0, 2.0}) {
    if (digit * power <= length) return digit * power;
  }
  return power;
}

bool IsInside(double u, double v, const std::array<int32_t, 2>& size_px) {
  return size_px[0] == 0 || (u >= 0 && v >= 0 && u < size_px[0] && v < size_px[1]);
}

bool AllBeforeCamera(const io::Pose& cam_from_object, const std::vector<double>& points) {
  const double near = 0.02 * DepthOf(cam_from_object, {points[0], points[1], points[2]});
  for (size_t i = 0; i < points.size(); i += 3) {
    const double depth = DepthOf(cam_from_object, {points[i], points[i + 1], points[i + 2]});
    if (!(depth > 0 && depth > near)) return false;
  }
  return true;
}

std::vector<double> AxisPoints(const io::Vector3& anchor, double length) {
  std::vector<double> points;
  for (int end = 0; end < 4; ++end) {
    for (int k = 0; k < 3; ++k) points.push_back(anchor[k] + (end == k + 1 ? length : 0.0));
  }
  return points;
}

// J covariance J^T for the anchor's two pixel coordinates.
cv::Matx22d PixelCovariance(const std::vector<double>& jacobian,
                            const std::vector<double>& covariance, int dof) {
  cv::Matx22d result = cv::Matx22d::zeros();
  for (int a = 0; a < 2; ++a) {
    for (int b = 0; b < 2; ++b) {
      for (int j = 0; j < dof; ++j) {
        for (int k = 0; k < dof; ++k) {
          result(a, b) += jacobian[a * dof + j] * covariance[j * dof + k] * jacobian[b * dof + k];
        }
      }
    }
  }
  return result;
}

// Axes at the object's origin; where that is outside the picture (a whole scene's origin), in the
// middle of the points. Neither before the camera: no axes.
void DrawAxes(const io::PoseDataset& dataset, size_t i, int64_t v, const RefinedObject& refined,
              Context* context, ViewDrawing* drawing) {
  const PointCloud cloud =
      Summarise(dataset, dataset.point_offsets[v], dataset.point_offsets[v + 1]);
  const io::Pose cam_from_object = ViewPose(dataset, i, v, dataset.objects[i].pose);
  const auto& size_px = dataset.cameras[dataset.views[v].camera].size_px;
  drawing->axis_length = NiceLength(0.8 * cloud.radius);
  for (bool at_origin : {true, false}) {
    const auto points = AxisPoints(at_origin ? io::Vector3{} : cloud.centre, drawing->axis_length);
    if (!AllBeforeCamera(cam_from_object, points)) continue;
    const Projections projected = ProjectPoints(dataset, i, v, points, context);
    const auto pixel = [&](int k) {
      return cv::Point2d(projected.pixels[2 * k], projected.pixels[2 * k + 1]);
    };
    if (!IsInside(pixel(0).x, pixel(0).y, size_px)) continue;
    drawing->anchored_at_origin = at_origin;
    OverlayObject& object = drawing->object;
    object.has_axes = true;
    object.anchor = pixel(0);
    object.axis_ends = {pixel(1), pixel(2), pixel(3)};
    object.has_ellipse = !refined.covariance.empty() && !refined.failed();
    if (object.has_ellipse) {
      object.anchor_covariance =
          PixelCovariance(projected.jacobians, refined.covariance, dataset.objects[i].dof);
    }
    return;
  }
}

std::vector<cv::Point2d> Reproject(const io::PoseDataset& dataset, size_t i, int64_t v,
                                   Context* context) {
  const int64_t begin = dataset.point_offsets[v], end = dataset.point_offsets[v + 1];
  const std::vector<double> points(dataset.x3d.begin() + 3 * begin, dataset.x3d.begin() + 3 * end);
  const Projections projected = ProjectPoints(dataset, i, v, points, context);
  std::vector<cv::Point2d> pixels;
  for (int64_t p = 0; p < end - begin; ++p) {
    pixels.emplace_back(projected.pixels[2 * p], projected.pixels[2 * p + 1]);
  }
  return pixels;
}

// `dataset` holds the one object's start; its pose is replaced by the refined one.
ViewDrawing DrawView(io::PoseDataset dataset, int64_t v, const RefinedObject& refined,
                     Context* context) {
  ViewDrawing drawing;
  OverlayObject& object = drawing.object;
  for (int64_t p = dataset.point_offsets[v]; p < dataset.point_offsets[v + 1]; ++p) {
    object.observed.emplace_back(dataset.x2d[2 * p], dataset.x2d[2 * p + 1]);
  }
  if (refined.rms_before_px > kVisibleImprovement * refined.rms_after_px) {
    object.at_start = Reproject(dataset, 0, v, context);
  }
  dataset.objects[0].pose = refined.pose;
  object.reprojected = Reproject(dataset, 0, v, context);
  DrawAxes(dataset, 0, v, refined, context, &drawing);
  return drawing;
}

// BAL keeps no image size and counts pixels from the image's middle: fit the canvas to the points.
void FitCanvas(OverlayPicture* picture) {
  double left = 1e30, top = 1e30, right = -1e30, bottom = -1e30;
  for (const OverlayObject& object : picture->objects) {
    for (const cv::Point2d& point : object.observed) {
      left = std::min(left, point.x), right = std::max(right, point.x);
      top = std::min(top, point.y), bottom = std::max(bottom, point.y);
    }
  }
  if (left > right) return;
  const double margin = kCanvasMargin * std::max(right - left, bottom - top) + 1;
  const cv::Point2d shift(margin - left, margin - top);
  picture->size = {static_cast<int>(right - left + 2 * margin),
                   static_cast<int>(bottom - top + 2 * margin)};
  for (OverlayObject& object : picture->objects) {
    for (auto* points : {&object.observed, &object.reprojected, &object.at_start}) {
      for (cv::Point2d& point : *points) point += shift;
    }
    object.anchor += shift;
    for (cv::Point2d& end : object.axis_ends) end += shift;
  }
}

// A photograph at another size than the camera's (thumbnails beside a model) is brought to it, one
// with another shape cannot belong to it.
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

// "marker 7" of "photo.jpg marker 7": the photograph's name is in the title.
std::string LabelOf(const std::string& id, const std::string& image) {
  const bool has_prefix = !image.empty() && id.rfind(image + " ", 0) == 0;
  return has_prefix ? id.substr(image.size() + 1) : id;
}

std::string LengthText(double length, const std::string& unit) {
  if (unit == "m" && length < 1) return Format("%g mm", length * 1000);
  return Format("%g %s", length, unit.empty() ? "units" : unit.c_str());
}

std::string Title(const SceneFrame& frame, const std::vector<RefinedObject>& refined) {
  if (frame.views.size() > 1) {
    return Format("%s: %zu poses, worst rms %.3g px", frame.name.c_str(), frame.views.size(),
                  frame.worst_rms_px);
  }
  const RefinedObject& only = refined[frame.views[0].first];
  const std::string before =
      std::isnan(only.rms_before_px) ? "" : Format("%.3g px -> ", only.rms_before_px);
  return Format("%s: %lld points, rms %s%.3g px%s", frame.name.c_str(),
                static_cast<long long>(only.points), before.c_str(), only.rms_after_px,
                only.failed() ? ", FAILED" : "");
}

}  // namespace

OverlayPicture MakePicture(const SceneFrame& frame, const io::PoseDataset& start,
                           const std::vector<RefinedObject>& refined, const std::string& unit,
                           const std::vector<std::string>& image_folders, Context* context) {
  OverlayPicture picture;
  picture.title = Title(frame, refined);
  double axis_length = 0;
  bool same_length = true, any_at_origin = false, any_elsewhere = false;
  for (const auto& [i, v] : frame.views) {
    ViewDrawing drawing =
        DrawView(SelectObjects(start, {i}), v - start.view_offsets[i], refined[i], context);
    if (frame.views.size() > 1) drawing.object.label = LabelOf(start.objects[i].id, frame.image);
    if (drawing.object.has_axes) {
      same_length &= axis_length == 0 || axis_length == drawing.axis_length;
      axis_length = drawing.axis_length;
      (drawing.anchored_at_origin ? any_at_origin : any_elsewhere) = true;
    }
    picture.objects.push_back(std::move(drawing.object));
  }
  picture.axes_note = std::string(any_elsewhere && !any_at_origin ? "axes in the points' middle"
                                                                  : "axes at the origin");
  if (same_length) picture.axes_note += ", " + LengthText(axis_length, unit);
  const auto& camera = start.cameras[start.views[frame.views[0].second].camera];
  SetCanvas(LoadPhoto(frame.image, image_folders), camera.size_px, &picture);
  return picture;
}

}  // namespace propnp::app
