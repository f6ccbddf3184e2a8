// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random posteriors around the poses of random chains, and the posterior factors written a second
// time: for ceres::Jet, from rotation matrices instead of quaternions, and with the mixture's
// density as its definition has it.
#ifndef PROPNP_TESTS_CERES_POSTERIOR_CASE_H_
#define PROPNP_TESTS_CERES_POSTERIOR_CASE_H_

#include <ceres/jet.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <vector>

#include "propnp/ceres/posterior_factors.h"
#include "tests/ceres/pose_blocks.h"

namespace propnp::test {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Matrix CovarianceOf(const PoseMode& mode) {
  return Eigen::Map<const Matrix>(mode.covariance.data(), mode.dof, mode.dof);
}

inline void SetCovariance(const Matrix& covariance, PoseMode* mode) {
  std::copy_n(covariance.data(), covariance.size(), mode->covariance.begin());
}

// Standard deviations around `sigma`, every coordinate correlated with every other.
inline Matrix RandomCovariance(int n, double sigma, TestRandom* random) {
  Matrix root(n, n);
  for (int i = 0; i < n * n; ++i) root.data()[i] = random->Normal();
  return sigma * sigma * (root * root.transpose() / n + 0.1 * Matrix::Identity(n, n));
}

// A mode from which it is about `distance` (units, rad) to the pose.
inline PoseMode ModeNear(const RigidTransform<double>& pose, int dof, double distance, double sigma,
                         TestRandom* random) {
  PoseMode mode;
  mode.dof = dof;
  mode.probability = random->Uniform(0.05, 1);
  SetCovariance(RandomCovariance(dof, sigma, random), &mode);
  const Vec3<double> t = pose.translation + random->Vector(distance);
  mode.pose = {t.x, t.y, t.z};
  const Mat3<double> turn = rotation_matrix(quaternion_from_cayley(random->Vector(distance)));
  if (dof == 4) {
    mode.yaw_axis = random->Axis();
    mode.pose[3] = random->Uniform(-3, 3);
    mode.base_rotation = rotation_about_axis(mode.yaw_axis, -mode.pose[3]) * (turn * pose.rotation);
    return mode;
  }
  const Mat3<double> r = turn * pose.rotation;
  Eigen::Matrix3d matrix;
  matrix << r.row0.x, r.row0.y, r.row0.z, r.row1.x, r.row1.y, r.row1.z, r.row2.x, r.row2.y,
      r.row2.z;
  const Eigen::Quaterniond q(matrix);
  const double length = random->Uniform(0.5, 2);
  mode.pose[3] = length * q.w(), mode.pose[4] = length * q.x();
  mode.pose[5] = length * q.y(), mode.pose[6] = length * q.z();
  return mode;
}

// A chain with values for its blocks.
struct ChainCase {
  PoseChainOptions options;
  std::vector<std::vector<double>> parameters;

