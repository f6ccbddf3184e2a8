// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Where an object's posterior has its mass, and its shape at each of these places: the minima of
// the cost, and poses in valleys that bend away from them (math/posterior_mode.h).
//
// xi and v are the charts around a mode, math/mode_chart.h.
#ifndef PROPNP_ENGINE_POSTERIOR_MODES_H_
#define PROPNP_ENGINE_POSTERIOR_MODES_H_

#include "propnp/engine/object_cost.h"
#include "propnp/engine/random_starts.h"
#include "propnp/engine/sample_args.h"
#include "propnp/math/posterior_mode.h"

namespace propnp {

// Finds modes, lowest cost first, from the first num_seeds (at most PROPNP_MAX_MODES) of the
// workspace's best starts, and returns how many.
template <int kDof>
int FindModes(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
              const Vec3<double>& pivot, int num_seeds, StartWorkspace<double>* workspace,
              PosteriorMode<kDof>* modes);

// The start refined in at most options.max_iterations steps, as the only mode: what a sampler of
// one mode needs. Returns one, or zero if the cost is not finite there.
template <int kDof>
int RefineBestStart(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                    const Vec3<double>& pivot, const double* start, PosteriorMode<kDof>* modes);

// Descends from `pose` until it is close to one of the modes and returns which. After some 20 steps
// it is the nearest one (Mahalanobis).
template <int kDof>
int DescendToMode(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                  const double* pose, const PosteriorMode<kDof>* modes, int num_modes);

}  // namespace propnp

#endif  // PROPNP_ENGINE_POSTERIOR_MODES_H_
