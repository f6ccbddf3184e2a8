// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Deterministic quadrature of posteriors, with a cost and measures that are written out here and
// share nothing with the sampler but camera and pose.
//
// Trapezoid sums of smooth densities converge faster than any power of the step: at steps h of a
// Gaussian the relative error is 2 exp(-2 pi^2 k' Sigma k) over the shortest vectors k of the dual
// grid, 1e-8 for h = sigma. Every sum is made twice, the second time on a grid moved by half a
// step, which turns the sign of the largest error: what the two differ by bounds the error of their
// mean, and the share of the outermost layer what was cut off.
#ifndef PROPNP_TESTS_ENGINE_QUADRATURE_H_
#define PROPNP_TESTS_ENGINE_QUADRATURE_H_

#include <array>

#include "propnp/math/cholesky.h"
#include "tests/engine/posterior_batch.h"
#include "tests/engine/simulation.h"

namespace propnp::test {

constexpr double kTwoPi = 6.283185307179586477;
constexpr double kQuadratureError = 2e-5;
// Of the whole, in the outermost layer of a grid. Beyond it layers fall tenfold at least from one
// to the next, so that what is cut off is less than the error.
constexpr double kLargestBorder = 1e-4;

inline double Square(double x) { return x * x; }

// The cost of a batch's one object in plain arithmetic; pinhole camera.
class PlainCost {
 public:
  explicit PlainCost(const Batch& batch) : b_(batch), k_(batch.camera_parameters) {}

  double operator()(const RigidTransform<double>& cam_from_object) const {
    double cost = 0;
    for (int64_t i = 0; i < b_.num_points; ++i) {
      const double* x = &b_.x3d[3 * i];
      const Vec3<double> p = cam_from_object * Vec3<double>{x[0], x[1], x[2]};
      const double u = (k_[0] * p.x + k_[4] * p.y) / p.z + k_[2], v = k_[1] * p.y / p.z + k_[3];
      const double s = std::hypot(b_.w2d[2 * i] * (u - b_.x2d[2 * i]),
                                  b_.w2d[2 * i + 1] * (v - b_.x2d[2 * i + 1]));
      const double d = b_.cost.delta;
      const bool beyond = b_.cost.loss == PROPNP_LOSS_HUBER && s > d;
      cost += beyond ? d * s - d * d / 2 : s * s / 2;
    }
    return cost;
  }

