// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <cmath>

#include "cuda_sampler/call.h"
#include "cuda_sampler/starts.h"
#include "cuda_sampler/subset_cost.h"
#include "propnp/engine/levenberg_marquardt.h"
#include "propnp/math/bearing.h"
#include "propnp/math/random_rotation.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / kWarpSize;

template <typename T>
struct StartArgs {
  const DeviceInputs<T>* inputs;
  propnp_solve_options options;
  ObjectSlice slice;
  RandomStarts<T> starts;
};

PROPNP_DEVICE uint64_t SeedOf(const propnp_solve_options& options) {
  return options.seed_pointer ? *options.seed_pointer : options.seed;
}

// The weight of a point in drawing, not more than the largest finite number.
template <typename T>
PROPNP_DEVICE T PointWeight(const DeviceView<T>& view, int64_t i) {
  return min(view.mean_weight_of(view.weight(i)), std::numeric_limits<T>::max());
}

// A point's weight as a fraction of the largest, at least kLeastWeightFraction where it has weight.
template <typename T>
PROPNP_DEVICE T RelativeWeight(const DeviceView<T>& view, int64_t i, T largest) {
  if (!HasWeight(view.weight(i))) return T(0);
  if (!(largest > T(0))) return T(1);
  return max(PointWeight(view, i) / largest, T(kLeastWeightFraction));
}

template <typename T>
PROPNP_DEVICE Vec3<T> BearingInRig(const DeviceView<T>& view, int64_t i) {
  const PreparedCamera<T>& c = view.camera();
  const Vec2<T> pixel = view.x2d(i);
  Vec3<T> bearing{T(0), T(0), T(1)};
  visit_camera(c.model, [&](auto model) {
    using Camera = typename decltype(model)::template Camera<T>;
    bearing = bearing_from_pixel(Camera::from_parameters(c.parameters, c.limit), pixel.x, pixel.y);
  });
  return view.rig() ? transposed_times(view.rig()->rotation, bearing) : bearing;
}

// The sum of this lane's number and all before it.
PROPNP_DEVICE uint32_t PrefixSum(uint32_t value, int lane) {
  for (int step = 1; step < kWarpSize; step *= 2) {
    const uint32_t before = shuffle_from(value, lane >= step ? lane - step : lane);
    if (lane >= step) value += before;
  }
  return value;
}

// Puts the points on their line, by way of their weights in units.
template <typename T>
PROPNP_DEVICE void FillLine(const DeviceInputs<T>& in, const DeviceObject<T>& object,
                            const StartFrame<T>& frame, const WarpTeam& team) {
  uint64_t sum = 0;
  object.ForEachView(in, [&](const DeviceView<T>& view, int64_t, int64_t first) {
    for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
      const uint32_t units = weight_in_units(RelativeWeight(view, i, frame.largest_weight));
      frame.line[first + i] = units;
      sum += units;
    }
  });
  const int shift = weight_line_shift(team.sum(sum), frame.num_points);
  team.barrier();
  uint32_t end = 0;
  for (int64_t begin = 0; begin < frame.num_points; begin += team.size()) {
    const int64_t i = begin + team.rank();
    const bool valid = i < frame.num_points;
    const uint32_t width = valid ? weight_line_width(frame.line[i], shift) : 0;
    const uint32_t up_to = PrefixSum(width, team.rank());
    if (valid) frame.line[i] = end + up_to;
    end += shuffle_from(up_to, kWarpSize - 1);
  }
}

// With four degrees of freedom only the extent along the yaw axis is known beforehand.
template <int kDof, typename T>
PROPNP_DEVICE ObjectGeometry<T> MeasureGeometry(const DeviceInputs<T>& in,
                                                const DeviceObject<T>& object, T largest_weight,
                                                const WarpTeam& team) {
  VectorMoments<T> points, bearings, point_extent, bearing_extent;
  const Vec3<T> axis = object.four_dof.axis;
  const Vec3<T> axis_in_object = transposed_times(object.four_dof.base_rotation, axis);
  const auto add = [&](const DeviceView<T>& view, int64_t i, T weight) {
    const Vec3<T> point = view.x3d(i), bearing = BearingInRig(view, i);
    points.add(point, weight);
    bearings.add(bearing, weight);
    point_extent.add({dot(axis_in_object, point), T(0), T(0)}, weight);
    bearing_extent.add({dot(axis, bearing), T(0), T(0)}, weight);
  };
  // All begin with the same point, which shifts the sums and weighs nothing.
  add(object.FirstView(in), 0, T(0));
  object.ForEachView(in, [&](const DeviceView<T>& view, int64_t, int64_t) {
    for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
      const T weight = RelativeWeight(view, i, largest_weight);
      if (weight > T(0)) add(view, i, weight);
    }
  });
  return object_geometry<kDof>(points.combined(team), bearings.combined(team),
                               point_extent.combined(team), bearing_extent.combined(team));
}

