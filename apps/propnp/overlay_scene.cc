// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/overlay_scene.h"

#include <algorithm>
#include <cmath>

#include "apps/propnp/evaluation.h"
#include "apps/propnp/overlay_canvas.h"
#include "apps/propnp/pose_math.h"
#include "apps/propnp/select_objects.h"
#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

struct AxesStyle {
  double radii;     // length in the points' rms radius
  cv::Rect window;  // where the anchor must be
};

// Everything about one object in one view.
struct ViewDrawing {
  OverlayObject object;
  double axis_length = 0;
  bool has_axes = false;
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

// An empty window: of a picture whose size nobody knows.
bool IsInside(const cv::Point2d& pixel, const cv::Rect& window) {
  return window.empty() || cv::Rect2d(window).contains(pixel);
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
// middle of the points. Neither before the camera: no axes. `dataset` holds the pose to draw.
void DrawAxes(const io::PoseDataset& dataset, int64_t v, const std::vector<double>& covariance,
              const AxesStyle& style, Context* context, ViewDrawing* drawing, OverlayPose* drawn) {
  const PointCloud cloud =
      Summarise(dataset, dataset.point_offsets[v], dataset.point_offsets[v + 1]);
  const io::Pose cam_from_object = ViewPose(dataset, 0, v, dataset.objects[0].pose);
  drawing->axis_length = NiceLength(style.radii * cloud.radius);
  for (bool at_origin : {true, false}) {
    const auto points = AxisPoints(at_origin ? io::Vector3{} : cloud.centre, drawing->axis_length);
    if (!AllBeforeCamera(cam_from_object, points)) continue;
    const Projections projected = ProjectPoints(dataset, 0, v, points, context);
    const auto pixel = [&](int k) {
      return cv::Point2d(projected.pixels[2 * k], projected.pixels[2 * k + 1]);
    };
    if (!IsInside(pixel(0), style.window)) continue;
    drawing->anchored_at_origin &= at_origin;
    drawn->has_axes = true;
    drawn->anchor = pixel(0);
    drawn->axis_ends = {pixel(1), pixel(2), pixel(3)};
    drawn->has_ellipse = !covariance.empty();
    if (drawn->has_ellipse) {
      drawn->anchor_covariance =
          PixelCovariance(projected.jacobians, covariance, dataset.objects[0].dof);
    }
    return;
  }
}

std::vector<cv::Point2d> Reproject(const io::PoseDataset& dataset, int64_t v, Context* context) {
  const int64_t begin = dataset.point_offsets[v], end = dataset.point_offsets[v + 1];
  const std::vector<double> points(dataset.x3d.begin() + 3 * begin, dataset.x3d.begin() + 3 * end);
  const Projections projected = ProjectPoints(dataset, 0, v, points, context);
  std::vector<cv::Point2d> pixels;
  for (int64_t p = 0; p < end - begin; ++p) {
    pixels.emplace_back(projected.pixels[2 * p], projected.pixels[2 * p + 1]);
  }
  return pixels;
}

// `dataset` holds the one object with its start.
ViewDrawing DrawView(io::PoseDataset dataset, int64_t v, const DrawnObject& drawn,
                     const AxesStyle& style, Context* context) {
  ViewDrawing drawing;
  OverlayObject& object = drawing.object;
  for (int64_t p = dataset.point_offsets[v]; p < dataset.point_offsets[v + 1]; ++p) {
    object.observed.emplace_back(dataset.x2d[2 * p], dataset.x2d[2 * p + 1]);
  }
  if (drawn.show_start) object.at_start = Reproject(dataset, v, context);
  for (const DrawnPose& pose : drawn.poses) {
    OverlayPose overlay;
    dataset.objects[0].pose = pose.pose;
    overlay.opacity = pose.opacity;
    overlay.label = pose.label;
    overlay.reprojected = Reproject(dataset, v, context);
    DrawAxes(dataset, v, pose.covariance, style, context, &drawing, &overlay);
    drawing.has_axes |= overlay.has_axes;
    object.poses.push_back(std::move(overlay));
  }
  return drawing;
}

// Around all points that were seen.
cv::Rect2d SeenBox(const io::PoseDataset& dataset, const SceneFrame& frame) {
  double left = HUGE_VAL, top = HUGE_VAL, right = -HUGE_VAL, bottom = -HUGE_VAL;
  for (const auto& [i, v] : frame.views) {
    for (int64_t p = dataset.point_offsets[v]; p < dataset.point_offsets[v + 1]; ++p) {
      left = std::min(left, dataset.x2d[2 * p]), right = std::max(right, dataset.x2d[2 * p]);
      top = std::min(top, dataset.x2d[2 * p + 1]);
      bottom = std::max(bottom, dataset.x2d[2 * p + 1]);
    }
  }
  return left > right ? cv::Rect2d() : cv::Rect2d(left, top, right - left, bottom - top);
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

}  // namespace

OverlayPicture MakePicture(const SceneFrame& frame, const io::PoseDataset& start,
                           const DrawnObjects& drawn, const SceneStyle& style, Context* context) {
  const auto& camera = start.cameras[start.views[frame.views[0].second].camera];
  const cv::Mat photo = LoadPhoto(frame.image, style.image_folders);
  const cv::Size size =
      camera.size_px[0] > 0 ? cv::Size(camera.size_px[0], camera.size_px[1]) : photo.size();
  const cv::Rect whole({0, 0}, size);
  const AxesStyle axes = {style.axis_radii,
                          style.zoom ? ZoomWindow(SeenBox(start, frame), size) : whole};
  OverlayPicture picture;
  double axis_length = 0;
  bool same_length = true, any_at_origin = false, any_elsewhere = false;
  for (const auto& [i, v] : frame.views) {
    const DrawnObject object = drawn(i);
    ViewDrawing drawing =
        DrawView(SelectObjects(start, {i}), v - start.view_offsets[i], object, axes, context);
    if (frame.views.size() > 1) {
      drawing.object.label = LabelOf(start.objects[i].id, frame.image) + object.label_suffix;
      for (OverlayPose& pose : drawing.object.poses) pose.label.clear();
    }
    if (drawing.has_axes) {
      same_length &= axis_length == 0 || axis_length == drawing.axis_length;
      axis_length = drawing.axis_length;
      (drawing.anchored_at_origin ? any_at_origin : any_elsewhere) = true;
    }
    picture.objects.push_back(std::move(drawing.object));
  }
  picture.axes_note = std::string(any_elsewhere && !any_at_origin ? "axes in the points' middle"
                                                                  : "axes at the origin");
  if (same_length) picture.axes_note += ", " + LengthText(axis_length, style.unit);
  SetCanvas(photo, camera.size_px, &picture);
  if (!axes.window.empty()) CutTo(axes.window, &picture);
  return picture;
}

}  // namespace propnp::app