 private:
  const Batch& b_;
  const std::vector<double>& k_;
};

// A sum over a grid, the same over its outermost layer, both over exp(offset).
struct GridSum {
  double sum = 0, border = 0;
};

// log of the integral of exp(log_density) over four axes. The last is periodic, of `period`.
struct FourGrid {
  std::array<double, 3> low, step;
  double period;
  static constexpr int kNodes = 24, kPeriodicNodes = 96;
};

// log_density(axis values, index of the periodic node).
template <typename LogDensity>
GridSum SumOverFour(const FourGrid& grid, double shift, double offset,
                    const LogDensity& log_density) {
  GridSum total;
  std::array<double, 3> at;
  std::array<int, 3> i;
  const auto on_border = [](int k) { return k == 0 || k == FourGrid::kNodes - 1; };
  for (i[0] = 0; i[0] < FourGrid::kNodes; ++i[0]) {
    for (i[1] = 0; i[1] < FourGrid::kNodes; ++i[1]) {
      for (i[2] = 0; i[2] < FourGrid::kNodes; ++i[2]) {
        for (int k = 0; k < 3; ++k) at[k] = grid.low[k] + (i[k] + shift) * grid.step[k];
        double sum = 0;
        for (int y = 0; y < FourGrid::kPeriodicNodes; ++y) {
          sum += std::exp(log_density(at, y) - offset);
        }
        total.sum += sum;
        if (on_border(i[0]) || on_border(i[1]) || on_border(i[2])) total.border += sum;
      }
    }
  }
  return total;
}

// Mean +- 8 standard deviations of (x/z, y/z, log z) under weighted samples: only a place for the
// grid, which the outermost layer then proves to be wide enough.
inline FourGrid GridAround(const Posterior& posterior, int64_t num_samples) {
  double mean[3] = {}, square[3] = {}, total = 0, highest = -kInfinity;
  for (int64_t s = 0; s < num_samples; ++s) {
    highest = std::max(highest, posterior.sample_log_weight[s]);
  }
  for (int64_t s = 0; s < num_samples; ++s) {
    const double w = std::exp(posterior.sample_log_weight[s] - highest);
    const double* t = &posterior.sample_pose[4 * s];
    if (!(t[2] > 0)) continue;
    const double u[3] = {t[0] / t[2], t[1] / t[2], std::log(t[2])};
    for (int k = 0; k < 3; ++k) mean[k] += w * u[k], square[k] += w * u[k] * u[k];
    total += w;
  }
  FourGrid grid;
  grid.period = kTwoPi;
  for (int k = 0; k < 3; ++k) {
    mean[k] /= total;
    const double sigma = std::sqrt(square[k] / total - Square(mean[k]));
    grid.low[k] = mean[k] - 8 * sigma;
    grid.step[k] = 16 * sigma / FourGrid::kNodes;
  }
  return grid;
}

// log Z by quadrature in (x/z, y/z, log z, yaw): dt = z^3 d(x/z) d(y/z) d(log z). `cost` is a
// function of the transform.
template <typename Cost>
double FourDofEvidence(const Batch& b, const Cost& cost, const FourGrid& grid) {
  const double offset = -cost(TransformOf(b, 0, b.true_pose.data()));
  double log_evidence[2];
  for (int half = 0; half < 2; ++half) {
    const double shift = half == 0 ? 0 : 0.5, yaw_step = kTwoPi / FourGrid::kPeriodicNodes;
    std::vector<Mat3<double>> rotations;
    for (int y = 0; y < FourGrid::kPeriodicNodes; ++y) {
      const double pose[7] = {0, 0, 0, (y + shift) * yaw_step};  // of a 4DoF pose four are read
      rotations.push_back(TransformOf(b, 0, pose).rotation);
    }
    const GridSum total =
        SumOverFour(grid, shift, offset, [&](const std::array<double, 3>& at, int y) {
          const double z = std::exp(at[2]);
          return 3 * at[2] - cost({rotations[y], {z * at[0], z * at[1], z}});
        });
    EXPECT_LT(total.border, kLargestBorder * total.sum) << "the grid is too small";
    log_evidence[half] =
        offset + std::log(total.sum * grid.step[0] * grid.step[1] * grid.step[2] * yaw_step);
  }
  EXPECT_NEAR(log_evidence[0], log_evidence[1], 2 * kQuadratureError);
  return (log_evidence[0] + log_evidence[1]) / 2;
}

// A pose and the square root of its covariance, in the tangent.
struct Laplace {
  std::vector<double> pose;
  Cholesky<6, double> sqrt_covariance;
  double cost;
};

// `prior` may be null; `cost` has its part in it.
template <typename Cost>
Laplace LaplaceOf(const Batch& b, const Cost& cost, const propnp_prior* prior = nullptr) {
  Batch started = b;
  started.pose_init = b.true_pose;
  SolveCall call(started);
  call.cost.prior = prior;
  EXPECT_TRUE(call.Run(SharedContext()).ok());
  EXPECT_EQ(call.out.status[0], PROPNP_STATUS_CONVERGED);
  Laplace laplace;
  laplace.pose = call.out.pose;
  EXPECT_TRUE(laplace.sqrt_covariance.factorize(call.out.covariance.data()));
  laplace.cost = cost(SixDof<double>().transform(call.out.pose.data()));
  return laplace;
}

// The density in delta = L u of `laplace`, over that at the minimum. Haar's measure in the
// coordinate of the Cayley map is d(delta_theta) / (1 + |delta_theta|^2 / 4)^2.
template <typename Cost>
double WhitenedDensity(const Cost& cost, const Laplace& laplace, const double* u) {
  double delta[6], pose[7];
  laplace.sqrt_covariance.multiply_lower(u, delta);
  SixDof<double>().retract(laplace.pose.data(), delta, pose);
  const double theta_square = Square(delta[3]) + Square(delta[4]) + Square(delta[5]);
  return std::exp(laplace.cost - cost(SixDof<double>().transform(pose))) /
         Square(1 + theta_square / 4);
}

// Over the grid of `nodes` an axis at steps of one, symmetric about the minimum.
template <typename Cost>
GridSum SumOverSix(const Cost& cost, const Laplace& laplace, int nodes) {
  GridSum total;
  int i[6] = {};
  for (bool more = true; more;) {
    double u[6];
    bool border = false;
    for (int k = 0; k < 6; ++k) {
      u[k] = i[k] - (nodes - 1) / 2.0;
      border = border || i[k] == 0 || i[k] == nodes - 1;
    }
    const double density = WhitenedDensity(cost, laplace, u);
    total.sum += density;
    if (border) total.border += density;
    more = false;
    for (int k = 0; k < 6 && !more; ++k) {  // the next node, the first axis fastest
      more = ++i[k] < nodes;
      if (!more) i[k] = 0;
    }
  }
  return total;
}

template <typename Cost>
double SixDofEvidence(const Cost& cost, const Laplace& laplace) {
  double log_evidence[2];
  for (int half = 0; half < 2; ++half) {
    const GridSum total = SumOverSix(cost, laplace, 11 + half);
    EXPECT_LT(total.border, kLargestBorder * total.sum) << "the grid is too small";
    log_evidence[half] =
        -laplace.cost + std::log(total.sum) + laplace.sqrt_covariance.log_determinant() / 2;
  }
  EXPECT_NEAR(log_evidence[0], log_evidence[1], 2 * kQuadratureError);
  return (log_evidence[0] + log_evidence[1]) / 2;
}

inline Batch OneObject(TestRandom& random, int dof, int64_t points, double sigma_px) {
  Simulation simulation;
  simulation.dof = dof;
  simulation.points = points;
  simulation.noise_px = sigma_px;
  Batch b = Simulate(random, simulation);
  b.w2d.assign(b.x2d.size(), 1 / sigma_px);
  return b;
}

constexpr int64_t kQuadratureReplicates = 24;

// The mean of Z_hat / Z over replicates must be 1 within five of its standard errors, which fails
// by chance once in 1e6, and those must be small enough to see an error of half a percent.
inline void ExpectEvidence(const Batch& b, double log_evidence, const Prior* prior = nullptr) {
  Batch copies = Copies(b, kQuadratureReplicates);
  copies.true_pose.clear();
  SampleOptions options;
  options.num_samples = 4096;
  WantedOutputs wanted;
  wanted.gradient = false;
  const Posterior posterior = SampleBatch(copies, options, prior, PROPNP_FLOAT64, 2, wanted);
  std::vector<double> ratios;
  for (double estimate : posterior.log_evidence)
    ratios.push_back(std::exp(estimate - log_evidence));
  const MeanValue ratio = MeanOf(ratios);
  EXPECT_LT(ratio.standard_error, 2e-3);
  EXPECT_NEAR(ratio.mean, 1, 5 * ratio.standard_error + 2 * kQuadratureError);
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_QUADRATURE_H_
