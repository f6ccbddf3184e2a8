// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A Gaussian prior of the pose, normalised with respect to dt dtheta (pose.h), from a mean and a
// covariance Sigma in the tangent of the mean:
//
//   6DoF  p = N(delta; 0, Sigma) (1 + |delta_theta / 2|^2)^2,           pose = mean (+) delta
//   4DoF  p = N(delta; 0, Sigma) / erf(pi / (sqrt 2 sigma_yaw)),        delta_yaw within half a
//   turn
//
// The factor is the determinant of d(delta_theta) / dtheta (gnomonic.h). Where a rotation's
// standard deviation exceeds one radian it takes the peak away from the mean and towards half a
// turn, which nobody means who writes down such a Sigma: set() refuses it.
#ifndef PROPNP_MATH_POSE_PRIOR_H_
#define PROPNP_MATH_POSE_PRIOR_H_

#include "propnp/math/gaussian.h"
#include "propnp/math/gnomonic.h"
#include "propnp/math/translation_prior.h"

PROPNP_MATH_BEGIN

template <typename S>
struct PosePrior {
  S mean[7];          // a pose, four numbers of it with 4DoF
  S whitener[6 * 6];  // gaussian.h
  S log_constant;     // -log p at the mean
  S yaw_variance;     // 4DoF

  // `covariance` row-major in the tangent. False if it is not symmetric, not positive, or a
  // rotation has a standard deviation of a radian or more in some direction (6DoF).
  template <typename Dof>
  PROPNP_HOST_DEVICE bool set(const Dof&, const S* mean_pose, const double* covariance) {
    constexpr int kD = Dof::kTangent;
    for (int k = 0; k < Dof::kStorage; ++k) mean[k] = mean_pose[k];
    double sum = 0;
    if (!whitener_from_covariance<kD>(covariance, whitener, &sum)) return false;
    yaw_variance = kD == 4 ? static_cast<S>(covariance[15]) : S(0);
    if (kD == 4) sum += log(std::erf(kPiByRootTwo / sqrt(covariance[15])));
    log_constant = static_cast<S>(sum);
    return sum - sum == 0 && (kD == 4 || has_its_peak_at_the_mean(covariance));
  }

  // 4DoF: what a correlated yaw has left at half a turn is not the same from both sides. Beyond
  // five standard deviations that is below 4e-6 of the peak.
  PROPNP_HOST_DEVICE bool jumps_at_half_a_turn() const {
    const S half_turn = constant<S>(3.14159265358979323846);
    return S(25) * yaw_variance > half_turn * half_turn;
  }

  template <typename Dof>
  PROPNP_HOST_DEVICE S cost(const Dof& dof, const S* pose) const {
    S delta[Dof::kTangent], white[Dof::kTangent];
    step_from_mean(dof, pose, delta);
    whiten<Dof::kTangent>(whitener, delta, white);
    S sum = log_constant - log_volume_factor(dof, delta);
    for (const S& y : white) sum += constant<S>(0.5) * y * y;
    return sum;
  }

  template <typename Dof>
  PROPNP_HOST_DEVICE void add_derivatives(const Dof& dof, const S* pose,
                                          PriorValue<Dof::kTangent, S>* value) const {
    constexpr int kD = Dof::kTangent;
    S delta[kD], white[kD], columns[kD][kD];  // columns of W J
    step_from_mean(dof, pose, delta);
    whiten<kD>(whitener, delta, white);
    for (int j = 0; j < kD; ++j) {
      S moved[kD];
      moved_step(dof, delta, S(1), j, moved);
      whiten<kD>(whitener, moved, columns[j]);
    }
    for (int i = 0; i < kD; ++i) {
      value->gradient[i] -= volume_gradient(dof, delta, i);
      for (int k = 0; k < kD; ++k) value->gradient[i] += columns[i][k] * white[k];
      for (int j = 0; j < kD; ++j) {
        for (int k = 0; k < kD; ++k) value->curvature[kD * i + j] += columns[i][k] * columns[j][k];
      }
    }
  }

  // The whole second derivative of the cost in the chart of the retraction at the pose, where
  // add_derivatives() has that of the squares alone (row-major).
  template <typename Dof>
  PROPNP_HOST_DEVICE void hessian(const Dof& dof, const S* pose, S* result) const {
    constexpr int kD = Dof::kTangent;
    PriorValue<kD, S> value{};
    add_derivatives(dof, pose, &value);
    for (int k = 0; k < kD * kD; ++k) result[k] = value.curvature[k];
    S delta[kD], force[kD];
    step_from_mean(dof, pose, delta);
    // Less the volume factor's part, the gradient is the force along the moved steps.
    for (int i = 0; i < kD; ++i) force[i] = value.gradient[i] + volume_gradient(dof, delta, i);
    add_rotation_curvature(dof, delta, force, result);
  }

