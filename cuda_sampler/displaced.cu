// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "cuda_sampler/displaced_base.h"
#include "cuda_sampler/pinhole_tile.h"
#include "cuda_sampler/point_row.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128;
constexpr int kTile = 64;  // samples in shared memory at a time

// The cost of one sample over the points in shared memory.
template <typename T>
PROPNP_DEVICE T CostOverTile(const DeviceView<double>& view, double z_min,
                             const RobustLoss<T>& loss, const BasePoint<T>* points, int count,
                             const Displacement<T>& pose) {
  T sum(0);
  VisitModel<T>(view, z_min, [&](const auto& of_view) {
    for (int i = 0; i < count; ++i) {
      const Vec3<T> displacement = of_view.to_cam(pose.of(points[i].rotated));
      sum += displaced_cost(of_view.model, loss, points[i], displacement);
    }
  });
  return sum;
}

// A thread a sample.
template <int kDof, typename T>
PROPNP_KERNEL_TOGETHER(kSampleThreads, sizeof(T) == sizeof(float) ? 4 : 1)
CostKernel(PROPNP_ARGUMENT SampleGrid<T> grid) {
  const DisplacedSamples<T>& a = grid.samples;
  const int64_t local = grid.Local();
  if (local < 0 || !a.bases[local].active) return;
  BasePoint<T>* const points = SharedPoints<kDof, T>();
  const double z_min = a.bases[local].z_min;
  const auto pinhole_of = [&](const DeviceView<double>& view, const RobustLoss<T>& loss) {
    return PinholeTile<T>(points + kPointTile, view, T(z_min), loss);
  };
  const auto load = [&](const DeviceView<double>& view, const RobustLoss<T>& loss, int k,
                        const BasePoint<T>& point) {
    points[k] = point;
    const PinholeTile<T> pinhole = pinhole_of(view, loss);
    if (pinhole.serves()) pinhole.Set(k, point);
  };
  double sum = 0;
  const auto add = [&](const DeviceView<double>& view, const RobustLoss<T>& loss, int count,
                       const Displacement<T>& pose) {
    const PinholeTile<T> pinhole = pinhole_of(view, loss);
    T cost(0);
    if (!pinhole.serves() || !pinhole.Cost(count, pose, &cost)) {
      cost = CostOverTile(view, z_min, loss, points, count, pose);
    }
    sum += static_cast<double>(cost);
  };
  if (ForEachTileOfPoints<kDof>(grid, local, load, add)) {
    a.costs[local * a.num_samples + grid.First() + thread_index()] = sum;
  }
}

template <typename T>
struct GradientArgs {
  DisplacedSamples<T> samples;
  PointTensors to;
  int64_t num_tiles;
  GradientTile* tiles;
};

// A gradient in the caller's terms, summed over bases.
struct PointSum {
  Vec3<double> x3d{0, 0, 0};
  Vec2<double> x2d{0, 0};
  SqrtInformation<double> weight{0, 0, 0, 0};
  double delta = 0;

  template <typename T>
  PROPNP_DEVICE void Add(const DisplacedGradient<T>& g, const Mat3<double>& base_rotation) {
    x3d = x3d + transposed_times(base_rotation, cast<double>(g.point));
    x2d = x2d + Vec2<double>{double(g.x2d.x), double(g.x2d.y)};
    weight.xx += double(g.weight.xx), weight.xy += double(g.weight.xy);
    weight.yx += double(g.weight.yx), weight.yy += double(g.weight.yy);
    delta += double(g.delta);
  }
};

