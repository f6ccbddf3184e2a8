// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Prior densities of the translation, normalised with respect to dt; they say nothing of the
// rotation.
//
//   log depth    u = (x/z, y/z, log z),  p = N(u; mean, covariance) / z^3,  z > 0
//   depth range  p = 1 / volume  in the frustum  z0 <= z <= z1,  x0 <= x/z <= x1,  y0 <= y/z <= y1,
//                volume = (x1 - x0) (y1 - y0) (z1^3 - z0^3) / 3
//
// z^-3 is the determinant of du/dt.
#ifndef PROPNP_MATH_TRANSLATION_PRIOR_H_
#define PROPNP_MATH_TRANSLATION_PRIOR_H_

#include "propnp/math/gaussian.h"
#include "propnp/math/vector.h"

PROPNP_MATH_BEGIN

// -log p with its gradient and Gauss-Newton curvature with respect to the tangent (row-major). The
// curvature is that of the squares alone: positive.
template <int kTangent, typename S>
struct PriorValue {
  S cost;
  S gradient[kTangent];
  S curvature[kTangent * kTangent];
};

template <typename S>
struct LogDepthPrior {
  S mean[3];
  S whitener[9];   // gaussian.h, of u
  S log_constant;  // -log of the density of u at the mean

  // Independent components. False if a sigma is not positive.
  PROPNP_HOST_DEVICE bool set(const S* mean_u, const S* sigma) {
    log_constant = constant<S>(1.5 * 1.83787706640934548356);
    bool valid = true;
    for (int k = 0; k < 9; ++k) whitener[k] = S(0);
    for (int k = 0; k < 3; ++k) {
      mean[k] = mean_u[k];
      whitener[4 * k] = S(1) / sigma[k];
      log_constant += log(sigma[k]);
      valid = valid && sigma[k] > S(0);
    }
    return valid && log_constant - log_constant == S(0);
  }

  // `covariance` row-major. False if it is not symmetric or not positive.
  PROPNP_HOST_DEVICE bool set_covariance(const S* mean_u, const double* covariance) {
    double constant_term = 0;
    for (int k = 0; k < 3; ++k) mean[k] = mean_u[k];
    const bool valid = whitener_from_covariance<3>(covariance, whitener, &constant_term);
    log_constant = static_cast<S>(constant_term);
    return valid;
  }

  // Infinite behind the camera.
  PROPNP_HOST_DEVICE S cost(const Vec3<S>& t) const {
    if (!(t.z > S(0))) return std::numeric_limits<S>::infinity();
    S error[3];
    error_at(t, error);
    S sum = log_constant + S(3) * log(t.z);
    whiten<3>(whitener, error, error);
    for (const S& e : error) sum = sum + constant<S>(0.5) * e * e;
    return sum;
  }

  template <int kTangent>
  PROPNP_HOST_DEVICE void add_derivatives(const Vec3<S>& t, PriorValue<kTangent, S>* value) const {
    if (!(t.z > S(0))) return;
    S white[3], columns[3][3];  // columns of W du/dt
    error_at(t, white);
    whiten<3>(whitener, white, white);
    for (int a = 0; a < 3; ++a) {
      slope(t, {S(a == 0), S(a == 1), S(a == 2)}, columns[a]);
      whiten<3>(whitener, columns[a], columns[a]);
    }
    value->gradient[2] += S(3) / t.z;
    for (int a = 0; a < 3; ++a) {
      for (int k = 0; k < 3; ++k) value->gradient[a] += columns[a][k] * white[k];
      for (int b = 0; b < 3; ++b) {
        for (int k = 0; k < 3; ++k) {
          value->curvature[kTangent * a + b] += columns[a][k] * columns[b][k];
        }
      }
    }
  }

  // A translation behind the camera is moved to the mean.
  PROPNP_HOST_DEVICE Vec3<S> moved_inside(const Vec3<S>& t) const {
    if (t.z > S(0)) return t;
    const S z = exp(mean[2]);
    return {z * mean[0], z * mean[1], z};
  }

  // Adds d (cotangent * cost) / d mean and covariance. Nothing behind the camera, where the cost is
  // infinite whatever they are.
  PROPNP_HOST_DEVICE void add_parameter_gradient(const Vec3<S>& t, const S& cotangent, S* to_mean,
                                                 S* to_covariance) const {
    if (!(t.z > S(0))) return;
    S pull[3];
    error_at(t, pull);
    precision_times<3>(whitener, pull, pull);
    for (int k = 0; k < 3; ++k) to_mean[k] -= cotangent * pull[k];
    add_covariance_gradient<3>(whitener, pull, cotangent, to_covariance);
  }

  // The whole second derivative of the cost, where add_derivatives() has that of the squares alone
  // (row-major 3x3); zero behind the camera.
  PROPNP_HOST_DEVICE void hessian(const Vec3<S>& t, S* result) const {
    PriorValue<3, S> value{};
    add_derivatives(t, &value);
    for (int k = 0; k < 9; ++k) result[k] = value.curvature[k];
    if (!(t.z > S(0))) return;
    const S i = S(1) / t.z;
    S pull[3];
    error_at(t, pull);
    precision_times<3>(whitener, pull, pull);
    result[2] -= pull[0] * i * i, result[6] -= pull[0] * i * i;
    result[5] -= pull[1] * i * i, result[7] -= pull[1] * i * i;
    result[8] += (S(2) * (pull[0] * t.x + pull[1] * t.y) * i - pull[2] - S(3)) * i * i;
  }

