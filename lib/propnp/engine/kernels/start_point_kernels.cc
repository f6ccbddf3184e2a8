// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Points lie in the lanes.
#include "propnp/engine/kernels/start_point_kernels.h"

#include <limits>

#include "propnp/engine/kernels/lane_view.h"
#include "propnp/math/adaptive_delta.h"
#include "propnp/math/bearing.h"
#include "propnp/math/weighted_pinhole.h"
#include "propnp/math/weighted_subset.h"

PROPNP_MATH_BEGIN

namespace {

template <typename T>
PROPNP_INLINE Vec3<Lanes<T>> load_vector(const T* x, const T* y, const T* z, int64_t i) {
  using L = Lanes<T>;
  return {L::load(x + i), L::load(y + i), L::load(z + i)};
}
template <typename T>
PROPNP_INLINE Vec3<Lanes<T>> select_vector(const LaneMask<T>& mask, const Vec3<Lanes<T>>& v) {
  const Lanes<T> zero(T(0));
  return {select(mask, v.x, zero), select(mask, v.y, zero), select(mask, v.z, zero)};
}
// The mean weights of the points i, i + 1, ..., and where there is any.
template <typename T>
struct MeanWeights {
  using L = Lanes<T>;
  L mean;
  LaneMask<T> none;

  PROPNP_INLINE MeanWeights(const PackedView<T>& view, int64_t i) {
    const auto is_zero = [&](const T* column) {
      const typename L::Tag tag;
      return LaneMask<T>{hn::Eq(hn::Load(tag, column + i), hn::Zero(tag))};
    };
    none = is_zero(view.wxx) & is_zero(view.wyy);
    if (view.wxy) {
      mean = mean_weight(load_information(view, i));
      none = none & is_zero(view.wxy) & is_zero(view.wyx);
    } else {
      mean = mean_weight(load_weight(view, i));
    }
  }
};

template <typename T>
void weigh(const PackedView<T>& view, T largest, T* weight) {
  using L = Lanes<T>;
  const L zero(T(0)), one(T(1)), least(static_cast<T>(kLeastWeightFraction)),
      most(std::numeric_limits<T>::max());
  for (int64_t i = 0; i < view.num_points; i += L::kSize) {
    const MeanWeights<T> w(view, i);
    L fraction = one;
    if (largest > T(0)) {
      // Exact, so that every instruction set draws the same points.
      const L exact(hn::Div(min(w.mean, most).v, L(largest).v));
      fraction = max(exact, least);
    }
    select(w.none, zero, fraction).store_unaligned(weight + i);
  }
}

template <typename T>
void pinhole_bearings(const PackedView<T>& view, T* const* columns) {
  using L = Lanes<T>;
  const PinholeCamera<L> camera = spread_pinhole(view);
  for (int64_t i = 0; i < view.num_points; i += L::kSize) {
    const Vec3<L> bearing = bearing_from_pixel(camera, L::load(view.u + i), L::load(view.v + i));
    bearing.x.store(columns[0] + i), bearing.y.store(columns[1] + i);
    bearing.z.store(columns[2] + i);
  }
}

// Sums of vectors relative to one of them.
template <typename T>
struct LaneMoments {
  using L = Lanes<T>;
  const Vec3<L> shift, axis;
  const L zero{T(0)};
  Vec3<L> sum{zero, zero, zero};
  L squares = zero, extent_squares = zero;

  PROPNP_INLINE LaneMoments(const T* relative_to, const T* along)
      : shift(spread_vector(relative_to)), axis(spread_vector(along)) {}

