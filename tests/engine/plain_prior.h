// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Prior densities by their formulas, and the evidence under them by quadrature.
#ifndef PROPNP_TESTS_ENGINE_PLAIN_PRIOR_H_
#define PROPNP_TESTS_ENGINE_PLAIN_PRIOR_H_

#include <vector>

#include "tests/engine/own_prior.h"
#include "tests/engine/quadrature.h"

namespace propnp::test {

inline constexpr double kPi = 3.14159265358979323846;

// -log density of a pose prior, by the formula.
class PlainPosePrior {
 public:
  PlainPosePrior(int dof, const OwnPrior& own) : dof_(dof), mean_(own.first) {
    EXPECT_TRUE(dof == 6 ? six_.factorize(own.second.data()) : four_.factorize(own.second.data()));
    yaw_sigma_ = std::sqrt(own.second.back());
  }

  double operator()(const double* pose) const {
    std::vector<double> y = LocalStep(dof_, mean_.data(), pose);
    double cost = 0.5 * dof_ * std::log(2 * kPi);
    if (dof_ == 6) {
      const double square = y[3] * y[3] + y[4] * y[4] + y[5] * y[5];
      cost += 0.5 * six_.log_determinant() - 2 * std::log1p(square / 4);
      six_.solve_lower(y.data(), y.data());
    } else {
      cost += 0.5 * four_.log_determinant() + std::log(std::erf(kPi / yaw_sigma_ / std::sqrt(2.0)));
      four_.solve_lower(y.data(), y.data());
    }
    for (double value : y) cost += value * value / 2;
    return cost;
  }

 private:
  int dof_;
  std::vector<double> mean_;
  Cholesky<6, double> six_;
  Cholesky<4, double> four_;
  double yaw_sigma_;
};

// -log density of a log-depth prior with a covariance.
class PlainLogDepthPrior {
 public:
  explicit PlainLogDepthPrior(const OwnPrior& own) : mean_(own.first) {
    EXPECT_TRUE(cholesky_.factorize(own.second.data()));
  }

  double operator()(const double* pose) const {
    const double z = pose[2];
    if (!(z > 0)) return kInfinity;
    double y[3] = {pose[0] / z - mean_[0], pose[1] / z - mean_[1], std::log(z) - mean_[2]};
    cholesky_.solve_lower(y, y);
    double cost = 1.5 * std::log(2 * kPi) + cholesky_.log_determinant() / 2 + 3 * std::log(z);
    for (double value : y) cost += value * value / 2;
    return cost;
  }

 private:
  std::vector<double> mean_;
  Cholesky<3, double> cholesky_;
};

// One object with points that say nothing.
inline Batch Weightless(TestRandom& random, int dof) {
  Batch b = OneObject(random, dof, 8, 1);
  b.w2d.assign(b.w2d.size(), 1e-9);
  return b;
}

// The stored numbers; with 4DoF of a turn about y.
inline std::vector<double> PoseFrom(int dof, const RigidTransform<double>& p) {
  const Mat3<double>& r = p.rotation;
  std::vector<double> pose = {p.translation.x, p.translation.y, p.translation.z};
  if (dof == 4) {
    pose.push_back(std::atan2(r.row0.z, r.row0.x));
    return pose;
  }
  const double m[9] = {r.row0.x, r.row0.y, r.row0.z, r.row1.x, r.row1.y,
                       r.row1.z, r.row2.x, r.row2.y, r.row2.z};
  const double w = 0.5 * std::sqrt(1 + m[0] + m[4] + m[8]);  // these are no half turns
  pose.insert(pose.end(),
              {w, (m[7] - m[5]) / (4 * w), (m[2] - m[6]) / (4 * w), (m[3] - m[1]) / (4 * w)});
  return pose;
}

// log Z of the batch's one object; `prior` of the stored pose, the same as `own`.
template <typename MinusLogDensity>
double QuadratureEvidence(const Batch& b, const MinusLogDensity& prior, const Prior* own) {
  const int dof = b.cost.dof;
  const PlainCost points(b);
  const auto cost = [&](const RigidTransform<double>& p) {
    return points(p) + prior(PoseFrom(dof, p).data());
  };
  if (dof == 6) return SixDofEvidence(cost, LaplaceOf(b, cost, own));
  SampleOptions options;
  WantedOutputs wanted;
  wanted.samples = true;
  const Posterior posterior = SampleBatch(b, options, own, PROPNP_FLOAT64, 1, wanted);
  return FourDofEvidence(b, cost, GridAround(posterior, options.num_samples));
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_PLAIN_PRIOR_H_
