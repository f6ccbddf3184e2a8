// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random starts: who draws what, from where, and what else may compete.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

Batch Problems(TestRandom& random, int64_t objects, int dof = 6) {
  Simulation simulation;
  simulation.objects = objects;
  simulation.points = 12;
  simulation.dof = dof;
  simulation.noise_px = 1;
  Batch batch = Simulate(random, simulation);
  // Few and short, so that results still show where they started.
  batch.options.num_starts = 8;
  batch.options.max_iterations = 2;
  batch.options.tolerance = -1;
  return batch;
}

TEST(ObjectIds, DecideWhatIsDrawnInAnyOrder) {
  TestRandom random;
  Batch batch = Problems(random, 6);
  batch.object_ids = {5, 0, uint64_t{1} << 40, 77, 3, 2};
  const Solution forward = SolveBatch(batch);
  Batch reversed = batch;
  for (auto* values : {&reversed.x3d, &reversed.x2d}) {
    const size_t width = values->size() / 6;
    for (size_t i = 0; i < 3; ++i) {
      std::swap_ranges(values->begin() + i * width, values->begin() + (i + 1) * width,
                       values->begin() + (5 - i) * width);
    }
  }
  std::reverse(reversed.object_ids.begin(), reversed.object_ids.end());
  const Solution backward = SolveBatch(reversed);
  for (int64_t i = 0; i < 6; ++i) EXPECT_TRUE(SameObject(forward, i, backward, 5 - i));
  // Another id draws other starts.
  batch.object_ids[2] += uint64_t{1} << 32;
  const Solution other = SolveBatch(batch);
  EXPECT_TRUE(SameObject(forward, 1, other, 1));
  EXPECT_FALSE(SameObject(forward, 2, other, 2));
}

TEST(ObjectIds, OffsetMakesAShardOfTheWhole) {
  TestRandom random;
  const Batch batch = Problems(random, 7);
  SolveCall whole(batch);
  whole.correspondences.id_offset = 1000;
  ASSERT_TRUE(whole.Run(SharedContext()).ok());
  const Batch part = Slice(batch, 3, 7);
  SolveCall shard(part);
  shard.correspondences.id_offset = 1003;
  ASSERT_TRUE(shard.Run(SharedContext()).ok());
  for (int64_t i = 0; i < 4; ++i) EXPECT_TRUE(SameObject(whole.out, i + 3, shard.out, i));
}

TEST(Seed, ChangesTheStartsAndMayBePointedAt) {
  TestRandom random;
  Batch batch = Problems(random, 3);
  const Solution zero = SolveBatch(batch);
  batch.options.seed = 12345;
  const Solution seeded = SolveBatch(batch);
  EXPECT_FALSE(SameObject(zero, 0, seeded, 0));
  batch.options.seed = uint64_t{1} << 32;
  EXPECT_FALSE(SameObject(zero, 0, SolveBatch(batch), 0));
  const uint64_t pointed = 12345;
  batch.options.seed = 99;
  batch.options.seed_pointer = &pointed;
  ExpectSameSolution(seeded, SolveBatch(batch));
}

TEST(Seed, HasNoPartInGivenPoses) {
  TestRandom random;
  Batch batch = Problems(random, 3);
  batch.pose_init = NearTruth(random, batch, 0.1);
  const Solution one = SolveBatch(batch);
  batch.options.seed = 5;
  batch.options.num_starts = 3;
  ExpectSameSolution(one, SolveBatch(batch));
}

TEST(PoseTarget, Competes) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    Batch batch = Problems(random, 5, dof);
    batch.options.max_iterations = 0;
    batch.options.start_iterations = 0;
    batch.options.num_refined = 1;
    const Solution drawn = SolveBatch(batch);
    // Nothing that eight unrefined random poses give comes near the truth.
    batch.pose_target = batch.true_pose;
    const Solution with_truth = SolveBatch(batch);
    // A target that is worse than all is not taken.
    for (int64_t i = 0; i < 5; ++i) batch.pose_target[i * batch.pose_size()] += 100;
    const Solution with_far = SolveBatch(batch);
    for (int64_t i = 0; i < 5; ++i) {
      const int64_t p = batch.pose_size();
      EXPECT_LT(Distance(dof, &with_truth.pose[i * p], &batch.true_pose[i * p]).translation, 1e-14);
      EXPECT_LT(with_truth.cost_after[i], drawn.cost_after[i]);
      EXPECT_TRUE(SameObject(drawn, i, with_far, i));
    }
  }
}

// Beside a given start the target is one more; without it nothing is drawn.
TEST(PoseTarget, CompetesWithAGivenPose) {
  TestRandom random;
  Batch batch = Problems(random, 5);
  batch.options.max_iterations = 0;
  const std::vector<double> far = NearTruth(random, batch, 0.3);
  batch.pose_init = far, batch.pose_target = batch.true_pose;
  const Solution target_wins = SolveBatch(batch);
  batch.pose_init = batch.true_pose, batch.pose_target = far;
  const Solution start_wins = SolveBatch(batch);
  for (size_t k = 0; k < batch.true_pose.size(); ++k) {
    EXPECT_NEAR(target_wins.pose[k], batch.true_pose[k], 1e-15);
    EXPECT_NEAR(start_wins.pose[k], batch.true_pose[k], 1e-15);
  }
}

