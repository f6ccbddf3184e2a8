// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A picture that lets a person judge refined poses: the photograph (or a plain canvas), the points
// that were seen, where the pose puts them, the difference magnified, the object's axes and how
// sure the pose is of its origin. A legend below says what is what and states the magnification.
#ifndef PROPNP_APPS_OVERLAY_H_
#define PROPNP_APPS_OVERLAY_H_

#include <array>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace propnp::app {

// One object on a picture; everything in pixels of the photograph.
struct OverlayObject {
  std::string label;
  std::vector<cv::Point2d> observed;
  std::vector<cv::Point2d> reprojected;  // beside `observed`
  std::vector<cv::Point2d> at_start;     // where the start pose put them; empty: not drawn

  bool has_axes = false;  // the anchor and the ends of the axes lie before the camera
  cv::Point2d anchor;     // the object's origin
  std::array<cv::Point2d, 3> axis_ends;

  bool has_ellipse = false;
  cv::Matx22d anchor_covariance = cv::Matx22d::zeros();  // px^2
};

struct OverlayPicture {
  std::string title;      // the first line of the legend
  std::string axes_note;  // length and place of the axes, for the legend
  cv::Mat photo;          // 8-bit grey or BGR; empty: plain canvas
  cv::Size size;          // of the photograph, px
  std::vector<OverlayObject> objects;
};

// BGR, at least 1280 and at most 1920 pixels on the longer side, plus the legend.
cv::Mat DrawOverlay(const OverlayPicture& picture);

// How much residuals and ellipses are enlarged: 1, 2, 5, 10 ... so that the middle residual can
// be seen and its neighbours too.
double Magnification(const OverlayPicture& picture);

}  // namespace propnp::app

#endif  // PROPNP_APPS_OVERLAY_H_
