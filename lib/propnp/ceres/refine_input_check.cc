// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The checks of RefineInput: shapes, types, indices and options.
#include <cmath>
#include <initializer_list>
#include <limits>

#include "propnp/ceres/refine_input.h"

namespace propnp::internal {
namespace {

using Type = TensorView::Type;
constexpr int64_t kAny = TensorView::kAny;
constexpr int64_t kMaxRows = int64_t{1} << 40;
constexpr int64_t kMaxPointsOfView = 1 << 28;

bool Fail(const std::string& message, std::string* error) {
  if (error != nullptr) *error = message;
  return false;
}

std::string Indexed(const char* name, int64_t index) {
  return std::string(name) + "[" + std::to_string(index) + "]";
}

template <typename Struct>
bool CheckSize(const char* name, const Struct& s, std::string* error) {
  return s.struct_size >= sizeof(Struct) ||
         Fail(std::string(name) + ".struct_size is " + std::to_string(s.struct_size) +
                  ", expected at least " + std::to_string(sizeof(Struct)),
              error);
}

// rows + 1 offsets that begin at 0, never decrease and stay within `end` (kAny: anywhere).
bool CheckOffsets(const char* name, const TensorView& offsets, int64_t rows, int64_t end,
                  std::string* error) {
  if (!offsets.Check(Type::kInt64, {rows + 1}, error)) return false;
  int64_t previous = 0;
  for (int64_t i = 0; i <= rows; ++i) {
    const int64_t offset = offsets.Integer(i);
    if (offset < previous || (i == 0 && offset != 0) || (end != kAny && offset > end)) {
      return Fail(Indexed(name, i) + " is " + std::to_string(offset) +
                      ": offsets begin at 0, never decrease and stay within the points",
                  error);
    }
    previous = offset;
  }
  return true;
}

bool CheckIndices(const char* name, const TensorView& indices, int64_t rows, int64_t low,
                  int64_t high, std::string* error) {
  if (!indices.given()) return true;
  if (!indices.Check(Type::kInt32, {rows}, error)) return false;
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t index = indices.Integer(i);
    if (index < low || index >= high) {
      return Fail(Indexed(name, i) + " is " + std::to_string(index) + ", expected " +
                      std::to_string(low) + " to " + std::to_string(high - 1),
                  error);
    }
  }
  return true;
}

}  // namespace

RefineInput::RefineInput(const propnp_correspondences& correspondences,
                         const propnp_cameras& cameras, const propnp_cost_options& cost,
                         const RefineOptions& options)
    : correspondences_(correspondences),
      cameras_(cameras),
      cost_(cost),
      options_(options),
      x3d_("x3d", correspondences.x3d),
      x2d_("x2d", correspondences.x2d),
      w2d_("w2d", correspondences.w2d),
      sqrt_info_("sqrt_info", correspondences.sqrt_info),
      counts_("counts", correspondences.counts),
      offsets_("offsets", correspondences.offsets),
      view_offsets_("view_offsets", correspondences.view_offsets),
      view_camera_("view_camera", correspondences.view_camera),
      view_rig_("view_rig", correspondences.view_rig),
      camera_from_rig_("camera_from_rig", correspondences.camera_from_rig),
      base_rotation_("base_rotation", correspondences.base_rotation),
      object_delta_("cost.object_delta", cost.object_delta),
      point_ids_("point_ids", options.point_ids) {}

bool RefineInput::Check(std::string* error) {
  return CheckSize("correspondences", correspondences_, error) &&
         CheckSize("cameras", cameras_, error) && CheckSize("cost", cost_, error) &&
         CheckCameras(error) && CheckCost(error) && CheckOptions(error) && CheckLayout(error) &&
         (correspondences_.num_objects == 0 || (CheckPointTensors(error) && CheckViews(error)));
}

