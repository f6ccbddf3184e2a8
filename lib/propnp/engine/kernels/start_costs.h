// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the points of a register of starts cost at their poses, and the normal equations.
#ifndef PROPNP_ENGINE_KERNELS_START_COSTS_H_
#define PROPNP_ENGINE_KERNELS_START_COSTS_H_

#include "propnp/engine/kernels/lane_pairs.h"
#include "propnp/engine/kernels/lane_view.h"
#include "propnp/engine/kernels/start_steps.h"
#include "propnp/math/weighted_pinhole.h"

PROPNP_MATH_BEGIN

// Whose the points of a register of starts are: each start has its own, all have the same, or the
// same are dealt to its halves, which hold the same starts.
enum class PointOwner { kEach, kAll, kHalves };

// The lower half of one register and the upper half of another, and a register with its halves
// exchanged. A register of one lane has none.
PROPNP_INLINE Lanes<float> join_halves(const Lanes<float>& lower,
                                       [[maybe_unused]] const Lanes<float>& upper) {
#if HWY_TARGET == HWY_SCALAR
  return lower;
#else
  return {hn::ConcatUpperLower(Lanes<float>::Tag(), upper.v, lower.v)};
#endif
}
PROPNP_INLINE Lanes<float> exchange_halves(const Lanes<float>& a) {
#if HWY_TARGET == HWY_SCALAR
  return a;
#else
  return {hn::ConcatLowerUpper(Lanes<float>::Tag(), a.v, a.v)};
#endif
}

template <PointOwner kOwner>
class PointList {
  using L = Lanes<float>;

 public:
  PROPNP_INLINE PointList(const float* points, int64_t count)
      : points_(points), count_(kOwner == PointOwner::kHalves ? (count + 1) / 2 : count) {}

  PROPNP_INLINE int64_t count() const { return count_; }
  PROPNP_INLINE Vec3<L> point(int64_t i) const {
    return {number(i, 0), number(i, 1), number(i, 2)};
  }
  PROPNP_INLINE Vec2<L> pixel(int64_t i) const { return {number(i, 3), number(i, 4)}; }
  template <bool kInformation>
  PROPNP_INLINE auto weight(int64_t i) const {
    if constexpr (kInformation) {
      return SqrtInformation<L>{number(i, 5), number(i, 7), number(i, 8), number(i, 6)};
    } else {
      return DiagonalWeight<L>{number(i, 5), number(i, 6)};
    }
  }

  // Of as many points from the i-th as P has registers, of which i is a multiple.
  template <typename P>
  PROPNP_INLINE Vec3<P> points(int64_t i) const {
    return {numbers<P>(i, 0), numbers<P>(i, 1), numbers<P>(i, 2)};
  }
  template <typename P>
  PROPNP_INLINE WeightedPinhole<P> pinholes(int64_t i) const {
    return {{numbers<P>(i, 3), numbers<P>(i, 4)}, {numbers<P>(i, 5), numbers<P>(i, 6)}};
  }

  // A sum over the points.
  PROPNP_INLINE L total(const L& sum) const {
    if constexpr (kOwner == PointOwner::kHalves) {
      return sum + exchange_halves(sum);
    } else {
      return sum;
    }
  }

 private:
  // Numbers k of the point i, and of that and those behind it: where all starts have the same
  // points, those are beside each other.
  PROPNP_INLINE L number(int64_t i, int k) const {
    return number_at(kOwner == PointOwner::kEach ? of_each(i, k) : of_all(i, k));
  }
  template <typename P>
  PROPNP_INLINE P numbers(int64_t i, int k) const {
    if constexpr (kOwner != PointOwner::kEach) {
      return numbers_at<P>(of_all(i, k), kOfRegister);
    } else {
      return numbers_at<P>(of_each(i, k), kStartPointNumbers * kStartLanes);
    }
  }
  template <typename P>
  PROPNP_INLINE static P numbers_at(const float* first, int stride) {
    if constexpr (P::kSize == L::kSize) {
      return number_at(first);
    } else {
      using Half = decltype(P::first);
      constexpr int kRegisters = Half::kSize / L::kSize;
      return {numbers_at<Half>(first, stride),
              numbers_at<Half>(first + kRegisters * stride, stride)};
    }
  }

