// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Finds a board's points on one photograph.
//
// Object frames. Chessboard: origin at the first inner corner that OpenCV reports, x along the
// columns, y along the rows, z = 0. Marker: origin in its middle, x right, y up, z out of the
// print.
#ifndef PROPNP_APPS_BOARD_DETECTOR_H_
#define PROPNP_APPS_BOARD_DETECTOR_H_

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "apps/propnp/board_spec.h"

namespace propnp::app {

struct Detection {
  std::string name;  // "" for the chessboard, "marker 7" for marker 7
  std::vector<cv::Point3d> points_in_object;
  std::vector<cv::Point2d> points_px;
};

// Detections on a grey 8-bit image; none found is an empty list.
std::vector<Detection> DetectBoard(const cv::Mat& grey, const BoardSpec& board);

}  // namespace propnp::app

#endif  // PROPNP_APPS_BOARD_DETECTOR_H_
