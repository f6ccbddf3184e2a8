// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// OpenCV's radial-tangential camera (D. Brown, 1966, with the rational radial factor of OpenCV's
// calib3d documentation):
//
//   g  = (1 + k1 r^2 + k2 r^4 + k3 r^6) / (1 + k4 r^2 + k5 r^4 + k6 r^6)
//   x' = g x + 2 p1 x y + p2 (r^2 + 2 x^2),   y' = g y + p1 (r^2 + 2 y^2) + 2 p2 x y
//   u  = fx x' + cx w,                        v  = fy y' + cy w
//
// (x, y, w) as in camera_depth.h. Beyond the radius where r g(r) stops growing (or its denominator
// reaches zero) the image would fold back; there r is held at that limit.
#ifndef PROPNP_MATH_CAMERA_OPENCV_H_
#define PROPNP_MATH_CAMERA_OPENCV_H_

#include "propnp/math/camera_depth.h"
#include "propnp/math/camera_limit.h"

PROPNP_MATH_BEGIN

template <typename S>
struct OpenCvCamera {
  static constexpr int kModel = 2;
  static constexpr int kNumParameters = 12;
  static constexpr bool kClampsDepth = true;
  static constexpr const char* kName = "opencv";

  S fx, fy, cx, cy, k1, k2, p1, p2, k3, k4, k5, k6;
  S limit;  // largest r^2

