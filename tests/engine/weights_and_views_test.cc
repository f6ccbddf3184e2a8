// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Weights, 2x2 informations, losses and rigs: what is given is used, and used as it should be.
#include <algorithm>

#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

Batch NoisyBatch(TestRandom& random, int dof, int64_t objects = 5) {
  Simulation simulation;
  simulation.objects = objects;
  simulation.points = 15;
  simulation.dof = dof;
  simulation.noise_px = 2;
  Batch batch = Simulate(random, simulation);
  batch.w2d.resize(batch.x2d.size());
  for (double& w : batch.w2d) w = random.Uniform(0.2, 2);
  batch.pose_init = batch.true_pose;
  return batch;
}

double LargestStep(const Batch& b, const Solution& one, const Solution& other) {
  double largest = 0;
  for (int64_t i = 0; i < b.num_objects; ++i) {
    const PoseDistance d =
        Distance(b.cost.dof, &one.pose[i * b.pose_size()], &other.pose[i * b.pose_size()]);
    largest = std::max({largest, d.translation, d.rotation});
  }
  return largest;
}

void UseDiagonalInformation(Batch* b) {
  b->sqrt_info.assign(2 * b->w2d.size(), 0.0);
  for (size_t i = 0; i < b->w2d.size(); ++i) b->sqrt_info[i / 2 * 4 + i % 2 * 3] = b->w2d[i];
  b->w2d.clear();
}

TEST(Weights, ChangingOneChangesTheAnswer) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    Batch batch = NoisyBatch(random, dof, 1);
    const Solution before = SolveBatch(batch);
    for (const int axis : {0, 1}) {
      Batch changed = batch;
      changed.w2d[2 * 4 + axis] *= 3;
      EXPECT_GT(LargestStep(batch, before, SolveBatch(changed)), 1e-5);
    }
  }
}

// Twice the weight on everything: the same pose, a quarter of the covariance.
TEST(Weights, ScaleTheCovariance) {
  TestRandom random;
  Batch batch = NoisyBatch(random, 6);
  const Solution one = SolveBatch(batch);
  for (double& w : batch.w2d) w *= 2;
  const Solution two = SolveBatch(batch);
  // Within 1e-4 standard deviations at the very worst (CONVERGED); these are below .1.
  EXPECT_LT(LargestStep(batch, one, two), 1e-5);
  for (size_t k = 0; k < one.covariance.size(); k += 7) {
    if (k % 36 == 0 || k % 36 % 7 == 0) {
      EXPECT_NEAR(4 * two.covariance[k], one.covariance[k], 1e-3 * one.covariance[k]);
    }
  }
}

// Padding lanes and weights of zero are the same thing: the point may as well be absent.
TEST(Weights, ZeroRemovesThePoint) {
  TestRandom random;
  Batch batch = NoisyBatch(random, 6, 1);
  batch.w2d[28] = batch.w2d[29] = 0;  // the last of 15
  const Solution weightless = SolveBatch(batch);
  batch.counts = {14};
  const Solution absent = SolveBatch(batch);
  EXPECT_LT(LargestStep(batch, weightless, absent), 1e-8);
  EXPECT_NEAR(weightless.cost_after[0], absent.cost_after[0], 1e-9 * absent.cost_after[0]);
}

TEST(Weights, OneIsTheDefault) {
  TestRandom random;
  Batch batch = NoisyBatch(random, 6);
  batch.w2d.assign(batch.w2d.size(), 1.0);
  const Solution given = SolveBatch(batch);
  batch.w2d.clear();
  ExpectSameSolution(given, SolveBatch(batch));
}

class Information : public ::testing::TestWithParam<int32_t> {};  // by loss

// Two products of zero more in every sum: rounding of n epsilon, carried to the minimum.
TEST_P(Information, DiagonalEqualsWeights) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    for (const bool random_starts : {false, true}) {
      Batch batch = NoisyBatch(random, dof);
      batch.cost.loss = GetParam();
      if (random_starts) batch.pose_init.clear();
      // The adaptive scale takes another mean of the two weights of an information.
      if (GetParam() == PROPNP_LOSS_ADAPTIVE_HUBER || random_starts) {
        for (size_t k = 0; k < batch.w2d.size(); k += 2) batch.w2d[k + 1] = batch.w2d[k];
      }
      const Solution weights = SolveBatch(batch);
      UseDiagonalInformation(&batch);
      const Solution information = SolveBatch(batch);
      EXPECT_LT(LargestStep(batch, weights, information), 1e-8);
      for (size_t k = 0; k < weights.covariance.size(); ++k) {
        EXPECT_NEAR(weights.covariance[k], information.covariance[k], 1e-8);
      }
    }
  }
}

