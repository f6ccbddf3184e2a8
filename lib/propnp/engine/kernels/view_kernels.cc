// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Points lie in the lanes.
#include "propnp/engine/kernels/view_kernels.h"

#include <limits>
#include <type_traits>

#include "propnp/engine/kernels/lane_view.h"
#include "propnp/math/adaptive_delta.h"

PROPNP_MATH_BEGIN

namespace {

// From one precision to another, as many numbers as a register of the wider one holds.
template <typename Source, typename T>
class ColumnCopy {
  using Wide = std::conditional_t<(sizeof(Source) > sizeof(T)), Source, T>;
  using WideTag = hn::ScalableTag<Wide>;
  using SourceTag = hn::Rebind<Source, WideTag>;
  using Tag = hn::Rebind<T, WideTag>;
  using Numbers = hn::Vec<SourceTag>;

 public:
  static bool copy(const StridedPoints<Source>& rows, T* const* columns) {
    ColumnCopy copy;
    int64_t done = 0;
#if HWY_TARGET != HWY_SCALAR
    const bool adjacent = rows.number_stride == 1 && rows.stride == rows.num_numbers;
    if (adjacent && rows.num_numbers == 2) {
      for (; done + kSize <= rows.num_points; done += kSize) {
        Numbers a, b;
        hn::LoadInterleaved2(SourceTag(), rows.first + 2 * done, a, b);
        copy.store(a, columns[0] + done), copy.store(b, columns[1] + done);
      }
    } else if (adjacent && rows.num_numbers == 3) {
      for (; done + kSize <= rows.num_points; done += kSize) {
        Numbers a, b, c;
        hn::LoadInterleaved3(SourceTag(), rows.first + 3 * done, a, b, c);
        copy.store(a, columns[0] + done), copy.store(b, columns[1] + done);
        copy.store(c, columns[2] + done);
      }
    }
#endif
    bool finite = hn::AllTrue(SourceTag(), copy.finite_);
    for (int k = 0; k < rows.num_numbers; ++k) {
      const Source* const first = rows.first + k * rows.number_stride;
      for (int64_t i = done; i < rows.num_points; ++i) {
        const Source value = first[i * rows.stride];
        columns[k][i] = static_cast<T>(value);
        finite &= value <= kLargest && value >= -kLargest;
      }
      for (int64_t i = rows.num_points; i < PaddedCount(rows.num_points); ++i) columns[k][i] = 0;
    }
    return finite;
  }

 private:
  static constexpr int64_t kSize = HWY_LANES(Wide);
  static constexpr Source kLargest =
      static_cast<Source>(sizeof(Source) < sizeof(T) ? std::numeric_limits<Source>::max()
                                                     : std::numeric_limits<T>::max());

  PROPNP_INLINE void store(const Numbers& numbers, T* column) {
    const auto finite = hn::Le(hn::Abs(numbers), hn::Set(SourceTag(), kLargest));
    finite_ = hn::And(finite_, finite);
    if constexpr (sizeof(T) > sizeof(Source)) {
      hn::Store(hn::PromoteTo(Tag(), numbers), Tag(), column);
    } else if constexpr (sizeof(T) < sizeof(Source)) {
      hn::Store(hn::DemoteTo(Tag(), numbers), Tag(), column);
    } else {
      hn::Store(numbers, Tag(), column);
    }
  }

