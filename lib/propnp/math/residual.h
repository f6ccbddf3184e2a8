// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The model: what one correspondence costs, and every derivative of that.
//
//   point_in_cam = R x3d + t
//   e = W (clamp(project(point_in_cam), box) - x2d),   cost = rho(|e|)
//
// W = diag(w2d), the weight 1/sigma in 1/px, or a 2x2 square-root information. The solver, the
// sampler, the Ceres cost functions and the CUDA kernels all call these functions.
//
// Derivatives are the exact ones of this clamped function: where the box holds a coordinate its
// derivative is zero, where the depth is held at z_min the division does not vary. The published
// EPro-PnP solver drops the rows of clamped points altogether; ClampedRows::kDrop does the same.
#ifndef PROPNP_MATH_RESIDUAL_H_
#define PROPNP_MATH_RESIDUAL_H_

#include "propnp/math/camera.h"
#include "propnp/math/pose.h"
#include "propnp/math/robust_loss.h"

PROPNP_MATH_BEGIN

// W = diag(x, y), in 1/px.
template <typename S>
struct DiagonalWeight {
  S x, y;

  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> times(const Vec2<S>& v) const {
    return {x * v.x, y * v.y};
  }
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> transposed_times(const Vec2<S>& v) const {
    return times(v);
  }
  // Rows of W [u_row; v_row].
  PROPNP_HOST_DEVICE PROPNP_INLINE void weigh(const Vec3<S>& u_row, const Vec3<S>& v_row,
                                              Vec3<S>* x_row, Vec3<S>* y_row) const {
    *x_row = x * u_row;
    *y_row = y * v_row;
  }
};

// W = [xx xy; yx yy] with W^T W the information matrix of the pixel, in 1/px.
template <typename S>
struct SqrtInformation {
  S xx, xy, yx, yy;

  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> times(const Vec2<S>& v) const {
    return {xx * v.x + xy * v.y, yx * v.x + yy * v.y};
  }
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> transposed_times(const Vec2<S>& v) const {
    return {xx * v.x + yx * v.y, xy * v.x + yy * v.y};
  }
  PROPNP_HOST_DEVICE PROPNP_INLINE void weigh(const Vec3<S>& u_row, const Vec3<S>& v_row,
                                              Vec3<S>* x_row, Vec3<S>* y_row) const {
    *x_row = xx * u_row + xy * v_row;
    *y_row = yx * u_row + yy * v_row;
  }
};

// Where projections are clamped, in px. Without a box `active` is false and nothing is read.
template <typename S>
struct PixelBox {
  bool active = false;
  Vec2<S> low, high;
};

// Everything of the model that the points of a view share.
template <typename Camera, typename S, typename Limit = S>
struct ViewModel {
  Camera camera;
  PixelBox<S> box;
  Limit z_min;  // or NoDepthLimit, camera_depth.h
};

enum class ClampedRows { kExact, kDrop };

// The weighted residual e with the gradients of its two coordinates with respect to point_in_cam.
template <typename S>
struct PointResidual {
  Vec2<S> e;
  Vec3<S> x_gradient, y_gradient;
};

// proj - x2d, in px.
template <typename Camera, typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> reprojection_error(const ViewModel<Camera, S>& model,
                                                            const Vec3<S>& point_in_cam,
                                                            const Vec2<S>& x2d) {
  Vec2<S> pixel = model.camera.project(point_in_cam, model.z_min);
  if (model.box.active) {
    pixel = {clamp(pixel.x, model.box.low.x, model.box.high.x),
             clamp(pixel.y, model.box.low.y, model.box.high.y)};
  }
  return pixel - x2d;
}

template <typename Camera, typename S, typename Weight>
PROPNP_HOST_DEVICE PROPNP_INLINE Vec2<S> weighted_residual(const ViewModel<Camera, S>& model,
                                                           const Vec3<S>& point_in_cam,
                                                           const Vec2<S>& x2d,
                                                           const Weight& weight) {
  return weight.times(reprojection_error(model, point_in_cam, x2d));
}

