// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// PosePlus() and its vector-Jacobian product by the CUDA kernels, emulated, against the CPU.
#include <tuple>

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

// Camera, degrees of freedom, loss.
using Case = std::tuple<int, int, int>;
class EmulatedPosePlus : public ::testing::TestWithParam<Case>, OnEmulatedDevice {
 protected:
  GradientBatch MakeBatch(TestRandom& random) const {
    const auto [camera, dof, loss] = GetParam();
    GradientCase c;
    c.camera = camera, c.dof = dof, c.loss = loss;
    c.information = (camera + loss) % 2;
    c.prior = loss % 2, c.prior_form = PriorFormOf(camera, loss);
    c.box = camera % 2;
    c.z_min = camera == PROPNP_CAMERA_PINHOLE ? 2.5 : 0;
    c.displacement = 0.02;
    return MakeGradientBatch(random, c);
  }
};

TEST_P(EmulatedPosePlus, AgreesWithTheCpu) {
  TestRandom random;
  const GradientBatch b = MakeBatch(random);
  const auto device = MakeForward(0)(b), cpu = MakeForward(-1)(b);
  const Status status = device->Run(SharedContext());
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_TRUE(cpu->Run(SharedContext()).ok());
  EXPECT_EQ(device->status, cpu->status);
  // Rounding of some tens of terms, 1e-14, times a condition of the normal matrix of a few 1e3.
  ExpectAlike("step", device->step, cpu->step, 1e-10);
  ExpectAlike("pose_plus", device->pose_plus, cpu->pose_plus, 1e-10);
}

TEST_P(EmulatedPosePlus, GradientAgreesWithTheCpu) {
  TestRandom random;
  const GradientBatch b = MakeBatch(random);
  const auto by_pose = Numbers(random, b.pose.size());
  const auto by_step = Numbers(random, b.num_objects * b.cost.dof);
  PosePlusBackwardCall device(b, by_pose, by_step), cpu(b, by_pose, by_step);
  device.args.device = 0;
  for (const int32_t hold : {0, 1}) {
    device.out.gradients.hold_delta_fixed = cpu.out.gradients.hold_delta_fixed = hold;
    const Status status = device.Run(SharedContext());
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_TRUE(cpu.Run(SharedContext()).ok());
    EXPECT_EQ(device.status, cpu.status);
    const auto all = device.out.All(), expected = cpu.out.All();
    for (size_t k = 0; k < all.size(); ++k) {
      const size_t period = k == 6 ? PROPNP_MAX_CAMERA_PARAMETERS : 1;
      ExpectAlike("gradient " + std::to_string(k), *all[k], *expected[k], 1e-9, period);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EmulatedPosePlus,
                         ::testing::Combine(::testing::Range(0, 4), ::testing::Values(6, 4),
                                            ::testing::Range(0, 4)));

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
