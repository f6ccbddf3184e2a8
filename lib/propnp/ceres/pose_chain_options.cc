// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/pose_chain_options.h"

#include <cmath>

namespace propnp {
namespace {

bool Fail(const std::string& message, std::string* error) {
  if (error != nullptr) *error = message;
  return false;
}

bool ValidateRig(const std::array<double, 7>& pose, std::string* error) {
  for (int i = 0; i < 7; ++i) {
    if (!std::isfinite(pose[i])) {
      return Fail("cam_from_rig[" + std::to_string(i) + "] is not finite", error);
    }
  }
  const Quaternion<double> q{pose[3], pose[4], pose[5], pose[6]};
  if (!(squared_norm(q) > 0)) return Fail("cam_from_rig has a zero quaternion", error);
  return true;
}

}  // namespace

bool PoseChainOptions::Validate(std::string* error) const {
  std::string inner;
  if (!pose.Validate(&inner)) return Fail("pose: " + inner, error);
  if (world_from_object && !world_from_object->Validate(&inner)) {
    return Fail("world_from_object: " + inner, error);
  }
  if (cam_from_rig_block && !cam_from_rig_block->Validate(&inner)) {
    return Fail("cam_from_rig_block: " + inner, error);
  }
  return ValidateRig(cam_from_rig, error);
}

}  // namespace propnp
