// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// ImplicitGradient() by the CUDA kernels, emulated, against the CPU.
#include <memory>
#include <tuple>

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

// Camera, degrees of freedom, loss.
using Case = std::tuple<int, int, int>;
class EmulatedImplicitGradient : public ::testing::TestWithParam<Case>, OnEmulatedDevice {};

// Rounding of some tens of terms, 1e-14, times a condition of the Hessian of a few 1e3.
TEST_P(EmulatedImplicitGradient, AgreesWithTheCpu) {
  TestRandom random;
  const auto [camera, dof, loss] = GetParam();
  GradientCase c;
  c.camera = camera, c.dof = dof, c.loss = loss;
  c.information = (camera + loss) % 2;
  c.prior = loss % 2, c.prior_form = PriorFormOf(camera, loss);
  c.box = camera % 2;
  c.z_min = camera == PROPNP_CAMERA_PINHOLE ? 2.5 : 0;
  c.displacement = 0.01;
  const GradientBatch b = AtItsMinimum(MakeGradientBatch(random, c));
  const auto device = Make(0)(b), cpu = Make(-1)(b);
  for (const int32_t flag : {0, 1}) {
    for (const auto* call : {&device, &cpu}) {
      (*call)->out.gradients.hold_delta_fixed = flag;
      (*call)->args.drop_clamped_rows = flag;
    }
    const Status status = device->Run(SharedContext());
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_TRUE(cpu->Run(SharedContext()).ok());
    EXPECT_EQ(device->status, cpu->status);
    const auto all = device->out.All(), expected = cpu->out.All();
    for (size_t k = 0; k < all.size(); ++k) {
      const size_t period = k == 6 ? PROPNP_MAX_CAMERA_PARAMETERS : 1;
      ExpectAlike("gradient " + std::to_string(k), *all[k], *expected[k], 1e-9, period);
    }
  }
  EXPECT_EQ(cpu->status[1] & ~PROPNP_STATUS_CONVERGED, 0) << "a gradient to compare";
}

INSTANTIATE_TEST_SUITE_P(All, EmulatedImplicitGradient,
                         ::testing::Combine(::testing::Range(0, 4), ::testing::Values(6, 4),
                                            ::testing::Range(0, 4)));

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
