// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random subsets of an object's points, by weight and without replacement (what Gumbel top-n draws,
// without a logarithm a point).
#ifndef PROPNP_ENGINE_SUBSET_SAMPLER_H_
#define PROPNP_ENGINE_SUBSET_SAMPLER_H_

#include <algorithm>

#include "propnp/engine/kernels/start_draw_kernels.h"

namespace propnp {

class SubsetSampler {
 public:
  // Most positions then lie in the first point that is looked at.
  static constexpr int64_t kCellsPerPoint = 4;

  // `begin` holds num_points + 1 sums of weights, from 0 on; `guide` is memory for kCellsPerPoint
  // a point.
  SubsetSampler(const double* begin, int32_t* guide, int64_t num_points)
      : line_{begin, guide, num_points, kCellsPerPoint * num_points,
              static_cast<double>(kCellsPerPoint * num_points) / begin[num_points]} {
    // Where to begin looking for a position, by its cell (H. Chen and Y. Asau, 1974): at the last
    // point that begins before the cell.
    std::fill_n(guide, line_.num_cells, 0);
    for (int64_t i = 1; i < num_points; ++i) {
      const double position = begin[i] * line_.cells_per_weight;
      const auto below = static_cast<int64_t>(position);
      const int64_t cell = below + (static_cast<double>(below) < position);
      if (cell < line_.num_cells) ++guide[cell];
    }
    for (int64_t cell = 1; cell < line_.num_cells; ++cell) guide[cell] += guide[cell - 1];
  }

  // `count` points for each of kStartLanes starts; at least as many must have weight.
  void Draw(const StartStream& stream, int first_start, int count, int32_t* chosen) const {
    GetStartDrawKernels().draw_subsets(line_, stream, first_start, count, chosen);
  }

 private:
  const WeightLine line_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_SUBSET_SAMPLER_H_
