// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The weighted residual of a pinhole as a fraction, e = n / Z with both linear in point_in_cam: for
// many poses near one at which n is known precisely, half the work of projecting. With a point at
// depth Z_0 and the numerator n_0 there, W = diag(w) and d the displacement,
//
//   n = n_0 + W [fx skew cx - u; 0 fy cy - v] d,   Z = Z_0 + d_z
//
// Only for points in front of the camera and not too far. Huber's loss, which is all that rho is
// here, needs a single root: with r = 1 / (Z |n|)
//
//   s = |n| / Z = |n|^2 r,   1 / Z = s r Z,   min(s, delta) r = min(1, delta / s) / Z^2
//
// A box that clamps projections clamps n to Z times its bounds relative to x2d, weighted.
#ifndef PROPNP_MATH_PINHOLE_RESIDUAL_H_
#define PROPNP_MATH_PINHOLE_RESIDUAL_H_

#include "propnp/math/residual.h"

PROPNP_MATH_BEGIN

// Between these depths single precision holds every product here, |n|^2 Z^2 above all, unless a
// weighted residual exceeds 1e7.
constexpr double kNearestPinhole = 1e-6, kFarthestPinhole = 1e6;

// What a sample pulls with: pull / Z, whose coordinates are zero where the box holds, and
// pull . e / Z.
template <typename S>
struct PinholePull {
  Vec2<S> over_depth;
  S along;
};

// n and Z of a displaced point, and whether the box holds a coordinate of n.
template <typename S>
struct PinholeFraction {
  Vec2<S> n;
  S depth;
  MaskOf<S> held_x, held_y;  // only with a box
};

template <typename S, bool kHasBox, bool kHasSkew = true>
struct PinholePoint {
  S depth;            // Z_0
  Vec2<S> numerator;  // n_0
  Vec2<S> focal;      // W (fx, fy)
  S skew;             // w_x skew, only with skew
  Vec2<S> centre;     // W (c - x2d)
  Vec2<S> low, high;  // W (box - x2d), only with a box

  // `error` and `pixel` are proj - x2d and proj before the box.
  PROPNP_HOST_DEVICE PROPNP_INLINE PinholePoint(const PinholeCamera<S>& camera,
                                                const PixelBox<S>& box,
                                                const DiagonalWeight<S>& weight,
                                                const S& point_depth, const Vec2<S>& error,
                                                const Vec2<S>& pixel)
      : depth(point_depth), skew(weight.x * camera.skew) {
    const Vec2<S> x2d = pixel - error;
    numerator = depth * weight.times(error);
    focal = weight.times(Vec2<S>{camera.fx, camera.fy});
    centre = weight.times(Vec2<S>{camera.cx, camera.cy} - x2d);
    if constexpr (kHasBox) {
      low = weight.times(box.low - x2d);
      high = weight.times(box.high - x2d);
    }
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE PinholeFraction<S> at(const Vec3<S>& d) const {
    const S z = depth + d.z;
    S x = centre.x * d.z + numerator.x;
    if constexpr (kHasSkew) x = skew * d.y + x;
    x = focal.x * d.x + x;
    const S y = focal.y * d.y + (centre.y * d.z + numerator.y);
    PinholeFraction<S> f;
    f.depth = z;
    if constexpr (kHasBox) {
      f.n.x = min(max(x, z * low.x), z * high.x);
      f.n.y = min(max(y, z * low.y), z * high.y);
      f.held_x = x != f.n.x;
      f.held_y = y != f.n.y;
    } else {
      f.n.x = x;
      f.n.y = y;
    }
    return f;
  }

  // d (pull . e) / d point_in_cam is scale() times this, coordinate by coordinate: a sum over
  // samples need only be scaled in the end.
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> unscaled_gradient(const PinholePull<S>& pull) const {
    const Vec2<S>& a = pull.over_depth;
    const S z = centre.x * a.x + (centre.y * a.y - pull.along);
    if constexpr (kHasSkew) return {a.x, focal.y * a.y + skew * a.x, z};
    return {a.x, a.y, z};
  }
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> scale() const {
    const S one = constant<S>(1);
    return {focal.x, kHasSkew ? one : focal.y, one};
  }
};

// r and s. Where n is zero r is the root of a tiny number: s comes out as zero, and what is
// multiplied with n does not matter.
template <typename S>
struct PinholeNorm {
  static constexpr double kTiny = 1e-36;

  S square;   // |n|^2
  S inverse;  // r
  S value;    // s

  PROPNP_HOST_DEVICE PROPNP_INLINE explicit PinholeNorm(const PinholeFraction<S>& f)
      : square(dot(f.n, f.n)),
        inverse(reciprocal_sqrt(max(f.depth * f.depth * square, constant<S>(kTiny)))),
        value(square * inverse) {}
  // With r known.
  PROPNP_HOST_DEVICE PROPNP_INLINE PinholeNorm(const PinholeFraction<S>& f, const S& root)
      : square(dot(f.n, f.n)), inverse(root), value(square * inverse) {}
};

// Sums over samples of what the gradient of Huber's loss of one correspondence is made of, besides
// that by point_in_cam, which another rotation turns back for every sample.
template <typename S>
struct PinholeSums {
  Vec2<S> error{constant<S>(0), constant<S>(0)};   // of pull = d rho / d e
  Vec2<S> weight{constant<S>(0), constant<S>(0)};  // of pull e, coordinate by coordinate
  S delta = constant<S>(0);                        // of d rho / d delta

  // Adds a sample and returns its part of the gradient by point_in_cam.
  template <bool kHasBox, bool kHasSkew>
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> add(const PinholePoint<S, kHasBox, kHasSkew>& point,
                                               const PinholeFraction<S>& f, const S& huber_delta,
                                               const S& sample_weight) {
    const PinholePull<S> pull = add<kHasBox>(f, PinholeNorm<S>(f), huber_delta, sample_weight);
    const Vec3<S> g = point.unscaled_gradient(pull), scale = point.scale();
    return {scale.x * g.x, scale.y * g.y, scale.z * g.z};
  }

  // Adds a sample and returns what its gradient is made of.
  template <bool kHasBox>
  PROPNP_HOST_DEVICE PROPNP_INLINE PinholePull<S> add(const PinholeFraction<S>& f,
                                                      const PinholeNorm<S>& norm,
                                                      const S& huber_delta,
                                                      const S& sample_weight) {
    const S inner = min(norm.value, huber_delta);
    const S over_square = sample_weight * inner * norm.inverse;  // pull / (Z n)
    const S error_norm = norm.value * f.depth;                   // s Z, which is |n|
    Vec2<S> a = over_square * f.n;
    error = {a.x * f.depth + error.x, a.y * f.depth + error.y};
    weight = {a.x * f.n.x + weight.x, a.y * f.n.y + weight.y};
    delta = sample_weight * (norm.value - inner) + delta;
    if constexpr (!kHasBox) return {a, error_norm * (over_square * norm.value)};
    const S zero = constant<S>(0);
    a = {select(f.held_x, zero, a.x), select(f.held_y, zero, a.y)};
    return {a, error_norm * norm.inverse * dot(f.n, a)};
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_PINHOLE_RESIDUAL_H_
