// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Which stored poses stand between the camera and what a cost is about.
//
//   cam_from_object = cam_from_rig  rig_from_world  world_from_object
//
// Without a rig the camera is the rig; without a second pose the world is the object. The parameter
// blocks come in this order, each only if it was asked for:
//
//   1. the pose, rig_from_world or its inverse      1 or 2 blocks, always
//   2. world_from_object or its inverse             1 or 2 blocks
//   3. cam_from_rig or its inverse                  1 or 2 blocks
//
// To hold a pose of the chain constant, make its block constant in the problem; a cam_from_rig that
// never changes is cheaper as a constant here.
#ifndef PROPNP_CERES_POSE_CHAIN_OPTIONS_H_
#define PROPNP_CERES_POSE_CHAIN_OPTIONS_H_

#include <array>
#include <optional>
#include <string>

#include "propnp/ceres/pose_layout.h"

namespace propnp {

struct PoseChainOptions {
  // How cam_from_world (on a rig: rig_from_world) is stored.
  PoseLayout pose;

  // How world_from_object is stored, if the object is not the world.
  std::optional<PoseLayout> world_from_object;

  // The camera on its rig, [tx ty tz qw qx qy qz]; constant unless cam_from_rig_block is given.
  std::array<double, 7> cam_from_rig{0, 0, 0, 1, 0, 0, 0};
  std::optional<PoseLayout> cam_from_rig_block;

  // False with a message that names the field if something is wrong.
  bool Validate(std::string* error) const;
};

}  // namespace propnp

#endif  // PROPNP_CERES_POSE_CHAIN_OPTIONS_H_
