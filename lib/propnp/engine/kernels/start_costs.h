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
      return SqrtInformation<L>{number(i, 5), number(i, 6), number(i, 7), number(i, 8)};
    } else {
      return DiagonalWeight<L>{number(i, 5), number(i, 8)};
    }
  }

  // Of the points i and i + 1, i being even.
  PROPNP_INLINE Vec3<LanePair<float>> points(int64_t i) const {
    return {numbers(i, 0), numbers(i, 1), numbers(i, 2)};
  }
  PROPNP_INLINE WeightedPinhole<LanePair<float>> pinholes(int64_t i) const {
    return {{numbers(i, 3), numbers(i, 4)},
            {numbers(i, 5), numbers(i, 6)},
            {numbers(i, 7), numbers(i, 8)}};
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
  // Numbers k of the point i, and of that and the next, i being even: where all starts have the
  // same points, those are beside each other.
  PROPNP_INLINE L number(int64_t i, int k) const {
    if constexpr (kOwner == PointOwner::kEach) {
      return L::load(points_ + (i * kStartPointNumbers + k) * kStartLanes);
    } else {
      return number_at(of_all(i, k));
    }
  }
  PROPNP_INLINE LanePair<float> numbers(int64_t i, int k) const {
    if constexpr (kOwner == PointOwner::kEach) {
      return {number(i, k), number(i + 1, k)};
    } else {
      const float* const first = of_all(i, k);
      return {number_at(first), number_at(first + kPointsAtOnce)};
    }
  }

  static constexpr int kPointsAtOnce = kOwner == PointOwner::kHalves ? 2 : 1;
  PROPNP_INLINE static L number_at(const float* number) {
    return kPointsAtOnce == 2 ? join_halves(L(number[0]), L(number[1])) : L(number[0]);
  }
  PROPNP_INLINE const float* of_all(int64_t i, int k) const {
    const uint64_t point = static_cast<uint64_t>(i) * kPointsAtOnce,
                   in_tile = point % kPointPadding;
    return points_ + (point - in_tile) * kStartPointNumbers + in_tile + k * kPointPadding;
  }

  const float* const points_;
  const int64_t count_;
};

// The gradient of a coordinate of a residual in the tangent, and the same times the weight that the
// loss gives it. `error` is the coordinate.
template <int kDof>
struct TangentRow {
  using L = Lanes<float>;
  L entry[kDof], weighted[kDof];
  L error;

  PROPNP_INLINE void weigh(const L& weight, const L& coordinate) {
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) weighted[i] = weight * entry[i];
    error = coordinate;
  }

  // kAbsent: an entry that is known to be zero, and was not filled in.
  template <int kAbsent = -1>
  PROPNP_INLINE void add_to(StartEquations<kDof, L>* sums) const {
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) {
      if (i == kAbsent) continue;
      sums->gradient[i] = multiply_add(weighted[i], error, sums->gradient[i]);
      PROPNP_UNROLL
      for (int j = 0; j <= i; ++j) {
        if (j == kAbsent) continue;
        L& sum = sums->curvature[i * (i + 1) / 2 + j];
        sum = multiply_add(weighted[i], entry[j], sum);
      }
    }
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
    auto sums = StartEquations<kDof, L>::zero();
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
      x.weigh(loss.weight, r.e.x);
      y.weigh(loss.weight, r.e.y);
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

// With a pinhole that has neither skew nor a box, and plain weights. Two points at a time, behind
// which points of zeros may follow. kAboutY: of 4DoF, turning about (0, 1, 0).
template <int kDof, PointOwner kOwner, bool kAboutY>
class PinholeStartCost {
  static_assert(kDof == 4 || !kAboutY, "6DoF turns about any axis");
  using L = Lanes<float>;
  using P = LanePair<float>;
  using Pose = StartLanesPose<L>;

 public:
  PROPNP_INLINE PinholeStartCost(const PackedView<float>& view, const KernelModel<float>& model,
                                 const Vec3<L>& axis, const PointList<kOwner>& points)
      : limit_(P(view.z_min)), axis_(cast<P>(axis)), points_(points) {
    loss_.kind = static_cast<LossKind>(model.loss_kind);
    loss_.delta = P(model.delta);
  }

  L cost(const Pose& pose) const {
    const RigidTransform<P> place = place_of(pose);
    P sum(0.0f);
    for (int64_t k = 0; k < points_.count(); k += 2) {
      const Vec3<P> point_in_cam = turn(place, points_.points(k)) + place.translation;
      const WeightedSight<P> sight(points_.pinholes(k), point_in_cam, limit_);
      sum = sum + loss_.rho(dot(sight.e, sight.e));
    }
    return points_.total(sum.sum());
  }

