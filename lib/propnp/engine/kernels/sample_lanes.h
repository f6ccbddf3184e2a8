// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the loops over samples and points share: a register of points at the base pose, displaced by
// a sample. Included by sources that are compiled once per instruction set.
#ifndef PROPNP_ENGINE_KERNELS_SAMPLE_LANES_H_
#define PROPNP_ENGINE_KERNELS_SAMPLE_LANES_H_

#include <limits>
#include <type_traits>

#include "propnp/engine/kernels/lane_view.h"
#include "propnp/engine/kernels/sample_kernels.h"

PROPNP_MATH_BEGIN

namespace {

// A register of points at the base pose.
template <typename T>
struct LaneBase {
  using L = Lanes<T>;
  Vec3<L> rotated, point_in_cam;
  Vec2<L> error, pixel;

  PROPNP_INLINE LaneBase(const BaseView<T>& base, int64_t i)
      : rotated{L::load(base.rotated_x + i), L::load(base.rotated_y + i),
                L::load(base.rotated_z + i)},
        point_in_cam{L::load(base.cam_x + i), L::load(base.cam_y + i), L::load(base.cam_z + i)},
        error{L::load(base.error_u + i), L::load(base.error_v + i)},
        pixel{L::load(base.pixel_u + i), L::load(base.pixel_v + i)} {}
};

// What is known of a view and its samples when the loop is compiled. The loops in which nothing is
// known need too many registers to be fast.
template <typename T>
struct AnyView {
  using Limit = Lanes<T>;
  static constexpr bool kFast = false;
};
// No rig, no point behind z_min, Huber's loss (or none: Huber's with an infinite delta).
template <bool kHasBox>
struct FastView {
  using Limit = NoDepthLimit;
  static constexpr bool kFast = true;
};

template <typename Model, typename T, typename Known>
struct SampleModel : LaneView<Model, T, typename Known::Limit> {
  using Base = LaneView<Model, T, typename Known::Limit>;
  bool has_rig;

  PROPNP_INLINE SampleModel(const PackedView<T>& view, const KernelModel<T>& kernel_model)
      : Base(view, kernel_model), has_rig(view.has_rig != 0) {
    if constexpr (Known::kFast) {
      has_rig = false;
      this->model.box.active = std::is_same_v<Known, FastView<true>>;
      if (this->loss.kind == LossKind::kNone) {
        this->loss.delta = Lanes<T>(std::numeric_limits<T>::infinity());
      }
      this->loss.kind = LossKind::kHuber;
    }
  }
};

// proj - x2d of a displaced point, after the box.
template <typename T>
struct DisplacedError {
  Vec2<Lanes<T>> error;
  LaneMask<T> outside_x, outside_y;  // clamped by the box; only with one
};

template <typename Lane, typename T>
PROPNP_INLINE DisplacedError<T> displaced_error(const Lane& lanes, const LaneBase<T>& base,
                                                const Vec3<Lanes<T>>& displacement) {
  const Vec2<Lanes<T>> change =
      lanes.model.camera.project_difference(base.point_in_cam, displacement, lanes.model.z_min);
  DisplacedError<T> result;
  result.error = base.error + change;
  if (lanes.model.box.active) {
    const Vec2<Lanes<T>> pixel = base.pixel + change;
    const PixelBox<Lanes<T>>& box = lanes.model.box;
    result.outside_x = either(pixel.x < box.low.x, box.high.x < pixel.x);
    result.outside_y = either(pixel.y < box.low.y, box.high.y < pixel.y);
    result.error = {result.error.x + (clamp(pixel.x, box.low.x, box.high.x) - pixel.x),
                    result.error.y + (clamp(pixel.y, box.low.y, box.high.y) - pixel.y)};
  }
  return result;
}

// How a record moves a point, in the rig's frame.
template <typename T>
PROPNP_INLINE Vec3<Lanes<T>> displacement_in_rig(const Vec3<Lanes<T>>& rotated, const T* record) {
  using L = Lanes<T>;
  const auto row = [&](const T* m, const T* shift) {
    return multiply_add(
        L(m[0]), rotated.x,
        multiply_add(L(m[1]), rotated.y, multiply_add(L(m[2]), rotated.z, L(*shift))));
  };
  return {row(record, record + 9), row(record + 3, record + 10), row(record + 6, record + 11)};
}

template <typename Lane, typename V>
PROPNP_INLINE V displacement_in_cam(const Lane& lanes, const V& moved) {
  return lanes.has_rig ? lanes.camera_from_rig.rotation * moved : moved;
}

// The weighted error and what it pulls on.
template <typename T>
struct Pull {
  Vec2<Lanes<T>> weighted;  // rho'(s) / s e, with respect to the weighted error
  Vec2<Lanes<T>> pixel;     // with respect to proj - x2d
  Vec3<Lanes<T>> point;     // with respect to point_in_cam, rig frame
  Lanes<T> squared_norm;
};

template <typename Lane, typename T, typename Weight>
PROPNP_INLINE Pull<T> pull_of(const Lane& lanes, const LaneBase<T>& base, const Weight& weight,
                              const Vec3<Lanes<T>>& displacement,
                              const DisplacedError<T>& displaced, const Lanes<T>& factor) {
  using L = Lanes<T>;
  const L zero(T(0));
  Pull<T> pull;
  const Vec2<L> e = weight.times(displaced.error);
  pull.squared_norm = dot(e, e);
  pull.weighted = (factor * lanes.loss.evaluate(pull.squared_norm).weight) * e;
  pull.pixel = weight.transposed_times(pull.weighted);
  Vec2<L> unclamped = pull.pixel;
  if (lanes.model.box.active) {
    unclamped = {select(displaced.outside_x, zero, pull.pixel.x),
                 select(displaced.outside_y, zero, pull.pixel.y)};
  }
  pull.point = {zero, zero, zero};
  project_vjp(lanes.model.camera, base.point_in_cam + displacement, lanes.model.z_min, unclamped,
              &pull.point);
  if (lanes.has_rig) pull.point = transposed_times(lanes.camera_from_rig.rotation, pull.point);
  return pull;
}

// visitor(camera model, is information, what is known).
template <typename T, typename Visitor>
void visit_loop(const BaseView<T>& base, const KernelModel<T>& model, const SampleBlock<T>& block,
                const Visitor& visitor) {
  const PackedView<T>& view = *base.view;
  const bool huber = model.loss_kind == static_cast<int32_t>(LossKind::kHuber) ||
                     model.loss_kind == static_cast<int32_t>(LossKind::kNone);
  const bool fast = std::is_same_v<T, float> && block.in_front && huber && !view.has_rig;
  visit_camera(view.camera_model, [&](auto camera) {
    const auto with_weight = [&](auto information) {
      if constexpr (std::is_same_v<T, float>) {
        if (fast) {
          return view.has_box ? visitor(camera, information, FastView<true>())
                              : visitor(camera, information, FastView<false>());
        }
      }
      visitor(camera, information, AnyView<T>());
    };
    view.wxy ? with_weight(std::true_type()) : with_weight(std::false_type());
  });
}

}  // namespace

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_SAMPLE_LANES_H_
