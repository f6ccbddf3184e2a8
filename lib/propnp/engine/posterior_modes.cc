// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/posterior_modes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/lane_starts.h"
#include "propnp/engine/levenberg_marquardt.h"
#include "propnp/math/adaptive_delta.h"
#include "propnp/math/symmetric_eigen.h"

namespace propnp {
namespace {

constexpr int kSeedSteps = 3;             // on all points, for every seed
constexpr int kPolishSteps = 50;          // more; most converge in under ten
constexpr double kModeTolerance = 1e-4;   // standard deviations
constexpr double kMaxCostGap = 15;        // exp(-15) of the best mode's height is nothing
constexpr double kDuplicateDistance = 4;  // squared Mahalanobis

template <int kDof>
void Descend(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options, int steps,
             PosteriorMode<kDof>* mode) {
  const RefineOutcome outcome =
      LevenbergMarquardt<kDof, double>(cost, options).Refine(steps, mode->pose);
  mode->cost = outcome.finite ? outcome.cost_after : std::numeric_limits<double>::infinity();
}

// The first steps of all seeds at once, in single precision. Costs come in double precision, but
// infinite where kMaxCostGap is certainly exceeded: with residuals a + b, b from rounding, a cost
// is at most twice that of a plus twice that of b, which is near the lowest cost there is.
template <int kDof>
void DescendInLanes(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                    StartWorkspace<double>* workspace, int count, PosteriorMode<kDof>* modes) {
  static_assert(PROPNP_MAX_MODES <= kStartLanes, "one group holds all seeds");
  LaneStarts<kDof, double> lanes(cost, options, workspace);
  StartState seeds;
  for (int lane = 0; lane < kStartLanes; ++lane) {
    lanes.Set(lane, modes[std::min(lane, count - 1)].pose, &seeds);
  }
  lanes.RefineOnAll(kSeedSteps, &seeds);
  double lowest = std::numeric_limits<double>::infinity();
  for (int m = 0; m < count; ++m) lowest = std::min(lowest, lanes.Cost(seeds, m));
  for (int m = 0; m < count; ++m) {
    lanes.GetPose(seeds, m, modes[m].pose);
    const bool may_count = lanes.Cost(seeds, m) <= 2 * (2 * lowest + kMaxCostGap);
    modes[m].cost = may_count ? cost.Cost(modes[m].pose) : std::numeric_limits<double>::infinity();
  }
}

template <int kDof>
void DescendSeeds(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                  StartWorkspace<double>* workspace, int count, PosteriorMode<kDof>* modes) {
  if (count > 0 && LaneStarts<kDof, double>::Serves(cost.object(), options) &&
      !cost.object().prior.active()) {
    DescendInLanes(cost, options, workspace, count, modes);
    return;
  }
  for (int m = 0; m < count; ++m) Descend(cost, options, kSeedSteps, &modes[m]);
}

// The covariance in the mode's chart, from the curvature in the tangent and a weak precision of a
// third of the depth and .7 in half angles, which keeps directions proper that no point determines.
template <int kDof>
bool InvertInChart(const double* curvature, PosteriorMode<kDof>* mode) {
  double tangents[kDof][kDof], pushed[kDof], precision[kDof * kDof];
  for (int i = 0; i < kDof; ++i) mode->chart.tangent_of(i, tangents[i]);
  const double z = mode->chart.depth();
  for (int i = 0; i < kDof; ++i) {
    for (int k = 0; k < kDof; ++k) {
      pushed[k] = 0;
      for (int l = 0; l < kDof; ++l) pushed[k] += curvature[k * kDof + l] * tangents[i][l];
    }
    for (int j = 0; j < kDof; ++j) {
      double sum = 0;
      for (int k = 0; k < kDof; ++k) sum += tangents[j][k] * pushed[k];
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
Vec3<double> LeastDeterminedAxis(const PosteriorMode<6>& mode) {
  double block[9], values[3], vectors[9];
  for (int i = 0; i < 9; ++i) block[i] = mode.covariance[(3 + i / 3) * 6 + 3 + i % 3];
  symmetric_eigen<3>(block, values, vectors);
  const int k = static_cast<int>(std::max_element(values, values + 3) - values);
  return {vectors[k], vectors[3 + k], vectors[6 + k]};
}

// Charts and Sigma_m from the positive robust Hessian.
template <int kDof>
bool SetShape(const ObjectCost<kDof, double>& cost, const Vec3<double>& pivot,
              PosteriorMode<kDof>* mode) {
  NormalEquations<kDof, double> equations;
  cost.Evaluate(mode->pose, Curvature::kPositive, ClampedRows::kExact, &equations);
  mode->chart.set(cost.dof(), mode->pose, pivot, cost.object().z_min);
  if (!InvertInChart(equations.curvature, mode)) return false;
  if constexpr (kDof == 6) {
    mode->chart.set_spin_axis(LeastDeterminedAxis(*mode));
    if (!InvertInChart(equations.curvature, mode)) return false;
  }
  if (!mode->sqrt_shape.factorize(mode->covariance)) return false;
  mode->log_det_sqrt = 0.5 * mode->sqrt_shape.log_determinant();
  NormalEquations<kDof, double> exact;
  cost.Evaluate(mode->pose, Curvature::kIrls, ClampedRows::kExact, &exact);
  mode->converged = SquaredNewtonDecrement(exact) < 1e-4;
  return std::isfinite(mode->log_det_sqrt) && std::isfinite(mode->cost);
}

template <int kDof>
double SquaredMahalanobis(const ObjectCost<kDof, double>& cost, const PosteriorMode<kDof>& mode,
                          const double* pose) {
  double xi[kDof], sum = 0;
  mode.chart.from_pose(cost.dof(), pose, xi);
  mode.sqrt_shape.solve_lower(xi, xi);
  for (double x : xi) sum += x * x;
  return sum;
}

template <int kDof>
bool IsNear(const ObjectCost<kDof, double>& cost, const PosteriorMode<kDof>* modes, int count,
            const double* pose) {
  return std::any_of(modes, modes + count, [&](const PosteriorMode<kDof>& mode) {
    return SquaredMahalanobis(cost, mode, pose) < kDuplicateDistance;
  });
}

// Whether the posterior at a seed is more than twice as high, relative to its height at every mode
// so far, as a Student t around that mode is there: a bent valley that needs a component in its
// arm.
template <int kDof>
bool IsUnexpectedlyLow(const ObjectCost<kDof, double>& cost, const PosteriorMode<kDof>* modes,
                       int count, const PosteriorMode<kDof>& seed) {
  return std::all_of(modes, modes + count, [&](const PosteriorMode<kDof>& mode) {
    const double r2 = SquaredMahalanobis(cost, mode, seed.pose);
    return seed.cost - mode.cost + std::log(2.0) < 0.5 * (4 + kDof) * std::log1p(r2 / 4);
  });
}

template <int kDof>
void SortByCost(int count, PosteriorMode<kDof>* modes) {
  std::sort(modes, modes + count, [](const PosteriorMode<kDof>& a, const PosteriorMode<kDof>& b) {
    return a.cost < b.cost;
  });
}

}  // namespace

Vec3<double> WeightedCentroid(const PackedObject<double>& object) {
  // Relative to the first point, and to the largest weight, so that no sum overflows.
  double largest = 0, sum = 0;
  const auto weight = [](const PackedView<double>& view, int64_t i) {
    return view.wxy ? mean_weight(SqrtInformation<double>{view.wxx[i], view.wxy[i], view.wyx[i],
                                                          view.wyy[i]})
                    : mean_weight(DiagonalWeight<double>{view.wxx[i], view.wyy[i]});
  };
  const auto for_each = [&](const auto& visit) {
    for (int64_t v = 0; v < object.num_views; ++v) {
      const PackedView<double>& view = object.views[v];
      for (int64_t i = 0; i < view.num_points; ++i) {
        visit(Vec3<double>{view.x[i], view.y[i], view.z[i]}, weight(view, i));
      }
    }
  };
  Vec3<double> first{0, 0, 0}, mean{0, 0, 0};
  for_each([&](const Vec3<double>& point, double w) {
    if (!(w > largest)) return;
    largest = w;
    first = point;
  });
  if (!(largest > 0)) return first;
  for_each([&](const Vec3<double>& point, double w) {
    sum += w / largest;
    mean = mean + (w / largest) * (point - first);
  });
  return first + (1 / sum) * mean;
}

template <int kDof>
int FindModes(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
              const Vec3<double>& pivot, int num_seeds, StartWorkspace<double>* workspace,
              PosteriorMode<kDof>* modes) {
  propnp_solve_options mode_options = options;
  mode_options.tolerance = kModeTolerance;
  for (int m = 0; m < num_seeds; ++m) {
    std::copy(workspace->best[m].pose, workspace->best[m].pose + 7, modes[m].pose);
  }
  DescendSeeds(cost, mode_options, workspace, num_seeds, modes);
  SortByCost(num_seeds, modes);
  // A seed that has come near a mode is on its way there; the others go on to a minimum of their
  // own.
  int kept = 0;
  for (int m = 0; m < num_seeds; ++m) {
    PosteriorMode<kDof> mode = modes[m];
    if (!(mode.cost <= modes[0].cost + kMaxCostGap) || IsNear(cost, modes, kept, mode.pose)) {
      continue;
    }
    Descend(cost, mode_options, kPolishSteps, &mode);
    if (IsNear(cost, modes, kept, mode.pose)) {
      mode = modes[m];
      if (!IsUnexpectedlyLow(cost, modes, kept, mode)) continue;
    }
    if (std::isfinite(mode.cost) && SetShape(cost, pivot, &mode)) modes[kept++] = mode;
  }
  SortByCost(kept, modes);
  while (kept > 1 && !(modes[kept - 1].cost <= modes[0].cost + kMaxCostGap)) --kept;
  return kept;
}

template <int kDof>
int RefineBestStart(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                    const Vec3<double>& pivot, const double* start, PosteriorMode<kDof>* modes) {
  std::copy(start, start + 7, modes[0].pose);
  Descend(cost, options, options.max_iterations, &modes[0]);
  return std::isfinite(modes[0].cost) && SetShape(cost, pivot, &modes[0]) ? 1 : 0;
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
      const double distance = SquaredMahalanobis(cost, modes[m], moved);
      if (!modes[m].converged || !(distance < least)) continue;
      least = distance;
      best = m;
    }
    if (least < kArrived) break;
  }
  return best;
}

template int FindModes(const ObjectCost<6, double>&, const propnp_solve_options&,
                       const Vec3<double>&, int, StartWorkspace<double>*, PosteriorMode<6>*);
template int FindModes(const ObjectCost<4, double>&, const propnp_solve_options&,
                       const Vec3<double>&, int, StartWorkspace<double>*, PosteriorMode<4>*);
template int RefineBestStart(const ObjectCost<6, double>&, const propnp_solve_options&,
                             const Vec3<double>&, const double*, PosteriorMode<6>*);
template int RefineBestStart(const ObjectCost<4, double>&, const propnp_solve_options&,
                             const Vec3<double>&, const double*, PosteriorMode<4>*);
template int DescendToMode(const ObjectCost<6, double>&, const propnp_solve_options&, const double*,
                           const PosteriorMode<6>*, int);
template int DescendToMode(const ObjectCost<4, double>&, const propnp_solve_options&, const double*,
                           const PosteriorMode<4>*, int);

}  // namespace propnp
