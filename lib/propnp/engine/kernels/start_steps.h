// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The steps of math/levenberg_marquardt.h with a start in each lane and masks for branches, in the
// tangent at the pivot.
#ifndef PROPNP_ENGINE_KERNELS_START_STEPS_H_
#define PROPNP_ENGINE_KERNELS_START_STEPS_H_

#include "propnp/engine/kernels/lanes.h"
#include "propnp/engine/kernels/start_kernels.h"
#include "propnp/math/pose.h"

PROPNP_MATH_BEGIN

template <int kDof, typename L>
struct StartEquations {
  static constexpr int kTriangle = kDof * (kDof + 1) / 2;
  L curvature[kTriangle];  // lower triangle, row by row
  L gradient[kDof];
  L cost;

  PROPNP_INLINE void clear() {
    cost = constant<L>(0);
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) {
      gradient[i] = cost;
      PROPNP_UNROLL
      for (int j = 0; j <= i; ++j) curvature[i * (i + 1) / 2 + j] = cost;
    }
  }
};

template <typename L>
struct StartLanesPose {
  Vec3<L> position;
  Quaternion<L> rotation;
  L yaw;
};

// A damped step, and by how much the quadratic model says that the cost falls.
template <int kDof, typename L>
struct DampedStep {
  L step[kDof];
  L predicted;
  MaskOf<L> solved;  // the damped matrix is positive
};

// (H + D) step = -g by H + D = L diag(d) L^T: no root, and so less to wait for.
template <int kDof, typename L>
PROPNP_INLINE void solve_damped(const StartEquations<kDof, L>& e, const L* damping,
                                DampedStep<kDof, L>* result) {
  const L zero = constant<L>(0);
  L unit[kDof][kDof], scaled[kDof][kDof], inverse[kDof];  // L, L diag(d), 1 / d
  result->solved = zero < constant<L>(1);
  PROPNP_UNROLL
  for (int j = 0; j < kDof; ++j) {
    PROPNP_UNROLL
    for (int i = j; i < kDof; ++i) {
      L sum = e.curvature[i * (i + 1) / 2 + j];
      if (i == j) sum = sum + damping[j];
      PROPNP_UNROLL
      for (int k = 0; k < j; ++k) sum = sum - unit[i][k] * scaled[j][k];
      scaled[i][j] = sum;
      if (i == j) {
        result->solved = result->solved & (zero < sum);
        inverse[j] = reciprocal(sum);
      } else {
        unit[i][j] = sum * inverse[j];
      }
    }
  }
  L* const x = result->step;
  PROPNP_UNROLL
  for (int i = 0; i < kDof; ++i) {
    x[i] = -e.gradient[i];
    PROPNP_UNROLL
    for (int k = 0; k < i; ++k) x[i] = x[i] - unit[i][k] * x[k];
  }
  PROPNP_UNROLL
  for (int i = kDof - 1; i >= 0; --i) {
    x[i] = x[i] * inverse[i];
    PROPNP_UNROLL
    for (int k = i + 1; k < kDof; ++k) x[i] = x[i] - unit[k][i] * x[k];
  }
  // -(g^T x + x^T H x / 2), in which H x = -(g + D x).
  L twice = zero;
  PROPNP_UNROLL
  for (int i = 0; i < kDof; ++i) twice = twice + x[i] * (damping[i] * x[i] - e.gradient[i]);
  result->predicted = constant<L>(0.5) * twice;
}

// One register of starts, on a cost that is any class with
//   cost(pose)                 of each start
//   evaluate(pose, equations*) StartEquations
template <int kDof, typename L, typename Cost>
class StartRefiner {
  using Equations = StartEquations<kDof, L>;
  using Pose = StartLanesPose<L>;
  using Mask = MaskOf<L>;

 public:
  PROPNP_INLINE StartRefiner(const Cost& cost, const Vec3<L>& axis, const StartDamping& damping)
      : cost_(cost), axis_(axis), damping_(damping) {}

