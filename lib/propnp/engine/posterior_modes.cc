// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/posterior_modes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/levenberg_marquardt.h"
#include "propnp/math/adaptive_delta.h"

namespace propnp {
namespace {

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
              const Vec3<double>& pivot, const StartPose<double>* starts, int num_starts,
              PosteriorMode<kDof>* modes) {
  propnp_solve_options mode_options = options;
  mode_options.tolerance = kModeTolerance;
  const int count = PickSeeds(starts, num_starts, modes);
  for (int m = 0; m < count; ++m) Descend(cost, mode_options, kSeedSteps, &modes[m]);
  SortByCost(count, modes);
  // A seed that has come near a mode is on its way there; the others go on to a minimum of their
  // own.
  int kept = 0;
  for (int m = 0; m < count; ++m) {
    PosteriorMode<kDof> mode = modes[m];
    if (!(mode.cost <= modes[0].cost + kMaxCostGap) ||
        is_near(cost.dof(), modes, kept, mode.pose)) {
      continue;
    }
    Descend(cost, mode_options, kPolishSteps, &mode);
    if (is_near(cost.dof(), modes, kept, mode.pose)) {
      mode = modes[m];
      if (!is_unexpectedly_low(cost.dof(), modes, kept, mode)) continue;
    }
    if (std::isfinite(mode.cost) && set_shape(cost, pivot, cost.object().z_min, &mode))
      modes[kept++] = mode;
  }
  SortByCost(kept, modes);
  while (kept > 1 && !(modes[kept - 1].cost <= modes[0].cost + kMaxCostGap)) --kept;
  return kept;
}

template <int kDof>
int RefineBestStart(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                    const Vec3<double>& pivot, const StartPose<double>* starts, int num_starts,
                    PosteriorMode<kDof>* modes) {
  if (num_starts == 0) return 0;
  std::copy(starts[0].pose, starts[0].pose + 7, modes[0].pose);
  Descend(cost, options, options.max_iterations, &modes[0]);
  return std::isfinite(modes[0].cost) && set_shape(cost, pivot, cost.object().z_min, &modes[0]) ? 1
                                                                                                : 0;
}

template <int kDof>
int DescendToMode(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                  const double* pose, const PosteriorMode<kDof>* modes, int num_modes) {
  return descend_to_mode(cost, StepControlOf(options), pose, modes, num_modes);
}

template int FindModes(const ObjectCost<6, double>&, const propnp_solve_options&,
                       const Vec3<double>&, const StartPose<double>*, int, PosteriorMode<6>*);
template int FindModes(const ObjectCost<4, double>&, const propnp_solve_options&,
                       const Vec3<double>&, const StartPose<double>*, int, PosteriorMode<4>*);
template int RefineBestStart(const ObjectCost<6, double>&, const propnp_solve_options&,
                             const Vec3<double>&, const StartPose<double>*, int, PosteriorMode<6>*);
template int RefineBestStart(const ObjectCost<4, double>&, const propnp_solve_options&,
                             const Vec3<double>&, const StartPose<double>*, int, PosteriorMode<4>*);
template int DescendToMode(const ObjectCost<6, double>&, const propnp_solve_options&, const double*,
                           const PosteriorMode<6>*, int);
template int DescendToMode(const ObjectCost<4, double>&, const propnp_solve_options&, const double*,
                           const PosteriorMode<4>*, int);

}  // namespace propnp
