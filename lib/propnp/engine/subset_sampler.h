// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random subsets of an object's points, by weight and without replacement.
#ifndef PROPNP_ENGINE_SUBSET_SAMPLER_H_
#define PROPNP_ENGINE_SUBSET_SAMPLER_H_

#include <algorithm>
#include <cstdint>

#include "propnp/engine/args.h"
#include "propnp/math/philox.h"

namespace propnp {

// Draws `count` different points, each in turn with probability proportional to its weight among
// those left (what Gumbel top-n draws, without a logarithm a point). `chosen` ends up sorted. At
// least `count` points must have weight.
class SubsetSampler {
 public:
  // `cumulative` weights and memory for a guide of as many entries.
  SubsetSampler(const double* cumulative, int32_t* guide, int64_t num_points, uint64_t seed,
                uint64_t object_id)
      : cumulative_(cumulative),
        guide_(guide),
        num_points_(num_points),
        cells_per_weight_(static_cast<double>(num_points) / Total()),
        seed_(seed),
        object_id_(object_id) {
    // Where to begin looking for a position, by its cell (H. Chen and Y. Asau, 1974).
    int64_t i = 0;
    for (int64_t cell = 0; cell < num_points; ++cell) {
      while (i + 1 < num_points && cumulative[i] * cells_per_weight_ <= static_cast<double>(cell)) {
        ++i;
      }
      guide[cell] = static_cast<int32_t>(i);
    }
  }

  void Draw(int start, int count, int64_t* chosen) const {
    double taken = 0;
    PhiloxWords words{};
    for (int k = 0; k < count; ++k) {
      if (k % 4 == 0) {
        words = random_words(seed_, object_id_, RandomPurpose::kStartSubset,
                             static_cast<uint32_t>(start * (PROPNP_MAX_START_POINTS / 4) + k / 4));
      }
      const double position = uniform_from_word(words.word[k % 4]) * Total();
      int64_t index = At(position);
      int place = Place(index, chosen, k);
      if (place < k && chosen[place] == index) {
        // Within what is taken the position is uniform again: it serves for what is left.
        const double share = TakenBefore(position, chosen, place) / taken;
        index = Locate(share * (Total() - taken), chosen, k);
        place = Place(index, chosen, k);
      }
      taken += Weight(index);
      std::copy_backward(chosen + place, chosen + k, chosen + k + 1);
      chosen[place] = index;
    }
  }

 private:
  double Total() const { return cumulative_[num_points_ - 1]; }
  double Before(int64_t i) const { return i > 0 ? cumulative_[i - 1] : 0; }
  double Weight(int64_t i) const { return cumulative_[i] - Before(i); }

  // The point at `position` on the line of weights; one that has weight.
  int64_t At(double position) const {
    const int64_t cell = static_cast<int64_t>(position * cells_per_weight_);
    int64_t i = guide_[std::min(cell, num_points_ - 1)];
    while (i > 0 && cumulative_[i - 1] > position) --i;  // rounding of the cell
    while (i + 1 < num_points_ && cumulative_[i] <= position) ++i;
    while (!(Weight(i) > 0)) i = i > 0 ? i - 1 : num_points_ - 1;
    return i;
  }

  // How many of the chosen come before the point.
  static int Place(int64_t index, const int64_t* chosen, int num_chosen) {
    int place = 0;
    for (int k = 0; k < num_chosen; ++k) place += chosen[k] < index;
    return place;
  }

  // How much of the weight of the chosen lies before `position`, which is in the `place`-th.
  double TakenBefore(double position, const int64_t* chosen, int place) const {
    double sum = position - Before(chosen[place]);
    for (int k = 0; k < place; ++k) sum += Weight(chosen[k]);
    return sum;
  }

  // The point at `position` on the line of weights from which the chosen ones are cut out.
  int64_t Locate(double position, const int64_t* chosen, int num_chosen) const {
    for (int k = 0; k < num_chosen && position >= Before(chosen[k]); ++k) {
      position += Weight(chosen[k]);
    }
    int64_t index = At(position);
    // Rounding may land on a chosen or weightless point: take the next one that serves.
    while (!(Weight(index) > 0) || std::binary_search(chosen, chosen + num_chosen, index)) {
      index = index + 1 < num_points_ ? index + 1 : 0;
    }
    return index;
  }

  const double* cumulative_;
  const int32_t* guide_;
  const int64_t num_points_;
  const double cells_per_weight_;
  const uint64_t seed_, object_id_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_SUBSET_SAMPLER_H_