bool RefineInput::CheckLayout(std::string* error) {
  const int64_t objects = correspondences_.num_objects;
  if (objects < 0 || objects > kMaxRows) {
    return Fail("num_objects is " + std::to_string(objects), error);
  }
  num_views_ = objects;
  first_points_.assign(1, 0);
  if (objects == 0) return true;
  if (view_offsets_.given()) {
    if (!CheckOffsets("view_offsets", view_offsets_, objects, kAny, error)) return false;
    num_views_ = view_offsets_.Integer(objects);
    if (num_views_ > kMaxRows) return Fail("view_offsets ends beyond any view", error);
  }
  dense_ = x3d_.ndim() == 3;
  if (!(dense_ ? x3d_.Check(Type::kFloat, {num_views_, kAny, 3}, error)
               : x3d_.Check(Type::kFloat, {kAny, 3}, error))) {
    return false;
  }
  if (dense_ ? offsets_.given() : counts_.given()) {
    return Fail(dense_ ? "offsets go with packed points, x3d of shape (points, 3)"
                       : "counts go with dense points, x3d of shape (views, points, 3)",
                error);
  }
  if (!dense_ && !CheckOffsets("offsets", offsets_, num_views_, x3d_.shape(0), error)) return false;
  if (counts_.given() && !counts_.Check(Type::kInt64, {num_views_}, error)) return false;
  for (int64_t v = 0; v < num_views_; ++v) {
    int64_t count = dense_ ? x3d_.shape(1) : offsets_.Integer(v + 1) - offsets_.Integer(v);
    if (counts_.given()) count = counts_.Integer(v);
    if (count < 0 || (dense_ && count > x3d_.shape(1)) || count > kMaxPointsOfView) {
      return Fail(Indexed("counts", v) + " is " + std::to_string(count) + ", expected 0 to " +
                      std::to_string(dense_ ? x3d_.shape(1) : kMaxPointsOfView),
                  error);
    }
    first_points_.push_back(first_points_.back() + count);
  }
  return true;
}

bool RefineInput::CheckPointTensor(const TensorView& tensor,
                                   std::initializer_list<int64_t> per_point, Type type,
                                   std::string* error) const {
  const int64_t views = num_views_, points = x3d_.shape(dense_ ? 1 : 0);
  const int64_t* extra = per_point.begin();
  switch (per_point.size()) {
    case 0:
      return dense_ ? tensor.Check(type, {views, points}, error)
                    : tensor.Check(type, {points}, error);
    case 1:
      return dense_ ? tensor.Check(type, {views, points, extra[0]}, error)
                    : tensor.Check(type, {points, extra[0]}, error);
    default:
      return dense_ ? tensor.Check(type, {views, points, extra[0], extra[1]}, error)
                    : tensor.Check(type, {points, extra[0], extra[1]}, error);
  }
}

bool RefineInput::CheckPointTensors(std::string* error) const {
  if (!CheckPointTensor(x2d_, {2}, Type::kFloat, error)) return false;
  if (w2d_.given() && !CheckPointTensor(w2d_, {2}, Type::kFloat, error)) return false;
  if (sqrt_info_.given() && !CheckPointTensor(sqrt_info_, {2, 2}, Type::kFloat, error)) {
    return false;
  }
  if (w2d_.given() && sqrt_info_.given()) {
    return Fail("w2d and sqrt_info are both given, expected one of them", error);
  }
  return !options_.refine_points || CheckPointTensor(point_ids_, {}, Type::kInt64, error);
}

bool RefineInput::CheckCameras(std::string* error) {
  const TensorView model("cameras.model", cameras_.model);
  const TensorView parameters("cameras.parameters", cameras_.parameters);
  const TensorView box("cameras.box_px", cameras_.box_px);
  if (!model.Check(Type::kInt32, {kAny}, error)) return false;
  num_cameras_ = model.shape(0);
  if (!parameters.Check(Type::kFloat, {num_cameras_, kAny}, error)) return false;
  if (box.given() && !box.Check(Type::kFloat, {num_cameras_, 4}, error)) return false;
  camera_options_.assign(num_cameras_, ReprojectionOptions());
  for (int64_t i = 0; i < num_cameras_; ++i) {
    ReprojectionOptions& camera = camera_options_[i];
    camera.camera_model = static_cast<int>(model.Integer(i));
    const int count = num_camera_parameters(i);
    if (count > parameters.shape(1)) {
      return Fail("cameras.parameters has shape " + parameters.ShapeText() + ", row " +
                      std::to_string(i) + " needs " + std::to_string(count) + " parameters",
                  error);
    }
    for (int k = 0; k < count; ++k) camera.camera_parameters[k] = parameters.Float(i, k);
    if (box.given()) {
      camera.box = {true, {box.Float(i, 0), box.Float(i, 1)}, {box.Float(i, 2), box.Float(i, 3)}};
    }
    std::string inner;
    if (!camera.Validate(&inner)) return Fail("camera " + std::to_string(i) + ": " + inner, error);
  }
  return true;
}

