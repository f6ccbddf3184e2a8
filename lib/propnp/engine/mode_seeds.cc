// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/mode_seeds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/lane_starts.h"
#include "propnp/engine/levenberg_marquardt.h"

namespace propnp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Whether a lane for each seed is faster than points in the lanes: the one takes as long for one
// seed as for sixteen, or with a plain pinhole for eight, where the other half of the lanes takes
// half of the points; the other loses time between the points. Measured with AVX-512; the others
// are alike.
template <int kDof>
bool BestInLanes(bool pinhole, int count, int64_t num_points) {
  constexpr int64_t kPerPoint = 16, kPerSeed = 2000;  // cycles
  const int64_t pinhole_lanes = (kDof == 6 ? 300 : 210) / (2 * count <= kStartLanes ? 2 : 1);
  const int64_t lanes_per_point = pinhole ? pinhole_lanes : 360;
  return lanes_per_point * num_points < count * (kPerPoint * num_points + kPerSeed);
}

// The lanes behind the first `count` with copies of the last of those.
void FillUp(int count, StartState* group) {
  const auto fill = [&](float* lanes) {
    std::fill(lanes + count, lanes + kStartLanes, lanes[count - 1]);
  };
  for (float* lanes : group->position) fill(lanes);
  for (float* lanes : group->quaternion) fill(lanes);
  fill(group->yaw);
}

template <int kDof>
void DescendInLanes(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                    int steps, int count, StartWorkspace<double>* workspace) {
  // In the tangent that LevenbergMarquardt works in: how the damping bends a path depends on it.
  const Vec3<double> origin{0, 0, 0};
  LaneStarts<kDof, double> lanes(cost, options, origin, workspace);
  lanes.ScalePoints();
  StartPose<double>* seeds = workspace->best;
  StartState group;
  for (int lane = 0; lane < count; ++lane) lanes.Set(lane, seeds[lane].pose, &group);
  FillUp(count, &group);
  lanes.RefineOnAll(steps, count, &group);
  for (int i = 0; i < count; ++i) {
    lanes.GetPose(group, i, seeds[i].pose);
    seeds[i].cost = lanes.Cost(group, i);
  }
}

// Of norm one in double precision again.
void NormaliseRotation(double* pose) {
  const Quaternion<double> q = normalized(Quaternion<double>{pose[3], pose[4], pose[5], pose[6]});
  pose[3] = q.w, pose[4] = q.x, pose[5] = q.y, pose[6] = q.z;
}

template <int kDof>
void DescendInDouble(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                     int steps, StartPose<double>* seed) {
  const RefineOutcome outcome =
      LevenbergMarquardt<kDof, double>(cost, options).Refine(steps, seed->pose);
  seed->cost = outcome.finite ? outcome.cost_after : kInfinity;
}

// In single precision, unless that overflows.
template <int kDof>
void DescendOneByOne(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                     int steps, int count, StartWorkspace<double>* workspace) {
  PackedObject<float>* rough = &workspace->rough;
  CopyWithoutPrior(cost.object(), rough);
  const ObjectCost<kDof, float> rough_cost(*rough);
  for (int i = 0; i < count; ++i) {
    StartPose<double>& seed = workspace->best[i];
    float pose[7];
    std::transform(seed.pose, seed.pose + 7, pose, [](double p) { return static_cast<float>(p); });
    const RefineOutcome outcome =
        LevenbergMarquardt<kDof, float>(rough_cost, options).Refine(steps, pose);
    if (!outcome.finite) {
      DescendInDouble(cost, options, steps, &seed);
      continue;
    }
    std::copy(pose, pose + 7, seed.pose);
    if (kDof == 6) NormaliseRotation(seed.pose);
    seed.cost = outcome.cost_after;
  }
}

// Whether single precision rounds no weighted residual by more than a hundredth of a standard
// deviation.
bool RoundsLittle(const PointTotals<double>& totals) {
  constexpr double kRoundings = 8, kLargestError = 1e-2;
  return kRoundings * std::numeric_limits<float>::epsilon() * totals.largest_pixel *
             totals.largest_weight <
         kLargestError;
}

// Whether the lowest cost is what double precision makes of it: what has overflowed on the way is
// not, and may be lower than all others.
template <int kDof>
bool LowestIsRight(const ObjectCost<kDof, double>& cost, const StartPose<double>* seeds,
                   int count) {
  constexpr double kLargestError = 1;  // of a gap of 15
  int lowest = 0;
  for (int i = 1; i < count; ++i) {
    if (!(seeds[i].cost >= seeds[lowest].cost)) lowest = i;
  }
  return std::fabs(cost.Cost(seeds[lowest].pose) - seeds[lowest].cost) <= kLargestError;
}

// With residuals a + b, b from rounding, a cost is at most twice that of a plus twice that of b,
// which is near the lowest cost there is.
template <int kDof>
void EvaluateAgain(const ObjectCost<kDof, double>& cost, double max_cost_gap, int count,
                   StartPose<double>* seeds) {
  double lowest = kInfinity;
  for (int i = 0; i < count; ++i) lowest = std::min(lowest, seeds[i].cost);
  for (int i = 0; i < count; ++i) {
    const bool may_count = seeds[i].cost <= 2 * (2 * lowest + max_cost_gap);
    seeds[i].cost = may_count ? cost.Cost(seeds[i].pose) : kInfinity;
  }
}

}  // namespace

template <int kDof>
void DescendSeeds(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
                  int steps, double max_cost_gap, int count, StartWorkspace<double>* workspace) {
  const PackedObject<double>& object = cost.object();
  if (object.prior.active()) {
    for (int i = 0; i < count; ++i) {
      DescendInDouble(cost, options, steps, &workspace->best[i]);
    }
    return;
  }
  LaneStarts<kDof, double>::Serves(object, options) &&
          BestInLanes<kDof>(LaneStarts<kDof, double>::HasPlainPinhole(object), count,
                            object.num_points)
      ? DescendInLanes(cost, options, steps, count, workspace)
      : DescendOneByOne(cost, options, steps, count, workspace);
  if (RoundsLittle(object.totals) && LowestIsRight(cost, workspace->best, count)) {
    return;
  }
  EvaluateAgain(cost, max_cost_gap, count, workspace->best);
}

template void DescendSeeds(const ObjectCost<6, double>&, const propnp_solve_options&, int, double,
                           int, StartWorkspace<double>*);
template void DescendSeeds(const ObjectCost<4, double>&, const propnp_solve_options&, int, double,
                           int, StartWorkspace<double>*);

}  // namespace propnp
