// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The derivative of every sample's cost by its own pose.
#include "cuda_sampler/displaced_base.h"

namespace propnp::gpu {
namespace {

template <typename T>
struct ScoreArgs {
  SampleGrid<T> grid;
  double* scores;
};

// Of one sample over the points in shared memory.
template <typename T>
PROPNP_DEVICE DisplacedScore<T> ScoreOverTile(const DeviceView<double>& view, double z_min,
                                              const RobustLoss<T>& loss, const BasePoint<T>* points,
                                              int count, const Displacement<T>& pose) {
  DisplacedScore<T> sum = {};
  VisitModel<T>(view, z_min, [&](const auto& of_view) {
    const auto to_rig = [&](const Vec3<T>& g) { return of_view.to_rig(g); };
    for (int i = 0; i < count; ++i) {
      const Vec3<T> moved = pose.of(points[i].rotated);
      add_displaced_score(of_view.model, loss, points[i], pose, moved, of_view.to_cam(moved),
                          to_rig, &sum);
    }
  });
  return sum;
}

// A thread a sample.
template <int kDof, typename T>
PROPNP_KERNEL(kSampleThreads)
ScoreKernel(PROPNP_ARGUMENT ScoreArgs<T> args) {
  const DisplacedSamples<T>& a = args.grid.samples;
  const int64_t local = args.grid.Local();
  if (local < 0 || !a.bases[local].active || !a.bases[local].wants_scores) return;
  BasePoint<T>* const points = SharedPoints<kDof, T>();
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
  if (!ForEachTileOfPoints<kDof>(args.grid, local, load, add)) return;
  const int64_t s = args.grid.First() + thread_index();
  double* const score = args.scores + kScore * (local * a.num_samples + s);
  score[0] = sum.force.x, score[1] = sum.force.y, score[2] = sum.force.z;
  score[3] = sum.torque.x, score[4] = sum.torque.y, score[5] = sum.torque.z;
}

}  // namespace

template <int kDof, typename T>
void ComputeScores(const DisplacedSamples<T>& samples, double* scores, Queue* queue) {
  const SampleGrid<T> grid(samples);
  queue->Launch("scores of samples", ScoreKernel<kDof, T>, grid.num_blocks(), kSampleThreads,
                grid.template SharedBytes<kDof>(sizeof(BasePoint<T>)), ScoreArgs<T>{grid, scores});
}

#define PROPNP_INSTANTIATE(kDof, T) \
  template void ComputeScores<kDof>(const DisplacedSamples<T>&, double*, Queue*)
PROPNP_INSTANTIATE(6, float);
PROPNP_INSTANTIATE(6, double);
PROPNP_INSTANTIATE(4, float);
PROPNP_INSTANTIATE(4, double);
#undef PROPNP_INSTANTIATE

}  // namespace propnp::gpu
