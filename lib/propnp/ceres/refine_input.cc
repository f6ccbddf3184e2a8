// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/refine_input.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "propnp/ceres/robust_loss_function.h"
#include "propnp/math/adaptive_delta.h"

namespace propnp::internal {
namespace {

// "x2d of point 5 of view 2", the first that is not finite; empty if there is none.
std::string NameNonFinite(const char* field, const std::vector<double>& values, int per_point,
                          int64_t view) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return std::string(field) + " of point " + std::to_string(i / per_point) + " of view " +
             std::to_string(view) + " is not finite";
    }
  }
  return "";
}

std::string FindBadNumber(const RefineView& view, int64_t index) {
  for (const auto& [field, values, per_point] :
       {std::make_tuple("x3d", &view.x3d, 3), std::make_tuple("x2d", &view.x2d, 2),
        std::make_tuple("w2d", &view.w2d, 2), std::make_tuple("sqrt_info", &view.sqrt_info, 4)}) {
    std::string name = NameNonFinite(field, *values, per_point, index);
    if (!name.empty()) return name;
  }
  for (size_t i = 0; i < view.w2d.size(); ++i) {
    if (view.w2d[i] < 0) {
      return "w2d of point " + std::to_string(i / 2) + " of view " + std::to_string(index) +
             " is negative";
    }
  }
  return "";
}

double AdaptiveDeltaOf(const RefineObject& object, double relative_delta) {
  const auto first = std::find_if(object.views.begin(), object.views.end(),
                                  [](const RefineView& view) { return view.num_points > 0; });
  AdaptiveDelta<double> delta({first->x2d[0], first->x2d[1]});
  for (const RefineView& view : object.views) {
    for (int i = 0; i < view.num_points; ++i) {
      const Vec2<double> x2d{view.x2d[2 * i], view.x2d[2 * i + 1]};
      if (!view.sqrt_info.empty()) {
        const double* w = &view.sqrt_info[4 * i];
        delta.add(x2d, SqrtInformation<double>{w[0], w[1], w[2], w[3]});
      } else if (!view.w2d.empty()) {
        delta.add(x2d, DiagonalWeight<double>{view.w2d[2 * i], view.w2d[2 * i + 1]});
      } else {
        delta.add(x2d, DiagonalWeight<double>{1, 1});
      }
    }
  }
  return delta.value(relative_delta);
}

double DefaultZMinOf(const RefineObject& object) {
  std::vector<double> all;
  for (const RefineView& view : object.views) {
    all.insert(all.end(), view.x3d.begin(), view.x3d.end());
  }
  return DefaultZMin(all.data(), static_cast<int>(all.size() / 3));
}

}  // namespace

ObjectPoints RefineView::points() const {
  return {num_points, x3d.data(), x2d.data(), w2d.empty() ? nullptr : w2d.data(),
          sqrt_info.empty() ? nullptr : sqrt_info.data()};
}

bool RefineView::IsWeighted(int point) const {
  const auto any = [point](const std::vector<double>& values, int per_point) {
    return std::any_of(values.begin() + point * per_point, values.begin() + (point + 1) * per_point,
                       [](double v) { return v != 0; });
  };
  if (!sqrt_info.empty()) return any(sqrt_info, 4);
  return w2d.empty() || any(w2d, 2);
}

void RefineInput::ViewsOf(int64_t object, int64_t* begin, int64_t* end) const {
  *begin = view_offsets_.given() ? view_offsets_.Integer(object) : object;
  *end = view_offsets_.given() ? view_offsets_.Integer(object + 1) : object + 1;
}

int64_t RefineInput::CameraOf(int64_t view) const {
  if (view_camera_.given()) return view_camera_.Integer(view);
  return num_cameras_ == 1 ? 0 : view;
}

void RefineInput::ReadPoints(const TensorView& tensor, int64_t view, int size,
                             std::vector<double>* out) const {
  if (!tensor.given()) return;
  const int64_t count = CountOf(view);
  out->reserve(count * size);
  for (int64_t i = 0; i < count; ++i) {
    for (int k = 0; k < size; ++k) {
      // A matrix of a point has two axes, its entries are counted row by row.
      const int64_t row = size == 4 ? k / 2 : k, column = size == 4 ? k % 2 : 0;
      out->push_back(dense_ ? tensor.Float(view, i, row, column)
                            : tensor.Float(offsets_.Integer(view) + i, row, column));
    }
  }
}

