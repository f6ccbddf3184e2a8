// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Second derivatives of one correspondence's cost: with respect to the point in the camera's frame,
// and mixed ones, with respect to the pose and the inputs.
//
// For two directions lambda and Delta of the tangent, a correspondence contributes
//
//   F = lambda^T (g + H Delta) = w (J lambda) . (e + J Delta),   w = rho'(s) / s
//
// to the product of the reweighted normal equations g = sum w J^T e, H = sum w J^T J with them. Its
// derivative is the vector-Jacobian product of the step Delta = -H^-1 g when lambda = -H^-1 v, v
// the step's cotangent; with Delta = 0 it is that of the minimum itself, lambda^T d(gradient), by
// the implicit function theorem.
//
// J lambda = W P(p) v_lambda with P the projection's derivative and v the velocity of point_in_cam
// along a direction. P varies with the point: its derivatives are the camera's own first
// derivatives in dual numbers.
#ifndef PROPNP_MATH_SECOND_DERIVATIVES_H_
#define PROPNP_MATH_SECOND_DERIVATIVES_H_

#include "propnp/math/dual.h"
#include "propnp/math/residual.h"

PROPNP_MATH_BEGIN

// A fisheye's second derivatives near the axis are differences of large numbers. Points within this
// angle (rad) of it are taken to lie on it, where the formulas have their limits: that costs 1e-9
// focal lengths of pixels, rounding beyond it 1e-7 of the second derivative.
constexpr double kOnAxisAngle = 1e-9;

// The point at which second derivatives of a camera are taken: the given one but for a fisheye.
template <typename Camera, typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> regular_point(const Camera& /*camera*/,
                                                       const Vec3<S>& point_in_cam) {
  return point_in_cam;
}
template <typename D, typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> regular_point(const FisheyeCamera<D>& /*camera*/,
                                                       const Vec3<S>& p) {
  const S zero = constant<S>(0);
  const S reach = constant<S>(kOnAxisAngle) * max(p.z, zero);
  const auto on_axis = p.x * p.x + p.y * p.y < reach * reach;
  return {select(on_axis, zero, p.x), select(on_axis, zero, p.y), p.z};
}

// point + sum_k eps_k velocity_k.
template <typename S, int N>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<Dual<S, N>> dual_point(const Vec3<S>& point,
                                                             const Vec3<S> (&velocity)[N]) {
  Vec3<Dual<S, N>> p;
  p.x.value = point.x, p.y.value = point.y, p.z.value = point.z;
  PROPNP_UNROLL
  for (int k = 0; k < N; ++k) {
    p.x.slope[k] = velocity[k].x, p.y.slope[k] = velocity[k].y, p.z.slope[k] = velocity[k].z;
  }
  return p;
}

// d F / d everything, of one correspondence.
template <typename S, typename Weight>
struct NewtonProductGradients {
  Vec3<S> point_in_cam;
  Vec3<S> velocity[2];  // of the point along lambda and Delta
  Vec2<S> x2d;
  Weight weight;
  S delta;
  // Of the projection and of its derivative along the two velocities: what
  // newton_product_camera_vjp takes.
  Vec2<S> pixel, pixel_slope[2];
};

template <typename Camera, typename S, typename Weight>
PROPNP_HOST_DEVICE PROPNP_INLINE NewtonProductGradients<S, Weight> newton_product_vjp(
    const ViewModel<Camera, Dual<S, 2>>& model, const RobustLoss<S>& loss,
    const Vec3<S>& point_in_cam, const Vec3<S> (&velocity)[2], const Vec2<S>& x2d,
    const Weight& weight, ClampedRows clamped_rows) {
  const Vec3<Dual<S, 2>> point = dual_point(regular_point(model.camera, point_in_cam), velocity);
  const Projection<Dual<S, 2>> projection = clamped_projection(model, point, clamped_rows);
  const Vec3<S> u_row = values(projection.u_gradient), v_row = values(projection.v_gradient);
  const Vec2<S> error = values(projection.pixel) - x2d;
  const Vec2<S> slope_a{dot(u_row, velocity[0]), dot(v_row, velocity[0])};
  const Vec2<S> slope_b{dot(u_row, velocity[1]), dot(v_row, velocity[1])};

  const Vec2<S> e = weight.times(error), a = weight.times(slope_a), b = weight.times(slope_b);
  const S squared_norm = dot(e, e);
  const S loss_weight = loss.evaluate(squared_norm).weight;
  const LossWeightSlopes<S> loss_slopes = loss.weight_slopes(squared_norm);
  const S inner = dot(a, e + b);
  const Vec2<S> by_e = loss_weight * a + (constant<S>(2) * loss_slopes.by_squared_norm * inner) * e;
  const Vec2<S> by_a = loss_weight * (e + b), by_b = loss_weight * a;

  NewtonProductGradients<S, Weight> g{};
  const Vec2<S> pixel = weight.transposed_times(by_e);
  const Vec2<S> pixel_a = weight.transposed_times(by_a), pixel_b = weight.transposed_times(by_b);
  g.point_in_cam =
      pixel.x * u_row + pixel.y * v_row + pixel_a.x * slopes(projection.u_gradient, 0) +
      pixel_a.y * slopes(projection.v_gradient, 0) + pixel_b.x * slopes(projection.u_gradient, 1) +
      pixel_b.y * slopes(projection.v_gradient, 1);
  g.velocity[0] = pixel_a.x * u_row + pixel_a.y * v_row;
  g.velocity[1] = pixel_b.x * u_row + pixel_b.y * v_row;
  g.x2d = {-pixel.x, -pixel.y};
  g.pixel = pixel, g.pixel_slope[0] = pixel_a, g.pixel_slope[1] = pixel_b;
  weight_vjp(by_e, error, &g.weight);
  weight_vjp(by_a, slope_a, &g.weight);
  weight_vjp(by_b, slope_b, &g.weight);
  g.delta = loss_slopes.by_delta * inner;
  return g;
}

