// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The list of cameras and the one switch over it.
//
// A camera is a plain struct template on the scalar with
//   from_parameters(p, limit)                          its parameters in the order of views.h
//   monotone_limit(p)                                  where its distortion stops growing
//   project(point_in_cam, z_min)                       pixel
//   project_with_jacobian(point_in_cam, z_min)         pixel, d pixel / d point_in_cam
//   parameter_jacobian(point_in_cam, z_min, u, v)      d pixel / d parameters, two rows
//   project_difference(point_in_cam, displacement, z_min)
//                                                      project(p + d) - project(p), no cancellation
//   kClampsDepth                                       whether depth is held at z_min
// Derivatives are those of the clamped function. To add a camera, write the struct and list it
// here.
#ifndef PROPNP_MATH_CAMERA_H_
#define PROPNP_MATH_CAMERA_H_

#include "propnp/math/camera_fisheye.h"
#include "propnp/math/camera_opencv.h"
#include "propnp/math/camera_pinhole.h"
#include "propnp/math/camera_radial.h"

PROPNP_MATH_BEGIN

// A camera model as a type to pass around: `typename Model::template Camera<S>`.
struct PinholeModel {
  template <typename S>
  using Camera = PinholeCamera<S>;
};
struct SimpleRadialModel {
  template <typename S>
  using Camera = SimpleRadialCamera<S>;
};
struct OpenCvModel {
  template <typename S>
  using Camera = OpenCvCamera<S>;
};
struct FisheyeModel {
  template <typename S>
  using Camera = FisheyeCamera<S>;
};

constexpr int kMaxCameraParameters = 12;

// Calls visitor(Model()) for the camera model with number `model`; an unknown number calls nothing
// and returns false.
template <typename Visitor>
PROPNP_HOST_DEVICE bool visit_camera(int model, Visitor&& visitor) {
  switch (model) {
    case PinholeCamera<double>::kModel:
      visitor(PinholeModel());
      return true;
    case SimpleRadialCamera<double>::kModel:
      visitor(SimpleRadialModel());
      return true;
    case OpenCvCamera<double>::kModel:
      visitor(OpenCvModel());
      return true;
    case FisheyeCamera<double>::kModel:
      visitor(FisheyeModel());
      return true;
    default:
      return false;
  }
}

// d (cotangent . pixel) / d point_in_cam, added to `point_gradient`.
template <typename Camera, typename S, typename Limit>
PROPNP_HOST_DEVICE PROPNP_INLINE void project_vjp(const Camera& camera, const Vec3<S>& point_in_cam,
                                                  const Limit& z_min, const Vec2<S>& cotangent,
                                                  Vec3<S>* point_gradient) {
  const Projection<S> p = camera.project_with_jacobian(point_in_cam, z_min);
  *point_gradient = *point_gradient + cotangent.x * p.u_gradient + cotangent.y * p.v_gradient;
}

// The same for a pinhole, whose rows have zeros.
template <typename S, typename Limit>
PROPNP_HOST_DEVICE PROPNP_INLINE void project_vjp(const PinholeCamera<S>& camera,
                                                  const Vec3<S>& point_in_cam, const Limit& z_min,
                                                  const Vec2<S>& cotangent,
                                                  Vec3<S>* point_gradient) {
  const DepthClamped<S, Limit> p(point_in_cam, z_min);
  *point_gradient = *point_gradient + p.chain(camera.fx * cotangent.x,
                                              camera.skew * cotangent.x + camera.fy * cotangent.y,
                                              camera.cx * cotangent.x + camera.cy * cotangent.y);
}

// d (cotangent . pixel) / d parameters, added to `parameter_gradient`.
template <typename Camera, typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE void parameter_vjp(const Camera& camera,
                                                    const Vec3<S>& point_in_cam, const S& z_min,
                                                    const Vec2<S>& cotangent,
                                                    S* parameter_gradient) {
  S u_row[Camera::kNumParameters], v_row[Camera::kNumParameters];
  camera.parameter_jacobian(point_in_cam, z_min, u_row, v_row);
  for (int i = 0; i < Camera::kNumParameters; ++i) {
    parameter_gradient[i] = parameter_gradient[i] + cotangent.x * u_row[i] + cotangent.y * v_row[i];
  }
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_CAMERA_H_
