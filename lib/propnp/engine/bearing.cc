// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/bearing.h"

#include <algorithm>
#include <cmath>

#include "propnp/math/camera.h"

namespace propnp {
namespace {

template <typename T>
Vec3<T> Normalized(const Vec3<T>& v) {
  return (T(1) / std::sqrt(dot(v, v))) * v;
}

// Newton's method for theta (1 + k1 theta^2 + ...) = distorted, kept below the limit.
template <typename T>
T UndistortedAngle(const FisheyeCamera<T>& camera, T distorted) {
  T theta = std::min(distorted, camera.limit);
  for (int i = 0; i < 8; ++i) {
    const T t2 = theta * theta;
    const T value =
        theta * (1 + t2 * (camera.k1 + t2 * (camera.k2 + t2 * (camera.k3 + t2 * camera.k4))));
    const T slope =
        1 + t2 * (3 * camera.k1 + t2 * (5 * camera.k2 + t2 * (7 * camera.k3 + t2 * 9 * camera.k4)));
    if (!(slope > T(0.05))) break;
    theta = std::clamp(theta - (value - distorted) / slope, T(0), camera.limit);
  }
  return theta;
}

template <typename T>
Vec3<T> Bearing(const FisheyeCamera<T>& camera, T u, T v) {
  const T x = (u - camera.cx) / camera.fx, y = (v - camera.cy) / camera.fy;
  const T radius = std::sqrt(x * x + y * y);
  if (!(radius > T(0))) return {0, 0, 1};
  const T theta = UndistortedAngle(camera, radius);
  const T scale = std::sin(theta) / radius;
  return {scale * x, scale * y, std::cos(theta)};
}

template <typename T>
Vec3<T> Bearing(const PinholeCamera<T>& camera, T u, T v) {
  const T y = (v - camera.cy) / camera.fy;
  return Normalized(Vec3<T>{(u - camera.cx - camera.skew * y) / camera.fx, y, T(1)});
}

// For the distorted perspective cameras: move the point at depth 1 by what its projection misses,
// seen through the undistorted focal lengths.
template <typename Camera, typename T>
Vec3<T> Bearing(const Camera& camera, T u, T v) {
  const Vec3<T> axis{0, 0, 1};
  const T z_min(1e-3);
  const Projection<T> center = camera.project_with_jacobian(axis, z_min);
  const T a = center.u_gradient.x, b = center.u_gradient.y, d = center.v_gradient.y;
  Vec3<T> point = axis;
  for (int i = 0; i < 8; ++i) {
    const Vec2<T> pixel = camera.project(point, z_min);
    const T dy = (v - pixel.y) / d;
    const T dx = (u - pixel.x - b * dy) / a;
    point.x = std::clamp(point.x + dx, T(-100), T(100));
    point.y = std::clamp(point.y + dy, T(-100), T(100));
  }
  return Normalized(point);
}

}  // namespace

template <typename T>
Vec3<T> BearingFromPixel(const PackedView<T>& view, T u, T v) {
  Vec3<T> bearing{0, 0, 1};
  visit_camera(view.camera_model, [&](auto model) {
    using Camera = typename decltype(model)::template Camera<T>;
    bearing = Bearing(Camera::from_parameters(view.camera_parameters, view.camera_limit), u, v);
  });
  return bearing;
}

template Vec3<float> BearingFromPixel(const PackedView<float>&, float, float);
template Vec3<double> BearingFromPixel(const PackedView<double>&, double, double);

}  // namespace propnp
