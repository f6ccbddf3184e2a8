// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Evaluate() by the CUDA kernels, emulated, against the CPU: every camera, loss and number of
// degrees of freedom, ragged and rigged batches, objects that cannot be evaluated.
#include "propnp/engine/evaluate.h"

#include "tests/cuda_emulation/parity.h"
#include "tests/engine/gradient_operation.h"

namespace propnp::test {
namespace {

// An evaluation of a gradient batch, whose prior EvaluateCall does not know.
struct Evaluation : EvaluateCall {
  GradientInputs inputs;

  Evaluation(const GradientBatch& b, int32_t device, int32_t precision)
      : EvaluateCall(b, b.pose), inputs(b) {
    args.cost = &inputs.cost;
    args.device = device;
    args.precision = precision;
  }
};

void ExpectSameEvaluation(const GradientBatch& b, int32_t precision, bool drop_clamped_rows,
                          double relative) {
  Evaluation device(b, 0, precision), cpu(b, -1, precision);
  device.args.drop_clamped_rows = cpu.args.drop_clamped_rows = drop_clamped_rows;
  ASSERT_TRUE(BothRun(&device, &cpu));
  EXPECT_EQ(device.status, cpu.status);
  const size_t d = b.cost.dof;
  ExpectAlike("cost", device.cost_value, cpu.cost_value, relative);
  ExpectAlike("delta", device.delta, cpu.delta, relative);
  ExpectAlike("gradient", device.gradient, cpu.gradient, relative, d);
  ExpectAlike("hessian", device.hessian, cpu.hessian, relative, d * d);
  ExpectAlike("pixel_error", device.pixel_error, cpu.pixel_error, relative);
  ExpectAlike("residual", device.residual, cpu.residual, relative);
  ExpectAlike("loss_weight", device.loss_weight, cpu.loss_weight, relative);
  ExpectAlike("jacobian", device.jacobian, cpu.jacobian, relative, d);
}

class EmulatedEvaluate : public EmulatedCases {};

TEST_P(EmulatedEvaluate, AgreesWithTheCpu) {
  TestRandom random;
  const GradientBatch b = MakeGradientBatch(random, ClampedCase());
  // Some tens of terms, each of a few hundred roundings of eps = 2e-16 (6e-8), pixels of 500 less
  // pixels of 500 leaving residuals of one.
  ExpectSameEvaluation(b, PROPNP_FLOAT64, loss() == PROPNP_LOSS_HUBER, 1e-11);
  ExpectSameEvaluation(b, PROPNP_FLOAT32, false, 3e-3);
}

INSTANTIATE_TEST_SUITE_P(All, EmulatedEvaluate, EveryCase());

class EmulatedBatch : public ::testing::Test, protected OnEmulatedDevice {};

// More objects than one block takes, with counts that padding follows; one of no points at all.
TEST_F(EmulatedBatch, RaggedCountsAgreeWithTheCpu) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 11;
  simulation.points = 70;
  simulation.noise_px = 1;
  const Batch b = Simulate(random, simulation);
  const std::vector<int64_t> counts = {70, 0, 3, 33, 32, 31, 1, 65, 64, 70, 2};
  Batch ragged = b;
  ragged.counts = counts;
  for (int64_t i = 0; i < b.num_objects; ++i) {  // padding is never read
    for (int64_t k = counts[i]; k < 70; ++k) ragged.x3d[3 * (70 * i + k)] = kNaN;
  }
  EvaluateCall device(ragged, NearTruth(random, b, 0.02)), cpu(ragged, device.pose);
  device.args.device = 0;
  ASSERT_TRUE(BothRun(&device, &cpu));
  EXPECT_EQ(device.status, cpu.status);
  ExpectAlike("cost", device.cost_value, cpu.cost_value, 1e-11);
  ExpectAlike("hessian", device.hessian, cpu.hessian, 1e-11, 36);
  ExpectAlike("residual", device.residual, cpu.residual, 1e-11);
  ExpectAlike("jacobian", device.jacobian, cpu.jacobian, 1e-11, 6);
}

// What the engine cannot check where it cannot read: indices that lead nowhere cost one object its
// result, not the process its life.
TEST_F(EmulatedBatch, IndicesThatLeadNowhereFailTheirObject) {
  TestRandom random;
  const GradientBatch good = FullGradientBatch(random);
  Evaluation expected(good, 0, PROPNP_FLOAT64);
  ASSERT_TRUE(expected.Run(SharedContext()).ok());
  const auto expect = [&](const char* what, const auto& spoil) {
    GradientBatch b = good;
    b.view_camera = {0, 1, 2};
    spoil(&b);
    Evaluation call(b, 0, PROPNP_FLOAT64);
    ASSERT_TRUE(call.Run(SharedContext()).ok()) << what;
    EXPECT_EQ(call.status[1] & PROPNP_STATUS_NON_FINITE_INPUT, PROPNP_STATUS_NON_FINITE_INPUT)
        << what;
    EXPECT_EQ(call.cost_value[1], 0) << what;
    EXPECT_EQ(call.cost_value[0], expected.cost_value[0]) << what;
  };
  expect("offset", [](GradientBatch* b) { b->offsets[3] = 1 << 20; });
  expect("offset that decreases", [](GradientBatch* b) { b->offsets[3] = 3; });
  expect("view", [](GradientBatch* b) { b->view_offsets[2] = 99; });
  expect("camera", [](GradientBatch* b) { b->view_camera[2] = 3; });
  expect("rig", [](GradientBatch* b) { b->view_rig[2] = 1; });
  expect("model", [](GradientBatch* b) { b->camera_model[2] = 17; });
  expect("focal length",
         [](GradientBatch* b) { b->camera_parameters[2 * PROPNP_MAX_CAMERA_PARAMETERS] = 0; });
}

TEST_F(EmulatedBatch, TheWorkspaceIsEnough) {
  TestRandom random;
  const GradientBatch b = FullGradientBatch(random);
  Evaluation call(b, 0, PROPNP_FLOAT32);
  uint64_t bytes = 0;
  ASSERT_TRUE(EvaluateWorkspaceSize(SharedContext(), call.args, &bytes).ok());
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  const std::vector<double> expected = call.hessian;
  const GuardedWorkspace workspace(bytes, &call.args);
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  EXPECT_EQ(call.hessian, expected);
  workspace.ExpectIntactGuard();
  call.args.workspace_size = bytes - 1;
  EXPECT_EQ(call.Run(SharedContext()).code(), StatusCode::kWorkspaceTooSmall);
  call.args.workspace_size = bytes;
  call.args.workspace = static_cast<char*>(call.args.workspace) + 8;
  EXPECT_EQ(call.Run(SharedContext()).code(), StatusCode::kInvalidArgument);
  call.args.workspace = nullptr;
  call.args.device = 1;
  EXPECT_EQ(call.Run(SharedContext()).message(),
            "device is 1: no such CUDA device: there are 1, numbered from 0");
}

}  // namespace
}  // namespace propnp::test