  PROPNP_HOST_DEVICE static OpenCvCamera from_parameters(const S* p, const S& limit) {
    return {p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11], limit};
  }

  // d (r g) / d r = (N D + 2 x (N' D - N D')) / D^2 with x = r^2.
  PROPNP_HOST_DEVICE static double monotone_limit(const double* p) {
    const double n[4] = {1, p[4], p[5], p[8]}, d[4] = {1, p[9], p[10], p[11]};
    double slope[7] = {};
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) slope[i + j] += n[i] * d[j] * (1 + 2 * i - 2 * j);
    }
    const double pole = smallest_positive_root(d, 3, kNoLimit);
    // Short of a pole, so that the gain stays finite.
    const double end = pole < kNoLimit ? 0.98 * pole : kNoLimit;
    return smallest_positive_root(slope, 6, end);
  }

  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> project(const Vec3<S>& point_in_cam,
                                                   const Limit& z_min) const {
    const DepthClamped<S, Limit> p(point_in_cam, z_min);
    const RadiusClamped<S> r(p.x, p.y, limit);
    return pixel(r, gain(r.squared), {p.centred(cx), p.centred(cy)});
  }

  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Projection<S> project_with_jacobian(const Vec3<S>& point_in_cam,
                                                                       const Limit& z_min) const {
    const S two = constant<S>(2);
    const DepthClamped<S, Limit> p(point_in_cam, z_min);
    const RadiusClamped<S> r(p.x, p.y, limit);
    const S r2 = r.squared;
    const S inverse_denominator = constant<S>(1) / denominator(r2);
    const S g = numerator(r2) * inverse_denominator;
    const S numerator_slope = k1 + r2 * (two * k2 + r2 * (constant<S>(3) * k3));
    const S denominator_slope = k4 + r2 * (two * k5 + r2 * (constant<S>(3) * k6));
    const S g_slope = two * (numerator_slope - g * denominator_slope) * inverse_denominator;
    const S px = p1 * r.x, py = p1 * r.y, qx = p2 * r.x, qy = p2 * r.y;
    const S off_diagonal = g_slope * r.x * r.y + two * (px + qy);
    const S six = constant<S>(6);
    const Vec2<S> x_row = r.chain({g + g_slope * r.x * r.x + two * py + six * qx, off_diagonal});
    const Vec2<S> y_row = r.chain({off_diagonal, g + g_slope * r.y * r.y + six * py + two * qx});
    return {pixel(r, g, {p.centred(cx), p.centred(cy)}), p.chain(fx * x_row.x, fx * x_row.y, cx),
            p.chain(fy * y_row.x, fy * y_row.y, cy)};
  }

  // The limit is held fixed.
  PROPNP_HOST_DEVICE PROPNP_INLINE void parameter_jacobian(const Vec3<S>& point_in_cam,
                                                           const S& z_min, S* u_row,
                                                           S* v_row) const {
    const S zero = constant<S>(0), two = constant<S>(2);
    const DepthClamped<S> p(point_in_cam, z_min);
    const RadiusClamped<S> r(p.x, p.y, limit);
    const S r2 = r.squared, inverse_denominator = constant<S>(1) / denominator(r2);
    const S g = numerator(r2) * inverse_denominator;
    const Vec2<S> d = distorted(r, g);
    const S powers[3] = {r2, r2 * r2, r2 * r2 * r2};
    const int numerator_index[3] = {4, 5, 8};
    for (int i = 0; i < 3; ++i) {
      const S by_numerator = powers[i] * inverse_denominator;
      const S by_denominator = -g * by_numerator;
      u_row[numerator_index[i]] = fx * r.x * by_numerator;
      v_row[numerator_index[i]] = fy * r.y * by_numerator;
      u_row[9 + i] = fx * r.x * by_denominator;
      v_row[9 + i] = fy * r.y * by_denominator;
    }
    u_row[0] = d.x, u_row[1] = zero, u_row[2] = p.w, u_row[3] = zero;
    v_row[0] = zero, v_row[1] = d.y, v_row[2] = zero, v_row[3] = p.w;
    u_row[6] = fx * two * r.x * r.y, u_row[7] = fx * (r2 + two * r.x * r.x);
    v_row[6] = fy * (r2 + two * r.y * r.y), v_row[7] = fy * two * r.x * r.y;
  }

  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> project_difference(const Vec3<S>& point_in_cam,
                                                              const Vec3<S>& displacement,
                                                              const Limit& z_min) const {
    const S two = constant<S>(2);
    const DepthClamped<S, Limit> p(point_in_cam, z_min);
    const DepthClampedDifference<S, Limit> d(p, point_in_cam, displacement, z_min);
    const RadiusClamped<S> r(p.x, p.y, limit);
    const RadiusClampedDifference<S> e(r, p.x, p.y, d.x, d.y, limit);
    const S moved_y = r.y + e.y, moved_r2 = r.squared + e.squared;
    const S inverse_moved = constant<S>(1) / denominator(moved_r2);
    const S moved_gain = numerator(moved_r2) * inverse_moved;
    const S g = gain(r.squared);
    // a^2 - b^2 and a^3 - b^3 over a - b.
    const S sum = r.squared + moved_r2;
    const S sum2 = sum * moved_r2 + r.squared * r.squared;
    const S numerator_change = k1 + k2 * sum + k3 * sum2;
    const S denominator_change = k4 + k5 * sum + k6 * sum2;
    const S gain_change = e.squared * (numerator_change - g * denominator_change) * inverse_moved;
    const S product_change = e.x * moved_y + r.x * e.y;
    const S xx_change = e.squared + two * e.x * (two * r.x + e.x);
    const S yy_change = e.squared + two * e.y * (two * r.y + e.y);
    const S x_change =
        moved_gain * e.x + gain_change * r.x + two * p1 * product_change + p2 * xx_change;
    const S y_change =
        moved_gain * e.y + gain_change * r.y + p1 * yy_change + two * p2 * product_change;
    return {d.centred(fx * x_change, cx), d.centred(fy * y_change, cy)};
  }

 private:
  PROPNP_HOST_DEVICE PROPNP_INLINE S numerator(const S& r2) const {
    return constant<S>(1) + r2 * (k1 + r2 * (k2 + r2 * k3));
  }
  PROPNP_HOST_DEVICE PROPNP_INLINE S denominator(const S& r2) const {
    return constant<S>(1) + r2 * (k4 + r2 * (k5 + r2 * k6));
  }
  PROPNP_HOST_DEVICE PROPNP_INLINE S gain(const S& r2) const {
    return numerator(r2) / denominator(r2);
  }
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> distorted(const RadiusClamped<S>& r, const S& g) const {
    const S two = constant<S>(2);
    const S xy = two * r.x * r.y;
    return {g * r.x + p1 * xy + p2 * (r.squared + two * r.x * r.x),
            g * r.y + p1 * (r.squared + two * r.y * r.y) + p2 * xy};
  }
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> pixel(const RadiusClamped<S>& r, const S& g,
                                                 const Vec2<S>& center) const {
    const Vec2<S> d = distorted(r, g);
    return {fx * d.x + center.x, fy * d.y + center.y};
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_CAMERA_OPENCV_H_
