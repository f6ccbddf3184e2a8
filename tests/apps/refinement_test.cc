// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/refinement.h"

#include <gtest/gtest.h>

#include "apps/propnp/noise_level.h"
#include "apps/propnp/overlay_frames.h"
#include "apps/propnp/pose_math.h"
#include "apps/propnp/select_objects.h"
#include "propnp/engine/args.h"
#include "tests/apps/sample_data.h"

namespace propnp::app {
namespace {

std::vector<RefinedObject> Refine(const io::PoseDataset& dataset, bool use_ceres = false) {
  SolveSettings settings;
  settings.use_ceres = use_ceres;
  NoiseLevel level;
  return RefineAtNoiseLevel(
      dataset, {false, 0.5}, settings, [](int64_t) {}, &level);
}

TEST(Refinement, FindsTheTruthFromStarts) {
  std::vector<io::Pose> truth;
  const auto refined = Refine(SampleDataset(8, 200, 0.5, &truth));
  for (size_t i = 0; i < truth.size(); ++i) {
    ASSERT_FALSE(refined[i].failed());
    EXPECT_LT(RotationDistanceDeg(truth[i], refined[i].pose), 0.1);
    EXPECT_LT(TranslationDistance(truth[i], refined[i].pose), 0.01);
    EXPECT_GT(refined[i].rms_before_px, 10);
    EXPECT_NEAR(refined[i].rms_after_px, 0.707, 0.15);  // 0.5 in u and in v
    EXPECT_EQ(refined[i].points, 200);
  }
}

TEST(Refinement, CeresAgreesWithBatch) {
  const io::PoseDataset dataset = SampleDataset(4, 50, 0.5);
  const auto batch = Refine(dataset), ceres = Refine(dataset, true);
  for (size_t i = 0; i < batch.size(); ++i) {
    EXPECT_LT(RotationDistanceDeg(batch[i].pose, ceres[i].pose), 1e-6);
    EXPECT_NEAR(batch[i].cost_after, ceres[i].cost_after, 1e-8 * batch[i].cost_after);
    ASSERT_EQ(batch[i].covariance.size(), ceres[i].covariance.size());
    for (size_t k = 0; k < 36; ++k) {
      EXPECT_NEAR(batch[i].covariance[k], ceres[i].covariance[k], 1e-9);
    }
  }
}

TEST(Refinement, ObjectsWithoutAStartFindOne) {
  std::vector<io::Pose> truth;
  io::PoseDataset dataset = SampleDataset(4, 50, 0.5, &truth);
  for (size_t i = 0; i < 4; i += 2) {
    dataset.objects[i].has_pose = false;
    dataset.objects[i].pose = io::kIdentityPose;
  }
  for (bool use_ceres : {false, true}) {
    const auto refined = Refine(dataset, use_ceres);
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_LT(RotationDistanceDeg(truth[i], refined[i].pose), 0.5) << i;
      EXPECT_EQ(std::isnan(refined[i].rms_before_px), i % 2 == 0);
    }
  }
}

// A batch of unlike objects is solved as its parts are: each object as if it were alone.
TEST(Refinement, MixesDegreesOfFreedom) {
  std::vector<io::Pose> truth;
  io::PoseDataset dataset = SampleDataset(3, 50, 0.5, &truth);
  io::DatasetObject& upright = dataset.objects[1];
  upright.dof = 4;
  upright.yaw_axis = {0, 1, 0};
  upright.base_rotation = io::PoseRotation(truth[1]);  // so that the true yaw is 0
  upright.pose = {truth[1][0], truth[1][1], truth[1][2] + 0.1, 0.1, 0, 0, 0};
  const auto refined = Refine(dataset);
  EXPECT_EQ(refined[1].covariance.size(), 16u);
  EXPECT_NEAR(refined[1].pose[3], 0, 0.01);
  EXPECT_LT(TranslationDistance(truth[1], FullPose(upright, refined[1].pose)), 0.02);
  for (size_t i = 0; i < 3; ++i) {
    const auto alone = Refine(SelectObjects(dataset, {i}));
    EXPECT_EQ(alone[0].pose, refined[i].pose);
  }
}

TEST(Refinement, BadObjectsAreNamedAndHarmNobody) {
  io::PoseDataset dataset = SampleDataset(3, 50, 0.5);
  const auto clean = Refine(dataset);
  dataset.w2d.assign(dataset.x2d.size(), 1.0);
  for (int p = 50; p < 100; ++p) dataset.w2d[2 * p] = dataset.w2d[2 * p + 1] = 0;
  const auto refined = Refine(dataset);
  EXPECT_TRUE(refined[1].failed());
  EXPECT_EQ(refined[1].points, 0);
  EXPECT_EQ(StatusNames(refined[1].status & PROPNP_STATUS_FAILED),
            std::vector<std::string>{"too_few_points"});
  EXPECT_EQ(refined[0].pose, clean[0].pose);
  EXPECT_EQ(refined[2].pose, clean[2].pose);
}

TEST(SelectObjects, LikeObjectsCoverEachOnce) {
  io::PoseDataset dataset = SampleDataset(10, 5, 0);
  dataset.objects[3].has_pose = false;
  dataset.objects[7].dof = 4;
  std::vector<int> seen(10, 0);
  for (const auto& part : LikeObjects(dataset, 4)) {
    EXPECT_LE(part.size(), 4u);
    for (size_t i : part) ++seen[i];
  }
  EXPECT_EQ(seen, std::vector<int>(10, 1));
}

TEST(OverlayFrames, KeepsTheWorst) {
  const io::PoseDataset dataset = SampleDataset(6, 5, 0);
  std::vector<double> errors;
  for (size_t i = 0; i < 6; ++i) errors.push_back(i % 2 == 0 ? 1.0 : 2.0 + i);
  const auto frames = ChooseFrames(dataset, errors, 4);
  ASSERT_EQ(frames.size(), 4u);
  EXPECT_EQ(frames[0].name, "0.jpg");  // one of those at the cut
  EXPECT_EQ(frames[1].name, "1.jpg");
  EXPECT_EQ(frames[3].name, "5.jpg");
  EXPECT_TRUE(ChooseFrames(dataset, errors, 0).empty());
  EXPECT_EQ(ChooseFrames(dataset, errors, 100).size(), 6u);
}

}  // namespace
}  // namespace propnp::app
