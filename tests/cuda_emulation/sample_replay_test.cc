// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// SampleExpectation() and SampleBackward() by the CUDA kernels, emulated, against the CPU.
#include <tuple>

#include "tests/cuda_emulation/parity.h"
#include "tests/engine/sampled_batch.h"

namespace propnp::test {
namespace {

// Camera, degrees of freedom, loss.
using Case = std::tuple<int, int, int>;
class EmulatedReplay : public ::testing::TestWithParam<Case>, OnEmulatedDevice {
 protected:
  SampledBatch MakeBatch(TestRandom& random) const {
    const auto [camera, dof, loss] = GetParam();
    GradientCase c;
    c.camera = camera, c.dof = dof, c.loss = loss;
    c.information = (camera + loss) % 2;
    c.prior = loss % 2, c.prior_form = PriorFormOf(camera, loss);
    c.displacement = 0.02;
    // Behind a camera of radial distortion numbers grow without bound.
    const bool bounded = camera == PROPNP_CAMERA_PINHOLE || camera == PROPNP_CAMERA_FISHEYE;
    const Spread spread = bounded ? Spread::kEverywhere : Spread::kPosterior;
    return Sampled(random, MakeGradientBatch(random, c), 50, spread);
  }
};

// Double precision: rounding of some thousand terms.
TEST_P(EmulatedReplay, ExpectationsAgreeWithTheCpu) {
  TestRandom random;
  const SampledBatch b = MakeBatch(random);
  for (const int32_t precision : {PROPNP_FLOAT64, PROPNP_FLOAT32}) {
    const double relative = precision == PROPNP_FLOAT64 ? 1e-10 : 1e-3;
    ExpectationCall device(b), cpu(b);
    device.args.device = 0;
    device.args.precision = precision;
    const Status status = device.Run(SharedContext());
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_TRUE(cpu.Run(SharedContext()).ok());
    EXPECT_EQ(device.status, cpu.status);
    ExpectAlike("sample_cost", device.sample_cost, cpu.sample_cost, relative);
    ExpectAlike("mean_translation", device.mean_translation, cpu.mean_translation, relative);
    ExpectAlike("expected_cost", device.expected_cost, cpu.expected_cost, relative);
  }
}

TEST_P(EmulatedReplay, GradientsAgreeWithTheCpu) {
  TestRandom random;
  const SampledBatch b = MakeBatch(random);
  const Cotangents cotangents = RandomCotangents(random, b);
  for (const int32_t precision : {PROPNP_FLOAT64, PROPNP_FLOAT32}) {
    const double relative = precision == PROPNP_FLOAT64 ? 1e-9 : 3e-3;
    BackwardCall device(b, cotangents), cpu(b, cotangents);
    device.args.device = 0;
    device.args.precision = precision;
    const Status status = device.Run(SharedContext());
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_TRUE(cpu.Run(SharedContext()).ok());
    EXPECT_EQ(device.status, cpu.status);
    const auto all = device.out.All(), expected = cpu.out.All();
    for (size_t k = 0; k < all.size(); ++k) {
      const size_t period = k == 6 ? PROPNP_MAX_CAMERA_PARAMETERS : 1;
      ExpectAlike("gradient " + std::to_string(k), *all[k], *expected[k], relative, period);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EmulatedReplay,
                         ::testing::Combine(::testing::Range(0, 4), ::testing::Values(6, 4),
                                            ::testing::Range(0, 4)));

}  // namespace
}  // namespace propnp::test
