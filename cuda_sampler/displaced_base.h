// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the loops over samples and points have in common: an object at one of its bases.
#ifndef PROPNP_CUDA_SAMPLER_DISPLACED_BASE_H_
#define PROPNP_CUDA_SAMPLER_DISPLACED_BASE_H_

#include "cuda_sampler/displaced.h"
#include "cuda_sampler/team_cost.h"

namespace propnp::gpu {

// One object at one of its bases, in double precision.
template <int kDof>
struct ObjectBase {
  RigidTransform<double> rig_from_object;
  Vec3<double> pivot;
  double z_min;

  PROPNP_DEVICE ObjectBase(const DeviceInputs<double>& in, int64_t object, const BaseSet& set,
                           const double* pose)
      : pivot(set.pivot), z_min(set.z_min) {
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

// A view's constants in T.
template <typename Camera, typename T>
PROPNP_DEVICE ViewModel<Camera, T> ModelOf(const DeviceView<double>& view, double z_min) {
  const PreparedCamera<double>& c = view.camera();
  T parameters[Camera::kNumParameters];
  for (int k = 0; k < Camera::kNumParameters; ++k) parameters[k] = T(c.parameters[k]);
  return {Camera::from_parameters(parameters, T(c.limit)),
          {c.has_box != 0, {T(c.box[0]), T(c.box[1])}, {T(c.box[2]), T(c.box[3])}},
          T(z_min)};
}

template <typename T>
PROPNP_DEVICE RobustLoss<T> LossOf(const DeviceInputs<double>& in, const BaseSet& set) {
  RobustLoss<T> loss;
  loss.kind = in.cost.loss == PROPNP_LOSS_ADAPTIVE_HUBER ? LossKind::kHuber
                                                         : static_cast<LossKind>(in.cost.loss);
  loss.delta = T(set.delta);
  return loss;
}

constexpr int kSampleThreads = 128;  // a block of which each has a sample
constexpr int kPointTile = 64;       // points in shared memory at a time

// The block that has samples first, first + 1, ... of an object brings the object's points, at one
// base after the other, to `points` in shared memory: add(view, loss, count, pose) adds up what
// `count` of them give to the calling thread's sample. False if no base has that sample.
template <int kDof, typename T, typename Add>
PROPNP_DEVICE bool ForEachTileOfPoints(const DisplacedSamples<T>& a, int64_t local, int64_t first,
                                       BasePoint<T>* points, const Add& add) {
  const DeviceInputs<double>& in = *a.inputs;
  const BaseSet& set = a.bases[local];
  const int64_t s = first + thread_index();
  const RobustLoss<T> loss = LossOf<T>(in, set);
  bool has_base = false;
  Range views;
  in.ViewsOf(a.slice.first + local, &views);
  for (int b = 0; b < set.num_bases; ++b) {
    if (set.begin[b + 1] <= first || set.begin[b] >= first + kSampleThreads) continue;
    const ObjectBase<kDof> base(in, a.slice.first + local, set, set.pose[b]);
    const bool mine = set.begin[b] <= s && s < set.begin[b + 1];
    has_base |= mine;
    Displacement<T> pose = {};
    if (mine) pose = a.records[local * a.num_samples + s].pose;
    for (int64_t v = views.begin; v < views.end; ++v) {
      DeviceView<double> view;
      view.Set(in, v);
      for (int64_t begin = 0; begin < view.num_points(); begin += kPointTile) {
        const int64_t left = view.num_points() - begin;
        const int count = left < kPointTile ? static_cast<int>(left) : kPointTile;
        block_barrier();
        if (thread_index() < count) {
          points[thread_index()] = base.template Point<T>(view, begin + thread_index());
        }
        block_barrier();
        if (mine) add(view, loss, count, pose);
      }
    }
  }
  return has_base;
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_DISPLACED_BASE_H_
