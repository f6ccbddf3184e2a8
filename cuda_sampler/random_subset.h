// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The points of a random start, the same that the CPU draws (engine/subset_sampler.h).
#ifndef PROPNP_CUDA_SAMPLER_RANDOM_SUBSET_H_
#define PROPNP_CUDA_SAMPLER_RANDOM_SUBSET_H_

#include "cuda_sampler/device/device.h"
#include "propnp/engine/start_words.h"
#include "propnp/math/weighted_subset.h"

namespace propnp::gpu {

// Where each point ends on the line of math/weighted_subset.h.
class WeightLine {
 public:
  PROPNP_DEVICE WeightLine(const uint32_t* ends, int64_t num_points)
      : ends_(ends), num_points_(num_points) {}

  PROPNP_DEVICE uint32_t total() const { return begin(num_points_); }
  PROPNP_DEVICE uint32_t begin(int64_t i) const { return i > 0 ? ends_[i - 1] : 0; }
  PROPNP_DEVICE int64_t find(uint32_t position) const {
    int64_t low = 0, high = num_points_ - 1;  // the first that ends behind the position
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (ends_[middle] > position) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

 private:
  const uint32_t* ends_;
  int64_t num_points_;
};

using Subset = WeightedSubset<PROPNP_MAX_START_POINTS>;

PROPNP_DEVICE void DrawSubset(const WeightLine& line, uint64_t seed, uint64_t object_id, int start,
                              int count, Subset* subset) {
  PhiloxWords words{};
  for (int k = 0; k < count; ++k) {
    if (k % 4 == 0) {
      words = random_words(seed, object_id, RandomPurpose::kStartSubset,
                           first_subset_block(start) + static_cast<uint32_t>(k / 4));
    }
    subset->draw(line, words.word[k % 4]);
  }
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_RANDOM_SUBSET_H_
