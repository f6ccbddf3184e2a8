// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/overlay_brush.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>

namespace propnp::app {
namespace {

constexpr int kShift = 4;  // OpenCV draws at 1/16 px
constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kLabelSize = 0.6, kTitleSize = 0.75, kEntrySize = 0.55;

constexpr int kMargin = 16;
constexpr int kRowHeight = 30;
constexpr int kMarkWidth = 34;
constexpr int kEntryGap = 30;
constexpr int kMostRows = 16;
const cv::Scalar kInk(30, 30, 30);

int ToFixed(double value) { return static_cast<int>(std::lround(value * (1 << kShift))); }

int Thickness(double width) { return std::max(1, static_cast<int>(std::lround(width))); }

// `centre` and `radius` in fixed point.
void DrawCross(cv::Mat* canvas, const cv::Point& centre, int radius, const cv::Scalar& colour) {
  for (const auto& [ink, width] : {std::pair(cv::Scalar::all(255), 4), std::pair(colour, 2)}) {
    for (int sign : {-1, 1}) {
      const cv::Point arm(radius, sign * radius);
      cv::line(*canvas, centre - arm, centre + arm, ink, width, cv::LINE_AA, kShift);
    }
  }
}

// OpenCV's fonts know ASCII only.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

// As much of the text as fits, with dots where it was cut.
std::string Fitted(std::string text, double size, int width) {
  int baseline = 0;
  bool cut = false;
  while (text.size() > 4 &&
         cv::getTextSize(text + (cut ? "..." : ""), kFont, size, 1, &baseline).width > width) {
    text.pop_back();
    cut = true;
  }
  return cut ? text + "..." : text;
}

}  // namespace

bool Brush::IsNear(const cv::Point2d& at) const {
  // NaN compares false. Ten canvases away a line's visible part is still drawn correctly.
  const double limit = 10.0 * std::max(canvas_->cols, canvas_->rows);
  return std::abs(at.x * scale_) < limit && std::abs(at.y * scale_) < limit;
}

cv::Point Brush::Fixed(const cv::Point2d& at) const {
  return {ToFixed((at.x + 0.5) * scale_ - 0.5), ToFixed((at.y + 0.5) * scale_ - 0.5)};
}

void Brush::Dot(const cv::Point2d& at, double radius, const cv::Scalar& colour) {
  if (!IsNear(at)) return;
  cv::circle(*canvas_, Fixed(at), ToFixed(radius), colour, cv::FILLED, cv::LINE_AA, kShift);
}

void Brush::Cross(const cv::Point2d& at, double radius, const cv::Scalar& colour) {
  if (!IsNear(at)) return;
  DrawCross(canvas_, Fixed(at), ToFixed(radius), colour);
}

void Brush::Ring(const cv::Point2d& at, double radius, const cv::Scalar& colour) {
  if (!IsNear(at)) return;
  cv::circle(*canvas_, Fixed(at), ToFixed(radius), colour, 2, cv::LINE_AA, kShift);
}

void Brush::Line(const cv::Point2d& from, const cv::Point2d& to, double width,
                 const cv::Scalar& colour) {
  if (!IsNear(from) || !IsNear(to)) return;
  cv::line(*canvas_, Fixed(from), Fixed(to), colour, Thickness(width), cv::LINE_AA, kShift);
}

void Brush::Arrow(const cv::Point2d& from, const cv::Point2d& to, double width,
                  const cv::Scalar& colour) {
  if (!IsNear(from) || !IsNear(to)) return;
  const double length = cv::norm(to - from) * scale_;
  const double tip = length > 0 ? std::min(0.3, 14 / length) : 0;
  cv::arrowedLine(*canvas_, Fixed(from), Fixed(to), colour, Thickness(width), cv::LINE_AA, kShift,
                  tip);
}

void Brush::Ellipse(const cv::Point2d& centre, const cv::Matx22d& covariance, double sigmas,
                    const cv::Scalar& colour) {
  if (!IsNear(centre) || !cv::checkRange(covariance)) return;
  cv::Mat values, vectors;
  if (!cv::eigen(cv::Mat(covariance), values, vectors)) return;
  const auto half_axis = [&](int i) {
    return std::sqrt(std::max(values.at<double>(i), 0.0)) * sigmas * scale_;
  };
  const double longest = std::max(half_axis(0), half_axis(1));
  if (!(longest < 4.0 * std::max(canvas_->cols, canvas_->rows))) return;
  const double angle_deg =
      std::atan2(vectors.at<double>(0, 1), vectors.at<double>(0, 0)) * 180 / CV_PI;
  cv::ellipse(*canvas_, Fixed(centre), {ToFixed(half_axis(0)), ToFixed(half_axis(1))}, angle_deg, 0,
              360, colour, 2, cv::LINE_AA, kShift);
}

void Brush::Text(const cv::Point2d& at, const std::string& text, const cv::Scalar& colour) {
  if (text.empty() || !IsNear(at)) return;
  const std::string shown = Printable(text);
  int baseline = 0;
  const int width = cv::getTextSize(shown, kFont, kLabelSize, 2, &baseline).width;
  const int x = static_cast<int>(at.x * scale_), y = static_cast<int>(at.y * scale_);
  // Labels at the rim move inside, as long as their point is.
  const int inside = std::max(0, canvas_->cols - width - 4);
  const cv::Point position(x < canvas_->cols ? std::min(x + 8, inside) : x + 8, y - 8);
  cv::putText(*canvas_, shown, position, kFont, kLabelSize, cv::Scalar::all(255), 5, cv::LINE_AA);
  cv::putText(*canvas_, shown, position, kFont, kLabelSize, colour, 2, cv::LINE_AA);
}

Legend::Legend(int width)
    : strip_(kMostRows * kRowHeight, width, CV_8UC3, cv::Scalar::all(255)),
      x_(kMargin),
      y_(kRowHeight) {}

void Legend::Title(const std::string& text) {
  const std::string shown = Fitted(Printable(text), kTitleSize, strip_.cols - 2 * kMargin);
  cv::putText(strip_, shown, {kMargin, y_}, kFont, kTitleSize, kInk, 2, cv::LINE_AA);
  y_ += kRowHeight + 4;
}

cv::Point Legend::NextMark(const std::string& text) {
  const std::string shown =
      Fitted(Printable(text), kEntrySize, strip_.cols - 2 * kMargin - kMarkWidth);
  int baseline = 0;
  const int width =
      kMarkWidth + cv::getTextSize(shown, kFont, kEntrySize, 1, &baseline).width + kEntryGap;
  if (x_ > kMargin && x_ + width - kEntryGap > strip_.cols - kMargin) {
    x_ = kMargin;
    y_ += kRowHeight;
  }
  cv::putText(strip_, shown, {x_ + kMarkWidth, y_}, kFont, kEntrySize, kInk, 1, cv::LINE_AA);
  const cv::Point centre(x_ + 12, y_ - 6);
  x_ += width;
  return centre;
}

void Legend::Entry(Mark mark, const cv::Scalar& colour, const std::string& text) {
  const cv::Point centre = NextMark(text);
  const cv::Point half(11, 0);
  switch (mark) {
    case Mark::kDot:
      cv::circle(strip_, centre, 4, colour, cv::FILLED, cv::LINE_AA);
      break;
    case Mark::kCross:
      DrawCross(&strip_, centre * (1 << kShift), ToFixed(5), colour);
      break;
    case Mark::kRing:
      cv::circle(strip_, centre, 7, colour, 2, cv::LINE_AA);
      break;
    case Mark::kLine:
      cv::line(strip_, centre - half, centre + half, colour, 3, cv::LINE_AA);
      break;
    case Mark::kEllipse:
      cv::ellipse(strip_, centre, {11, 6}, 0, 0, 360, colour, 2, cv::LINE_AA);
      break;
  }
}

void Legend::Axes(const cv::Scalar (&colours)[3], double opacity, const std::string& text) {
  const cv::Point centre = NextMark(text);
  for (int axis = 0; axis < 3; ++axis) {
    const cv::Point row(0, 6 * (axis - 1));
    cv::line(strip_, centre + row - cv::Point(11, 0), centre + row + cv::Point(11, 0),
             opacity * colours[axis] + (1 - opacity) * cv::Scalar::all(255), 3, cv::LINE_AA);
  }
}

cv::Mat Legend::Image() const {
  return strip_.rowRange(0, std::min(y_ + kRowHeight / 2, strip_.rows));
}

}  // namespace propnp::app
