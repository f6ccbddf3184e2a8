// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Refines one pose: Levenberg-Marquardt on the iteratively reweighted normal equations, or plain
// Gauss-Newton. Steps, damping and acceptance are those of the published EPro-PnP solver (Chen et
// al., CVPR 2022, after Ceres' trust region), so that a given number of iterations gives the same
// pose: the damping clamp(diagonal, min, max) / radius + epsilon is in the half-angle tangent,
// where the rotation entries of the diagonal are four times ours.
#ifndef PROPNP_ENGINE_LEVENBERG_MARQUARDT_H_
#define PROPNP_ENGINE_LEVENBERG_MARQUARDT_H_

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/args.h"
#include "propnp/engine/object_cost.h"
#include "propnp/math/cholesky.h"

namespace propnp {

struct RefineOutcome {
  double cost_before = 0, cost_after = 0;
  int iterations = 0;
  bool finite = true;  // the cost could be evaluated at the start
  bool converged = false;
};

// g^T H^-1 g, the squared distance to the minimum in standard deviations as the quadratic model
// sees it; infinite if H is not positive. A relative ridge far below rounding of the data lets
// directions that no point determines pass, along which the gradient is zero too.
template <int kDof, typename T>
T SquaredNewtonDecrement(const NormalEquations<kDof, T>& equations) {
  T ridged[kDof * kDof];
  std::copy(equations.curvature, equations.curvature + kDof * kDof, ridged);
  const T ridge = T(100) * std::numeric_limits<T>::epsilon();
  for (int i = 0; i < kDof; ++i) {
    ridged[i * (kDof + 1)] += ridge * ridged[i * (kDof + 1)] + std::numeric_limits<T>::min();
  }
  Cholesky<kDof, T> cholesky;
  if (!cholesky.factorize(ridged)) return std::numeric_limits<T>::infinity();
  T white[kDof], sum = 0;
  cholesky.solve_lower(equations.gradient, white);
  for (T w : white) sum += w * w;
  return sum;
}

template <int kDof, typename T>
class LevenbergMarquardt {
 public:
  LevenbergMarquardt(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options)
      : cost_(cost), options_(options) {
    double tolerance = options.tolerance;
    if (tolerance == 0) tolerance = sizeof(T) == sizeof(float) ? 1e-4 : 1e-9;
    squared_tolerance_ = static_cast<T>(tolerance < 0 ? -1 : tolerance * tolerance);
  }

  // Moves `pose` towards the minimum in at most `max_iterations` steps.
  RefineOutcome Refine(int max_iterations, T* pose) {
    const bool damped = options_.method == PROPNP_METHOD_LEVENBERG_MARQUARDT;
    clamped_rows_ = damped ? ClampedRows::kDrop : ClampedRows::kExact;
    cost_.Evaluate(pose, Curvature::kIrls, clamped_rows_, &current_);
    RefineOutcome outcome;
    outcome.cost_before = static_cast<double>(current_.cost);
    outcome.finite = std::isfinite(current_.cost);
    radius_ = static_cast<T>(options_.initial_radius);
    shrink_ = T(2);
    for (; outcome.finite && outcome.iterations < max_iterations; ++outcome.iterations) {
      T step[kDof];
      if (!Step(damped, step)) {
        Reject();
        continue;
      }
      if (IsConverged(step)) break;
      if (damped) {
        TryStep(step, pose);
      } else {
        TakeStep(step, pose);
      }
    }
    outcome.cost_after = static_cast<double>(current_.cost);
    const T loose(sizeof(T) == sizeof(float) ? 1e-2 : 1e-4);
    outcome.converged = outcome.finite && SquaredNewtonDecrement(current_) <= loose * loose;
    return outcome;
  }

