// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The few questions about poses that tables and pictures ask.
#ifndef PROPNP_APPS_POSE_MATH_H_
#define PROPNP_APPS_POSE_MATH_H_

#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// An object's pose as [tx ty tz qw qx qy qz], whatever its degrees of freedom.
io::Pose FullPose(const io::DatasetObject& object, const io::Pose& stored);

// cam_from_object of one view: through the rig where there is one.
io::Pose ViewPose(const io::PoseDataset& dataset, size_t i, int64_t v, const io::Pose& stored);

// Depth of a point of the object in the camera.
double DepthOf(const io::Pose& cam_from_object, const io::Vector3& point_in_object);

// The angle between two rotations, degrees, and the distance between two translations.
double RotationDistanceDeg(const io::Pose& a, const io::Pose& b);
double TranslationDistance(const io::Pose& a, const io::Pose& b);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSE_MATH_H_
