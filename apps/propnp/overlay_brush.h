// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Anti-aliased marks at fractions of a pixel, and the legend that explains them.
#ifndef PROPNP_APPS_OVERLAY_BRUSH_H_
#define PROPNP_APPS_OVERLAY_BRUSH_H_

#include <opencv2/core.hpp>
#include <string>

namespace propnp::app {

// Draws on a canvas that is `scale` times the photograph. Positions are in pixels of the photograph
// (centre of the top-left pixel at (0, 0)), sizes of marks in pixels of the canvas; ellipses and
// lines grow with the photograph. Marks that are not finite or far outside are left out.
class Brush {
 public:
  Brush(cv::Mat* canvas, double scale) : canvas_(canvas), scale_(scale) {}

  void Dot(const cv::Point2d& at, double radius, const cv::Scalar& colour);
  // Two strokes on a pale halo.
  void Cross(const cv::Point2d& at, double radius, const cv::Scalar& colour);
  void Ring(const cv::Point2d& at, double radius, const cv::Scalar& colour);
  void Line(const cv::Point2d& from, const cv::Point2d& to, double width, const cv::Scalar& colour);
  void Arrow(const cv::Point2d& from, const cv::Point2d& to, double width,
             const cv::Scalar& colour);
  // The ellipse of `sigmas` standard deviations of a covariance in px^2 of the photograph.
  void Ellipse(const cv::Point2d& centre, const cv::Matx22d& covariance, double sigmas,
               const cv::Scalar& colour);
  // To the upper right of `at`, on a pale halo.
  void Text(const cv::Point2d& at, const std::string& text, const cv::Scalar& colour);

 private:
  bool IsNear(const cv::Point2d& at) const;
  cv::Point Fixed(const cv::Point2d& at) const;

  cv::Mat* canvas_;
  double scale_;
};

// A white strip of the canvas' width: a title, then marks with their names, wrapped into rows.
class Legend {
 public:
  enum class Mark { kDot, kCross, kRing, kLine, kEllipse };

  explicit Legend(int width);
  void Title(const std::string& text);
  void Entry(Mark mark, const cv::Scalar& colour, const std::string& text);
  // Three strokes in the colours of x, y and z; an opacity below 1 lets the white shine through.
  void Axes(const cv::Scalar (&colours)[3], double opacity, const std::string& text);
  cv::Mat Image() const;

 private:
  // Where the next mark goes, with room for the text beside it.
  cv::Point NextMark(const std::string& text);

  cv::Mat strip_;  // taller than needed; Image() cuts it
  int x_, y_;
};

}  // namespace propnp::app

#endif  // PROPNP_APPS_OVERLAY_BRUSH_H_
