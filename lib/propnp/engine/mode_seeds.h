// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The first steps from the best starts to the modes: in single precision, which is enough on the
// way, and all seeds at once where that is faster.
#ifndef PROPNP_ENGINE_MODE_SEEDS_H_
#define PROPNP_ENGINE_MODE_SEEDS_H_

#include "propnp/engine/random_starts.h"

namespace propnp {

// Moves the first `count` (at most kStartLanes) of workspace->best by `steps` Levenberg-Marquardt
// steps on all points and fills in their costs, in double precision where single is not enough to
// order them. A cost may be infinite where it certainly exceeds the lowest one by more than
// `max_cost_gap`.
template <int kDof>
void DescendSeeds(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                  int steps, double max_cost_gap, int count, StartWorkspace<double>* workspace);

}  // namespace propnp

#endif  // PROPNP_ENGINE_MODE_SEEDS_H_
