// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Starts refined in groups by kernels/start_kernels.h.
#ifndef PROPNP_ENGINE_LANE_STARTS_H_
#define PROPNP_ENGINE_LANE_STARTS_H_

#include <algorithm>
#include <cmath>

#include "propnp/engine/random_starts.h"
#include "propnp/math/object_geometry.h"

namespace propnp {

// Refines starts in groups, one a lane. Lengths are in units of the object's distance and weights
// in units of the largest, so that single precision serves; the pivot is the centroid. All points
// must be of one view without a rig. A prior takes no part: it does in the refinement on all
// points.
template <int kDof, typename T>
class LaneStarts {
 public:
  LaneStarts(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
             const ObjectGeometry<T>& geometry, T largest_weight, StartWorkspace<T>* workspace)
      : cost_(cost),
        options_(options),
        geometry_(geometry),
        weight_scale_(largest_weight > T(0) ? T(1) / largest_weight : T(1)),
        workspace_(*workspace),
        points_(OnlyView(cost.object())) {
    CopyCamera();
    ScalePoints();
  }

  static bool Serves(const PackedObject<T>& object, const propnp_solve_options& options) {
    return OnlyView(object) != nullptr && options.method == PROPNP_METHOD_LEVENBERG_MARQUARDT;
  }

  // `start` holds a rotation; `chosen` are its points.
  void Set(int lane, const StartPose<T>& start, const int64_t* chosen, int count) {
    StartState& state = *workspace_.lanes;
    const T* p = start.pose;
    const T half = T(0.5) * p[3], s = std::sin(half);
    const Vec3<T> axis = cost_.object().four_dof.axis;
    const T q[4] = {kDof == 6 ? p[3] : std::cos(half), kDof == 6 ? p[4] : s * axis.x,
                    kDof == 6 ? p[5] : s * axis.y, kDof == 6 ? p[6] : s * axis.z};
    for (int k = 0; k < 4; ++k) state.quaternion[k][lane] = static_cast<float>(q[k]);
    const T direction[3] = {geometry_.direction.x, geometry_.direction.y, geometry_.direction.z};
    for (int k = 0; k < 3; ++k) state.position[k][lane] = static_cast<float>(direction[k]);
    state.yaw_change[lane] = 0;
    for (int k = 0; k < count; ++k) {
      const float* from = workspace_.scaled_points + chosen[k] * kStartPointNumbers;
      float* to = workspace_.lane_points + k * kStartPointNumbers * kStartLanes + lane;
      for (int n = 0; n < kStartPointNumbers; ++n) to[n * kStartLanes] = from[n];
    }
  }

  void Refine(int count) {
    const auto number = [](double value) { return static_cast<float>(std::min(value, 1e30)); };
    const StartDamping damping{
        number(options_.initial_radius),        number(options_.max_radius),
        number(options_.min_diagonal),          number(options_.max_diagonal),
        number(options_.min_relative_decrease), number(options_.epsilon)};
    const RobustLoss<T>& loss = cost_.object().loss;
    const KernelModel<float> model{static_cast<int32_t>(loss.kind), 0, 1, 0,
                                   static_cast<float>(loss.delta * weight_scale_)};
    const Vec3<T> a = cost_.object().four_dof.axis;
    const float axis[3] = {static_cast<float>(a.x), static_cast<float>(a.y),
                           static_cast<float>(a.z)};
    const StartPoints points{workspace_.lane_points, count, workspace_.scaled_points,
                             points_->num_points};
    GetStartKernels().refine(kDof, view_, model, axis, points, options_.start_iterations, damping,
                             workspace_.lanes);
  }

  // The pose, and its cost without that of a prior.
  void Get(int lane, StartPose<T>* start) const {
    const StartState& state = *workspace_.lanes;
    start->cost = static_cast<T>(state.cost[lane]) / (weight_scale_ * weight_scale_);
    T* pose = start->pose;
    if constexpr (kDof == 6) {
      const auto part = [&](int k) { return static_cast<T>(state.quaternion[k][lane]); };
      // Of norm one in T's precision too.
      const Quaternion<T> q = normalized(Quaternion<T>{part(0), part(1), part(2), part(3)});
      pose[3] = q.w, pose[4] = q.x, pose[5] = q.y, pose[6] = q.z;
    } else {
      pose[3] += static_cast<T>(state.yaw_change[lane]);
    }
    pose[0] = pose[1] = pose[2] = T(0);
    const Vec3<T> turned = cost_.dof().transform(pose).rotation * geometry_.centroid;
    const T offset[3] = {turned.x, turned.y, turned.z};
    for (int k = 0; k < 3; ++k) {
      pose[k] = geometry_.distance * static_cast<T>(state.position[k][lane]) - offset[k];
    }
  }

 private:
  // The view that has all points, unless the camera sits on a rig.
  static const PackedView<T>* OnlyView(const PackedObject<T>& object) {
    const PackedView<T>* only = nullptr;
    for (int64_t v = 0; v < object.num_views; ++v) {
      const PackedView<T>& view = object.views[v];
      if (view.num_points == 0) continue;
      if (only || view.has_rig) return nullptr;
      only = &view;
    }
    return only;
  }

  void CopyCamera() {
    const PackedView<T>& from = *points_;
    view_ = {};
    view_.camera_model = from.camera_model;
    view_.has_box = from.has_box;
    std::copy(from.camera_parameters, from.camera_parameters + 12, view_.camera_parameters);
    view_.camera_limit = static_cast<float>(from.camera_limit);
    std::copy(from.box, from.box + 4, view_.box);
    view_.z_min = static_cast<float>(from.z_min / geometry_.distance);
  }

  // All points, as the starts take them.
  void ScalePoints() {
    const PackedView<T>& view = *points_;
    const T inverse_distance = T(1) / geometry_.distance;
    for (int64_t i = 0; i < view.num_points; ++i) {
      Vec3<T> point =
          inverse_distance * (Vec3<T>{view.x[i], view.y[i], view.z[i]} - geometry_.centroid);
      if (kDof == 4) point = cost_.object().four_dof.base_rotation * point;
      const T numbers[kStartPointNumbers] = {point.x,
                                             point.y,
                                             point.z,
                                             view.u[i],
                                             view.v[i],
                                             weight_scale_ * view.wxx[i],
                                             view.wxy ? weight_scale_ * view.wxy[i] : T(0),
                                             view.wxy ? weight_scale_ * view.wyx[i] : T(0),
                                             weight_scale_ * view.wyy[i]};
      float* scaled = workspace_.scaled_points + i * kStartPointNumbers;
      for (int n = 0; n < kStartPointNumbers; ++n) scaled[n] = static_cast<float>(numbers[n]);
    }
  }

  const ObjectCost<kDof, T>& cost_;
  const propnp_solve_options& options_;
  const ObjectGeometry<T>& geometry_;
  const T weight_scale_;
  StartWorkspace<T>& workspace_;
  const PackedView<T>* const points_;
  PackedView<float> view_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_LANE_STARTS_H_
