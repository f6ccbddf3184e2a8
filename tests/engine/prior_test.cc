// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Priors in the solver, in evaluation and in the sampler.
#include <string>

#include "tests/engine/plain_prior.h"

namespace propnp::test {
namespace {

Posterior SampleWith(const Batch& b, OwnPrior* prior, int32_t num_samples) {
  SampleOptions options;
  options.num_samples = num_samples;
  WantedOutputs wanted;
  wanted.gradient = false;
  return SampleBatch(b, options, prior ? prior->For(b.num_objects) : nullptr, PROPNP_FLOAT64, 2,
                     wanted);
}

class PriorEvidence : public ::testing::TestWithParam<int> {
 protected:
  int dof() const { return GetParam(); }
  TestRandom random_;
};

// Points that say nothing leave the prior's integral: one, times the volume of the rotations where
// it says nothing of them either. The mean over replicates lies within five of its standard errors
// but once in 1e6.
TEST_P(PriorEvidence, OfThePriorAloneIsItsIntegral) {
  const Batch one = Weightless(random_, dof());
  const double rotations = std::log(dof() == 6 ? 8 * kPi * kPi : 2 * kPi);
  OwnPrior priors[] = {OwnPrior::LogDepth({0.1, 0, 1.5}, {0.3, 0.2, 0.4}),
                       OwnPrior::DepthRange({2, 5}, {0.5, 0.4}),
                       OwnPrior::Pose(dof(), one.true_pose.data(), 0.4, 0.5, 0.3)};
  for (OwnPrior& prior : priors) {
    SCOPED_TRACE(prior.prior.kind);
    Batch b = Copies(one, 24);
    b.true_pose.clear();
    const Posterior posterior = SampleWith(b, &prior, 2048);
    std::vector<double> ratios;
    for (double estimate : posterior.log_evidence) {
      ratios.push_back(
          std::exp(estimate - (prior.prior.kind == PROPNP_PRIOR_POSE ? 0 : rotations)));
    }
    const MeanValue ratio = MeanOf(ratios);
    EXPECT_LT(ratio.standard_error, 0.02);
    EXPECT_NEAR(ratio.mean, 1, 5 * ratio.standard_error + 1e-6);
    for (int32_t status : posterior.status) EXPECT_EQ(status & PROPNP_STATUS_IMPROPER, 0);
  }
}

// A range that cuts into the posterior keeps the share of it that is inside, over its volume.
TEST_P(PriorEvidence, OfARangeIsTheShareInside) {
  Batch b = OneObject(random_, dof(), 12, 4);
  const double z = b.true_pose[2];
  SampleOptions options;
  options.num_samples = 65536;
  WantedOutputs wanted;
  wanted.gradient = false, wanted.samples = true;
  const Posterior free = SampleBatch(b, options, nullptr, PROPNP_FLOAT64, 2, wanted);
  const double highest =
      *std::max_element(free.sample_log_weight.begin(), free.sample_log_weight.end());
  double inside = 0, total = 0, square = 0;
  for (int32_t s = 0; s < options.num_samples; ++s) {
    const double w = std::exp(free.sample_log_weight[s] - highest);
    total += w;
    if (free.sample_pose[s * b.pose_size() + 2] > z) inside += w, square += w * w;
  }
  ASSERT_GT(inside / total, 0.1);
  ASSERT_LT(inside / total, 0.9);
  OwnPrior prior = OwnPrior::DepthRange({z, 3 * z}, {2, 2});
  const Posterior cut = SampleWith(b, &prior, 65536);
  const double volume = 16 * (27 - 1) * z * z * z / 3;
  // Independent draws would err so; quasi-random points err less.
  const double error = 2 * std::sqrt(square) / inside;
  EXPECT_NEAR(cut.log_evidence[0],
              free.log_evidence[0] + std::log(inside / total) - std::log(volume), 5 * error);
}

TEST_P(PriorEvidence, OfAPosePriorAgreesWithQuadrature) {
  const Batch b = OneObject(random_, dof(), 10, dof() == 6 ? 10 : 20);
  double step[6], mean[7];
  for (double& s : step) s = 0.1 * random_.Normal();
  dof() == 6 ? SixDof<double>().retract(b.true_pose.data(), step, mean)
             : FourDof<double>().retract(b.true_pose.data(), step, mean);
  OwnPrior own = OwnPrior::Pose(dof(), mean, 0.15, dof() == 6 ? 0.1 : 0.3, 0.2);
  const PlainPosePrior prior(dof(), own);
  const double log_evidence = QuadratureEvidence(b, prior, own.For(1));
  // The prior matters: without it the evidence is another.
  EXPECT_GT(std::fabs(SampleWith(b, nullptr, 4096).log_evidence[0] - log_evidence), 0.5);
  ExpectEvidence(b, log_evidence, own.For(kQuadratureReplicates));
}

// Weak points alone leave the depth open.
TEST_P(PriorEvidence, IsImproperWithoutAPrior) {
  Batch b = OneObject(random_, dof(), 8, 100);
  EXPECT_NE(SampleWith(b, nullptr, 2048).status[0] & PROPNP_STATUS_IMPROPER, 0);
  OwnPrior prior = OwnPrior::DepthRange({1, 20}, {1, 1});
  EXPECT_EQ(SampleWith(b, &prior, 2048).status[0] & PROPNP_STATUS_IMPROPER, 0);
}

// Where the posterior is Gaussian of covariance C about y, Z(mean) = N(y - mean; 0, Sigma + C).
TEST_P(PriorEvidence, GradientToAPoseIsTheGaussians) {
  Batch b = OneObject(random_, dof(), 30, 0.5);
  b.x2d.assign(b.x2d.size(), 0);
  ProjectTruth(&b);
  const int d = dof();
  std::vector<double> covariance = [&] {
    Batch started = b;
    started.pose_init = b.true_pose;
    return SolveBatch(started).covariance;
  }();
  double step[6], mean[7];
  for (double& s : step) s = 0.01 * random_.Normal();
  d == 6 ? SixDof<double>().retract(b.true_pose.data(), step, mean)
         : FourDof<double>().retract(b.true_pose.data(), step, mean);
  OwnPrior own = OwnPrior::Pose(d, mean, 0.01, 0.005, 0.2);
  for (int i = 0; i < d * d; ++i) covariance[i] += own.second[i];
  std::vector<double> expected = LocalStep(d, mean, b.true_pose.data());
  Cholesky<6, double> six;
  Cholesky<4, double> four;
  ASSERT_TRUE(d == 6 ? six.factorize(covariance.data()) : four.factorize(covariance.data()));
  d == 6 ? six.solve(expected.data(), expected.data())
         : four.solve(expected.data(), expected.data());

  SampleOptions options;
  options.num_samples = 4096;
  WantedOutputs wanted;
  wanted.prior_gradient = true;
  const auto gradient_of = [&](const Batch& batch) {
    return SampleBatch(batch, options, own.For(1), PROPNP_FLOAT64, 1, wanted).grad_prior_mean;
  };
  Batch no_target = b;
  no_target.true_pose.clear();
  const std::vector<double> gradient = gradient_of(no_target), loss_gradient = gradient_of(b);
  // The loss has the prior's cost at the target, too.
  const double* target = b.true_pose.data();
  for (int i = 0; i < d; ++i) {
    // Second-order terms are a hundredth of the spread of 1 / sigma.
    const double size = 1 / std::sqrt(covariance[i * (d + 1)]);
    EXPECT_NEAR(gradient[i], expected[i], 0.02 * size) << i;
    double moved[2][7], tangent[6] = {}, cost[2];
    for (int side = 0; side < 2; ++side) {
      tangent[i] = side ? 1e-6 : -1e-6;
      d == 6 ? SixDof<double>().retract(mean, tangent, moved[side])
             : FourDof<double>().retract(mean, tangent, moved[side]);
      OwnPrior shifted = own;
      shifted.first.assign(moved[side], moved[side] + b.pose_size());
      cost[side] = PlainPosePrior(d, shifted)(target);
    }
    EXPECT_NEAR(loss_gradient[i] - gradient[i], (cost[1] - cost[0]) / 2e-6, 1e-4 * size) << i;
  }
}

// Differences of an evidence that these many samples know to 1e-5.
TEST_P(PriorEvidence, GradientToALogDepthPriorIsItsSlope) {
  Batch b = OneObject(random_, dof(), 30, 2);
  b.true_pose.clear();
  const std::vector<double> mean{0.05, -0.1, 1.5}, sigma{0.2, 0.3, 0.4};
  SampleOptions options;
  options.num_samples = 8192;
  WantedOutputs wanted;
  wanted.prior_gradient = true;
  const auto sample = [&](const std::vector<double>& m, const std::vector<double>& s) {
    OwnPrior prior = OwnPrior::LogDepth(m, s);
    return SampleBatch(b, options, prior.For(1), PROPNP_FLOAT64, 2, wanted);
  };
  const Posterior at = sample(mean, sigma);
  constexpr double kStep = 0.01;
  for (int k = 0; k < 3; ++k) {
    std::vector<double> up = mean, down = mean, wide = sigma, narrow = sigma;
    up[k] += kStep, down[k] -= kStep, wide[k] += kStep, narrow[k] -= kStep;
    EXPECT_NEAR(
        at.grad_prior_mean[k],
        (sample(up, sigma).log_evidence[0] - sample(down, sigma).log_evidence[0]) / (2 * kStep),
        5e-3 / sigma[k]);
    EXPECT_NEAR(
        at.grad_prior_sigma[k],
        (sample(mean, wide).log_evidence[0] - sample(mean, narrow).log_evidence[0]) / (2 * kStep),
        2e-2 / sigma[k]);
  }
}

INSTANTIATE_TEST_SUITE_P(DegreesOfFreedom, PriorEvidence, ::testing::Values(6, 4),
                         [](const auto& info) { return "dof" + std::to_string(info.param); });

// With points that say nothing the prior is the answer.
TEST(PriorSolve, ReturnsTheMeanAndItsCovariance) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    for (const int32_t precision : {PROPNP_FLOAT32, PROPNP_FLOAT64}) {
      const Batch b = Weightless(random, dof);
      OwnPrior own = OwnPrior::Pose(dof, b.true_pose.data(), 0.3, 0.2, 0.4);
      SolveCall call(b);
      call.args.precision = precision;
      call.cost.prior = own.For(1);
      ASSERT_TRUE(call.Run(SharedContext()).ok());
      const PoseDistance error = Distance(dof, b.true_pose.data(), call.out.pose.data());
      EXPECT_LT(error.translation, 1e-4);
      EXPECT_LT(error.rotation, 1e-4);
      for (int i = 0; i < dof * dof; ++i) {
        EXPECT_NEAR(call.out.covariance[i], own.second[i], 1e-4);
      }
    }
  }
}

