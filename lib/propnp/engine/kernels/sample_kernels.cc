// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Points lie in the lanes; a register of points stays while the
// loop runs over the samples, whose numbers come from memory one by one.
#include "propnp/engine/kernels/sample_kernels.h"

#include "propnp/engine/kernels/lane_view.h"

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

// proj - x2d of the displaced points, after the box.
template <typename Model, typename T>
PROPNP_INLINE Vec2<Lanes<T>> displaced_error(const LaneView<Model, T>& lanes,
                                             const LaneBase<T>& base,
                                             const Vec3<Lanes<T>>& displacement) {
  const Vec2<Lanes<T>> change =
      lanes.model.camera.project_difference(base.point_in_cam, displacement, lanes.model.z_min);
  Vec2<Lanes<T>> error = base.error + change;
  if (lanes.model.box.active) {
    const Vec2<Lanes<T>> pixel = base.pixel + change;
    const PixelBox<Lanes<T>>& box = lanes.model.box;
    error = {error.x + (clamp(pixel.x, box.low.x, box.high.x) - pixel.x),
             error.y + (clamp(pixel.y, box.low.y, box.high.y) - pixel.y)};
  }
  return error;
}

template <typename Model, typename T>
PROPNP_INLINE Vec3<Lanes<T>> displacement_in_cam(const PackedView<T>& view,
                                                 const LaneView<Model, T>& lanes,
                                                 const Vec3<Lanes<T>>& rotated, const T* record) {
  const Vec3<Lanes<T>> moved = spread_matrix(record) * rotated + spread_vector(record + 9);
  return view.has_rig ? lanes.camera_from_rig.rotation * moved : moved;
}

template <typename Model, bool kInformation, typename T>
void add_costs_of(const BaseView<T>& base_view, const KernelModel<T>& model,
                  const SampleBlock<T>& block, T* partial_costs) {
  using L = Lanes<T>;
  const PackedView<T>& view = *base_view.view;
  const LaneView<Model, T> lanes(view, model);
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
          displaced_error(lanes, base, displacement_in_cam(view, lanes, base.rotated, record)));
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

template <typename Model, typename T, typename Weight>
PROPNP_INLINE void add_sample(const PackedView<T>& view, const LaneView<Model, T>& lanes,
                              const LaneBase<T>& base, const Weight& weight, const T* record,
                              LaneGradients<T, Weight>* sums) {
  using L = Lanes<T>;
  const Vec3<L> displacement = displacement_in_cam(view, lanes, base.rotated, record);
  const Vec2<L> error = displaced_error(lanes, base, displacement);
  const Vec2<L> e = weight.times(error);
  const L squared_norm = dot(e, e);
  const L sample_weight(record[12]);
  const Vec2<L> pull = (sample_weight * lanes.loss.evaluate(squared_norm).weight) * e;
  const Vec2<L> pixel_pull = weight.transposed_times(pull);
  const Projection<L> p =
      clamped_projection(lanes.model, base.point_in_cam + displacement, ClampedRows::kExact);
  Vec3<L> gradient = pixel_pull.x * p.u_gradient + pixel_pull.y * p.v_gradient;
  if (view.has_rig) gradient = transposed_times(lanes.camera_from_rig.rotation, gradient);
  sums->point = sums->point + (gradient + transposed_times(spread_matrix(record), gradient));
  sums->x2d = sums->x2d - pixel_pull;
  weight_vjp(pull, error, &sums->weight);
  if (lanes.loss.kind != LossKind::kNone) {
    sums->delta = sums->delta + sample_weight * lanes.loss.delta_gradient(squared_norm);
  }
}

template <typename T>
PROPNP_INLINE void add_to(T* column, int64_t i, const Lanes<T>& value) {
  (Lanes<T>::load(column + i) + value).store(column + i);
}

template <typename Model, typename T, typename Weight>
PROPNP_INLINE LaneGradients<T, Weight> gradients_of(const BaseView<T>& base_view,
                                                    const LaneView<Model, T>& lanes,
                                                    const SampleBlock<T>& block,
                                                    const Weight& weight, int64_t i) {
  const LaneBase<T> base(base_view, i);
  LaneGradients<T, Weight> sums;
  for (int64_t s = 0; s < block.count; ++s) {
    add_sample(*base_view.view, lanes, base, weight, block.records + s * kSampleRecord, &sums);
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

template <typename Model, bool kInformation, typename T>
void add_gradients_of(const BaseView<T>& base_view, const KernelModel<T>& model,
                      const SampleBlock<T>& block, PointGradientColumns<T>* columns) {
  const PackedView<T>& view = *base_view.view;
  const LaneView<Model, T> lanes(view, model);
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

template <typename T>
void add_costs(const BaseView<T>& base, const KernelModel<T>& model, const SampleBlock<T>& block,
               T* partial_costs) {
  visit_camera(base.view->camera_model, [&](auto camera) {
    using Model = decltype(camera);
    base.view->wxy ? add_costs_of<Model, true>(base, model, block, partial_costs)
                   : add_costs_of<Model, false>(base, model, block, partial_costs);
  });
}

template <typename T>
void add_gradients(const BaseView<T>& base, const KernelModel<T>& model,
                   const SampleBlock<T>& block, PointGradientColumns<T>* columns) {
  visit_camera(base.view->camera_model, [&](auto camera) {
    using Model = decltype(camera);
    base.view->wxy ? add_gradients_of<Model, true>(base, model, block, columns)
                   : add_gradients_of<Model, false>(base, model, block, columns);
  });
}

}  // namespace

extern const SampleKernels<float> kFloatSampleKernels;
extern const SampleKernels<double> kDoubleSampleKernels;
const SampleKernels<float> kFloatSampleKernels = {add_costs<float>, add_gradients<float>};
const SampleKernels<double> kDoubleSampleKernels = {add_costs<double>, add_gradients<double>};

PROPNP_MATH_END
