// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Synthetic refinement problems: objects of N points in a box of side 2, some four units in front
// of a 640 x 480 pinhole camera, seen with a noise of 1 px, and starts some degrees and centimetres
// off.
#ifndef PROPNP_BENCHMARKS_POSE_PROBLEM_H_
#define PROPNP_BENCHMARKS_POSE_PROBLEM_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace propnp::bench {

// Poses are cam_from_object as [tx ty tz qw qx qy qz]. All arrays are dense and row-major.
template <typename T>
struct PoseProblem {
  int64_t num_objects = 0;
  int64_t num_points = 0;     // of an object
  std::array<T, 5> camera{};  // fx fy cx cy skew, px
  std::vector<T> x3d;         // objects x points x 3
  std::vector<T> x2d;         // objects x points x 2, px
  std::vector<T> w2d;         // objects x points x 2, 1/px: ones
  std::vector<T> pose_init;   // objects x 7
};

// The numbers are those of double, rounded to T.
template <typename T>
PoseProblem<T> MakePoseProblem(int64_t num_objects, int64_t num_points, uint64_t seed);

// A problem that is made when it is first asked for and then shared.
template <typename T>
using LazyProblem = std::function<std::shared_ptr<const PoseProblem<T>>()>;

template <typename T>
LazyProblem<T> MakeLazily(int64_t num_objects, int64_t num_points, uint64_t seed) {
  auto slot = std::make_shared<std::shared_ptr<const PoseProblem<T>>>();
  return [=] {
    if (!*slot) {
      *slot = std::make_shared<PoseProblem<T>>(MakePoseProblem<T>(num_objects, num_points, seed));
    }
    return *slot;
  };
}

// The minimum of the one object of `problem`, far more exact than any method is timed to.
std::array<double, 7> FindOptimum(const PoseProblem<double>& problem);

// The distance of two poses: the norm of the tangent between them, units of length and radians
// mixed.
double PoseDistance(const std::array<double, 7>& a, const std::array<double, 7>& b);

// Throws std::runtime_error unless `pose` is within 1e-6 of the optimum, less than a hundredth of
// its standard deviation.
void RequireOptimum(const PoseProblem<double>& problem, const std::array<double, 7>& pose,
                    const std::string& method);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_POSE_PROBLEM_H_