  // Adds d (cotangent * cost) / d mean, in the tangent of the mean, and covariance.
  template <typename Dof>
  PROPNP_HOST_DEVICE void add_parameter_gradient(const Dof& dof, const S* pose, const S& cotangent,
                                                 S* to_mean, S* to_covariance) const {
    constexpr int kD = Dof::kTangent;
    S delta[kD], pull[kD];
    step_from_mean(dof, pose, delta);
    precision_times<kD>(whitener, delta, pull);
    for (int i = 0; i < kD; ++i) {
      S moved[kD];
      // Moving the mean is moving the pose back, on the other side.
      moved_step(dof, delta, S(-1), i, moved);
      S slope = volume_gradient(dof, delta, i);
      for (int k = 0; k < kD; ++k) slope -= moved[k] * pull[k];
      to_mean[i] += cotangent * slope;
    }
    add_covariance_gradient<kD>(whitener, pull, cotangent, to_covariance);
    if (kD == 4) to_covariance[15] += cotangent * truncation_gradient();
  }

  // Adds d (first . (gradient + curvature second)) / d mean and covariance of add_derivatives()'
  // gradient and curvature. With J the derivative of delta by a step of the pose, which depends on
  // delta, the product is (J first)^T Sigma^-1 (delta + J second) - first . (volume's gradient).
  template <typename Dof>
  PROPNP_HOST_DEVICE void newton_product_vjp(const Dof& dof, const S* pose, const S* first,
                                             const S* second, S* to_mean, S* to_covariance) const {
    constexpr int kD = Dof::kTangent;
    S delta[kD], a[kD], c[kD];
    step_from_mean(dof, pose, delta);
    moved_along(dof, delta, first, a);
    moved_along(dof, delta, second, c);
    for (int k = 0; k < kD; ++k) c[k] += delta[k];
    precision_times<kD>(whitener, a, a);
    precision_times<kD>(whitener, c, c);
    for (int i = 0; i < kD; ++i) {
      S by_mean[kD], of_first[kD], of_second[kD], sum = S(0);
      moved_step(dof, delta, S(-1), i, by_mean);
      for (S& b : by_mean) b = -b;
      change_of_moved(dof, delta, first, by_mean, of_first);
      change_of_moved(dof, delta, second, by_mean, of_second);
      for (int k = 0; k < kD; ++k) {
        sum += of_first[k] * c[k] + a[k] * (by_mean[k] + of_second[k]) -
               first[k] * volume_gradient(dof, by_mean, k);
      }
      to_mean[i] += sum;
    }
    add_product_covariance_gradient<kD>(a, c, to_covariance);
  }

 private:
  static constexpr double kPiByRootTwo = 2.22144146907918312;

  // delta with pose = mean (+) delta; a rotation by half a turn is far away, but not infinitely.
  PROPNP_HOST_DEVICE void step_from_mean(const SixDof<S>& dof, const S* pose, S* delta) const {
    gnomonic_from_pose(dof, mean, pose, delta);
    for (int i = 3; i < 6; ++i) delta[i] = S(2) * delta[i];
  }
  PROPNP_HOST_DEVICE void step_from_mean(const FourDof<S>&, const S* pose, S* delta) const {
    const S difference = pose[3] - mean[3];
    for (int i = 0; i < 3; ++i) delta[i] = pose[i] - mean[i];
    delta[3] = atan2(sin(difference), cos(difference));
  }

  // log (1 + |delta_theta / 2|^2)^2, and its derivative by a rotation of the pose: delta_theta.
  static PROPNP_HOST_DEVICE S log_volume_factor(const SixDof<S>&, const S* delta) {
    const S squared = delta[3] * delta[3] + delta[4] * delta[4] + delta[5] * delta[5];
    return S(2) * log1p(constant<S>(0.25) * squared);
  }
  static PROPNP_HOST_DEVICE S log_volume_factor(const FourDof<S>&, const S*) { return S(0); }
  static PROPNP_HOST_DEVICE S volume_gradient(const SixDof<S>&, const S* delta, int i) {
    return i < 3 ? S(0) : delta[i];
  }
  static PROPNP_HOST_DEVICE S volume_gradient(const FourDof<S>&, const S*, int) { return S(0); }