  std::vector<const double*> pointers() const {
    std::vector<const double*> result;
    for (const auto& block : parameters) result.push_back(block.data());
    return result;
  }
  RigidTransform<double> cam_from_object() const {
    const std::vector<const double*> blocks = pointers();
    double const* const* next = blocks.data();
    return ReadReferenceChain<double>(options, &next);
  }
};

inline ChainCase MakeChain(const PoseChainOptions& options, TestRandom* random) {
  ChainCase c;
  c.options = options;
  for (const PoseLayout& layout : LayoutsOf(options)) {
    double pose[7];
    SmallPose(random, pose);
    AddPoseBlocks(layout, pose, &c.parameters);
  }
  return c;
}

// Every layout alone, in pairs, behind a constant rig and with the rig as a block too.
inline std::vector<PoseChainOptions> AllChains() {
  std::vector<PoseChainOptions> chains;
  const std::vector<PoseLayout> layouts = AllLayouts();
  for (size_t i = 0; i < layouts.size(); ++i) {
    PoseChainOptions chain;
    chain.pose = layouts[i];
    chains.push_back(chain);
    chain.cam_from_rig = {0.1, -0.2, 0.3, 0.9, 0.3, -0.2, 0.1};
    chains.push_back(chain);
    for (size_t j = 0; j < layouts.size(); ++j) {
      chain.world_from_object = layouts[j];
      chain.cam_from_rig_block.reset();
      chains.push_back(chain);
      chain.cam_from_rig_block = layouts[(i + 2 * j) % layouts.size()];
      chains.push_back(chain);
    }
  }
  return chains;
}

// L delta of a mode, with L the inverse of the lower Cholesky factor of its covariance.
template <typename T>
Eigen::Matrix<T, Eigen::Dynamic, 1> ReferenceResidual(const PoseMode& mode,
                                                      const RigidTransform<T>& pose) {
  const RigidTransform<T> mean = cast<T>(mode.cam_from_object());
  const Mat3<T> r = pose.rotation * transposed(mean.rotation);
  const Vec3<T> t = pose.translation - mean.translation;
  // With dq = (w, v) these are 4 w^2 and 4 w v.
  const T cosine = T(1) + r.row0.x + r.row1.y + r.row2.z;
  const Vec3<T> sine{r.row2.y - r.row1.z, r.row0.z - r.row2.x, r.row1.x - r.row0.y};
  Eigen::Matrix<T, Eigen::Dynamic, 1> delta(mode.dof);
  delta[0] = t.x, delta[1] = t.y, delta[2] = t.z;
  if (mode.dof == 6) {
    delta[3] = 2.0 * sine.x / cosine, delta[4] = 2.0 * sine.y / cosine;
    delta[5] = 2.0 * sine.z / cosine;
  } else {
    using std::atan2;
    delta[3] = 2.0 * atan2(dot(cast<T>(mode.yaw_axis), sine), cosine);
  }
  const Eigen::MatrixXd lower = CovarianceOf(mode).llt().matrixL();
  const Eigen::MatrixXd sqrt_info =
      lower.triangularView<Eigen::Lower>().solve(Eigen::MatrixXd::Identity(mode.dof, mode.dof));
  return sqrt_info.template cast<T>() * delta;
}

// log p_m + log N(0; 0, Sigma_m), the probabilities as they are.
inline double ReferenceLogWeight(const PoseMode& mode) {
  const double volume = (2 * 3.14159265358979323846 * CovarianceOf(mode)).determinant();
  return std::log(mode.probability) - 0.5 * std::log(volume);
}

// log p_m N(delta_m; 0, Sigma_m) of every mode.
inline std::vector<double> ReferenceLogShares(const std::vector<PoseMode>& modes,
                                              const RigidTransform<double>& pose) {
  std::vector<double> shares;
  for (const PoseMode& mode : modes) {
    shares.push_back(ReferenceLogWeight(mode) - 0.5 * ReferenceResidual(mode, pose).squaredNorm());
  }
  return shares;
}

// -log of the density, the probabilities divided by their sum.
inline double ReferenceCost(const std::vector<PoseMode>& modes, MixtureKind kind,
                            const RigidTransform<double>& pose) {
  const std::vector<double> shares = ReferenceLogShares(modes, pose);
  const double largest = *std::max_element(shares.begin(), shares.end());
  double sum = 0, total = 0;
  for (const double share : shares) sum += std::exp(share - largest);
  for (const PoseMode& mode : modes) total += mode.probability;
  return -largest - (kind == MixtureKind::kSum ? std::log(sum) : 0) + std::log(total);
}

// The residuals of MixturePosteriorFactor: those of the largest share, and what is left of the
// cost. `offset` is the factor's cost_offset().
struct ReferenceMixture {
  PoseChainOptions options;
  std::vector<PoseMode> modes;
  MixtureKind kind;
  double offset;

  template <typename T>
  bool operator()(T const* const* parameters, T* residuals) const {
    const RigidTransform<T> pose = ReadReferenceChain<T>(options, &parameters);
    double total = 0;
    for (const PoseMode& mode : modes) total += mode.probability;
    std::vector<Eigen::Matrix<T, Eigen::Dynamic, 1>> e;
    std::vector<T> shares;
    for (const PoseMode& mode : modes) {
      e.push_back(ReferenceResidual(mode, pose));
      shares.push_back(ReferenceLogWeight(mode) - std::log(total) - 0.5 * e.back().squaredNorm());
    }
    size_t k = 0;
    for (size_t m = 1; m < shares.size(); ++m) k = shares[k] < shares[m] ? m : k;
    T rest = T(offset - ReferenceLogWeight(modes[k]) + std::log(total));
    if (kind == MixtureKind::kSum) {
      T sum = T(0);
      for (const T& share : shares) sum += exp(share - shares[k]);
      rest -= log(sum);
    }
    std::copy_n(e[k].data(), e[k].size(), residuals);
    // Of kMax it is constant, and zero at best, where the root has no derivative.
    using std::sqrt;
    residuals[e[k].size()] = rest < T(1e-12) ? T(0) : sqrt(2.0 * rest);
    return true;
  }
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_CERES_POSTERIOR_CASE_H_
