// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A Gaussian prior on a pose, from its covariance:
//
//   residual = C^{-1/2} delta,   prior_pose (+) delta = pose
//
// with delta in the project's tangent (pose.h), so that 1/2 |residual|^2 is the squared Mahalanobis
// distance over two. The residual is that of cam_from_object in every layout: a graph that stores
// world_from_cam gets the same cost.
#ifndef PROPNP_CERES_POSE_PRIOR_COST_H_
#define PROPNP_CERES_POSE_PRIOR_COST_H_

#include <ceres/cost_function.h>

#include <memory>
#include <string>

#include "propnp/ceres/pose_layout.h"
#include "propnp/math/tangent.h"

namespace propnp {

class PosePriorCost final : public ceres::CostFunction {
 public:
  // prior_pose: cam_from_object as [tx ty tz qw qx qy qz]; covariance: 6x6 row-major in the
  // convention `tangent`, which tangent.h names (GTSAM's, ROS', pycolmap's, the inverse pose's,
  // ...).
  //
  // Four degrees of freedom: prior_pose is the stored pose [tx ty tz yaw] (whether inverse or not),
  // covariance is 4x4, `tangent` must be kPropnp, and yaws are compared as numbers.
  //
  // Null with a message if an argument is not finite, or the covariance is not symmetric, or not of
  // full rank (the message says which rank it has).
  static std::unique_ptr<PosePriorCost> Create(const PoseLayout& layout, const double* prior_pose,
                                               const double* covariance, Tangent tangent,
                                               std::string* error);

  // False where the rotation is half a turn from the prior's: the chart ends there.
  bool Evaluate(double const* const* parameters, double* residuals,
                double** jacobians) const override;

 private:
  explicit PosePriorCost(const PoseLayout& layout);

  PoseLayout layout_;
  double prior_pose_[7] = {};
  double sqrt_info_[6 * 6] = {};  // residual = sqrt_info delta, tangent_size x tangent_size
};

}  // namespace propnp

#endif  // PROPNP_CERES_POSE_PRIOR_COST_H_
