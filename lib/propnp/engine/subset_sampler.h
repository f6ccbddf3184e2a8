// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random subsets of an object's points, by weight and without replacement (what Gumbel top-n draws,
// without a logarithm a point).
#ifndef PROPNP_ENGINE_SUBSET_SAMPLER_H_
#define PROPNP_ENGINE_SUBSET_SAMPLER_H_

#include <algorithm>

#include "propnp/engine/kernels/start_draw_kernels.h"
#include "propnp/math/weighted_subset.h"

namespace propnp {

class SubsetSampler {
 public:
  // Memory for the line and for its guide.
  static constexpr int64_t LineSize(int64_t num_points) { return num_points + 2; }
  static constexpr int64_t GuideSize(int64_t num_points) {
    return kCellsPerPoint * num_points + kCellsAtOnce;
  }

  // `weight` is a fraction of the largest, at least kLeastWeightFraction or none. There are fewer
  // than 2^31 points.
  template <typename T>
  SubsetSampler(const T* weight, int64_t num_points, uint32_t* begin, int32_t* guide)
      : line_{begin, guide, num_points, 0} {
    FillLine(weight, begin);
    FillGuide(guide);
  }

  // `count` points for each start of up to kGroupsAtOnce groups, as the kernels draw them; at least
  // as many must have weight.
  void Draw(const StartStream& stream, int first_start, int num_groups, int count,
            int32_t* chosen) const {
    GetStartDrawKernels().draw_subsets(line_, stream, first_start, num_groups, count, chosen);
  }

 private:
  // Most positions then lie in the first point that is looked at or in the next.
  static constexpr int64_t kCellsPerPoint = 4;
  static constexpr int64_t kCellsAtOnce = 8;
  static constexpr int64_t kMostCells = int64_t{1} << 30;  // whose indices are of 32 bits

  template <typename T>
  void FillLine(const T* weight, uint32_t* begin) {
    const int64_t num_points = line_.num_points;
    uint64_t sum = 0;
    for (int64_t i = 0; i < num_points; ++i) {
      begin[i + 1] = weight_in_units(weight[i]);
      sum += begin[i + 1];
    }
    const int shift = weight_line_shift(sum, num_points);
    begin[0] = 0;
    for (int64_t i = 0; i < num_points; ++i) {
      begin[i + 1] = begin[i] + weight_line_width(begin[i + 1], shift);
    }
    begin[num_points + 1] = begin[num_points];
  }

  // Where to begin looking for a position, by its cell (H. Chen and Y. Asau, 1974): at the last
  // point that begins at the cell's beginning or before.
  void FillGuide(int32_t* guide) {
    const uint32_t total = line_.begin[line_.num_points];
    if (total == 0) return;
    const int64_t most = std::min(kCellsPerPoint * line_.num_points, kMostCells);
    while ((total - 1) >> line_.cell_shift >= most) ++line_.cell_shift;
    const auto first_cell = [&](uint32_t position) {
      return position == 0 ? 0 : int64_t{(position - 1) >> line_.cell_shift} + 1;
    };
    int64_t cell = 0;
    for (int64_t i = 0; i < line_.num_points; ++i) {
      // The next points write over what is too much.
      const int64_t end = first_cell(line_.begin[i + 1]);
      for (; cell < end; cell += kCellsAtOnce) {
        std::fill_n(guide + cell, kCellsAtOnce, static_cast<int32_t>(i));
      }
      cell = end;
    }
  }

  WeightLine line_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_SUBSET_SAMPLER_H_
