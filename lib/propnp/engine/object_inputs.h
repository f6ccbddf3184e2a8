// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reading what one object has besides points and prior. Every backend reads it so.
#ifndef PROPNP_ENGINE_OBJECT_INPUTS_H_
#define PROPNP_ENGINE_OBJECT_INPUTS_H_

#include <cmath>

#include "propnp/engine/problem.h"
#include "propnp/math/camera.h"
#include "propnp/math/pose.h"

namespace propnp {

// A camera of the table, converted and with its limit computed.
template <typename T>
struct PreparedCamera {
  int32_t model;
  int32_t has_box;
  T parameters[12];
  T limit;
  T box[4];
};

// Reads row `row` of the camera table, whose model is one that there is.
template <typename T>
PROPNP_HOST_DEVICE void PrepareCamera(const Problem& problem, int64_t row,
                                      PreparedCamera<T>* camera) {
  const propnp_cameras& table = *problem.cameras;
  *camera = {};
  camera->model = LoadAt<int32_t>(table.model, row);
  visit_camera(camera->model, [&](auto model) {
    using Camera = typename decltype(model)::template Camera<double>;
    double parameters[Camera::kNumParameters];
    for (int k = 0; k < Camera::kNumParameters; ++k) {
      parameters[k] = LoadAt<double>(table.parameters, row, k);
      camera->parameters[k] = static_cast<T>(parameters[k]);
    }
    camera->limit = static_cast<T>(Camera::monotone_limit(parameters));
  });
  camera->has_box = IsGiven(table.box_px);
  for (int k = 0; camera->has_box && k < 4; ++k) {
    camera->box[k] = static_cast<T>(LoadAt<double>(table.box_px, row, k));
  }
}

// The delta, or relative delta of an adaptive loss, that the caller gives an object.
PROPNP_HOST_DEVICE inline double LossScale(const Problem& problem, int64_t object) {
  const propnp_cost_options& cost = *problem.cost;
  if (IsGiven(cost.object_delta)) return LoadAt<double>(cost.object_delta, object);
  return cost.loss == PROPNP_LOSS_ADAPTIVE_HUBER ? cost.relative_delta : cost.delta;
}

// Axis and base rotation of an object with four degrees of freedom. False if the rotation is none.
template <typename T>
PROPNP_HOST_DEVICE bool LoadFourDof(const Problem& problem, int64_t object, FourDof<T>* four_dof) {
  *four_dof = FourDof<T>();
  const double* axis = problem.cost->yaw_axis;
  four_dof->axis = {static_cast<T>(axis[0]), static_cast<T>(axis[1]), static_cast<T>(axis[2])};
  const propnp_tensor& base = problem.correspondences->base_rotation;
  if (!IsGiven(base)) return true;
  const Quaternion<double> q{LoadAt<double>(base, object, 0), LoadAt<double>(base, object, 1),
                             LoadAt<double>(base, object, 2), LoadAt<double>(base, object, 3)};
  const double squared = squared_norm(q);
  if (!(squared > 0) || !std::isfinite(squared)) return false;
  four_dof->base_rotation = cast<T>(rotation_matrix(q));
  return true;
}

// A row of camera_from_rig. False if its numbers are no pose.
template <typename T>
PROPNP_HOST_DEVICE bool LoadRig(const Problem& problem, int64_t rig,
                                RigidTransform<T>* camera_from_rig) {
  double pose[7], squared = 0;
  bool finite = true;
  for (int k = 0; k < 7; ++k) {
    pose[k] = LoadAt<double>(problem.correspondences->camera_from_rig, rig, k);
    finite = finite && std::isfinite(pose[k]);
    if (k >= 3) squared += pose[k] * pose[k];
  }
  if (!finite || !(squared > 0)) return false;
  *camera_from_rig = cast<T>(SixDof<double>().transform(pose));
  return true;
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_OBJECT_INPUTS_H_