int RefineInput::num_camera_parameters(int64_t index) const {
  int count = 0;
  visit_camera(camera_options_[index].camera_model, [&count](auto model) {
    count = decltype(model)::template Camera<double>::kNumParameters;
  });
  return count;
}

bool RefineInput::CheckViews(std::string* error) const {
  if (!view_camera_.given() && num_cameras_ != 1 && num_cameras_ != num_views_) {
    return Fail("view_camera is not given: " + std::to_string(num_cameras_) + " cameras for " +
                    std::to_string(num_views_) + " views need it",
                error);
  }
  if (!CheckIndices("view_camera", view_camera_, num_views_, 0, num_cameras_, error)) return false;
  if (camera_from_rig_.given() && !camera_from_rig_.Check(Type::kFloat, {kAny, 7}, error)) {
    return false;
  }
  const int64_t rigs = camera_from_rig_.given() ? camera_from_rig_.shape(0) : 0;
  if (!CheckIndices("view_rig", view_rig_, num_views_, -1, rigs, error)) return false;
  return !base_rotation_.given() ||
         base_rotation_.Check(Type::kFloat, {correspondences_.num_objects, 4}, error);
}

bool RefineInput::CheckCost(std::string* error) const {
  if (cost_.dof != 6 && cost_.dof != 4) {
    return Fail("cost.dof is " + std::to_string(cost_.dof) + ", expected 6 or 4", error);
  }
  if (cost_.prior != nullptr) {
    return Fail("cost.prior is given, expected none: Solve() takes priors, RefinePoses() does not",
                error);
  }
  if (cost_.loss < PROPNP_LOSS_NONE || cost_.loss > PROPNP_LOSS_CAUCHY) {
    return Fail("cost.loss is " + std::to_string(cost_.loss) + ", expected 0 to 3", error);
  }
  const bool adaptive = cost_.loss == PROPNP_LOSS_ADAPTIVE_HUBER;
  const double scale = adaptive ? cost_.relative_delta : cost_.delta;
  if (cost_.loss != PROPNP_LOSS_NONE && !object_delta_.given() &&
      !(scale > 0 && std::isfinite(scale))) {
    return Fail(std::string(adaptive ? "cost.relative_delta" : "cost.delta") + " is " +
                    std::to_string(scale) + ", expected a positive number",
                error);
  }
  if (!(cost_.z_min >= 0) || !std::isfinite(cost_.z_min)) {
    return Fail("cost.z_min is " + std::to_string(cost_.z_min) +
                    ", expected a positive depth or 0 for the default",
                error);
  }
  PoseLayout layout;
  if (cost_.dof == 4) {
    layout.storage = PoseStorage::kTranslationYaw;
    layout.yaw_axis = {cost_.yaw_axis[0], cost_.yaw_axis[1], cost_.yaw_axis[2]};
  }
  if (!layout.Validate(nullptr)) return Fail("cost.yaw_axis is not a unit vector", error);
  return !object_delta_.given() ||
         object_delta_.Check(Type::kFloat, {correspondences_.num_objects}, error);
}

bool RefineInput::CheckOptions(std::string* error) const {
  if (!options_.Validate(error)) return false;
  for (int index : options_.refined_intrinsics) {
    for (int64_t i = 0; i < num_cameras_; ++i) {
      if (index >= num_camera_parameters(i)) {
        return Fail("refined_intrinsics names parameter " + std::to_string(index) + ", camera " +
                        std::to_string(i) + " has " + std::to_string(num_camera_parameters(i)),
                    error);
      }
    }
  }
  return true;
}

}  // namespace propnp::internal