bool RefineInput::ReadRig(int64_t view, RefineView* out) const {
  const int64_t rig = view_rig_.given() ? view_rig_.Integer(view) : -1;
  if (rig < 0) return true;
  double squared = 0;
  for (int k = 0; k < 7; ++k) {
    out->cam_from_rig[k] = camera_from_rig_.Float(rig, k);
    if (!std::isfinite(out->cam_from_rig[k])) return false;
    if (k >= 3) squared += out->cam_from_rig[k] * out->cam_from_rig[k];
  }
  return squared > 0;
}

RefineView RefineInput::ReadView(int64_t view) const {
  RefineView out;
  out.camera = CameraOf(view);
  out.first_point = first_points_[view];
  out.num_points = static_cast<int>(CountOf(view));
  ReadPoints(x3d_, view, 3, &out.x3d);
  ReadPoints(x2d_, view, 2, &out.x2d);
  ReadPoints(w2d_, view, 2, &out.w2d);
  ReadPoints(sqrt_info_, view, 4, &out.sqrt_info);
  for (int64_t i = 0; options_.refine_points && i < out.num_points; ++i) {
    out.point_ids.push_back(dense_ ? point_ids_.Integer(view, i)
                                   : point_ids_.Integer(offsets_.Integer(view) + i));
  }
  return out;
}

bool RefineInput::ReadLayout(int64_t object, PoseLayout* layout) const {
  if (cost_.dof != 4) return true;
  layout->storage = PoseStorage::kTranslationYaw;
  layout->yaw_axis = {cost_.yaw_axis[0], cost_.yaw_axis[1], cost_.yaw_axis[2]};
  if (!base_rotation_.given()) return true;
  const Quaternion<double> q{base_rotation_.Float(object, 0), base_rotation_.Float(object, 1),
                             base_rotation_.Float(object, 2), base_rotation_.Float(object, 3)};
  const double squared = squared_norm(q);
  if (!(squared > 0) || !std::isfinite(squared)) return false;
  layout->base_rotation = rotation_matrix(q);
  return true;
}

bool RefineInput::ReadLoss(int64_t object, RefineObject* out) const {
  const bool adaptive = cost_.loss == PROPNP_LOSS_ADAPTIVE_HUBER;
  out->loss.kind = adaptive ? LossKind::kHuber : static_cast<LossKind>(cost_.loss);
  if (cost_.loss == PROPNP_LOSS_NONE) return true;
  double scale = adaptive ? cost_.relative_delta : cost_.delta;
  if (object_delta_.given()) scale = object_delta_.Float(object);
  if (!(scale > 0) || !std::isfinite(scale)) return false;
  const double delta = adaptive ? AdaptiveDeltaOf(*out, scale) : scale;
  // All points on one pixel have no spread; nothing is robust about that, nor divided by it.
  out->loss.delta = std::max(delta, std::sqrt(std::numeric_limits<double>::min()));
  return std::isfinite(delta);
}

RefineObject RefineInput::Read(int64_t object) const {
  RefineObject out;
  const auto reject = [&out](const std::string& message) {
    out.status |= kRefineNonFiniteInput;
    if (out.message.empty()) out.message = message;
  };
  int64_t begin = 0, end = 0;
  ViewsOf(object, &begin, &end);
  for (int64_t view = begin; view < end; ++view) {
    out.views.push_back(ReadView(view));
    RefineView& added = out.views.back();
    const std::string bad = FindBadNumber(added, view);
    if (!bad.empty()) reject(bad);
    if (!ReadRig(view, &added)) {
      reject("camera_from_rig of view " + std::to_string(view) + " is no pose");
    }
    for (int i = 0; i < added.num_points; ++i) out.weighted_points += added.IsWeighted(i);
  }
  if (!ReadLayout(object, &out.layout)) reject("base_rotation is no rotation");
  if (out.status != 0) return out;
  if (out.weighted_points < 3) {
    out.status |= kRefineTooFewPoints;
    out.message = std::to_string(out.weighted_points) + " points have weight, 3 are needed";
    return out;
  }
  out.z_min = cost_.z_min > 0 ? cost_.z_min : DefaultZMinOf(out);
  out.z_min = std::max(out.z_min, std::sqrt(std::numeric_limits<double>::min()));
  if (!ReadLoss(object, &out)) reject("the scale of the loss is not positive and finite");
  return out;
}

}  // namespace propnp::internal