  static constexpr int kOfRegister = kOwner == PointOwner::kHalves ? 2 : 1;
  PROPNP_INLINE static L number_at(const float* number) {
    if constexpr (kOwner == PointOwner::kEach) return L::load(number);
    return kOfRegister == 2 ? join_halves(L(number[0]), L(number[1])) : L(number[0]);
  }
  PROPNP_INLINE const float* of_each(int64_t i, int k) const {
    return points_ + (i * kStartPointNumbers + k) * kStartLanes;
  }
  PROPNP_INLINE const float* of_all(int64_t i, int k) const {
    const uint64_t point = static_cast<uint64_t>(i) * kOfRegister, in_tile = point % kPointPadding;
    return points_ + (point - in_tile) * kStartPointNumbers + in_tile + k * kPointPadding;
  }

  const float* const points_;
  const int64_t count_;
};

// The gradient of a coordinate of a residual in the tangent, and what the loss weighs it with.
// `error` is the coordinate.
template <int kDof>
struct TangentRow {
  using L = Lanes<float>;
  L entry[kDof];
  L weight, error;

  PROPNP_INLINE void add_to(StartEquations<kDof, L>* sums) const {
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) {
      const L weighted = weight * entry[i];
      sums->gradient[i] = multiply_add(weighted, error, sums->gradient[i]);
      PROPNP_UNROLL
      for (int j = 0; j <= i; ++j) {
        L& sum = sums->curvature[i * (i + 1) / 2 + j];
        sum = multiply_add(weighted, entry[j], sum);
      }
    }
  }
};

// The same of a pinhole, divided by its entry kUnit, which is one; that of the other coordinate is
// zero, and that of the depth is behind the sign. Only the entries from there on are kept.
template <int kDof>
struct SightRow {
  using L = Lanes<float>;
  static constexpr int kFirst = 2;
  L entry[kDof - kFirst];
  L curvature, pull;  // the divisor squared, and the divisor times the error, both weighted

  template <int kUnit>
  PROPNP_INLINE void add_to(StartEquations<kDof, L>* sums) const {
    const auto sum = [&](int i, int j) -> L& { return sums->curvature[i * (i + 1) / 2 + j]; };
    sum(kUnit, kUnit) = sum(kUnit, kUnit) + curvature;
    sums->gradient[kUnit] = sums->gradient[kUnit] + pull;
    PROPNP_UNROLL
    for (int i = kFirst; i < kDof; ++i) {
      const L weighted = curvature * entry[i - kFirst];
      sum(i, kUnit) = sum(i, kUnit) + weighted;
      sums->gradient[i] = multiply_add(pull, entry[i - kFirst], sums->gradient[i]);
      PROPNP_UNROLL
      for (int j = kFirst; j <= i; ++j) {
        sum(i, j) = multiply_add(weighted, entry[j - kFirst], sum(i, j));
      }
    }
  }
};

// Those of as many points as a scalar has registers.
template <int kDof>
struct RowsOfPoints {
  SightRow<kDof>* rows;

  template <typename P>
  PROPNP_INLINE void set(int i, const P& entry) const {
    for_each_register(entry, [&](int k, const Lanes<float>& e) { rows[k].entry[i] = e; });
  }
  template <typename P>
  PROPNP_INLINE void set_weights(const P& curvature, const P& pull) const {
    for_each_register(curvature, [&](int k, const Lanes<float>& c) { rows[k].curvature = c; });
    for_each_register(pull, [&](int k, const Lanes<float>& p) { rows[k].pull = p; });
  }
};

// With any camera.
template <typename Model, int kDof, PointOwner kOwner, bool kInformation>
class CameraStartCost {
  using L = Lanes<float>;
  using Pose = StartLanesPose<L>;

 public:
  PROPNP_INLINE CameraStartCost(const PackedView<float>& view, const KernelModel<float>& model,
                                const Vec3<L>& axis, const PointList<kOwner>& points)
      : lanes_(view, model), axis_(axis), points_(points) {}

  L cost(const Pose& pose) const {
    const Mat3<L> rotation = rotation_matrix(pose.rotation);
    L sum(0.0f);
    for (int64_t k = 0; k < points_.count(); ++k) {
      sum = sum + point_cost(lanes_.model, lanes_.loss, rotation * points_.point(k) + pose.position,
                             points_.pixel(k), points_.template weight<kInformation>(k));
    }
    return sum;
  }

