// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A place that carries posterior mass, and the shape of the posterior there: a minimum of a cost,
// or a pose in a valley that bends away from one, which is proposed from but is no mode to the
// user. xi and v are the charts around it, mode_chart.h. A cost is that of levenberg_marquardt.h.
#ifndef PROPNP_MATH_POSTERIOR_MODE_H_
#define PROPNP_MATH_POSTERIOR_MODE_H_

#include <type_traits>

#include "propnp/math/levenberg_marquardt.h"
#include "propnp/math/mode_chart.h"
#include "propnp/math/symmetric_eigen.h"

PROPNP_MATH_BEGIN

constexpr int kSeedSteps = 3;            // on all points, for every seed
constexpr int kPolishSteps = 50;         // more; most converge in under ten
constexpr double kModeTolerance = 1e-4;  // standard deviations
constexpr double kMaxCostGap = 15;       // exp(-15) of the best mode's height is nothing
constexpr int kDescents = 256;           // of samples, that tell the probabilities of the modes

// Whether a start may lie in a mode that counts, by its cost and that of the best start. Refined on
// a few points only it is above its minimum, mostly by less than that is high. Of 11,265 further
// modes within 15 of the best one's cost (planes, boxes, symmetric objects; four to 256 points, up
// to 30 % outliers; 16 to 128 starts on 8 or 16 points) this leaves out seven, of at most .025 of
// the best one's height.
PROPNP_HOST_DEVICE inline bool may_lead_to_mode(double cost, double lowest) {
  return cost <= 3 * lowest + 1000;
}

template <int kDof>
using DofPolicy = std::conditional_t<kDof == 6, SixDof<double>, FourDof<double>>;

template <int kDof>
struct PosteriorMode {
  double pose[7];
  double cost;
  ModeChart<DofPolicy<kDof>> chart;
  double covariance[kDof * kDof];     // Sigma_m in v, always proper
  Cholesky<kDof, double> sqrt_shape;  // L with L L^T = Sigma_m
  double log_det_sqrt;                // log det L
  bool converged;                     // a minimum: what users are told of
};

// The covariance in the mode's chart, from the curvature in the tangent and a weak precision of a
// third of the depth and .7 in half angles, which keeps directions proper that no point determines.
template <int kDof>
PROPNP_HOST_DEVICE bool invert_in_chart(const double* curvature, PosteriorMode<kDof>* mode) {
  double tangents[kDof][kDof], pushed[kDof], precision[kDof * kDof];
  for (int i = 0; i < kDof; ++i) mode->chart.tangent_of(i, tangents[i]);
  const double z = mode->chart.depth();
  // The first three coordinates do not turn the object.
  const auto moved = [](int i) { return i < 3 ? 3 : kDof; };
  for (int i = 0; i < kDof; ++i) {
    for (int k = 0; k < kDof; ++k) {
      pushed[k] = 0;
      for (int l = 0; l < moved(i); ++l) pushed[k] += curvature[k * kDof + l] * tangents[i][l];
    }
    for (int j = 0; j <= i; ++j) {
      double sum = 0;
      for (int k = 0; k < moved(j); ++k) sum += tangents[j][k] * pushed[k];
      precision[i * kDof + j] = sum;
    }
    precision[i * (kDof + 1)] += i >= 3 ? 1 / (0.7 * 0.7) : 9 / (z * z);
  }
  Cholesky<kDof, double> cholesky;
  if (!cholesky.factorize(precision)) return false;
  cholesky.inverse(mode->covariance);
  return true;
}

// The direction of rotation that is determined least, in the camera (rig) frame; `mode` still has
// the coordinate axes as spin frame.
PROPNP_HOST_DEVICE inline Vec3<double> least_determined_axis(const PosteriorMode<6>& mode) {
  double block[9];
  for (int i = 0; i < 9; ++i) block[i] = mode.covariance[(3 + i / 3) * 6 + 3 + i % 3];
  return dominant_eigenvector(block);
}

// Turns the spin frame of a mode that still has the coordinate axes, and its covariance with it:
// the weak precision is the same in every frame.
PROPNP_HOST_DEVICE inline void turn_spin_frame(const Vec3<double>& axis, PosteriorMode<6>* mode) {
  mode->chart.set_spin_axis(axis);
  double turn[3][3];
  for (int k = 0; k < 3; ++k) {
    double tangent[6];
    mode->chart.tangent_of(3 + k, tangent);
    for (int i = 0; i < 3; ++i) turn[k][i] = 0.5 * tangent[3 + i];
  }
  double* const c = mode->covariance;
  for (int i = 0; i < 6; ++i) {  // columns, then rows
    const double row[3] = {c[i * 6 + 3], c[i * 6 + 4], c[i * 6 + 5]};
    for (int k = 0; k < 3; ++k) {
      c[i * 6 + 3 + k] = row[0] * turn[k][0] + row[1] * turn[k][1] + row[2] * turn[k][2];
    }
  }
  for (int j = 0; j < 6; ++j) {
    const double column[3] = {c[18 + j], c[24 + j], c[30 + j]};
    for (int k = 0; k < 3; ++k) {
      c[(3 + k) * 6 + j] = column[0] * turn[k][0] + column[1] * turn[k][1] + column[2] * turn[k][2];
    }
  }
}

// Whether a pose is a minimum, from the equations there with the positive curvature. The reweighted
// curvature, which decides, is nowhere smaller, and so the decrement nowhere larger.
template <typename Cost, int kDof>
PROPNP_HOST_DEVICE bool is_minimum(const Cost& cost, const double* pose,
                                   const NormalEquations<kDof, double>& positive) {
  constexpr double kSmall = 1e-4;
  if (squared_newton_decrement(positive) < kSmall) return true;
  NormalEquations<kDof, double> reweighted;
  cost.Evaluate(pose, Curvature::kIrls, ClampedRows::kExact, &reweighted);
  return squared_newton_decrement(reweighted) < kSmall;
}

