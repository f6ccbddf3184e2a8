// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/overlay.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "apps/propnp/overlay_canvas.h"

namespace propnp::app {
namespace {

OverlayPicture Picture(const cv::Size& size, double error_px) {
  OverlayPicture picture;
  picture.title = "a photograph";
  picture.axes_note = "axes at the origin";
  picture.size = size;
  OverlayObject object;
  OverlayPose pose;
  for (int i = 1; i < 10; ++i) {
    object.observed.emplace_back(size.width * 0.1 * i, size.height * 0.5);
    pose.reprojected.emplace_back(size.width * 0.1 * i + error_px, size.height * 0.5);
  }
  pose.has_axes = pose.has_ellipse = true;
  pose.anchor = {size.width * 0.5, size.height * 0.25};
  pose.axis_ends = {pose.anchor, pose.anchor, pose.anchor};
  pose.anchor_covariance = cv::Matx22d(4, 0, 0, 1);
  object.poses = {pose};
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
  OverlayPose& pose = object.poses[0];
  pose.reprojected[0] = {std::nan(""), 0};
  pose.reprojected[1] = {1e300, -1e300};
  object.observed[2] = {infinity, 0};
  pose.anchor = {1e9, 1e9};
  pose.anchor_covariance = cv::Matx22d(infinity, 0, 0, std::nan(""));
  object.label = "\xC3\xA4 label";
  picture.title = std::string(500, 'x');
  EXPECT_FALSE(DrawOverlay(picture).empty());
}

// An arrow of x from the anchor to the right, on the plain canvas.
OverlayPose ArrowPose(const cv::Point2d& anchor, double opacity) {
  OverlayPose pose;
  pose.opacity = opacity;
  pose.has_axes = true;
  pose.anchor = anchor;
  pose.axis_ends = {anchor + cv::Point2d(400, 0), anchor, anchor};
  return pose;
}

TEST(Overlay, APoseIsAsStrongAsItIsProbable) {
  OverlayPicture picture;
  picture.size = {1280, 960};
  OverlayObject object;
  object.poses = {ArrowPose({200, 200}, 1), ArrowPose({200, 400}, 0.2), ArrowPose({200, 600}, 0)};
  picture.objects = {object};
  const cv::Mat drawn = DrawOverlay(picture);
  const auto difference = [&](int y) {
    return cv::norm(drawn.at<cv::Vec3b>(y, 400), cv::Vec3b(246, 246, 246));  // the canvas
  };
  EXPECT_GT(difference(200), 200);
  EXPECT_NEAR(difference(400), 0.2 * difference(200), 3);  // rounding to whole grey levels
  EXPECT_EQ(difference(600), 0);
}

TEST(Overlay, TheMostProbablePoseIsOnTop) {
  OverlayPicture picture;
  picture.size = {1280, 960};
  OverlayObject object;
  object.poses = {ArrowPose({200, 200}, 1), ArrowPose({200, 200}, 1)};
  object.poses[1].axis_ends = {object.poses[1].anchor, object.poses[0].axis_ends[0],
                               object.poses[1].anchor};  // y where the other has x
  picture.objects = {object};
  const cv::Vec3b pixel = DrawOverlay(picture).at<cv::Vec3b>(200, 400);
  EXPECT_GT(pixel[2], pixel[1]) << "red, the x of the first, over green";
}

TEST(OverlayCanvas, ZoomsToWhatIsSmallAndStaysInside) {
  const cv::Size size(640, 480);
  EXPECT_EQ(ZoomWindow({100, 100, 300, 20}, size), cv::Rect({0, 0}, size));
  for (const cv::Rect2d& box : {cv::Rect2d(300, 200, 30, 40), cv::Rect2d(0, 0, 30, 40),
                                cv::Rect2d(635, 475, 5, 5), cv::Rect2d(-50, 900, 1, 1)}) {
    const cv::Rect window = ZoomWindow(box, size);
    EXPECT_EQ(window & cv::Rect({0, 0}, size), window);
    EXPECT_LT(window.width, 640);
    EXPECT_NEAR(static_cast<double>(window.width) / window.height, 640.0 / 480, 0.05);
  }
  const cv::Rect window = ZoomWindow({300, 200, 30, 40}, size);
  EXPECT_NEAR(window.x + 0.5 * window.width, 315, 1);
  EXPECT_NEAR(window.y + 0.5 * window.height, 220, 1);
}

TEST(OverlayCanvas, CuttingMovesMarksWithThePhotograph) {
  OverlayPicture picture = Picture({640, 480}, 0.5);
  picture.photo = cv::Mat(240, 320, CV_8UC1, cv::Scalar(255));  // half the camera's size
  picture.photo(cv::Rect(160, 120, 10, 10)) = 0;
  const cv::Point2d seen = picture.objects[0].observed[3];
  const cv::Point2d anchor = picture.objects[0].poses[0].anchor;
  CutTo({100, 50, 320, 240}, &picture);
  EXPECT_EQ(picture.size, cv::Size(320, 240));
  EXPECT_EQ(picture.photo.size(), picture.size);
  EXPECT_EQ(picture.photo.at<uchar>(200, 230), 0);    // (330, 250) of the whole
  EXPECT_EQ(picture.photo.at<uchar>(180, 210), 255);  // (310, 230)
  EXPECT_EQ(picture.objects[0].observed[3], seen - cv::Point2d(100, 50));
  EXPECT_EQ(picture.objects[0].poses[0].anchor, anchor - cv::Point2d(100, 50));
}

}  // namespace
}  // namespace propnp::app
