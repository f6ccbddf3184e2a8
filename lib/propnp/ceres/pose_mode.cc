// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/pose_mode.h"

#include "propnp/ceres/tensor_view.h"

namespace propnp {
namespace {

using internal::TensorView;

bool Fail(const std::string& message, std::string* error) {
  if (error != nullptr) *error = message;
  return false;
}

struct ModeViews {
  explicit ModeViews(const PoseModeTensors& t)
      : pose("mode_pose", t.mode_pose),
        covariance("mode_covariance", t.mode_covariance),
        probability("mode_probability", t.mode_probability),
        base_rotation("base_rotation", t.base_rotation) {}

  int dof() const { return pose.shape(2) == 7 ? 6 : 4; }

  bool Check(std::string* error) const {
    constexpr auto kFloat = TensorView::Type::kFloat;
    if (!pose.Check(kFloat, {TensorView::kAny, TensorView::kAny, TensorView::kAny}, error)) {
      return false;
    }
    const int64_t objects = pose.shape(0), rows = pose.shape(1), stored = pose.shape(2);
    if (stored != 7 && stored != 4) {
      return Fail("mode_pose has shape " + pose.ShapeText() + ", expected (B, M, 7) or (B, M, 4)",
                  error);
    }
    return covariance.Check(kFloat, {objects, rows, dof(), dof()}, error) &&
           probability.Check(kFloat, {objects, rows}, error) &&
           (!base_rotation.given() || base_rotation.Check(kFloat, {objects, 4}, error));
  }

  const TensorView pose, covariance, probability, base_rotation;
};

PoseMode ReadMode(const ModeViews& views, int64_t object, int64_t row) {
  PoseMode mode;
  mode.dof = views.dof();
  mode.probability = views.probability.Float(object, row);
  for (int i = 0; i < views.pose.shape(2); ++i) mode.pose[i] = views.pose.Float(object, row, i);
  for (int i = 0; i < mode.dof * mode.dof; ++i) {
    mode.covariance[i] = views.covariance.Float(object, row, i / mode.dof, i % mode.dof);
  }
  return mode;
}

}  // namespace

RigidTransform<double> PoseMode::cam_from_object() const {
  if (dof == 6) return SixDof<double>().transform(pose.data());
  FourDof<double> four;
  four.axis = yaw_axis;
  four.base_rotation = base_rotation;
  return four.transform(pose.data());
}

bool ReadPoseModes(const PoseModeTensors& tensors, int64_t object, std::vector<PoseMode>* modes,
                   std::string* error) {
  const ModeViews views(tensors);
  if (!views.Check(error)) return false;
  if (object < 0 || object >= views.pose.shape(0)) {
    return Fail("object is " + std::to_string(object) + ", mode_pose has " +
                    std::to_string(views.pose.shape(0)),
                error);
  }
  Mat3<double> base_rotation = PoseMode().base_rotation;
  if (views.dof() == 4 && views.base_rotation.given()) {
    const TensorView& q = views.base_rotation;
    const Quaternion<double> base{q.Float(object, 0), q.Float(object, 1), q.Float(object, 2),
                                  q.Float(object, 3)};
    if (!(squared_norm(base) > 0)) {
      return Fail("base_rotation of object " + std::to_string(object) + " is not a quaternion",
                  error);
    }
    base_rotation = rotation_matrix(base);
  }
  std::vector<PoseMode> found;
  for (int64_t row = 0; row < views.pose.shape(1); ++row) {
    PoseMode mode = ReadMode(views, object, row);
    if (mode.probability == 0) continue;
    mode.yaw_axis = {tensors.yaw_axis[0], tensors.yaw_axis[1], tensors.yaw_axis[2]};
    mode.base_rotation = base_rotation;
    found.push_back(mode);
  }
  if (found.empty()) {
    return Fail("object " + std::to_string(object) + " has no mode: see its status", error);
  }
  *modes = std::move(found);
  return true;
}

}  // namespace propnp
