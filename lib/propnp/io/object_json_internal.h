// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The keys of a line of correspondences that describe its object, and not its views: dof, yaw_axis,
// base_rotation, cam_from_object, target, prior. The schema is in correspondence_json.h.
#ifndef PROPNP_IO_OBJECT_JSON_INTERNAL_H_
#define PROPNP_IO_OBJECT_JSON_INTERNAL_H_

#include <string>

#include "propnp/io/json_internal.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::io::json {

// Fills everything of the object but its id.
bool ReadObjectFields(const Value& value, Reader* in, DatasetObject* object);

// [tx ty tz qw qx qy qz], the quaternion normalised, or with dof 4 [tx ty tz yaw].
bool ReadPose(const Value& value, const std::string& field, int32_t dof, Reader* in, Pose* pose);

}  // namespace propnp::io::json

#endif  // PROPNP_IO_OBJECT_JSON_INTERNAL_H_
