// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/refine_poses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/ceres/refine_scene.h"

namespace propnp {
namespace {

using test::ExpectPose;
using test::Scene;
using test::Tensor;

TEST(RefinePoses, RecoversTheTruth) {
  test::TestRandom random;
  for (const int dof : {6, 4}) {
    for (const int loss :
         {PROPNP_LOSS_NONE, PROPNP_LOSS_HUBER, PROPNP_LOSS_ADAPTIVE_HUBER, PROPNP_LOSS_CAUCHY}) {
      Scene scene(6, dof, &random);
      scene.cost.loss = loss;
      scene.cost.delta = loss == PROPNP_LOSS_CAUCHY ? 50 : 1;
      std::vector<double> poses = scene.start;
      int64_t last_done = 0;
      RefineOptions options;
      options.progress = [&last_done](int64_t done) { EXPECT_EQ(done, ++last_done); };
      const RefineResult result = scene.Refine(options, &poses);
      ASSERT_EQ(result.objects.size(), 6u);
      EXPECT_EQ(last_done, 6);
      for (int b = 0; b < 6; ++b) {
        const RefinedObject& object = result.objects[b];
        EXPECT_EQ(object.status, kRefineConverged) << object.message;
        EXPECT_GT(object.cost_before, 1);
        EXPECT_LT(object.cost_after, 1e-18);
        EXPECT_GT(object.iterations, 0);
        EXPECT_TRUE(object.covariance.ok());
        EXPECT_EQ(object.covariance.size, dof);
        ExpectPose(&poses[b * scene.stored()], &scene.truth[b * scene.stored()], dof, 1e-9);
      }
    }
  }
}

TEST(RefinePoses, DoesNotDependOnThreads) {
  test::TestRandom random;
  Scene scene(7, 6, &random);
  scene.AddNoise(0.5, &random);
  scene.cost.loss = PROPNP_LOSS_HUBER;
  std::vector<double> one = scene.start, three = scene.start;
  RefineOptions options;
  scene.Refine(options, &one);
  options.num_threads = 3;
  scene.Refine(options, &three);
  EXPECT_EQ(one, three);
}

// Counts, packed points, float32, strides and information say the same as the plain layout.
TEST(RefinePoses, LayoutsOfTheInput) {
  test::TestRandom random;
  Scene scene(4, 6, &random);
  scene.AddNoise(0.5, &random);
  std::vector<double> expected = scene.start;
  scene.Refine({}, &expected);

  Scene packed = scene;
  std::vector<int64_t> offsets;
  for (int b = 0; b <= 4; ++b) offsets.push_back(b * 20);
  packed.correspondences = {};
  packed.correspondences.struct_size = sizeof(propnp_correspondences);
  packed.correspondences.num_objects = 4;
  packed.correspondences.x3d = Tensor(&scene.x3d, {80, 3});
  packed.correspondences.x2d = Tensor(&scene.x2d, {80, 2});
  packed.correspondences.w2d = Tensor(&scene.w2d, {80, 2});
  packed.correspondences.offsets = Tensor(&offsets, {5});
  std::vector<double> poses = scene.start;
  packed.Refine({}, &poses);
  EXPECT_EQ(poses, expected);

  std::vector<double> info;
  for (size_t i = 0; i < scene.w2d.size(); i += 2) {
    info.insert(info.end(), {scene.w2d[i], 0, 0, scene.w2d[i + 1]});
  }
  packed.correspondences.w2d = {};
  packed.correspondences.sqrt_info = Tensor(&info, {80, 2, 2});
  poses = scene.start;
  packed.Refine({}, &poses);
  for (int b = 0; b < 4; ++b) ExpectPose(&poses[7 * b], &expected[7 * b], 6, 1e-10);

  // Padding is never read: five more points a row, not numbers.
  Scene padded = scene;
  const auto pad = [](const std::vector<double>& values, int per_point) {
    std::vector<double> out;
    for (int b = 0; b < 4; ++b) {
      out.insert(out.end(), values.begin() + b * 20 * per_point,
                 values.begin() + (b + 1) * 20 * per_point);
      out.insert(out.end(), 5 * per_point, std::nan(""));
    }
    return out;
  };
  padded.x3d = pad(scene.x3d, 3), padded.x2d = pad(scene.x2d, 2), padded.w2d = pad(scene.w2d, 2);
  padded.points = 25;
  padded.Bind();
  std::vector<int64_t> counts(4, 20);
  padded.correspondences.counts = Tensor(&counts, {4});
  poses = scene.start;
  padded.Refine({}, &poses);
  EXPECT_EQ(poses, expected);

  // Columns of a wider table, through strides; and float32.
  Scene strided = scene;
  std::vector<float> table;
  for (int i = 0; i < 80; ++i) {
    for (int k = 0; k < 3; ++k) table.push_back(static_cast<float>(scene.x3d[3 * i + k]));
    for (int k = 0; k < 2; ++k) table.push_back(static_cast<float>(scene.x2d[2 * i + k]));
  }
  propnp_tensor x = {table.data(), PROPNP_FLOAT32, 3, {4, 20, 3, 0}, {100, 5, 1, 0}};
  propnp_tensor u = {table.data() + 3, PROPNP_FLOAT32, 3, {4, 20, 2, 0}, {100, 5, 1, 0}};
  strided.correspondences.x3d = x, strided.correspondences.x2d = u;
  poses = scene.start;
  strided.Refine({}, &poses);
  for (int b = 0; b < 4; ++b) ExpectPose(&poses[7 * b], &expected[7 * b], 6, 1e-5);
}

// A rig of two cameras: each object is seen by both.
TEST(RefinePoses, Rig) {
  test::TestRandom random;
  const int objects = 3, points = 10;
  std::vector<double> rigs{0, 0, 0, 1, 0, 0, 0, -0.3, 0.05, 0.02, 0.98, 0.1, -0.1, 0.05};
  std::vector<double> x3d, x2d, truth, start, camera{600, 610, 320, 240, 0, 550, 320, 240, -0.1, 0};
  std::vector<int32_t> model{PROPNP_CAMERA_PINHOLE, PROPNP_CAMERA_SIMPLE_RADIAL};
  std::vector<int32_t> view_camera, view_rig;
  std::vector<int64_t> view_offsets{0};
  for (int b = 0; b < objects; ++b) {
    double pose[7], step[6], moved[7];
    random.Pose(pose);
    pose[2] += 2;
    for (double& s : step) s = 0.03 * random.Normal();
    SixDof<double>().retract(pose, step, moved);
    truth.insert(truth.end(), pose, pose + 7);
    start.insert(start.end(), moved, moved + 7);
    for (int c = 0; c < 2; ++c) {
      const auto transform =
          SixDof<double>().transform(&rigs[7 * c]) * SixDof<double>().transform(pose);
      for (int i = 0; i < points; ++i) {
        const Vec3<double> x = random.Vector(0.4);
        const Vec3<double> p = transform * x;
        const Vec2<double> u =
            c == 0 ? PinholeCamera<double>::from_parameters(&camera[0], 0).project(p, 1e-3)
                   : SimpleRadialCamera<double>::from_parameters(&camera[5], 1e12).project(p, 1e-3);
        x3d.insert(x3d.end(), {x.x, x.y, x.z});
        x2d.insert(x2d.end(), {u.x, u.y});
      }
      view_camera.push_back(c), view_rig.push_back(c == 0 && b == 0 ? -1 : c);
    }
    view_offsets.push_back(2 * b + 2);
  }
  propnp_correspondences c = {};
  c.struct_size = sizeof(c);
  c.num_objects = objects;
  c.x3d = Tensor(&x3d, {2 * objects, points, 3});
  c.x2d = Tensor(&x2d, {2 * objects, points, 2});
  c.view_offsets = Tensor(&view_offsets, {objects + 1});
  c.view_camera = Tensor(&view_camera, {2 * objects});
  c.view_rig = Tensor(&view_rig, {2 * objects});
  c.camera_from_rig = Tensor(&rigs, {2, 7});
  propnp_cameras cameras = {};
  cameras.struct_size = sizeof(cameras);
  cameras.model = Tensor(&model, {2});
  cameras.parameters = Tensor(&camera, {2, 5});
  propnp_cost_options cost = {};
  cost.struct_size = sizeof(cost);
  cost.dof = 6;
  RefineResult result;
  std::string error;
  ASSERT_TRUE(RefinePoses(c, cameras, cost, {}, start.data(), &result, &error)) << error;
  for (int b = 0; b < objects; ++b) {
    EXPECT_EQ(result.objects[b].status, kRefineConverged) << result.objects[b].message;
    ExpectPose(&start[7 * b], &truth[7 * b], 6, 1e-9);
  }
}

TEST(RefinePoses, SharedIntrinsics) {
  test::TestRandom random;
  Scene scene(8, 6, &random);
  const std::vector<double> true_camera = scene.camera;
  scene.camera = {640, 580, 320, 240, 0};
  RefineOptions options;
  options.refined_intrinsics = {0, 1};
  std::vector<double> poses = scene.start;
  const RefineResult result = scene.Refine(options, &poses);
  for (int b = 0; b < 8; ++b) {
    EXPECT_EQ(result.objects[b].status, kRefineConverged) << result.objects[b].message;
    ExpectPose(&poses[7 * b], &scene.truth[7 * b], 6, 1e-7);
  }
  ASSERT_EQ(result.camera_parameters.size(), 12u);
  for (int k = 0; k < 5; ++k) EXPECT_NEAR(result.camera_parameters[k], true_camera[k], 1e-5) << k;
  EXPECT_EQ(scene.camera[0], 640);  // the input is left alone
}

// One board of points seen from all poses: with the points free too the residuals vanish.
TEST(RefinePoses, SharedPoints) {
  test::TestRandom random;
  Scene scene(8, 6, &random);
  const auto pinhole = PinholeCamera<double>::from_parameters(scene.camera.data(), 0);
  std::vector<int64_t> ids;
  for (int b = 0; b < 8; ++b) {
    const auto transform = SixDof<double>().transform(&scene.truth[7 * b]);
    for (int i = 0; i < 20; ++i) {
      const double* board = &scene.x3d[3 * i];
      const Vec2<double> u =
          pinhole.project(transform * Vec3<double>{board[0], board[1], board[2]}, 1e-3);
      scene.x2d[40 * b + 2 * i] = u.x, scene.x2d[40 * b + 2 * i + 1] = u.y;
      ids.push_back(1000000007LL * i - 5);
    }
  }
  std::vector<double> wrong;
  for (int i = 0; i < 60; ++i) wrong.push_back(scene.x3d[i] + 0.01 * random.Normal());
  for (int b = 0; b < 8; ++b) std::copy(wrong.begin(), wrong.end(), &scene.x3d[60 * b]);
  RefineOptions options;
  options.refine_points = true;
  options.point_ids = Tensor(&ids, {8, 20});
  std::vector<double> poses = scene.start;
  const RefineResult result = scene.Refine(options, &poses);
  for (const RefinedObject& object : result.objects) {
    EXPECT_GT(object.cost_before, 1);
    EXPECT_LT(object.cost_after, 1e-6);
  }
  ASSERT_EQ(result.x3d.size(), 3u * 160);
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(result.x3d[i], result.x3d[60 * 7 + i]);
    EXPECT_NE(result.x3d[i], wrong[i]);
  }
}

}  // namespace
}  // namespace propnp