  hn::Mask<SourceTag> finite_ = hn::Eq(hn::Zero(SourceTag()), hn::Zero(SourceTag()));
};

// A sum and a maximum over the points.
template <typename T>
PROPNP_INLINE void add_sum(const Lanes<T>& lanes, T* sum) {
  *sum += lanes.sum();
}
template <typename T>
PROPNP_INLINE void raise(const Lanes<T>& lanes, T* largest) {
  const auto tag = typename Lanes<T>::Tag();
  const T value = hn::GetLane(hn::MaxOfLanes(tag, lanes.v));
  if (value > *largest) *largest = value;
}

// WeightAt(i) is the weight of the points i, i + 1, ...
template <typename T, typename WeightAt>
void add_totals_of(const PackedView<T>& view, const WeightAt& weight_at, PointTotals<T>* totals) {
  using L = Lanes<T>;
  const typename L::Tag tag;
  const L zero(T(0)), most(std::numeric_limits<T>::max());
  const Vec2<L> first_pixel{L(totals->pixel[0]), L(totals->pixel[1])};
  const Vec3<L> first_point = spread_vector(totals->point);
  Vec2<L> pixel_sum{zero, zero};
  Vec3<L> point_sum{zero, zero, zero};
  L pixel_squares = zero, point_squares = zero, weight_sum = zero, largest_weight = zero,
    largest_pixel = zero;
  for (int64_t i = 0; i < view.num_points; i += L::kSize) {
    const auto valid = hn::FirstN(tag, static_cast<size_t>(view.num_points - i));
    const auto where_valid = [&](const L& a) { return L(hn::IfThenElseZero(valid, a.v)); };
    const L u = L::load(view.u + i), v = L::load(view.v + i);
    const Vec2<L> pixel{where_valid(u - first_pixel.x), where_valid(v - first_pixel.y)};
    const Vec3<L> point{where_valid(L::load(view.x + i) - first_point.x),
                        where_valid(L::load(view.y + i) - first_point.y),
                        where_valid(L::load(view.z + i) - first_point.z)};
    const auto weight = weight_at(i);
    const L mean = mean_weight(weight);
    pixel_sum = pixel_sum + pixel;
    pixel_squares = pixel_squares + dot(pixel, pixel);
    point_sum = point_sum + point;
    point_squares = point_squares + dot(point, point);
    weight_sum = weight_sum + mean;
    largest_weight = max(largest_weight, min(mean, most));
    largest_pixel = max(largest_pixel, max(L(hn::Abs(u.v)), L(hn::Abs(v.v))));
  }
  add_sum(pixel_sum.x, &totals->pixel_sum[0]), add_sum(pixel_sum.y, &totals->pixel_sum[1]);
  add_sum(point_sum.x, &totals->point_sum[0]), add_sum(point_sum.y, &totals->point_sum[1]);
  add_sum(point_sum.z, &totals->point_sum[2]);
  add_sum(pixel_squares, &totals->pixel_squares), add_sum(point_squares, &totals->point_squares);
  add_sum(weight_sum, &totals->weight_sum);
  raise(largest_weight, &totals->largest_weight), raise(largest_pixel, &totals->largest_pixel);
}

// Also of numbers that are not finite.
template <typename T>
void count_weights(const PackedView<T>& view, PointTotals<T>* totals) {
  using L = Lanes<T>;
  const typename L::Tag tag;
  const auto zero = hn::Zero(tag);
  auto negative = hn::Lt(zero, zero);
  for (int64_t i = 0; i < view.num_points; i += L::kSize) {
    const auto none = [&](const T* column) { return hn::Eq(hn::Load(tag, column + i), zero); };
    auto removed = hn::And(none(view.wxx), none(view.wyy));
    if (view.wxy) {
      removed = hn::And(removed, hn::And(none(view.wxy), none(view.wyx)));
    } else {
      const auto least = hn::Min(hn::Load(tag, view.wxx + i), hn::Load(tag, view.wyy + i));
      negative = hn::Or(negative, hn::Lt(least, zero));
    }
    totals->weighted_points += L::kSize - static_cast<int64_t>(hn::CountTrue(tag, removed));
  }
  totals->negative |= !hn::AllFalse(tag, negative);
}

template <typename T>
void add_totals(const PackedView<T>& view, PointTotals<T>* totals) {
  count_weights(view, totals);
  if (view.wxy) {
    add_totals_of(
        view, [&](int64_t i) { return load_information(view, i); }, totals);
  } else {
    add_totals_of(
        view, [&](int64_t i) { return load_weight(view, i); }, totals);
  }
}

}  // namespace

extern const ViewKernels<float> kFloatViewKernels;
extern const ViewKernels<double> kDoubleViewKernels;
const ViewKernels<float> kFloatViewKernels = {ColumnCopy<float, float>::copy,
                                              ColumnCopy<double, float>::copy, add_totals<float>};
const ViewKernels<double> kDoubleViewKernels = {
    ColumnCopy<float, double>::copy, ColumnCopy<double, double>::copy, add_totals<double>};

PROPNP_MATH_END
