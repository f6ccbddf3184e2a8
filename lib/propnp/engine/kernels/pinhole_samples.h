// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The loops of sample_kernels.cc for what is most common and can be done with half the work:
// a pinhole without a rig, plain weights, Huber's loss or none, every point in front of the camera.
#ifndef PROPNP_ENGINE_KERNELS_PINHOLE_SAMPLES_H_
#define PROPNP_ENGINE_KERNELS_PINHOLE_SAMPLES_H_

#include <limits>

#include "propnp/engine/kernels/lane_view.h"
#include "propnp/engine/kernels/sample_kernels.h"
#include "propnp/math/camera.h"
#include "propnp/math/pinhole_residual.h"

PROPNP_MATH_BEGIN

namespace {

// A register of points. About the y axis, as most yaw goes, a rotation has four entries to multiply
// with instead of nine.
template <bool kHasBox, bool kHasSkew, bool kAboutY>
class PinholeSamples {
 public:
  using L = Lanes<float>;

  PROPNP_INLINE PinholeSamples(const BaseView<float>& base, const KernelModel<float>& model)
      : base_(base), lanes_(*base.view, model) {
    const bool robust = lanes_.loss.kind == LossKind::kHuber;
    delta_ = robust ? lanes_.loss.delta : L(std::numeric_limits<float>::infinity());
  }

  void add_costs(const SampleBlock<float>& block, float* partial_costs) const {
    block.roots.first ? add_costs_of<true>(block, partial_costs)
                      : add_costs_of<false>(block, partial_costs);
  }

  void add_gradients(const WeightedBlock<float>& block,
                     PointGradientColumns<float>* columns) const {
    block.roots.first ? add_gradients_of<true>(block, columns)
                      : add_gradients_of<false>(block, columns);
  }

 private:
  template <bool kHasRoots>
  void add_costs_of(const SampleBlock<float>& block, float* partial_costs) const {
    const int64_t count = block.count;
    for (int64_t i = 0; i < base_.view->padded_points; i += L::kSize) {
      const Point point = point_at(i);
      const Vec3<L> rotated = rotated_at(i);
      float* const roots = kHasRoots ? block.roots.of_points(i, L::kSize) : nullptr;
      for (int64_t s = 0; s < count; ++s) {
        const PinholeNorm<L> norm(point.at(moved(rotated, block.records + s * kSampleRecord)));
        if constexpr (kHasRoots) norm.inverse.store(roots + s * L::kSize);
        const L inner = min(norm.value, delta_);
        float* cost = partial_costs + s * kPointPadding;
        multiply_add(inner, norm.value - L(0.5f) * inner, L::load(cost)).store(cost);
      }
    }
  }

  template <bool kHasRoots>
  void add_gradients_of(const WeightedBlock<float>& block,
                        PointGradientColumns<float>* columns) const {
    const int64_t count = block.count;
    for (int64_t i = 0; i < base_.view->padded_points; i += L::kSize) {
      const Point point = point_at(i);
      const Vec3<L> rotated = rotated_at(i);
      const float* const roots = kHasRoots ? block.roots.of_points(i, L::kSize) : nullptr;
      Sums sums;
      for (int64_t k = 0; k < count; ++k) {
        const int64_t s = block.chosen[k];
        const float* const record = block.records + s * kSampleRecord;
        const PinholeFraction<L> f = point.at(moved(rotated, record));
        if constexpr (kHasRoots) {
          add_sample(point, f, PinholeNorm<L>(f, L::load(roots + s * L::kSize)), record, &sums);
        } else {
          add_sample(point, f, PinholeNorm<L>(f), record, &sums);
        }
      }
      store(point, sums, i, columns);
    }
  }

  using Point = PinholePoint<L, kHasBox, kHasSkew>;

  // R^T g by each coordinate of g, which is still to be scaled, and the others.
  struct Sums {
    Vec3<L> by_x{L(0.0f), L(0.0f), L(0.0f)}, by_y = by_x, by_z = by_x;
    PinholeSums<L> others;

