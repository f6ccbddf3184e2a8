// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/posterior_problem.h"

#include "benchmarks/random_numbers.h"
#include "propnp/math/camera.h"
#include "propnp/math/pose.h"

namespace propnp::bench {
namespace {

constexpr double kFocalLength = 600, kWidth = 640, kHeight = 480;  // px
constexpr double kHalfBox = .5;                                    // m
constexpr double kNearest = 2, kFarthest = 10;                     // m
constexpr double kLeastNoise = 1, kMostNoise = 2;                  // px
constexpr double kOutlierShare = .1, kOutlierNoise = 30;           // px
constexpr double kZMin = 1e-3;
constexpr double kPi = 3.14159265358979323846;

// The object's centre falls into the middle three quarters of the image.
std::array<double, 7> RandomPose(int dof, RandomNumbers* random) {
  std::array<double, 7> pose{};
  pose[2] = random->Uniform(kNearest, kFarthest);
  pose[0] = pose[2] * .75 * kWidth / 2 / kFocalLength * random->Uniform();
  pose[1] = pose[2] * .75 * kHeight / 2 / kFocalLength * random->Uniform();
  if (dof == 6) {
    random->Quaternion(&pose[3]);
  } else {
    pose[3] = kPi * random->Uniform();
  }
  return pose;
}

void AddPoint(const PinholeCamera<double>& camera, const RigidTransform<double>& cam_from_object,
              RandomNumbers* random, PosteriorProblem* problem) {
  const Vec3<double> point{kHalfBox * random->Uniform(), kHalfBox * random->Uniform(),
                           kHalfBox * random->Uniform()};
  const Vec2<double> pixel = camera.project(cam_from_object * point, kZMin);
  const bool outlier = random->Uniform(0, 1) < kOutlierShare;
  problem->x3d.insert(problem->x3d.end(), {static_cast<float>(point.x), static_cast<float>(point.y),
                                           static_cast<float>(point.z)});
  for (const double coordinate : {pixel.x, pixel.y}) {
    const double sigma = random->Uniform(kLeastNoise, kMostNoise);
    const double noise = (outlier ? kOutlierNoise : sigma) * random->Normal();
    problem->x2d.push_back(static_cast<float>(coordinate + noise));
    problem->w2d.push_back(static_cast<float>(1 / sigma));
  }
}

}  // namespace

PosteriorProblem MakePosteriorProblem(int64_t num_objects, int64_t num_points, int dof,
                                      uint64_t seed) {
  const PinholeCamera<double> camera{kFocalLength, kFocalLength, (kWidth - 1) / 2,
                                     (kHeight - 1) / 2, 0};
  PosteriorProblem problem;
  problem.num_objects = num_objects;
  problem.num_points = num_points;
  problem.dof = dof;
  problem.camera = {static_cast<float>(camera.fx), static_cast<float>(camera.fy),
                    static_cast<float>(camera.cx), static_cast<float>(camera.cy), 0};
  problem.image = {-.5f, -.5f, static_cast<float>(kWidth - .5), static_cast<float>(kHeight - .5)};
  problem.x3d.reserve(num_objects * num_points * 3);
  problem.x2d.reserve(num_objects * num_points * 2);
  problem.w2d.reserve(num_objects * num_points * 2);

  RandomNumbers random(seed);
  for (int64_t b = 0; b < num_objects; ++b) {
    const std::array<double, 7> pose = RandomPose(dof, &random);
    problem.pose_true.insert(problem.pose_true.end(), pose.begin(),
                             pose.begin() + problem.pose_size());
    const RigidTransform<double> cam_from_object = dof == 6
                                                       ? SixDof<double>().transform(pose.data())
                                                       : FourDof<double>().transform(pose.data());
    for (int64_t i = 0; i < num_points; ++i) {
      AddPoint(camera, cam_from_object, &random, &problem);
    }
  }
  return problem;
}

}  // namespace propnp::bench
