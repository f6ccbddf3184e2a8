// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// ImplicitGradient() by the CUDA kernels, emulated, against the CPU.
#include <memory>

#include "tests/cuda_emulation/parity.h"
#include "tests/engine/implicit_gradient_call.h"

namespace propnp::test {
namespace {

auto Make(int32_t device) {
  return [device](const GradientBatch& b) {
    auto call = std::make_unique<ImplicitGradientCall>(
        b, std::vector<double>(b.pose.size(), 0.3),
        std::vector<double>(b.num_objects * b.cost.dof, 0.7));
    call->args.device = device;
    return call;
  };
}

// The pose moved to the minimum of the cost.
GradientBatch AtItsMinimum(GradientBatch b) {
  b.pose_init = b.pose;
  b.options.max_iterations = 200;
  b.options.tolerance = 1e-9;
  SolveCall solve(b);
  const GradientInputs inputs(b);
  inputs.Attach(&solve.args);
  EXPECT_TRUE(solve.Run(SharedContext()).ok());
  b.pose = solve.out.pose;
  return b;
}

class EmulatedImplicitGradient : public EmulatedCases {};

// Rounding of some tens of terms, 1e-14, times a condition of the Hessian of a few 1e3.
TEST_P(EmulatedImplicitGradient, AgreesWithTheCpu) {
  TestRandom random;
  const GradientBatch b = AtItsMinimum(MakeGradientBatch(random, ClampedCase()));
  const auto device = Make(0)(b), cpu = Make(-1)(b);
  for (const int32_t flag : {0, 1}) {
    for (const auto* call : {&device, &cpu}) {
      (*call)->out.gradients.hold_delta_fixed = flag;
      (*call)->args.drop_clamped_rows = flag;
    }
    ASSERT_TRUE(BothRun(device.get(), cpu.get()));
    EXPECT_EQ(device->status, cpu->status);
    ExpectAlikeGradients(device->out, cpu->out, 1e-9);
  }
  EXPECT_EQ(cpu->status[1] & ~PROPNP_STATUS_CONVERGED, 0) << "a gradient to compare";
}

INSTANTIATE_TEST_SUITE_P(All, EmulatedImplicitGradient, EveryCase());

class EmulatedImplicitGradientBatch : public ::testing::Test, protected OnEmulatedDevice {};

TEST_F(EmulatedImplicitGradientBatch, BadObjectsHarmNobody) {
  TestRandom random;
  ExpectBadObjectsHarmNobody(Make(0), FullGradientBatch(random));
}

TEST_F(EmulatedImplicitGradientBatch, OutputsAreIndependent) {
  TestRandom random;
  ExpectOutputsAreIndependent(Make(0), AtItsMinimum(FullGradientBatch(random, true)));
}

}  // namespace
}  // namespace propnp::test
