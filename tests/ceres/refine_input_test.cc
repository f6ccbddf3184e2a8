// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What RefinePoses does with bad input: of one object, of a whole call, and with none at all.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tests/ceres/refine_scene.h"

namespace propnp {
namespace {

using test::Scene;
using test::Tensor;

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
      {"cost.prior is given",
       [](Call* c) {
         static const propnp_prior kPrior = {};
         c->s.cost.prior = &kPrior;
       }},
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
