// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// SampleExpectation() and SampleBackward() by the CUDA kernels, emulated, against the CPU.
#include "tests/cuda_emulation/parity.h"
#include "tests/engine/sampled_batch.h"

namespace propnp::test {
namespace {

class EmulatedReplay : public EmulatedCases {
 protected:
  SampledBatch MakeBatch(TestRandom& random) const {
    // Behind a camera of radial distortion numbers grow without bound.
    const bool bounded = camera() == PROPNP_CAMERA_PINHOLE || camera() == PROPNP_CAMERA_FISHEYE;
    const Spread spread = bounded ? Spread::kEverywhere : Spread::kPosterior;
    return Sampled(random, MakeGradientBatch(random, Case()), 50, spread);
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
    ASSERT_TRUE(BothRun(&device, &cpu));
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
    ASSERT_TRUE(BothRun(&device, &cpu));
    EXPECT_EQ(device.status, cpu.status);
    ExpectAlikeGradients(device.out, cpu.out, relative);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EmulatedReplay, EveryCase());

}  // namespace
}  // namespace propnp::test
