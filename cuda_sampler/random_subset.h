// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The points of a random start, the same that the CPU draws (engine/subset_sampler.h).
#ifndef PROPNP_CUDA_SAMPLER_RANDOM_SUBSET_H_
#define PROPNP_CUDA_SAMPLER_RANDOM_SUBSET_H_

#include "cuda_sampler/device/device.h"
#include "propnp/engine/start_words.h"
#include "propnp/math/weighted_subset.h"

namespace propnp::gpu {

// Weights of points, of which there are the sums up to and with each.
class CumulativeLine {
 public:
  PROPNP_DEVICE CumulativeLine(const double* sums, int64_t num_points)
      : sums_(sums), num_points_(num_points) {}

  PROPNP_DEVICE int64_t num_points() const { return num_points_; }
  PROPNP_DEVICE double begin(int64_t i) const { return i > 0 ? sums_[i - 1] : 0; }
  PROPNP_DEVICE double weight(int64_t i) const { return begin(i + 1) - begin(i); }
  PROPNP_DEVICE int64_t find(double position) const {
    int64_t low = 0, high = num_points_ - 1;  // the first whose sum exceeds the position
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (sums_[middle] > position) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

 private:
  const double* sums_;
  int64_t num_points_;
};

// Different points, each in turn with probability proportional to its weight among those left, in
// ascending order.
class Subset {
 public:
  PROPNP_DEVICE void Draw(const CumulativeLine& line, uint64_t seed, uint64_t object_id, int start,
                          int count) {
    count_ = 0;
    double taken = 0;
    PhiloxWords words{};
    for (int k = 0; k < count; ++k) {
      if (k % 4 == 0) {
        words = random_words(seed, object_id, RandomPurpose::kStartSubset,
                             first_subset_block(start) + static_cast<uint32_t>(k / 4));
      }
      const double position = uniform_from_word(words.word[k % 4]) * line.begin(line.num_points());
      const int64_t index = draw_weighted_point(line, Taken{line, *this}, position, taken);
      taken += line.weight(index);
      Insert(index);
    }
  }

  PROPNP_DEVICE int count() const { return count_; }
  PROPNP_DEVICE int64_t operator[](int k) const { return chosen_[k]; }

 private:
  struct Taken {
    const CumulativeLine& line;
    const Subset& subset;

    PROPNP_DEVICE int count() const { return subset.count_; }
    PROPNP_DEVICE bool contains(int64_t index) const {
      bool found = false;
      for (int k = 0; k < subset.count_; ++k) found = found || subset.chosen_[k] == index;
      return found;
    }
    PROPNP_DEVICE double weight_before(double position) const {
      return WeightOf([&](double begin) { return begin < position; });
    }
    PROPNP_DEVICE double weight_up_to(double position) const {
      return WeightOf([&](double begin) { return begin <= position; });
    }
    template <typename Are>
    PROPNP_DEVICE double WeightOf(const Are& are) const {
      double sum = 0;
      for (int k = 0; k < subset.count_; ++k) {
        if (are(line.begin(subset.chosen_[k]))) sum += line.weight(subset.chosen_[k]);
      }
      return sum;
    }
  };

  PROPNP_DEVICE void Insert(int64_t index) {
    int place = count_++;
    for (; place > 0 && chosen_[place - 1] > index; --place) chosen_[place] = chosen_[place - 1];
    chosen_[place] = static_cast<int32_t>(index);
  }

  int count_ = 0;
  int32_t chosen_[PROPNP_MAX_START_POINTS];
};

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_RANDOM_SUBSET_H_
