// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The prior of a pose: one of the densities of translation_prior.h and pose_prior.h, or none. A
// prior makes the posterior proper: without one, mass runs away to infinite depth, where all points
// fall on one pixel and the cost stays bounded.
#ifndef PROPNP_MATH_PRIOR_H_
#define PROPNP_MATH_PRIOR_H_

#include "propnp/math/pose_prior.h"
#include "propnp/math/translation_prior.h"

PROPNP_MATH_BEGIN

// The values of propnp_prior::kind, and none.
enum class PriorKind : int { kNone = -1, kLogDepth = 0, kDepthRange = 1, kPose = 2 };

// A gradient with respect to the numbers of a prior, those of its kind: of log depth the mean (3)
// and the covariance (3 x 3) or, where it came so, sigma; of a pose the mean, in its tangent, and
// the covariance (D x D). Symmetric, as gaussian.h says.
template <typename S>
struct PriorGradient {
  S mean[6];
  S covariance[36];
  S sigma[3];
};

// The prior of one object: the member that `kind` names is filled in.
template <typename S>
struct PriorDensity {
  PriorKind kind = PriorKind::kNone;
  LogDepthPrior<S> log_depth;
  DepthRangePrior<S> depth_range;
  PosePrior<S> pose;

  PROPNP_HOST_DEVICE bool active() const { return kind != PriorKind::kNone; }

  // Whether p jumps somewhere where it matters: then the divergence of a field times p does not
  // integrate to zero (stein.h).
  template <typename Dof>
  PROPNP_HOST_DEVICE bool jumps(const Dof&) const {
    return kind == PriorKind::kDepthRange ||
           (kind == PriorKind::kPose && Dof::kTangent == 4 && pose.jumps_at_half_a_turn());
  }

  // -log p; infinite where p is zero.
  template <typename Dof>
  PROPNP_HOST_DEVICE S cost(const Dof& dof, const S* at) const {
    const Vec3<S> t{at[0], at[1], at[2]};
    switch (kind) {
      case PriorKind::kLogDepth:
        return log_depth.cost(t);
      case PriorKind::kDepthRange:
        return depth_range.cost(t);
      case PriorKind::kPose:
        return pose.cost(dof, at);
      default:
        return S(0);
    }
  }

  template <typename Dof>
  PROPNP_HOST_DEVICE PriorValue<Dof::kTangent, S> evaluate(const Dof& dof, const S* at) const {
    PriorValue<Dof::kTangent, S> value{};
    value.cost = cost(dof, at);
    if (kind == PriorKind::kLogDepth) {
      log_depth.add_derivatives({at[0], at[1], at[2]}, &value);
    } else if (kind == PriorKind::kPose) {
      pose.add_derivatives(dof, at, &value);
    }
    return value;
  }

  // The whole second derivative of the cost in the chart of the retraction at the pose, where
  // evaluate() has that of the squares alone (row-major).
  template <typename Dof>
  PROPNP_HOST_DEVICE void hessian(const Dof& dof, const S* at, S* result) const {
    constexpr int kD = Dof::kTangent;
    for (int k = 0; k < kD * kD; ++k) result[k] = S(0);
    if (kind == PriorKind::kPose) pose.hessian(dof, at, result);
    if (kind != PriorKind::kLogDepth) return;
    S of_translation[9];
    log_depth.hessian({at[0], at[1], at[2]}, of_translation);
    for (int k = 0; k < 9; ++k) result[k / 3 * kD + k % 3] = of_translation[k];
  }

  // Adds d (cotangent * cost) / d numbers of the prior. The bounds of a range are not among them:
  // where they are, the cost jumps.
  template <typename Dof>
  PROPNP_HOST_DEVICE void add_parameter_gradient(const Dof& dof, const S* at, const S& cotangent,
                                                 PriorGradient<S>* gradient) const {
    if (kind == PriorKind::kPose) {
      pose.add_parameter_gradient(dof, at, cotangent, gradient->mean, gradient->covariance);
    } else if (kind == PriorKind::kLogDepth) {
      S covariance[9] = {};
      log_depth.add_parameter_gradient({at[0], at[1], at[2]}, cotangent, gradient->mean,
                                       covariance);
      add_log_depth_covariance(covariance, gradient);
    }
  }

  // Adds d (first . (gradient + curvature second)) / d numbers of the prior of what evaluate() has,
  // `first` and `second` tangent vectors at the pose.
  template <typename Dof>
  PROPNP_HOST_DEVICE void newton_product_vjp(const Dof& dof, const S* at, const S* first,
                                             const S* second, PriorGradient<S>* gradient) const {
    if (kind == PriorKind::kPose) {
      pose.newton_product_vjp(dof, at, first, second, gradient->mean, gradient->covariance);
    } else if (kind == PriorKind::kLogDepth) {
      S covariance[9] = {};
      log_depth.newton_product_vjp({at[0], at[1], at[2]}, {first[0], first[1], first[2]},
                                   {second[0], second[1], second[2]}, gradient->mean, covariance);
      add_log_depth_covariance(covariance, gradient);
    }
  }

  // Moves a pose from where the density is zero to where it is positive.
  PROPNP_HOST_DEVICE void move_inside(S* at) const {
    const Vec3<S> t{at[0], at[1], at[2]};
    Vec3<S> moved = t;
    if (kind == PriorKind::kDepthRange) moved = depth_range.moved_inside(t);
    if (kind == PriorKind::kLogDepth) moved = log_depth.moved_inside(t);
    at[0] = moved.x, at[1] = moved.y, at[2] = moved.z;
  }

 private:
  PROPNP_HOST_DEVICE void add_log_depth_covariance(const S* covariance,
                                                   PriorGradient<S>* gradient) const {
    for (int k = 0; k < 9; ++k) gradient->covariance[k] += covariance[k];
    log_depth.add_sigma_gradient(covariance, gradient->sigma);
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_PRIOR_H_
