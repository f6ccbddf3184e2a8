// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/manifolds.h"

#include <cmath>

namespace propnp {
namespace {

constexpr double kNoTranslation[3] = {0, 0, 0};

PoseLayout QuaternionLayout(QuaternionOrder order) {
  PoseLayout layout;
  layout.storage = PoseStorage::kSeparateBlocks;
  layout.quaternion_order = order;
  return layout;
}

PoseLayout SevenBlockLayout(const PoseLayout& given) {
  PoseLayout layout;
  if (given.storage == PoseStorage::kQuaternionTranslation) layout.storage = given.storage;
  layout.quaternion_order = given.quaternion_order;
  return layout;
}

bool HasRotation(const double* pose) {
  const double squared = squared_norm(Quaternion<double>{pose[3], pose[4], pose[5], pose[6]});
  return std::isfinite(squared) && squared > std::numeric_limits<double>::min();
}

bool Retract(const PoseLayout& layout, double const* const* x, const double* delta,
             double* const* result) {
  double pose[7];
  LoadPose(layout, x, pose);
  if (!HasRotation(pose)) return false;
  SixDof<double>().retract(pose, delta, pose);
  StorePose(layout, pose, result);
  return true;
}

bool Local(const PoseLayout& layout, double const* const* to, double const* const* from,
           double* delta) {
  double to_pose[7], from_pose[7];
  LoadPose(layout, to, to_pose);
  LoadPose(layout, from, from_pose);
  if (!HasRotation(to_pose) || !HasRotation(from_pose)) return false;
  SixDof<double>().local(from_pose, to_pose, delta);
  return std::isfinite(delta[3] + delta[4] + delta[5]);
}

}  // namespace

CayleyQuaternionManifold::CayleyQuaternionManifold(QuaternionOrder order)
    : layout_(QuaternionLayout(order)) {}

bool CayleyQuaternionManifold::Plus(const double* x, const double* delta,
                                    double* x_plus_delta) const {
  const double step[6] = {0, 0, 0, delta[0], delta[1], delta[2]};
  double ignored[3];
  const double* const from[2] = {x, kNoTranslation};
  double* const to[2] = {x_plus_delta, ignored};
  return Retract(layout_, from, step, to);
}

bool CayleyQuaternionManifold::PlusJacobian(const double* x, double* jacobian) const {
  double whole[7 * 6];
  const double* const blocks[2] = {x, kNoTranslation};
  PosePlusJacobian(layout_, blocks, whole);
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 3; ++j) jacobian[i * 3 + j] = whole[i * 6 + 3 + j];
  }
  return true;
}

bool CayleyQuaternionManifold::Minus(const double* y, const double* x, double* y_minus_x) const {
  double delta[6];
  const double* const to[2] = {y, kNoTranslation};
  const double* const from[2] = {x, kNoTranslation};
  if (!Local(layout_, to, from, delta)) return false;
  for (int i = 0; i < 3; ++i) y_minus_x[i] = delta[3 + i];
  return true;
}

bool CayleyQuaternionManifold::MinusJacobian(const double* x, double* jacobian) const {
  double whole[6 * 7];
  const double* const blocks[2] = {x, kNoTranslation};
  PoseMinusJacobian(layout_, blocks, whole);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 4; ++j) jacobian[i * 4 + j] = whole[(3 + i) * 7 + j];
  }
  return true;
}

CayleyPoseManifold::CayleyPoseManifold(const PoseLayout& layout)
    : layout_(SevenBlockLayout(layout)) {}

bool CayleyPoseManifold::Plus(const double* x, const double* delta, double* x_plus_delta) const {
  return Retract(layout_, &x, delta, &x_plus_delta);
}

bool CayleyPoseManifold::PlusJacobian(const double* x, double* jacobian) const {
  PosePlusJacobian(layout_, &x, jacobian);
  return true;
}

bool CayleyPoseManifold::Minus(const double* y, const double* x, double* y_minus_x) const {
  return Local(layout_, &y, &x, y_minus_x);
}

bool CayleyPoseManifold::MinusJacobian(const double* x, double* jacobian) const {
  PoseMinusJacobian(layout_, &x, jacobian);
  return true;
}

void SetPoseManifold(const PoseLayout& layout, const std::vector<double*>& blocks,
                     ceres::Problem* problem) {
  if (layout.four_dof()) return;
  if (layout.storage == PoseStorage::kSeparateBlocks) {
    problem->SetManifold(blocks[0], new CayleyQuaternionManifold(layout.quaternion_order));
  } else {
    problem->SetManifold(blocks[0], new CayleyPoseManifold(layout));
  }
}

}  // namespace propnp
