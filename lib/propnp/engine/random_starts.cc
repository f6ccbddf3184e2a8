// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/random_starts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/lane_starts.h"
#include "propnp/engine/levenberg_marquardt.h"
#include "propnp/engine/start_geometry.h"
#include "propnp/engine/subset_sampler.h"

namespace propnp {
namespace {

constexpr int kMaxStartPoints = PROPNP_MAX_START_POINTS;

constexpr int NumGroups(int starts) { return (starts + kStartLanes - 1) / kStartLanes; }

// The chosen points, in ascending order, as an object of its own that shares everything else with
// `object`.
template <typename T>
void GatherSubset(const PackedObject<T>& object, const int32_t* chosen, int count,
                  PackedObject<T>* subset) {
  PackedView<T>* const views = subset->views;
  T* memory = subset->columns;
  T* const columns = subset->columns;
  *subset = object;
  subset->views = views;
  subset->columns = columns;
  subset->num_points = subset->weighted_points = count;
  int64_t first = 0;
  int k = 0;
  for (int64_t v = 0; v < object.num_views; ++v) {
    const PackedView<T>& from = object.views[v];
    PackedView<T>& to = views[v];
    to = from;
    int end = k;
    while (end < count && chosen[end] < first + from.num_points) ++end;
    to.num_points = end - k;
    to.padded_points = PaddedCount(to.num_points);
    const auto copy = [&](const T* source) -> const T* {
      if (!source) return nullptr;
      T* column = memory;
      memory += to.padded_points;
      for (int j = k; j < end; ++j) column[j - k] = source[chosen[j] - first];
      std::fill(column + to.num_points, column + to.padded_points, T(0));
      return column;
    };
    to.x = copy(from.x), to.y = copy(from.y), to.z = copy(from.z);
    to.u = copy(from.u), to.v = copy(from.v);
    to.wxx = copy(from.wxx), to.wyy = copy(from.wyy);
    to.wxy = copy(from.wxy), to.wyx = copy(from.wyx);
    first += from.num_points;
    k = end;
  }
}

// The translation that puts the centroid where it is seen.
template <int kDof, typename T>
void PlaceCentroid(const ObjectCost<kDof, T>& cost, const ObjectGeometry<T>& geometry, T* pose) {
  pose[0] = pose[1] = pose[2] = T(0);
  const Vec3<T> rotated = cost.dof().transform(pose).rotation * geometry.centroid;
  const Vec3<T> t = geometry.distance * geometry.direction - rotated;
  pose[0] = t.x, pose[1] = t.y, pose[2] = t.z;
}

// Starts in vector lanes. Without a prior the lanes know the cost, and poses are left for later.
template <int kDof, typename T>
void RefineInLanes(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
                   const StartStream& stream, const SubsetSampler& sampler, int count,
                   LaneStarts<kDof, T>* lanes, StartWorkspace<T>* workspace) {
  const PriorDensity<T>& prior = cost.object().prior;
  lanes->ScalePoints();
  const int num_groups = NumGroups(options.num_starts);
  for (int g = 0; g < num_groups; g += kGroupsAtOnce) {
    lanes->RefineOnSubsets(sampler, stream, g * kStartLanes,
                           std::min(kGroupsAtOnce, num_groups - g), count, workspace->groups + g);
  }
  for (int s = 0; s < options.num_starts; s += kStartLanes) {
    StartState& group = workspace->groups[s / kStartLanes];
    const int used = std::min(kStartLanes, options.num_starts - s);
    for (int lane = 0; lane < used && prior.active(); ++lane) {
      StartPose<T>& start = workspace->starts[s + lane];
      lanes->GetPose(group, lane, start.pose);
      prior.move_inside(start.pose);
      start.cost = cost.Cost(start.pose);
      lanes->Set(lane, start, &group);
    }
    std::fill(group.cost + used, group.cost + kStartLanes, std::numeric_limits<float>::infinity());
  }
}

// Starts one after the other: on several cameras, or by Gauss-Newton steps.
template <int kDof, typename T>
void RefineOneByOne(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
                    const StartStream& stream, const SubsetSampler& sampler, int count,
                    const LaneStarts<kDof, T>& lanes, StartWorkspace<T>* workspace) {
  const PackedObject<T>& object = cost.object();
  for (int s = 0; s < options.num_starts; ++s) {
    StartState& group = workspace->groups[s / kStartLanes];
    const int lane = s % kStartLanes;
    if (lane == 0) {
      lanes.DrawRotations(stream, s, &group);
      sampler.Draw(stream, s, 1, count, workspace->chosen);
      std::fill_n(group.cost, kStartLanes, std::numeric_limits<float>::infinity());
    }
    int32_t chosen[kMaxStartPoints];
    for (int k = 0; k < count; ++k) chosen[k] = workspace->chosen[k * kStartLanes + lane];
    std::sort(chosen, chosen + count);
    StartPose<T>& start = workspace->starts[s];
    lanes.GetRotation(group, lane, start.pose);
    PlaceCentroid(cost, workspace->geometry, start.pose);
    object.prior.move_inside(start.pose);
    GatherSubset(object, chosen, count, &workspace->subset);
    const ObjectCost<kDof, T> subset_cost(workspace->subset);
    LevenbergMarquardt<kDof, T>(subset_cost, options).Refine(options.start_iterations, start.pose);
    object.prior.move_inside(start.pose);
    start.cost = cost.Cost(start.pose);
    lanes.Set(lane, start, &group);
  }
}

// Those that are not random, behind the random ones. Returns how many starts there are.
template <int kDof, typename T>
int AddOthers(const ObjectCost<kDof, T>& cost, int num_random, const T* target,
              const LaneStarts<kDof, T>& lanes, StartWorkspace<T>* workspace) {
  const PriorDensity<T>& prior = cost.object().prior;
  int count = num_random;
  const auto add = [&](const T* pose) {
    StartPose<T>& start = workspace->starts[count];
    StartState& group = workspace->groups[count / kStartLanes];
    const int lane = count++ % kStartLanes;
    start = {};
    std::copy(pose, pose + ObjectCost<kDof, T>::Dof::kStorage, start.pose);
    start.cost = cost.Cost(start.pose);
    if (lane == 0) {
      group = {};
      std::fill_n(group.cost, kStartLanes, std::numeric_limits<float>::infinity());
    }
    lanes.Set(lane, start, &group);
  };
  if (prior.kind == PriorKind::kPose) add(prior.pose.mean);
  if (target) add(target);
  return count;
}

}  // namespace

template <typename T>
StartWorkspace<T> StartWorkspace<T>::Allocate(const Problem& problem,
                                              const propnp_solve_options& options, Arena* arena) {
  StartWorkspace workspace = {};
  const int64_t subset_points =
      options.start_points + (problem.max_views + 1) * (kPointPadding - 1);
  workspace.subset.views = arena->Take<PackedView<T>>(problem.max_views);
  workspace.subset.columns =
      arena->Take<T>(kMaxColumns * (subset_points + kPointPadding) / kPointPadding * kPointPadding);
  workspace.rough = PackedObject<float>::Allocate(problem, arena);
  workspace.weight = arena->Take<T>(problem.max_padded_points);
  for (T*& column : workspace.bearings) column = arena->Take<T>(problem.max_padded_points);
  workspace.line = arena->Take<uint32_t>(SubsetSampler::LineSize(problem.max_padded_points));
  workspace.guide = arena->Take<int32_t>(SubsetSampler::GuideSize(problem.max_padded_points));
  workspace.scaled_points = arena->Take<float>(problem.max_padded_points * kStartPointNumbers);
  workspace.lane_points = arena->Take<float>(SizeOfOwnPoints(options.start_points));
  workspace.chosen = arena->Take<int32_t>(kGroupsAtOnce * options.start_points * kStartLanes);
  const int most_starts = options.num_starts + kMaxOthers;
  workspace.groups = arena->Take<StartState>(NumGroups(most_starts));
  workspace.starts = arena->Take<StartPose<T>>(most_starts);
  workspace.picked = arena->Take<int32_t>(kMaxBest);
  workspace.best = arena->Take<StartPose<T>>(kMaxBest);
  return workspace;
}

template <int kDof, typename T>
int FindStarts(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
               const StartStream& stream, const T* target, int most, StartWorkspace<T>* workspace) {
  const PackedObject<T>& object = cost.object();
  FillDrawingWeights(object, workspace->weight);
  workspace->geometry = MeasureGeometry<kDof>(object, workspace->weight, workspace->bearings);
  const SubsetSampler sampler(workspace->weight, object.num_points, workspace->line,
                              workspace->guide);
  const int points =
      static_cast<int>(std::min<int64_t>(options.start_points, object.weighted_points));
  const bool in_lanes = LaneStarts<kDof, T>::Serves(object, options);
  LaneStarts<kDof, T> lanes(cost, options, workspace->geometry.centroid, workspace);
  in_lanes ? RefineInLanes(cost, options, stream, sampler, points, &lanes, workspace)
           : RefineOneByOne(cost, options, stream, sampler, points, lanes, workspace);
  const int count = AddOthers(cost, options.num_starts, target, lanes, workspace);
  const int num_picked =
      GetStartKernels().pick(workspace->groups, NumGroups(count), most, workspace->picked);
  for (int i = 0; i < num_picked; ++i) {
    const int32_t s = workspace->picked[i];
    StartPose<T>& best = workspace->best[i];
    if (!in_lanes || object.prior.active() || s >= options.num_starts) {
      best = workspace->starts[s];
    } else {
      const StartState& group = workspace->groups[s / kStartLanes];
      lanes.GetPose(group, s % kStartLanes, best.pose);
      best.cost = lanes.Cost(group, s % kStartLanes);
    }
  }
  return num_picked;
}

template struct StartWorkspace<float>;
template struct StartWorkspace<double>;
template int FindStarts(const ObjectCost<6, float>&, const propnp_solve_options&,
                        const StartStream&, const float*, int, StartWorkspace<float>*);
template int FindStarts(const ObjectCost<6, double>&, const propnp_solve_options&,
                        const StartStream&, const double*, int, StartWorkspace<double>*);
template int FindStarts(const ObjectCost<4, float>&, const propnp_solve_options&,
                        const StartStream&, const float*, int, StartWorkspace<float>*);
template int FindStarts(const ObjectCost<4, double>&, const propnp_solve_options&,
                        const StartStream&, const double*, int, StartWorkspace<double>*);

}  // namespace propnp
