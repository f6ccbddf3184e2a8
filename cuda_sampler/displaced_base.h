// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the loops over samples and points have in common: an object at one of its bases.
#ifndef PROPNP_CUDA_SAMPLER_DISPLACED_BASE_H_
#define PROPNP_CUDA_SAMPLER_DISPLACED_BASE_H_

#include "cuda_sampler/call.h"
#include "cuda_sampler/displaced.h"
#include "cuda_sampler/team_cost.h"

namespace propnp::gpu {

// One object at one of its bases, in double precision.
template <int kDof>
struct ObjectBase {
  RigidTransform<double> rig_from_object;
  Vec3<double> pivot;
  double z_min;

  PROPNP_DEVICE void Set(const DeviceInputs<double>& in, int64_t object, const BaseSet& set,
                         const double* pose) {
    pivot = set.pivot;
    z_min = set.z_min;
    DofPolicyOf<kDof, double> dof;
    if constexpr (kDof == 4) LoadFourDof(in.problem, object, &dof);
    rig_from_object = dof.transform(pose);
  }

  template <typename T>
  PROPNP_DEVICE BasePoint<T> Point(const DeviceView<double>& view, int64_t i) const {
    const Vec3<double> x = view.x3d(i);
    const Vec3<double> rotated = rig_from_object.rotation * (x - pivot);
    Vec3<double> point = rig_from_object * x;
    if (view.rig()) point = *view.rig() * point;
    Vec2<double> pixel{0, 0};
    visit_camera(view.camera().model, [&](auto camera) {
      using Camera = typename decltype(camera)::template Camera<double>;
      pixel = Camera::from_parameters(view.camera().parameters, view.camera().limit)
                  .project(point, z_min);
    });
    const Vec2<double> error = pixel - view.x2d(i);
    const SqrtInformation<double> w = view.weight(i);
    return {cast<T>(rotated),
            cast<T>(point),
            {T(error.x), T(error.y)},
            {T(pixel.x), T(pixel.y)},
            {T(w.xx), T(w.xy), T(w.yx), T(w.yy)}};
  }
};

// What the threads of a block share while they go over a view from a base, in shared memory: it
// takes no registers from the loops over points and samples.
template <int kDof>
struct alignas(16) Stage {
  ObjectBase<kDof> base;
  DeviceView<double> view;
};

template <typename T>
PROPNP_DEVICE RobustLoss<T> LossOf(const DeviceInputs<double>& in, const BaseSet& set) {
  RobustLoss<T> loss;
  loss.kind = in.cost.loss == PROPNP_LOSS_ADAPTIVE_HUBER ? LossKind::kHuber
                                                         : static_cast<LossKind>(in.cost.loss);
  loss.delta = T(set.delta);
  return loss;
}

// A view's model, and its rotation between the rig's and the camera's frame.
template <typename Camera, typename T>
struct ModelOfView {
  ViewModel<Camera, T> model;
  bool has_rig;
  Mat3<T> rotation;

  PROPNP_DEVICE Vec3<T> to_cam(const Vec3<T>& v) const { return has_rig ? rotation * v : v; }
  PROPNP_DEVICE Vec3<T> to_rig(const Vec3<T>& g) const {
    return has_rig ? transposed_times(rotation, g) : g;
  }
};

// visit(ModelOfView) of the view's camera.
template <typename T, typename Visit>
PROPNP_DEVICE void VisitModel(const DeviceView<double>& view, double z_min, const Visit& visit) {
  visit_camera(view.camera().model, [&](auto camera) {
    using Camera = typename decltype(camera)::template Camera<T>;
    ModelOfView<Camera, T> of_view{
        view.template model<Camera>(T(z_min)), view.rig() != nullptr, {}};
    if (view.rig()) of_view.rotation = cast<T>(view.rig()->rotation);
    visit(of_view);
  });
}

constexpr int kSampleThreads = 128;  // a block of which each has a sample
constexpr int kPointTile = 64;       // points in shared memory at a time

// Blocks that have kSampleThreads samples of an object each.
template <typename T>
struct SampleGrid {
  DisplacedSamples<T> samples;
  int64_t tiles;  // blocks an object

  explicit SampleGrid(const DisplacedSamples<T>& s)
      : samples(s), tiles(DivideUp(s.num_samples, kSampleThreads)) {}

  int64_t num_blocks() const { return samples.slice.count * tiles; }
  template <int kDof>
  static constexpr size_t SharedBytes(size_t bytes_per_point) {
    return sizeof(Stage<kDof>) + kPointTile * bytes_per_point;
  }

  // Of the calling block: the object, negative if there is none, and its first sample.
  PROPNP_DEVICE int64_t Local() const { return samples.list.Member(block_index() / tiles); }
  PROPNP_DEVICE int64_t First() const { return block_index() % tiles * kSampleThreads; }
};

// The points of a tile, in shared memory behind the stage.
template <int kDof, typename T>
PROPNP_DEVICE BasePoint<T>* SharedPoints() {
  return reinterpret_cast<BasePoint<T>*>(shared_memory() + sizeof(Stage<kDof>));
}

// The calling block goes over its object's points, at one base after the other: load(view, loss, k,
// point) puts the k-th of a tile into shared memory, and add(view, loss, count, pose) adds up what
// `count` of them give to the calling thread's sample. False if no base has that sample.
template <int kDof, typename T, typename Load, typename Add>
PROPNP_DEVICE bool ForEachTileOfPoints(const SampleGrid<T>& grid, int64_t local, const Load& load,
                                       const Add& add) {
  Stage<kDof>* const stage = reinterpret_cast<Stage<kDof>*>(shared_memory());
  const DisplacedSamples<T>& a = grid.samples;
  const int64_t first = grid.First();
  const DeviceInputs<double>& in = *a.inputs;
  const BaseSet& set = a.bases[local];
  const int64_t s = first + thread_index();
  const RobustLoss<T> loss = LossOf<T>(in, set);
  bool has_base = false;
  Range views;
  in.ViewsOf(a.slice.first + local, &views);
  for (int b = 0; b < set.num_bases; ++b) {
    if (set.begin[b + 1] <= first || set.begin[b] >= first + kSampleThreads) continue;
    const bool mine = set.begin[b] <= s && s < set.begin[b + 1];
    has_base |= mine;
    for (int64_t v = views.begin; v < views.end; ++v) {
      block_barrier();
      if (thread_index() == 0) {
        stage->base.Set(in, a.slice.first + local, set, set.pose[b]);
        stage->view.Set(in, v);
      }
      block_barrier();
      for (int64_t begin = 0; begin < stage->view.num_points(); begin += kPointTile) {
        const int64_t left = stage->view.num_points() - begin;
        const int count = left < kPointTile ? static_cast<int>(left) : kPointTile;
        block_barrier();
        if (thread_index() < count) {
          load(stage->view, loss, thread_index(),
               stage->base.template Point<T>(stage->view, begin + thread_index()));
        }
        block_barrier();
        if (mine) add(stage->view, loss, count, a.records[local * a.num_samples + s].pose);
      }
    }
  }
  return has_base;
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_DISPLACED_BASE_H_
