// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The gradient of log evidence with respect to the numbers of the prior.
#include <algorithm>

#include "tests/engine/plain_prior.h"

namespace propnp::test {
namespace {

constexpr int kReplicates = 24;

// The mean over replicates of what the sampler says of each number, with its standard error.
struct ReplicatedGradient {
  std::vector<MeanValue> first, second;  // as in OwnPrior
};

// Column k of `rows`.
MeanValue MeanOfColumn(const std::vector<double>& rows, size_t count, size_t k) {
  std::vector<double> values;
  for (size_t i = k; i < rows.size(); i += rows.size() / count) values.push_back(rows[i]);
  return MeanOf(values);
}

std::vector<MeanValue> MeanOfRows(const std::vector<double>& rows, size_t count) {
  std::vector<MeanValue> means;
  for (size_t k = 0; k < rows.size() / count; ++k) means.push_back(MeanOfColumn(rows, count, k));
  return means;
}

ReplicatedGradient GradientOf(const Batch& one, OwnPrior* own, int32_t num_samples) {
  Batch b = Copies(one, kReplicates);
  b.true_pose.clear();
  SampleOptions options;
  options.num_samples = num_samples;
  WantedOutputs wanted;
  wanted.gradient = false, wanted.prior_gradient = true;
  const Posterior p = SampleBatch(b, options, own->For(kReplicates), PROPNP_FLOAT64, 2, wanted);
  if (own->prior.kind == PROPNP_PRIOR_DEPTH_RANGE) {
    return {MeanOfRows(p.grad_prior_depth, kReplicates),
            MeanOfRows(p.grad_prior_bound, kReplicates)};
  }
  return {MeanOfRows(p.grad_prior_mean, kReplicates),
          MeanOfRows(p.grad_prior_covariance, kReplicates)};
}

// A symmetric matrix of entries below one.
std::vector<double> RandomSymmetric(TestRandom& random, int size) {
  std::vector<double> m(size * size);
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j <= i; ++j) m[i * size + j] = m[j * size + i] = random.Uniform(-1, 1);
  }
  return m;
}

class EvidencePriorGradient : public ::testing::TestWithParam<int> {
 protected:
  int dof() const { return GetParam(); }
  TestRandom random_;

  // Along random directions of mean and covariance, against the difference of the evidence by
  // quadrature. make_prior(direction of the mean, of the covariance, step) gives an OwnPrior,
  // plain(OwnPrior) its formula.
  template <typename MakePrior, typename Plain>
  void Check(const Batch& b, int size, const std::vector<double>& scale,
             const MakePrior& make_prior, const Plain& plain) {
    const std::vector<double> zero(size), zeros(size * size);
    OwnPrior own = make_prior(zero, zeros, 0);
    const ReplicatedGradient gradient = GradientOf(b, &own, 4096);
    for (int i = 0; i < 2; ++i) {
      std::vector<double> of_mean(size), of_covariance = RandomSymmetric(random_, size);
      // Directions of one standard deviation, and of half a variance.
      for (int k = 0; k < size; ++k) of_mean[k] = i == 0 ? scale[k] * random_.Uniform(-1, 1) : 0;
      for (int k = 0; k < size * size; ++k) {
        of_covariance[k] *= i == 0 ? 0 : 0.5 * scale[k / size] * scale[k % size] / size;
      }
      constexpr double kStep = 0.05;
      double log_evidence[2];
      for (int side = 0; side < 2; ++side) {
        OwnPrior moved = make_prior(of_mean, of_covariance, side ? kStep : -kStep);
        log_evidence[side] = QuadratureEvidence(b, plain(moved), moved.For(1));
      }
      const double expected = (log_evidence[1] - log_evidence[0]) / (2 * kStep);
      double slope = 0, error = 0;
      for (int k = 0; k < size; ++k) {
        slope += of_mean[k] * gradient.first[k].mean;
        error += std::fabs(of_mean[k]) * gradient.first[k].standard_error;
      }
      for (int k = 0; k < size * size; ++k) {
        slope += of_covariance[k] * gradient.second[k].mean;
        error += std::fabs(of_covariance[k]) * gradient.second[k].standard_error;
      }
      EXPECT_LT(error, 0.02);
      // Quadrature's error over the step, and the third derivative: kStep^2 / 6, of order one.
      EXPECT_NEAR(slope, expected, 5 * error + 2 * kQuadratureError / kStep + 1e-3);
      EXPECT_GT(std::fabs(expected), 0.01) << "a direction that shows nothing";
    }
  }
};

