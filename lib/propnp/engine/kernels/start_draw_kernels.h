// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the random starts of kernels/start_kernels.h begin with: rotations, and subsets of the
// points, for a group of starts at a time.
#ifndef PROPNP_ENGINE_KERNELS_START_DRAW_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_START_DRAW_KERNELS_H_

#include "propnp/engine/kernels/start_kernels.h"

namespace propnp {

// Random numbers of an object.
struct StartStream {
  uint64_t seed, object_id;
};

// The points of an object on the line of math/weighted_subset.h, which is cut into cells of
// 2^cell_shift.
struct WeightLine {
  const uint32_t* begin;  // of each point, the end of the last, and that again
  const int32_t* guide;   // the point at the beginning of each cell
  int64_t num_points;
  int cell_shift;
};

// For how many groups of starts subsets are drawn at a time.
constexpr int kGroupsAtOnce = 2;

struct StartDrawKernels {
  // Draws `count` different points for each of the starts first, first + 1, ... of up to
  // kGroupsAtOnce groups, each in turn with probability proportional to its weight among those
  // left: chosen[(group * count + k) * kStartLanes + lane]. At least `count` points must have
  // weight.
  void (*draw_subsets)(const WeightLine&, const StartStream&, int first, int num_groups, int count,
                       int32_t* chosen);
  // Uniform rotations of the starts first, first + 1, ..., with 4DoF uniform turns about `axis`.
  void (*draw_rotations)(int dof, const StartStream&, int first, const float* axis, StartState*);
  // Copies the points of drawn subsets, of which `all` holds the numbers, to where the refinement
  // reads them; behind them points of zeros.
  void (*gather_points)(const float* all, StartPointForm, const int32_t* chosen, int count,
                        float* of_starts);
};

const StartDrawKernels& GetStartDrawKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_START_DRAW_KERNELS_H_
