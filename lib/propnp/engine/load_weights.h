// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reading the weights of samples from the caller's tensors.
#ifndef PROPNP_ENGINE_LOAD_WEIGHTS_H_
#define PROPNP_ENGINE_LOAD_WEIGHTS_H_

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/tensor.h"

namespace propnp {

// Reads row `object` of the log weights (B, S) and makes them weights of sum one. False if one is
// not a number, or infinite, or if all are zero.
inline bool LoadWeights(const propnp_tensor& log_weights, int64_t object, int64_t count,
                        double* weights) {
  double highest = -HUGE_VAL;
  bool valid = true;
  for (int64_t s = 0; s < count; ++s) {
    weights[s] = LoadAt<double>(log_weights, object, s);
    valid &= weights[s] <= std::numeric_limits<double>::max();
    highest = std::max(highest, weights[s]);
  }
  if (!valid || !(highest > -HUGE_VAL)) return false;
  double sum = 0;
  for (int64_t s = 0; s < count; ++s) {
    weights[s] = std::exp(weights[s] - highest);
    sum += weights[s];
  }
  for (int64_t s = 0; s < count; ++s) weights[s] /= sum;
  return true;
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_LOAD_WEIGHTS_H_
