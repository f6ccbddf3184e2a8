// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Refines one pose: Levenberg-Marquardt on the iteratively reweighted normal equations, or plain
// Gauss-Newton. Steps, damping and acceptance are those of the published EPro-PnP solver (Chen et
// al., CVPR 2022, after Ceres' trust region), so that a given number of iterations gives the same
// pose: the damping clamp(diagonal, min, max) / radius + epsilon is in the half-angle tangent,
// where the rotation entries of the diagonal are four times ours.
//
// A cost is any class with
//   Scalar, Dof, dof()                                   the DoF policy of pose.h
//   Evaluate(pose, Curvature, ClampedRows, equations*)   NormalEquations at a pose
// Threads that share an object may all run this with a cost that they evaluate together, each
// getting the same numbers.
#ifndef PROPNP_MATH_LEVENBERG_MARQUARDT_H_
#define PROPNP_MATH_LEVENBERG_MARQUARDT_H_

#include "propnp/math/cholesky.h"
#include "propnp/math/residual.h"

PROPNP_MATH_BEGIN

// Cost, gradient and full curvature matrix (row-major, kDof x kDof) with respect to the tangent.
template <int kDof, typename T>
struct NormalEquations {
  T cost;
  T gradient[kDof];
  T curvature[kDof * kDof];
  T weighted_square;  // with statistics: sum of rho'(s) s
  T behind;           // with statistics: points with weight that lie behind the camera
};