// rho depends on |W e| alone, so W may be turned from the left.
TEST_P(Information, RotatedFromTheLeftIsTheSame) {
  TestRandom random;
  Batch batch = NoisyBatch(random, 6);
  batch.cost.loss = GetParam();
  UseDiagonalInformation(&batch);
  for (double& entry : batch.sqrt_info) entry += random.Uniform(-0.3, 0.3);
  const Solution before = SolveBatch(batch);
  for (size_t k = 0; k < batch.sqrt_info.size(); k += 4) {
    const double angle = random.Uniform(-3, 3), c = std::cos(angle), s = std::sin(angle);
    double* w = &batch.sqrt_info[k];
    const double turned[4] = {c * w[0] - s * w[2], c * w[1] - s * w[3], s * w[0] + c * w[2],
                              s * w[1] + c * w[3]};
    std::copy(turned, turned + 4, w);
  }
  EXPECT_LT(LargestStep(batch, before, SolveBatch(batch)), 1e-8);
  // But not from the right.
  for (size_t k = 0; k < batch.sqrt_info.size(); k += 4) {
    std::swap(batch.sqrt_info[k], batch.sqrt_info[k + 1]);
    std::swap(batch.sqrt_info[k + 2], batch.sqrt_info[k + 3]);
  }
  EXPECT_GT(LargestStep(batch, before, SolveBatch(batch)), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Losses, Information,
                         ::testing::Values(PROPNP_LOSS_NONE, PROPNP_LOSS_HUBER,
                                           PROPNP_LOSS_ADAPTIVE_HUBER, PROPNP_LOSS_CAUCHY),
                         ::testing::PrintToStringParamName());

// One object on a rig of two cameras of different models, `first` points in the first view.
Batch RigBatch(TestRandom& random, int dof, int64_t first, int64_t second, double noise_px) {
  Batch b;
  b.num_objects = 1, b.num_views = 2;
  b.num_points = first + second;
  b.cost.dof = dof;
  b.offsets = {0, first, first + second};
  b.view_offsets = {0, 2};
  b.view_camera = {1, 0}, b.view_rig = {-1, 0};
  b.camera_model = {PROPNP_CAMERA_FISHEYE, PROPNP_CAMERA_OPENCV};
  b.camera_parameters = CameraParameters(PROPNP_CAMERA_FISHEYE);
  const std::vector<double> opencv = CameraParameters(PROPNP_CAMERA_OPENCV);
  b.camera_parameters.insert(b.camera_parameters.end(), opencv.begin(), opencv.end());
  // To the right and turned inwards.
  b.camera_from_rig = {-0.8, 0.1, 0.05, 0.98, 0.02, -0.15, 0.03};
  b.true_pose = RandomPose(random, dof);
  const RigidTransform<double> rig_from_object = TransformOf(b, 0, b.true_pose.data());
  const RigidTransform<double> second_from_rig =
      SixDof<double>().transform(b.camera_from_rig.data());
  for (int64_t k = 0; k < b.num_points; ++k) {
    const Vec3<double> x{random.Uniform(-1, 1), random.Uniform(-1, 1), random.Uniform(-1, 1)};
    b.x3d.insert(b.x3d.end(), {x.x, x.y, x.z});
    const Vec3<double> in_rig = rig_from_object * x;
    const Vec2<double> pixel =
        k < first
            ? Project(PROPNP_CAMERA_OPENCV, opencv.data(), in_rig)
            : Project(PROPNP_CAMERA_FISHEYE, b.camera_parameters.data(), second_from_rig * in_rig);
    b.x2d.insert(b.x2d.end(),
                 {pixel.x + noise_px * random.Normal(), pixel.y + noise_px * random.Normal()});
  }
  return b;
}

// The cost of both views, stacked by hand.
double StackedCost(const Batch& b, const double* pose) {
  const RigidTransform<double> rig_from_object = TransformOf(b, 0, pose);
  const RigidTransform<double> second_from_rig =
      SixDof<double>().transform(b.camera_from_rig.data());
  double cost = 0;
  for (int64_t k = 0; k < b.num_points; ++k) {
    const double* x = &b.x3d[3 * k];
    const Vec3<double> in_rig = rig_from_object * Vec3<double>{x[0], x[1], x[2]};
    const Vec2<double> pixel =
        k < b.offsets[1]
            ? Project(PROPNP_CAMERA_OPENCV, &b.camera_parameters[PROPNP_MAX_CAMERA_PARAMETERS],
                      in_rig)
            : Project(PROPNP_CAMERA_FISHEYE, b.camera_parameters.data(), second_from_rig * in_rig);
    const Vec2<double> e = pixel - Vec2<double>{b.x2d[2 * k], b.x2d[2 * k + 1]};
    cost += 0.5 * dot(e, e);
  }
  return cost;
}

class Rig : public ::testing::TestWithParam<int> {};  // by degrees of freedom

TEST_P(Rig, RecoversThePoseFromBothViews) {
  TestRandom random;
  for (int repeat = 0; repeat < 20; ++repeat) {
    // Neither view alone determines the pose.
    const Batch batch = RigBatch(random, GetParam(), 2, 2, 0);
    const Solution solution = SolveBatch(batch);
    EXPECT_LT(solution.cost_after[0], 1e-10);
    const Batch more = RigBatch(random, GetParam(), 9, 4, 0);
    const Solution found = SolveBatch(more);
    const PoseDistance d = Distance(GetParam(), found.pose.data(), more.true_pose.data());
    EXPECT_LT(d.translation, 1e-6);
    EXPECT_LT(d.rotation, 1e-6);
    EXPECT_EQ(found.status[0], PROPNP_STATUS_CONVERGED);
  }
}

// Cost and minimum are those of the stacked problem: a step of a hundredth of a standard deviation
// to either side raises the stacked cost by the same half of 1e-4, up to third derivatives.
TEST_P(Rig, MinimisesTheStackedCost) {
  TestRandom random;
  const int dof = GetParam();
  const Batch batch = RigBatch(random, dof, 12, 7, 0.5);
  const Solution solution = SolveBatch(batch);
  const double cost = StackedCost(batch, solution.pose.data());
  EXPECT_NEAR(solution.cost_after[0], cost, 1e-10 * cost);
  for (int k = 0; k < dof; ++k) {
    for (const double sign : {-1.0, 1.0}) {
      // Along column k of the covariance, whose length in the metric is its diagonal's root.
      double step[6];
      const double sigma = std::sqrt(solution.covariance[k * dof + k]);
      for (int i = 0; i < dof; ++i) {
        step[i] = sign * 0.01 * solution.covariance[i * dof + k] / sigma;
      }
      double moved[7];
      if (dof == 6) {
        SixDof<double>().retract(solution.pose.data(), step, moved);
      } else {
        FourDof<double>().retract(solution.pose.data(), step, moved);
      }
      // The covariance leaves the curvature of the projection out: some percent at half a pixel.
      EXPECT_NEAR(StackedCost(batch, moved) - cost, 0.5e-4, 0.1 * 0.5e-4) << k << " " << sign;
    }
  }
}

// A view without points changes nothing.
TEST_P(Rig, ViewWithoutPoints) {
  TestRandom random;
  Batch batch = RigBatch(random, GetParam(), 10, 0, 0.5);
  const Solution with_empty = SolveBatch(batch);
  EXPECT_EQ(with_empty.status[0], PROPNP_STATUS_CONVERGED);
  Batch one_view = batch;
  one_view.num_views = 1;
  one_view.offsets = {0, 10};
  one_view.view_offsets = {0, 1};
  one_view.view_camera = {1}, one_view.view_rig = {-1};
  ExpectSameSolution(with_empty, SolveBatch(one_view));
  // Nor does it when it comes first, but for the other camera's part.
  Batch first_empty = batch;
  first_empty.offsets = {0, 0, 10};
  first_empty.view_camera = {0, 1}, first_empty.view_rig = {0, -1};
  ExpectSameSolution(with_empty, SolveBatch(first_empty));
  EXPECT_NE(SolveBatch(RigBatch(random, GetParam(), 9, 1, 0.5)).cost_after[0],
            with_empty.cost_after[0]);
}

// No view at all: too few points, and nothing else.
TEST_P(Rig, ObjectWithoutViews) {
  TestRandom random;
  Batch batch = RigBatch(random, GetParam(), 10, 5, 0.5);
  const Solution alone = SolveBatch(batch);
  batch.num_objects = 2;
  batch.view_offsets = {0, 2, 2};
  const Solution solution = SolveBatch(batch);
  EXPECT_TRUE(SameObject(alone, 0, solution, 0));
  EXPECT_EQ(solution.status[1], PROPNP_STATUS_TOO_FEW_POINTS);
  ExpectAllFinite(solution);
}

INSTANTIATE_TEST_SUITE_P(Dof, Rig, ::testing::Values(6, 4), ::testing::PrintToStringParamName());

}  // namespace
}  // namespace propnp::test
