// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/pose_layout.h"

#include <algorithm>
#include <cmath>

namespace propnp {
namespace {

Quaternion<double> ReadQuaternion(QuaternionOrder order, const double* q) {
  if (order == QuaternionOrder::kWxyz) return {q[0], q[1], q[2], q[3]};
  return {q[3], q[0], q[1], q[2]};
}

void WriteQuaternion(QuaternionOrder order, const Quaternion<double>& q, double* out) {
  const bool scalar_first = order == QuaternionOrder::kWxyz;
  double* const vector = scalar_first ? out + 1 : out;
  out[scalar_first ? 0 : 3] = q.w;
  vector[0] = q.x, vector[1] = q.y, vector[2] = q.z;
}

// 2 vec(e_j q*) / |q|^2 for the four units e_j, in storage order.
void QuaternionAngleColumns(QuaternionOrder order, const Quaternion<double>& q,
                            Vec3<double>* columns) {
  const double scale = 2 / squared_norm(q);
  const double w = scale * q.w, x = scale * q.x, y = scale * q.y, z = scale * q.z;
  const bool scalar_first = order == QuaternionOrder::kWxyz;
  Vec3<double>* const vector = scalar_first ? columns + 1 : columns;
  columns[scalar_first ? 0 : 3] = {-x, -y, -z};
  vector[0] = {w, z, -y};
  vector[1] = {-z, w, x};
  vector[2] = {y, -x, w};
}

bool IsFinite(const RigidTransform<double>& a) {
  // A sum is finite only if all its terms are.
  const Mat3<double>& r = a.rotation;
  const Vec3<double> sum = r.row0 + r.row1 + r.row2 + a.translation;
  return std::isfinite(sum.x + sum.y + sum.z);
}

// Rows of the ambient vector in the order of the blocks: where translation and rotation begin.
int TranslationRow(const PoseLayout& layout) {
  const bool rotation_first = layout.storage == PoseStorage::kQuaternionTranslation ||
                              layout.storage == PoseStorage::kSeparateBlocks;
  return rotation_first ? 4 : 0;
}
int RotationRow(const PoseLayout& layout) { return TranslationRow(layout) == 0 ? 3 : 0; }

}  // namespace

int PoseLayout::block_size(int block) const {
  if (storage == PoseStorage::kSeparateBlocks) return block == 0 ? 4 : 3;
  return ambient_size();
}

bool PoseLayout::Validate(std::string* error) const {
  const auto fail = [error](const char* message) {
    if (error != nullptr) *error = message;
    return false;
  };
  switch (storage) {
    case PoseStorage::kTranslationQuaternion:
    case PoseStorage::kQuaternionTranslation:
    case PoseStorage::kSeparateBlocks:
    case PoseStorage::kTranslationYaw:
      break;
    default:
      return fail("PoseLayout::storage is none of the known values");
  }
  if (quaternion_order != QuaternionOrder::kWxyz && quaternion_order != QuaternionOrder::kXyzw) {
    return fail("PoseLayout::quaternion_order is neither kWxyz nor kXyzw");
  }
  if (!four_dof()) return true;
  constexpr double kTolerance = 1e-6;
  if (!(std::fabs(dot(yaw_axis, yaw_axis) - 1) < kTolerance)) {
    return fail("PoseLayout::yaw_axis is not a unit vector");
  }
  const Mat3<double> gram = base_rotation * transposed(base_rotation);
  const double off = std::fabs(gram.row0.y) + std::fabs(gram.row0.z) + std::fabs(gram.row1.z) +
                     std::fabs(gram.row0.x - 1) + std::fabs(gram.row1.y - 1) +
                     std::fabs(gram.row2.z - 1);
  const double determinant = dot(cross(base_rotation.row0, base_rotation.row1), base_rotation.row2);
  if (!(off < kTolerance) || !(determinant > 0)) {
    return fail("PoseLayout::base_rotation is not a rotation");
  }
  return true;
}

bool ReadPose(const PoseLayout& layout, double const* const* blocks, PoseState* state) {
  const auto pose = LocatePose(layout, blocks);
  state->transform.translation = {pose.translation[0], pose.translation[1], pose.translation[2]};
  if (layout.four_dof()) {
    state->transform.rotation =
        rotation_about_axis(layout.yaw_axis, pose.rotation[0]) * layout.base_rotation;
    state->angle_columns[0] = layout.yaw_axis;
    return IsFinite(state->transform);
  }
  const Quaternion<double> q = ReadQuaternion(layout.quaternion_order, pose.rotation);
  if (!(squared_norm(q) > std::numeric_limits<double>::min())) return false;
  state->transform.rotation = rotation_matrix(q);
  QuaternionAngleColumns(layout.quaternion_order, q, state->angle_columns);
  return IsFinite(state->transform);
}

void StorePose(const PoseLayout& layout, const double* pose, double* const* blocks) {
  const auto out = LocatePose(layout, blocks);
  std::copy_n(pose, 3, out.translation);
  if (layout.four_dof()) {
    out.rotation[0] = pose[3];
  } else {
    WriteQuaternion(layout.quaternion_order, {pose[3], pose[4], pose[5], pose[6]}, out.rotation);
  }
}

void LoadPose(const PoseLayout& layout, double const* const* blocks, double* pose) {
  const auto in = LocatePose(layout, blocks);
  std::copy_n(in.translation, 3, pose);
  if (layout.four_dof()) {
    pose[3] = in.rotation[0];
    return;
  }
  const Quaternion<double> q = ReadQuaternion(layout.quaternion_order, in.rotation);
  pose[3] = q.w, pose[4] = q.x, pose[5] = q.y, pose[6] = q.z;
}

void InvertPose(const double* pose, double* inverse) {
  const Quaternion<double> q =
      conjugate(normalized(Quaternion<double>{pose[3], pose[4], pose[5], pose[6]}));
  const Vec3<double> t = rotation_matrix(q) * Vec3<double>{pose[0], pose[1], pose[2]};
  inverse[0] = -t.x, inverse[1] = -t.y, inverse[2] = -t.z;
  inverse[3] = q.w, inverse[4] = q.x, inverse[5] = q.y, inverse[6] = q.z;
}

void PosePlusJacobian(const PoseLayout& layout, double const* const* blocks, double* jacobian) {
  const int tangent = layout.tangent_size();
  std::fill_n(jacobian, layout.ambient_size() * tangent, 0.0);
  const int translation = TranslationRow(layout), rotation = RotationRow(layout);
  for (int i = 0; i < 3; ++i) jacobian[(translation + i) * tangent + i] = 1;
  if (layout.four_dof()) {
    jacobian[rotation * tangent + 3] = 1;
    return;
  }
  // The retraction normalises: d q / d theta_i = (0, e_i / 2) q / |q|.
  const Quaternion<double> q =
      normalized(ReadQuaternion(layout.quaternion_order, LocatePose(layout, blocks).rotation));
  const Quaternion<double> steps[3] = {{0, 0.5, 0, 0}, {0, 0, 0.5, 0}, {0, 0, 0, 0.5}};
  for (int i = 0; i < 3; ++i) {
    double column[4];
    WriteQuaternion(layout.quaternion_order, steps[i] * q, column);
    for (int j = 0; j < 4; ++j) jacobian[(rotation + j) * tangent + 3 + i] = column[j];
  }
}

void PoseMinusJacobian(const PoseLayout& layout, double const* const* blocks, double* jacobian) {
  const int ambient = layout.ambient_size();
  std::fill_n(jacobian, layout.tangent_size() * ambient, 0.0);
  const int translation = TranslationRow(layout), rotation = RotationRow(layout);
  for (int i = 0; i < 3; ++i) jacobian[i * ambient + translation + i] = 1;
  if (layout.four_dof()) {
    jacobian[3 * ambient + rotation] = 1;
    return;
  }
  Vec3<double> columns[4];
  QuaternionAngleColumns(
      layout.quaternion_order,
      ReadQuaternion(layout.quaternion_order, LocatePose(layout, blocks).rotation), columns);
  for (int j = 0; j < 4; ++j) {
    jacobian[3 * ambient + rotation + j] = columns[j].x;
    jacobian[4 * ambient + rotation + j] = columns[j].y;
    jacobian[5 * ambient + rotation + j] = columns[j].z;
  }
}

}  // namespace propnp
