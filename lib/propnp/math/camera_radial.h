// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Simple radial camera, one focal length and two coefficients: COLMAP's SIMPLE_RADIAL and RADIAL,
// and Bundle Adjustment in the Large after its axes are turned to ours.
//
//   u = f g x + cx w,   v = f g y + cy w,   g = 1 + k1 r^2 + k2 r^4,   r^2 = x^2 + y^2
//
// (x, y, w) as in camera_depth.h. Beyond the radius where r g(r) stops growing the image would fold
// back; there r is held at that limit.
#ifndef PROPNP_MATH_CAMERA_RADIAL_H_
#define PROPNP_MATH_CAMERA_RADIAL_H_

#include "propnp/math/camera_depth.h"
#include "propnp/math/camera_limit.h"

PROPNP_MATH_BEGIN

template <typename S>
struct SimpleRadialCamera {
  static constexpr int kModel = 1;
  static constexpr int kNumParameters = 5;
  static constexpr bool kClampsDepth = true;
  static constexpr const char* kName = "simple_radial";

  S f, cx, cy, k1, k2;
  S limit;  // largest r^2

  PROPNP_HOST_DEVICE static SimpleRadialCamera from_parameters(const S* p, const S& limit) {
    return {p[0], p[1], p[2], p[3], p[4], limit};
  }

  PROPNP_HOST_DEVICE static double monotone_limit(const double* parameters) {
    const double slope[] = {1, 3 * parameters[3], 5 * parameters[4]};
    return smallest_positive_root(slope, 2, kNoLimit);
  }

  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> project(const Vec3<S>& point_in_cam,
                                                   const Limit& z_min) const {
    const DepthClamped<S, Limit> p(point_in_cam, z_min);
    const RadiusClamped<S> r(p.x, p.y, limit);
    const S scale = f * gain(r.squared);
    return {scale * r.x + p.centred(cx), scale * r.y + p.centred(cy)};
  }

  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Projection<S> project_with_jacobian(const Vec3<S>& point_in_cam,
                                                                       const Limit& z_min) const {
    const DepthClamped<S, Limit> p(point_in_cam, z_min);
    const RadiusClamped<S> r(p.x, p.y, limit);
    const S scale = f * gain(r.squared);
    const S slope = f * constant<S>(2) * (k1 + constant<S>(2) * k2 * r.squared);
    const S off_diagonal = slope * r.x * r.y;
    const Vec2<S> u_row = r.chain({scale + slope * r.x * r.x, off_diagonal});
    const Vec2<S> v_row = r.chain({off_diagonal, scale + slope * r.y * r.y});
    return {{scale * r.x + p.centred(cx), scale * r.y + p.centred(cy)},
            p.chain(u_row.x, u_row.y, cx),
            p.chain(v_row.x, v_row.y, cy)};
  }

  // The limit is held fixed.
  PROPNP_HOST_DEVICE PROPNP_INLINE void parameter_jacobian(const Vec3<S>& point_in_cam,
                                                           const S& z_min, S* u_row,
                                                           S* v_row) const {
    const S zero = constant<S>(0);
    const DepthClamped<S> p(point_in_cam, z_min);
    const RadiusClamped<S> r(p.x, p.y, limit);
    const S g = gain(r.squared), r2 = r.squared;
    u_row[0] = g * r.x, u_row[1] = p.w, u_row[2] = zero;
    v_row[0] = g * r.y, v_row[1] = zero, v_row[2] = p.w;
    u_row[3] = f * r2 * r.x, u_row[4] = f * r2 * r2 * r.x;
    v_row[3] = f * r2 * r.y, v_row[4] = f * r2 * r2 * r.y;
  }

  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> project_difference(const Vec3<S>& point_in_cam,
                                                              const Vec3<S>& displacement,
                                                              const Limit& z_min) const {
    const DepthClamped<S, Limit> p(point_in_cam, z_min);
    const DepthClampedDifference<S, Limit> d(p, point_in_cam, displacement, z_min);
    const RadiusClamped<S> r(p.x, p.y, limit);
    const RadiusClampedDifference<S> e(r, p.x, p.y, d.x, d.y, limit);
    const S moved_gain = gain(r.squared + e.squared);
    const S gain_change = e.squared * (k1 + k2 * (constant<S>(2) * r.squared + e.squared));
    return {d.centred(f * (moved_gain * e.x + gain_change * r.x), cx),
            d.centred(f * (moved_gain * e.y + gain_change * r.y), cy)};
  }

 private:
  PROPNP_HOST_DEVICE PROPNP_INLINE S gain(const S& r2) const {
    return constant<S>(1) + r2 * (k1 + r2 * k2);
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_CAMERA_RADIAL_H_
