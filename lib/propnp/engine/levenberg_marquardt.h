// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// math/levenberg_marquardt.h for a packed object and the caller's options.
#ifndef PROPNP_ENGINE_LEVENBERG_MARQUARDT_H_
#define PROPNP_ENGINE_LEVENBERG_MARQUARDT_H_

#include "propnp/engine/args.h"
#include "propnp/engine/object_cost.h"
#include "propnp/math/levenberg_marquardt.h"

namespace propnp {

PROPNP_HOST_DEVICE inline StepControl StepControlOf(const propnp_solve_options& o) {
  return {o.method == PROPNP_METHOD_LEVENBERG_MARQUARDT,
          o.tolerance,
          o.initial_radius,
          o.max_radius,
          o.min_diagonal,
          o.max_diagonal,
          o.min_relative_decrease,
          o.epsilon};
}

template <int kDof, typename T>
T SquaredNewtonDecrement(const NormalEquations<kDof, T>& equations) {
  return squared_newton_decrement(equations);
}

template <int kDof, typename T>
class LevenbergMarquardt {
 public:
  LevenbergMarquardt(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options)
      : refinement_(cost, StepControlOf(options)) {}

  // Moves `pose` towards the minimum in at most `max_iterations` steps.
  RefineOutcome Refine(int max_iterations, T* pose) {
    return refinement_.refine(max_iterations, pose);
  }
  // Also ends where has_arrived(pose) after a step.
  template <typename HasArrived>
  RefineOutcome Refine(int max_iterations, T* pose, const HasArrived& has_arrived) {
    return refinement_.refine(max_iterations, pose, has_arrived);
  }

 private:
  DampedRefinement<ObjectCost<kDof, T>> refinement_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_LEVENBERG_MARQUARDT_H_
