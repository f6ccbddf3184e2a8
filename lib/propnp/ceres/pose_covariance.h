// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The covariance of a pose in a ceres::Problem, in the project's tangent (pose.h): translation in
// the unit of the problem, rotation in radians of full angle, on the target side of the *stored*
// pose. It does not matter which manifold the problem uses, or whether it has one.
//
// H is summed over the residual blocks that touch the pose, with r a block's residual, J its
// Jacobian in the tangent and rho_c its ceres::LossFunction at |r|^2:
//
//   gauss_newton  H = sum rho_c' J^T J                               C = H^-1
//   posterior     H = sum J^T (rho_c' I + 2 rho_c'' r r^T) J         C = H^-1
//   sandwich      the same H, M = sum rho_c'^2 J^T r r^T J           C = H^-1 M H^-1
//
// The points of an ObjectReprojectionCost count one by one with the loss that is inside the block;
// a PosePriorCost counts with its information in M too. `posterior` is the inverse of the robust
// Hessian; `gauss_newton` is what ceres::Covariance returns; `sandwich` has the right mean squared
// error under contaminated noise (P. Huber, 1967). Curvature of the residuals is left out of H.
#ifndef PROPNP_CERES_POSE_COVARIANCE_H_
#define PROPNP_CERES_POSE_COVARIANCE_H_

#include <ceres/problem.h>

#include <string>
#include <vector>

#include "propnp/ceres/pose_layout.h"

namespace propnp {

// In the order of PROPNP_COVARIANCE_*.
enum class CovarianceKind { kPosterior = 0, kGaussNewton = 1, kSandwich = 2 };

struct PoseCovariance {
  enum class Status {
    kOk,
    kRankDeficient,  // some direction is not determined: see null_space
    kIndefinite      // the robust Hessian is not positive (Cauchy beyond its scale)
  };

  Status status = Status::kRankDeficient;
  CovarianceKind kind = CovarianceKind::kPosterior;
  int size = 6;               // 6, or 4: the names below
  double matrix[6 * 6] = {};  // size x size, row-major; zero unless status is kOk
  int rank = 0;
  double null_space[6 * 6] = {};  // the first size - rank rows: unit directions of the tangent

  bool ok() const { return status == Status::kOk; }
  double at(int i, int j) const { return matrix[i * size + j]; }
};

// "tx" "ty" "tz" "rx" "ry" "rz", or "tx" "ty" "tz" "yaw": the rows of a covariance of that size.
const char* const* TangentNames(int size);

// The covariance of one pose with every other parameter held at its value. `blocks` are those of
// the layout. False with a message if the pose is not in the problem, a residual block cannot be
// evaluated, or an ObjectReprojectionCost was given a loss.
bool ComputePoseCovariance(const ceres::Problem& problem, const PoseLayout& layout,
                           const std::vector<double*>& blocks, CovarianceKind kind,
                           PoseCovariance* covariance, std::string* error);

// The gauss_newton covariance of one pose with every other free parameter of the problem free too:
// ceres::Covariance in the project's tangent. Its status is kRankDeficient if the whole problem is
// (with nothing held fixed, a reconstruction is); rank is then 0, for unknown. False with a message
// if the pose is not in the problem or constant.
bool ComputeMarginalPoseCovariance(ceres::Problem* problem, const PoseLayout& layout,
                                   const std::vector<double*>& blocks, PoseCovariance* covariance,
                                   std::string* error);

}  // namespace propnp

#endif  // PROPNP_CERES_POSE_COVARIANCE_H_
