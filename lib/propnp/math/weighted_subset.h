// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Drawing different points of an object, each in turn with probability proportional to its weight
// among those left. The points lie one after the other on a line of less than 2^32, each as wide as
// its weight. Those drawn are cut out; a uniform position on what is left of the line lies in the
// point that is drawn next. All of this is whole numbers: the same words draw the same points on
// every instruction set and device.
#ifndef PROPNP_MATH_WEIGHTED_SUBSET_H_
#define PROPNP_MATH_WEIGHTED_SUBSET_H_

#include <cstdint>

#include "propnp/math/config.h"

PROPNP_MATH_BEGIN

// A weight in units of 2^-31 of the largest. `fraction` is that of the largest, where there is
// weight at least kLeastWeightFraction: no point is lost, nor the extent of points that one
// outweighs.
constexpr double kLeastWeightFraction = 1.0 / 2147483648.0;
template <typename T>
PROPNP_HOST_DEVICE PROPNP_INLINE uint32_t weight_in_units(T fraction) {
  return static_cast<uint32_t>(fraction * T(2147483648.0));
}

// How many bits of the weights (in units, with that sum) a line of fewer than 2^31 points has no
// room for.
PROPNP_HOST_DEVICE inline int weight_line_shift(uint64_t sum, int64_t num_points) {
  const uint64_t room = 0xffffffffu - static_cast<uint64_t>(num_points);
  int shift = 0;
  while (sum >> shift > room) ++shift;
  return shift;
}

// How wide a point is; at least one where it has weight.
PROPNP_HOST_DEVICE PROPNP_INLINE uint32_t weight_line_width(uint32_t units, int shift) {
  return (units >> shift) + (units > 0 ? 1 : 0);
}

// Up to kMost points drawn, in ascending order.
//
//   Line    begin(i) where the i-th point begins, which is where the one before ends; total() of
//           all; find(position): the point with begin(i) <= position < begin(i + 1)
template <int kMost>
class WeightedSubset {
 public:
  PROPNP_HOST_DEVICE int count() const { return count_; }
  PROPNP_HOST_DEVICE int32_t operator[](int k) const { return point_[k]; }

  // Draws one more by a random word, of which more points must have weight than are drawn.
  template <typename Line>
  PROPNP_HOST_DEVICE void draw(const Line& line, uint32_t word) {
    uint32_t position = static_cast<uint32_t>(uint64_t{word} * (line.total() - taken_) >> 32);
    // On the whole line it lies behind every point cut out that begins there or before. It never
    // lies in such a one, as it begins at its end.
    int place = 0;
    for (; place < count_ && line.begin(point_[place]) <= position; ++place) {
      position += width(line, point_[place]);
    }
    const auto point = static_cast<int32_t>(line.find(position));
    for (int k = count_; k > place; --k) point_[k] = point_[k - 1];
    point_[place] = point;
    taken_ += width(line, point);
    ++count_;
  }

 private:
  template <typename Line>
  PROPNP_HOST_DEVICE static uint32_t width(const Line& line, int64_t point) {
    return line.begin(point + 1) - line.begin(point);
  }

  int count_ = 0;
  uint32_t taken_ = 0;  // of the line
  int32_t point_[kMost];
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_WEIGHTED_SUBSET_H_
