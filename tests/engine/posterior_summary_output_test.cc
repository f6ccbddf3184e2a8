// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The sampler's summaries against closed forms.
#include "propnp/engine/posterior_summary_output.h"

#include <memory>
#include <string>

#include "tests/engine/aligned_bytes.h"
#include "tests/engine/allocation_count.h"
#include "tests/engine/evidence_problems.h"
#include "tests/engine/simulation.h"
#include "tests/engine/summary_call.h"

namespace propnp::test {
namespace {

constexpr double kPi = 3.14159265358979323846;

// Noise-free objects that are seen so well that their posteriors are Gaussian.
Batch SharpObjects(TestRandom& random, int dof) {
  Simulation simulation;
  simulation.objects = 3;
  simulation.points = 40;
  simulation.dof = dof;
  Batch batch = Simulate(random, simulation);
  batch.w2d.assign(batch.x2d.size(), 4);
  return batch;
}

// Everything in units of the solver's covariance C = L L^T: whitened samples are standard normal.
class GaussianPosterior : public ::testing::TestWithParam<int> {
 protected:
  static constexpr int kSamples = 16384;

  int dof() const { return GetParam(); }

  // y = L^-1 x.
  std::vector<double> Whitened(const double* covariance, const double* x) const {
    std::vector<double> y(dof());
    Cholesky<6, double> six;
    Cholesky<4, double> four;
    EXPECT_TRUE(dof() == 6 ? six.factorize(covariance) : four.factorize(covariance));
    dof() == 6 ? six.solve_lower(x, y.data()) : four.solve_lower(x, y.data());
    return y;
  }

  // L^-1 A L^-T.
  std::vector<double> WhitenedMatrix(const double* covariance, const double* a) const {
    const int d = dof();
    std::vector<double> once, twice;
    for (int pass = 0; pass < 2; ++pass) {
      const std::vector<double> from = pass ? once : std::vector<double>(a, a + d * d);
      std::vector<double>& to = pass ? twice : once;
      to.resize(d * d);
      for (int j = 0; j < d; ++j) {
        std::vector<double> row(&from[d * j], &from[d * j] + d);
        row = Whitened(covariance, row.data());
        for (int i = 0; i < d; ++i) to[d * i + j] = row[i];
      }
    }
    return twice;
  }

  std::vector<double> SolvedCovariance(const Batch& batch) const {
    Batch started = batch;
    started.pose_init = batch.true_pose;
    return SolveBatch(started).covariance;
  }

