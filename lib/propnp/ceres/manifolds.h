// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Manifolds whose tangent is the project's retraction (pose.h):
//
//   Plus:  t + delta_t,  dq(delta_theta) q    dq = (1, delta_theta / 2) / |(1, delta_theta / 2)|
//   Minus: t_y - t_x,    2 vec(d) / scalar(d), d = q_y q_x*
//
// in radians of full angle, translation first. With them the covariance and the steps of a
// ceres::Problem are in the same coordinates as everything else here. A problem that keeps
// ceres::QuaternionManifold or EigenQuaternionManifold (half angle) finds the same optimum: the
// ambient Jacobians of our cost functions do not know the manifold.
//
// Of an inverse layout the tangent is that of the stored pose: with world_from_cam delta_theta
// turns the camera about the world's axes, and delta_t moves it along them.
//
// Four degrees of freedom need no manifold: the block [t, yaw] is Euclidean.
#ifndef PROPNP_CERES_MANIFOLDS_H_
#define PROPNP_CERES_MANIFOLDS_H_

#include <ceres/manifold.h>
#include <ceres/problem.h>

#include <string>
#include <vector>

#include "propnp/ceres/pose_layout.h"

namespace propnp {

// A quaternion of unit length in a block of its own: 4 numbers, tangent delta_theta.
class CayleyQuaternionManifold final : public ceres::Manifold {
 public:
  explicit CayleyQuaternionManifold(QuaternionOrder order = QuaternionOrder::kWxyz);

  int AmbientSize() const override { return 4; }
  int TangentSize() const override { return 3; }
  bool Plus(const double* x, const double* delta, double* x_plus_delta) const override;
  bool PlusJacobian(const double* x, double* jacobian) const override;
  // False where the two rotations are half a turn apart: the chart ends there.
  bool Minus(const double* y, const double* x, double* y_minus_x) const override;
  bool MinusJacobian(const double* x, double* jacobian) const override;

 private:
  PoseLayout layout_;
};

// A pose in one block of 7: tangent [delta_t, delta_theta], whichever comes first in the block.
class CayleyPoseManifold final : public ceres::Manifold {
 public:
  // Of the layout the storage (one of the two of seven) and the quaternion's order are used;
  // another storage is taken as kTranslationQuaternion.
  explicit CayleyPoseManifold(const PoseLayout& layout = PoseLayout());

  int AmbientSize() const override { return 7; }
  int TangentSize() const override { return 6; }
  bool Plus(const double* x, const double* delta, double* x_plus_delta) const override;
  bool PlusJacobian(const double* x, double* jacobian) const override;
  bool Minus(const double* y, const double* x, double* y_minus_x) const override;
  bool MinusJacobian(const double* x, double* jacobian) const override;

 private:
  PoseLayout layout_;
};

// Gives the blocks of one pose the manifold of their layout; `blocks` must be in `problem` already.
// Yaw poses are left as they are.
void SetPoseManifold(const PoseLayout& layout, const std::vector<double*>& blocks,
                     ceres::Problem* problem);

}  // namespace propnp

#endif  // PROPNP_CERES_MANIFOLDS_H_
