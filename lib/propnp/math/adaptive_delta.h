// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The adaptive scale of the Huber loss (EPro-PnP, Chen et al., CVPR 2022):
//
//   delta = relative_delta * mean(w2d) * sqrt(var_x(x2d) + var_y(x2d))
//
// over all of an object's points, weighted or not, with unbiased variances; with a 2x2 square-root
// information W the mean of sqrt(trace(W^T W) / 2) stands in the place of the mean weight. It
// scales the loss to a fixed fraction of the object's size in the image. As published, the gradient
// of the cost flows through it to the weights (and to relative_delta), not to x2d.
#ifndef PROPNP_MATH_ADAPTIVE_DELTA_H_
#define PROPNP_MATH_ADAPTIVE_DELTA_H_

#include "propnp/math/residual.h"

PROPNP_MATH_BEGIN

// What a weight contributes to the mean: its root mean square over the two axes for a 2x2
// information, the plain mean of the two for a diagonal.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S mean_weight(const DiagonalWeight<S>& w) {
  return constant<S>(0.5) * (w.x + w.y);
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S mean_weight(const SqrtInformation<S>& w) {
  return sqrt(constant<S>(0.5) * (w.xx * w.xx + w.xy * w.xy + w.yx * w.yx + w.yy * w.yy));
}

// d (cotangent * mean_weight) / d W, added to `gradient`. At W = 0 the information's root has no
// derivative; zero is its one-sided limit for a point that stays removed.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE void mean_weight_vjp(const DiagonalWeight<S>& /*w*/,
                                                      const S& cotangent,
                                                      DiagonalWeight<S>* gradient) {
  gradient->x = gradient->x + constant<S>(0.5) * cotangent;
  gradient->y = gradient->y + constant<S>(0.5) * cotangent;
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE void mean_weight_vjp(const SqrtInformation<S>& w,
                                                      const S& cotangent,
                                                      SqrtInformation<S>* gradient) {
  const S zero = constant<S>(0), one = constant<S>(1);
  const S mean = mean_weight(w);
  const auto nonzero = zero < mean;
  const S scale = select(nonzero, constant<S>(0.5) * cotangent / select(nonzero, mean, one), zero);
  gradient->xx = gradient->xx + scale * w.xx;
  gradient->xy = gradient->xy + scale * w.xy;
  gradient->yx = gradient->yx + scale * w.yx;
  gradient->yy = gradient->yy + scale * w.yy;
}

// Accumulates the two means of the formula; `shift` is any pixel of the object (its first), which
// keeps the variances exact far from the origin. Fewer than two points give zero.
template <typename S>
class AdaptiveDelta {
 public:
  PROPNP_HOST_DEVICE explicit AdaptiveDelta(const Vec2<S>& shift) : shift_(shift) {}

  // From sums over `count` points: of x2d relative to a shift, of its square, of the mean weights.
  PROPNP_HOST_DEVICE AdaptiveDelta(const Vec2<S>& sum, const S& square_sum, const S& weight_sum,
                                   const S& count)
      : sum_(sum), count_(count), weight_sum_(weight_sum), square_sum_(square_sum) {}

  template <typename Weight>
  PROPNP_HOST_DEVICE PROPNP_INLINE void add(const Vec2<S>& x2d, const Weight& weight) {
    const Vec2<S> d = x2d - shift_;
    count_ = count_ + constant<S>(1);
    weight_sum_ = weight_sum_ + mean_weight(weight);
    sum_ = sum_ + d;
    square_sum_ = square_sum_ + dot(d, d);
  }

  // That of all points from those of each thread of a team, which is any class with sum(value); all
  // have the same shift.
  template <typename Team>
  PROPNP_HOST_DEVICE AdaptiveDelta combined(const Team& team) const {
    AdaptiveDelta all(shift_);
    all.sum_ = {team.sum(sum_.x), team.sum(sum_.y)};
    all.count_ = team.sum(count_);
    all.weight_sum_ = team.sum(weight_sum_);
    all.square_sum_ = team.sum(square_sum_);
    return all;
  }

  // sqrt(var_x + var_y) in px; zero for fewer than two points.
  PROPNP_HOST_DEVICE S spread() const {
    const S zero = constant<S>(0), one = constant<S>(1);
    if (!(one < count_)) return zero;
    return sqrt(max((square_sum_ - dot(sum_, sum_) / count_) / (count_ - one), zero));
  }

  PROPNP_HOST_DEVICE S value(const S& relative_delta) const {
    return weight_gradient(relative_delta) * weight_sum_;
  }

  // d value / d relative_delta.
  PROPNP_HOST_DEVICE S relative_gradient() const { return value(constant<S>(1)); }

  // d value / d mean_weight of one point; hand it to mean_weight_vjp as the cotangent's factor.
  PROPNP_HOST_DEVICE S weight_gradient(const S& relative_delta) const {
    return relative_delta * spread() / max(count_, constant<S>(1));
  }

 private:
  Vec2<S> shift_{constant<S>(0), constant<S>(0)};
  Vec2<S> sum_{constant<S>(0), constant<S>(0)};
  S count_ = constant<S>(0), weight_sum_ = constant<S>(0), square_sum_ = constant<S>(0);
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_ADAPTIVE_DELTA_H_
