// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A correspondence of a pinhole without skew or box, its weight W = diag(w2d) multiplied into the
// camera, where one point is looked at from many poses. In front of z_min, with (x, y) = (X, Y) /
// Z,
//
//   e = W (proj - x2d) = focal (x, y) + centre,   focal = W (fx, fy),   centre = W (c - x2d)
//
// and behind it, as residual.h has it, with (x, y) = (X, Y) / z_min
//
//   e = focal (x, y) + centre + (Z / z_min - 1) W c
#ifndef PROPNP_MATH_WEIGHTED_PINHOLE_H_
#define PROPNP_MATH_WEIGHTED_PINHOLE_H_

#include "propnp/math/residual.h"

PROPNP_MATH_BEGIN

template <typename S>
struct WeightedPinhole {
  Vec2<S> focal, centre, principal;  // principal = W c

  PROPNP_HOST_DEVICE static WeightedPinhole from(const PinholeCamera<S>& camera, const Vec2<S>& x2d,
                                                 const DiagonalWeight<S>& weight) {
    const Vec2<S> c{camera.cx, camera.cy};
    return {weight.times({camera.fx, camera.fy}), weight.times(c - x2d), weight.times(c)};
  }
};

template <typename S>
struct DepthLimit {
  S z_min, inverse;  // 1 / z_min

  PROPNP_HOST_DEVICE PROPNP_INLINE explicit DepthLimit(const S& limit)
      : z_min(limit), inverse(constant<S>(1) / limit) {}
};

// The residual of a point at `point_in_cam`, and what its derivatives need.
template <typename S>
struct WeightedSight {
  S inverse_depth;
  S x, y;
  Vec2<S> e;

  PROPNP_HOST_DEVICE PROPNP_INLINE WeightedSight(const WeightedPinhole<S>& p,
                                                 const Vec3<S>& point_in_cam,
                                                 const DepthLimit<S>& limit)
      : inverse_depth(reciprocal(max(point_in_cam.z, limit.z_min))),
        x(point_in_cam.x * inverse_depth),
        y(point_in_cam.y * inverse_depth) {
    const S behind = min(point_in_cam.z * limit.inverse - constant<S>(1), constant<S>(0));
    e = {p.focal.x * x + (behind * p.principal.x + p.centre.x),
         p.focal.y * y + (behind * p.principal.y + p.centre.y)};
  }

  // The gradients of e by point_in_cam in front of z_min: of e.x (x_row.x, 0, x_row.y), of e.y
  // (0, y_row.x, y_row.y).
  PROPNP_HOST_DEVICE PROPNP_INLINE void gradients(const WeightedPinhole<S>& p, Vec2<S>* x_row,
                                                  Vec2<S>* y_row) const {
    const S a = p.focal.x * inverse_depth, b = p.focal.y * inverse_depth;
    *x_row = {a, -(a * x)};
    *y_row = {b, -(b * y)};
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_WEIGHTED_PINHOLE_H_
