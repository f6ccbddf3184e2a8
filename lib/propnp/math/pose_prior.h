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

#include "propnp/math/cholesky.h"
#include "propnp/math/gnomonic.h"
#include "propnp/math/translation_prior.h"

PROPNP_MATH_BEGIN

template <typename S>
struct PosePrior {
  S mean[7];          // a pose, four numbers of it with 4DoF
  S whitener[6 * 6];  // W, lower triangular and row-major, with W^T W = Sigma^-1
  S log_constant;     // -log p at the mean

  // `covariance` row-major in the tangent. False if it is not symmetric, not positive, or a
  // rotation has a standard deviation of a radian or more in some direction (6DoF).
  template <typename Dof>
  PROPNP_HOST_DEVICE bool set(const Dof&, const S* mean_pose, const double* covariance) {
    constexpr int kD = Dof::kTangent;
    constexpr double kHalfLogTwoPi = 0.918938533204672742, kRootHalf = 0.707106781186547524;
    constexpr double kPi = 3.14159265358979323846;
    for (int k = 0; k < Dof::kStorage; ++k) mean[k] = mean_pose[k];
    Cholesky<kD, double> cholesky;
    if (!is_symmetric<kD>(covariance) || !cholesky.factorize(covariance)) return false;
    for (int j = 0; j < kD; ++j) {
      double column[kD] = {};
      column[j] = 1;
      cholesky.solve_lower(column, column);
      for (int i = 0; i < kD; ++i) whitener[kD * i + j] = static_cast<S>(column[i]);
    }
    double sum = kD * kHalfLogTwoPi + 0.5 * cholesky.log_determinant();
    if (kD == 4) sum += log(std::erf(kPi * kRootHalf / sqrt(covariance[15])));
    log_constant = static_cast<S>(sum);
    return sum - sum == 0 && (kD == 4 || has_its_peak_at_the_mean(covariance));
  }

  template <typename Dof>
  PROPNP_HOST_DEVICE S cost(const Dof& dof, const S* pose) const {
    S delta[Dof::kTangent], white[Dof::kTangent];
    step_from_mean(dof, pose, delta);
    whiten<Dof::kTangent>(delta, white);
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
    whiten<kD>(delta, white);
    for (int j = 0; j < kD; ++j) {
      S moved[kD];
      moved_step(dof, delta, S(1), j, moved);
      whiten<kD>(moved, columns[j]);
    }
    for (int i = 0; i < kD; ++i) {
      value->gradient[i] -= volume_gradient(dof, delta, i);
      for (int k = 0; k < kD; ++k) value->gradient[i] += columns[i][k] * white[k];
      for (int j = 0; j < kD; ++j) {
        for (int k = 0; k < kD; ++k) value->curvature[kD * i + j] += columns[i][k] * columns[j][k];
      }
    }
  }

  // d cost / d mean, in the tangent of the mean.
  template <typename Dof>
  PROPNP_HOST_DEVICE void parameter_gradient(const Dof& dof, const S* pose, S* to_mean) const {
    constexpr int kD = Dof::kTangent;
    S delta[kD], white[kD], moved[kD];
    step_from_mean(dof, pose, delta);
    whiten<kD>(delta, white);
    for (int i = 0; i < kD; ++i) {
      // Moving the mean is moving the pose back, on the other side.
      moved_step(dof, delta, S(-1), i, moved);
      whiten<kD>(moved, moved);
      to_mean[i] = volume_gradient(dof, delta, i);
      for (int k = 0; k < kD; ++k) to_mean[i] -= moved[k] * white[k];
    }
  }

 private:
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

  // y = W x; `y` may be `x`.
  template <int kD>
  PROPNP_HOST_DEVICE void whiten(const S* x, S* y) const {
    for (int i = kD - 1; i >= 0; --i) {
      S sum = S(0);
      for (int k = 0; k <= i; ++k) sum += whitener[kD * i + k] * x[k];
      y[i] = sum;
    }
  }

  template <int kD>
  static PROPNP_HOST_DEVICE bool is_symmetric(const double* a) {
    constexpr double kRounding = 1e-5;  // of floats
    for (int i = 0; i < kD; ++i) {
      for (int j = 0; j < i; ++j) {
        const double allowed = kRounding * sqrt(a[i * (kD + 1)] * a[j * (kD + 1)]);
        if (!(std::fabs(a[i * kD + j] - a[j * kD + i]) <= allowed)) return false;
      }
    }
    return true;
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
