// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A Gaussian over poses in the chart of its own mean:
//
//   residual = L delta,   L^T L = covariance^-1,   mean (+) delta = pose
//   density of delta = exp(-1/2 |residual|^2) |det L| (2 pi)^(-D/2)
//
// delta is the inverse of the project's retraction (pose.h). Of a mean with four degrees of freedom
// delta is [delta_t, twist], the twist being the rotation of dq = q q_mean^-1 about the yaw axis,
//
//   twist = 2 atan2(axis . vec(dq), scalar(dq)),   within half a turn
//
// that is the difference of the yaws up to full turns, and it says nothing about the two other
// angles of a pose that has them (the swing-twist decomposition: Dobrowolski, "Swing-twist
// decomposition in Clifford algebra", 2015).
//
// The chart ends half a turn from the mean. Within kHalfTurnCosine (gnomonic.h) of that the scalar
// of dq is held, and the derivative is the one at that edge, so that both stay finite. Internal to
// the cost functions.
#ifndef PROPNP_CERES_POSE_GAUSSIAN_H_
#define PROPNP_CERES_POSE_GAUSSIAN_H_

#include <Eigen/Core>
#include <string>

#include "propnp/ceres/pose_mode.h"

namespace propnp {

// sqrt_info = L, lower triangular, n x n row-major, n = 6 or 4. False with a message that begins
// with "is" or "has" if the covariance is not finite, not symmetric or not positive definite.
bool SqrtInformation(int n, const double* covariance, double* sqrt_info, std::string* problem);

// d local(mean, (+)(pose, eta)) / d eta for the rotation: I - [h]x + h h^T, h = delta_theta / 2.
Eigen::Matrix3d LocalDerivative(const double* delta_theta);

class PoseGaussian {
 public:
  using Vector = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, 6, 1>;
  // D x 6 row-major: d residual / d (a step [tau, eta] of the pose on the camera's side).
  using Jacobian = Eigen::Matrix<double, Eigen::Dynamic, 6, Eigen::RowMajor, 6, 6>;

  // The mode's probability is not looked at. False with a message that names the field.
  bool Init(const PoseMode& mode, std::string* error);

  int size() const { return size_; }
  // The density at the mean.
  double log_peak() const { return log_peak_; }

  // A null `jacobian` is not filled. False if |residual|^2 overflows.
  bool Evaluate(const RigidTransform<double>& pose, Vector* residual, Jacobian* jacobian) const;

 private:
  int size_ = 6;
  Vec3<double> translation_{0, 0, 0};
  Quaternion<double> rotation_{1, 0, 0, 0};
  Vec3<double> yaw_axis_{0, 1, 0};
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor, 6, 6> sqrt_info_;
  double log_peak_ = 0;
};

}  // namespace propnp

#endif  // PROPNP_CERES_POSE_GAUSSIAN_H_
