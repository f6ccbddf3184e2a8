// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Whether covariances tell the truth about the errors they speak of.
//
// The squared Mahalanobis error d^T C^-1 d of a pose with the right covariance C is chi-square
// distributed with as many degrees of freedom as the pose has (NEES, Bar-Shalom).
#include <algorithm>
#include <numeric>

#include "propnp/math/cholesky.h"
#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

constexpr int64_t kProblems = 2000;

template <int kDof>
double SquaredMahalanobis(const double* covariance, const double* delta) {
  Cholesky<kDof, double> cholesky;
  EXPECT_TRUE(cholesky.factorize(covariance));
  double white[kDof], sum = 0;
  cholesky.solve_lower(delta, white);
  for (const double w : white) sum += w * w;
  return sum;
}

// The squared error of every object, which must have converged.
std::vector<double> SquaredErrors(const Batch& b, const Solution& s) {
  std::vector<double> errors;
  for (int64_t i = 0; i < b.num_objects; ++i) {
    EXPECT_EQ(s.status[i], PROPNP_STATUS_CONVERGED) << "object " << i;
    const std::vector<double> delta =
        LocalStep(b.cost.dof, &s.pose[i * b.pose_size()], &b.true_pose[i * b.pose_size()]);
    const double* covariance = &s.covariance[i * b.cost.dof * b.cost.dof];
    errors.push_back(b.cost.dof == 6 ? SquaredMahalanobis<6>(covariance, delta.data())
                                     : SquaredMahalanobis<4>(covariance, delta.data()));
  }
  return errors;
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// P(chi^2_dof <= x) for an even dof: 1 - exp(-x/2) sum_k (x/2)^k / k!.
double ChiSquareCdf(int dof, double x) {
  double term = 1, sum = 1;
  for (int k = 1; k < dof / 2; ++k) sum += term *= x / 2 / k;
  return 1 - std::exp(-x / 2) * sum;
}

// The largest distance between the empirical and the true distribution, times sqrt(n).
double KolmogorovStatistic(std::vector<double> values, int dof) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double largest = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double cdf = ChiSquareCdf(dof, values[i]);
    largest = std::max({largest, cdf - i / n, (i + 1) / n - cdf});
  }
  return largest * std::sqrt(n);
}

// Noise of half a pixel with the weights to match, 30 points.
Batch WellModelled(TestRandom& random, int dof, int64_t objects) {
  Simulation simulation;
  simulation.objects = objects;
  simulation.points = 30;
  simulation.dof = dof;
  simulation.noise_px = 0.5;
  Batch batch = Simulate(random, simulation);
  batch.w2d.assign(batch.x2d.size(), 1 / simulation.noise_px);
  batch.pose_init = batch.true_pose;
  return batch;
}

class Nees : public ::testing::TestWithParam<int> {};

// Expectation dof, standard error sqrt(2 dof / 2000): .077 and .063; five of them are exceeded once
// in 2e6 seeds. Kolmogorov's statistic exceeds 2.75 with probability 2 exp(-2 2.75^2) = 5e-7. A
// factor of two in a variance, or of the half angle, moves the mean by 10 standard errors and more.
TEST_P(Nees, LeastSquaresIsChiSquare) {
  TestRandom random;
  const int dof = GetParam();
  const Batch batch = WellModelled(random, dof, kProblems);
  const std::vector<double> errors = SquaredErrors(batch, SolveBatch(batch));
  EXPECT_NEAR(Mean(errors), dof, 5 * std::sqrt(2.0 * dof / kProblems));
  EXPECT_LT(KolmogorovStatistic(errors, dof), 2.75);
}

// 30 % of the points have ten times the noise that their weights claim. Expectation dof (up to the
// few percent by which residuals of 100 points fall short of errors), standard error about .1; the
// bound of 15 % is the design's. The inverse curvature is far off: it does not know of the
// outliers.
TEST_P(Nees, SandwichHoldsUnderOutliers) {
  TestRandom random;
  const int dof = GetParam();
  Simulation simulation;
  simulation.objects = kProblems;
  simulation.points = 100;
  simulation.dof = dof;
  simulation.noise_px = 0.5;
  simulation.outlier_fraction = 0.3;
  simulation.outlier_noise_px = 5;
  Batch batch = Simulate(random, simulation);
  batch.w2d.assign(batch.x2d.size(), 1 / simulation.noise_px);
  batch.pose_init = batch.true_pose;
  batch.cost.loss = PROPNP_LOSS_HUBER;
  batch.cost.delta = 1.345;
  batch.options.covariance = PROPNP_COVARIANCE_SANDWICH;
  EXPECT_NEAR(Mean(SquaredErrors(batch, SolveBatch(batch))), dof, 0.15 * dof);
  batch.options.covariance = PROPNP_COVARIANCE_GAUSS_NEWTON;
  EXPECT_GT(Mean(SquaredErrors(batch, SolveBatch(batch))), 1.15 * dof);
}

INSTANTIATE_TEST_SUITE_P(Dof, Nees, ::testing::Values(6, 4), ::testing::PrintToStringParamName());

// Every diagonal entry of every object's covariance, one kind over the other.
std::vector<double> DiagonalRatios(const Batch& b, const Solution& above, const Solution& below) {
  std::vector<double> ratios;
  const int64_t d = b.cost.dof;
  for (int64_t i = 0; i < b.num_objects; ++i) {
    for (int64_t k = 0; k < d; ++k) {
      const int64_t entry = (i * d + k) * d + k;
      ratios.push_back(above.covariance[entry] / below.covariance[entry]);
    }
  }
  return ratios;
}

