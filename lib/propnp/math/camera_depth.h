// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The division by depth that the perspective cameras share:
//
//   (x, y, w) = (X, Y, Z) / max(Z, z_min)
//
// w is 1 in front of z_min and Z / z_min behind it. A camera multiplies its principal point by w,
// so that without distortion the pixel is (K X)[:2] / max(Z, z_min) as in the EPro-PnP layer: a
// point behind the camera keeps a finite, growing cost that pulls it back to the front.
#ifndef PROPNP_MATH_CAMERA_DEPTH_H_
#define PROPNP_MATH_CAMERA_DEPTH_H_

#include <type_traits>
#include <utility>

#include "propnp/math/vector.h"

PROPNP_MATH_BEGIN

// A pixel with the gradients of its coordinates with respect to point_in_cam.
template <typename S>
struct Projection {
  Vec2<S> pixel;
  Vec3<S> u_gradient, v_gradient;
};

// In the place of z_min where no point and no displaced one lies behind it: the same numbers,
// without the comparisons.
struct NoDepthLimit {};

template <typename S, typename Limit = S>
struct DepthClamped {
  S x, y, w;
  S inverse_depth;   // 1 / max(Z, z_min)
  MaskOf<S> behind;  // Z < z_min

  PROPNP_HOST_DEVICE PROPNP_INLINE DepthClamped(const Vec3<S>& point, const S& z_min)
      : inverse_depth(constant<S>(1) / max(point.z, z_min)), behind(point.z < z_min) {
    x = point.x * inverse_depth;
    y = point.y * inverse_depth;
    w = select(behind, point.z * inverse_depth, constant<S>(1));
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE S centred(const S& center) const { return center * w; }

  // The gradient with respect to (X, Y, Z) of f(x, y) + center * w, from f's derivatives.
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> chain(const S& fx, const S& fy, const S& center) const {
    const S along_z = select(behind, center, -(fx * x + fy * y));
    return {fx * inverse_depth, fy * inverse_depth, along_z * inverse_depth};
  }
};

template <typename S>
struct DepthClamped<S, NoDepthLimit> {
  S x, y;
  S inverse_depth;

  PROPNP_HOST_DEVICE PROPNP_INLINE DepthClamped(const Vec3<S>& point, const NoDepthLimit&)
      : inverse_depth(reciprocal(point.z)) {
    x = point.x * inverse_depth;
    y = point.y * inverse_depth;
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE S centred(const S& center) const { return center; }

  PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> chain(const S& fx, const S& fy, const S&) const {
    const S along_x = fx * inverse_depth, along_y = fy * inverse_depth;
    return {along_x, along_y, -(along_x * x + along_y * y)};
  }
};

// (x, y, w) at point + displacement minus (x, y, w) at point, without cancellation.
template <typename S, typename Limit = S>
struct DepthClampedDifference {
  S x, y, w;

  PROPNP_HOST_DEVICE PROPNP_INLINE DepthClampedDifference(const DepthClamped<S>& at_point,
                                                          const Vec3<S>& point,
                                                          const Vec3<S>& displacement,
                                                          const S& z_min) {
    const S moved_z = point.z + displacement.z;
    const auto moved_behind = moved_z < z_min;
    // The change of max(Z, z_min), exact when both or neither are clamped.
    const S to_z_min = z_min - point.z;
    const S entering = select(moved_behind, to_z_min, displacement.z);
    const S leaving = select(moved_behind, constant<S>(0), displacement.z - to_z_min);
    const S clamped_change = select(at_point.behind, leaving, entering);
    const S inverse_moved = constant<S>(1) / max(moved_z, z_min);
    x = (displacement.x - at_point.x * clamped_change) * inverse_moved;
    y = (displacement.y - at_point.y * clamped_change) * inverse_moved;
    w = (displacement.z - at_point.w * clamped_change) * inverse_moved;
  }

  // value + center * w.
  PROPNP_HOST_DEVICE PROPNP_INLINE S centred(const S& value, const S& center) const {
    return value + center * w;
  }
};

template <typename S>
struct DepthClampedDifference<S, NoDepthLimit> {
  S x, y;

  PROPNP_HOST_DEVICE PROPNP_INLINE
  DepthClampedDifference(const DepthClamped<S, NoDepthLimit>& at_point, const Vec3<S>& point,
                         const Vec3<S>& displacement, const NoDepthLimit&) {
    const S inverse_moved = reciprocal(point.z + displacement.z);
    x = (displacement.x - at_point.x * displacement.z) * inverse_moved;
    y = (displacement.y - at_point.y * displacement.z) * inverse_moved;
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE S centred(const S& value, const S&) const { return value; }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_CAMERA_DEPTH_H_
