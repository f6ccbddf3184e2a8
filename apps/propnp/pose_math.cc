// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/pose_math.h"

#include <cmath>

namespace propnp::app {

io::Pose FullPose(const io::DatasetObject& object, const io::Pose& stored) {
  if (object.dof == 6) return stored;
  const io::Vector3& axis = object.yaw_axis;
  const double yaw = stored[3];
  const io::Quaternion turn =
      io::QuaternionFromAngleAxis({axis[0] * yaw, axis[1] * yaw, axis[2] * yaw});
  return io::MakePose(io::MultiplyQuaternions(turn, object.base_rotation),
                      io::PoseTranslation(stored));
}

io::Pose ViewPose(const io::PoseDataset& dataset, size_t i, int64_t v, const io::Pose& stored) {
  const io::Pose rig_from_object = FullPose(dataset.objects[i], stored);
  const int32_t rig = dataset.views[v].rig;
  return rig < 0 ? rig_from_object
                 : io::ComposePoses(dataset.camera_from_rig[rig], rig_from_object);
}

double DepthOf(const io::Pose& cam_from_object, const io::Vector3& point_in_object) {
  return io::Rotate(io::PoseRotation(cam_from_object), point_in_object)[2] + cam_from_object[2];
}

double RotationDistanceDeg(const io::Pose& a, const io::Pose& b) {
  const io::Quaternion turn =
      io::MultiplyQuaternions(io::PoseRotation(a), io::ConjugateQuaternion(io::PoseRotation(b)));
  // atan2 keeps its precision near zero, where acos of the scalar part has none.
  const double sine = std::hypot(turn[1], turn[2], turn[3]);
  return 2 * std::atan2(sine, std::abs(turn[0])) * 180 / 3.14159265358979323846;
}

double TranslationDistance(const io::Pose& a, const io::Pose& b) {
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

}  // namespace propnp::app
