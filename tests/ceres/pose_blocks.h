// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Poses in parameter blocks of every layout: filling them, reading them a second time for
// ceres::Jet, their manifolds.
#ifndef PROPNP_TESTS_CERES_POSE_BLOCKS_H_
#define PROPNP_TESTS_CERES_POSE_BLOCKS_H_

#include <memory>
#include <optional>
#include <vector>

#include "propnp/ceres/manifolds.h"
#include "propnp/ceres/pose_chain_options.h"
#include "tests/math/test_random.h"

namespace propnp::test {

inline PoseLayout MakeLayout(PoseStorage storage, QuaternionOrder order, bool inverse) {
  PoseLayout layout;
  layout.storage = storage;
  layout.quaternion_order = order;
  layout.inverse = inverse;
  return layout;
}

// Every storage in both orders and both directions; the yaw about a tilted axis.
inline std::vector<PoseLayout> AllLayouts() {
  std::vector<PoseLayout> layouts;
  for (const bool inverse : {false, true}) {
    for (const auto storage : {PoseStorage::kTranslationQuaternion,
                               PoseStorage::kQuaternionTranslation, PoseStorage::kSeparateBlocks}) {
      for (const auto order : {QuaternionOrder::kWxyz, QuaternionOrder::kXyzw}) {
        layouts.push_back(MakeLayout(storage, order, inverse));
      }
    }
    PoseLayout yaw = MakeLayout(PoseStorage::kTranslationYaw, QuaternionOrder::kWxyz, inverse);
    yaw.yaw_axis = {0.6, 0, 0.8};
    yaw.base_rotation = rotation_about_axis(Vec3<double>{0.8, 0.6, 0}, 0.7);
    layouts.push_back(yaw);
  }
  return layouts;
}

// The pose of a block as [t, q wxyz] or [t, yaw] in the layout's storage; the quaternion is not of
// unit length on purpose.
inline void AddPoseBlocks(const PoseLayout& layout, const double* pose,
                          std::vector<std::vector<double>>* parameters) {
  std::vector<double> stored(pose, pose + 7);
  if (layout.four_dof()) stored[3] = 0.3 * pose[4] + 0.1;
  const size_t first = parameters->size();
  for (int i = 0; i < layout.num_blocks(); ++i) {
    parameters->emplace_back(layout.block_size(i), 0.0);
  }
  std::vector<double*> blocks;
  for (size_t i = first; i < parameters->size(); ++i) blocks.push_back((*parameters)[i].data());
  StorePose(layout, stored.data(), blocks.data());
}

// A pose near the identity, so that what lies in front of the camera mostly stays there.
inline void SmallPose(TestRandom* random, double* pose) {
  const Quaternion<double> q = quaternion_from_cayley(
      Vec3<double>{0.4 * random->Normal(), 0.4 * random->Normal(), 0.4 * random->Normal()});
  const double length = 1.3;
  for (int i = 0; i < 3; ++i) pose[i] = 0.3 * random->Normal();
  pose[3] = length * q.w, pose[4] = length * q.x, pose[5] = length * q.y, pose[6] = length * q.z;
}

// The transform that a pose's blocks stand for, and a step to the blocks after them.
template <typename T>
RigidTransform<T> ReadReferencePose(const PoseLayout& layout, T const* const** next) {
  const auto at = LocatePose(layout, *next);
  *next += layout.num_blocks();
  RigidTransform<T> stored;
  stored.translation = {at.translation[0], at.translation[1], at.translation[2]};
  if (layout.four_dof()) {
    stored.rotation = rotation_about_axis(cast<T>(layout.yaw_axis), at.rotation[0]) *
                      cast<T>(layout.base_rotation);
  } else if (layout.quaternion_order == QuaternionOrder::kWxyz) {
    stored.rotation = rotation_matrix(
        Quaternion<T>{at.rotation[0], at.rotation[1], at.rotation[2], at.rotation[3]});
  } else {
    stored.rotation = rotation_matrix(
        Quaternion<T>{at.rotation[3], at.rotation[0], at.rotation[1], at.rotation[2]});
  }
  return layout.inverse ? inverse(stored) : stored;
}

// cam_from_object of a chain, and a step to the blocks after it.
template <typename T>
RigidTransform<T> ReadReferenceChain(const PoseChainOptions& options, T const* const** next) {
  RigidTransform<T> chain = ReadReferencePose(options.pose, next);
  if (options.world_from_object) {
    chain = chain * ReadReferencePose(*options.world_from_object, next);
  }
  if (options.cam_from_rig_block) {
    return ReadReferencePose(*options.cam_from_rig_block, next) * chain;
  }
  return cast<T>(SixDof<double>().transform(options.cam_from_rig.data())) * chain;
}

// The layouts of a chain in the order of their blocks.
inline std::vector<PoseLayout> LayoutsOf(const PoseChainOptions& options) {
  std::vector<PoseLayout> layouts = {options.pose};
  if (options.world_from_object) layouts.push_back(*options.world_from_object);
  if (options.cam_from_rig_block) layouts.push_back(*options.cam_from_rig_block);
  return layouts;
}

// The manifolds of the blocks of a chain; null for Euclidean blocks.
inline void AddManifolds(const PoseChainOptions& options,
                         std::vector<std::unique_ptr<ceres::Manifold>>* manifolds) {
  for (const PoseLayout& layout : LayoutsOf(options)) {
    if (layout.four_dof()) {
      manifolds->push_back(nullptr);
    } else if (layout.storage == PoseStorage::kSeparateBlocks) {
      manifolds->push_back(std::make_unique<CayleyQuaternionManifold>(layout.quaternion_order));
      manifolds->push_back(nullptr);
    } else {
      manifolds->push_back(std::make_unique<CayleyPoseManifold>(layout));
    }
  }
}

// Makes the quaternions of a chain's blocks points of those manifolds.
inline void NormalizeQuaternions(const PoseChainOptions& options,
                                 std::vector<std::vector<double>>* parameters) {
  size_t first = 0;
  for (const PoseLayout& layout : LayoutsOf(options)) {
    std::vector<double*> blocks;
    for (int i = 0; i < layout.num_blocks(); ++i) blocks.push_back((*parameters)[first++].data());
    if (layout.four_dof()) continue;
    double pose[7];
    LoadPose(layout, blocks.data(), pose);
    const Quaternion<double> q = normalized(Quaternion<double>{pose[3], pose[4], pose[5], pose[6]});
    pose[3] = q.w, pose[4] = q.x, pose[5] = q.y, pose[6] = q.z;
    StorePose(layout, pose, blocks.data());
  }
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_CERES_POSE_BLOCKS_H_
