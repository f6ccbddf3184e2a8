// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Quantiles of weighted numbers: sorted, each stands at the middle of its own weight, straight
// lines between (A. Hazen, 1914); below the first and above the last the distribution function is
// flat.
#ifndef PROPNP_MATH_WEIGHTED_QUANTILE_H_
#define PROPNP_MATH_WEIGHTED_QUANTILE_H_

#include <cstdint>

#include "propnp/math/config.h"

PROPNP_MATH_BEGIN

// Of `count` numbers value(k) in ascending order with weights weight(k) that are positive and sum
// up to cumulative(k) through the k-th. `level` from 0 to 1; zero if there are no numbers.
template <typename Value, typename Weight, typename Cumulative>
PROPNP_HOST_DEVICE double weighted_quantile(int64_t count, double level, const Value& value,
                                            const Weight& weight, const Cumulative& cumulative) {
  if (count == 0) return 0;
  const auto middle = [&](int64_t k) {
    return (k > 0 ? cumulative(k - 1) : 0.0) + 0.5 * weight(k);
  };
  const double wanted = level * cumulative(count - 1);
  int64_t low = 0, high = count;  // the first whose middle is not below lies from low to high
  while (low < high) {
    const int64_t k = low + (high - low) / 2;
    if (wanted <= middle(k)) {
      high = k;
    } else {
      low = k + 1;
    }
  }
  if (low == 0 || low == count) return value(low == 0 ? 0 : count - 1);
  const double last = value(low - 1), next = value(low), last_middle = middle(low - 1);
  const double share = (wanted - last_middle) / (middle(low) - last_middle);
  // Costs may be infinite: nothing of an infinite step is nothing, and between equals is no step.
  return !(share > 0) || next == last ? last : last + share * (next - last);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_WEIGHTED_QUANTILE_H_