// Where an object's points begin among those of all objects.
template <typename T>
PROPNP_DEVICE int64_t FirstRow(const DeviceInputs<T>& in, const DeviceObject<T>& object) {
  Range points;
  in.PointsOf(object.views.begin, &points);
  return in.problem.dense ? object.views.begin * in.correspondences.x3d.shape[1] : points.begin;
}

// A warp an object.
template <int kDof, typename T>
PROPNP_KERNEL(kThreads)
MeasureKernel(PROPNP_ARGUMENT StartArgs<T> args) {
  const WarpTeam team;
  const DeviceInputs<T>& in = *args.inputs;
  const int64_t local = block_index() * kWarps + thread_index() / kWarpSize;
  if (local >= args.slice.count) return;
  DeviceObject<T> object;
  object.Load(in, args.slice.first + local, team);
  StartFrame<T> frame = {};
  frame.status = object.status;
  if (frame.status == 0) {
    frame.num_points = object.num_points;
    frame.weighted_points = object.weighted_points;
    frame.z_min = object.z_min;
    frame.delta = object.loss.delta;
    frame.line = args.starts.line + FirstRow(in, object);
    object.ForEachView(in, [&](const DeviceView<T>& view, int64_t, int64_t) {
      for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
        frame.largest_weight = max(frame.largest_weight, PointWeight(view, i));
      }
    });
    frame.largest_weight = team.max(frame.largest_weight);
    frame.geometry = MeasureGeometry<kDof>(in, object, frame.largest_weight, team);
    FillLine(in, object, frame, team);
  }
  if (team.rank() == 0) args.starts.frames[local] = frame;
}

// Uniform over SO(3), or a uniform yaw.
template <int kDof>
PROPNP_DEVICE void RandomRotation(const PhiloxWords& words, float* pose) {
  float u[3];
  for (int k = 0; k < 3; ++k) u[k] = float_uniform_from_word(words.word[k]);
  if constexpr (kDof == 4) {
    pose[3] = yaw_from_uniform(u[1]);
  } else {
    const Quaternion<float> q = rotation_from_uniforms(u[0], u[1], u[2]);
    pose[3] = q.w, pose[4] = q.x, pose[5] = q.y, pose[6] = q.z;
  }
}

// The pose in the caller's units, its quaternion of norm one in T's precision too.
template <int kDof, typename T>
PROPNP_DEVICE void Unscale(const DeviceInputs<T>& in, int64_t object,
                           const ObjectGeometry<T>& geometry, const float* scaled, T* pose) {
  DofPolicyOf<kDof, T> dof;
  for (int k = 0; k < 7; ++k) pose[k] = T(0);
  if constexpr (kDof == 6) {
    const Quaternion<T> q =
        normalized(Quaternion<T>{T(scaled[3]), T(scaled[4]), T(scaled[5]), T(scaled[6])});
    pose[3] = q.w, pose[4] = q.x, pose[5] = q.y, pose[6] = q.z;
  } else {
    LoadFourDof(in.problem, object, &dof);
    pose[3] = T(scaled[3]);
  }
  const Vec3<T> turned = dof.transform(pose).rotation * geometry.centroid;
  pose[0] = geometry.distance * T(scaled[0]) - turned.x;
  pose[1] = geometry.distance * T(scaled[1]) - turned.y;
  pose[2] = geometry.distance * T(scaled[2]) - turned.z;
}

