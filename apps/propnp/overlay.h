// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A picture that lets a person judge poses: the photograph (or a plain canvas), the points that
// were seen, where each pose puts them, the difference magnified, the object's axes and how sure
// the pose is of its origin. An object may have several poses, each as strong as it is probable. A
// legend below says what is what and states the magnification.
#ifndef PROPNP_APPS_OVERLAY_H_
#define PROPNP_APPS_OVERLAY_H_

#include <array>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace propnp::app {

// One pose of an object; everything in pixels of the photograph.
struct OverlayPose {
  double opacity = 1;                    // 0 .. 1
  std::string label;                     // beside the end of z
  std::vector<cv::Point2d> reprojected;  // beside OverlayObject::observed
  bool has_axes = false;                 // anchor and ends of the axes lie before the camera
  cv::Point2d anchor;                    // the object's origin
  std::array<cv::Point2d, 3> axis_ends;

  bool has_ellipse = false;
  cv::Matx22d anchor_covariance = cv::Matx22d::zeros();  // px^2
};

struct OverlayObject {
  std::string label;
  std::vector<cv::Point2d> observed;
  std::vector<cv::Point2d> at_start;  // where the start pose put them; empty: not drawn
  std::vector<OverlayPose> poses;     // the first is drawn on top
};

// A row of the legend: axes as strong as those of a pose, and what the pose is.
struct OverlayKey {
  double opacity = 1;
  std::string text;
};

struct OverlayPicture {
  std::string title;      // the first line of the legend
  std::string axes_note;  // length and place of the axes, for the legend
  std::string pose_name;  // "the refined pose", for the legend
  std::vector<OverlayKey> keys;
  cv::Mat photo;  // 8-bit grey or BGR; empty: plain canvas
  cv::Size size;  // of the photograph, px
  std::vector<OverlayObject> objects;
};

// BGR, at least 1280 and at most 1920 pixels on the longer side, plus the legend.
cv::Mat DrawOverlay(const OverlayPicture& picture);

// How much residuals and ellipses are enlarged: 1, 2, 5, 10 ... so that the middle residual can
// be seen and its neighbours too.
double Magnification(const OverlayPicture& picture);

}  // namespace propnp::app

#endif  // PROPNP_APPS_OVERLAY_H_