  // d delta for a unit of the i-th tangent coordinate of the pose (side 1) or, with the sign
  // turned, of the mean (side -1): d theta = eps + side (eps x theta) / 2 + theta (theta . eps)
  // / 4.
  static PROPNP_HOST_DEVICE void moved_step(const SixDof<S>&, const S* delta, const S& side, int i,
                                            S* moved) {
    for (int k = 0; k < 6; ++k) moved[k] = S(k == i ? 1 : 0);
    if (i < 3) return;
    const Vec3<S> theta{delta[3], delta[4], delta[5]}, eps{moved[3], moved[4], moved[5]};
    const Vec3<S> d = eps + (constant<S>(0.5) * side) * cross(eps, theta) +
                      (constant<S>(0.25) * dot(theta, eps)) * theta;
    moved[3] = d.x, moved[4] = d.y, moved[5] = d.z;
  }
  static PROPNP_HOST_DEVICE void moved_step(const FourDof<S>&, const S*, const S&, int i,
                                            S* moved) {
    for (int k = 0; k < 4; ++k) moved[k] = S(k == i ? 1 : 0);
  }

  // J v: what a step v of the pose changes delta by, to first order.
  template <typename Dof>
  static PROPNP_HOST_DEVICE void moved_along(const Dof& dof, const S* delta, const S* v,
                                             S* result) {
    constexpr int kD = Dof::kTangent;
    for (int k = 0; k < kD; ++k) result[k] = S(0);
    for (int i = 0; i < kD; ++i) {
      S column[kD];
      moved_step(dof, delta, S(1), i, column);
      for (int k = 0; k < kD; ++k) result[k] += column[k] * v[i];
    }
  }

  // The change of J v where delta changes by `by`.
  static PROPNP_HOST_DEVICE void change_of_moved(const SixDof<S>&, const S* delta, const S* v,
                                                 const S* by, S* result) {
    const Vec3<S> theta{delta[3], delta[4], delta[5]}, e{v[3], v[4], v[5]}, b{by[3], by[4], by[5]};
    const S half = constant<S>(0.5), quarter = constant<S>(0.25);
    const Vec3<S> d =
        half * cross(e, b) + (quarter * dot(theta, e)) * b + (quarter * dot(b, e)) * theta;
    result[0] = result[1] = result[2] = S(0);
    result[3] = d.x, result[4] = d.y, result[5] = d.z;
  }
  static PROPNP_HOST_DEVICE void change_of_moved(const FourDof<S>&, const S*, const S*, const S*,
                                                 S* result) {
    for (int k = 0; k < 4; ++k) result[k] = S(0);
  }

  // A step eps turns theta into (J eps + theta) (1 + s + s^2 ..), s = theta . eps / 4, up to what
  // is of higher order, and adds |eps|^2 / 2 - 4 log(1 - s) to the logarithm of the volume factor.
  static PROPNP_HOST_DEVICE void add_rotation_curvature(const SixDof<S>&, const S* delta,
                                                        const S* force, S* result) {
    const S quarter = constant<S>(0.25);
    for (int i = 3; i < 6; ++i) {
      result[7 * i] -= S(1);
      for (int j = 3; j < 6; ++j) {
        result[6 * i + j] +=
            quarter * (delta[i] * force[j] + force[i] * delta[j] - delta[i] * delta[j]);
      }
    }
  }
  static PROPNP_HOST_DEVICE void add_rotation_curvature(const FourDof<S>&, const S*, const S*, S*) {
  }

  // d log erf(pi / (sqrt 2 sigma_yaw)) / d sigma_yaw^2.
  PROPNP_HOST_DEVICE S truncation_gradient() const {
    const S end = constant<S>(kPiByRootTwo) / sqrt(yaw_variance);
    const S root_pi = constant<S>(1.77245385090551603);
    return -end * exp(-end * end) / (root_pi * std::erf(end) * yaw_variance);
  }

  // The Hessian there is Sigma^-1 less the identity of the rotation, positive where all variances
  // of rotations are below one.
  static PROPNP_HOST_DEVICE bool has_its_peak_at_the_mean(const double* covariance) {
    double rest[9];
    for (int i = 0; i < 9; ++i) {
      rest[i] = (i % 4 == 0 ? 1 : 0) - covariance[(3 + i / 3) * 6 + 3 + i % 3];
    }
    return Cholesky<3, double>().factorize(rest);
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_POSE_PRIOR_H_
