// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/pose_problem.h"

#include <cmath>
#include <stdexcept>

#include "benchmarks/engine_refiner.h"
#include "benchmarks/random_numbers.h"
#include "propnp/math/camera.h"
#include "propnp/math/pose.h"

namespace propnp::bench {
namespace {

constexpr double kFocalLength = 600;
constexpr double kNoise = 1;               // px
constexpr double kStartTranslation = .05;  // standard deviation, unit of length
constexpr double kStartRotation = .03;     // rad
constexpr double kZMin = 1e-3;
constexpr double kNearOptimum = 1e-5;

void RandomPose(RandomNumbers* random, double* pose) {
  pose[0] = .5 * random->Uniform(), pose[1] = .3 * random->Uniform();
  pose[2] = 4 + .5 * random->Uniform();
  random->Quaternion(pose + 3);
}

void RandomStart(RandomNumbers* random, const double* pose, double* start) {
  double step[6];
  for (int i = 0; i < 6; ++i) {
    step[i] = (i < 3 ? kStartTranslation : kStartRotation) * random->Normal();
  }
  SixDof<double>().retract(pose, step, start);
}

}  // namespace

template <typename T>
PoseProblem<T> MakePoseProblem(int64_t num_objects, int64_t num_points, uint64_t seed) {
  const PinholeCamera<double> camera{kFocalLength, kFocalLength, 319.5, 239.5, 0};
  PoseProblem<T> problem;
  problem.num_objects = num_objects;
  problem.num_points = num_points;
  problem.camera = {T(camera.fx), T(camera.fy), T(camera.cx), T(camera.cy), T(camera.skew)};
  problem.x3d.reserve(num_objects * num_points * 3);
  problem.x2d.reserve(num_objects * num_points * 2);
  problem.w2d.assign(num_objects * num_points * 2, T(1));
  problem.pose_init.reserve(num_objects * 7);

  RandomNumbers random(seed);
  for (int64_t b = 0; b < num_objects; ++b) {
    double pose[7], start[7];
    RandomPose(&random, pose);
    RandomStart(&random, pose, start);
    problem.pose_init.insert(problem.pose_init.end(), start, start + 7);
    const RigidTransform<double> cam_from_object = SixDof<double>().transform(pose);
    for (int64_t i = 0; i < num_points; ++i) {
      const Vec3<double> point{random.Uniform(), random.Uniform(), random.Uniform()};
      const Vec2<double> pixel = camera.project(cam_from_object * point, kZMin);
      problem.x3d.insert(problem.x3d.end(), {T(point.x), T(point.y), T(point.z)});
      problem.x2d.insert(problem.x2d.end(), {T(pixel.x + kNoise * random.Normal()),
                                             T(pixel.y + kNoise * random.Normal())});
    }
  }
  return problem;
}

template PoseProblem<float> MakePoseProblem(int64_t, int64_t, uint64_t);
template PoseProblem<double> MakePoseProblem(int64_t, int64_t, uint64_t);

std::array<double, 7> FindOptimum(const PoseProblem<double>& problem) {
  EngineRefiner<double> refiner(&problem, /*num_threads=*/1, /*iterations=*/50);
  refiner.Run();
  return refiner.pose(0);
}

double PoseDistance(const std::array<double, 7>& a, const std::array<double, 7>& b) {
  double delta[6], squared = 0;
  SixDof<double>().local(a.data(), b.data(), delta);
  for (double d : delta) squared += d * d;
  return std::sqrt(squared);
}

void RequireOptimum(const PoseProblem<double>& problem, const std::array<double, 7>& pose,
                    const std::string& method) {
  const double distance = PoseDistance(FindOptimum(problem), pose);
  if (distance < kNearOptimum) return;
  throw std::runtime_error(method + " ends " + std::to_string(distance) + " from the optimum");
}

}  // namespace propnp::bench