TEST_P(EvidencePriorGradient, OfThePoseIsTheSlopeOfQuadrature) {
  const int d = dof();
  const Batch b = OneObject(random_, d, 10, d == 6 ? 10 : 40);
  std::vector<double> scale(d, 0.15), covariance(d * d);
  std::fill(scale.begin() + 3, scale.end(), d == 6 ? 0.1 : 0.3);
  double step[6];
  for (double& s : step) s = 0.1 * random_.Normal();
  for (int k = 0; k < d * d; ++k) {
    covariance[k] = scale[k / d] * scale[k % d] * (k % (d + 1) == 0 ? 1 : 0.2);
  }
  const auto retracted = [&](const std::vector<double>& from, const double* by) {
    std::vector<double> pose(from.size());
    d == 6 ? SixDof<double>().retract(from.data(), by, pose.data())
           : FourDof<double>().retract(from.data(), by, pose.data());
    return pose;
  };
  const std::vector<double> mean = retracted(b.true_pose, step);
  Check(
      b, d, scale,
      [&](std::vector<double> by, const std::vector<double>& of_covariance, double h) {
        for (double& v : by) v *= h;
        std::vector<double> moved = covariance;
        for (int k = 0; k < d * d; ++k) moved[k] += h * of_covariance[k];
        return OwnPrior::Pose(d, retracted(mean, by.data()), moved);
      },
      [&](const OwnPrior& own) { return PlainPosePrior(d, own); });
}

TEST_P(EvidencePriorGradient, OfLogDepthIsTheSlopeOfQuadrature) {
  const Batch b = OneObject(random_, dof(), 10, dof() == 6 ? 10 : 20);
  const double* const t = b.true_pose.data();
  const std::vector<double> mean = {t[0] / t[2] + 0.03, t[1] / t[2] - 0.02, std::log(t[2]) + 0.05};
  const std::vector<double> scale = {0.03, 0.04, 0.06};
  const std::vector<double> covariance = {9e-4, 3e-4, -4e-4, 3e-4, 16e-4, 6e-4, -4e-4, 6e-4, 36e-4};
  Check(
      b, 3, scale,
      [&](const std::vector<double>& by, const std::vector<double>& of_covariance, double h) {
        std::vector<double> moved_mean = mean, moved = covariance;
        for (int k = 0; k < 3; ++k) moved_mean[k] += h * by[k];
        for (int k = 0; k < 9; ++k) moved[k] += h * of_covariance[k];
        return OwnPrior::CorrelatedLogDepth(moved_mean, moved);
      },
      [](const OwnPrior& own) { return PlainLogDepthPrior(own); });
}

// Points that say nothing leave the prior's integral, which is one whatever its numbers are. The
// yaw is so uncertain that its correlated density jumps at half a turn: the Stein control variates,
// if they took it for smooth, would be off by .02 with errors of .002.
TEST_P(EvidencePriorGradient, WithoutPointsIsZero) {
  const Batch b = Weightless(random_, dof());
  std::vector<OwnPrior> priors;
  priors.push_back(
      OwnPrior::CorrelatedLogDepth({0.1, 0, 1.5}, {.09, .01, 0, .01, .04, 0, 0, 0, .16}));
  priors.push_back(OwnPrior::Pose(dof(), b.true_pose.data(), 0.4, dof() == 6 ? 0.3 : 1.6, 0.3));
  priors.push_back(OwnPrior::DepthRange({2, 5}, {0.5, 0.4}));
  for (OwnPrior& own : priors) {
    SCOPED_TRACE(own.prior.kind);
    const ReplicatedGradient gradient = GradientOf(b, &own, 4096);
    for (const auto* means : {&gradient.first, &gradient.second}) {
      for (const MeanValue& m : *means) {
        EXPECT_NEAR(m.mean, 0, 5 * m.standard_error + 1e-6);
        EXPECT_LT(m.standard_error, 0.1);
      }
    }
  }
}

