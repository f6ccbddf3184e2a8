// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The chart of a mode over samples in the lanes of vector registers.
#ifndef PROPNP_ENGINE_KERNELS_LANE_CHART_H_
#define PROPNP_ENGINE_KERNELS_LANE_CHART_H_

#include <cstring>

#include "propnp/engine/kernels/lanes.h"
#include "propnp/engine/kernels/proposal_kernels.h"
#include "propnp/math/mode_chart.h"

PROPNP_MATH_BEGIN

template <int kDof, typename L>
struct DofOfLanes;
template <typename L>
struct DofOfLanes<6, L> {
  using Type = SixDof<L>;
};
template <typename L>
struct DofOfLanes<4, L> {
  using Type = FourDof<L>;
};
template <int kDof, typename L>
using LaneChart = ModeChart<typename DofOfLanes<kDof, L>::Type>;

// Every number of the chart spread over a register.
template <int kDof, typename L>
PROPNP_INLINE LaneChart<kDof, L> spread_chart(const KernelChart& chart) {
  constexpr size_t kCount = sizeof(LaneChart<kDof, L>) / sizeof(L);
  static_assert(kCount <= kChartNumbers && sizeof(LaneChart<kDof, L>) % sizeof(L) == 0,
                "only numbers");
  L spread[kCount];
  for (size_t i = 0; i < kCount; ++i) spread[i] = constant<L>(chart.numbers[i]);
  LaneChart<kDof, L> result;
  std::memcpy(static_cast<void*>(&result), spread, sizeof(result));
  return result;
}

// The coordinates of samples s, s + 1, ... in the chart of a mode.
template <int kDof, typename L>
PROPNP_INLINE void load_xi(const KernelSamples& samples, int mode, int64_t s, L* xi) {
  for (int k = 0; k < kDof; ++k) {
    load_column(samples.xi + (mode * kDof + k) * samples.stride + s, &xi[k]);
  }
}

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_LANE_CHART_H_