// d F / d camera parameters, added to `parameter_gradient`; `g` comes from newton_product_vjp of
// the same arguments.
template <typename Camera, typename S, typename Weight>
PROPNP_HOST_DEVICE PROPNP_INLINE void newton_product_camera_vjp(
    const ViewModel<Camera, Dual<S, 2>>& model, const Vec3<S>& point_in_cam,
    const Vec3<S> (&velocity)[2], ClampedRows clamped_rows,
    const NewtonProductGradients<S, Weight>& g, S* parameter_gradient) {
  const Vec3<Dual<S, 2>> point = dual_point(regular_point(model.camera, point_in_cam), velocity);
  Dual<S, 2> u_row[Camera::kNumParameters], v_row[Camera::kNumParameters];
  model.camera.parameter_jacobian(point, model.z_min, u_row, v_row);
  Vec2<S> pixel[3] = {g.pixel, g.pixel_slope[0], g.pixel_slope[1]};
  const auto clear_if = [&](auto mask, S Vec2<S>::*coordinate) {
    for (Vec2<S>& p : pixel) p.*coordinate = select(mask, constant<S>(0), p.*coordinate);
  };
  if (model.box.active) {
    const Vec2<Dual<S, 2>> at = model.camera.project(point, model.z_min);
    clear_if(either(at.x < model.box.low.x, model.box.high.x < at.x), &Vec2<S>::x);
    clear_if(either(at.y < model.box.low.y, model.box.high.y < at.y), &Vec2<S>::y);
  }
  if (Camera::kClampsDepth && clamped_rows == ClampedRows::kDrop) {
    clear_if(point.z < model.z_min, &Vec2<S>::x);
    clear_if(point.z < model.z_min, &Vec2<S>::y);
  }
  for (int i = 0; i < Camera::kNumParameters; ++i) {
    parameter_gradient[i] = parameter_gradient[i] + pixel[0].x * u_row[i].value +
                            pixel[0].y * v_row[i].value + pixel[1].x * u_row[i].slope[0] +
                            pixel[1].y * v_row[i].slope[0] + pixel[2].x * u_row[i].slope[1] +
                            pixel[2].y * v_row[i].slope[1];
  }
}

// First and second derivative of a cost with respect to point_in_cam.
template <typename S>
struct PointCurvature {
  Vec3<S> gradient;
  Mat3<S> hessian;
};

// Nothing is left out: the robust Hessian of Curvature::kHessian and the projection's own
// curvature.
template <typename Camera, typename S, typename Weight>
PROPNP_HOST_DEVICE PROPNP_INLINE PointCurvature<S> point_curvature(
    const ViewModel<Camera, Dual<S, 3>>& model, const RobustLoss<S>& loss,
    const Vec3<S>& point_in_cam, const Vec2<S>& x2d, const Weight& weight,
    ClampedRows clamped_rows) {
  const S zero = constant<S>(0), one = constant<S>(1);
  const Vec3<S> axes[3] = {{one, zero, zero}, {zero, one, zero}, {zero, zero, one}};
  const Vec3<Dual<S, 3>> point = dual_point(regular_point(model.camera, point_in_cam), axes);
  const Projection<Dual<S, 3>> projection = clamped_projection(model, point, clamped_rows);
  const Vec2<S> e = weight.times(values(projection.pixel) - x2d);
  Vec3<S> x_row, y_row;
  weight.weigh(values(projection.u_gradient), values(projection.v_gradient), &x_row, &y_row);
  const S squared_norm = dot(e, e);
  const S loss_weight = loss.evaluate(squared_norm).weight;
  const Vec3<S> along = e.x * x_row + e.y * y_row;
  const Vec3<S> curved =
      (constant<S>(2) * loss.weight_slopes(squared_norm).by_squared_norm) * along;
  const Vec2<S> pull = weight.transposed_times(loss_weight * e);
  const auto row = [&](int k, const S& along_k, const S& x_k, const S& y_k) {
    return pull.x * slopes(projection.u_gradient, k) + pull.y * slopes(projection.v_gradient, k) +
           along_k * curved + (loss_weight * x_k) * x_row + (loss_weight * y_k) * y_row;
  };
  return {loss_weight * along,
          {row(0, along.x, x_row.x, y_row.x), row(1, along.y, x_row.y, y_row.y),
           row(2, along.z, x_row.z, y_row.z)}};
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_SECOND_DERIVATIVES_H_
