// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/laplace_posterior.h"

#include "tests/engine/evidence_problems.h"
#include "tests/engine/simulation.h"
#include "tests/engine/summary_call.h"

namespace propnp::test {
namespace {

SampleOptions LaplaceOptions() {
  SampleOptions options;
  options.method = PROPNP_SAMPLER_LAPLACE;
  return options;
}

// -cost* + 1/2 log det(2 pi Sigma) of the solver's covariance. The weak precision that keeps every
// shape proper is (sigma / .7 rad)^2 of it, below 1e-4 here.
TEST(LaplacePosterior, IsTheSolversGaussian) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    Simulation simulation;
    simulation.objects = 4;
    simulation.points = 30;
    simulation.dof = dof;
    simulation.noise_px = 0.5;
    Batch b = Simulate(random, simulation);
    b.w2d.assign(b.x2d.size(), 2);
    Batch started = b;
    started.pose_init = b.true_pose;
    const Solution solution = SolveBatch(started);
    const Posterior posterior = SampleBatch(b, LaplaceOptions());
    for (int64_t i = 0; i < b.num_objects; ++i) {
      Cholesky<6, double> six;
      Cholesky<4, double> four;
      const double* covariance = &solution.covariance[i * dof * dof];
      ASSERT_TRUE(dof == 6 ? six.factorize(covariance) : four.factorize(covariance));
      const double log_det = dof == 6 ? six.log_determinant() : four.log_determinant();
      EXPECT_NEAR(posterior.log_evidence[i],
                  -solution.cost_after[i] + 0.5 * log_det + dof * 0.918938533204672742, 1e-3);
      EXPECT_EQ(posterior.ess[i], 1);
      EXPECT_EQ(posterior.khat[i], 0);
      EXPECT_EQ(posterior.standard_error[i], kInfinity);
      EXPECT_EQ(posterior.status[i], 0);
    }
  }
}

// Evidence and gradients of posteriors that are nearly Gaussian. What Laplace leaves out is of
// second order in the noise's angle: a few hundredths of a nat where the other samplers are right
// to a thousandth. Gradients are a mean over 512 draws; without the part of the determinant, which
// the mean over draws brings in, that of the weights is 4 % off on the sharp ones and 12 % else.
TEST(LaplacePosterior, ApproximatesWhatIsNearlyGaussian) {
  int tested = 0;
  for (const EvidenceProblem& problem : ReadEvidenceProblems()) {
    const bool sharp = problem.family.find("sharp") != std::string::npos;
    if (!sharp && problem.family != "well_conditioned_64" && problem.family != "fisheye_64")
      continue;
    SCOPED_TRACE(problem.name);
    ++tested;
    const Posterior posterior = SampleBatch(problem.batch, LaplaceOptions());
    EXPECT_NEAR(posterior.log_evidence[0], problem.log_evidence, sharp ? 3e-3 : 3e-2);
    for (const auto& [gradient, truth] : {std::pair(&posterior.grad_x3d, &problem.grad_x3d),
                                          {&posterior.grad_x2d, &problem.grad_x2d},
                                          {&posterior.grad_weight, &problem.grad_weight}}) {
      double error = 0, norm = 0;
      for (size_t k = 0; k < truth->size(); ++k) {
        error += std::pow((*gradient)[k] - (*truth)[k], 2), norm += std::pow((*truth)[k], 2);
      }
      EXPECT_LT(std::sqrt(error / norm), sharp ? 0.01 : 0.06);
    }
  }
  if (tested == 0) GTEST_SKIP() << "needs evidence/evidence.json";
}

// Modes have their mass's share of the samples, which all weigh the same.
TEST(LaplacePosterior, SharesSamplesAmongModes) {
  int tested = 0;
  for (const EvidenceProblem& problem : ReadEvidenceProblems()) {
    if (problem.family != "planar_marker_16") continue;
    SCOPED_TRACE(problem.name);
    ++tested;
    Batch b = problem.batch;
    b.true_pose.clear();
    SummaryCall call(b, 512);
    call.options.method = PROPNP_SAMPLER_LAPLACE;
    std::vector<double> log_weights(512);
    call.args.sample_log_weight = View(log_weights.data(), {1, 512});
    ASSERT_TRUE(call.Run().ok());
    EXPECT_EQ(log_weights, std::vector<double>(512, call.log_evidence[0]));
    EXPECT_EQ(call.stages[0], 1);
    int nearest[2] = {};
    for (int64_t s = 0; s < 512; ++s) {
      double distance[2];
      for (int m = 0; m < 2; ++m) {
        distance[m] = Distance(6, &call.mode_pose[7 * m], &call.sample_pose[7 * s]).rotation;
      }
      ++nearest[distance[1] < distance[0]];
    }
    for (int m = 0; m < 2; ++m) {
      EXPECT_NEAR(call.mode_probability[m], problem.mode_probability[m], 0.1);
      // Tails of one mode may reach over to the other.
      EXPECT_NEAR(nearest[m] / 512.0, call.mode_probability[m], 0.06);
    }
    // Each basin is its Gaussian; a hundred draws know a variance to a seventh.
    double moment = 0, shape = 0;
    for (int i = 3; i < 6; ++i) {
      moment += call.mode_moment_covariance[7 * i], shape += call.mode_covariance[7 * i];
    }
    EXPECT_NEAR(moment / shape, 1, 0.5);
  }
  if (tested == 0) GTEST_SKIP() << "needs evidence/evidence.json";
}

}  // namespace
}  // namespace propnp::test
