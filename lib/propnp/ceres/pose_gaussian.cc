// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/pose_gaussian.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/ceres/pose_layout.h"
#include "propnp/math/cholesky.h"
#include "propnp/math/gnomonic.h"
#include "propnp/math/symmetric_eigen.h"

namespace propnp {
namespace {

bool Fail(const std::string& message, std::string* error) {
  if (error != nullptr) *error = message;
  return false;
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

// sqrt_info = L^-1 with covariance = L L^T.
template <int N>
bool InverseRoot(const double* covariance, double* sqrt_info, std::string* problem) {
  double null_space[N * N];
  bool negative = false;
  constexpr double kTolerance = 64 * std::numeric_limits<double>::epsilon();
  const int rank = scaled_rank<N>(covariance, kTolerance, null_space, &negative);
  for (int i = 0; i < N; ++i) negative |= !(covariance[i * N + i] >= 0);
  if (negative) return Fail("is not positive", problem);
  Cholesky<N, double> cholesky;
  if (rank < N || !cholesky.factorize(covariance)) {
    return Fail("has rank " + std::to_string(rank) + " of " + std::to_string(N), problem);
  }
  for (int j = 0; j < N; ++j) {
    double column[N] = {};
    column[j] = 1;
    cholesky.solve_lower(column, column);
    for (int i = 0; i < N; ++i) sqrt_info[i * N + j] = column[i];
  }
  return true;
}

Quaternion<double> QuaternionOf(const RigidTransform<double>& pose) {
  const Mat3<double>& r = pose.rotation;
  Eigen::Matrix3d matrix;
  matrix << r.row0.x, r.row0.y, r.row0.z, r.row1.x, r.row1.y, r.row1.z, r.row2.x, r.row2.y,
      r.row2.z;
  const Eigen::Quaterniond q(matrix);
  return normalized(Quaternion<double>{q.w(), q.x(), q.y(), q.z()});
}

bool CheckPose(const PoseMode& mode, std::string* error) {
  if (mode.dof != 6 && mode.dof != 4) {
    return Fail("dof is " + std::to_string(mode.dof) + ", expected 6 or 4", error);
  }
  if (!AllFinite(mode.pose.data(), mode.dof == 6 ? 7 : 4)) {
    return Fail("pose is not finite", error);
  }
  if (mode.dof == 4) {
    PoseLayout layout;
    layout.storage = PoseStorage::kTranslationYaw;
    layout.yaw_axis = mode.yaw_axis;
    layout.base_rotation = mode.base_rotation;
    return layout.Validate(error);
  }
  const double* q = mode.pose.data() + 3;
  const double squared = squared_norm(Quaternion<double>{q[0], q[1], q[2], q[3]});
  if (!(squared > std::numeric_limits<double>::min())) {
    return Fail("pose has a zero quaternion", error);
  }
  return std::isfinite(squared) || Fail("pose has a quaternion that overflows", error);
}

// d twist / d eta: with dq = (w, v) and s = axis . v,  (w^2 axis + w v x axis + s v) / (w^2 + s^2).
Vec3<double> TwistDerivative(const Quaternion<double>& dq, const Vec3<double>& axis) {
  const Vec3<double> v{dq.x, dq.y, dq.z};
  const double s = dot(axis, v);
  const Vec3<double> sum = (dq.w * dq.w) * axis + dq.w * cross(v, axis) + s * v;
  return (1 / std::max(dq.w * dq.w + s * s, kHalfTurnCosine * kHalfTurnCosine)) * sum;
}

}  // namespace

bool SqrtInformation(int n, const double* covariance, double* sqrt_info, std::string* problem) {
  if (!AllFinite(covariance, n * n)) return Fail("is not finite", problem);
  if (!IsSymmetric(covariance, n)) return Fail("is not symmetric", problem);
  return n == 6 ? InverseRoot<6>(covariance, sqrt_info, problem)
                : InverseRoot<4>(covariance, sqrt_info, problem);
}

Eigen::Matrix3d LocalDerivative(const double* delta_theta) {
  const Eigen::Vector3d h = 0.5 * Eigen::Map<const Eigen::Vector3d>(delta_theta);
  Eigen::Matrix3d result = Eigen::Matrix3d::Identity() + h * h.transpose();
  result(0, 1) += h.z(), result(0, 2) -= h.y(), result(1, 2) += h.x();
  result(1, 0) -= h.z(), result(2, 0) += h.y(), result(2, 1) -= h.x();
  return result;
}

bool PoseGaussian::Init(const PoseMode& mode, std::string* error) {
  if (!CheckPose(mode, error)) return false;
  size_ = mode.dof;
  sqrt_info_.resize(size_, size_);
  std::string problem;
  if (!SqrtInformation(size_, mode.covariance.data(), sqrt_info_.data(), &problem)) {
    return Fail("covariance " + problem, error);
  }
  const RigidTransform<double> mean = mode.cam_from_object();
  translation_ = mean.translation;
  rotation_ = QuaternionOf(mean);
  yaw_axis_ = mode.yaw_axis;
  constexpr double kLogTwoPi = 1.83787706640934548356;
  log_peak_ = sqrt_info_.diagonal().array().log().sum() - 0.5 * size_ * kLogTwoPi;
  return true;
}

bool PoseGaussian::Evaluate(const RigidTransform<double>& pose, Vector* residual,
                            Jacobian* jacobian) const {
  const Quaternion<double> dq = QuaternionOf(pose) * conjugate(rotation_);
  const Vec3<double> delta_t = pose.translation - translation_;
  Vector delta(size_);
  delta.head<3>() << delta_t.x, delta_t.y, delta_t.z;
  Jacobian chart;
  if (jacobian != nullptr) chart.setIdentity(size_, 6);
  if (size_ == 6) {
    const Vec3<double> theta = 2.0 * gnomonic_from_quaternion(dq);
    delta.tail<3>() << theta.x, theta.y, theta.z;
    if (jacobian != nullptr) chart.bottomRightCorner<3, 3>() = LocalDerivative(delta.data() + 3);
  } else {
    const double s = dot(yaw_axis_, Vec3<double>{dq.x, dq.y, dq.z});
    // q and -q are one rotation; the one with a positive scalar is within half a turn.
    delta[3] = dq.w < 0 ? 2 * std::atan2(-s, -dq.w) : 2 * std::atan2(s, dq.w);
    if (jacobian != nullptr) {
      const Vec3<double> row = TwistDerivative(dq, yaw_axis_);
      chart.row(3) << 0, 0, 0, row.x, row.y, row.z;
    }
  }
  residual->noalias() = sqrt_info_ * delta;
  if (!std::isfinite(residual->squaredNorm())) return false;
  if (jacobian == nullptr) return true;
  jacobian->noalias() = sqrt_info_ * chart;
  return jacobian->allFinite();
}

}  // namespace propnp
