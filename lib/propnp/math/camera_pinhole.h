// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Pinhole camera with the full calibration matrix K = [fx skew cx; 0 fy cy; 0 0 1]:
//   u = fx x + skew y + cx w,   v = fy y + cy w,   (x, y, w) as in camera_depth.h.
#ifndef PROPNP_MATH_CAMERA_PINHOLE_H_
#define PROPNP_MATH_CAMERA_PINHOLE_H_

#include "propnp/math/camera_depth.h"

PROPNP_MATH_BEGIN

template <typename S>
struct PinholeCamera {
  static constexpr int kModel = 0;
  static constexpr int kNumParameters = 5;
  static constexpr bool kClampsDepth = true;
  static constexpr const char* kName = "pinhole";

  S fx, fy, cx, cy, skew;

  PROPNP_HOST_DEVICE static PinholeCamera from_parameters(const S* p, const S& /*limit*/) {
    return {p[0], p[1], p[2], p[3], p[4]};
  }

  // A pinhole has no limit.
  PROPNP_HOST_DEVICE static double monotone_limit(const double* /*parameters*/) { return 0; }

  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> project(const Vec3<S>& point_in_cam,
                                                   const Limit& z_min) const {
    const DepthClamped<S, Limit> p(point_in_cam, z_min);
    return {fx * p.x + skew * p.y + p.centred(cx), fy * p.y + p.centred(cy)};
  }

  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Projection<S> project_with_jacobian(const Vec3<S>& point_in_cam,
                                                                       const Limit& z_min) const {
    const DepthClamped<S, Limit> p(point_in_cam, z_min);
    return {{fx * p.x + skew * p.y + p.centred(cx), fy * p.y + p.centred(cy)},
            p.chain(fx, skew, cx),
            p.chain(constant<S>(0), fy, cy)};
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE void parameter_jacobian(const Vec3<S>& point_in_cam,
                                                           const S& z_min, S* u_row,
                                                           S* v_row) const {
    const S zero = constant<S>(0);
    const DepthClamped<S> p(point_in_cam, z_min);
    u_row[0] = p.x, u_row[1] = zero, u_row[2] = p.w, u_row[3] = zero, u_row[4] = p.y;
    v_row[0] = zero, v_row[1] = p.y, v_row[2] = zero, v_row[3] = p.w, v_row[4] = zero;
  }

  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> project_difference(const Vec3<S>& point_in_cam,
                                                              const Vec3<S>& displacement,
                                                              const Limit& z_min) const {
    const DepthClamped<S, Limit> p(point_in_cam, z_min);
    const DepthClampedDifference<S, Limit> d(p, point_in_cam, displacement, z_min);
    return {d.centred(fx * d.x + skew * d.y, cx), d.centred(fy * d.y, cy)};
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_CAMERA_PINHOLE_H_
