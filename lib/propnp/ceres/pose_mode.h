// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A mode of an object's posterior: what the batched sampler found (engine/sample_posterior.h), or a
// pose with its covariance from elsewhere.
#ifndef PROPNP_CERES_POSE_MODE_H_
#define PROPNP_CERES_POSE_MODE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "propnp/engine/views.h"
#include "propnp/math/pose.h"

namespace propnp {

struct PoseMode {
  int dof = 6;

  // cam_from_object, [tx ty tz qw qx qy qz]; of four degrees of freedom [tx ty tz yaw], the rest is
  // not read. What the engine found from several cameras on a rig is rig_from_object: the rig is
  // the camera then.
  std::array<double, 7> pose{};

  // dof x dof row-major, in the first dof^2 numbers, in the tangent [t theta] or [t yaw] on the
  // camera side (pose.h). convert_covariance of tangent.h makes it from other conventions.
  std::array<double, 36> covariance{};

  // The posterior mass of the mode. The masses of several modes need not sum to one.
  double probability = 1;

  // Four degrees of freedom only: rotation = Rot(yaw_axis, yaw) base_rotation, the axis a unit
  // vector of the camera frame.
  Vec3<double> yaw_axis{0, 1, 0};
  Mat3<double> base_rotation{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

  // The pose as a transform; the mode must be valid.
  RigidTransform<double> cam_from_object() const;
};

// The outputs of SamplePosterior for B objects: put the very tensors that propnp_sample_args holds.
struct PoseModeTensors {
  propnp_tensor mode_pose{};         // (B, M, 7) or (B, M, 4) float
  propnp_tensor mode_covariance{};   // (B, M, D, D) float
  propnp_tensor mode_probability{};  // (B, M) float

  // Four degrees of freedom only: as in propnp_cost_options and propnp_correspondences.
  std::array<double, 3> yaw_axis{0, 1, 0};
  propnp_tensor base_rotation{};  // (B, 4) float; optional: identity
};

// The modes of one object, most probable first as in the tensors; rows of probability zero are not
// used and left out. False with a message if a shape or type is wrong or the object has no mode,
// as one that the sampler gave up.
bool ReadPoseModes(const PoseModeTensors& tensors, int64_t object, std::vector<PoseMode>* modes,
                   std::string* error);

}  // namespace propnp

#endif  // PROPNP_CERES_POSE_MODE_H_