  void evaluate(const Pose& pose, StartEquations<kDof, L>* result) const {
    StartEquations<kDof, L> sums;
    sums.clear();
    const Mat3<L> rotation = rotation_matrix(pose.rotation);
    for (int64_t k = 0; k < points_.count(); ++k) {
      const Vec3<L> rotated = rotation * points_.point(k);
      const PointResidual<L> r =
          residual_with_jacobian(lanes_.model, rotated + pose.position, points_.pixel(k),
                                 points_.template weight<kInformation>(k), ClampedRows::kDrop);
      const LossValue<L> loss = lanes_.loss.evaluate(dot(r.e, r.e));
      TangentRow<kDof> x, y;
      fill(r.x_gradient, rotated, x.entry);
      fill(r.y_gradient, rotated, y.entry);
      x.weight = y.weight = loss.weight;
      x.error = r.e.x, y.error = r.e.y;
      sums.cost = sums.cost + loss.rho;
      x.add_to(&sums);
      y.add_to(&sums);
    }
    *result = sums;
  }

 private:
  PROPNP_INLINE void fill(const Vec3<L>& gradient, const Vec3<L>& rotated, L* row) const {
    const Vec3<L> torque = cross(rotated, gradient);
    row[0] = gradient.x, row[1] = gradient.y, row[2] = gradient.z;
    if constexpr (kDof == 6) {
      row[3] = torque.x, row[4] = torque.y, row[5] = torque.z;
    } else {
      row[3] = dot(axis_, torque);
    }
  }

  const LaneView<Model, float> lanes_;
  const Vec3<L> axis_;
  const PointList<kOwner> points_;
};

// How a pinhole sees points at a pose.
template <typename P>
struct PinholeView {
  RigidTransform<P> place;
  DepthLimit<P> limit;
  RobustLoss<P> loss;

  template <typename L>
  PROPNP_INLINE PinholeView(const StartLanesPose<L>& pose, const DepthLimit<L>& depth_limit,
                            const RobustLoss<L>& of_residuals)
      : place{cast<P>(rotation_matrix(pose.rotation)), cast<P>(pose.position)},
        limit{P(depth_limit.z_min), {P(depth_limit.slope.x), P(depth_limit.slope.y)}},
        loss{of_residuals.kind, P(of_residuals.delta)} {}

  // kAboutY: the rotation is about (0, 1, 0).
  template <bool kAboutY>
  PROPNP_INLINE Vec3<P> turn(const Vec3<P>& point) const {
    if constexpr (!kAboutY) return place.rotation * point;
    const P &cosine = place.rotation.row0.x, &sine = place.rotation.row0.z;
    return {cosine * point.x + sine * point.z, point.y, cosine * point.z - sine * point.x};
  }
  // In the camera frame; the translation goes first, as no instruction of its own.
  template <bool kAboutY>
  PROPNP_INLINE Vec3<P> carry(const Vec3<P>& point) const {
    const Mat3<P>& r = place.rotation;
    const Vec3<P>& t = place.translation;
    if constexpr (kAboutY) {
      return {(t.x + r.row0.x * point.x) + r.row0.z * point.z, t.y + point.y,
              (t.z + r.row0.x * point.z) - r.row0.z * point.x};
    }
    const auto along = [&](const Vec3<P>& row, const P& offset) {
      return ((offset + row.x * point.x) + row.y * point.y) + row.z * point.z;
    };
    return {along(r.row0, t.x), along(r.row1, t.y), along(r.row2, t.z)};
  }
};

// With a pinhole that has neither skew nor a box, and plain weights. Two points at a time, or four
// where the registers hold what is known of them; behind them points of zeros may follow. kAboutY:
// of 4DoF, turning about (0, 1, 0).
template <int kDof, PointOwner kOwner, bool kAboutY>
class PinholeStartCost {
  static_assert(kDof == 4 || !kAboutY, "6DoF turns about any axis");
  using L = Lanes<float>;
  using P = LanePair<float>;
  using Q = PairOf<P>;
  using Pose = StartLanesPose<L>;
  static_assert(Q::kSize == kPointsAtOnce * L::kSize, "zeros fill up the points");

 public:
  PROPNP_INLINE PinholeStartCost(const PackedView<float>& view, const KernelModel<float>& model,
                                 const Vec3<L>& axis, const PointList<kOwner>& points)
      : limit_(DepthLimit<L>::from(spread_pinhole(view), L(view.z_min))),
        axis_(axis),
        points_(points),
        loss_{static_cast<LossKind>(model.loss_kind), L(model.delta)} {}

