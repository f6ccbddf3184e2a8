// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/random_starts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/bearing.h"
#include "propnp/engine/lane_starts.h"
#include "propnp/engine/levenberg_marquardt.h"
#include "propnp/engine/subset_sampler.h"
#include "propnp/math/adaptive_delta.h"
#include "propnp/math/philox.h"

namespace propnp {
namespace {

constexpr int kMaxStartPoints = PROPNP_MAX_START_POINTS;

// The weight of a point in drawing, not more than the largest finite number.
template <typename T>
T PointWeight(const PackedView<T>& view, int64_t i) {
  const T weight =
      view.wxy ? mean_weight(SqrtInformation<T>{view.wxx[i], view.wxy[i], view.wyx[i], view.wyy[i]})
               : mean_weight(DiagonalWeight<T>{view.wxx[i], view.wyy[i]});
  return std::min(weight, std::numeric_limits<T>::max());
}

template <typename T>
bool HasWeight(const PackedView<T>& view, int64_t i) {
  return view.wxx[i] != 0 || view.wyy[i] != 0 ||
         (view.wxy && (view.wxy[i] != 0 || view.wyx[i] != 0));
}

template <typename T>
T LargestWeight(const PackedObject<T>& object) {
  T largest = 0;
  for (int64_t v = 0; v < object.num_views; ++v) {
    const PackedView<T>& view = object.views[v];
    for (int64_t i = 0; i < view.num_points; ++i) largest = std::max(largest, PointWeight(view, i));
  }
  return largest;
}

// A point's weight as a fraction of the largest. No point that has weight falls below 1e-7, or
// rounding could lose it in a sum over a hundred million points; nothing can then draw it.
template <typename T>
double RelativeWeight(const PackedView<T>& view, int64_t i, T largest) {
  if (!HasWeight(view, i)) return 0;
  return largest > 0 ? std::max(static_cast<double>(PointWeight(view, i) / largest), 1e-7) : 1;
}

template <typename T>
Vec3<T> BearingInRig(const PackedView<T>& view, int64_t i) {
  const Vec3<T> b = BearingFromPixel(view, view.u[i], view.v[i]);
  if (!view.has_rig) return b;
  const T* r = view.camera_from_rig_rotation;
  return b.x * Vec3<T>{r[0], r[1], r[2]} + b.y * Vec3<T>{r[3], r[4], r[5]} +
         b.z * Vec3<T>{r[6], r[7], r[8]};
}

// With four degrees of freedom only the extent along the yaw axis is known beforehand.
template <int kDof, typename T>
ObjectGeometry<T> MeasureGeometry(const PackedObject<T>& object, T largest_weight) {
  VectorMoments<T> points, bearings, point_extent, bearing_extent;
  const Vec3<T> axis = object.four_dof.axis;
  const Vec3<T> axis_in_object = transposed_times(object.four_dof.base_rotation, axis);
  for (int64_t v = 0; v < object.num_views; ++v) {
    const PackedView<T>& view = object.views[v];
    for (int64_t i = 0; i < view.num_points; ++i) {
      const T w = static_cast<T>(RelativeWeight(view, i, largest_weight));
      if (!(w > T(0))) continue;
      const Vec3<T> point{view.x[i], view.y[i], view.z[i]};
      const Vec3<T> bearing = BearingInRig(view, i);
      points.add(point, w);
      bearings.add(bearing, w);
      if (kDof == 4) {
        point_extent.add({dot(axis_in_object, point), T(0), T(0)}, w);
        bearing_extent.add({dot(axis, bearing), T(0), T(0)}, w);
      }
    }
  }
  return object_geometry<kDof>(points, bearings, point_extent, bearing_extent);
}

template <typename T>
void FillCumulativeWeights(const PackedObject<T>& object, T largest_weight, double* cumulative) {
  double sum = 0;
  int64_t k = 0;
  for (int64_t v = 0; v < object.num_views; ++v) {
    const PackedView<T>& view = object.views[v];
    for (int64_t i = 0; i < view.num_points; ++i) {
      sum += RelativeWeight(view, i, largest_weight);
      cumulative[k++] = sum;
    }
  }
}

// The chosen points as an object of its own that shares everything else with `object`.
template <typename T>
void GatherSubset(const PackedObject<T>& object, const int64_t* chosen, int count,
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

// A rotation uniform over SO(3) (K. Shoemake, 1992), or a uniform yaw.
template <int kDof, typename T>
void RandomRotation(const PhiloxWords& words, T* pose) {
  constexpr double kTwoPi = 6.28318530717958647692;
  const double u = uniform_from_word(words.word[0]);
  const double a = kTwoPi * uniform_from_word(words.word[1]);
  const double b = kTwoPi * uniform_from_word(words.word[2]);
  if constexpr (kDof == 4) {
    pose[3] = static_cast<T>(a - 0.5 * kTwoPi);
    pose[4] = pose[5] = pose[6] = T(0);
  } else {
    const double s = std::sqrt(1 - u), c = std::sqrt(u);
    pose[3] = static_cast<T>(s * std::sin(a)), pose[4] = static_cast<T>(s * std::cos(a));
    pose[5] = static_cast<T>(c * std::sin(b)), pose[6] = static_cast<T>(c * std::cos(b));
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
  workspace.cumulative_weight = arena->Take<double>(problem.max_padded_points);
  workspace.guide = arena->Take<int32_t>(problem.max_padded_points);
  workspace.scaled_points = arena->Take<float>(problem.max_padded_points * kStartPointNumbers);
  workspace.lane_points =
      arena->Take<float>(options.start_points * kStartPointNumbers * kStartLanes);
  workspace.lanes = arena->Take<StartState>(1);
  workspace.starts = arena->Take<StartPose<T>>(options.num_starts + 2);
  return workspace;
}

template <int kDof, typename T>
int MakeRandomStarts(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
                     uint64_t seed, uint64_t object_id, StartWorkspace<T>* workspace) {
  const PackedObject<T>& object = cost.object();
  const T largest_weight = LargestWeight(object);
  const ObjectGeometry<T> geometry = MeasureGeometry<kDof>(object, largest_weight);
  FillCumulativeWeights(object, largest_weight, workspace->cumulative_weight);
  const SubsetSampler sampler(workspace->cumulative_weight, workspace->guide, object.num_points,
                              seed, object_id);
  const int count =
      static_cast<int>(std::min<int64_t>(options.start_points, object.weighted_points));
  int64_t chosen[kMaxStartPoints];
  const auto set_rotation = [&](int s) {
    RandomRotation<kDof>(
        random_words(seed, object_id, RandomPurpose::kStartRotation, static_cast<uint32_t>(s)),
        workspace->starts[s].pose);
    sampler.Draw(s, count, chosen);
  };
  const bool in_lanes = LaneStarts<kDof, T>::Serves(object, options);
  if (in_lanes) {
    LaneStarts<kDof, T> lanes(cost, options, geometry, largest_weight, workspace);
    for (int first = 0; first < options.num_starts; first += kStartLanes) {
      const int group = std::min(kStartLanes, options.num_starts - first);
      for (int lane = 0; lane < kStartLanes; ++lane) {
        const int s = first + std::min(lane, group - 1);  // the last one fills the group
        if (lane < group) set_rotation(s);
        lanes.Set(lane, workspace->starts[s], chosen, count);
      }
      lanes.Refine(count);
      for (int lane = 0; lane < group; ++lane) lanes.Get(lane, &workspace->starts[first + lane]);
    }
  } else {
    for (int s = 0; s < options.num_starts; ++s) {
      set_rotation(s);
      PlaceCentroid(cost, geometry, workspace->starts[s].pose);
      object.prior.move_inside(workspace->starts[s].pose);
      GatherSubset(object, chosen, count, &workspace->subset);
      const ObjectCost<kDof, T> subset_cost(workspace->subset);
      LevenbergMarquardt<kDof, T>(subset_cost, options)
          .Refine(options.start_iterations, workspace->starts[s].pose);
    }
  }
  for (int s = 0; s < options.num_starts && (!in_lanes || object.prior.active()); ++s) {
    object.prior.move_inside(workspace->starts[s].pose);
    workspace->starts[s].cost = cost.Cost(workspace->starts[s].pose);
  }
  StartPose<T>* const begin = workspace->starts;
  StartPose<T>* const end =
      std::remove_if(begin, begin + options.num_starts,
                     [](const StartPose<T>& start) { return !std::isfinite(start.cost); });
  std::sort(begin, end,
            [](const StartPose<T>& a, const StartPose<T>& b) { return a.cost < b.cost; });
  int num_starts = static_cast<int>(end - begin);
  if (object.prior.kind == PriorKind::kPose) {
    InsertStart(cost, object.prior.pose.mean, num_starts++, begin);
  }
  return num_starts;
}

template struct StartWorkspace<float>;
template struct StartWorkspace<double>;
template int MakeRandomStarts(const ObjectCost<6, float>&, const propnp_solve_options&, uint64_t,
                              uint64_t, StartWorkspace<float>*);
template int MakeRandomStarts(const ObjectCost<6, double>&, const propnp_solve_options&, uint64_t,
                              uint64_t, StartWorkspace<double>*);
template int MakeRandomStarts(const ObjectCost<4, float>&, const propnp_solve_options&, uint64_t,
                              uint64_t, StartWorkspace<float>*);
template int MakeRandomStarts(const ObjectCost<4, double>&, const propnp_solve_options&, uint64_t,
                              uint64_t, StartWorkspace<double>*);

}  // namespace propnp