// Whether the numbers fit.
PROPNP_DEVICE bool StorePoint(const Problem& problem, const PointTensors& to, int64_t view,
                              const Range& points, int64_t i, const PointSum& g) {
  const double x3d[] = {g.x3d.x, g.x3d.y, g.x3d.z}, x2d[] = {g.x2d.x, g.x2d.y};
  const double diagonal[] = {g.weight.xx, g.weight.yy};
  const double matrix[] = {g.weight.xx, g.weight.xy, g.weight.yx, g.weight.yy};
  const bool within =
      !(to.largest > 0) || (AllWithin(x3d, 3, to.largest) && AllWithin(x2d, 2, to.largest) &&
                            AllWithin(matrix, 4, to.largest) && AllWithin(&g.delta, 1, to.largest));
  return within & StorePointRow(problem, to.x3d, view, points, i, x3d, 3) &
         StorePointRow(problem, to.x2d, view, points, i, x2d, 2) &
         StorePointRow(problem, to.w2d, view, points, i, diagonal, 2) &
         StorePointRow(problem, to.sqrt_info, view, points, i, matrix, 4);
}

template <typename T>
PROPNP_DEVICE void AddOverTile(const DeviceView<double>& view, double z_min,
                               const RobustLoss<T>& loss, const BasePoint<T>& point,
                               const SampleRecord<T>* records, int count,
                               DisplacedGradient<T>* sums) {
  VisitModel<T>(view, z_min, [&](const auto& of_view) {
    const auto to_rig = [&](const Vec3<T>& g) { return of_view.to_rig(g); };
    for (int s = 0; s < count; ++s) {
      const Vec3<T> displacement = of_view.to_cam(records[s].pose.of(point.rotated));
      add_displaced_gradient(of_view.model, loss, point, records[s].pose, displacement, to_rig,
                             records[s].weight, sums);
    }
  });
}

// The same for a plain pinhole, or false if the point lies behind the camera in one of the samples.
template <typename T>
PROPNP_DEVICE bool AddOverPinhole(const DeviceView<double>& view, T z_min,
                                  const RobustLoss<T>& loss, const BasePoint<T>& point,
                                  const SampleRecord<T>* records, int count,
                                  DisplacedGradient<T>* gradient) {
  const auto model = view.model<PinholeCamera<T>>(z_min);
  const T delta = HuberDelta(loss);
  PinholeTileSums<T> sums;
  const bool in_front = model.box.active
                            ? AddPinholeGradient(PinholeTilePoint<T, true>(model, point), records,
                                                 count, z_min, delta, &sums)
                            : AddPinholeGradient(PinholeTilePoint<T, false>(model, point), records,
                                                 count, z_min, delta, &sums);
  if (!in_front) return false;
  if (loss.kind != LossKind::kHuber) sums.others.delta = T(0);
  sums.AddTo({point.weight.xx, point.weight.yy}, gradient);
  return true;
}