// Points that fit at several depths alike are found at the one that the prior allows, from random
// starts and from a given one outside.
TEST(PriorSolve, StartsInsideOfADepthRange) {
  TestRandom random;
  Batch b = OneObject(random, 6, 20, 0.5);
  // The objects' own depth is from three to seven.
  OwnPrior far = OwnPrior::DepthRange({9, 12}, {1, 1}),
           around = OwnPrior::DepthRange({1, 9}, {1, 1});
  for (OwnPrior* prior : {&far, &around}) {
    for (const bool given : {false, true}) {
      Batch started = b;
      if (given) started.pose_init = {0, 0, 40, 1, 0, 0, 0};
      SolveCall call(started);
      call.cost.prior = prior->For(1);
      ASSERT_TRUE(call.Run(SharedContext()).ok());
      EXPECT_TRUE(std::isfinite(call.out.cost_after[0]));
      EXPECT_GE(call.out.pose[2], prior->first[0]);
      EXPECT_LE(call.out.pose[2], prior->first[1]);
      EXPECT_EQ((call.out.status[0] & PROPNP_STATUS_FELL_BACK) != 0, given);
    }
  }
  const Posterior posterior = SampleWith(b, &far, 512);
  EXPECT_EQ(posterior.status[0] & PROPNP_STATUS_FAILED, 0);
  EXPECT_TRUE(std::isfinite(posterior.log_evidence[0]));
}

