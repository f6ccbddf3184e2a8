// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// SamplePosterior() by the CUDA kernels, emulated, against the CPU. From starts that make no steps
// of their own, which are the same on both, the same modes follow to 1e-4 standard deviations, and
// so the same proposals and draws: evidence and gradient agree far below their Monte Carlo error.
// From refined starts, whose arithmetic differs, other small modes may be found, and they agree
// within it.
#include "tests/cuda_emulation/parity.h"
#include "tests/cuda_emulation/sample_call.h"
#include "tests/engine/own_prior.h"

namespace propnp::test {
namespace {

// A pose has two quaternions, and many yaws.
std::vector<double> Canonical(std::vector<double> poses, int64_t pose_size) {
  for (size_t first = 0; pose_size == 4 && first < poses.size(); first += 4) {
    poses[first + 3] = std::remainder(poses[first + 3], 6.283185307179586);
  }
  for (size_t first = 0; pose_size == 7 && first < poses.size(); first += 7) {
    size_t largest = first + 3;
    for (size_t k = first + 4; k < first + 7; ++k) {
      if (std::fabs(poses[k]) > std::fabs(poses[largest])) largest = k;
    }
    if (poses[largest] >= 0) continue;
    for (size_t k = first + 3; k < first + 7; ++k) poses[k] = -poses[k];
  }
  return poses;
}

// A difference of five standard errors in one of 64 objects has a probability of 4e-5. The errors
// are estimates themselves, so that a little is added.
void ExpectWithinError(const SampleCall& device, const SampleCall& cpu, size_t object) {
  const double error = std::hypot(device.standard_error[object], cpu.standard_error[object]);
  if (!std::isfinite(error)) return;
  EXPECT_NEAR(device.log_evidence[object], cpu.log_evidence[object], 5 * error + 0.01) << object;
}

void ExpectSameEvidence(const SampleCall& device, const SampleCall& cpu, double tolerance) {
  EXPECT_EQ(device.status, cpu.status);
  EXPECT_EQ(device.mode_count, cpu.mode_count);
  EXPECT_EQ(device.stages, cpu.stages);
  for (size_t i = 0; i < cpu.log_evidence.size(); ++i) {
    EXPECT_NEAR(device.log_evidence[i], cpu.log_evidence[i], tolerance) << i;
    EXPECT_NEAR(device.ess[i], cpu.ess[i], tolerance) << i;
    EXPECT_NEAR(device.khat[i], cpu.khat[i], 10 * tolerance) << i;
  }
  ExpectAlike("cost_target", device.cost_target, cpu.cost_target, tolerance);
  const int64_t p = cpu.args.mode_pose.shape[2];
  ExpectAlike("mode_pose", Canonical(device.mode_pose, p), Canonical(cpu.mode_pose, p), tolerance,
              1);
  ExpectAlike("pose", Canonical(device.pose, p), Canonical(cpu.pose, p), tolerance, 1);
  ExpectAlike("mode_covariance", device.mode_covariance, cpu.mode_covariance, 10 * tolerance, 1);
  ExpectAlike("mode_cost", device.mode_cost, cpu.mode_cost, tolerance, 1);
}

void ExpectClose(const SampleCall& device, const SampleCall& cpu, double tolerance) {
  ExpectSameEvidence(device, cpu, tolerance);
  ExpectAlike("x3d", device.out.x3d, cpu.out.x3d, 10 * tolerance);
  ExpectAlike("x2d", device.out.x2d, cpu.out.x2d, 10 * tolerance);
  ExpectAlike("w2d", device.out.w2d, cpu.out.w2d, 10 * tolerance);
  ExpectAlike("relative_delta", device.out.relative_delta, cpu.out.relative_delta, 10 * tolerance);
  ExpectAlike("sqrt_info", device.out.sqrt_info, cpu.out.sqrt_info, 10 * tolerance);
  ExpectAlike("delta", device.out.delta, cpu.out.delta, 10 * tolerance);
  ExpectAlike("prior mean", device.out.prior_mean, cpu.out.prior_mean, 10 * tolerance);
  ExpectAlike("prior sigma", device.out.prior_sigma, cpu.out.prior_sigma, 10 * tolerance);
  ExpectAlike("prior covariance", device.out.prior_covariance, cpu.out.prior_covariance,
              10 * tolerance);
}

// Evidence, modes and gradients of the loss, with the true poses as target.
void ExpectAgreement(SamplePair* pair, double tolerance) {
  pair->ForBoth([&](SampleCall* call) { call->SetTarget(pair->batch); });
  ASSERT_TRUE(BothRun(&pair->device, &pair->cpu));
  ExpectClose(pair->device, pair->cpu, tolerance);
}

void UseControlVariates(SampleCall* call) { call->options.control_variates = 1; }

class EmulatedSample : public EmulatedCases {
 protected:
  GradientBatch MakeBatch() const {
    TestRandom random;
    return MakeGradientBatch(random, Case());
  }
};

TEST_P(EmulatedSample, AgreesWithTheCpu) {
  SamplePair pair(MakeBatch(), 128);
  ExpectAgreement(&pair, 1e-3);
}

TEST_P(EmulatedSample, WithControlVariatesAgreesWithTheCpu) {
  SamplePair pair(MakeBatch(), 128);
  pair.ForBoth(UseControlVariates);
  ExpectAgreement(&pair, 1e-3);
  ExpectAlike("standard_error", pair.device.standard_error, pair.cpu.standard_error, 1e-2);
}

// With so many samples fields of the second and third degree correct the gradient's weights, whose
// regressions double what separates the modes; both precisions.
TEST_P(EmulatedSample, SteinVariatesOfAllDegreesAgreeWithTheCpu) {
  for (const int32_t precision : {PROPNP_FLOAT64, PROPNP_FLOAT32}) {
    SamplePair pair(MakeBatch(), 700, precision);
    pair.ForBoth(UseControlVariates);
    ExpectAgreement(&pair, precision == PROPNP_FLOAT64 ? 1e-3 : 3e-3);
  }
}

TEST_P(EmulatedSample, InSinglePrecisionAgreesWithTheCpu) {
  SamplePair pair(MakeBatch(), 96, PROPNP_FLOAT32);
  pair.ForBoth([](SampleCall* call) {
    call->options.method = PROPNP_SAMPLER_MIXTURE_MC;
    call->args.through_delta = 0;
  });
  ExpectAgreement(&pair, 3e-3);
}

// Where the first stage's samples are the same, so is what is fitted to them.
TEST_P(EmulatedSample, TheSecondStageAgreesWithTheCpu) {
  SamplePair pair(MakeBatch(), 192);
  pair.ForBoth([](SampleCall* call) { call->options.second_stage_ess = 0.9; });
  ExpectAgreement(&pair, 3e-3);
  EXPECT_EQ(pair.cpu.stages[0], 2);
}

TEST_P(EmulatedSample, AdaptiveSamplingAgreesWithTheCpu) {
  SamplePair pair(MakeBatch(), 64);
  pair.ForBoth([](SampleCall* call) { call->options.method = PROPNP_SAMPLER_AMIS; });
  ExpectAgreement(&pair, 3e-3);
}

TEST_P(EmulatedSample, FromRefinedStartsAgreesWithinTheStandardErrors) {
  const GradientBatch b = MakeBatch();
  SampleCall device(b, 0, PROPNP_FLOAT32, 256), cpu(b, -1, PROPNP_FLOAT64, 512);
  for (SampleCall* call : {&device, &cpu}) {
    call->start_options.num_starts = 32;
    call->start_options.start_points = 6;
    call->start_options.start_iterations = 5;
    UseControlVariates(call);
    call->SetTarget(b);
  }
  ASSERT_TRUE(BothRun(&device, &cpu));
  for (size_t i = 0; i < cpu.status.size(); ++i) ExpectWithinError(device, cpu, i);
}

INSTANTIATE_TEST_SUITE_P(All, EmulatedSample, EveryCase());

class EmulatedSampleBatch : public ::testing::Test, protected OnEmulatedDevice {};

// A yaw so uncertain that its correlated density jumps at half a turn has no Stein control
// variates; with them the gradients differ by some percent.
TEST_F(EmulatedSampleBatch, APriorThatJumpsHasNoSteinVariates) {
  TestRandom random;
  GradientCase c;
  c.dof = 4, c.prior = true, c.prior_form = PriorForm::kPose, c.displacement = 0.02;
  GradientBatch b = MakeGradientBatch(random, c);
  for (double& w : b.w2d) w *= 1e-3;
  const double triangle[] = {.16, .04, .16, .04, .04, .16, .2, .2, .2, 2.56};
  b.prior_triangle.clear();
  for (int64_t i = 0; i < b.num_objects; ++i) {
    b.prior_triangle.insert(b.prior_triangle.end(), std::begin(triangle), std::end(triangle));
  }
  SamplePair pair(b, 700);
  pair.ForBoth(UseControlVariates);
  ExpectAgreement(&pair, 1e-3);
}

// A range whose ends cut into the posterior: of both precisions, of a loss, of the adaptive
// sampler, and in the form with half widths. The device's scores are in the precision of the
// samples.
TEST_F(EmulatedSampleBatch, EndsOfADepthRangeAgreeWithTheCpu) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    GradientCase c;
    c.dof = dof, c.displacement = 0.02, c.loss = PROPNP_LOSS_HUBER;
    GradientBatch b = MakeGradientBatch(random, c);
    for (double& w : b.w2d) w *= 0.01;  // so that it is as wide as the range
    for (const bool symmetric : {false, true}) {
      OwnPrior own = OwnPrior::DepthRange({2.8, 4.1},
                                          symmetric ? std::vector<double>{0.15, 0.2}
                                                    : std::vector<double>{-0.15, 0.13, -0.14, 0.2});
      for (const int32_t precision : {PROPNP_FLOAT64, PROPNP_FLOAT32}) {
        SamplePair pair(b, 700, precision);
        std::vector<double> depth[2], bound[2];
        pair.ForBoth([&](SampleCall* call) {
          const int64_t widths = symmetric ? 2 : 4;
          const int place = call == &pair.cpu;
          std::vector<double>&d = depth[place], &w = bound[place];
          d.assign(2 * 2, kNaN), w.assign(2 * widths, kNaN);
          call->inputs.cost.prior = own.For(2);
          UseControlVariates(call);
          call->options.method = symmetric ? PROPNP_SAMPLER_AMIS : PROPNP_SAMPLER_MIXTURE;
          call->args.grad_prior_depth = View(d.data(), {2, 2});
          call->args.grad_prior_bound = View(w.data(), {2, widths});
        });
        ASSERT_TRUE(BothRun(&pair.device, &pair.cpu));
        ExpectClose(pair.device, pair.cpu, 3e-3);
        ExpectAlike("depth", depth[0], depth[1], 1e-2);
        ExpectAlike("bound", bound[0], bound[1], 1e-2);
        // Without mass at the ends only the volume's part is left, in which two ends cancel.
        const std::vector<double>& g = bound[1];
        const double of_mass =
            symmetric ? g[0] + 1 / 0.15 : std::fabs(g[0] + g[1]) + std::fabs(g[2] + g[3]);
        EXPECT_GT(of_mass, 0.1);
      }
    }
  }
}