// What lay in the workspace before must not matter, least of all in numbers that a start with four
// degrees of freedom has no use for.
TEST(Workspace, MayHoldAnything) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    for (const int32_t precision : {PROPNP_FLOAT32, PROPNP_FLOAT64}) {
      Batch batch = Problems(random, 3, dof);
      if (dof == 6) batch.pose_target = batch.true_pose;
      const Solution clean = SolveBatch(batch, precision);
      SolveCall call(batch);
      call.args.precision = precision;
      uint64_t bytes = 0;
      ASSERT_TRUE(SolveWorkspaceSize(SharedContext(), call.args, &bytes).ok());
      const std::unique_ptr<void, void (*)(void*)> memory(std::aligned_alloc(64, bytes), std::free);
      std::memset(memory.get(), 0xff, bytes);  // NaN in either precision
      call.args.workspace = memory.get();
      call.args.workspace_size = bytes;
      ASSERT_TRUE(call.Run(SharedContext()).ok());
      ExpectSameSolution(clean, call.out);
    }
  }
}

// The probability that point `left_out` of four is the one that three draws in turn do not take,
// each proportional to the weights of those left.
double LeftOutProbability(const double* weights, int left_out) {
  double total = 0, probability = 0;
  for (int k = 0; k < 4; ++k) total += weights[k];
  for (int a = 0; a < 4; ++a) {
    for (int b = 0; b < 4; ++b) {
      for (int c = 0; c < 4; ++c) {
        if (a == b || a == c || b == c || a == left_out || b == left_out || c == left_out) continue;
        probability += weights[a] / total * weights[b] / (total - weights[a]) * weights[c] /
                       (total - weights[a] - weights[b]);
      }
    }
  }
  return probability;
}

// Four points on the yaw axis, of which a start takes three: only the translation is to be found,
// so that every start ends at its subset's own minimum, by which the subset is known.
//
// Chi-square with three degrees of freedom over 20,000 objects: 33 is exceeded once in 3e6 seeds.
// Uniform draws, or draws by squared weight, would give thousands.
TEST(Subsets, AreDrawnInProportionToWeights) {
  constexpr int64_t kTrials = 20000;
  TestRandom random;
  const double weights[4] = {1, 2, 4, 8};
  const double x3d[12] = {0, -1.5, 0, 0, -0.5, 0, 0, 0.5, 0, 0, 1.5, 0};
  double w2d[8];
  for (int k = 0; k < 8; ++k) w2d[k] = weights[k / 2];

  Batch subsets;  // the minima: object k lacks point k
  subsets.cost.dof = 4;
  subsets.num_objects = subsets.num_views = 4;
  subsets.num_points = 3;
  subsets.camera_model = {PROPNP_CAMERA_PINHOLE};
  subsets.camera_parameters = CameraParameters(PROPNP_CAMERA_PINHOLE);
  double x2d[8];
  for (int k = 0; k < 4; ++k) {
    const Vec2<double> pixel =
        Project(PROPNP_CAMERA_PINHOLE, subsets.camera_parameters.data(), {0.3, x3d[3 * k + 1], 5});
    x2d[2 * k] = pixel.x + 5 * random.Normal(), x2d[2 * k + 1] = pixel.y + 5 * random.Normal();
  }
  for (int left_out = 0; left_out < 4; ++left_out) {
    for (int k = 0; k < 4; ++k) {
      if (k == left_out) continue;
      subsets.x3d.insert(subsets.x3d.end(), x3d + 3 * k, x3d + 3 * k + 3);
      subsets.x2d.insert(subsets.x2d.end(), x2d + 2 * k, x2d + 2 * k + 2);
      subsets.w2d.insert(subsets.w2d.end(), w2d + 2 * k, w2d + 2 * k + 2);
    }
    subsets.pose_init.insert(subsets.pose_init.end(), {0.3, 0.0, 5.0, 0.0});
  }
  const Solution minima = SolveBatch(subsets);

  Batch batch = subsets;
  batch.num_objects = batch.num_views = kTrials;
  batch.pose_init.clear();
  batch.options.num_starts = 1;
  batch.options.start_points = 3;
  batch.options.start_iterations = 60;
  batch.options.max_iterations = 0;
  SolveCall call(batch);
  // All objects are the same one.
  call.correspondences.x3d = View(x3d, {kTrials, 4, 3});
  call.correspondences.x2d = View(x2d, {kTrials, 4, 2});
  call.correspondences.w2d = View(w2d, {kTrials, 4, 2});
  for (propnp_tensor* t :
       {&call.correspondences.x3d, &call.correspondences.x2d, &call.correspondences.w2d}) {
    t->stride[0] = 0;
  }
  const Status status = call.Run(SharedContext());
  ASSERT_TRUE(status.ok()) << status.message();

  double counts[4] = {0, 0, 0, 0};
  for (int64_t i = 0; i < kTrials; ++i) {
    int matches = 0;
    for (int k = 0; k < 4; ++k) {
      const PoseDistance d = Distance(4, &call.out.pose[4 * i], &minima.pose[4 * k]);
      if (d.translation > 2e-3) continue;  // starts are found in single precision
      ++counts[k], ++matches;
    }
    ASSERT_EQ(matches, 1) << "trial " << i;
  }
  double chi_square = 0;
  for (int k = 0; k < 4; ++k) {
    const double expected = kTrials * LeftOutProbability(weights, k);
    chi_square += (counts[k] - expected) * (counts[k] - expected) / expected;
  }
  EXPECT_LT(chi_square, 33) << counts[0] << " " << counts[1] << " " << counts[2] << " "
                            << counts[3];
}

}  // namespace
}  // namespace propnp::test
