// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Small inputs of every kind, made and not shipped: rendered photographs of a chessboard and of
// markers with their true poses, a COLMAP model, a BAL problem, JSON lines.
#ifndef PROPNP_TESTS_APPS_SAMPLE_DATA_H_
#define PROPNP_TESTS_APPS_SAMPLE_DATA_H_

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// 640 x 480, no distortion.
cv::Matx33d SampleCamera();

// A poster of the given size (m), its origin in the texture's top-left corner, x right, y down,
// photographed with the camera above; slightly blurred.
cv::Mat RenderPoster(const cv::Mat& texture, const cv::Size2d& size,
                     const io::Pose& cam_from_poster);

// 10 x 7 squares of 25 mm (9 x 6 inner corners) with a white rim of one square. The first inner
// corner lies 50 mm right of and below the poster's origin.
cv::Mat ChessboardTexture();
cv::Size2d ChessboardSize();

// A marker of a cv::aruco dictionary with a white rim of a quarter of its side; poster 1.5 x 1.5
// sides.
cv::Mat MarkerTexture(int dictionary, int id);

// Number 0 of AprilTag's family 36h11 as AprilTag publishes it, with a rim of a quarter of its
// side.
cv::Mat AprilTagTexture();

// `objects` cameras around one cloud of `points` points, with normal noise of `sigma_px` and starts
// that are a little off. Ids "camera_0" ...; images "0.jpg" ...; deterministic.
io::PoseDataset SampleDataset(int objects, int points, double sigma_px,
                              std::vector<io::Pose>* truth = nullptr);

// A flat square of four points, 5 cm wide, a metre away and tilted: 30 px, so that it fits almost
// as well tilted the other way. Noise-free, weights 1/sigma_px, no start. The middle of the square
// is its origin.
io::PoseDataset AmbiguousSquare(double sigma_px, io::Pose* truth = nullptr);

// Fills `folder` with left01.png .. left03.png, left_intrinsics.yml, marker.png (DICT_6X6_250),
// tag.png (AprilTag 36h11), sparse/0 (COLMAP text), problem.txt (BAL), points.jsonl,
// square.jsonl (the ambiguous square).
void WriteSampleData(const std::string& folder);

}  // namespace propnp::app

#endif  // PROPNP_TESTS_APPS_SAMPLE_DATA_H_
