// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Solve() by the CUDA kernels, emulated, against the CPU: from given poses step by step, from
// random starts at the minimum.
#include "propnp/engine/solve.h"

#include "tests/cuda_emulation/parity.h"
#include "tests/engine/gradient_operation.h"

namespace propnp::test {
namespace {

// A call on a gradient batch with its rigs, information and prior.
struct Refinement : SolveCall {
  GradientInputs inputs;

  Refinement(const GradientBatch& b, int32_t device, int32_t precision) : SolveCall(b), inputs(b) {
    args.cost = &inputs.cost;
    args.device = device;
    args.precision = precision;
  }
};

void ExpectSame(const Refinement& device, const Refinement& cpu, double relative) {
  const size_t d = cpu.out.dof;
  ExpectAlike("pose", device.out.pose, cpu.out.pose, relative, cpu.out.pose_size);
  ExpectAlike("cost_after", device.out.cost_after, cpu.out.cost_after, relative);
  ExpectAlike("covariance", device.out.covariance, cpu.out.covariance, relative, d * d);
  ExpectAlike("variance_factor", device.out.variance_factor, cpu.out.variance_factor, relative);
  EXPECT_EQ(device.out.behind_fraction, cpu.out.behind_fraction);
  EXPECT_EQ(device.out.rank, cpu.out.rank);
  EXPECT_EQ(device.out.status, cpu.out.status);
}

class EmulatedSolve : public EmulatedCases {};

// The same steps: rounding grows by the condition of the normal matrix, some 1e3, over few steps.
TEST_P(EmulatedSolve, FromGivenPosesAgreesWithTheCpu) {
  TestRandom random;
  GradientBatch b = MakeGradientBatch(random, Case());
  b.pose_init = b.pose;
  b.options.covariance = loss() % 3;
  b.options.scale_covariance = loss() == PROPNP_LOSS_HUBER;
  b.options.max_iterations = 30;
  Refinement device(b, 0, PROPNP_FLOAT64), cpu(b, -1, PROPNP_FLOAT64);
  ASSERT_TRUE(BothRun(&device, &cpu));
  ExpectAlike("cost_before", device.out.cost_before, cpu.out.cost_before, 1e-11);
  EXPECT_EQ(device.out.iterations, cpu.out.iterations);
  ExpectSame(device, cpu, 1e-8);
}

// In single precision minima agree to a hundredth of a standard deviation, which here is a
// thousandth of a unit.
TEST_P(EmulatedSolve, InSinglePrecisionFindsTheSameMinimum) {
  TestRandom random;
  GradientBatch b = MakeGradientBatch(random, Case());
  b.pose_init = b.pose;
  Refinement device(b, 0, PROPNP_FLOAT32), cpu(b, -1, PROPNP_FLOAT64);
  ASSERT_TRUE(BothRun(&device, &cpu));
  EXPECT_EQ(device.out.status, cpu.out.status);
  ExpectAlike("pose", device.out.pose, cpu.out.pose, 2e-3, cpu.out.pose_size);
  ExpectAlike("covariance", device.out.covariance, cpu.out.covariance, 2e-2, 1);
}

// Both find the same minimum from starts of their own arithmetic.
TEST_P(EmulatedSolve, FromRandomStartsFindsTheSameMinimum) {
  TestRandom random;
  GradientBatch b = MakeGradientBatch(random, Case());
  b.options.num_starts = 24;
  b.options.start_points = 6;
  Refinement device(b, 0, PROPNP_FLOAT64), cpu(b, -1, PROPNP_FLOAT64);
  ASSERT_TRUE(BothRun(&device, &cpu));
  EXPECT_EQ(device.out.status, cpu.out.status);
  ExpectAlike("cost_after", device.out.cost_after, cpu.out.cost_after, 1e-7);
}

INSTANTIATE_TEST_SUITE_P(All, EmulatedSolve, EveryCase());

class EmulatedSolveBatch : public ::testing::Test, protected OnEmulatedDevice {};

// Several blocks, ragged, some objects without a solution, with and without a target.
TEST_F(EmulatedSolveBatch, RaggedBatchRecoversTheTruth) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 9;
  simulation.points = 40;
  simulation.noise_px = 0.5;
  Batch b = Simulate(random, simulation);
  b.counts = {40, 2, 33, 6, 32, 12, 31, 0, 40};
  b.options.num_starts = 40;
  b.options.start_points = 5;
  for (const bool with_target : {false, true}) {
    if (with_target) b.pose_target = b.true_pose;
    SolveCall device(b), cpu(b);
    device.args.device = 0;
    ASSERT_TRUE(BothRun(&device, &cpu));
    EXPECT_EQ(device.out.status, cpu.out.status);
    ExpectAllFinite(device.out);
    for (int64_t i = 0; i < b.num_objects; ++i) {
      EXPECT_NEAR(device.out.cost_after[i], cpu.out.cost_after[i],
                  1e-7 * (1 + cpu.out.cost_after[i]))
          << i;
    }
  }
}

// A start that draws the same points and the same rotation goes the same way: after two steps, in
// single precision on both, each pose is the CPU's. With other points it would be anywhere.
TEST_F(EmulatedSolveBatch, StartsGoTheWayOfTheCpus) {
  for (const int dof : {6, 4}) {
    TestRandom random;
    Simulation simulation;
    simulation.objects = 12;
    simulation.points = 30;
    simulation.dof = dof;
    simulation.noise_px = 1;
    Batch b = Simulate(random, simulation);
    b.options.num_starts = 1;
    b.options.start_points = 8;
    b.options.start_iterations = 2;
    b.options.max_iterations = 0;
    SolveCall device(b), cpu(b);
    device.args.device = 0;
    ASSERT_TRUE(BothRun(&device, &cpu));
    // Rounding of 6e-8 of numbers of the size of the distance, times a condition of up to 1e3.
    ExpectAlike("pose", device.out.pose, cpu.out.pose, 1e-3, cpu.out.pose_size);
  }
}

// The same seed gives the same bits, wherever the object stands in the batch.
TEST_F(EmulatedSolveBatch, AnObjectKeepsItsRandomStarts) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 6;
  simulation.points = 20;
  simulation.noise_px = 1;
  Batch whole = Simulate(random, simulation);
  whole.object_ids = {7, 3, 900, 4, 1, 2};
  whole.options.num_starts = 8;
  const Batch part = Slice(whole, 2, 5);
  SolveCall all(whole), some(part);
  uint64_t seed = 17;
  all.args.device = some.args.device = 0;
  all.options.seed_pointer = some.options.seed_pointer = &seed;
  ASSERT_TRUE(all.Run(SharedContext()).ok());
  ASSERT_TRUE(some.Run(SharedContext()).ok());
  for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(SameObject(some.out, i, all.out, i + 2));
}

TEST_F(EmulatedSolveBatch, TheWorkspaceIsEnough) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 5;
  Batch b = Simulate(random, simulation);
  b.options.num_starts = 7;
  SolveCall call(b);
  call.args.device = 0;
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  const Solution expected = call.out;
  uint64_t bytes = 0;
  ASSERT_TRUE(SolveWorkspaceSize(SharedContext(), call.args, &bytes).ok());
  const GuardedWorkspace workspace(bytes, &call.args);
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  ExpectSameSolution(call.out, expected);
  workspace.ExpectIntactGuard();
}

}  // namespace
}  // namespace propnp::test
