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

// The prior of one object: the member that `kind` names is filled in.
template <typename S>
struct PriorDensity {
  PriorKind kind = PriorKind::kNone;
  LogDepthPrior<S> log_depth;
  DepthRangePrior<S> depth_range;
  PosePrior<S> pose;

  PROPNP_HOST_DEVICE bool active() const { return kind != PriorKind::kNone; }

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

  // Moves a pose from where the density is zero to where it is positive.
  PROPNP_HOST_DEVICE void move_inside(S* at) const {
    const Vec3<S> t{at[0], at[1], at[2]};
    Vec3<S> moved = t;
    if (kind == PriorKind::kDepthRange) moved = depth_range.moved_inside(t);
    if (kind == PriorKind::kLogDepth) moved = log_depth.moved_inside(t);
    at[0] = moved.x, at[1] = moved.y, at[2] = moved.z;
  }
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_PRIOR_H_