  // Adds d (first . (gradient + curvature second)) / d mean and covariance of add_derivatives()'
  // gradient and curvature: the prior's part of newton_product.h. With the slopes a, b of u along
  // the two directions the product is a^T covariance^-1 (u - mean + b) + const.
  PROPNP_HOST_DEVICE void newton_product_vjp(const Vec3<S>& t, const Vec3<S>& first,
                                             const Vec3<S>& second, S* to_mean,
                                             S* to_covariance) const {
    if (!(t.z > S(0))) return;
    S a[3], b[3], error[3];
    slope(t, first, a), slope(t, second, b);
    error_at(t, error);
    for (int k = 0; k < 3; ++k) error[k] += b[k];
    precision_times<3>(whitener, a, a);
    precision_times<3>(whitener, error, error);
    for (int k = 0; k < 3; ++k) to_mean[k] -= a[k];
    add_product_covariance_gradient<3>(a, error, to_covariance);
  }

  // Adds what a gradient with respect to the covariance means for the sigmas of set().
  PROPNP_HOST_DEVICE void add_sigma_gradient(const S* to_covariance, S* to_sigma) const {
    for (int k = 0; k < 3; ++k) {
      to_sigma[k] += S(2) * to_covariance[4 * k] / whitener[4 * k];
    }
  }

 private:
  PROPNP_HOST_DEVICE void error_at(const Vec3<S>& t, S* error) const {
    error[0] = t.x / t.z - mean[0], error[1] = t.y / t.z - mean[1], error[2] = log(t.z) - mean[2];
  }

  // du along a direction of t.
  static PROPNP_HOST_DEVICE void slope(const Vec3<S>& t, const Vec3<S>& d, S* result) {
    const S i = S(1) / t.z;
    result[0] = (d.x - t.x * i * d.z) * i, result[1] = (d.y - t.y * i * d.z) * i;
    result[2] = d.z * i;
  }
};

template <typename S>
struct DepthRangePrior {
  S depth[2];  // z0 z1
  S bound[4];  // x0 x1 y0 y1
  S log_volume;

  // False if there is no volume.
  PROPNP_HOST_DEVICE bool set(const S* depth_range, const S* bounds) {
    for (int k = 0; k < 2; ++k) depth[k] = depth_range[k];
    for (int k = 0; k < 4; ++k) bound[k] = bounds[k];
    const S ratio = depth[0] / depth[1];
    log_volume = log((bound[1] - bound[0]) * (bound[3] - bound[2]) / S(3)) + S(3) * log(depth[1]) +
                 log1p(-ratio * ratio * ratio);
    return depth[0] >= S(0) && depth[1] > depth[0] && bound[1] > bound[0] && bound[3] > bound[2] &&
           log_volume - log_volume == S(0);
  }

  // Infinite outside.
  PROPNP_HOST_DEVICE S cost(const Vec3<S>& t) const {
    return contains(t) ? log_volume : std::numeric_limits<S>::infinity();
  }

  PROPNP_HOST_DEVICE bool contains(const Vec3<S>& t) const {
    return t.z >= depth[0] && t.z <= depth[1] && t.z > S(0) && t.x >= bound[0] * t.z &&
           t.x <= bound[1] * t.z && t.y >= bound[2] * t.z && t.y <= bound[3] * t.z;
  }

  // Adds cotangent * d log volume / d depth and bound.
  PROPNP_HOST_DEVICE void add_volume_gradient(const S& cotangent, S* to_depth, S* to_bound) const {
    const S ratio = depth[0] / depth[1];
    const S slope = S(3) * cotangent / (depth[1] * (S(1) - ratio * ratio * ratio));
    to_depth[0] -= slope * ratio * ratio, to_depth[1] += slope;
    for (int k = 0; k < 4; k += 2) {
      const S inverse_width = cotangent / (bound[k + 1] - bound[k]);
      to_bound[k] -= inverse_width, to_bound[k + 1] += inverse_width;
    }
  }

  // The translation itself if it is a hundredth of the range's width from its edges, or moved
  // there: first along its line of sight, then across.
  PROPNP_HOST_DEVICE Vec3<S> moved_inside(const Vec3<S>& t) const {
    const S z = within(t.z, depth[0], depth[1]);
    const bool in_front = t.z > S(0);
    const S x = in_front ? t.x / t.z : S(0), y = in_front ? t.y / t.z : S(0);
    return {z * within(x, bound[0], bound[1]), z * within(y, bound[2], bound[3]), z};
  }

 private:
  static PROPNP_HOST_DEVICE S within(const S& value, const S& low, const S& high) {
    const S margin = constant<S>(0.01) * (high - low);
    return clamp(value, low + margin, high - margin);
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_TRANSLATION_PRIOR_H_
