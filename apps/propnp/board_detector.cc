// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/board_detector.h"

#include <algorithm>
#include <cmath>
#include <opencv2/calib3d.hpp>
#include <opencv2/imgproc.hpp>

#include "apps/propnp/aruco_compat.h"

namespace propnp::app {
namespace {

using Corners = std::vector<cv::Point2f>;

// The window (half its side) and the stop of OpenCV's own calibration sample. Measured on that
// sample's photographs: windows of 3 and 5 miss the published poses, and a stop at 0.001 px raises
// the residual of the two hardest boards. On small boards the window ends before the next corner.
constexpr int kChessboardWindow = 11;
const cv::TermCriteria kChessboardStop(cv::TermCriteria::EPS | cv::TermCriteria::COUNT, 30, 0.1);

// Half a cell: a marker's corner has the code's own corners as near neighbours.
constexpr int kLargestMarkerWindow = 5;
const cv::TermCriteria kMarkerStop(cv::TermCriteria::EPS | cv::TermCriteria::COUNT, 100, 0.005);

constexpr int kSmallestWindow = 2;

// The distance from a corner to the nearest of its neighbours on the grid.
double GridSpacing(const Corners& corners, size_t columns) {
  double nearest = cv::norm(corners[1] - corners[0]);
  for (size_t i = 0; i < corners.size(); ++i) {
    const size_t right = i + 1, below = i + columns;
    if (right % columns != 0) nearest = std::min(nearest, cv::norm(corners[right] - corners[i]));
    if (below < corners.size()) nearest = std::min(nearest, cv::norm(corners[below] - corners[i]));
  }
  return nearest;
}

double ShortestSide(const Corners& quad) {
  double shortest = cv::norm(quad[0] - quad[3]);
  for (size_t i = 0; i < 3; ++i) shortest = std::min(shortest, cv::norm(quad[i + 1] - quad[i]));
  return shortest;
}

void RefineCorners(const cv::Mat& grey, double largest_window, const cv::TermCriteria& stop,
                   Corners* corners) {
  const int window = std::max(static_cast<int>(largest_window), kSmallestWindow);
  cv::cornerSubPix(grey, *corners, {window, window}, {-1, -1}, stop);
}

// Multiples of 0.025 as 0.075 and not 0.07500000000000001, for whoever reads the numbers.
double ToNanometre(double metres) { return std::round(metres * 1e9) / 1e9; }

cv::Point3d GridPoint(int column, int row, const BoardSpec& board) {
  const double x = column * board.side, y = row * board.side;
  return board.unit == "m" ? cv::Point3d(ToNanometre(x), ToNanometre(y), 0) : cv::Point3d(x, y, 0);
}

std::vector<Detection> DetectChessboard(const cv::Mat& grey, const BoardSpec& board) {
  Corners corners;
  const int flags = cv::CALIB_CB_ADAPTIVE_THRESH | cv::CALIB_CB_NORMALIZE_IMAGE;
  if (!cv::findChessboardCorners(grey, {board.columns, board.rows}, corners, flags)) return {};
  const double spacing = GridSpacing(corners, static_cast<size_t>(board.columns));
  RefineCorners(grey, std::min<double>(kChessboardWindow, spacing - 1), kChessboardStop, &corners);

  Detection detection;
  for (int row = 0; row < board.rows; ++row) {
    for (int column = 0; column < board.columns; ++column) {
      detection.points_in_object.push_back(GridPoint(column, row, board));
    }
  }
  detection.points_px.assign(corners.begin(), corners.end());
  return {detection};
}

std::vector<Detection> DetectMarkerBoard(const cv::Mat& grey, const BoardSpec& board) {
  const double half = board.side / 2;
  std::vector<Detection> detections;
  for (Marker& marker : DetectMarkers(grey, board.dictionary)) {
    const double cell = ShortestSide(marker.corners_px) / marker.cells_per_side;
    RefineCorners(grey, std::min<double>(kLargestMarkerWindow, cell / 2), kMarkerStop,
                  &marker.corners_px);
    Detection detection;
    detection.name = "marker " + std::to_string(marker.id);
    detection.points_in_object = {
        {-half, half, 0}, {half, half, 0}, {half, -half, 0}, {-half, -half, 0}};
    detection.points_px.assign(marker.corners_px.begin(), marker.corners_px.end());
    detections.push_back(detection);
  }
  return detections;
}

}  // namespace

std::vector<Detection> DetectBoard(const cv::Mat& grey, const BoardSpec& board) {
  return board.kind == BoardSpec::Kind::kChessboard ? DetectChessboard(grey, board)
                                                    : DetectMarkerBoard(grey, board);
}

}  // namespace propnp::app