  // Returns the cost over the starts' points.
  L refine(int iterations, Pose* pose) const {
    Equations current, trial;
    cost_.evaluate(*pose, &current);
    L inverse_radius(1 / damping_.initial_radius), shrink(2.0f);
    for (int left = iterations; left > 0; --left) {
      L damping[kDof];
      fill_damping(current, inverse_radius, damping);
      DampedStep<kDof, L> step;
      solve_damped(current, damping, &step);
      const Pose moved = retract(*pose, step.step);
      // Nobody asks for the derivatives at the end.
      if (left > 1) {
        cost_.evaluate(moved, &trial);
      } else {
        trial.cost = cost_.cost(moved);
      }
      const L ratio = (current.cost - trial.cost) / step.predicted;
      const Mask accepted = step.solved & (L(0.0f) < step.predicted) &
                            !(ratio < L(damping_.min_relative_decrease)) &
                            !(current.cost < trial.cost);
      *pose = select_pose(accepted, moved, *pose);
      if (left == 1) return select(accepted, trial.cost, current.cost);
      update_radius(accepted, ratio, &inverse_radius, &shrink);
      accept(accepted, trial, &current);
    }
    return current.cost;
  }

 private:
  PROPNP_INLINE void fill_damping(const Equations& e, const L& inverse_radius, L* damping) const {
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) {
      // Half the angle means four times the curvature, and a quarter of the damping in return.
      const float factor = kDof == 6 && i >= 3 ? 4.0f : 1.0f;
      damping[i] =
          L(1 / factor) * damping_of(L(factor) * e.curvature[i * (i + 1) / 2 + i], inverse_radius);
    }
  }

  PROPNP_INLINE L damping_of(const L& diagonal, const L& inverse_radius) const {
    const L one(1.0f);
    const L floor = select(L(0.0f) < diagonal, min(diagonal, one), one);
    const L clamped =
        max(floor * L(damping_.min_diagonal), min(diagonal, L(damping_.max_diagonal)));
    return clamped * inverse_radius + floor * L(damping_.epsilon);
  }

  PROPNP_INLINE Pose retract(const Pose& pose, const L* step) const {
    const Vec3<L> position = pose.position + Vec3<L>{step[0], step[1], step[2]};
    Quaternion<L> turn;
    L yaw = pose.yaw;
    if constexpr (kDof == 6) {
      const L half(0.5f);
      turn = {L(1.0f), half * step[3], half * step[4], half * step[5]};
    } else {
      // Sines of very many turns are not exact.
      const L many(1000.0f), angle = min(max(step[3], -many), many), half = L(0.5f) * angle;
      const L sine = sin(half);
      turn = {cos(half), sine * axis_.x, sine * axis_.y, sine * axis_.z};
      yaw = yaw + angle;
    }
    const Quaternion<L> q = turn * pose.rotation;
    const L scale = reciprocal_sqrt(squared_norm(q));
    return {position, {scale * q.w, scale * q.x, scale * q.y, scale * q.z}, yaw};
  }

  PROPNP_INLINE void update_radius(const Mask& accepted, const L& ratio, L* inverse_radius,
                                   L* shrink) const {
    const L u = L(2.0f) * ratio - L(1.0f);
    const L divisor = select(accepted, max(L(1.0f / 3), L(1.0f) - u * u * u), *shrink);
    *inverse_radius =
        min(max(*inverse_radius * divisor, L(1 / damping_.max_radius)), L(1 / damping_.epsilon));
    *shrink = select(accepted, L(2.0f), L(2.0f) * *shrink);
  }

  PROPNP_INLINE static Pose select_pose(const Mask& m, const Pose& a, const Pose& b) {
    return {{select(m, a.position.x, b.position.x), select(m, a.position.y, b.position.y),
             select(m, a.position.z, b.position.z)},
            {select(m, a.rotation.w, b.rotation.w), select(m, a.rotation.x, b.rotation.x),
             select(m, a.rotation.y, b.rotation.y), select(m, a.rotation.z, b.rotation.z)},
            select(m, a.yaw, b.yaw)};
  }

  PROPNP_INLINE static void accept(const Mask& m, const Equations& trial, Equations* current) {
    for (int i = 0; i < Equations::kTriangle; ++i) {
      current->curvature[i] = select(m, trial.curvature[i], current->curvature[i]);
    }
    for (int i = 0; i < kDof; ++i) {
      current->gradient[i] = select(m, trial.gradient[i], current->gradient[i]);
    }
    current->cost = select(m, trial.cost, current->cost);
  }

  const Cost& cost_;
  const Vec3<L> axis_;
  const StartDamping& damping_;
};

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_START_STEPS_H_