 private:
  // step = -(H + damping)^-1 g.
  bool Step(bool damped, T* step) const {
    T matrix[kDof * kDof];
    std::copy(current_.curvature, current_.curvature + kDof * kDof, matrix);
    for (int i = 0; i < kDof; ++i) {
      // Half the angle means four times the curvature, and a quarter of the damping in return.
      const T factor = kDof == 6 && i >= 3 ? T(4) : T(1);
      T& diagonal = matrix[i * (kDof + 1)];
      diagonal += Damping(damped, factor * diagonal) / factor;
    }
    Cholesky<kDof, T> cholesky;
    if (!cholesky.factorize(matrix)) return false;
    cholesky.solve(current_.gradient, step);
    for (int i = 0; i < kDof; ++i) step[i] = -step[i];
    return true;
  }

  // The published damping of one entry of the diagonal. Its floors are absolute numbers of 1 /
  // unit^2; where the curvature itself is smaller (weak weights, or a small unit of length) they
  // would stop the solver, so there they shrink with it.
  T Damping(bool damped, T diagonal) const {
    const T floor = diagonal > T(0) ? std::min(diagonal, T(1)) : T(1);
    const T clamped = std::clamp(diagonal, floor * static_cast<T>(options_.min_diagonal),
                                 static_cast<T>(std::min(options_.max_diagonal, kLargest)));
    return (damped ? clamped / radius_ : T(0)) + floor * static_cast<T>(options_.epsilon);
  }

  // The damped step is cheap to look at and never longer than the free one; only when it is short
  // enough is the free one worth computing.
  bool IsConverged(const T* step) const {
    T decrement = 0;
    for (int i = 0; i < kDof; ++i) decrement -= step[i] * current_.gradient[i];
    return decrement <= squared_tolerance_ &&
           SquaredNewtonDecrement(current_) <= squared_tolerance_;
  }

  void TryStep(const T* step, T* pose) {
    T trial[7];
    cost_.dof().retract(pose, step, trial);
    cost_.Evaluate(trial, Curvature::kIrls, clamped_rows_, &trial_);
    const T predicted = PredictedDecrease(step);
    const T actual = current_.cost - trial_.cost;
    // Below the rounding of the cost its sign is noise; the model is all there is to go by. The
    // factor covers the rounding of pixel coordinates, which are larger than the residuals left of
    // them.
    const T rounding = T(256) * std::numeric_limits<T>::epsilon() * current_.cost;
    const bool unresolved = predicted > 0 && predicted <= rounding && std::fabs(actual) <= rounding;
    const T ratio = unresolved ? T(1) : actual / predicted;
    if (!(ratio >= static_cast<T>(options_.min_relative_decrease) && predicted > 0)) {
      Reject();
      return;
    }
    const T u = T(2) * ratio - T(1);
    radius_ /= std::max(T(1) / T(3), T(1) - u * u * u);
    LimitRadius();
    shrink_ = T(2);
    std::copy(trial, trial + Dof::kStorage, pose);
    current_ = trial_;
  }

  void TakeStep(const T* step, T* pose) {
    cost_.dof().retract(pose, step, pose);
    cost_.Evaluate(pose, Curvature::kIrls, clamped_rows_, &current_);
  }

  void Reject() {
    radius_ /= shrink_;
    LimitRadius();
    shrink_ *= T(2);
  }

  void LimitRadius() {
    radius_ =
        std::clamp(radius_, static_cast<T>(options_.epsilon), static_cast<T>(options_.max_radius));
  }

  // -(g^T step + step^T H step / 2).
  T PredictedDecrease(const T* step) const {
    T sum = 0;
    for (int i = 0; i < kDof; ++i) {
      T row = 0;
      for (int j = 0; j < kDof; ++j) row += current_.curvature[i * kDof + j] * step[j];
      sum -= step[i] * (T(0.5) * row + current_.gradient[i]);
    }
    return sum;
  }

  using Dof = typename ObjectCost<kDof, T>::Dof;
  // The default bound on the diagonal does not fit into a float with room to spare.
  static constexpr double kLargest = 1e36;

  const ObjectCost<kDof, T>& cost_;
  const propnp_solve_options& options_;
  ClampedRows clamped_rows_ = ClampedRows::kDrop;
  NormalEquations<kDof, T> current_, trial_;
  T radius_ = 0, shrink_ = 0, squared_tolerance_ = 0;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_LEVENBERG_MARQUARDT_H_
