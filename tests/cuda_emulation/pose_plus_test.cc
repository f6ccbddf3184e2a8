// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// PosePlus() and its vector-Jacobian product by the CUDA kernels, emulated, against the CPU.
#include "tests/cuda_emulation/parity.h"
#include "tests/engine/pose_plus_call.h"

namespace propnp::test {
namespace {

std::vector<double> Numbers(TestRandom& random, size_t count) {
  std::vector<double> numbers(count);
  for (double& n : numbers) n = random.Normal();
  return numbers;
}

auto MakeForward(int32_t device) {
  return [device](const GradientBatch& b) {
    auto call = std::make_unique<PosePlusCall>(b);
    call->args.device = device;
    return call;
  };
}
auto MakeBackward(int32_t device) {
  return [device](const GradientBatch& b) {
    auto call = std::make_unique<PosePlusBackwardCall>(
        b, std::vector<double>(b.pose.size(), 0.3),
        std::vector<double>(b.num_objects * b.cost.dof, 0.7));
    call->args.device = device;
    return call;
  };
}

class EmulatedPosePlus : public EmulatedCases {};

TEST_P(EmulatedPosePlus, AgreesWithTheCpu) {
  TestRandom random;
  const GradientBatch b = MakeGradientBatch(random, ClampedCase());
  const auto device = MakeForward(0)(b), cpu = MakeForward(-1)(b);
  ASSERT_TRUE(BothRun(device.get(), cpu.get()));
  EXPECT_EQ(device->status, cpu->status);
  // Rounding of some tens of terms, 1e-14, times a condition of the normal matrix of a few 1e3.
  ExpectAlike("step", device->step, cpu->step, 1e-10);
  ExpectAlike("pose_plus", device->pose_plus, cpu->pose_plus, 1e-10);
}

TEST_P(EmulatedPosePlus, GradientAgreesWithTheCpu) {
  TestRandom random;
  const GradientBatch b = MakeGradientBatch(random, ClampedCase());
  const auto by_pose = Numbers(random, b.pose.size());
  const auto by_step = Numbers(random, b.num_objects * b.cost.dof);
  PosePlusBackwardCall device(b, by_pose, by_step), cpu(b, by_pose, by_step);
  device.args.device = 0;
  for (const int32_t hold : {0, 1}) {
    device.out.gradients.hold_delta_fixed = cpu.out.gradients.hold_delta_fixed = hold;
    ASSERT_TRUE(BothRun(&device, &cpu));
    EXPECT_EQ(device.status, cpu.status);
    ExpectAlikeGradients(device.out, cpu.out, 1e-9);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EmulatedPosePlus, EveryCase());

class EmulatedPosePlusBatch : public ::testing::Test, protected OnEmulatedDevice {};

TEST_F(EmulatedPosePlusBatch, BadObjectsHarmNobody) {
  TestRandom random;
  const GradientBatch b = FullGradientBatch(random);
  ExpectBadObjectsHarmNobody(MakeForward(0), b);
  ExpectBadObjectsHarmNobody(MakeBackward(0), b);
}

TEST_F(EmulatedPosePlusBatch, OutputsAreIndependent) {
  TestRandom random;
  ExpectOutputsAreIndependent(MakeBackward(0), FullGradientBatch(random, true));
}

}  // namespace
}  // namespace propnp::test
