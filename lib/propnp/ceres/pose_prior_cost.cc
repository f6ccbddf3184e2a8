// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/pose_prior_cost.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/math/cholesky.h"
#include "propnp/math/symmetric_eigen.h"

namespace propnp {
namespace {

template <int kRows, int kCols = kRows>
using RowMajor = Eigen::Matrix<double, kRows, kCols, Eigen::RowMajor>;

std::nullptr_t Fail(const std::string& message, std::string* error) {
  if (error != nullptr) *error = message;
  return nullptr;
}

bool AllFinite(const double* values, int count) {
  return std::all_of(values, values + count, [](double value) { return std::isfinite(value); });
}

bool IsSymmetric(const double* c, int n) {
  constexpr double kTolerance = 1e-9;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      const double scale = std::sqrt(std::fabs(c[i * n + i] * c[j * n + j]));
      if (!(std::fabs(c[i * n + j] - c[j * n + i]) <= kTolerance * scale)) return false;
    }
  }
  return true;
}

// sqrt_info = L^-1 with covariance = L L^T. An error message, empty if there is none.
template <int N>
std::string InverseRoot(const double* covariance, double* sqrt_info) {
  double null_space[N * N];
  bool negative = false;
  constexpr double kTolerance = 64 * std::numeric_limits<double>::epsilon();
  const int rank = scaled_rank<N>(covariance, kTolerance, null_space, &negative);
  for (int i = 0; i < N; ++i) negative |= !(covariance[i * N + i] >= 0);
  if (negative) return "covariance is not positive";
  Cholesky<N, double> cholesky;
  if (rank < N || !cholesky.factorize(covariance)) {
    return "covariance has rank " + std::to_string(rank) + " of " + std::to_string(N);
  }
  for (int j = 0; j < N; ++j) {
    double column[N] = {};
    column[j] = 1;
    cholesky.solve_lower(column, column);
    for (int i = 0; i < N; ++i) sqrt_info[i * N + j] = column[i];
  }
  return "";
}

// d local(prior, (+)(pose, eta)) / d eta for the rotation: I - [h]x + h h^T, h = delta_theta / 2.
Eigen::Matrix3d LocalDerivative(const double* delta_theta) {
  const Eigen::Vector3d h = 0.5 * Eigen::Map<const Eigen::Vector3d>(delta_theta);
  Eigen::Matrix3d result = Eigen::Matrix3d::Identity() + h * h.transpose();
  result(0, 1) += h.z(), result(0, 2) -= h.y(), result(1, 2) += h.x();
  result(1, 0) -= h.z(), result(2, 0) += h.y(), result(2, 1) -= h.x();
  return result;
}

// Splits the columns of `whole` among the parameter blocks.
void WriteBlocks(const PoseLayout& layout, const Eigen::MatrixXd& whole, double** jacobians) {
  int first = 0;
  for (int i = 0; i < layout.num_blocks(); ++i) {
    const int size = layout.block_size(i);
    if (jacobians[i] != nullptr) {
      Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
          jacobians[i], whole.rows(), size) = whole.middleCols(first, size);
    }
    first += size;
  }
}

}  // namespace

PosePriorCost::PosePriorCost(const PoseLayout& layout) : layout_(layout) {
  set_num_residuals(layout.tangent_size());
  for (int i = 0; i < layout.num_blocks(); ++i) {
    mutable_parameter_block_sizes()->push_back(layout.block_size(i));
  }
}

std::unique_ptr<PosePriorCost> PosePriorCost::Create(const PoseLayout& layout,
                                                     const double* prior_pose,
                                                     const double* covariance, Tangent tangent,
                                                     std::string* error) {
  if (!layout.Validate(error)) return nullptr;
  const int n = layout.tangent_size();
  if (prior_pose == nullptr) return Fail("prior_pose is null", error);
  if (covariance == nullptr) return Fail("covariance is null", error);
  if (!AllFinite(prior_pose, layout.ambient_size())) {
    return Fail("prior_pose is not finite", error);
  }
  if (!AllFinite(covariance, n * n)) return Fail("covariance is not finite", error);
  if (!IsSymmetric(covariance, n)) return Fail("covariance is not symmetric", error);

  std::unique_ptr<PosePriorCost> cost(new PosePriorCost(layout));
  std::copy_n(prior_pose, layout.ambient_size(), cost->prior_pose_);
  if (layout.four_dof()) {
    if (tangent != Tangent::kPropnp) {
      return Fail("four degrees of freedom have no tangent but kPropnp", error);
    }
    const std::string problem = InverseRoot<4>(covariance, cost->sqrt_info_);
    return problem.empty() ? std::move(cost) : Fail(problem, error);
  }

  const Quaternion<double> q{prior_pose[3], prior_pose[4], prior_pose[5], prior_pose[6]};
  if (!(squared_norm(q) > 0)) return Fail("prior_pose has a zero quaternion", error);
  double root[36], map[36];
  const std::string problem = InverseRoot<6>(covariance, root);
  if (!problem.empty()) return Fail(problem, error);
  // their delta = A our delta.
  tangent_map(tangent, SixDof<double>().transform(prior_pose), map);
  Eigen::Map<RowMajor<6>>(cost->sqrt_info_) =
      Eigen::Map<RowMajor<6>>(root) * Eigen::Map<RowMajor<6>>(map);
  return cost;
}

bool PosePriorCost::Evaluate(double const* const* parameters, double* residuals,
                             double** jacobians) const {
  const int n = layout_.tangent_size();
  PoseState state;
  if (!ReadPose(layout_, parameters, &state)) return false;
  double pose[7], delta[6];
  LoadPose(layout_, parameters, pose);
  if (layout_.four_dof()) {
    FourDof<double>().local(prior_pose_, pose, delta);
  } else {
    if (layout_.inverse) InvertPose(pose, pose);
    SixDof<double>().local(prior_pose_, pose, delta);
  }
  if (!AllFinite(delta, n)) return false;

  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor, 7, 7>;
  const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>
      sqrt_info(sqrt_info_, n, n);
  Eigen::Map<Eigen::VectorXd>(residuals, n).noalias() =
      sqrt_info * Eigen::Map<const Eigen::VectorXd>(delta, n);
  if (jacobians == nullptr) return true;

  Matrix from_blocks(n, layout_.ambient_size());
  PoseMinusJacobian(layout_, parameters, from_blocks.data());
  Matrix jacobian = sqrt_info;
  if (!layout_.four_dof()) {
    jacobian.rightCols<3>() = (jacobian.rightCols<3>() * LocalDerivative(delta + 3)).eval();
    if (layout_.inverse) {
      RowMajor<6> map;
      tangent_map(Tangent::kInversePose, state.transform, map.data());
      jacobian = (jacobian * map).eval();
    }
  }
  WriteBlocks(layout_, jacobian * from_blocks, jacobians);
  return true;
}

}  // namespace propnp