  TestRandom random_;
};

// Moments of n effective samples err by sqrt(2 / n) at most, quasi-random points by less; what the
// posterior differs from a Gaussian is of second order in a sigma of below .003 rad. Fails, for
// one, if rotations are taken as half angles.
TEST_P(GaussianPosterior, MomentsAreTheSolvers) {
  const Batch batch = SharpObjects(random_, dof());
  const std::vector<double> solved = SolvedCovariance(batch);
  SummaryCall call(batch, kSamples);
  ASSERT_TRUE(call.Run().ok());
  const int d = dof();
  for (int64_t b = 0; b < batch.num_objects; ++b) {
    const double* covariance = &solved[b * d * d];
    const double allowed = 5 * std::sqrt(2 / (call.ess[b] * kSamples)) + 1e-3;
    const std::vector<double> ratio = WhitenedMatrix(covariance, &call.covariance[b * d * d]);
    for (int i = 0; i < d * d; ++i) EXPECT_NEAR(ratio[i], i % (d + 1) == 0, allowed) << i;
    const std::vector<double> step = LocalStep(d, &batch.true_pose[b * batch.pose_size()],
                                               &call.mean_pose[b * batch.pose_size()]);
    for (double y : Whitened(covariance, step.data())) EXPECT_NEAR(y, 0, allowed);
    // There is one mode, and its basin is everything.
    EXPECT_EQ(call.mode_count[b], 1);
    for (int i = 0; i < d * d; ++i) {
      EXPECT_EQ(call.mode_moment_covariance[b * SummaryCall::kModes * d * d + i],
                call.covariance[b * d * d + i]);
    }
    for (int64_t i = 0; i < batch.pose_size(); ++i) {
      EXPECT_EQ(call.mode_mean[b * SummaryCall::kModes * batch.pose_size() + i],
                call.mean_pose[b * batch.pose_size() + i]);
    }
  }
}

// The levels of the call are those of -1, 0 and 1 standard deviations, where the error of a
// quantile is sqrt(p (1 - p) / n) / density: 1.51, 1.25 and 1.51 over sqrt(n).
TEST_P(GaussianPosterior, QuantilesAreThoseOfTheNormal) {
  const Batch batch = SharpObjects(random_, dof());
  const std::vector<double> solved = SolvedCovariance(batch);
  SummaryCall call(batch, kSamples);
  ASSERT_TRUE(call.Run().ok());
  const int d = dof();
  for (int64_t b = 0; b < batch.num_objects; ++b) {
    const double allowed = 5 * 1.51 / std::sqrt(call.ess[b] * kSamples) + 1e-3;
    for (int q = 0; q < 3; ++q) {
      for (int i = 0; i < d; ++i) {
        const double sigma = std::sqrt(solved[b * d * d + i * (d + 1)]);
        EXPECT_NEAR(call.quantiles[(b * 3 + q) * d + i] / sigma, q - 1, allowed);
      }
    }
  }
}

// Twice the drop of the log density from its peak is chi-square with D degrees of freedom.
TEST_P(GaussianPosterior, RegionsAreThoseOfTheChiSquare) {
  const Batch batch = SharpObjects(random_, dof());
  const std::vector<double> solved = SolvedCovariance(batch);
  SummaryCall call(batch, kSamples);
  ASSERT_TRUE(call.Run().ok());
  const int d = dof();
  const double quantiles[2] = {d == 6 ? 5.348121 : 3.356694, d == 6 ? 10.644641 : 7.779440};
  for (int64_t b = 0; b < batch.num_objects; ++b) {
    Cholesky<6, double> six;
    Cholesky<4, double> four;
    const double* covariance = &solved[b * d * d];
    ASSERT_TRUE(d == 6 ? six.factorize(covariance) : four.factorize(covariance));
    const double log_det = d == 6 ? six.log_determinant() : four.log_determinant();
    const double peak = -0.5 * (log_det + d * std::log(2 * kPi));
    for (int r = 0; r < 2; ++r) {
      const double x = quantiles[r], p = call.region_shares[r];
      const double density = d == 6 ? x * x * std::exp(-x / 2) / 16 : x * std::exp(-x / 2) / 4;
      const double error = std::sqrt(p * (1 - p) / (call.ess[b] * kSamples)) / density;
      EXPECT_NEAR(call.region_log_density[b * 2 + r], peak - x / 2, 2.5 * error + 5e-3);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(DegreesOfFreedom, GaussianPosterior, ::testing::Values(6, 4),
                         [](const auto& info) { return "dof" + std::to_string(info.param); });

// Every draw is one of the samples, and neither threads nor neighbours move it.
TEST(PosteriorDraws, AreSamplesAndReproducible) {
  TestRandom random;
  Batch batch = SharpObjects(random, 6);
  batch.object_ids = {7, 8, 9};
  SummaryCall call(batch, 512, 64);
  ASSERT_TRUE(call.Run().ok());
  for (int64_t b = 0; b < 3; ++b) {
    for (int64_t k = 0; k < 64; ++k) {
      const double* pose = &call.draws[(b * 64 + k) * 7];
      bool found = false;
      for (int64_t s = 0; s < 512 && !found; ++s) {
        found = std::equal(pose, pose + 7, &call.sample_pose[(b * 512 + s) * 7]);
      }
      EXPECT_TRUE(found) << k;
    }
  }
  Context other_threads(3);
  const Batch alone = Slice(batch, 1, 2);
  SummaryCall again(alone, 512, 64);
  ASSERT_TRUE(again.Run(other_threads).ok());
  EXPECT_TRUE(std::equal(again.draws.begin(), again.draws.end(), &call.draws[64 * 7]));
  SummaryCall reseeded(alone, 512, 64);
  reseeded.options.seed = 1;
  ASSERT_TRUE(reseeded.Run().ok());
  EXPECT_NE(reseeded.draws, again.draws);
}

// One pose between two modes describes neither; each basin has its own moments, about as wide as
// its mode's Gaussian.
TEST(PosteriorMoments, OfATwoFoldAmbiguityAreThoseOfItsModes) {
  const std::vector<EvidenceProblem> problems = ReadEvidenceProblems();
  if (problems.empty()) GTEST_SKIP() << "needs evidence/evidence.json";
  int tested = 0;
  for (const EvidenceProblem& problem : problems) {
    // A few draws tell little of a covariance.
    if (problem.family.find("planar_marker") != 0 || problem.mode_probability[1] < 0.2) continue;
    SCOPED_TRACE(problem.name);
    Batch batch = problem.batch;
    batch.true_pose.clear();
    SummaryCall call(batch, 2048);
    ASSERT_TRUE(call.Run().ok());
    ASSERT_GE(call.mode_count[0], 2);
    ++tested;
    const double turn = Distance(6, &call.mode_pose[0], &call.mode_pose[7]).rotation;
    double within = 0, between = 0;  // variances of the rotation
    for (int m = 0; m < 2; ++m) {
      double moment_trace = 0, mode_trace = 0;
      for (int i = 3; i < 6; ++i) {
        moment_trace += call.mode_moment_covariance[m * 36 + 7 * i];
        mode_trace += call.mode_covariance[m * 36 + 7 * i];
      }
      within += call.mode_probability[m] * moment_trace;
      // Some thirty draws know a variance to a quarter; tails are heavier than the Gaussian's.
      EXPECT_GT(moment_trace, 0.2 * mode_trace);
      EXPECT_LT(moment_trace, 10 * mode_trace);
      EXPECT_LT(Distance(6, &call.mode_pose[7 * m], &call.mode_mean[7 * m]).rotation, 0.5 * turn);
    }
    for (int i = 3; i < 6; ++i) between += call.covariance[7 * i];
    EXPECT_GT(between,
              within + 0.5 * call.mode_probability[0] * call.mode_probability[1] * turn * turn);
    // A mode that nothing belongs to is not there.
    for (int i = 0; i < 7; ++i) EXPECT_EQ(call.mode_mean[7 * 3 + i], call.mode_pose[7 * 3 + i]);
  }
  EXPECT_GT(tested, 0);
}

TEST(PosteriorStages, SayWhetherTheSecondWasUsed) {
  TestRandom random;
  const Batch batch = SharpObjects(random, 6);
  for (const double ess : {0.0, 1.0}) {
    SummaryCall call(batch);
    call.options.second_stage_ess = ess;
    ASSERT_TRUE(call.Run().ok());
    EXPECT_EQ(call.stages, std::vector<int32_t>(3, ess > 0 ? 2 : 1));
  }
}

TEST(PosteriorSummary, OfAFailedObjectIsZero) {
  TestRandom random;
  Batch batch = SharpObjects(random, 6);
  batch.x3d[0] = kNaN;
  SummaryCall call(batch);
  ASSERT_TRUE(call.Run().ok());
  EXPECT_EQ(call.status[0], PROPNP_STATUS_NON_FINITE_INPUT);
  EXPECT_EQ(call.stages[0], 0);
  for (const std::vector<double>* values : call.Summaries()) {
    const size_t width = values->size() / 3;
    for (size_t i = 0; i < values->size(); ++i) {
      EXPECT_TRUE(std::isfinite((*values)[i]));
      EXPECT_TRUE(i >= width || (*values)[i] == 0);
    }
  }
}

// With a workspace, every method and every output, symmetries too.
TEST(PosteriorSummary, AllocatesNothingAndStaysInItsWorkspace) {
  TestRandom random;
  const Batch batch = SharpObjects(random, 6);
  const double axis[3] = {0, 0, 1};
  Symmetries symmetries;
  symmetries.axis = View(axis, {1, 3});
  for (const int32_t method : {PROPNP_SAMPLER_MIXTURE, PROPNP_SAMPLER_MIXTURE_MC,
                               PROPNP_SAMPLER_AMIS, PROPNP_SAMPLER_LAPLACE}) {
    SCOPED_TRACE(method);
    SummaryCall call(batch);
    call.options.method = method;
    call.args.symmetries = &symmetries;
    uint64_t bytes = 0;
    ASSERT_TRUE(SamplePosteriorWorkspaceSize(SharedContext(), call.args, &bytes).ok());
    const GuardedWorkspace workspace(bytes, &call.args);
    ASSERT_TRUE(call.Run().ok());
    workspace.ExpectIntactGuard();
    if (!CanCountAllocations()) continue;
    StartCountingAllocations();
    const Status status = call.Run();
    EXPECT_EQ(StopCountingAllocations(), 0);
    EXPECT_TRUE(status.ok());
  }
}

TEST(PosteriorSummary, RefusesWhatItCannotUse) {
  TestRandom random;
  const Batch batch = SharpObjects(random, 6);
  const auto expect_message = [&](const std::string& part, const auto& change) {
    SummaryCall call(batch);
    change(&call);
    const std::string message = call.Run().message();
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect_message("quantiles is given, but quantile_levels is not",
                 [](SummaryCall* c) { c->args.quantile_levels = {}; });
  expect_message("quantile_levels[1] is 1.5", [](SummaryCall* c) { c->quantile_levels[1] = 1.5; });
  expect_message("region_shares[0] is nan", [](SummaryCall* c) { c->region_shares[0] = kNaN; });
  expect_message("quantiles has shape (3, 3, 6), expected (3, 2, 6)",
                 [](SummaryCall* c) { c->args.quantile_levels.shape[0] = 2; });
  expect_message("draws has shape (3, 16), expected (3, any, 7)",
                 [](SummaryCall* c) { c->args.draws.ndim = 2; });
}

}  // namespace
}  // namespace propnp::test