// The clamped projection with its derivative, rows treated as `clamped_rows` says.
template <typename Camera, typename S, typename Limit>
PROPNP_HOST_DEVICE PROPNP_INLINE Projection<S> clamped_projection(
    const ViewModel<Camera, S, Limit>& model, const Vec3<S>& point_in_cam,
    ClampedRows clamped_rows) {
  const S zero = constant<S>(0);
  Projection<S> p = model.camera.project_with_jacobian(point_in_cam, model.z_min);
  const auto keep_if = [&](auto outside, const Vec3<S>& row) {
    return Vec3<S>{select(outside, zero, row.x), select(outside, zero, row.y),
                   select(outside, zero, row.z)};
  };
  if (model.box.active) {
    const auto outside_x = either(p.pixel.x < model.box.low.x, model.box.high.x < p.pixel.x);
    const auto outside_y = either(p.pixel.y < model.box.low.y, model.box.high.y < p.pixel.y);
    p.u_gradient = keep_if(outside_x, p.u_gradient);
    p.v_gradient = keep_if(outside_y, p.v_gradient);
    p.pixel = {clamp(p.pixel.x, model.box.low.x, model.box.high.x),
               clamp(p.pixel.y, model.box.low.y, model.box.high.y)};
  }
  if constexpr (Camera::kClampsDepth && !std::is_same_v<Limit, NoDepthLimit>) {
    if (clamped_rows == ClampedRows::kDrop) {
      const auto behind = point_in_cam.z < model.z_min;
      p.u_gradient = keep_if(behind, p.u_gradient);
      p.v_gradient = keep_if(behind, p.v_gradient);
    }
  }
  return p;
}

template <typename S, typename Weight>
PROPNP_HOST_DEVICE PROPNP_INLINE PointResidual<S> weighted(const Projection<S>& p,
                                                           const Vec2<S>& x2d,
                                                           const Weight& weight) {
  PointResidual<S> result;
  result.e = weight.times(p.pixel - x2d);
  weight.weigh(p.u_gradient, p.v_gradient, &result.x_gradient, &result.y_gradient);
  return result;
}

template <typename Camera, typename S, typename Weight>
PROPNP_HOST_DEVICE PROPNP_INLINE PointResidual<S> residual_with_jacobian(
    const ViewModel<Camera, S>& model, const Vec3<S>& point_in_cam, const Vec2<S>& x2d,
    const Weight& weight, ClampedRows clamped_rows = ClampedRows::kExact) {
  return weighted(clamped_projection(model, point_in_cam, clamped_rows), x2d, weight);
}

// The cost of one correspondence.
template <typename Camera, typename S, typename Weight>
PROPNP_HOST_DEVICE PROPNP_INLINE S point_cost(const ViewModel<Camera, S>& model,
                                              const RobustLoss<S>& loss,
                                              const Vec3<S>& point_in_cam, const Vec2<S>& x2d,
                                              const Weight& weight) {
  const Vec2<S> e = weighted_residual(model, point_in_cam, x2d, weight);
  return loss.rho(dot(e, e));
}

// Which second-order matrix of the robust cost is built from J = d e / d delta, n = e / s:
enum class Curvature {
  kIrls,          // (rho'/s) J^T J: Gauss-Newton of the reweighted problem, what Ceres uses
  kHessian,       // J^T [ (rho'/s)(I - n n^T) + rho'' n n^T ] J: the robust Hessian; the curvature
                  // of the projection itself is left out
  kPositive,      // the same with rho'' at least .1 rho'/s: always positive
  kScoreVariance  // (rho'/s)^2 J^T e e^T J: the outer product of the point's gradient
};

// The 2x2 matrix of a Curvature as two weighted directions: sum_k factor_k d_k d_k^T, so that the
// point adds factor_k (J^T d_k)(J^T d_k)^T.
template <typename S>
struct CurvatureDirections {
  Vec2<S> first, second;
  S first_factor, second_factor;
};

