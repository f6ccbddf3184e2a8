// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A normalised prior density of the translation, with respect to dt: independent normals of where
// the object's origin is seen and of the logarithm of its depth,
//
//   u = (x/z, y/z, log z),   p(t) = prod_k N(u_k; mean_k, sigma_k^2) / z^3,   zero for z <= 0.
//
// z^-3 is the determinant of du/dt. Such a prior makes the posterior proper: without one, mass runs
// away to infinite depth where all points fall on one pixel and the cost stays bounded.
#ifndef PROPNP_MATH_PRIOR_H_
#define PROPNP_MATH_PRIOR_H_

#include "propnp/math/vector.h"

PROPNP_MATH_BEGIN

// -log p with its gradient and Gauss-Newton curvature with respect to t (row-major 3x3).
template <typename S>
struct PriorValue {
  S cost;
  S gradient[3];
  S curvature[9];
};

template <typename S>
struct LogDepthPrior {
  bool active = false;
  S mean[3], sigma[3];

  // Infinite behind the camera.
  PROPNP_HOST_DEVICE S cost(const Vec3<S>& t) const {
    using std::log;
    if (!(t.z > S(0))) return std::numeric_limits<S>::infinity();
    const S u[3] = {t.x / t.z, t.y / t.z, log(t.z)};
    const S log_two_pi = constant<S>(1.83787706640934548356);
    S sum = S(3) * u[2] + constant<S>(1.5) * log_two_pi;
    for (int k = 0; k < 3; ++k) {
      sum = sum + constant<S>(0.5) * square((u[k] - mean[k]) / sigma[k]) + log(sigma[k]);
    }
    return sum;
  }

  // The curvature is that of the squares alone: positive, and the exact one at the mean but for the
  // factor z^-3.
  PROPNP_HOST_DEVICE PriorValue<S> evaluate(const Vec3<S>& t) const {
    PriorValue<S> value{};
    value.cost = cost(t);
    if (!(t.z > S(0))) return value;
    const S i = S(1) / t.z;
    const S u[3] = {t.x * i, t.y * i, std::log(t.z)};
    const S rows[3][3] = {{i, S(0), -u[0] * i}, {S(0), i, -u[1] * i}, {S(0), S(0), i}};
    value.gradient[2] = S(3) * i;
    for (int k = 0; k < 3; ++k) {
      const S precision = S(1) / (sigma[k] * sigma[k]);
      for (int a = 0; a < 3; ++a) {
        value.gradient[a] += precision * (u[k] - mean[k]) * rows[k][a];
        for (int b = 0; b < 3; ++b) {
          value.curvature[3 * a + b] += precision * rows[k][a] * rows[k][b];
        }
      }
    }
    return value;
  }

  // d (cotangent * cost) / d mean and sigma, added to `mean_gradient` and `sigma_gradient`. Zero
  // behind the camera, where the cost is infinite whatever they are.
  PROPNP_HOST_DEVICE void cost_vjp(const Vec3<S>& t, const S& cotangent, S* mean_gradient,
                                   S* sigma_gradient) const {
    using std::log;
    if (!(t.z > S(0))) return;
    const S u[3] = {t.x / t.z, t.y / t.z, log(t.z)};
    for (int k = 0; k < 3; ++k) {
      const S scaled = cotangent / sigma[k], e = (u[k] - mean[k]) / sigma[k];
      mean_gradient[k] = mean_gradient[k] - scaled * e;
      sigma_gradient[k] = sigma_gradient[k] + scaled * (S(1) - e * e);
    }
  }

  // The whole second derivative of the cost, where evaluate() has that of the squares alone
  // (row-major 3x3); zero behind the camera.
  PROPNP_HOST_DEVICE void hessian(const Vec3<S>& t, S* result) const {
    const PriorValue<S> value = evaluate(t);
    for (int k = 0; k < 9; ++k) result[k] = value.curvature[k];
    if (!(t.z > S(0))) return;
    const S i = S(1) / t.z;
    const S u[3] = {t.x * i, t.y * i, std::log(t.z)};
    S pull[3];
    for (int k = 0; k < 3; ++k) pull[k] = (u[k] - mean[k]) / (sigma[k] * sigma[k]);
    result[2] -= pull[0] * i * i, result[6] -= pull[0] * i * i;
    result[5] -= pull[1] * i * i, result[7] -= pull[1] * i * i;
    result[8] += (S(2) * (pull[0] * u[0] + pull[1] * u[1]) - pull[2] - S(3)) * i * i;
  }

  // d (first . (gradient + curvature second)) / d mean and sigma of evaluate()'s gradient and
  // curvature, added: the prior's part of newton_product.h. With e = (u - mean) / sigma and its
  // slopes a, b along the two directions the product is sum_k a_k (e_k + b_k) + const.
  PROPNP_HOST_DEVICE void newton_product_vjp(const Vec3<S>& t, const Vec3<S>& first,
                                             const Vec3<S>& second, S* mean_gradient,
                                             S* sigma_gradient) const {
    using std::log;
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

PROPNP_MATH_END

#endif  // PROPNP_MATH_PRIOR_H_