    PROPNP_INLINE Vec3<L> point(const Vec3<L>& scale) const {
      return scale.x * by_x + (scale.y * by_y + scale.z * by_z);
    }
  };

  PROPNP_INLINE Point point_at(int64_t i) const {
    const Vec2<L> error{L::load(base_.error_u + i), L::load(base_.error_v + i)};
    const Vec2<L> pixel{L::load(base_.pixel_u + i), L::load(base_.pixel_v + i)};
    return Point(lanes_.model.camera, lanes_.model.box, load_weight(*base_.view, i),
                 L::load(base_.cam_z + i), error, pixel);
  }
  PROPNP_INLINE Vec3<L> rotated_at(int64_t i) const {
    return {L::load(base_.rotated_x + i), L::load(base_.rotated_y + i),
            L::load(base_.rotated_z + i)};
  }

  PROPNP_INLINE static Vec3<L> moved(const Vec3<L>& rotated, const float* record) {
    if constexpr (kAboutY) {
      const auto row = [&](const float* m, const float* shift) {
        return multiply_add(L(m[0]), rotated.x, multiply_add(L(m[2]), rotated.z, L(*shift)));
      };
      return {row(record, record + 9), L(record[10]), row(record + 6, record + 11)};
    }
    const auto row = [&](const float* m, const float* shift) {
      return multiply_add(
          L(m[0]), rotated.x,
          multiply_add(L(m[1]), rotated.y, multiply_add(L(m[2]), rotated.z, L(*shift))));
    };
    return {row(record, record + 9), row(record + 3, record + 10), row(record + 6, record + 11)};
  }

  PROPNP_INLINE void add_sample(const Point& point, const PinholeFraction<L>& f,
                                const PinholeNorm<L>& norm, const float* record, Sums* sums) const {
    const PinholePull<L> pull =
        sums->others.template add<kHasBox>(f, norm, delta_, L(record[kRecordWeight]));
    const Vec3<L> g = point.unscaled_gradient(pull);
    const float* const diagonal = record + kRecordDiagonal;
    const auto add = [](float factor, const L& from, L* sum) {
      *sum = multiply_add(L(factor), from, *sum);
    };
    add(diagonal[0], g.x, &sums->by_x.x), add(record[2], g.x, &sums->by_x.z);
    add(record[6], g.z, &sums->by_z.x), add(diagonal[2], g.z, &sums->by_z.z);
    if constexpr (kAboutY) {
      sums->by_y.y = sums->by_y.y + g.y;
      return;
    }
    add(record[1], g.x, &sums->by_x.y), add(record[7], g.z, &sums->by_z.y);
    add(record[3], g.y, &sums->by_y.x), add(diagonal[1], g.y, &sums->by_y.y);
    add(record[5], g.y, &sums->by_y.z);
  }

  PROPNP_INLINE void store(const Point& point, const Sums& sums, int64_t i,
                           PointGradientColumns<float>* columns) const {
    const auto add_to = [i](float* column, const L& value) {
      (L::load(column + i) + value).store(column + i);
    };
    const DiagonalWeight<L> weight = load_weight(*base_.view, i);
    // e = weight error, and a point without weight has e = 0.
    const auto over_weight = [](const L& sum, const L& w) {
      const L zero(0.0f);
      const LaneMask<float> given = zero < w;
      return select(given, sum / select(given, w, L(1.0f)), zero);
    };
    const Vec3<L> by_point = sums.point(point.scale());
    add_to(columns->x, by_point.x);
    add_to(columns->y, by_point.y);
    add_to(columns->z, by_point.z);
    add_to(columns->u, -(weight.x * sums.others.error.x));
    add_to(columns->v, -(weight.y * sums.others.error.y));
    add_to(columns->wxx, over_weight(sums.others.weight.x, weight.x));
    add_to(columns->wyy, over_weight(sums.others.weight.y, weight.y));
    if (lanes_.loss.kind == LossKind::kHuber) columns->delta += sums.others.delta.sum();
  }

  const BaseView<float>& base_;
  const LaneView<PinholeModel, float> lanes_;
  L delta_;
};

}  // namespace

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_PINHOLE_SAMPLES_H_
