// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// How a pose lies in the parameter blocks of a ceres::Problem.
//
// Graphs that exist already store a pose in one block or two, with the scalar of the quaternion
// first or last, as cam_from_world or as its inverse. A PoseLayout names these choices, so that one
// cost function, one manifold and one covariance serve all of them.
//
// The *stored* pose is what the blocks say. Its tangent is always [delta_t, delta_theta] on the
// stored pose's target side (pose.h): the camera for cam_from_world, the world for world_from_cam.
#ifndef PROPNP_CERES_POSE_LAYOUT_H_
#define PROPNP_CERES_POSE_LAYOUT_H_

#include <string>

#include "propnp/math/pose.h"

namespace propnp {

enum class PoseStorage {
  kTranslationQuaternion,  // one block of 7: translation, quaternion
  kQuaternionTranslation,  // one block of 7: quaternion, translation (Sophus)
  kSeparateBlocks,         // a block of 4, the quaternion, then a block of 3, the translation
  kTranslationYaw          // one block of 4, four degrees of freedom: translation, yaw in rad
};

enum class QuaternionOrder { kWxyz, kXyzw };

struct PoseLayout {
  PoseStorage storage = PoseStorage::kTranslationQuaternion;

  // kXyzw is how Eigen, and with it COLMAP and Sophus, lay out a quaternion.
  QuaternionOrder quaternion_order = QuaternionOrder::kWxyz;

  // The blocks hold the inverse of what the cost function asks for: world_from_cam where it says
  // cam_from_world.
  bool inverse = false;

  // Four degrees of freedom only: stored rotation = Rot(yaw_axis, yaw) base_rotation, the axis a
  // unit vector in the stored pose's target frame.
  Vec3<double> yaw_axis{0, 1, 0};
  Mat3<double> base_rotation{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

  bool four_dof() const { return storage == PoseStorage::kTranslationYaw; }
  int num_blocks() const { return storage == PoseStorage::kSeparateBlocks ? 2 : 1; }
  int block_size(int block) const;
  int tangent_size() const { return four_dof() ? 4 : 6; }
  // Columns of the Jacobian over all blocks: 7, or 4.
  int ambient_size() const { return four_dof() ? 4 : 7; }
  // Of the rotation alone: 4 of the quaternion, or 1 of the yaw.
  int rotation_size() const { return four_dof() ? 1 : 4; }

  // False with a message that names the field if this is not a layout.
  bool Validate(std::string* error) const;
};

// Where the parts of a pose begin. With `Double` = const double or double.
template <typename Double>
struct PosePointers {
  Double* translation;
  Double* rotation;  // quaternion in the layout's order, or yaw
};

template <typename Double>
PosePointers<Double> LocatePose(const PoseLayout& layout, Double* const* blocks) {
  switch (layout.storage) {
    case PoseStorage::kQuaternionTranslation:
      return {blocks[0] + 4, blocks[0]};
    case PoseStorage::kSeparateBlocks:
      return {blocks[1], blocks[0]};
    default:
      return {blocks[0], blocks[0] + 3};
  }
}

// A stored pose as the cost functions need it.
struct PoseState {
  RigidTransform<double> transform;

  // d theta / d (rotation storage), one column each of the quaternion's four in storage order, or
  // the yaw axis alone. The function of the quaternion q is that of q / |q|, so the columns are
  // those of 2 vec(dq q*) / |q|^2 and the derivative along q is zero.
  Vec3<double> angle_columns[4];
};

// Reads the blocks of a pose. False if the quaternion is zero or anything is not finite.
bool ReadPose(const PoseLayout& layout, double const* const* blocks, PoseState* state);

// The stored pose as [tx ty tz qw qx qy qz], of four degrees of freedom as [tx ty tz yaw]; `blocks`
// as the layout says. No inversion takes place: see InvertPose.
void StorePose(const PoseLayout& layout, const double* pose, double* const* blocks);
void LoadPose(const PoseLayout& layout, double const* const* blocks, double* pose);

// b_from_a of a_from_b, both [tx ty tz qw qx qy qz]; `inverse` may be `pose`.
void InvertPose(const double* pose, double* inverse);

// d (stored blocks) / d tangent at the stored pose, ambient_size x tangent_size row-major, rows in
// the order of the blocks. J_ambient times this is J_tangent.
void PosePlusJacobian(const PoseLayout& layout, double const* const* blocks, double* jacobian);

// d tangent / d (stored blocks), tangent_size x ambient_size row-major: its left inverse.
void PoseMinusJacobian(const PoseLayout& layout, double const* const* blocks, double* jacobian);

}  // namespace propnp

#endif  // PROPNP_CERES_POSE_LAYOUT_H_
