// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The cost of a correspondence at a pose near a base pose, whose projection is known in higher
// precision: the residual there plus what the displacement of the point changes of it
// (project_difference, camera.h), so that single precision loses nothing of a sharp posterior.
#ifndef PROPNP_MATH_DISPLACED_RESIDUAL_H_
#define PROPNP_MATH_DISPLACED_RESIDUAL_H_

#include "propnp/math/residual.h"

PROPNP_MATH_BEGIN

// One correspondence at the base pose.
template <typename S>
struct BasePoint {
  Vec3<S> rotated;  // R (point_in_object - pivot), rig frame
  Vec3<S> point_in_cam;
  Vec2<S> error;  // proj - x2d before the box, px
  Vec2<S> pixel;  // proj before the box, px; only read with one
  SqrtInformation<S> weight;
};

// A pose relative to the base: (rotation - I) and the shift of the pivot, rig frame.
template <typename S>
struct Displacement {
  Mat3<S> turn;
  Vec3<S> shift;

  PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> of(const Vec3<S>& rotated) const {
    return turn * rotated + shift;
  }
};

// proj - x2d of a displaced point, after the box.
template <typename S>
struct DisplacedError {
  Vec2<S> error;
  MaskOf<S> outside_x, outside_y;  // clamped by the box; only with one
};

template <typename Camera, typename S, typename Limit>
PROPNP_HOST_DEVICE PROPNP_INLINE DisplacedError<S> displaced_error(
    const ViewModel<Camera, S, Limit>& model, const BasePoint<S>& base,
    const Vec3<S>& displacement) {
  const Vec2<S> change =
      model.camera.project_difference(base.point_in_cam, displacement, model.z_min);
  DisplacedError<S> result;
  result.error = base.error + change;
  if (model.box.active) {
    const Vec2<S> pixel = base.pixel + change;
    const PixelBox<S>& box = model.box;
    result.outside_x = either(pixel.x < box.low.x, box.high.x < pixel.x);
    result.outside_y = either(pixel.y < box.low.y, box.high.y < pixel.y);
    result.error = {result.error.x + (clamp(pixel.x, box.low.x, box.high.x) - pixel.x),
                    result.error.y + (clamp(pixel.y, box.low.y, box.high.y) - pixel.y)};
  }
  return result;
}

template <typename Camera, typename S, typename Limit>
PROPNP_HOST_DEVICE PROPNP_INLINE S displaced_cost(const ViewModel<Camera, S, Limit>& model,
                                                  const RobustLoss<S>& loss,
                                                  const BasePoint<S>& base,
                                                  const Vec3<S>& displacement) {
  const Vec2<S> e = base.weight.times(displaced_error(model, base, displacement).error);
  return loss.rho(dot(e, e));
}

// Sums over poses of cotangent d cost / d inputs.
template <typename S>
struct DisplacedGradient {
  Vec3<S> point;  // with respect to R_base point_in_object, rig frame
  Vec2<S> x2d;
  SqrtInformation<S> weight;
  S delta;  // of the loss
};

// The weighted error of a displaced point and what it pulls on.
template <typename S>
struct DisplacedPull {
  DisplacedError<S> displaced;
  S squared_norm;
  Vec2<S> weighted;  // rho'(s) / s e, with respect to the weighted error
  Vec2<S> pixel;     // with respect to proj - x2d
  Vec3<S> point;     // with respect to point_in_cam, rig frame
};

// `to_rig` takes a gradient with respect to point_in_cam to the rig's frame.
template <typename Camera, typename S, typename Limit, typename ToRig>
PROPNP_HOST_DEVICE PROPNP_INLINE DisplacedPull<S> displaced_pull(
    const ViewModel<Camera, S, Limit>& model, const RobustLoss<S>& loss, const BasePoint<S>& base,
    const Vec3<S>& displacement, const ToRig& to_rig, const S& cotangent) {
  const S zero = constant<S>(0);
  DisplacedPull<S> pull;
  pull.displaced = displaced_error(model, base, displacement);
  const Vec2<S> e = base.weight.times(pull.displaced.error);
  pull.squared_norm = dot(e, e);
  pull.weighted = (cotangent * loss.evaluate(pull.squared_norm).weight) * e;
  pull.pixel = base.weight.transposed_times(pull.weighted);
  Vec2<S> unclamped = pull.pixel;
  if (model.box.active) {
    unclamped = {select(pull.displaced.outside_x, zero, pull.pixel.x),
                 select(pull.displaced.outside_y, zero, pull.pixel.y)};
  }
  pull.point = {zero, zero, zero};
  project_vjp(model.camera, base.point_in_cam + displacement, model.z_min, unclamped, &pull.point);
  pull.point = to_rig(pull.point);
  return pull;
}

template <typename Camera, typename S, typename Limit, typename ToRig>
PROPNP_HOST_DEVICE PROPNP_INLINE void add_displaced_gradient(
    const ViewModel<Camera, S, Limit>& model, const RobustLoss<S>& loss, const BasePoint<S>& base,
    const Displacement<S>& pose, const Vec3<S>& displacement, const ToRig& to_rig,
    const S& cotangent, DisplacedGradient<S>* sums) {
  const DisplacedPull<S> pull = displaced_pull(model, loss, base, displacement, to_rig, cotangent);
  // R^T gradient, with the identity of R apart.
  sums->point = sums->point + pull.point + transposed_times(pose.turn, pull.point);
  sums->x2d = sums->x2d - pull.pixel;
  weight_vjp(pull.weighted, pull.displaced.error, &sums->weight);
  sums->delta = sums->delta + cotangent * loss.delta_gradient(pull.squared_norm);
}

// The derivative of a cost by moving the pivot and by turning the object about it, rig frame.
template <typename S>
struct DisplacedScore {
  Vec3<S> force, torque;
};

// `moved` is the displacement in the rig's frame, `displacement` the same in the camera's.
template <typename Camera, typename S, typename Limit, typename ToRig>
PROPNP_HOST_DEVICE PROPNP_INLINE void add_displaced_score(
    const ViewModel<Camera, S, Limit>& model, const RobustLoss<S>& loss, const BasePoint<S>& base,
    const Displacement<S>& pose, const Vec3<S>& moved, const Vec3<S>& displacement,
    const ToRig& to_rig, DisplacedScore<S>* sums) {
  const Vec3<S> pull =
      displaced_pull(model, loss, base, displacement, to_rig, constant<S>(1)).point;
  sums->force = sums->force + pull;
  sums->torque = sums->torque + cross(base.rotated + (moved - pose.shift), pull);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_DISPLACED_RESIDUAL_H_
