// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reprojection errors for ceres::AutoDiffCostFunction.
#ifndef PROPNP_BENCHMARKS_AUTODIFF_FUNCTORS_H_
#define PROPNP_BENCHMARKS_AUTODIFF_FUNCTORS_H_

#include <ceres/rotation.h>

#include "propnp/math/camera.h"
#include "propnp/math/pose.h"
#include "propnp/math/residual.h"

namespace propnp::bench {

// What people write: rotate, translate, divide, scale. A unit quaternion is taken for granted,
// which saves Ceres a normalisation that our cost functions do.
struct TutorialPinholeError {
  const double* camera;  // fx fy cx cy
  const double* x3d;
  const double* x2d;
  const double* w2d;

  template <typename T>
  bool operator()(const T* quaternion, const T* translation, T* residual) const {
    const T point[3] = {T(x3d[0]), T(x3d[1]), T(x3d[2])};
    T p[3];
    ceres::UnitQuaternionRotatePoint(quaternion, point, p);
    for (int i = 0; i < 3; ++i) p[i] += translation[i];
    residual[0] = w2d[0] * (camera[0] * (p[0] / p[2]) + camera[2] - x2d[0]);
    residual[1] = w2d[1] * (camera[1] * (p[1] / p[2]) + camera[3] - x2d[1]);
    return true;
  }

  // The pose in one block [tx ty tz qw qx qy qz].
  template <typename T>
  bool operator()(const T* pose, T* residual) const {
    return (*this)(pose + 3, pose, residual);
  }
};

// The very functions that our cost functions call, differentiated by Ceres.
template <typename Model>
struct SharedModelError {
  const double* camera_parameters;
  double camera_limit, z_min;
  const double* x3d;
  const double* x2d;
  const double* w2d;

  template <typename T>
  bool operator()(const T* pose, T* residual) const {
    using Camera = typename Model::template Camera<T>;
    T parameters[Camera::kNumParameters];
    for (int i = 0; i < Camera::kNumParameters; ++i) parameters[i] = T(camera_parameters[i]);
    const ViewModel<Camera, T> model{
        Camera::from_parameters(parameters, T(camera_limit)), {}, T(z_min)};
    const RigidTransform<T> cam_from_object = SixDof<T>().transform(pose);
    const Vec2<T> e =
        weighted_residual(model, cam_from_object * Vec3<T>{T(x3d[0]), T(x3d[1]), T(x3d[2])},
                          Vec2<T>{T(x2d[0]), T(x2d[1])}, DiagonalWeight<T>{T(w2d[0]), T(w2d[1])});
    residual[0] = e.x;
    residual[1] = e.y;
    return true;
  }
};

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_AUTODIFF_FUNCTORS_H_
