// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Points lie in the lanes; a register of points stays while the
// loop runs over the samples, whose numbers come from memory one by one.
#include "propnp/engine/kernels/sample_kernels.h"

#include "propnp/engine/kernels/pinhole_samples.h"
#include "propnp/engine/kernels/sample_lanes.h"

PROPNP_MATH_BEGIN

namespace {

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
          displaced_error(lanes, base,
                          displacement_in_cam(lanes, displacement_in_rig(base.rotated, record)))
              .error);
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
  const Vec3<L> displacement =
      displacement_in_cam(lanes, displacement_in_rig(base.rotated, record));
  const DisplacedError<T> displaced = displaced_error(lanes, base, displacement);
  const L sample_weight(record[kRecordWeight]);
  const Pull<T> pull = pull_of(lanes, base, weight, displacement, displaced, sample_weight);
  const Vec3<L>& gradient = pull.point;
  // R^T gradient, with the identity of R apart.
  const auto turned_back = [&](const L& sum, const L& own, int column) {
    return multiply_add(L(record[column]), gradient.x,
                        multiply_add(L(record[3 + column]), gradient.y,
                                     multiply_add(L(record[6 + column]), gradient.z, sum + own)));
  };
  sums->point = {turned_back(sums->point.x, gradient.x, 0),
                 turned_back(sums->point.y, gradient.y, 1),
                 turned_back(sums->point.z, gradient.z, 2)};
  sums->x2d = sums->x2d - pull.pixel;
  weight_vjp(pull.weighted, displaced.error, &sums->weight);
  if (lanes.loss.kind != LossKind::kNone) {
    sums->delta = sums->delta + sample_weight * lanes.loss.delta_gradient(pull.squared_norm);
  }
}

template <typename T>
PROPNP_INLINE void add_to(T* column, int64_t i, const Lanes<T>& value) {
  (Lanes<T>::load(column + i) + value).store(column + i);
}

template <typename Lane, typename T, typename Weight>
PROPNP_INLINE LaneGradients<T, Weight> gradients_of(const BaseView<T>& base_view, const Lane& lanes,
                                                    const WeightedBlock<T>& block,
                                                    const Weight& weight, int64_t i) {
  const LaneBase<T> base(base_view, i);
  LaneGradients<T, Weight> sums;
  for (int64_t k = 0; k < block.count; ++k) {
    add_sample(lanes, base, weight, block.records + block.chosen[k] * kSampleRecord, &sums);
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
                      const WeightedBlock<T>& block, PointGradientColumns<T>* columns) {
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
    const bool has_skew =
        PinholeCamera<float>::from_parameters(view.camera_parameters, view.camera_limit).skew != 0;
    using Yes = std::true_type;
    using No = std::false_type;
    const auto run = [&](auto box, auto skew, auto about_y) {
      visitor(PinholeSamples<box, skew, about_y>(base, model));
    };
    const auto with_axis = [&](auto box, auto skew) {
      block.about_y ? run(box, skew, Yes()) : run(box, skew, No());
    };
    const auto with_skew = [&](auto box) {
      has_skew ? with_axis(box, Yes()) : with_axis(box, No());
    };
    view.has_box ? with_skew(Yes()) : with_skew(No());
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

// A sample's partial costs in one register.
template <typename T>
PROPNP_INLINE Lanes<double> add_partial(const T* partial_costs) {
  using D = Lanes<double>;
  D sum;
  load_column(partial_costs, &sum);
  for (int k = D::kSize; k < kPointPadding; k += D::kSize) {
    D partial;
    load_column(partial_costs + k, &partial);
    sum = sum + partial;
  }
  return sum;
}

template <typename T>
void sum_costs(const T* partial_costs, int64_t count, double* costs) {
  using D = Lanes<double>;
  const auto of_sample = [&](int64_t s) { return add_partial(partial_costs + s * kPointPadding); };
  int64_t s = 0;
  for (; s + D::kSize <= count; s += D::kSize) {
    D sums[D::kSize];
    for (int i = 0; i < D::kSize; ++i) sums[i] = of_sample(s + i);
    sum_each(sums).store_unaligned(costs + s);
  }
  for (; s < count; ++s) costs[s] = of_sample(s).sum();
}

template <typename T>
void add_gradients(const BaseView<T>& base, const KernelModel<T>& model,
                   const WeightedBlock<T>& block, PointGradientColumns<T>* columns) {
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