template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE CurvatureDirections<S> curvature_directions(
    Curvature curvature, const Vec2<S>& e, const S& squared_norm, const LossValue<S>& loss) {
  const S zero = constant<S>(0), one = constant<S>(1);
  if (curvature == Curvature::kIrls) return {{one, zero}, {zero, one}, loss.weight, loss.weight};
  if (curvature == Curvature::kScoreVariance) {
    return {e, {zero, zero}, loss.weight * loss.weight, zero};
  }
  // At s = 0 every direction has the same curvature; any n serves.
  const auto nonzero = zero < squared_norm;
  const S inverse_norm = one / sqrt(select(nonzero, squared_norm, one));
  const Vec2<S> n{select(nonzero, e.x * inverse_norm, one), e.y * inverse_norm};
  const S along = curvature == Curvature::kPositive
                      ? max(loss.curvature, constant<S>(0.1) * loss.weight)
                      : loss.curvature;
  return {n, {-n.y, n.x}, along, loss.weight};
}

// Gradients of one correspondence's cost, each scaled by `cotangent` and added to what is there.
template <typename S>
struct PointGradients {
  Vec3<S> point_in_cam;
  Vec2<S> x2d;
  S delta;  // of the loss
};

// d cost / d point_in_cam, x2d and delta; the weight's and the camera's come from the functions
// below, which take the same `pull` = rho'/s e = d cost / d e.
template <typename Camera, typename S, typename Weight>
PROPNP_HOST_DEVICE PROPNP_INLINE S point_cost_vjp(const ViewModel<Camera, S>& model,
                                                  const RobustLoss<S>& loss,
                                                  const Vec3<S>& point_in_cam, const Vec2<S>& x2d,
                                                  const Weight& weight, const S& cotangent,
                                                  Vec2<S>* pull, PointGradients<S>* gradients) {
  const PointResidual<S> r = residual_with_jacobian(model, point_in_cam, x2d, weight);
  const S squared_norm = dot(r.e, r.e);
  const LossValue<S> value = loss.evaluate(squared_norm);
  *pull = (cotangent * value.weight) * r.e;
  gradients->point_in_cam =
      gradients->point_in_cam + pull->x * r.x_gradient + pull->y * r.y_gradient;
  gradients->x2d = gradients->x2d - weight.transposed_times(*pull);
  gradients->delta = gradients->delta + cotangent * loss.delta_gradient(squared_norm);
  return value.rho;
}

// d cost / d W: pull (proj - x2d)^T; of a diagonal weight the diagonal.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE void weight_vjp(const Vec2<S>& pull, const Vec2<S>& pixel_error,
                                                 DiagonalWeight<S>* gradient) {
  gradient->x = gradient->x + pull.x * pixel_error.x;
  gradient->y = gradient->y + pull.y * pixel_error.y;
}
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE void weight_vjp(const Vec2<S>& pull, const Vec2<S>& pixel_error,
                                                 SqrtInformation<S>* gradient) {
  gradient->xx = gradient->xx + pull.x * pixel_error.x;
  gradient->xy = gradient->xy + pull.x * pixel_error.y;
  gradient->yx = gradient->yx + pull.y * pixel_error.x;
  gradient->yy = gradient->yy + pull.y * pixel_error.y;
}

// d cost / d camera parameters, added to `parameter_gradient`.
template <typename Camera, typename S, typename Weight>
PROPNP_HOST_DEVICE PROPNP_INLINE void camera_vjp(const ViewModel<Camera, S>& model,
                                                 const Vec3<S>& point_in_cam, const Weight& weight,
                                                 const Vec2<S>& pull, S* parameter_gradient) {
  Vec2<S> cotangent = weight.transposed_times(pull);
  if (model.box.active) {
    const S zero = constant<S>(0);
    const Vec2<S> pixel = model.camera.project(point_in_cam, model.z_min);
    const auto outside_x = either(pixel.x < model.box.low.x, model.box.high.x < pixel.x);
    const auto outside_y = either(pixel.y < model.box.low.y, model.box.high.y < pixel.y);
    cotangent = {select(outside_x, zero, cotangent.x), select(outside_y, zero, cotangent.y)};
  }
  parameter_vjp(model.camera, point_in_cam, model.z_min, cotangent, parameter_gradient);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_RESIDUAL_H_
