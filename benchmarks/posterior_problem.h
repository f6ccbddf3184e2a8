// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Synthetic objects as a pose network sees them in training: N points in a box of one metre, two to
// ten metres in front of a 640 x 480 pinhole camera, pixels with a noise of 1 to 2 px that the
// weights know, and one point in ten far off, which they do not.
#ifndef PROPNP_BENCHMARKS_POSTERIOR_PROBLEM_H_
#define PROPNP_BENCHMARKS_POSTERIOR_PROBLEM_H_

#include <array>
#include <cstdint>
#include <vector>

namespace propnp::bench {

// Arrays are dense and row-major, in single precision as networks have them.
struct PosteriorProblem {
  int64_t num_objects = 0;
  int64_t num_points = 0;         // of an object
  int dof = 6;                    // 4: upright, yaw about the camera's y axis
  std::array<float, 5> camera{};  // fx fy cx cy skew, px
  std::array<float, 4> image{};   // u_min v_min u_max v_max, px
  std::vector<float> x3d;         // objects x points x 3, m
  std::vector<float> x2d;         // objects x points x 2, px
  std::vector<float> w2d;         // objects x points x 2, 1/px
  std::vector<float> pose_true;   // objects x [tx ty tz qw qx qy qz] or [tx ty tz yaw]

  int64_t pose_size() const { return dof == 6 ? 7 : 4; }
};

PosteriorProblem MakePosteriorProblem(int64_t num_objects, int64_t num_points, int dof,
                                      uint64_t seed);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_POSTERIOR_PROBLEM_H_