  L cost(const Pose& pose) const {
    const PinholeView<Q> view(pose, limit_, loss_);
    Q sum(0.0f);
    for (int64_t k = 0; k < points_.count(); k += kPointsAtOnce) {
      const Vec3<Q> point_in_cam = view.template carry<kAboutY>(points_.template points<Q>(k));
      const WeightedSight<Q> sight(points_.template pinholes<Q>(k), point_in_cam, view.limit);
      sum = sum + view.loss.rho(dot(sight.e, sight.e));
    }
    return points_.total(sum_registers(sum));
  }

  // First all rows of a few points and then their sums, which so stay in the registers.
  void evaluate(const Pose& pose, StartEquations<kDof, L>* result) const {
    constexpr int64_t kFew = 8;
    SightRow<kDof> x[kFew], y[kFew];
    const PinholeView<P> view(pose, limit_, loss_);
    StartEquations<kDof, L> sums;
    sums.clear();
    P cost(0.0f);
    for (int64_t first = 0; first < points_.count(); first += kFew) {
      const int64_t left = points_.count() - first, count = left < kFew ? left : kFew;
      for (int64_t k = 0; k < count; k += 2) {
        cost = cost + fill_rows(view, first + k, {x + k}, {y + k});
      }
      for (int64_t k = 0; k < count; ++k) {
        x[k].template add_to<0>(&sums);
        y[k].template add_to<1>(&sums);
      }
    }
    sums.cost = sum_registers(cost);
    finish(sums, result);
  }

 private:
  // The rows of the points i, i + 1, ... Returns what they cost.
  PROPNP_INLINE P fill_rows(const PinholeView<P>& view, int64_t i, const RowsOfPoints<kDof>& x_row,
                            const RowsOfPoints<kDof>& y_row) const {
    const WeightedPinhole<P> point = points_.template pinholes<P>(i);
    const Vec3<P> r = view.template turn<kAboutY>(points_.template points<P>(i));
    const Vec3<P> point_in_cam = r + view.place.translation;
    const WeightedSight<P> sight(point, point_in_cam, view.limit);
    const LossValue<P> loss = view.loss.evaluate(dot(sight.e, sight.e));
    const P weight = zero_where(point_in_cam.z < view.limit.z_min, loss.weight);
    const P &x = sight.x, &y = sight.y;
    const Vec2<P> slope = sight.slopes(point), weighted = weight * slope;
    x_row.set(0, x), y_row.set(0, y);
    if constexpr (kDof == 6) {
      const P minus_y = -r.y;
      x_row.set(1, minus_y * x), y_row.set(1, minus_y * y - r.z);
      x_row.set(2, r.x * x + r.z), y_row.set(2, r.x * y);
      x_row.set(3, minus_y), y_row.set(3, r.x);
    } else if constexpr (kAboutY) {
      x_row.set(1, r.x * x + r.z), y_row.set(1, r.x * y);
    } else {
      const Vec3<P> moved = cross(cast<P>(axis_), r);
      x_row.set(1, moved.x - moved.z * x), y_row.set(1, moved.y - moved.z * y);
    }
    x_row.set_weights(weighted.x * slope.x, weighted.x * sight.e.x);
    y_row.set_weights(weighted.y * slope.y, weighted.y * sight.e.y);
    return loss.rho;
  }

  // The totals, with the sign of the depth.
  PROPNP_INLINE void finish(const StartEquations<kDof, L>& sums,
                            StartEquations<kDof, L>* result) const {
    constexpr int kDepth = 2;
    const auto total = [&](const L& sum, bool negative) {
      return negative ? -points_.total(sum) : points_.total(sum);
    };
    result->cost = points_.total(sums.cost);
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) {
      result->gradient[i] = total(sums.gradient[i], i == kDepth);
      PROPNP_UNROLL
      for (int j = 0; j <= i; ++j) {
        const int k = i * (i + 1) / 2 + j;
        result->curvature[k] = total(sums.curvature[k], (i == kDepth) != (j == kDepth));
      }
    }
  }

  const DepthLimit<L> limit_;
  const Vec3<L> axis_;
  const PointList<kOwner> points_;
  const RobustLoss<L> loss_;
};

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_START_COSTS_H_