  // First all rows of a few points and then their sums, which so stay in the registers.
  void evaluate(const Pose& pose, StartEquations<kDof, L>* result) const {
    constexpr int64_t kFew = 8;
    TangentRow<kDof> x[kFew], y[kFew];
    const RigidTransform<P> place = place_of(pose);
    auto sums = StartEquations<kDof, L>::zero();
    P cost(0.0f);
    for (int64_t first = 0; first < points_.count(); first += kFew) {
      const int64_t left = points_.count() - first, count = left < kFew ? left : kFew;
      for (int64_t k = 0; k < count; k += 2) {
        cost = cost + fill_rows(place, first + k, x + k, y + k);
      }
      for (int64_t k = 0; k < count; ++k) {
        x[k].template add_to<1>(&sums);
        y[k].template add_to<0>(&sums);
      }
    }
    for (int i = 0; i < StartEquations<kDof, L>::kTriangle; ++i) {
      result->curvature[i] = points_.total(sums.curvature[i]);
    }
    for (int i = 0; i < kDof; ++i) result->gradient[i] = points_.total(sums.gradient[i]);
    result->cost = points_.total(cost.sum());
  }

 private:
  PROPNP_INLINE static RigidTransform<P> place_of(const Pose& pose) {
    return {cast<P>(rotation_matrix(pose.rotation)), cast<P>(pose.position)};
  }

  PROPNP_INLINE static Vec3<P> turn(const RigidTransform<P>& place, const Vec3<P>& point) {
    if constexpr (!kAboutY) return place.rotation * point;
    const P &cosine = place.rotation.row0.x, &sine = place.rotation.row0.z;
    return {cosine * point.x + sine * point.z, point.y, cosine * point.z - sine * point.x};
  }

  // The rows of the points i and i + 1. Returns what they cost.
  PROPNP_INLINE P fill_rows(const RigidTransform<P>& place, int64_t i, TangentRow<kDof>* x_rows,
                            TangentRow<kDof>* y_rows) const {
    const WeightedPinhole<P> point = points_.pinholes(i);
    const Vec3<P> r = turn(place, points_.points(i));
    const Vec3<P> point_in_cam = r + place.translation;
    const WeightedSight<P> sight(point, point_in_cam, limit_);
    const LossValue<P> loss = loss_.evaluate(dot(sight.e, sight.e));
    const P weight = select(point_in_cam.z < limit_.z_min, P(0.0f), loss.weight);
    Vec2<P> x, y;
    sight.gradients(point, &x, &y);
    P x_row[kDof], y_row[kDof];
    x_row[0] = x.x, x_row[2] = x.y;
    y_row[1] = y.x, y_row[2] = y.y;
    if constexpr (kDof == 6) {
      x_row[3] = r.y * x.y, x_row[4] = r.z * x.x - r.x * x.y, x_row[5] = -(r.y * x.x);
      y_row[3] = r.y * y.y - r.z * y.x, y_row[4] = -(r.x * y.y), y_row[5] = r.x * y.x;
    } else if constexpr (kAboutY) {
      x_row[3] = r.z * x.x - r.x * x.y;
      y_row[3] = -(r.x * y.y);
    } else {
      const Vec3<P> moved = cross(axis_, r);
      x_row[3] = moved.x * x.x + moved.z * x.y;
      y_row[3] = moved.y * y.x + moved.z * y.y;
    }
    store<1>(x_row, weight, sight.e.x, x_rows);
    store<0>(y_row, weight, sight.e.y, y_rows);
    return loss.rho;
  }

  template <int kAbsent>
  PROPNP_INLINE static void store(const P* row, const P& weight, const P& error,
                                  TangentRow<kDof>* rows) {
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) {
      if (i == kAbsent) continue;
      const P weighted = weight * row[i];
      rows[0].entry[i] = row[i].first, rows[1].entry[i] = row[i].second;
      rows[0].weighted[i] = weighted.first, rows[1].weighted[i] = weighted.second;
    }
    rows[0].error = error.first, rows[1].error = error.second;
  }

  const DepthLimit<P> limit_;
  const Vec3<P> axis_;
  const PointList<kOwner> points_;
  RobustLoss<P> loss_;
};

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_START_COSTS_H_
