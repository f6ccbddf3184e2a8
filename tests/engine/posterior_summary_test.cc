// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/posterior_summary.h"

#include "propnp/math/cholesky.h"
#include "tests/engine/evidence_problems.h"
#include "tests/engine/simulation.h"
#include "tests/engine/summary_call.h"

namespace propnp::test {
namespace {

constexpr double kPi = 3.14159265358979323846;

// Poses one step to either side of `mean` along each axis, the rotation by the rotation vector.
std::vector<double> Star(const double* mean, const std::vector<double>& sizes) {
  std::vector<double> poses;
  for (int axis = 0; axis < 6; ++axis) {
    for (const double sign : {-1.0, 1.0}) {
      double step[6] = {}, pose[7];
      const double size = sign * sizes[axis];
      step[axis] = axis < 3 ? size : 2 * std::tan(size / 2);
      SixDof<double>().retract(mean, step, pose);
      poses.insert(poses.end(), pose, pose + 7);
    }
  }
  return poses;
}

TEST(PosteriorMoments, OfASymmetricStarOfPoses) {
  TestRandom random;
  double mean[7], start[7];
  random.Pose(mean);
  const std::vector<double> sizes{0.1, 0.2, 0.3, 0.4, 0.2, 0.1};
  const std::vector<double> poses = Star(mean, sizes), weights(12, 1.0 / 12);
  const double away[6] = {1, -2, 0.5, 0.4, -0.3, 0.6};
  SixDof<double>().retract(mean, away, start);
  PoseMoments<SixDof<double>> moments;
  ComputeMoments(SixDof<double>(), {poses.data(), weights.data(), 12}, start, &moments);
  const PoseDistance error = Distance(6, mean, moments.mean);
  EXPECT_LT(error.translation, 1e-6);  // the tolerance of the iteration is 1e-6 of the spread
  EXPECT_LT(error.rotation, 1e-6);
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) {
      const double expected = i == j ? sizes[i] * sizes[i] / 6 : 0;
      EXPECT_NEAR(moments.covariance[6 * i + j], expected, 1e-6) << i << " " << j;
    }
  }
}

TEST(PosteriorMoments, OfOnePoseIsThatPose) {
  TestRandom random;
  double pose[7], start[7];
  random.Pose(pose), random.Pose(start);
  const double weight = 1;
  PoseMoments<SixDof<double>> moments;
  ComputeMoments(SixDof<double>(), {pose, &weight, 1}, start, &moments);
  EXPECT_LT(Distance(6, pose, moments.mean).translation, 1e-13);
  EXPECT_LT(Distance(6, pose, moments.mean).rotation, 1e-13);
  for (double c : moments.covariance) EXPECT_NEAR(c, 0, 1e-25);
}

// Yaws either side of half a turn, one of them a turn further on.
TEST(PosteriorMoments, OfYawsAcrossHalfATurn) {
  const double poses[2 * 7] = {0, 0, 5, kPi - 0.1, 0, 0, 0, 0, 0, 5, -kPi + 0.1 - 2 * kPi};
  const double weights[2] = {0.5, 0.5}, start[4] = {0, 0, 5, 3};
  PoseMoments<FourDof<double>> moments;
  ComputeMoments(FourDof<double>(), {poses, weights, 2}, start, &moments);
  EXPECT_NEAR(moments.mean[3], kPi, 1e-6);
  EXPECT_NEAR(moments.covariance[15], 0.01, 1e-6);
}

// Half a turn away, and half of the weight there: the Cayley tangent would be infinite.
TEST(PosteriorMoments, OfHalfTurnsAreFinite) {
  const double poses[14] = {0, 0, 5, 1, 0, 0, 0, 0, 0, 5, 0, 0, 1, 0};
  const double weights[2] = {0.5, 0.5};
  PoseMoments<SixDof<double>> moments;
  ComputeMoments(SixDof<double>(), {poses, weights, 2}, poses, &moments);
  EXPECT_NEAR(moments.covariance[28], kPi * kPi / 4, 1e-6);  // of the rotation about y
}

TEST(WeightedDistribution, QuantilesOfFewNumbers) {
  const double values[4] = {3, 100, 1, 2}, weights[4] = {0.25, 0, 0.5, 0.25};
  int32_t order[4];
  const WeightedDistribution distribution(values, weights, 4, order);
  // 1 stands at 1/4 of the mass, 2 at 5/8, 3 at 7/8.
  const double expected[][2] = {{0, 1},      {0.25, 1},  {0.4375, 1.5}, {0.625, 2},
                                {0.75, 2.5}, {0.875, 3}, {1, 3}};
  for (const auto& [level, value] : expected) {
    EXPECT_DOUBLE_EQ(distribution.Quantile(level), value) << level;
  }
}

TEST(SystematicDraws, TakeEverySampleItsShareOfTimes) {
  TestRandom random;
  std::vector<double> weights(100);
  double sum = 0;
  for (double& w : weights) sum += w = std::max(random.Uniform(-0.3, 1), 0.0);
  for (double& w : weights) w /= sum;
  for (const int64_t draws : {1, 7, 1000}) {
    std::vector<int32_t> chosen(draws), times(100, 0);
    DrawPoses(weights.data(), 100, 5, 8, draws, chosen.data());
    for (int32_t s : chosen) ++times.at(s);
    for (int s = 0; s < 100; ++s) {
      EXPECT_LT(std::fabs(times[s] - weights[s] * static_cast<double>(draws)), 1) << s;
    }
  }
}

// Over objects, the first of the draws has the samples' distribution, and so has the pair of the
// first two. Fails, for one, without the shuffle. A standard normal number exceeds five once in
// 3e6.
TEST(SystematicDraws, EveryDrawHasTheDistribution) {
  const double weights[3] = {0.2, 0.5, 0.3};
  constexpr int kObjects = 20000, kDraws = 50;
  int first[3] = {}, pairs[3][3] = {};
  for (uint64_t id = 0; id < kObjects; ++id) {
    int32_t chosen[kDraws];
    DrawPoses(weights, 3, 42, id, kDraws, chosen);
    ++first[chosen[0]];
    ++pairs[chosen[0]][chosen[1]];
  }
  const auto expect_share = [&](int count, double share) {
    const double expected = kObjects * share;
    EXPECT_LT(std::fabs(count - expected), 5 * std::sqrt(expected * (1 - share)));
  };
  for (int i = 0; i < 3; ++i) {
    expect_share(first[i], weights[i]);
    for (int j = 0; j < 3; ++j) {
      // Drawn without putting back, of which there are weight x 50.
      expect_share(pairs[i][j], weights[i] * (kDraws * weights[j] - (i == j)) / (kDraws - 1));
    }
  }
}

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