  PROPNP_INLINE void add(const LaneMask<T>& valid, const Vec3<L>& v, const L& weight) {
    const Vec3<L> d = select_vector(valid, v - shift);
    const L extent = dot(axis, d);
    sum = sum + weight * d;
    squares = squares + weight * dot(d, d);
    extent_squares = extent_squares + weight * extent * extent;
  }
  PROPNP_INLINE void add_to(T* sums, T* total_squares, T* total_extent_squares) const {
    sums[0] += sum.x.sum(), sums[1] += sum.y.sum(), sums[2] += sum.z.sum();
    *total_squares += squares.sum(), *total_extent_squares += extent_squares.sum();
  }
};

template <typename T>
void add_moments(const PackedView<T>& view, const T* weight, const T* const* bearings,
                 StartMoments<T>* moments) {
  using L = Lanes<T>;
  const typename L::Tag tag;
  const L zero(T(0));
  L total = zero;
  LaneMoments<T> points(moments->point, moments->axis_in_object),
      seen(moments->bearing, moments->axis);
  for (int64_t i = 0; i < view.num_points; i += L::kSize) {
    const auto in_view = hn::FirstN(tag, static_cast<size_t>(view.num_points - i));
    const L w(hn::IfThenElseZero(in_view, hn::LoadU(tag, weight + i)));
    const LaneMask<T> valid = zero < w;  // what weighs nothing may be far away
    total = total + w;
    points.add(valid, load_vector(view.x, view.y, view.z, i), w);
    seen.add(valid, load_vector(bearings[0], bearings[1], bearings[2], i), w);
  }
  moments->weight += total.sum();
  points.add_to(moments->point_sum, &moments->point_squares, &moments->point_extent_squares);
  seen.add_to(moments->bearing_sum, &moments->bearing_squares, &moments->bearing_extent_squares);
}

// What stands behind the coordinates of a point, see StartPointForm.
template <typename T>
class StartPixels {
  using L = Lanes<T>;

 public:
  PROPNP_INLINE StartPixels(const PackedView<T>& view, T weight_factor, StartPointForm form)
      : view_(view), factor_(weight_factor), form_(form), camera_(spread_pinhole(view)) {}

  PROPNP_INLINE void fill(int64_t i, L* numbers) const {
    const Vec2<L> x2d{L::load(view_.u + i), L::load(view_.v + i)};
    const auto scaled = [&](const T* column) {
      return column ? factor_ * L::load(column + i) : L(T(0));
    };
    if (form_ == StartPointForm::kPinhole) {
      const auto p = WeightedPinhole<L>::from(
          camera_, x2d, DiagonalWeight<L>{scaled(view_.wxx), scaled(view_.wyy)});
      numbers[0] = p.focal.x, numbers[1] = p.focal.y;
      numbers[2] = p.centre.x, numbers[3] = p.centre.y;
    } else {
      numbers[0] = x2d.x, numbers[1] = x2d.y;
      numbers[2] = scaled(view_.wxx), numbers[3] = scaled(view_.wyy);
      numbers[4] = scaled(view_.wxy), numbers[5] = scaled(view_.wyx);
    }
  }

 private:
  const PackedView<T>& view_;
  const L factor_;
  const StartPointForm form_;
  const PinholeCamera<L> camera_;
};

template <typename T>
void scale(const PackedView<T>& view, const StartUnits<T>& units, StartPointForm form, float* all) {
  using L = Lanes<T>;
  const typename L::Tag tag;
  const Vec3<L> pivot = spread_vector(units.pivot);
  const Mat3<L> rotation = spread_matrix(units.rotation);
  const L inverse_distance(units.inverse_distance);
  const StartPixels<T> pixels(view, units.weight, form);
  const int num_numbers = NumStartPointNumbers(form);
  for (int64_t i = 0; i < view.padded_points; i += L::kSize) {
    const int64_t left = view.num_points > i ? view.num_points - i : 0;
    const LaneMask<T> valid{hn::FirstN(tag, static_cast<size_t>(left))};
    const Vec3<L> point =
        rotation * (inverse_distance * (load_vector(view.x, view.y, view.z, i) - pivot));
    const Vec3<L> of_point = select_vector(valid, point);
    L numbers[kStartPointNumbers];
    numbers[0] = of_point.x, numbers[1] = of_point.y, numbers[2] = of_point.z;
    pixels.fill(i, numbers + 3);
    float* const out = all + i / kPointPadding * kPointPadding * kStartPointNumbers;
    for (int n = 0; n < num_numbers; ++n) {
      store_column(numbers[n], out + n * kPointPadding + i % kPointPadding);
    }
  }
}

}  // namespace

extern const StartPointKernels<float> kFloatStartPointKernels;
extern const StartPointKernels<double> kDoubleStartPointKernels;
const StartPointKernels<float> kFloatStartPointKernels = {weigh<float>, pinhole_bearings<float>,
                                                          add_moments<float>, scale<float>};
const StartPointKernels<double> kDoubleStartPointKernels = {weigh<double>, pinhole_bearings<double>,
                                                            add_moments<double>, scale<double>};

PROPNP_MATH_END
