// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// From a pixel back to a direction, well enough to start a refinement from: the unit vector in the
// camera frame that projects close to (u, v). Distortion is undone by a few fixed-point steps; a
// pixel beyond the model's limit gives the direction at the limit.
#ifndef PROPNP_MATH_BEARING_H_
#define PROPNP_MATH_BEARING_H_

#include "propnp/math/camera.h"

PROPNP_MATH_BEGIN

template <typename T>
PROPNP_HOST_DEVICE Vec3<T> normalized(const Vec3<T>& v) {
  return (T(1) / sqrt(dot(v, v))) * v;
}

// Newton's method for theta (1 + k1 theta^2 + ...) = distorted, kept below the limit.
template <typename T>
PROPNP_HOST_DEVICE T undistorted_angle(const FisheyeCamera<T>& camera, T distorted) {
  T theta = min(distorted, camera.limit);
  for (int i = 0; i < 8; ++i) {
    const T t2 = theta * theta;
    const T value =
        theta * (1 + t2 * (camera.k1 + t2 * (camera.k2 + t2 * (camera.k3 + t2 * camera.k4))));
    const T slope =
        1 + t2 * (3 * camera.k1 + t2 * (5 * camera.k2 + t2 * (7 * camera.k3 + t2 * 9 * camera.k4)));
    if (!(slope > T(0.05))) break;
    theta = clamp(theta - (value - distorted) / slope, T(0), camera.limit);
  }
  return theta;
}

template <typename T>
PROPNP_HOST_DEVICE Vec3<T> bearing_from_pixel(const FisheyeCamera<T>& camera, T u, T v) {
  const T x = (u - camera.cx) / camera.fx, y = (v - camera.cy) / camera.fy;
  const T radius = sqrt(x * x + y * y);
  if (!(radius > T(0))) return {0, 0, 1};
  const T theta = undistorted_angle(camera, radius);
  const T scale = sin(theta) / radius;
  return {scale * x, scale * y, cos(theta)};
}

template <typename T>
PROPNP_HOST_DEVICE Vec3<T> bearing_from_pixel(const PinholeCamera<T>& camera, T u, T v) {
  const T y = (v - camera.cy) / camera.fy;
  return normalized(Vec3<T>{(u - camera.cx - camera.skew * y) / camera.fx, y, T(1)});
}

// For the distorted perspective cameras: move the point at depth 1 by what its projection misses,
// seen through the undistorted focal lengths.
template <typename Camera, typename T>
PROPNP_HOST_DEVICE Vec3<T> bearing_from_pixel(const Camera& camera, T u, T v) {
  const Vec3<T> axis{0, 0, 1};
  const T z_min(1e-3);
  const Projection<T> center = camera.project_with_jacobian(axis, z_min);
  const T a = center.u_gradient.x, b = center.u_gradient.y, d = center.v_gradient.y;
  Vec3<T> point = axis;
  for (int i = 0; i < 8; ++i) {
    const Vec2<T> pixel = camera.project(point, z_min);
    const T dy = (v - pixel.y) / d;
    const T dx = (u - pixel.x - b * dy) / a;
    point.x = clamp(point.x + dx, T(-100), T(100));
    point.y = clamp(point.y + dy, T(-100), T(100));
  }
  return normalized(point);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_BEARING_H_
