// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Prior densities of the translation, normalised with respect to dt; they say nothing of the
// rotation.
//
//   log depth    u = (x/z, y/z, log z),  p = prod_k N(u_k; mean_k, sigma_k^2) / z^3,  z > 0
//   depth range  p = 1 / volume  in the frustum  z0 <= z <= z1,  x0 <= x/z <= x1,  y0 <= y/z <= y1,
//                volume = (x1 - x0) (y1 - y0) (z1^3 - z0^3) / 3
//
// z^-3 is the determinant of du/dt.
#ifndef PROPNP_MATH_TRANSLATION_PRIOR_H_
#define PROPNP_MATH_TRANSLATION_PRIOR_H_

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
  S mean[3], sigma[3];

  // Infinite behind the camera.
  PROPNP_HOST_DEVICE S cost(const Vec3<S>& t) const {
    if (!(t.z > S(0))) return std::numeric_limits<S>::infinity();
    const S u[3] = {t.x / t.z, t.y / t.z, log(t.z)};
    const S log_two_pi = constant<S>(1.83787706640934548356);
    S sum = S(3) * u[2] + constant<S>(1.5) * log_two_pi;
    for (int k = 0; k < 3; ++k) {
      sum = sum + constant<S>(0.5) * square((u[k] - mean[k]) / sigma[k]) + log(sigma[k]);
    }
    return sum;
  }

  template <int kTangent>
  PROPNP_HOST_DEVICE void add_derivatives(const Vec3<S>& t, PriorValue<kTangent, S>* value) const {
    if (!(t.z > S(0))) return;
    const S i = S(1) / t.z;
    const S u[3] = {t.x * i, t.y * i, log(t.z)};
    const S rows[3][3] = {{i, S(0), -u[0] * i}, {S(0), i, -u[1] * i}, {S(0), S(0), i}};
    value->gradient[2] += S(3) * i;
    for (int k = 0; k < 3; ++k) {
      const S precision = S(1) / (sigma[k] * sigma[k]);
      for (int a = 0; a < 3; ++a) {
        value->gradient[a] += precision * (u[k] - mean[k]) * rows[k][a];
        for (int b = 0; b < 3; ++b) {
          value->curvature[kTangent * a + b] += precision * rows[k][a] * rows[k][b];
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

  // d cost / d mean and d cost / d sigma.
  PROPNP_HOST_DEVICE void parameter_gradient(const Vec3<S>& t, S* to_mean, S* to_sigma) const {
    const S u[3] = {t.x / t.z, t.y / t.z, log(t.z)};
    for (int k = 0; k < 3; ++k) {
      const S score = (u[k] - mean[k]) / sigma[k];
      to_mean[k] = -score / sigma[k];
      to_sigma[k] = (S(1) - score * score) / sigma[k];
    }
  }

  // d (cotangent * cost) / d mean and sigma, added to `mean_gradient` and `sigma_gradient`. Zero
  // behind the camera, where the cost is infinite whatever they are.
  PROPNP_HOST_DEVICE void cost_vjp(const Vec3<S>& t, const S& cotangent, S* mean_gradient,
                                   S* sigma_gradient) const {
    if (!(t.z > S(0))) return;
    S to_mean[3], to_sigma[3];
    parameter_gradient(t, to_mean, to_sigma);
    for (int k = 0; k < 3; ++k) {
      mean_gradient[k] = mean_gradient[k] + cotangent * to_mean[k];
      sigma_gradient[k] = sigma_gradient[k] + cotangent * to_sigma[k];
    }
  }

  // The whole second derivative of the cost, where add_derivatives() has that of the squares alone
  // (row-major 3x3); zero behind the camera.
  PROPNP_HOST_DEVICE void hessian(const Vec3<S>& t, S* result) const {
    PriorValue<3, S> value{};
    add_derivatives(t, &value);
    for (int k = 0; k < 9; ++k) result[k] = value.curvature[k];
    if (!(t.z > S(0))) return;
    const S i = S(1) / t.z;
    const S u[3] = {t.x * i, t.y * i, log(t.z)};
    S pull[3];
    for (int k = 0; k < 3; ++k) pull[k] = (u[k] - mean[k]) / (sigma[k] * sigma[k]);
    result[2] -= pull[0] * i * i, result[6] -= pull[0] * i * i;
    result[5] -= pull[1] * i * i, result[7] -= pull[1] * i * i;
    result[8] += (S(2) * (pull[0] * u[0] + pull[1] * u[1]) - pull[2] - S(3)) * i * i;
  }

  // d (first . (gradient + curvature second)) / d mean and sigma of add_derivatives()' gradient and
  // curvature, added: the prior's part of newton_product.h. With e = (u - mean) / sigma and its
  // slopes a, b along the two directions the product is sum_k a_k (e_k + b_k) + const.
  PROPNP_HOST_DEVICE void newton_product_vjp(const Vec3<S>& t, const Vec3<S>& first,
                                             const Vec3<S>& second, S* mean_gradient,
                                             S* sigma_gradient) const {
    if (!(t.z > S(0))) return;
    const S i = S(1) / t.z;
    const S u[3] = {t.x * i, t.y * i, log(t.z)};
    const auto slopes = [&](const Vec3<S>& d, S* slope) {
      slope[0] = (d.x - u[0] * d.z) * i, slope[1] = (d.y - u[1] * d.z) * i, slope[2] = d.z * i;
    };
    S a[3], b[3];
    slopes(first, a), slopes(second, b);
    for (int k = 0; k < 3; ++k) {
      const S scaled = a[k] / (sigma[k] * sigma[k]);
      mean_gradient[k] = mean_gradient[k] - scaled;
      sigma_gradient[k] = sigma_gradient[k] - S(2) * scaled * (u[k] - mean[k] + b[k]) / sigma[k];
    }
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
    const bool inside = t.z >= depth[0] && t.z <= depth[1] && t.z > S(0) && t.x >= bound[0] * t.z &&
                        t.x <= bound[1] * t.z && t.y >= bound[2] * t.z && t.y <= bound[3] * t.z;
    return inside ? log_volume : std::numeric_limits<S>::infinity();
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
