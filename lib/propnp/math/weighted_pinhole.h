// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A correspondence of a pinhole without skew or box, its weight W = diag(w2d) multiplied into the
// camera, where one point is looked at from many poses. In front of z_min, with (x, y) = (X, Y) /
// Z,
//
//   e = W (proj - x2d) = focal (x, y) + centre,   focal = W (fx, fy),   centre = W (c - x2d)
//
// and behind it, as residual.h has it, the same with
//
//   (x, y) = (X, Y) / z_min + (Z - z_min) slope,   slope = (cx / fx, cy / fy) / z_min
#ifndef PROPNP_MATH_WEIGHTED_PINHOLE_H_
#define PROPNP_MATH_WEIGHTED_PINHOLE_H_

#include "propnp/math/residual.h"

PROPNP_MATH_BEGIN

template <typename S>
struct WeightedPinhole {
  Vec2<S> focal, centre;

  PROPNP_HOST_DEVICE static WeightedPinhole from(const PinholeCamera<S>& camera, const Vec2<S>& x2d,
                                                 const DiagonalWeight<S>& weight) {
    const Vec2<S> c{camera.cx, camera.cy};
    return {weight.times({camera.fx, camera.fy}), weight.times(c - x2d)};
  }
};

template <typename S>
struct DepthLimit {
  S z_min;
  Vec2<S> slope;

  PROPNP_HOST_DEVICE PROPNP_INLINE static DepthLimit from(const PinholeCamera<S>& camera,
                                                          const S& z_min) {
    return {z_min, {camera.cx / (camera.fx * z_min), camera.cy / (camera.fy * z_min)}};
  }
};

// The residual of a point at `point_in_cam`, and what its derivatives need.
template <typename S>
struct WeightedSight {
  S inverse_depth;
  S x, y;
  Vec2<S> e;

  PROPNP_HOST_DEVICE PROPNP_INLINE WeightedSight(const WeightedPinhole<S>& p,
                                                 const Vec3<S>& point_in_cam,
                                                 const DepthLimit<S>& limit) {
    const S depth = max(point_in_cam.z, limit.z_min), behind = point_in_cam.z - depth;
    inverse_depth = reciprocal(depth);
    x = point_in_cam.x * inverse_depth + behind * limit.slope.x;
    y = point_in_cam.y * inverse_depth + behind * limit.slope.y;
    e = {p.focal.x * x + p.centre.x, p.focal.y * y + p.centre.y};
  }

  // In front of z_min the gradients of e by point_in_cam are a (1, 0, -x) and b (0, 1, -y) for
  // (a, b) = slopes().
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> slopes(const WeightedPinhole<S>& p) const {
    return {p.focal.x * inverse_depth, p.focal.y * inverse_depth};
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_WEIGHTED_PINHOLE_H_
