// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/overlay.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace propnp::app {
namespace {

OverlayPicture Picture(const cv::Size& size, double error_px) {
  OverlayPicture picture;
  picture.title = "a photograph";
  picture.axes_note = "axes at the origin";
  picture.size = size;
  OverlayObject object;
  for (int i = 1; i < 10; ++i) {
    object.observed.emplace_back(size.width * 0.1 * i, size.height * 0.5);
    object.reprojected.emplace_back(size.width * 0.1 * i + error_px, size.height * 0.5);
  }
  object.has_axes = object.has_ellipse = true;
  object.anchor = {size.width * 0.5, size.height * 0.25};
  object.axis_ends = {object.anchor, object.anchor, object.anchor};
  object.anchor_covariance = cv::Matx22d(4, 0, 0, 1);
  picture.objects = {object};
  return picture;
}

bool HasColour(const cv::Mat& image, const cv::Point& near, const cv::Vec3b& colour) {
  for (int y = near.y - 3; y <= near.y + 3; ++y) {
    for (int x = near.x - 3; x <= near.x + 3; ++x) {
      if (cv::norm(image.at<cv::Vec3b>(y, x), colour) < 20) return true;
    }
  }
  return false;
}

TEST(Overlay, SmallAndLargePhotographsGetALegibleSize) {
  for (const cv::Size& size : {cv::Size(64, 48), cv::Size(640, 480), cv::Size(8000, 6000),
                               cv::Size(480, 640), cv::Size(1, 1)}) {
    const cv::Mat drawn = DrawOverlay(Picture(size, 0.3));
    const int legend = 60;  // at least
    EXPECT_GE(std::max(drawn.cols, drawn.rows - legend), 1280);
    EXPECT_LE(drawn.cols, 1920);
    EXPECT_LE(drawn.rows, 1920 + 500);
  }
}

TEST(Overlay, MagnificationMakesResidualsVisible) {
  EXPECT_EQ(Magnification(Picture({640, 480}, 0.2)), 50);
  EXPECT_EQ(Magnification(Picture({640, 480}, 20)), 1);
  EXPECT_EQ(Magnification(Picture({640, 480}, std::nan(""))), 1);
  EXPECT_EQ(Magnification(OverlayPicture()), 1);
}

TEST(Overlay, DrawsWhereThePointsAre) {
  const OverlayPicture picture = Picture({1280, 960}, 0);
  const cv::Mat drawn = DrawOverlay(picture);
  EXPECT_TRUE(HasColour(drawn, {640, 480}, {0, 140, 255}));  // where the pose puts a point
  // 2 sigma at no more than the stated magnification: half axes 2 x 2 and 2 x 1 px.
  const double times = Magnification(picture);
  EXPECT_TRUE(HasColour(drawn, {static_cast<int>(640 + 4 * times), 240}, {0, 200, 255}) ||
              4 * times > 640);
}

TEST(Overlay, SurvivesNumbersThatCannotBeDrawn) {
  OverlayPicture picture = Picture({640, 480}, 0.3);
  const double infinity = std::numeric_limits<double>::infinity();
  OverlayObject& object = picture.objects[0];
  object.reprojected[0] = {std::nan(""), 0};
  object.reprojected[1] = {1e300, -1e300};
  object.observed[2] = {infinity, 0};
  object.anchor = {1e9, 1e9};
  object.anchor_covariance = cv::Matx22d(infinity, 0, 0, std::nan(""));
  object.label = "\xC3\xA4 label";
  picture.title = std::string(500, 'x');
  EXPECT_FALSE(DrawOverlay(picture).empty());
}

}  // namespace
}  // namespace propnp::app