// How far steps may go and when they end.
struct StepControl {
  bool damped;       // Levenberg-Marquardt rather than Gauss-Newton
  double tolerance;  // standard deviations of the minimum; 0: 1e-9 (float 1e-4); negative: never
  double initial_radius, max_radius, min_diagonal, max_diagonal, min_relative_decrease, epsilon;
};

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
PROPNP_HOST_DEVICE PROPNP_OUT_OF_LINE T
squared_newton_decrement(const NormalEquations<kDof, T>& equations) {
  T ridged[kDof * kDof];
  for (int i = 0; i < kDof * kDof; ++i) ridged[i] = equations.curvature[i];
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

template <typename Cost>
class DampedRefinement {
  using T = typename Cost::Scalar;
  using Dof = typename Cost::Dof;
  static constexpr int kDof = Dof::kTangent;

 public:
  // `cost` must outlive this.
  PROPNP_HOST_DEVICE DampedRefinement(const Cost& cost, const StepControl& options)
      : cost_(cost), options_(options) {
    double tolerance = options.tolerance;
    if (tolerance == 0) tolerance = sizeof(T) == sizeof(float) ? 1e-4 : 1e-9;
    squared_tolerance_ = static_cast<T>(tolerance < 0 ? -1 : tolerance * tolerance);
  }

  // Moves `pose` towards the minimum in at most `max_iterations` steps.
  PROPNP_HOST_DEVICE RefineOutcome refine(int max_iterations, T* pose) {
    return refine(max_iterations, pose, [](const T*) { return false; });
  }

  // Also ends where has_arrived(pose). The start is looked at in the same place as all trials after
  // it: on a device each place would have code of its own.
  template <typename HasArrived>
  PROPNP_HOST_DEVICE RefineOutcome refine(int max_iterations, T* pose,
                                          const HasArrived& has_arrived) {
    const bool damped = options_.damped;
    const ClampedRows clamped_rows = damped ? ClampedRows::kDrop : ClampedRows::kExact;
    RefineOutcome outcome;
    radius_ = static_cast<T>(options_.initial_radius);
    shrink_ = T(2);
    T trial[7], step[kDof];
    for (int i = 0; i < Dof::kStorage; ++i) trial[i] = pose[i];
    bool is_start = true;
    do {
      cost_.Evaluate(trial, Curvature::kIrls, clamped_rows, &trial_);
      if (is_start) {
        outcome.cost_before = static_cast<double>(trial_.cost);
        outcome.finite = std::isfinite(trial_.cost);
      } else {
        ++outcome.iterations;
      }
      if (is_start || !damped || is_accepted(step)) {
        for (int i = 0; i < Dof::kStorage; ++i) pose[i] = trial[i];
        current_ = trial_;
      } else {
        reject();
      }
      is_start = false;
    } while (outcome.finite && !has_arrived(pose) &&
             find_trial(max_iterations, pose, step, trial, &outcome.iterations));
    outcome.cost_after = static_cast<double>(current_.cost);
    const T loose(sizeof(T) == sizeof(float) ? 1e-2 : 1e-4);
    outcome.converged = outcome.finite && squared_newton_decrement(current_) <= loose * loose;
    return outcome;
  }

 private:
  // The next step that is worth a look and where it leads; false if there is none. Those that
  // cannot be computed count as iterations.
  PROPNP_HOST_DEVICE bool find_trial(int max_iterations, const T* pose, T* step, T* trial,
                                     int* iterations) {
    for (; *iterations < max_iterations; ++*iterations) {
      if (!solve_step(options_.damped, step)) {
        reject();
        continue;
      }
      if (is_converged(step)) return false;
      cost_.dof().retract(pose, step, trial);
      return true;
    }
    return false;
  }

  // step = -(H + damping)^-1 g.
  PROPNP_HOST_DEVICE PROPNP_OUT_OF_LINE bool solve_step(bool damped, T* step) const {
    T matrix[kDof * kDof];
    for (int i = 0; i < kDof * kDof; ++i) matrix[i] = current_.curvature[i];
    for (int i = 0; i < kDof; ++i) {
      // Half the angle means four times the curvature, and a quarter of the damping in return.
      const T factor = kDof == 6 && i >= 3 ? T(4) : T(1);
      T& diagonal = matrix[i * (kDof + 1)];
      diagonal += damping(damped, factor * diagonal) / factor;
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
  PROPNP_HOST_DEVICE T damping(bool damped, T diagonal) const {
    const T floor = diagonal > T(0) ? min(diagonal, T(1)) : T(1);
    const double most = kLargest;
    const T clamped = clamp(diagonal, floor * static_cast<T>(options_.min_diagonal),
                            static_cast<T>(min(options_.max_diagonal, most)));
    return (damped ? clamped / radius_ : T(0)) + floor * static_cast<T>(options_.epsilon);
  }

  // The damped step is cheap to look at and never longer than the free one; only when it is short
  // enough is the free one worth computing.
  PROPNP_HOST_DEVICE bool is_converged(const T* step) const {
    T decrement = 0;
    for (int i = 0; i < kDof; ++i) decrement -= step[i] * current_.gradient[i];
    return decrement <= squared_tolerance_ &&
           squared_newton_decrement(current_) <= squared_tolerance_;
  }

  // Whether the trial is good enough to go there; then the radius follows.
  PROPNP_HOST_DEVICE bool is_accepted(const T* step) {
    const T predicted = predicted_decrease(step);
    const T actual = current_.cost - trial_.cost;
    // Below the rounding of the cost its sign is noise; the model is all there is to go by. The
    // factor covers the rounding of pixel coordinates, which are larger than the residuals left of
    // them.
    const T rounding = T(256) * std::numeric_limits<T>::epsilon() * current_.cost;
    const bool unresolved = predicted > 0 && predicted <= rounding && std::fabs(actual) <= rounding;
    const T ratio = unresolved ? T(1) : actual / predicted;
    if (!(ratio >= static_cast<T>(options_.min_relative_decrease) && predicted > 0)) return false;
    const T u = T(2) * ratio - T(1);
    radius_ /= max(T(1) / T(3), T(1) - u * u * u);
    limit_radius();
    shrink_ = T(2);
    return true;
  }

  PROPNP_HOST_DEVICE void reject() {
    radius_ /= shrink_;
    limit_radius();
    shrink_ *= T(2);
  }

  PROPNP_HOST_DEVICE void limit_radius() {
    radius_ = clamp(radius_, static_cast<T>(options_.epsilon), static_cast<T>(options_.max_radius));
  }

  // -(g^T step + step^T H step / 2).
  PROPNP_HOST_DEVICE T predicted_decrease(const T* step) const {
    T sum = 0;
    for (int i = 0; i < kDof; ++i) {
      T row = 0;
      for (int j = 0; j < kDof; ++j) row += current_.curvature[i * kDof + j] * step[j];
      sum -= step[i] * (T(0.5) * row + current_.gradient[i]);
    }
    return sum;
  }

  // The default bound on the diagonal does not fit into a float with room to spare.
  static constexpr double kLargest = 1e36;

  const Cost& cost_;
  const StepControl options_;
  NormalEquations<kDof, T> current_, trial_;
  T radius_ = 0, shrink_ = 0, squared_tolerance_ = 0;
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_LEVENBERG_MARQUARDT_H_