TEST(PriorEvaluate, AddsItsCostAndDerivatives) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    const Batch b = OneObject(random, dof, 10, 1);
    double step[6], mean[7];
    for (double& s : step) s = 0.2 * random.Normal();
    dof == 6 ? SixDof<double>().retract(b.true_pose.data(), step, mean)
             : FourDof<double>().retract(b.true_pose.data(), step, mean);
    OwnPrior own = OwnPrior::Pose(dof, mean, 0.3, 0.2, 0.1);
    EvaluateCall without(b, b.true_pose), with(b, b.true_pose);
    with.cost.prior = own.For(1);
    ASSERT_TRUE(without.Run(SharedContext()).ok());
    ASSERT_TRUE(with.Run(SharedContext()).ok());
    const PlainPosePrior prior(dof, own);
    EXPECT_NEAR(with.cost_value[0] - without.cost_value[0], prior(b.true_pose.data()), 1e-9);
    for (int i = 0; i < dof; ++i) {
      double cost[2], tangent[6] = {}, moved[7];
      for (int side = 0; side < 2; ++side) {
        tangent[i] = side ? 1e-5 : -1e-5;
        dof == 6 ? SixDof<double>().retract(b.true_pose.data(), tangent, moved)
                 : FourDof<double>().retract(b.true_pose.data(), tangent, moved);
        cost[side] = prior(moved);
      }
      EXPECT_NEAR(with.gradient[i] - without.gradient[i], (cost[1] - cost[0]) / 2e-5, 1e-6);
      EXPECT_GT(with.hessian[i * (dof + 1)], without.hessian[i * (dof + 1)]);
    }
  }
}

}  // namespace
}  // namespace propnp::test