// Ends a standard deviation or so from the middle of the posterior, against the mass that samples
// of the posterior without a prior have in thin slabs at those ends.
TEST_P(EvidencePriorGradient, OfARangeIsTheDensityAtItsEnds) {
  const Batch b = OneObject(random_, dof(), 12, 4);
  SampleOptions options;
  options.num_samples = 1 << 18;
  WantedOutputs wanted;
  wanted.gradient = false, wanted.samples = true;
  const Posterior free = SampleBatch(b, options, nullptr, PROPNP_FLOAT64, 2, wanted);
  const double highest =
      *std::max_element(free.sample_log_weight.begin(), free.sample_log_weight.end());
  std::vector<double> u, weight;
  double mean[3] = {}, square[3] = {}, total = 0;
  for (int32_t s = 0; s < options.num_samples; ++s) {
    const double* const t = &free.sample_pose[s * b.pose_size()];
    u.insert(u.end(), {t[0] / t[2], t[1] / t[2], t[2]});
    weight.push_back(t[2] > 0 ? std::exp(free.sample_log_weight[s] - highest) : 0);
    total += weight[s];
    for (int k = 0; k < 3; ++k) {
      mean[k] += weight[s] * u[3 * s + k], square[k] += weight[s] * u[3 * s + k] * u[3 * s + k];
    }
  }
  double sigma[3], ends[6];
  for (int k = 0; k < 3; ++k) {
    mean[k] /= total;
    sigma[k] = std::sqrt(square[k] / total - mean[k] * mean[k]);
    ends[2 * k] = mean[k] - 0.9 * sigma[k], ends[2 * k + 1] = mean[k] + 1.3 * sigma[k];
  }
  const auto mass_inside = [&](const double* e, double* slab_square) {
    double mass = 0;
    for (int32_t s = 0; s < options.num_samples; ++s) {
      bool inside = true;
      for (int k = 0; k < 3; ++k) {
        inside = inside && u[3 * s + k] >= e[2 * k] && u[3 * s + k] <= e[2 * k + 1];
      }
      if (inside) mass += weight[s], *slab_square += weight[s] * weight[s];
    }
    return mass;
  };
  OwnPrior own = OwnPrior::DepthRange({ends[4], ends[5]}, {ends[0], ends[1], ends[2], ends[3]});
  const ReplicatedGradient gradient = GradientOf(b, &own, 4096);
  double ignored = 0;
  const double inside = mass_inside(ends, &ignored);
  const double z0 = ends[4], z1 = ends[5], cubes = z1 * z1 * z1 - z0 * z0 * z0;
  for (int k = 0; k < 6; ++k) {
    double mass[2], squares[2] = {}, moved[6];
    const double step = 0.1 * sigma[k / 2];
    for (int side = 0; side < 2; ++side) {
      std::copy(ends, ends + 6, moved);
      moved[k] += side ? step : -step;
      mass[side] = mass_inside(moved, &squares[side]);
    }
    const double of_volume = k == 4   ? -3 * z0 * z0 / cubes
                             : k == 5 ? 3 * z1 * z1 / cubes
                                      : (k % 2 ? 1 : -1) / (ends[k | 1] - ends[k & ~1]);
    const double density = (mass[1] - mass[0]) / (2 * step * inside);
    // Of independent draws in the slab; and the curvature of a normal density over it, which is
    // below step^2 / 6 of its own size.
    const double error = std::sqrt(std::fabs(squares[1] - squares[0])) / (2 * step * inside);
    const MeanValue& actual = k < 4 ? gradient.second[k] : gradient.first[k - 4];
    EXPECT_NEAR(actual.mean, density - of_volume,
                5 * std::hypot(error, actual.standard_error) + 2e-3 * std::fabs(density))
        << k;
    EXPECT_LT(actual.standard_error, 0.03 * std::fabs(density)) << k;
    EXPECT_LT(error, 0.03 * std::fabs(density)) << k;
  }
}

// Where no sample comes near the ends only the normaliser moves; a symmetric bound moves both
// sides. The loss has the normaliser at the target, too, which cancels that.
TEST_P(EvidencePriorGradient, OfAWideRangeIsItsNormaliser) {
  Batch b = OneObject(random_, dof(), 30, 0.5);
  OwnPrior own = OwnPrior::DepthRange({0, 20}, {2, 3});
  const ReplicatedGradient gradient = GradientOf(b, &own, 512);
  EXPECT_EQ(gradient.first[0].mean, 0);
  EXPECT_NEAR(gradient.first[1].mean, -3.0 / 20, 1e-9);
  EXPECT_NEAR(gradient.second[0].mean, -1.0 / 2, 1e-9);
  EXPECT_NEAR(gradient.second[1].mean, -1.0 / 3, 1e-9);
  WantedOutputs wanted;
  wanted.prior_gradient = true;
  const Posterior with_target =
      SampleBatch(b, SampleOptions(), own.For(1), PROPNP_FLOAT64, 1, wanted);
  EXPECT_NEAR(with_target.grad_prior_depth[1], 0, 1e-9);
  EXPECT_NEAR(with_target.grad_prior_bound[0], 0, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(DegreesOfFreedom, EvidencePriorGradient, ::testing::Values(6, 4),
                         [](const auto& info) { return "dof" + std::to_string(info.param); });

}  // namespace
}  // namespace propnp::test
