// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The weighted residual of a pinhole as a fraction, e = n / Z with both linear in point_in_cam: for
// many poses near one at which n is known precisely, half the work of projecting. With a point at
// depth Z_0 and the numerator n_0 there, W = diag(w) and d the displacement,
//
//   n = n_0 + W [fx skew cx - u; 0 fy cy - v] d,   Z = Z_0 + d_z
//
// Only for points in front of the camera. Huber's loss, which is all that rho is here, needs a
// single root: with r = 1 / (Z |n|)
//
//   s = |n| / Z = |n|^2 r,   1 / Z^2 = s r,   1 / s = Z^2 r
//
// A box that clamps projections clamps n to Z times its bounds relative to x2d, weighted.
#ifndef PROPNP_MATH_PINHOLE_RESIDUAL_H_
#define PROPNP_MATH_PINHOLE_RESIDUAL_H_

#include "propnp/math/residual.h"

PROPNP_MATH_BEGIN

// n and Z of a displaced point, and whether the box holds a coordinate of n.
template <typename S>
struct PinholeFraction {
  Vec2<S> n;
  S depth;
  MaskOf<S> held_x, held_y;  // only with a box
};

template <typename S, bool kHasBox>
struct PinholePoint {
  S depth;            // Z_0
  Vec2<S> numerator;  // n_0
  Vec2<S> focal;      // W (fx, fy)
  S skew;             // w_x skew
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
    const S x = multiply_add(focal.x, d.x,
                             multiply_add(skew, d.y, multiply_add(centre.x, d.z, numerator.x)));
    const S y = multiply_add(focal.y, d.y, multiply_add(centre.y, d.z, numerator.y));
    PinholeFraction<S> f;
    f.depth = z;
    if constexpr (kHasBox) {
      f.n.x = min(max(x, z * low.x), z * high.x);
      f.n.y = min(max(y, z * low.y), z * high.y);
      f.held_x = either(x < f.n.x, f.n.x < x);
      f.held_y = either(y < f.n.y, f.n.y < y);
    } else {
      f.n.x = x;
      f.n.y = y;
    }
    return f;
  }

  // d (pull . e) / d point_in_cam from pull / Z, whose coordinates are zero where the box holds.
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> gradient(const PinholeFraction<S>& f,
                                                    const S& inverse_depth,
                                                    const Vec2<S>& pull_over_depth) const {
    const Vec2<S>& a = pull_over_depth;
    const S along = multiply_add(f.n.x, a.x, f.n.y * a.y);
    return {focal.x * a.x, multiply_add(focal.y, a.y, skew * a.x),
            multiply_add(centre.x, a.x, centre.y * a.y) - inverse_depth * along};
  }
};

// Where the numerator is zero the root is of a tiny number: s comes out as zero, and what is
// multiplied with n does not matter.
constexpr double kTinyRoot = 1e-36;

// s = |e|.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S residual_norm(const PinholeFraction<S>& f) {
  const S q = dot(f.n, f.n);
  return q * reciprocal_sqrt(max(f.depth * f.depth * q, constant<S>(kTinyRoot)));
}

// Everything that the gradient needs of Z and s.
template <typename S>
struct PinholeNorms {
  S norm;          // s
  S inverse_norm;  // 1 / s, finite at zero
  S inverse_depth, inverse_square_depth;

  PROPNP_HOST_DEVICE PROPNP_INLINE explicit PinholeNorms(const PinholeFraction<S>& f) {
    const S q = dot(f.n, f.n), square = f.depth * f.depth;
    const S root = reciprocal_sqrt(max(square * q, constant<S>(kTinyRoot)));
    norm = q * root;
    inverse_norm = square * root;
    inverse_square_depth = norm * root;
    inverse_depth = inverse_square_depth * f.depth;
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_PINHOLE_RESIDUAL_H_
