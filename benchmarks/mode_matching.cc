// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/mode_matching.h"

#include <algorithm>
#include <cmath>

namespace propnp::bench {
namespace {

// Modes are minima that both sides know to many digits: this only keeps strangers apart.
constexpr double kSameMode = 0.1;
constexpr double kTwoPi = 6.283185307179586477;

double RotationAngle(int dof, const double* a, const double* b) {
  if (dof == 4) return std::fabs(std::remainder(a[3] - b[3], kTwoPi));
  double cosine = 0;
  for (int i = 3; i < 7; ++i) cosine += a[i] * b[i];
  return 2 * std::acos(std::min(std::fabs(cosine), 1.0));
}

}  // namespace

double PoseDistance(int dof, const double* a, const double* b) {
  const double depth = std::max(std::fabs(a[2]), std::fabs(b[2]));
  const double translation = std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) / depth;
  return std::hypot(translation, RotationAngle(dof, a, b));
}

namespace {

const WeightedMode* Nearest(int dof, const WeightedMode& mode,
                            const std::vector<WeightedMode>& candidates) {
  const WeightedMode* nearest = nullptr;
  double least = kSameMode;
  for (const WeightedMode& candidate : candidates) {
    const double distance = PoseDistance(dof, mode.pose, candidate.pose);
    if (!(distance < least)) continue;
    least = distance;
    nearest = &candidate;
  }
  return nearest;
}

// Over the modes of `from`: those without a partner in `to` count whole.
double LargestOneSided(int dof, const std::vector<WeightedMode>& from,
                       const std::vector<WeightedMode>& to) {
  double largest = 0;
  for (const WeightedMode& mode : from) {
    const WeightedMode* partner = Nearest(dof, mode, to);
    const bool mutual = partner && Nearest(dof, *partner, from) == &mode;
    const double other = mutual ? partner->probability : 0;
    largest = std::max(largest, std::fabs(mode.probability - other));
  }
  return largest;
}

}  // namespace

double LargestProbabilityError(int dof, const std::vector<WeightedMode>& truth,
                               const std::vector<WeightedMode>& found) {
  return std::max(LargestOneSided(dof, truth, found), LargestOneSided(dof, found, truth));
}

}  // namespace propnp::bench
