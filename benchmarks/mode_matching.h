// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compares the modes that a sampler found with the true ones.
#ifndef PROPNP_BENCHMARKS_MODE_MATCHING_H_
#define PROPNP_BENCHMARKS_MODE_MATCHING_H_

#include <cstdint>
#include <vector>

namespace propnp::bench {

// Between two poses in radians of rotation and parts of the depth.
double PoseDistance(int dof, const double* a, const double* b);

struct WeightedMode {
  const double* pose;  // [tx ty tz qw qx qy qz] or [tx ty tz yaw]
  double probability;
};

// The largest difference of the probabilities of one mode. Two modes are the same if each is the
// other's nearest and they are no further apart than .1 (radians, and parts of the depth); one that
// has no partner is compared with 0.
double LargestProbabilityError(int dof, const std::vector<WeightedMode>& truth,
                               const std::vector<WeightedMode>& found);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_MODE_MATCHING_H_
