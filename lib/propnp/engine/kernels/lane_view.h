// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A view's constants spread over vector registers, once before a loop.
#ifndef PROPNP_ENGINE_KERNELS_LANE_VIEW_H_
#define PROPNP_ENGINE_KERNELS_LANE_VIEW_H_

#include "propnp/engine/kernels/lanes.h"
#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/math/residual.h"

PROPNP_MATH_BEGIN

template <typename T>
PROPNP_INLINE Vec3<Lanes<T>> spread_vector(const T* v) {
  using L = Lanes<T>;
  return {L(v[0]), L(v[1]), L(v[2])};
}

template <typename T>
PROPNP_INLINE Mat3<Lanes<T>> spread_matrix(const T* m) {
  return {spread_vector(m), spread_vector(m + 3), spread_vector(m + 6)};
}

// The camera of a pinhole's view.
template <typename T>
PROPNP_INLINE PinholeCamera<Lanes<T>> spread_pinhole(const PackedView<T>& view) {
  using L = Lanes<T>;
  L parameters[PinholeCamera<L>::kNumParameters];
  for (int i = 0; i < PinholeCamera<L>::kNumParameters; ++i) {
    parameters[i] = L(view.camera_parameters[i]);
  }
  return PinholeCamera<L>::from_parameters(parameters, L(T(0)));
}

// Camera, box and loss; where the camera sits on its rig.
template <typename Model, typename T, typename Limit = Lanes<T>>
struct LaneView {
  using L = Lanes<T>;
  using Camera = typename Model::template Camera<L>;

  ViewModel<Camera, L, Limit> model;
  RigidTransform<L> camera_from_rig;
  RobustLoss<L> loss;

  PROPNP_INLINE LaneView(const PackedView<T>& view, const KernelModel<T>& kernel_model) {
    L parameters[Camera::kNumParameters];
    for (int i = 0; i < Camera::kNumParameters; ++i) parameters[i] = L(view.camera_parameters[i]);
    model.camera = Camera::from_parameters(parameters, L(view.camera_limit));
    model.box.active = view.has_box != 0;
    model.box.low = {L(view.box[0]), L(view.box[1])};
    model.box.high = {L(view.box[2]), L(view.box[3])};
    if constexpr (std::is_same_v<Limit, L>) model.z_min = L(view.z_min);
    if (view.has_rig) {
      camera_from_rig = {spread_matrix(view.camera_from_rig_rotation),
                         spread_vector(view.camera_from_rig_translation)};
    }
    loss.kind = static_cast<LossKind>(kernel_model.loss_kind);
    loss.delta = L(kernel_model.delta);
  }
};

template <typename T>
PROPNP_INLINE DiagonalWeight<Lanes<T>> load_weight(const PackedView<T>& view, int64_t i) {
  return {Lanes<T>::load(view.wxx + i), Lanes<T>::load(view.wyy + i)};
}

template <typename T>
PROPNP_INLINE SqrtInformation<Lanes<T>> load_information(const PackedView<T>& view, int64_t i) {
  using L = Lanes<T>;
  return {L::load(view.wxx + i), L::load(view.wxy + i), L::load(view.wyx + i),
          L::load(view.wyy + i)};
}

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_LANE_VIEW_H_
