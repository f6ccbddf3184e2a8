// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Gradient and second-order matrices of everything in a ceres::Problem that touches one pose, in
// the project's tangent. Internal to the covariance and to RefinePoses; pose_covariance.h has the
// formulas.
#ifndef PROPNP_CERES_POSE_CURVATURE_H_
#define PROPNP_CERES_POSE_CURVATURE_H_

#include <ceres/problem.h>

#include <Eigen/Core>
#include <string>
#include <vector>

#include "propnp/ceres/pose_layout.h"

namespace propnp::internal {

using RowMajorMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Of the size of a pose's tangent; never allocates.
using TangentMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor, 6, 6>;
using TangentVector = Eigen::Matrix<double, Eigen::Dynamic, 1, Eigen::ColMajor, 6, 1>;

struct PoseCurvature {
  explicit PoseCurvature(int n)
      : gauss_newton(TangentMatrix::Zero(n, n)),
        hessian(TangentMatrix::Zero(n, n)),
        scores(TangentMatrix::Zero(n, n)),
        gradient(TangentVector::Zero(n)) {}

  TangentMatrix gauss_newton;  // sum rho_c' J^T J
  TangentMatrix hessian;       // sum J^T (rho_c' I + 2 rho_c'' r r^T) J
  TangentMatrix scores;        // sum rho_c'^2 J^T r r^T J
  TangentVector gradient;      // sum rho_c' J^T r
};

// Sums over the residual blocks of the pose, `sums` starting at zero. False with a message if the
// pose is not in the problem as the layout says or a block cannot be evaluated.
bool SumPoseCurvature(const ceres::Problem& problem, const PoseLayout& layout,
                      const std::vector<double*>& blocks, PoseCurvature* sums, std::string* error);

// False with a message if `blocks` are not those of a pose of this layout in the problem.
bool CheckPoseBlocks(const ceres::Problem& problem, const PoseLayout& layout,
                     const std::vector<double*>& blocks, std::string* error);

}  // namespace propnp::internal

#endif  // PROPNP_CERES_POSE_CURVATURE_H_