// Charts and Sigma_m from the positive robust Hessian.
template <typename Cost, int kDof>
PROPNP_HOST_DEVICE bool set_shape(const Cost& cost, const Vec3<double>& pivot, double z_min,
                                  PosteriorMode<kDof>* mode) {
  NormalEquations<kDof, double> equations;
  cost.Evaluate(mode->pose, Curvature::kPositive, ClampedRows::kExact, &equations);
  mode->chart.set(cost.dof(), mode->pose, pivot, z_min);
  if (!invert_in_chart(equations.curvature, mode)) return false;
  if constexpr (kDof == 6) turn_spin_frame(least_determined_axis(*mode), mode);
  if (!mode->sqrt_shape.factorize(mode->covariance)) return false;
  mode->log_det_sqrt = 0.5 * mode->sqrt_shape.log_determinant();
  mode->converged = is_minimum(cost, mode->pose, equations);
  return std::isfinite(mode->log_det_sqrt) && std::isfinite(mode->cost);
}

template <int kDof>
PROPNP_HOST_DEVICE double squared_mahalanobis(const DofPolicy<kDof>& dof,
                                              const PosteriorMode<kDof>& mode, const double* pose) {
  double xi[kDof], sum = 0;
  mode.chart.from_pose(dof, pose, xi);
  mode.sqrt_shape.solve_lower(xi, xi);
  for (double x : xi) sum += x * x;
  return sum;
}

// Whether a pose lies within two standard deviations of one of the modes.
template <int kDof>
PROPNP_HOST_DEVICE bool is_near(const DofPolicy<kDof>& dof, const PosteriorMode<kDof>* modes,
                                int count, const double* pose) {
  constexpr double kDuplicateDistance = 4;  // squared Mahalanobis
  for (int m = 0; m < count; ++m) {
    if (squared_mahalanobis(dof, modes[m], pose) < kDuplicateDistance) return true;
  }
  return false;
}

// Whether the posterior at a seed is more than twice as high, relative to its height at every mode
// so far, as a Gaussian and as a Student t around that mode are there: a bent valley that needs a
// component in its arm.
template <int kDof>
PROPNP_HOST_DEVICE bool is_unexpectedly_low(const DofPolicy<kDof>& dof,
                                            const PosteriorMode<kDof>* modes, int count,
                                            const PosteriorMode<kDof>& seed) {
  for (int m = 0; m < count; ++m) {
    const double r2 = squared_mahalanobis(dof, modes[m], seed.pose);
    const double tail = min(0.5 * r2, 0.5 * (4 + kDof) * std::log1p(r2 / 4));
    if (!(seed.cost - modes[m].cost + std::log(2.0) < tail)) return false;
  }
  return true;
}

// Descends from `pose` until it is close to one of the modes and returns which. After some 20 steps
// it is the nearest one (Mahalanobis).
template <typename Cost, int kDof>
PROPNP_HOST_DEVICE int descend_to_mode(const Cost& cost, const StepControl& control,
                                       const double* pose, const PosteriorMode<kDof>* modes,
                                       int num_modes) {
  constexpr int kRounds = 5, kStepsPerRound = 4;
  constexpr double kArrived = 0.1;  // squared Mahalanobis
  double moved[7];
  for (int k = 0; k < DofPolicy<kDof>::kStorage; ++k) moved[k] = pose[k];
  int best = 0;
  for (int round = 0; round < kRounds; ++round) {
    DampedRefinement<Cost>(cost, control).refine(kStepsPerRound, moved);
    double least = std::numeric_limits<double>::infinity();
    for (int m = 0; m < num_modes; ++m) {
      const double distance = squared_mahalanobis(cost.dof(), modes[m], moved);
      if (!modes[m].converged || !(distance < least)) continue;
      least = distance;
      best = m;
    }
    if (least < kArrived) break;
  }
  return best;
}

// From the masses of modes to their probabilities. Control variates can take a mass a little below
// zero; where nothing is left, the mode of lowest cost, which is the first, has all.
PROPNP_HOST_DEVICE inline void normalize_masses(int num_modes, double* masses) {
  double sum = 0;
  for (int m = 0; m < num_modes; ++m) {
    masses[m] = max(masses[m], 0.0);
    sum += masses[m];
  }
  if (!(sum > 0)) masses[0] = sum = 1;
  for (int m = 0; m < num_modes; ++m) masses[m] /= sum;
}

// Sigma_m in the tangent: A Sigma_m A^T.
template <int kDof>
PROPNP_HOST_DEVICE void tangent_covariance(const PosteriorMode<kDof>& mode, double* covariance) {
  double columns[kDof][kDof] = {};  // of A L
  for (int k = 0; k < kDof; ++k) {
    double tangent[kDof];
    mode.chart.tangent_of(k, tangent);
    for (int j = 0; j <= k; ++j) {
      for (int i = 0; i < kDof; ++i) columns[j][i] += mode.sqrt_shape.lower(k, j) * tangent[i];
    }
  }
  for (int i = 0; i < kDof; ++i) {
    for (int j = 0; j < kDof; ++j) {
      covariance[i * kDof + j] = 0;
      for (int k = 0; k < kDof; ++k) covariance[i * kDof + j] += columns[k][i] * columns[k][j];
    }
  }
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_POSTERIOR_MODE_H_