// A thread a start.
template <int kDof, typename T>
PROPNP_KERNEL(kThreads)
MoveKernel(PROPNP_ARGUMENT StartArgs<T> args) {
  const DeviceInputs<T>& in = *args.inputs;
  const int64_t i = block_index() * block_size() + thread_index();
  const int64_t local = i / args.starts.num_starts;
  if (local >= args.slice.count) return;
  const int start = static_cast<int>(i % args.starts.num_starts);
  const int64_t index = args.slice.first + local;
  const StartFrame<T>& frame = args.starts.frames[local];
  if (frame.status != 0) return;
  const uint64_t seed = SeedOf(args.options), id = in.problem.ObjectId(index);
  Subset subset;
  const int64_t wanted = args.options.start_points;
  DrawSubset({frame.line, frame.num_points}, seed, id, start,
             static_cast<int>(wanted < frame.weighted_points ? wanted : frame.weighted_points),
             &subset);
  float pose[7] = {};
  const Vec3<float> direction = cast<float>(frame.geometry.direction);
  pose[0] = direction.x, pose[1] = direction.y, pose[2] = direction.z;
  RandomRotation<kDof>(
      random_words(seed, id, RandomPurpose::kStartRotation, static_cast<uint32_t>(start)), pose);
  const SubsetCost<kDof, T> cost(in, index, frame, subset);
  DampedRefinement<SubsetCost<kDof, T>>(cost, StepControlOf(args.options))
      .refine(args.options.start_iterations, pose);
  Unscale<kDof>(in, index, frame.geometry, pose,
                args.starts.poses[local * args.starts.stride + start].pose);
}

// A warp a start: its cost on all points, the prior included.
template <int kDof, typename T>
PROPNP_KERNEL(kThreads)
JudgeKernel(PROPNP_ARGUMENT StartArgs<T> args) {
  const WarpTeam team;
  const DeviceInputs<T>& in = *args.inputs;
  const int64_t i = block_index() * kWarps + thread_index() / kWarpSize;
  const int64_t local = i / args.starts.num_starts;
  if (local >= args.slice.count) return;
  StartPose<T>& start = args.starts.poses[local * args.starts.stride + i % args.starts.num_starts];
  T cost = std::numeric_limits<T>::infinity();
  T pose[7];
  if (args.starts.frames[local].status == 0) {
    DeviceObject<T> object;
    object.Resume(in, args.slice.first + local, args.starts.frames[local].z_min,
                  args.starts.frames[local].delta);
    for (int k = 0; k < 7; ++k) pose[k] = start.pose[k];
    object.prior.move_inside(pose);
    cost = TeamCost<kDof, T, WarpTeam>(in, object, team).Cost(pose);
  }
  warp_barrier();
  if (team.rank() != 0) return;
  const bool finite = std::isfinite(cost);
  for (int k = 0; finite && k < 3; ++k) start.pose[k] = pose[k];
  start.cost = finite ? cost : std::numeric_limits<T>::infinity();
}

}  // namespace

template <typename T>
RandomStarts<T> RandomStarts<T>::Allocate(const Problem& problem,
                                          const propnp_solve_options& options, int64_t slice,
                                          Arena* arena) {
  const propnp_tensor& x3d = problem.correspondences->x3d;
  const int64_t rows = problem.dense ? x3d.shape[0] * x3d.shape[1] : x3d.shape[0];
  return {arena->Take<StartFrame<T>>(slice),
          arena->Take<StartPose<T>>(slice * (options.num_starts + kOtherStarts)),
          arena->Take<uint32_t>(rows), options.num_starts, options.num_starts + kOtherStarts};
}

template <int kDof, typename T>
void MakeStarts(const DeviceInputs<T>* inputs, const propnp_solve_options& options,
                const ObjectSlice& slice, const RandomStarts<T>& starts, Queue* queue) {
  const StartArgs<T> args{inputs, options, slice, starts};
  const int64_t all = slice.count * options.num_starts;
  queue->Launch("measure objects", MeasureKernel<kDof, T>, DivideUp(slice.count, kWarps), kThreads,
                0, args);
  queue->Launch("move starts", MoveKernel<kDof, T>, DivideUp(all, kThreads), kThreads, 0, args);
  queue->Launch("judge starts", JudgeKernel<kDof, T>, DivideUp(all, kWarps), kThreads, 0, args);
}

template struct RandomStarts<float>;
template struct RandomStarts<double>;
template void MakeStarts<6>(const DeviceInputs<float>*, const propnp_solve_options&,
                            const ObjectSlice&, const RandomStarts<float>&, Queue*);
template void MakeStarts<6>(const DeviceInputs<double>*, const propnp_solve_options&,
                            const ObjectSlice&, const RandomStarts<double>&, Queue*);
template void MakeStarts<4>(const DeviceInputs<float>*, const propnp_solve_options&,
                            const ObjectSlice&, const RandomStarts<float>&, Queue*);
template void MakeStarts<4>(const DeviceInputs<double>*, const propnp_solve_options&,
                            const ObjectSlice&, const RandomStarts<double>&, Queue*);

}  // namespace propnp::gpu