// With the memory that the query asks for nothing beyond it is written, and the bits are the same.
TEST_F(EmulatedSampleBatch, TheWorkspaceIsEnough) {
  TestRandom random;
  const GradientBatch b = FullGradientBatch(random);
  SampleCall call(b, 0, PROPNP_FLOAT32, 130);
  UseControlVariates(&call);
  call.options.second_stage_ess = 0.9;
  call.SetTarget(b);
  uint64_t bytes = 0;
  ASSERT_TRUE(SamplePosteriorWorkspaceSize(SharedContext(), call.args, &bytes).ok());
  ASSERT_TRUE(SamplePosterior(SharedContext(), call.args).ok());
  const std::vector<double> expected = call.out.w2d, evidence = call.log_evidence;
  constexpr size_t kUnused = 2 * GradientBatch::kUnusedRows;
  const GuardedWorkspace workspace(bytes, &call.args);
  ASSERT_TRUE(SamplePosterior(SharedContext(), call.args).ok());
  EXPECT_EQ(std::vector<double>(call.out.w2d.begin(), call.out.w2d.end() - kUnused),
            std::vector<double>(expected.begin(), expected.end() - kUnused));
  EXPECT_EQ(call.log_evidence, evidence);
  workspace.ExpectIntactGuard();
}

}  // namespace
}  // namespace propnp::test
