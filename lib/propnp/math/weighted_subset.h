// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Drawing different points of an object, each in turn with probability proportional to its weight
// among those left. The weights lie one after the other on a line; a uniform position on it is in
// the point that is drawn. Where that point has been drawn before, the position, which within the
// taken weight is uniform again, serves for what is left.
//
//   Line    num_points(), begin(i) where the i-th weight begins, begin(num_points()) its end,
//           find(position): the point with begin(i) <= position < begin(i + 1), or an end one
//   Taken   of the points drawn before: count(), contains(i), weight_before(position) and
//           weight_up_to(position) of those that begin before it, or not behind it
#ifndef PROPNP_MATH_WEIGHTED_SUBSET_H_
#define PROPNP_MATH_WEIGHTED_SUBSET_H_

#include <cstdint>

#include "propnp/math/config.h"

PROPNP_MATH_BEGIN

namespace weighted_subset_detail {

template <typename Line>
PROPNP_HOST_DEVICE bool has_weight(const Line& line, int64_t i) {
  return line.begin(i + 1) - line.begin(i) > 0;
}

// The point at `position` on the line from which the taken ones are cut out: on the whole line it
// lies behind every taken one that begins before it.
template <typename Line, typename Taken>
PROPNP_HOST_DEVICE int64_t find_left(const Line& line, const Taken& taken, double position) {
  double moved = position;
  for (int round = 0; round < taken.count(); ++round) {
    const double sum = position + taken.weight_up_to(moved);
    if (!(sum > moved)) break;
    moved = sum;
  }
  int64_t i = line.find(moved);
  // Rounding may land on a taken or weightless point: take the next one that serves.
  while (!has_weight(line, i) || taken.contains(i)) i = i + 1 < line.num_points() ? i + 1 : 0;
  return i;
}

}  // namespace weighted_subset_detail

// The point that `position` draws, which lies on the whole line; `taken_weight` is that of the
// taken ones. More points must have weight than are taken.
template <typename Line, typename Taken>
PROPNP_HOST_DEVICE int64_t draw_weighted_point(const Line& line, const Taken& taken,
                                               double position, double taken_weight) {
  int64_t i = line.find(position);
  while (!weighted_subset_detail::has_weight(line, i)) i = i > 0 ? i - 1 : line.num_points() - 1;
  if (!taken.contains(i)) return i;
  const double share =
      (position - line.begin(i) + taken.weight_before(line.begin(i))) / taken_weight;
  const double left = line.begin(line.num_points()) - taken_weight;
  return weighted_subset_detail::find_left(line, taken, share * left);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_WEIGHTED_SUBSET_H_