// A thread a point; its block brings the samples to shared memory. Blocks take every tiles-th group
// of points.
template <int kDof, typename T>
PROPNP_KERNEL(kThreads)
GradientKernel(PROPNP_ARGUMENT GradientArgs<T> args) {
  const DisplacedSamples<T>& a = args.samples;
  const DeviceInputs<double>& in = *a.inputs;
  const int64_t local = block_index() / args.num_tiles, tile = block_index() % args.num_tiles;
  const BaseSet& set = a.bases[local];
  const int64_t index = a.slice.first + local;
  Stage<kDof>& stage = *reinterpret_cast<Stage<kDof>*>(shared_memory());
  SampleRecord<T>* const records =
      reinterpret_cast<SampleRecord<T>*>(shared_memory() + sizeof(Stage<kDof>));
  const BlockTeam team(records + kTile);
  Range views;
  if (!in.ViewsOf(index, &views)) views = {0, 0};
  double delta = 0;
  bool fits = true;
  for (int64_t v = views.begin; v < views.end; ++v) {
    Range points;
    if (!in.PointsOf(v, &points)) continue;
    block_barrier();
    if (thread_index() == 0) stage.view.Set(in, v);
    block_barrier();
    // A view that cannot be used has no points of its own, and its rows get zeros.
    const bool usable = set.active && stage.view.num_points() > 0;
    for (int64_t begin = tile * kThreads; begin < points.size();
         begin += args.num_tiles * kThreads) {
      const int64_t i = begin + thread_index();
      const bool valid = i < points.size();
      PointSum total;
      // The target is one more base, with a single sample that is the base itself.
      for (int b = 0; usable && b < set.num_bases + (set.with_target ? 1 : 0); ++b) {
        const bool is_target = b == set.num_bases;
        const int64_t first = is_target ? 0 : set.begin[b], last = is_target ? 1 : set.begin[b + 1];
        if (first == last) continue;
        block_barrier();
        if (thread_index() == 0) {
          stage.base.Set(in, index, set, is_target ? set.target : set.pose[b]);
        }
        block_barrier();
        const RobustLoss<T> loss = LossOf<T>(in, set);
        const bool plain = PinholeTile<T>::kExists && IsPlainPinhole(stage.view, loss);
        BasePoint<T> point = {};
        if (valid) point = stage.base.template Point<T>(stage.view, i);
        DisplacedGradient<T> sums = {};
        for (int64_t s = first; s < last; s += kTile) {
          const int64_t left = last - s;
          const int count = left < kTile ? static_cast<int>(left) : kTile;
          block_barrier();
          if (thread_index() < count) {
            SampleRecord<T> record = {{}, T(1), {}};
            if (!is_target) record = a.records[local * a.num_samples + s + thread_index()];
            const Mat3<T>& turn = record.pose.turn;
            record.diagonal[0] = T(1) + turn.row0.x;
            record.diagonal[1] = T(1) + turn.row1.y;
            record.diagonal[2] = T(1) + turn.row2.z;
            records[thread_index()] = record;
          }
          block_barrier();
          if (valid && !(plain && AddOverPinhole(stage.view, T(set.z_min), loss, point, records,
                                                 count, &sums))) {
            AddOverTile(stage.view, set.z_min, loss, point, records, count, &sums);
          }
        }
        total.Add(sums, stage.base.rig_from_object.rotation);
      }
      if (valid) fits &= StorePoint(in.problem, args.to, v, points, i, total);
      delta += total.delta;
    }
  }
  delta = team.sum(delta);
  fits = !team.any(!fits);
  if (thread_index() == 0) args.tiles[block_index()] = {delta, fits, 0};
}

}  // namespace

template <int kDof, typename T>
void ComputeCosts(const DisplacedSamples<T>& samples, Queue* queue) {
  const SampleGrid<T> grid(samples);
  queue->Launch("costs of samples", CostKernel<kDof, T>, grid.num_blocks(), kSampleThreads,
                grid.template SharedBytes<kDof>(sizeof(BasePoint<T>) + PinholeTile<T>::kPointBytes),
                grid);
}

// Enough to keep a device busy when objects are few, and no more than there are points.
int64_t GradientTiles(const Problem& problem) {
  const propnp_tensor& x3d = problem.correspondences->x3d;
  const int64_t rows = problem.dense ? x3d.shape[0] * x3d.shape[1] : x3d.shape[0];
  const int64_t of_mean_object = DivideUp(DivideUp(rows, problem.num_objects), kThreads);
  return of_mean_object < 1 ? 1 : of_mean_object > 64 ? 64 : of_mean_object;
}

template <int kDof, typename T>
void ComputeGradient(const DisplacedSamples<T>& samples, const PointTensors& to, int64_t num_tiles,
                     GradientTile* tiles, Queue* queue) {
  queue->Launch("gradient over samples", GradientKernel<kDof, T>, samples.slice.count * num_tiles,
                kThreads,
                sizeof(Stage<kDof>) + kTile * sizeof(SampleRecord<T>) + BlockTeam::kScratchBytes,
                GradientArgs<T>{samples, to, num_tiles, tiles});
}

#define PROPNP_INSTANTIATE(kDof, T)                                                             \
  template void ComputeCosts<kDof>(const DisplacedSamples<T>&, Queue*);                         \
  template void ComputeGradient<kDof>(const DisplacedSamples<T>&, const PointTensors&, int64_t, \
                                      GradientTile*, Queue*)
PROPNP_INSTANTIATE(6, float);
PROPNP_INSTANTIATE(6, double);
PROPNP_INSTANTIATE(4, float);
PROPNP_INSTANTIATE(4, double);
#undef PROPNP_INSTANTIATE

}  // namespace propnp::gpu
