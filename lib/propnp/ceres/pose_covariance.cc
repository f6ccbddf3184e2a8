// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/pose_covariance.h"

#include <ceres/covariance.h>

#include <limits>

#include "propnp/ceres/pose_curvature.h"
#include "propnp/math/cholesky.h"
#include "propnp/math/symmetric_eigen.h"

namespace propnp {
namespace {

using Matrix = internal::RowMajorMatrix;

template <int N>
void Finish(const internal::PoseCurvature& sums, PoseCovariance* covariance) {
  bool negative = false;
  constexpr double kTolerance = 64 * std::numeric_limits<double>::epsilon();
  covariance->rank =
      scaled_rank<N>(sums.gauss_newton.data(), kTolerance, covariance->null_space, &negative);
  covariance->status = PoseCovariance::Status::kRankDeficient;
  if (covariance->rank < N) return;
  const bool gauss_newton = covariance->kind == CovarianceKind::kGaussNewton;
  Cholesky<N, double> cholesky;
  if (!cholesky.factorize((gauss_newton ? sums.gauss_newton : sums.hessian).data())) {
    covariance->status = PoseCovariance::Status::kIndefinite;
    return;
  }
  covariance->status = PoseCovariance::Status::kOk;
  cholesky.inverse(covariance->matrix);
  if (covariance->kind != CovarianceKind::kSandwich) return;
  Eigen::Map<Matrix> result(covariance->matrix, N, N);
  const internal::TangentMatrix inverse = result;
  const internal::TangentMatrix sandwich = inverse * sums.scores * inverse;
  result = 0.5 * (sandwich + sandwich.transpose());
}

}  // namespace

const char* const* TangentNames(int size) {
  static const char* const kSix[] = {"tx", "ty", "tz", "rx", "ry", "rz"};
  static const char* const kFour[] = {"tx", "ty", "tz", "yaw"};
  return size == 4 ? kFour : kSix;
}

bool ComputePoseCovariance(const ceres::Problem& problem, const PoseLayout& layout,
                           const std::vector<double*>& blocks, CovarianceKind kind,
                           PoseCovariance* covariance, std::string* error) {
  *covariance = PoseCovariance();
  covariance->kind = kind;
  covariance->size = layout.tangent_size();
  internal::PoseCurvature sums(covariance->size);
  if (!internal::SumPoseCurvature(problem, layout, blocks, &sums, error)) return false;
  if (covariance->size == 4) {
    Finish<4>(sums, covariance);
  } else {
    Finish<6>(sums, covariance);
  }
  return true;
}

bool ComputeMarginalPoseCovariance(ceres::Problem* problem, const PoseLayout& layout,
                                   const std::vector<double*>& blocks, PoseCovariance* covariance,
                                   std::string* error) {
  *covariance = PoseCovariance();
  covariance->kind = CovarianceKind::kGaussNewton;
  if (!internal::CheckPoseBlocks(*problem, layout, blocks, error)) return false;
  for (double* block : blocks) {
    if (problem->IsParameterBlockConstant(block)) {
      if (error != nullptr) *error = "the pose is constant: it has no covariance";
      return false;
    }
  }
  const int n = covariance->size = layout.tangent_size();
  const int ambient = layout.ambient_size();

  ceres::Covariance ceres_covariance{ceres::Covariance::Options()};
  const std::vector<const double*> wanted(blocks.begin(), blocks.end());
  Matrix in_blocks(ambient, ambient);
  if (!ceres_covariance.Compute(wanted, problem) ||
      !ceres_covariance.GetCovarianceMatrix(wanted, in_blocks.data())) {
    return true;  // rank deficient
  }
  Matrix minus_jacobian(n, ambient);
  PoseMinusJacobian(layout, blocks.data(), minus_jacobian.data());
  const Matrix in_tangent = minus_jacobian * in_blocks * minus_jacobian.transpose();
  Eigen::Map<Matrix>(covariance->matrix, n, n) = 0.5 * (in_tangent + in_tangent.transpose());
  covariance->rank = n;
  covariance->status = PoseCovariance::Status::kOk;
  return true;
}

}  // namespace propnp
