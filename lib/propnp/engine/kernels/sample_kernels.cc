// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Points lie in the lanes; a register of points stays while the
// loop runs over the samples, whose numbers come from memory one by one.
#include "propnp/engine/kernels/sample_kernels.h"

#include <limits>
#include <type_traits>

#include "propnp/engine/kernels/lane_view.h"
#include "propnp/engine/kernels/pinhole_samples.h"

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

template <typename Lane, typename T>
PROPNP_INLINE Vec3<Lanes<T>> displacement_in_cam(const Lane& lanes, const Vec3<Lanes<T>>& rotated,
                                                 const T* record) {
  using L = Lanes<T>;
  const auto row = [&](const T* m, const T* shift) {
    return multiply_add(
        L(m[0]), rotated.x,
        multiply_add(L(m[1]), rotated.y, multiply_add(L(m[2]), rotated.z, L(*shift))));
  };
  const Vec3<L> moved{row(record, record + 9), row(record + 3, record + 10),
                      row(record + 6, record + 11)};
  return lanes.has_rig ? lanes.camera_from_rig.rotation * moved : moved;
}

template <typename Model, bool kInformation, typename Known, typename T>
void add_costs_of(const BaseView<T>& base_view, const KernelModel<T>& model,
                  const SampleBlock<T>& block, T* partial_costs) {
  using L = Lanes<T>;
  const PackedView<T>& view = *base_view.view;
  const SampleModel<Model, T, Known> lanes(view, model);
  for (int64_t i = 0; i < view.padded_points; i += L::kSize) {
    const LaneBase<T> base(base_view, i);
    const auto weigh = [&](const Vec2<L>& error) {
      if constexpr (kInformation) {
        return load_information(view, i).times(error);
      } else {
        return load_weight(view, i).times(error);
      }
    };
    for (int64_t s = 0; s < block.count; ++s) {
      const T* record = block.records + s * kSampleRecord;
      const Vec2<L> e = weigh(
          displaced_error(lanes, base, displacement_in_cam(lanes, base.rotated, record)).error);
      T* cost = partial_costs + s * kPointPadding;
      (L::load(cost) + lanes.loss.rho(dot(e, e))).store(cost);
    }
  }
}

// Sums of a register of points over the samples.
template <typename T, typename Weight>
struct LaneGradients {
  using L = Lanes<T>;
  Vec3<L> point{L(T(0)), L(T(0)), L(T(0))};
  Vec2<L> x2d{L(T(0)), L(T(0))};
  Weight weight{};
  L delta{T(0)};
};

template <typename Lane, typename T, typename Weight>
PROPNP_INLINE void add_sample(const Lane& lanes, const LaneBase<T>& base, const Weight& weight,
                              const T* record, LaneGradients<T, Weight>* sums) {
  using L = Lanes<T>;
  const Vec3<L> displacement = displacement_in_cam(lanes, base.rotated, record);
  const DisplacedError<T> displaced = displaced_error(lanes, base, displacement);
  const Vec2<L> e = weight.times(displaced.error);
  const L squared_norm = dot(e, e);
  const L sample_weight(record[kRecordWeight]);
  const Vec2<L> pull = (sample_weight * lanes.loss.evaluate(squared_norm).weight) * e;
  const Vec2<L> pixel_pull = weight.transposed_times(pull);
  Vec2<L> unclamped_pull = pixel_pull;
  if (lanes.model.box.active) {
    const L zero(T(0));
    unclamped_pull = {select(displaced.outside_x, zero, pixel_pull.x),
                      select(displaced.outside_y, zero, pixel_pull.y)};
  }
  const L zero(T(0));
  Vec3<L> gradient{zero, zero, zero};
  project_vjp(lanes.model.camera, base.point_in_cam + displacement, lanes.model.z_min,
              unclamped_pull, &gradient);
  if (lanes.has_rig) gradient = transposed_times(lanes.camera_from_rig.rotation, gradient);
  // R^T gradient, with the identity of R apart.
  const auto turned_back = [&](const L& sum, const L& own, int column) {
    return multiply_add(L(record[column]), gradient.x,
                        multiply_add(L(record[3 + column]), gradient.y,
                                     multiply_add(L(record[6 + column]), gradient.z, sum + own)));
  };
  sums->point = {turned_back(sums->point.x, gradient.x, 0),
                 turned_back(sums->point.y, gradient.y, 1),
                 turned_back(sums->point.z, gradient.z, 2)};
  sums->x2d = sums->x2d - pixel_pull;
  weight_vjp(pull, displaced.error, &sums->weight);
  if (lanes.loss.kind != LossKind::kNone) {
    sums->delta = sums->delta + sample_weight * lanes.loss.delta_gradient(squared_norm);
  }
}

template <typename T>
PROPNP_INLINE void add_to(T* column, int64_t i, const Lanes<T>& value) {
  (Lanes<T>::load(column + i) + value).store(column + i);
}