TEST(CovarianceKinds, AgreeWithoutLossWhereTheNoiseIsModelled) {
  TestRandom random;
  Batch batch = WellModelled(random, 6, 500);
  const Solution posterior = SolveBatch(batch);
  batch.options.covariance = PROPNP_COVARIANCE_GAUSS_NEWTON;
  const Solution gauss_newton = SolveBatch(batch);
  // Without a loss the two matrices are the same but for the order of the sums: n epsilon, times a
  // condition number of some thousands.
  for (size_t k = 0; k < posterior.covariance.size(); ++k) {
    const double scale = std::fabs(posterior.covariance[k / 36 * 36 + k % 6 * 7]) +
                         std::fabs(posterior.covariance[k / 36 * 36 + k % 36 / 6 * 7]);
    EXPECT_NEAR(gauss_newton.covariance[k], posterior.covariance[k], 1e-9 * scale);
  }
  batch.options.covariance = PROPNP_COVARIANCE_SANDWICH;
  const Solution sandwich = SolveBatch(batch);
  // The sandwich of 60 residuals scatters by about sqrt(4 / 60) a diagonal entry, and its mean
  // lacks what the six parameters took from the residuals, 6/60 on average and up to three times
  // that for an entry that hangs on few points. 3000 entries of 500 independent objects: a standard
  // error below .26 / sqrt(500) = .012, five times that on both sides.
  const double mean = Mean(DiagonalRatios(batch, sandwich, posterior));
  EXPECT_GT(mean, 1 - 0.3 - 0.06);
  EXPECT_LT(mean, 1 + 0.06);
}

// With outliers the three differ: the posterior's curvature counts only the part of a far point
// that lies across its residual.
TEST(CovarianceKinds, DifferUnderOutliers) {
  TestRandom random;
  Batch batch = WellModelled(random, 6, 50);
  for (size_t k = 0; k < batch.x2d.size(); k += 6) batch.x2d[k] += 8 * random.Normal();
  batch.cost.loss = PROPNP_LOSS_HUBER;
  const Solution posterior = SolveBatch(batch);
  batch.options.covariance = PROPNP_COVARIANCE_GAUSS_NEWTON;
  const Solution gauss_newton = SolveBatch(batch);
  for (const double ratio : DiagonalRatios(batch, posterior, gauss_newton)) EXPECT_GT(ratio, 1);
}

// Weights of one where sigma is two: expectation 4, standard error 4 sqrt(2 / (60 - 6)) / sqrt(500)
// = .034 without a loss.
TEST(VarianceFactor, EstimatesAnUnknownNoise) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    Simulation simulation;
    simulation.objects = 500;
    simulation.points = 30;
    simulation.dof = dof;
    simulation.noise_px = 2;
    Batch batch = Simulate(random, simulation);
    batch.pose_init = batch.true_pose;
    const Solution plain = SolveBatch(batch);
    EXPECT_NEAR(Mean(plain.variance_factor), 4, 5 * 0.034) << dof << " DoF";
    // Without a loss it is 2 cost / redundancy.
    EXPECT_NEAR(plain.variance_factor[0], 2 * plain.cost_after[0] / (60 - dof), 1e-12);
    batch.options.scale_covariance = 1;
    const Solution scaled = SolveBatch(batch);
    for (size_t k = 0; k < plain.covariance.size(); ++k) {
      const double expected = plain.covariance[k] * plain.variance_factor[k / (dof * dof)];
      EXPECT_NEAR(scaled.covariance[k], expected, 1e-15 * std::fabs(expected));
    }
  }
}

// Points without weight are no observations.
TEST(VarianceFactor, CountsWeightedPoints) {
  TestRandom random;
  Simulation simulation;
  simulation.points = 10;
  simulation.noise_px = 1;
  Batch batch = Simulate(random, simulation);
  batch.pose_init = batch.true_pose;
  batch.w2d.assign(20, 1.0);
  batch.w2d[0] = batch.w2d[1] = 0;
  const Solution solution = SolveBatch(batch);
  EXPECT_NEAR(solution.variance_factor[0], 2 * solution.cost_after[0] / (2 * 9 - 6), 1e-12);
  // Three points leave nothing over to tell the noise from.
  std::fill_n(batch.w2d.begin(), 14, 0.0);
  EXPECT_EQ(SolveBatch(batch).variance_factor[0], 0);
}

// Cauchy's curvature is negative beyond its scale: where every point lies there the posterior has
// no covariance, while the reweighted matrix always does.
TEST(Indefinite, IsReportedUnderCauchy) {
  TestRandom random;
  Batch batch = Simulate(random, Simulation());
  for (double& pixel : batch.x2d) pixel += 200 * random.Normal();
  batch.pose_init = batch.true_pose;
  batch.cost.loss = PROPNP_LOSS_CAUCHY;
  batch.cost.delta = 0.5;
  batch.options.max_iterations = 0;
  const Solution posterior = SolveBatch(batch);
  EXPECT_TRUE(posterior.status[0] & PROPNP_STATUS_INDEFINITE);
  EXPECT_EQ(posterior.rank[0], 6);
  for (const double c : posterior.covariance) EXPECT_EQ(c, 0);
  batch.options.covariance = PROPNP_COVARIANCE_GAUSS_NEWTON;
  const Solution gauss_newton = SolveBatch(batch);
  EXPECT_FALSE(gauss_newton.status[0] & PROPNP_STATUS_INDEFINITE);
  EXPECT_GT(gauss_newton.covariance[0], 0);
}

}  // namespace
}  // namespace propnp::test
