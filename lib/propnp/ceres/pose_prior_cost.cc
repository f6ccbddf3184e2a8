// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/pose_prior_cost.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "propnp/ceres/pose_gaussian.h"

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
  double root[36];
  std::string problem;
  if (!SqrtInformation(n, covariance, root, &problem)) return Fail("covariance " + problem, error);

  std::unique_ptr<PosePriorCost> cost(new PosePriorCost(layout));
  std::copy_n(prior_pose, layout.ambient_size(), cost->prior_pose_);
  if (layout.four_dof()) {
    if (tangent != Tangent::kPropnp) {
      return Fail("four degrees of freedom have no tangent but kPropnp", error);
    }
    std::copy_n(root, n * n, cost->sqrt_info_);
    return cost;
  }

  const Quaternion<double> q{prior_pose[3], prior_pose[4], prior_pose[5], prior_pose[6]};
  if (!(squared_norm(q) > 0)) return Fail("prior_pose has a zero quaternion", error);
  double map[36];
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
