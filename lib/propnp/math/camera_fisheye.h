// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Fisheye camera (J. Kannala and S. Brandt, 2006; OpenCV's fisheye model):
//
//   theta = atan2(r, Z),  r = sqrt(X^2 + Y^2),   d = theta (1 + k1 theta^2 + ... + k4 theta^8)
//   u = fx d X/r + cx,    v = fy d Y/r + cy
//
// Points beside and behind the camera are legal. theta is held at the angle where d stops growing
// (at most pi). On the axis d/r has the limit 1/Z in front; behind, the direction is undefined and
// taken as zero. z_min is not used: there is no division by depth.
#ifndef PROPNP_MATH_CAMERA_FISHEYE_H_
#define PROPNP_MATH_CAMERA_FISHEYE_H_

#include "propnp/math/camera_depth.h"
#include "propnp/math/camera_limit.h"

PROPNP_MATH_BEGIN

template <typename S>
struct FisheyeCamera {
  static constexpr int kModel = 3;
  static constexpr int kNumParameters = 8;
  static constexpr bool kClampsDepth = false;
  static constexpr const char* kName = "fisheye";

  S fx, fy, cx, cy, k1, k2, k3, k4;
  S limit;  // largest theta, rad

  PROPNP_HOST_DEVICE static FisheyeCamera from_parameters(const S* p, const S& limit) {
    return {p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], limit};
  }

  PROPNP_HOST_DEVICE static double monotone_limit(const double* p) {
    constexpr double kPi = 3.14159265358979323846;
    const double slope[] = {1, 3 * p[4], 5 * p[5], 7 * p[6], 9 * p[7]};
    return std::sqrt(smallest_positive_root(slope, 4, kPi * kPi));
  }

  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> project(const Vec3<S>& point_in_cam,
                                                   const Limit& /*z_min*/) const {
    const Ray ray(*this, point_in_cam);
    return {fx * ray.gain * point_in_cam.x + cx, fy * ray.gain * point_in_cam.y + cy};
  }

  // With n = (X, Y)/r: d(gain X) = gain dX + X d gain, d gain = (slope d theta - gain d r) / r,
  // d theta = (Z d r - r d Z) / (r^2 + Z^2).
  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Projection<S> project_with_jacobian(
      const Vec3<S>& point_in_cam, const Limit& /*z_min*/) const {
    const Ray ray(*this, point_in_cam);
    const Vec2<S> n = ray.direction;
    const S angle_scale = ray.slope / ray.squared_range;
    const S radial =
        angle_scale * point_in_cam.z - ray.gain;  // across the axis: d(gain r)/dr - gain
    const S axial = -angle_scale;
    const S xy = radial * n.x * n.y;
    const Vec3<S> x_row{ray.gain + radial * n.x * n.x, xy, axial * point_in_cam.x};
    const Vec3<S> y_row{xy, ray.gain + radial * n.y * n.y, axial * point_in_cam.y};
    return {{fx * ray.gain * point_in_cam.x + cx, fy * ray.gain * point_in_cam.y + cy},
            fx * x_row,
            fy * y_row};
  }

  // The limit is held fixed.
  PROPNP_HOST_DEVICE PROPNP_INLINE void parameter_jacobian(const Vec3<S>& point_in_cam,
                                                           const S& /*z_min*/, S* u_row,
                                                           S* v_row) const {
    const S zero = constant<S>(0), one = constant<S>(1);
    const Ray ray(*this, point_in_cam);
    u_row[0] = ray.gain * point_in_cam.x, u_row[1] = zero, u_row[2] = one, u_row[3] = zero;
    v_row[0] = zero, v_row[1] = ray.gain * point_in_cam.y, v_row[2] = zero, v_row[3] = one;
    const S t2 = ray.theta * ray.theta;
    S power = ray.theta;
    for (int i = 0; i < 4; ++i) {
      power = power * t2;
      u_row[4 + i] = fx * power * ray.direction.x;
      v_row[4 + i] = fy * power * ray.direction.y;
    }
  }

  template <typename Limit>
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> project_difference(const Vec3<S>& point_in_cam,
                                                              const Vec3<S>& displacement,
                                                              const Limit& /*z_min*/) const {
    const S two = constant<S>(2), zero = constant<S>(0);
    const Ray ray(*this, point_in_cam);
    const Ray moved(*this, point_in_cam + displacement);
    const Vec3<S>& p = point_in_cam;
    const Vec3<S>& d = displacement;
    const S radius_change = (d.x * (two * p.x + d.x) + d.y * (two * p.y + d.y)) /
                            max(ray.radius + moved.radius, constant<S>(kTiny));
    // theta1 - theta0 as the angle between the two rays in the (r, Z) half plane.
    const S free_change = atan2(radius_change * p.z - ray.radius * d.z,
                                p.z * (p.z + d.z) + ray.radius * (ray.radius + radius_change));
    const S theta_change = select(ray.beyond, select(moved.beyond, zero, moved.theta - limit),
                                  select(moved.beyond, limit - ray.theta, free_change));
    const S distorted_change = theta_change * distortion_quotient(ray.theta, moved.theta);
    const auto moved_on_axis = moved.radius < constant<S>(kTiny);
    const S inverse_moved = constant<S>(1) / max(moved.radius, constant<S>(kTiny));
    const Vec2<S> n = ray.direction;
    const Vec2<S> direction_change{
        select(moved_on_axis, -n.x, (d.x - n.x * radius_change) * inverse_moved),
        select(moved_on_axis, -n.y, (d.y - n.y * radius_change) * inverse_moved)};
    return {fx * (distorted_change * moved.direction.x + ray.distorted * direction_change.x),
            fy * (distorted_change * moved.direction.y + ray.distorted * direction_change.y)};
  }

 private:
  // Below this radius (in the unit of the points) a point is on the axis: the square of it is still
  // a normal float.
  static constexpr double kTiny = 1e-18;

  struct Ray {
    S radius, squared_range;
    S theta;            // clamped
    S distorted;        // d(theta)
    S slope;            // d d / d theta, zero beyond the limit
    S gain;             // d / r
    Vec2<S> direction;  // (X, Y) / r
    decltype(S() < S()) beyond;

    PROPNP_HOST_DEVICE PROPNP_INLINE Ray(const FisheyeCamera& camera, const Vec3<S>& p) {
      const S one = constant<S>(1), zero = constant<S>(0), tiny = constant<S>(kTiny);
      const S squared_radius = p.x * p.x + p.y * p.y;
      const auto off_axis = tiny * tiny < squared_radius;
      radius = select(off_axis, sqrt(select(off_axis, squared_radius, one)), zero);
      squared_range = max(squared_radius + p.z * p.z, tiny * tiny);
      const S free_theta = atan2(radius, p.z);
      beyond = camera.limit < free_theta;
      theta = min(free_theta, camera.limit);
      const S t2 = theta * theta;
      const S factor =
          one + t2 * (camera.k1 + t2 * (camera.k2 + t2 * (camera.k3 + t2 * camera.k4)));
      distorted = theta * factor;
      slope = select(
          beyond, zero,
          one +
              t2 * (constant<S>(3) * camera.k1 +
                    t2 * (constant<S>(5) * camera.k2 +
                          t2 * (constant<S>(7) * camera.k3 + t2 * (constant<S>(9) * camera.k4)))));
      const S inverse_radius = select(off_axis, one / max(radius, tiny), zero);
      direction = {inverse_radius * p.x, inverse_radius * p.y};
      // On the axis in front of the camera the distortion is 1 and d / r tends to 1 / Z.
      gain = select(off_axis, distorted * inverse_radius, one / max(p.z, tiny));
      gain = select(either(off_axis, zero < p.z), gain, zero);
    }
  };

  // (d(b) - d(a)) / (b - a).
  PROPNP_HOST_DEVICE PROPNP_INLINE S distortion_quotient(const S& a, const S& b) const {
    const S aa = a * a, bb = b * b, ab = a * b;
    const S h2 = aa + ab + bb;                 // (b^3 - a^3) / (b - a)
    const S h4 = aa * aa + ab * h2 + bb * bb;  // of the fifth powers, and so on
    const S h6 = aa * aa * aa + ab * h4 + bb * bb * bb;
    const S h8 = aa * aa * aa * aa + ab * h6 + bb * bb * bb * bb;
    return constant<S>(1) + k1 * h2 + k2 * h4 + k3 * h6 + k4 * h8;
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_CAMERA_FISHEYE_H_
