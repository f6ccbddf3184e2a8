// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/posterior_modes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/levenberg_marquardt.h"
#include "propnp/engine/mode_seeds.h"

namespace propnp {
namespace {

template <int kDof>
void StartAt(const StartPose<double>& seed, PosteriorMode<kDof>* mode) {
  std::copy(seed.pose, seed.pose + 7, mode->pose);
  mode->cost = seed.cost;
}

// To a minimum, or until it comes near one of `count` modes.
template <int kDof>
void Descend(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options, int steps,
             const PosteriorMode<kDof>* modes, int count, PosteriorMode<kDof>* mode) {
  const RefineOutcome outcome = LevenbergMarquardt<kDof, double>(cost, options)
                                    .Refine(steps, mode->pose, [&](const double* pose) {
                                      return is_near(cost.dof(), modes, count, pose);
                                    });
  mode->cost = outcome.finite ? outcome.cost_after : std::numeric_limits<double>::infinity();
}

template <int kDof>
void SortByCost(int count, PosteriorMode<kDof>* modes) {
  std::sort(modes, modes + count, [](const PosteriorMode<kDof>& a, const PosteriorMode<kDof>& b) {
    return a.cost < b.cost;
  });
}

}  // namespace

template <int kDof>
int FindModes(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
              const Vec3<double>& pivot, int num_seeds, StartWorkspace<double>* workspace,
              PosteriorMode<kDof>* modes) {
  propnp_solve_options mode_options = options;
  mode_options.tolerance = kModeTolerance;
  StartPose<double>* const seeds = workspace->best;
  while (num_seeds > 1 && !may_lead_to_mode(seeds[num_seeds - 1].cost, seeds[0].cost)) --num_seeds;
  static_assert(PROPNP_MAX_MODES <= kStartLanes, "one group holds all seeds");
  DescendSeeds(cost, mode_options, kSeedSteps, kMaxCostGap, num_seeds, workspace);
  std::sort(seeds, seeds + num_seeds,
            [](const StartPose<double>& a, const StartPose<double>& b) { return a.cost < b.cost; });
  // A seed that has come near a mode is on its way there; the others go on to a minimum of their
  // own, with the radius that so many good steps leave.
  mode_options.initial_radius =
      std::min(mode_options.initial_radius * std::pow(3, kSeedSteps), mode_options.max_radius);
  int kept = 0;
  for (int i = 0; i < num_seeds; ++i) {
    const StartPose<double>& seed = seeds[i];
    const double lowest = kept > 0 ? modes[0].cost : seeds[0].cost;
    if (!(seed.cost <= lowest + kMaxCostGap) || is_near(cost.dof(), modes, kept, seed.pose))
      continue;
    PosteriorMode<kDof>& mode = modes[kept];
    StartAt(seed, &mode);
    Descend(cost, mode_options, kPolishSteps, modes, kept, &mode);
    if (is_near(cost.dof(), modes, kept, mode.pose)) {
      StartAt(seed, &mode);
      if (!is_unexpectedly_low(cost.dof(), modes, kept, mode)) continue;
      mode.cost = cost.Cost(mode.pose);
    }
    kept += std::isfinite(mode.cost) && set_shape(cost, pivot, cost.object().z_min, &mode);
  }
  SortByCost(kept, modes);
  while (kept > 1 && !(modes[kept - 1].cost <= modes[0].cost + kMaxCostGap)) --kept;
  return kept;
}

template <int kDof>
int RefineBestStart(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                    const Vec3<double>& pivot, const double* start, PosteriorMode<kDof>* modes) {
  std::copy(start, start + 7, modes[0].pose);
  Descend(cost, options, options.max_iterations, modes, 0, &modes[0]);
  return std::isfinite(modes[0].cost) && set_shape(cost, pivot, cost.object().z_min, &modes[0]) ? 1
                                                                                                : 0;
}

template <int kDof>
int DescendToMode(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                  const double* pose, const PosteriorMode<kDof>* modes, int num_modes) {
  return descend_to_mode(cost, StepControlOf(options), pose, modes, num_modes);
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
