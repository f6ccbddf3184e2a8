// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Problems for RefinePoses with known true poses.
#ifndef PROPNP_TESTS_CERES_REFINE_SCENE_H_
#define PROPNP_TESTS_CERES_REFINE_SCENE_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "propnp/ceres/refine_poses.h"
#include "propnp/math/camera.h"
#include "propnp/math/pose.h"
#include "tests/ceres/tensor.h"
#include "tests/math/test_random.h"

namespace propnp::test {

// B objects of N points each, seen without noise through one pinhole camera, dense.
struct Scene {
  int objects = 6, points = 20, dof = 6;
  std::vector<double> x3d, x2d, w2d, truth, start;
  std::vector<int32_t> model{PROPNP_CAMERA_PINHOLE};
  std::vector<double> camera{600, 610, 320, 240, 0};
  propnp_correspondences correspondences = {};
  propnp_cameras cameras = {};
  propnp_cost_options cost = {};

  int stored() const { return dof == 6 ? 7 : 4; }

  Scene(int num_objects, int degrees, TestRandom* random) : objects(num_objects), dof(degrees) {
    const auto pinhole = PinholeCamera<double>::from_parameters(camera.data(), 0);
    for (int b = 0; b < objects; ++b) {
      double pose[7], step[6], moved[7];
      random->Pose(pose);
      pose[2] += 2;
      for (double& s : step) s = 0.05 * random->Normal();
      if (dof == 6) {
        SixDof<double>().retract(pose, step, moved);
      } else {
        FourDof<double>().retract(pose, step, moved);
      }
      truth.insert(truth.end(), pose, pose + stored());
      start.insert(start.end(), moved, moved + stored());
      const auto transform =
          dof == 6 ? SixDof<double>().transform(pose) : FourDof<double>().transform(pose);
      for (int i = 0; i < points; ++i) {
        const Vec3<double> x = random->Vector(0.4);
        const Vec2<double> u = pinhole.project(transform * x, 1e-3);
        x3d.insert(x3d.end(), {x.x, x.y, x.z});
        x2d.insert(x2d.end(), {u.x, u.y});
        w2d.insert(w2d.end(), {random->Uniform(0.5, 2), random->Uniform(0.5, 2)});
      }
    }
    Bind();
  }

  void AddNoise(double sigma_px, TestRandom* random) {
    for (double& u : x2d) u += sigma_px * random->Normal();
  }

  void Bind() {
    correspondences.struct_size = sizeof(correspondences);
    correspondences.num_objects = objects;
    correspondences.x3d = Tensor(&x3d, {objects, points, 3});
    correspondences.x2d = Tensor(&x2d, {objects, points, 2});
    correspondences.w2d = Tensor(&w2d, {objects, points, 2});
    cameras.struct_size = sizeof(cameras);
    cameras.model = Tensor(&model, {1});
    cameras.parameters = Tensor(&camera, {1, 5});
    cost.struct_size = sizeof(cost);
    cost.dof = dof;
    cost.delta = 1;
    cost.relative_delta = 0.5;
    cost.yaw_axis[1] = 1;
  }

  RefineResult Refine(const RefineOptions& options, std::vector<double>* poses) {
    RefineResult result;
    std::string error;
    EXPECT_TRUE(
        RefinePoses(correspondences, cameras, cost, options, poses->data(), &result, &error))
        << error;
    return result;
  }
};

inline void ExpectPose(const double* actual, const double* expected, int dof, double tolerance) {
  double delta[6];
  if (dof == 6) {
    SixDof<double>().local(expected, actual, delta);
  } else {
    FourDof<double>().local(expected, actual, delta);
  }
  for (int i = 0; i < dof; ++i) EXPECT_NEAR(delta[i], 0, tolerance) << i;
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_CERES_REFINE_SCENE_H_