template <typename Lane, typename T, typename Weight>
PROPNP_INLINE LaneGradients<T, Weight> gradients_of(const BaseView<T>& base_view, const Lane& lanes,
                                                    const SampleBlock<T>& block,
                                                    const Weight& weight, int64_t i) {
  const LaneBase<T> base(base_view, i);
  LaneGradients<T, Weight> sums;
  for (int64_t s = 0; s < block.count; ++s) {
    add_sample(lanes, base, weight, block.records + s * kSampleRecord, &sums);
  }
  return sums;
}

template <typename T, typename Weight>
PROPNP_INLINE void store_gradients(const LaneGradients<T, Weight>& sums, int64_t i,
                                   PointGradientColumns<T>* columns) {
  add_to(columns->x, i, sums.point.x);
  add_to(columns->y, i, sums.point.y);
  add_to(columns->z, i, sums.point.z);
  add_to(columns->u, i, sums.x2d.x);
  add_to(columns->v, i, sums.x2d.y);
  columns->delta += sums.delta.sum();
}

template <typename Model, bool kInformation, typename Known, typename T>
void add_gradients_of(const BaseView<T>& base_view, const KernelModel<T>& model,
                      const SampleBlock<T>& block, PointGradientColumns<T>* columns) {
  const PackedView<T>& view = *base_view.view;
  const SampleModel<Model, T, Known> lanes(view, model);
  for (int64_t i = 0; i < view.padded_points; i += Lanes<T>::kSize) {
    if constexpr (kInformation) {
      const auto sums = gradients_of(base_view, lanes, block, load_information(view, i), i);
      store_gradients(sums, i, columns);
      add_to(columns->wxx, i, sums.weight.xx);
      add_to(columns->wxy, i, sums.weight.xy);
      add_to(columns->wyx, i, sums.weight.yx);
      add_to(columns->wyy, i, sums.weight.yy);
    } else {
      const auto sums = gradients_of(base_view, lanes, block, load_weight(view, i), i);
      store_gradients(sums, i, columns);
      add_to(columns->wxx, i, sums.weight.x);
      add_to(columns->wyy, i, sums.weight.y);
    }
  }
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

// Whether the loops of pinhole_samples.h serve; then visitor(samples) was called.
template <typename T, typename Visitor>
bool visit_pinhole(const BaseView<T>& base, const KernelModel<T>& model,
                   const SampleBlock<T>& block, const Visitor& visitor) {
  if constexpr (std::is_same_v<T, float>) {
    const PackedView<T>& view = *base.view;
    const bool huber = model.loss_kind == static_cast<int32_t>(LossKind::kHuber) ||
                       model.loss_kind == static_cast<int32_t>(LossKind::kNone);
    if (!block.in_front || !huber || view.has_rig || view.wxy ||
        view.camera_model != PinholeCamera<T>::kModel) {
      return false;
    }
    view.has_box ? visitor(PinholeSamples<true>(base, model))
                 : visitor(PinholeSamples<false>(base, model));
    return true;
  }
  return false;
}

template <typename T>
void add_costs(const BaseView<T>& base, const KernelModel<T>& model, const SampleBlock<T>& block,
               T* partial_costs) {
  const auto run = [&](const auto& samples) { samples.add_costs(block, partial_costs); };
  if (visit_pinhole(base, model, block, run)) return;
  visit_loop(base, model, block, [&](auto camera, auto information, auto known) {
    add_costs_of<decltype(camera), information, decltype(known)>(base, model, block, partial_costs);
  });
}

template <typename T>
void sum_costs(const T* partial_costs, int64_t count, double* costs) {
  using D = Lanes<double>;
  for (int64_t s = 0; s < count; ++s) {
    D sum(0.0);
    for (int k = 0; k < kPointPadding; k += D::kSize) {
      const T* partial = partial_costs + s * kPointPadding + k;
      if constexpr (std::is_same_v<T, float>) {
        const hn::Rebind<float, D::Tag> narrow;
        sum = sum + D(hn::PromoteTo(D::Tag(), hn::LoadU(narrow, partial)));
      } else {
        sum = sum + D::load(partial);
      }
    }
    costs[s] = sum.sum();
  }
}

template <typename T>
void add_gradients(const BaseView<T>& base, const KernelModel<T>& model,
                   const SampleBlock<T>& block, PointGradientColumns<T>* columns) {
  const auto run = [&](const auto& samples) { samples.add_gradients(block, columns); };
  if (visit_pinhole(base, model, block, run)) return;
  visit_loop(base, model, block, [&](auto camera, auto information, auto known) {
    add_gradients_of<decltype(camera), information, decltype(known)>(base, model, block, columns);
  });
}

}  // namespace

extern const SampleKernels<float> kFloatSampleKernels;
extern const SampleKernels<double> kDoubleSampleKernels;
const SampleKernels<float> kFloatSampleKernels = {add_costs<float>, sum_costs<float>,
                                                  add_gradients<float>};
const SampleKernels<double> kDoubleSampleKernels = {add_costs<double>, sum_costs<double>,
                                                    add_gradients<double>};

PROPNP_MATH_END
