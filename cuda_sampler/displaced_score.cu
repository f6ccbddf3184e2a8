// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The derivative of every sample's cost by its own pose.
#include "cuda_sampler/call.h"
#include "cuda_sampler/displaced_base.h"

namespace propnp::gpu {
namespace {

template <typename T>
struct ScoreArgs {
  DisplacedSamples<T> samples;
  int64_t tiles;  // blocks an object
  double* scores;
};

// Of one sample over the points in shared memory.
template <typename T>
PROPNP_DEVICE DisplacedScore<T> ScoreOverTile(const DeviceView<double>& view, double z_min,
                                              const RobustLoss<T>& loss, const BasePoint<T>* points,
                                              int count, const Displacement<T>& pose) {
  DisplacedScore<T> sum = {};
  visit_camera(view.camera().model, [&](auto camera) {
    using Camera = typename decltype(camera)::template Camera<T>;
    const ViewModel<Camera, T> model = view.template model<Camera>(T(z_min));
    Mat3<T> to_cam;
    if (view.rig()) to_cam = cast<T>(view.rig()->rotation);
    const auto to_rig = [&](const Vec3<T>& g) {
      return view.rig() ? transposed_times(to_cam, g) : g;
    };
    for (int i = 0; i < count; ++i) {
      const Vec3<T> moved = pose.of(points[i].rotated);
      add_displaced_score(model, loss, points[i], pose, moved, view.rig() ? to_cam * moved : moved,
                          to_rig, &sum);
    }
  });
  return sum;
}

// A thread a sample.
template <int kDof, typename T>
PROPNP_KERNEL(kSampleThreads)
ScoreKernel(PROPNP_ARGUMENT ScoreArgs<T> args) {
  const DisplacedSamples<T>& a = args.samples;
  const int64_t local = block_index() / args.tiles;
  if (!a.bases[local].active || !a.bases[local].wants_scores) return;
  const int64_t first = block_index() % args.tiles * kSampleThreads;
  Stage<kDof>& stage = *reinterpret_cast<Stage<kDof>*>(shared_memory());
  BasePoint<T>* const points =
      reinterpret_cast<BasePoint<T>*>(shared_memory() + sizeof(Stage<kDof>));
  const double z_min = a.bases[local].z_min;
  DisplacedScore<double> sum = {};
  const auto add = [&](const DeviceView<double>& view, const RobustLoss<T>& loss, int count,
                       const Displacement<T>& pose) {
    const DisplacedScore<T> part = ScoreOverTile(view, z_min, loss, points, count, pose);
    sum.force = sum.force + cast<double>(part.force);
    sum.torque = sum.torque + cast<double>(part.torque);
  };
  const auto load = [&](const DeviceView<double>&, const RobustLoss<T>&, int k,
                        const BasePoint<T>& point) { points[k] = point; };
  if (!ForEachTileOfPoints(a, local, first, &stage, load, add)) return;
  double* const score = args.scores + kScore * (local * a.num_samples + first + thread_index());
  score[0] = sum.force.x, score[1] = sum.force.y, score[2] = sum.force.z;
  score[3] = sum.torque.x, score[4] = sum.torque.y, score[5] = sum.torque.z;
}

}  // namespace

template <int kDof, typename T>
void ComputeScores(const DisplacedSamples<T>& samples, double* scores, Queue* queue) {
  const int64_t tiles = DivideUp(samples.num_samples, kSampleThreads);
  queue->Launch("scores of samples", ScoreKernel<kDof, T>, samples.slice.count * tiles,
                kSampleThreads, sizeof(Stage<kDof>) + kPointTile * sizeof(BasePoint<T>),
                ScoreArgs<T>{samples, tiles, scores});
}

#define PROPNP_INSTANTIATE(kDof, T) \
  template void ComputeScores<kDof>(const DisplacedSamples<T>&, double*, Queue*)
PROPNP_INSTANTIATE(6, float);
PROPNP_INSTANTIATE(6, double);
PROPNP_INSTANTIATE(4, float);
PROPNP_INSTANTIATE(4, double);
#undef PROPNP_INSTANTIATE

}  // namespace propnp::gpu
