// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Mean and covariance of weighted poses.
//
// Coordinates are steps from one pose to another, (dt, phi) with the rotation vector phi of R_to
// R_from^-1 (4DoF: the yaw's difference within half a turn). To second order a step is the
// project's tangent (pose.h), and the covariance means the same; but where the Cayley tangent runs
// to infinity at half a turn, so that no distribution with mass there has a variance in it, a
// rotation vector is at most pi long.
#ifndef PROPNP_MATH_POSE_MOMENTS_H_
#define PROPNP_MATH_POSE_MOMENTS_H_

#include "propnp/math/pose.h"
#include "propnp/math/tangent.h"

PROPNP_MATH_BEGIN

namespace pose_moments_detail {

PROPNP_HOST_DEVICE inline void rotation_step(const SixDof<double>&, const double* from,
                                             const double* to, double* step) {
  const Vec3<double> phi = rotation_vector_from_quaternion(
      Quaternion<double>{to[3], to[4], to[5], to[6]} *
      conjugate(Quaternion<double>{from[3], from[4], from[5], from[6]}));
  step[3] = phi.x, step[4] = phi.y, step[5] = phi.z;
}
PROPNP_HOST_DEVICE inline void rotation_step(const FourDof<double>&, const double* from,
                                             const double* to, double* step) {
  step[3] = std::remainder(to[3] - from[3], 6.28318530717958647693);
}

// The retraction's tangent of a step.
PROPNP_HOST_DEVICE inline void to_tangent(const SixDof<double>&, double* step) {
  const Vec3<double> theta = cayley_from_rotation_vector(Vec3<double>{step[3], step[4], step[5]});
  step[3] = theta.x, step[4] = theta.y, step[5] = theta.z;
}
PROPNP_HOST_DEVICE inline void to_tangent(const FourDof<double>&, double*) {}

}  // namespace pose_moments_detail

// The step that leads from one pose to another, kTangent numbers.
template <typename Dof>
PROPNP_HOST_DEVICE void step_between(const Dof& dof, const double* from, const double* to,
                                     double* step) {
  for (int i = 0; i < 3; ++i) step[i] = to[i] - from[i];
  pose_moments_detail::rotation_step(dof, from, to, step);
}

// The length of a step's rotation.
PROPNP_HOST_DEVICE inline double angle_between(const SixDof<double>& dof, const double* from,
                                               const double* to) {
  double step[6];
  step_between(dof, from, to, step);
  return std::sqrt(step[3] * step[3] + step[4] * step[4] + step[5] * step[5]);
}
PROPNP_HOST_DEVICE inline double angle_between(const FourDof<double>& dof, const double* from,
                                               const double* to) {
  double step[4];
  step_between(dof, from, to, step);
  return std::fabs(step[3]);
}

// Sums over steps: of themselves and of their products, row by row of the lower triangle.
template <typename Dof>
struct StepSums {
  static constexpr int kD = Dof::kTangent;
  double step[kD], product[kD * (kD + 1) / 2];

  // Adds the step from `mean` to a pose.
  PROPNP_HOST_DEVICE void add(const Dof& dof, const double* mean, const double* pose,
                              double weight) {
    double s[kD];
    step_between(dof, mean, pose, s);
    for (int i = 0, k = 0; i < kD; ++i) {
      step[i] += weight * s[i];
      for (int j = 0; j <= i; ++j) product[k++] += weight * s[i] * s[j];
    }
  }

  // Whether every coordinate of the mean step is within rounding of zero, measured by its spread.
  PROPNP_HOST_DEVICE bool are_centred(const double* mean) const {
    constexpr double kTolerance = 1e-6;  // standard deviations
    constexpr double kRounding = 1e-14;
    for (int i = 0; i < kD; ++i) {
      const double spread = std::sqrt(product[i * (i + 3) / 2]);
      const double rounding = kRounding * (i < 3 ? std::fabs(mean[i]) : 1);
      if (!(std::fabs(step[i]) <= kTolerance * spread + rounding)) return false;
    }
    return true;
  }
};

template <typename Dof>
struct PoseMoments {
  double mean[7];                                    // a pose
  double covariance[Dof::kTangent * Dof::kTangent];  // of the steps from `mean`, row-major
};

// The mean is the pose from which the weighted mean of the steps to all samples vanishes (H.
// Karcher, 1977), found from `start`: the one that belongs to the mode whose pose `start` is, where
// there are several. sum_steps(mean, sums) fills in the weighted sums over all samples, the weights
// of sum one.
template <typename Dof, typename SumSteps>
PROPNP_HOST_DEVICE void compute_moments(const Dof& dof, const double* start,
                                        const SumSteps& sum_steps, PoseMoments<Dof>* moments) {
  constexpr int kD = Dof::kTangent;
  constexpr int kIterations = 32;
  for (int i = 0; i < Dof::kStorage; ++i) moments->mean[i] = start[i];
  StepSums<Dof> sums;
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    sums = {};
    sum_steps(moments->mean, &sums);
    if (sums.are_centred(moments->mean)) break;
    pose_moments_detail::to_tangent(dof, sums.step);
    dof.retract(moments->mean, sums.step, moments->mean);
  }
  for (int i = 0, k = 0; i < kD; ++i) {
    for (int j = 0; j <= i; ++j, ++k) {
      moments->covariance[i * kD + j] = moments->covariance[j * kD + i] = sums.product[k];
    }
  }
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_POSE_MOMENTS_H_
