// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/posterior_modes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/levenberg_marquardt.h"

namespace propnp {
namespace {

constexpr int kSeedSteps = 3;     // on all points, for every seed
constexpr int kPolishSteps = 20;  // more, for the best few; most converge in under ten
constexpr int kPolished = 3;
constexpr double kMaxCostGap = 15;        // exp(-15) of the best mode's height is nothing
constexpr double kDuplicateDistance = 4;  // squared Mahalanobis

// The seeds: best starts first, each away in rotation from those before.
template <int kDof>
int PickSeeds(const StartPose<double>* starts, int num_starts, PosteriorMode<kDof>* modes) {
  int count = 0;
  for (int s = 0; s < num_starts && count < PROPNP_MAX_MODES; ++s) {
    const bool is_new = std::all_of(modes, modes + count, [&](const PosteriorMode<kDof>& mode) {
      return RotationDistance<kDof>(starts[s].pose, mode.pose) > kStartDistance;
    });
    if (!is_new) continue;
    std::copy(starts[s].pose, starts[s].pose + 7, modes[count].pose);
    modes[count].cost = starts[s].cost;
    ++count;
  }
  return count;
}

template <int kDof>
void Descend(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options, int steps,
             PosteriorMode<kDof>* mode) {
  const RefineOutcome outcome =
      LevenbergMarquardt<kDof, double>(cost, options).Refine(steps, mode->pose);
  mode->cost = outcome.finite ? outcome.cost_after : std::numeric_limits<double>::infinity();
}

// Sigma_m from the positive robust Hessian, with a weak precision of a third of the depth and .7 in
// g that keeps directions proper which no point determines.
template <int kDof>
bool SetShape(const ObjectCost<kDof, double>& cost, PosteriorMode<kDof>* mode) {
  NormalEquations<kDof, double> equations;
  cost.Evaluate(mode->pose, Curvature::kPositive, ClampedRows::kExact, &equations);
  const double z = std::max(std::fabs(mode->pose[2]), static_cast<double>(cost.object().z_min));
  double precision[kDof * kDof];
  for (int i = 0; i < kDof; ++i) {
    for (int j = 0; j < kDof; ++j) {
      // delta_theta = 2 g.
      const double scale = (i >= 3 ? 2.0 : 1.0) * (j >= 3 ? 2.0 : 1.0);
      precision[i * kDof + j] = scale * equations.curvature[i * kDof + j];
    }
    precision[i * (kDof + 1)] += i >= 3 ? 1 / (0.7 * 0.7) : 9 / (z * z);
  }
  Cholesky<kDof, double> cholesky;
  if (!cholesky.factorize(precision)) return false;
  cholesky.inverse(mode->covariance);
  if (!mode->sqrt_shape.factorize(mode->covariance)) return false;
  mode->log_det_sqrt = 0.5 * mode->sqrt_shape.log_determinant();
  NormalEquations<kDof, double> exact;
  cost.Evaluate(mode->pose, Curvature::kIrls, ClampedRows::kExact, &exact);
  mode->converged = SquaredNewtonDecrement(exact) < 1e-4;
  return std::isfinite(mode->log_det_sqrt) && std::isfinite(mode->cost);
}

template <int kDof>
double SquaredMahalanobis(const PosteriorMode<kDof>& mode, const double* pose) {
  double xi[kDof], sum = 0;
  gnomonic_from_pose(DofPolicy<kDof>(), mode.pose, pose, xi);
  mode.sqrt_shape.solve_lower(xi, xi);
  for (double x : xi) sum += x * x;
  return sum;
}

// Sorts by cost and drops what is no mode of its own or too high to matter.
template <int kDof>
int RemoveDuplicates(int count, PosteriorMode<kDof>* modes) {
  std::sort(modes, modes + count, [](const PosteriorMode<kDof>& a, const PosteriorMode<kDof>& b) {
    return a.cost < b.cost;
  });
  int kept = 0;
  for (int m = 0; m < count; ++m) {
    if (!(modes[m].cost <= modes[0].cost + kMaxCostGap)) break;
    const bool is_new = std::all_of(modes, modes + kept, [&](const PosteriorMode<kDof>& better) {
      return !(SquaredMahalanobis(better, modes[m].pose) < kDuplicateDistance);
    });
    if (!is_new) continue;
    if (kept != m) modes[kept] = modes[m];
    ++kept;
  }
  return kept;
}

}  // namespace

template <int kDof>
int FindModes(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
              const StartPose<double>* starts, int num_starts, PosteriorMode<kDof>* modes) {
  int count = PickSeeds(starts, num_starts, modes);
  for (int m = 0; m < count; ++m) Descend(cost, options, kSeedSteps, &modes[m]);
  std::sort(modes, modes + count, [](const PosteriorMode<kDof>& a, const PosteriorMode<kDof>& b) {
    return a.cost < b.cost;
  });
  for (int m = 0; m < std::min(count, kPolished); ++m) {
    Descend(cost, options, kPolishSteps, &modes[m]);
  }
  count =
      static_cast<int>(std::remove_if(modes, modes + count,
                                      [&](PosteriorMode<kDof>& mode) {
                                        return !std::isfinite(mode.cost) || !SetShape(cost, &mode);
                                      }) -
                       modes);
  return RemoveDuplicates(count, modes);
}

template <int kDof>
int DescendToMode(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                  const double* pose, const PosteriorMode<kDof>* modes, int num_modes) {
  constexpr int kRounds = 5, kStepsPerRound = 4;
  constexpr double kArrived = 0.1;  // squared Mahalanobis
  double moved[7];
  std::copy(pose, pose + DofPolicy<kDof>::kStorage, moved);
  int best = 0;
  for (int round = 0; round < kRounds; ++round) {
    LevenbergMarquardt<kDof, double>(cost, options).Refine(kStepsPerRound, moved);
    double least = std::numeric_limits<double>::infinity();
    for (int m = 0; m < num_modes; ++m) {
      const double distance = SquaredMahalanobis(modes[m], moved);
      if (!modes[m].converged || !(distance < least)) continue;
      least = distance;
      best = m;
    }
    if (least < kArrived) break;
  }
  return best;
}

template int FindModes(const ObjectCost<6, double>&, const propnp_solve_options&,
                       const StartPose<double>*, int, PosteriorMode<6>*);
template int FindModes(const ObjectCost<4, double>&, const propnp_solve_options&,
                       const StartPose<double>*, int, PosteriorMode<4>*);
template int DescendToMode(const ObjectCost<6, double>&, const propnp_solve_options&, const double*,
                           const PosteriorMode<6>*, int);
template int DescendToMode(const ObjectCost<4, double>&, const propnp_solve_options&, const double*,
                           const PosteriorMode<4>*, int);

}  // namespace propnp
