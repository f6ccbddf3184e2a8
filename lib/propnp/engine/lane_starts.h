// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Starts refined in groups by kernels/start_kernels.h.
#ifndef PROPNP_ENGINE_LANE_STARTS_H_
#define PROPNP_ENGINE_LANE_STARTS_H_

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/kernels/start_point_kernels.h"
#include "propnp/engine/random_starts.h"
#include "propnp/engine/subset_sampler.h"

namespace propnp {

// Refines starts in groups, one a lane. Lengths are in units of the object's distance and weights
// in units of the largest, so that single precision serves; the pivot is the centroid. All points
// must be of one view without a rig. A prior takes no part: it does in the refinement on all
// points.
template <int kDof, typename T>
class LaneStarts {
 public:
  // `workspace` holds the object's geometry. The starts turn about `pivot` (object frame), those of
  // RefineOnSubsets() about the centroid.
  LaneStarts(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
             const Vec3<T>& pivot, StartWorkspace<T>* workspace)
      : cost_(cost),
        options_(options),
        geometry_(workspace->geometry),
        pivot_(pivot),
        weight_scale_(WeightScale(cost.object().totals.largest_weight)),
        workspace_(*workspace),
        points_(OnlyView(cost.object())) {
    if (!points_) return;
    CopyCamera();
    form_ = FormOf(*points_);
  }

  static bool Serves(const PackedObject<T>& object, const propnp_solve_options& options) {
    return OnlyView(object) != nullptr && options.method == PROPNP_METHOD_LEVENBERG_MARQUARDT;
  }

  // Of an object that it serves: whether its camera is one that makes points cheap.
  static bool HasPlainPinhole(const PackedObject<T>& object) {
    return FormOf(*OnlyView(object)) == StartPointForm::kPinhole;
  }

  // Makes the object's points ready, before any refinement.
  void ScalePoints() {
    const Vec3<T>& p = pivot_;
    StartUnits<T> units{
        {p.x, p.y, p.z}, T(1) / geometry_.distance, {1, 0, 0, 0, 1, 0, 0, 0, 1}, weight_scale_};
    if constexpr (kDof == 4) {
      const Mat3<T>& r = cost_.object().four_dof.base_rotation;
      const T rotation[9] = {r.row0.x, r.row0.y, r.row0.z, r.row1.x, r.row1.y,
                             r.row1.z, r.row2.x, r.row2.y, r.row2.z};
      std::copy_n(rotation, 9, units.rotation);
    }
    GetStartPointKernels<T>().scale(*points_, units, form_, workspace_.scaled_points);
  }

  void DrawRotations(const StartStream& stream, int first, StartState* group) const {
    float axis[3];
    FillVector(cost_.object().four_dof.axis, axis);
    GetStartDrawKernels().draw_rotations(kDof, stream, first, axis, group);
  }

  // Draws and refines the starts first, first + 1, ... of up to kGroupsAtOnce groups on subsets of
  // `count` points.
  void RefineOnSubsets(const SubsetSampler& sampler, const StartStream& stream, int first,
                       int num_groups, int count, StartState* groups) {
    sampler.Draw(stream, first, num_groups, count, workspace_.chosen);
    for (int g = 0; g < num_groups; ++g) {
      DrawRotations(stream, first + g * kStartLanes, groups + g);
      PlaceAtCentroid(groups + g);
      GetStartDrawKernels().gather_points(workspace_.scaled_points, form_,
                                          workspace_.chosen + g * count * kStartLanes, count,
                                          workspace_.lane_points);
      Run(workspace_.lane_points, count, options_.start_iterations, kStartLanes, groups + g);
    }
  }

  // Puts a pose into a group, for RefineOnAll().
  void Set(int lane, const T* pose, StartState* group) const {
    const Vec3<T> centre_in_cam = Vec3<T>{pose[0], pose[1], pose[2]} + TurnedPivot(pose);
    const Quaternion<T> q = normalized(RotationOf(pose));
    const T parts[4] = {q.w, q.x, q.y, q.z};
    for (int k = 0; k < 4; ++k) group->quaternion[k][lane] = static_cast<float>(parts[k]);
    float centre[3];
    FillVector((T(1) / geometry_.distance) * centre_in_cam, centre);
    for (int k = 0; k < 3; ++k) group->position[k][lane] = centre[k];
    group->yaw[lane] = kDof == 4 ? static_cast<float>(pose[3]) : 0;
  }
  // And with its cost, to pick from.
  void Set(int lane, const StartPose<T>& start, StartState* group) const {
    Set(lane, start.pose, group);
    constexpr T kLargest = static_cast<T>(std::numeric_limits<float>::max());
    const T scaled = start.cost * (weight_scale_ * weight_scale_);
    group->cost[lane] =
        static_cast<float>(std::isfinite(start.cost) ? std::min(scaled, kLargest) : start.cost);
  }
  // The first `count` lanes; the others must hold some pose.
  void RefineOnAll(int iterations, int count, StartState* group) {
    Run(nullptr, 0, iterations, count, group);
  }

