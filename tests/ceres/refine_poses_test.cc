// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/refine_poses.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "propnp/math/pose.h"
#include "tests/ceres/cost_case.h"

namespace propnp {
namespace {

template <typename T>
propnp_tensor Tensor(std::vector<T>* data, std::initializer_list<int64_t> shape) {
  propnp_tensor t = {};
  t.data = data->data();
  t.dtype = std::is_same_v<T, double>    ? PROPNP_FLOAT64
            : std::is_same_v<T, float>   ? PROPNP_FLOAT32
            : std::is_same_v<T, int32_t> ? PROPNP_INT32
                                         : PROPNP_INT64;
  t.ndim = static_cast<int32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), t.shape);
  int64_t stride = 1;
  for (int i = t.ndim - 1; i >= 0; --i) t.stride[i] = stride, stride *= t.shape[i];
  return t;
}

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

  Scene(int num_objects, int degrees, test::TestRandom* random)
      : objects(num_objects), dof(degrees) {
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

  void AddNoise(double sigma_px, test::TestRandom* random) {
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

void ExpectPose(const double* actual, const double* expected, int dof, double tolerance) {
  double delta[6];
  if (dof == 6) {
    SixDof<double>().local(expected, actual, delta);
  } else {
    FourDof<double>().local(expected, actual, delta);
  }
  for (int i = 0; i < dof; ++i) EXPECT_NEAR(delta[i], 0, tolerance) << i;
}

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

TEST(RefinePoses, BadObjectsDoNotTouchTheirNeighbours) {
  test::TestRandom random;
  const double nan = std::nan("");
  const std::vector<std::tuple<std::string, uint32_t, std::function<void(Scene*)>>> changes = {
      {"x3d of point 3 of view 2", kRefineNonFiniteInput,
       [&](Scene* s) { s->x3d[60 * 2 + 10] = nan; }},
      {"x2d of point 0 of view 2", kRefineNonFiniteInput,
       [&](Scene* s) { s->x2d[40 * 2] = INFINITY; }},
      {"w2d of point 1 of view 2", kRefineNonFiniteInput,
       [&](Scene* s) { s->w2d[40 * 2 + 2] = -1; }},
      {"start", kRefineNonFiniteInput, [&](Scene* s) { s->start[7 * 2 + 1] = nan; }},
      {"start", kRefineNonFiniteInput,
       [&](Scene* s) { std::fill_n(&s->start[7 * 2 + 3], 4, 0.0); }},
      {"0 points have weight", kRefineTooFewPoints,
       [&](Scene* s) { std::fill_n(&s->w2d[40 * 2], 40, 0.0); }},
      {"2 points have weight", kRefineTooFewPoints,
       [&](Scene* s) { std::fill_n(&s->w2d[40 * 2 + 4], 36, 0.0); }},
      {"the cost at the start is not finite", kRefineNonFiniteInput,
       [&](Scene* s) { s->start[7 * 2] = 1e300; }},
  };
  for (const bool joint : {false, true}) {
    for (const auto& [word, status, change] : changes) {
      SCOPED_TRACE(word + (joint ? " jointly" : ""));
      Scene scene(4, 6, &random);
      scene.AddNoise(0.3, &random);
      RefineOptions options;
      if (joint) options.refined_intrinsics = {0};
      std::vector<double> without = scene.start;
      if (!joint) scene.Refine(options, &without);
      change(&scene);
      scene.Bind();
      std::vector<double> poses = scene.start;
      const RefineResult result = scene.Refine(options, &poses);
      EXPECT_EQ(result.objects[2].status, status);
      EXPECT_NE(result.objects[2].message.find(word), std::string::npos)
          << result.objects[2].message;
      for (int k = 0; k < 7; ++k) {
        EXPECT_TRUE(poses[14 + k] == scene.start[14 + k] || std::isnan(scene.start[14 + k]));
      }
      for (const int b : {0, 1, 3}) {
        EXPECT_EQ(result.objects[b].status, kRefineConverged) << result.objects[b].message;
        for (int k = 0; k < 7 && !joint; ++k) EXPECT_EQ(poses[7 * b + k], without[7 * b + k]);
      }
    }
  }
}

TEST(RefinePoses, StatusOfHardObjects) {
  test::TestRandom random;
  Scene scene(2, 6, &random);
  // All points of object 0 behind the camera; object 1 on a line.
  for (int k = 0; k < 3; ++k) scene.start[k] = k == 2 ? -50 : 0;
  RefineOptions options;
  options.max_iterations = 0;
  for (int i = 0; i < 20; ++i) {
    scene.x3d[60 + 3 * i + 1] = scene.x3d[60 + 3 * i + 2] = 0;
  }
  std::vector<double> poses = scene.start;
  const RefineResult result = scene.Refine(options, &poses);
  EXPECT_EQ(poses, scene.start);
  EXPECT_NE(result.objects[0].status & kRefineBehindCamera, 0u);
  EXPECT_NE(result.objects[0].status & kRefineMaxIterations, 0u);
  EXPECT_NE(result.objects[1].status & kRefineRankDeficient, 0u);
  EXPECT_EQ(result.objects[1].covariance.rank, 5);
}

TEST(RefinePoses, NoObjects) {
  test::TestRandom random;
  Scene scene(1, 6, &random);
  scene.correspondences = {};
  scene.correspondences.struct_size = sizeof(propnp_correspondences);
  std::vector<double> none;
  EXPECT_TRUE(scene.Refine({}, &none).objects.empty());
}

// Each of these makes the call fail with a message that contains the word.
TEST(RefinePoses, HostileArguments) {
  test::TestRandom random;
  const Scene good(3, 6, &random);
  std::vector<int64_t> few{0, 20}, ids(60);
  std::vector<int64_t> falling{0, 40, 20, 60}, beyond{0, 20, 40, 61}, counts{20, 21, 20},
      negative{20, -1, 20}, view_offsets{0, 1, 2, int64_t{1} << 62};
  std::vector<int32_t> unknown{17}, view_camera{0, 1, 0}, view_rig{0, -1, -2};
  std::vector<double> bad_camera{600, 610, std::nan(""), 240, 0}, box{0, 0, -1, 5}, pose7(7),
      base(12);
  struct Call {
    Scene s;
    RefineOptions o;
    bool null_poses = false;
  };
  const auto packed = [&](Call* c, std::vector<int64_t>* offsets) {
    c->s.correspondences.x3d = Tensor(&c->s.x3d, {60, 3});
    c->s.correspondences.x2d = Tensor(&c->s.x2d, {60, 2});
    c->s.correspondences.w2d = Tensor(&c->s.w2d, {60, 2});
    c->s.correspondences.offsets = Tensor(offsets, {static_cast<int64_t>(offsets->size())});
  };
  const std::vector<std::pair<std::string, std::function<void(Call*)>>> changes = {
      {"correspondences.struct_size", [](Call* c) { c->s.correspondences.struct_size = 8; }},
      {"cameras.struct_size", [](Call* c) { c->s.cameras.struct_size = 0; }},
      {"cost.struct_size", [](Call* c) { c->s.cost.struct_size = 1; }},
      {"num_objects", [](Call* c) { c->s.correspondences.num_objects = -3; }},
      {"num_objects", [](Call* c) { c->s.correspondences.num_objects = INT64_MAX; }},
      {"x3d is not given", [](Call* c) { c->s.correspondences.x3d = {}; }},
      {"x3d has shape (3, 20, 2)", [](Call* c) { c->s.correspondences.x3d.shape[2] = 2; }},
      {"x3d has shape (4, 20, 3)", [](Call* c) { c->s.correspondences.x3d.shape[0] = 4; }},
      {"x3d has shape (3, -20, 3)", [](Call* c) { c->s.correspondences.x3d.shape[1] = -20; }},
      {"x3d has dtype", [](Call* c) { c->s.correspondences.x3d.dtype = PROPNP_INT32; }},
      {"x2d has shape (3, 19, 2)", [](Call* c) { c->s.correspondences.x2d.shape[1] = 19; }},
      {"x2d is not given", [](Call* c) { c->s.correspondences.x2d.data = nullptr; }},
      {"w2d has shape", [](Call* c) { c->s.correspondences.w2d.shape[2] = 1; }},
      {"w2d and sqrt_info",
       [](Call* c) {
         c->s.correspondences.sqrt_info = c->s.correspondences.w2d;
         c->s.correspondences.sqrt_info.ndim = 4;
         c->s.correspondences.sqrt_info.shape[3] = 2;
       }},
      {"offsets has shape (2)", [&](Call* c) { packed(c, &few); }},
      {"offsets[2] is 20", [&](Call* c) { packed(c, &falling); }},
      {"offsets[3] is 61", [&](Call* c) { packed(c, &beyond); }},
      {"offsets go with packed",
       [&](Call* c) { c->s.correspondences.offsets = Tensor(&few, {2}); }},
      {"counts go with dense",
       [&](Call* c) {
         packed(c, &falling);
         c->s.correspondences.counts = Tensor(&counts, {3});
       }},
      {"counts[1] is 21", [&](Call* c) { c->s.correspondences.counts = Tensor(&counts, {3}); }},
      {"counts[1] is -1", [&](Call* c) { c->s.correspondences.counts = Tensor(&negative, {3}); }},
      {"view_offsets ends",
       [&](Call* c) { c->s.correspondences.view_offsets = Tensor(&view_offsets, {4}); }},
      {"cameras.model has dtype", [](Call* c) { c->s.cameras.model.dtype = PROPNP_INT64; }},
      {"camera 0: camera_model is 17",
       [&](Call* c) { c->s.cameras.model = Tensor(&unknown, {1}); }},
      {"cameras.parameters has shape (1, 4)",
       [](Call* c) { c->s.cameras.parameters.shape[1] = 4; }},
      {"camera_parameters[2]",
       [&](Call* c) {
         c->s.cameras.parameters = Tensor(&bad_camera, {1, 5});
       }},
      {"camera 0: box",
       [&](Call* c) {
         c->s.cameras.box_px = Tensor(&box, {1, 4});
       }},
      {"view_camera[1] is 1",
       [&](Call* c) { c->s.correspondences.view_camera = Tensor(&view_camera, {3}); }},
      {"view_rig[0] is 0",
       [&](Call* c) { c->s.correspondences.view_rig = Tensor(&view_rig, {3}); }},
      {"view_rig[2] is -2",
       [&](Call* c) {
         c->s.correspondences.view_rig = Tensor(&view_rig, {3});
         c->s.correspondences.camera_from_rig = Tensor(&pose7, {1, 7});
       }},
      {"base_rotation has shape (3, 3)",
       [&](Call* c) {
         c->s.correspondences.base_rotation = Tensor(&base, {3, 3});
       }},
      {"cost.dof is 5", [](Call* c) { c->s.cost.dof = 5; }},
      {"cost.loss is 4", [](Call* c) { c->s.cost.loss = 4; }},
      {"cost.delta is 0", [](Call* c) { c->s.cost.loss = PROPNP_LOSS_HUBER, c->s.cost.delta = 0; }},
      {"cost.relative_delta is -1",
       [](Call* c) { c->s.cost.loss = PROPNP_LOSS_ADAPTIVE_HUBER, c->s.cost.relative_delta = -1; }},
      {"cost.z_min", [](Call* c) { c->s.cost.z_min = -0.1; }},
      {"cost.yaw_axis", [](Call* c) { c->s.cost.dof = 4, c->s.cost.yaw_axis[0] = 1; }},
      {"cost.object_delta has shape (7)",
       [&](Call* c) { c->s.cost.object_delta = Tensor(&pose7, {7}); }},
      {"max_iterations is -1", [](Call* c) { c->o.max_iterations = -1; }},
      {"num_threads is 0", [](Call* c) { c->o.num_threads = 0; }},
      {"covariance is 9", [](Call* c) { c->o.covariance = static_cast<CovarianceKind>(9); }},
      {"refined_intrinsics is -1",
       [](Call* c) {
         c->o.refined_intrinsics = {0, -1};
       }},
      {"refined_intrinsics names parameter 5", [](Call* c) { c->o.refined_intrinsics = {5}; }},
      {"point_ids is not given", [](Call* c) { c->o.refine_points = true; }},
      {"point_ids has shape (60)",
       [&](Call* c) { c->o.refine_points = true, c->o.point_ids = Tensor(&ids, {60}); }},
      {"poses is null", [](Call* c) { c->null_poses = true; }},
  };
  for (const auto& [word, change] : changes) {
    Call call{good, {}};
    call.s.Bind();
    change(&call);
    RefineResult result;
    std::string error;
    std::vector<double> poses = good.start;
    EXPECT_FALSE(RefinePoses(call.s.correspondences, call.s.cameras, call.s.cost, call.o,
                             call.null_poses ? nullptr : poses.data(), &result, &error))
        << word;
    EXPECT_NE(error.find(word), std::string::npos) << "'" << error << "' does not say " << word;
    EXPECT_EQ(poses, good.start);
  }
}

}  // namespace
}  // namespace propnp