  // The cost on all points without that of a prior.
  T Cost(const StartState& group, int lane) const {
    return static_cast<T>(group.cost[lane]) / (weight_scale_ * weight_scale_);
  }

  void GetRotation(const StartState& group, int lane, T* pose) const {
    if constexpr (kDof == 6) {
      const auto part = [&](int k) { return static_cast<T>(group.quaternion[k][lane]); };
      // Of norm one in T's precision too.
      const Quaternion<T> q = normalized(Quaternion<T>{part(0), part(1), part(2), part(3)});
      pose[3] = q.w, pose[4] = q.x, pose[5] = q.y, pose[6] = q.z;
    } else {
      pose[3] = static_cast<T>(group.yaw[lane]);
      pose[4] = pose[5] = pose[6] = T(0);
    }
  }
  void GetPose(const StartState& group, int lane, T* pose) const {
    GetRotation(group, lane, pose);
    pose[0] = pose[1] = pose[2] = T(0);
    const Vec3<T> turned = TurnedPivot(pose);
    const T offset[3] = {turned.x, turned.y, turned.z};
    for (int k = 0; k < 3; ++k) {
      pose[k] = geometry_.distance * static_cast<T>(group.position[k][lane]) - offset[k];
    }
  }

 private:
  static T WeightScale(T largest) { return largest > T(0) ? T(1) / largest : T(1); }

  static void FillVector(const Vec3<T>& v, float* out) {
    out[0] = static_cast<float>(v.x), out[1] = static_cast<float>(v.y);
    out[2] = static_cast<float>(v.z);
  }

  // How far the pivot is from the object's origin, in the camera frame. The seeds of modes turn
  // about that, and need no sine of a yaw here.
  Vec3<T> TurnedPivot(const T* pose) const {
    const Vec3<T>& p = pivot_;
    if (p.x == T(0) && p.y == T(0) && p.z == T(0)) return p;
    return cost_.dof().transform(pose).rotation * p;
  }

  // With 4DoF that of the turn about the axis; the points have base_rotation in them.
  Quaternion<T> RotationOf(const T* pose) const {
    if constexpr (kDof == 6) return {pose[3], pose[4], pose[5], pose[6]};
    const T half = T(0.5) * pose[3], s = std::sin(half);
    const Vec3<T> axis = cost_.object().four_dof.axis;
    return {std::cos(half), s * axis.x, s * axis.y, s * axis.z};
  }

  static StartPointForm FormOf(const PackedView<T>& view) {
    if (view.wxy) return StartPointForm::kInformation;
    constexpr int kSkew = 4;  // of a pinhole's parameters
    const bool pinhole = view.camera_model == PinholeCamera<T>::kModel && !view.has_box &&
                         view.camera_parameters[kSkew] == T(0);
    return pinhole ? StartPointForm::kPinhole : StartPointForm::kDiagonal;
  }

  // Where the pivot is seen.
  void PlaceAtCentroid(StartState* group) const {
    float direction[3];
    FillVector(geometry_.direction, direction);
    for (int k = 0; k < 3; ++k) std::fill_n(group->position[k], kStartLanes, direction[k]);
  }

  // On the starts' own points, or on all where there are none.
  void Run(const float* of_starts, int count, int iterations, int num_starts, StartState* group) {
    const StartPoints points{of_starts,           count,      workspace_.scaled_points,
                             points_->num_points, num_starts, form_};
    const auto number = [](double value) { return static_cast<float>(std::min(value, 1e30)); };
    const StartDamping damping{
        number(options_.initial_radius),        number(options_.max_radius),
        number(options_.min_diagonal),          number(options_.max_diagonal),
        number(options_.min_relative_decrease), number(options_.epsilon)};
    const RobustLoss<T>& loss = cost_.object().loss;
    const KernelModel<float> model{static_cast<int32_t>(loss.kind), 0, 1, 0,
                                   static_cast<float>(loss.delta * weight_scale_)};
    float axis[3];
    FillVector(cost_.object().four_dof.axis, axis);
    GetStartKernels().refine(kDof, view_, model, axis, points, iterations, damping, group);
  }

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

  const ObjectCost<kDof, T>& cost_;
  const propnp_solve_options& options_;
  const ObjectGeometry<T>& geometry_;
  const Vec3<T> pivot_;
  const T weight_scale_;
  StartWorkspace<T>& workspace_;
  const PackedView<T>* const points_;
  PackedView<float> view_;
  StartPointForm form_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_LANE_STARTS_H_
