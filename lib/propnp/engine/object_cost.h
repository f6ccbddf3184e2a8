// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The cost of one packed object and its derivatives at a pose, summed over views by the kernels.
#ifndef PROPNP_ENGINE_OBJECT_COST_H_
#define PROPNP_ENGINE_OBJECT_COST_H_

#include "propnp/engine/packed_object.h"
#include "propnp/math/levenberg_marquardt.h"
#include "propnp/math/residual.h"

namespace propnp {

// The DoF policy of an object.
template <int kDof, typename T>
auto DofOf(const PackedObject<T>& object) {
  if constexpr (kDof == 6) {
    return SixDof<T>();
  } else {
    return object.four_dof;
  }
}

template <int kDof, typename T>
class ObjectCost {
 public:
  using Scalar = T;
  using Dof = decltype(DofOf<kDof, T>(std::declval<PackedObject<T>>()));

  // `object` and its columns must outlive this.
  explicit ObjectCost(const PackedObject<T>& object)
      : object_(object), dof_(DofOf<kDof>(object)), kernels_(GetObjectKernels<T>()) {}

  const PackedObject<T>& object() const { return object_; }
  const Dof& dof() const { return dof_; }

  T Cost(const T* pose) const {
    const KernelPose<T> kernel_pose = ToKernel(pose);
    const KernelModel<T> model = Model(Curvature::kIrls, ClampedRows::kExact);
    T cost = 0;
    for (int64_t v = 0; v < object_.num_views; ++v) {
      cost += kernels_.cost(object_.views[v], kernel_pose, model);
    }
    return object_.prior.active() ? cost + object_.prior.cost(dof_, pose) : cost;
  }

  void Evaluate(const T* pose, Curvature curvature, ClampedRows clamped_rows,
                NormalEquations<kDof, T>* result, bool with_statistics = false) const {
    const KernelPose<T> kernel_pose = ToKernel(pose);
    KernelModel<T> model = Model(curvature, clamped_rows);
    model.with_statistics = with_statistics;
    NormalSums<T> sums = {};
    for (int64_t v = 0; v < object_.num_views; ++v) {
      (kDof == 6 ? kernels_.accumulate_six : kernels_.accumulate_four)(object_.views[v],
                                                                       kernel_pose, model, &sums);
    }
    result->cost = sums.cost;
    result->weighted_square = sums.weighted_square;
    result->behind = sums.behind;
    int k = 0;
    for (int i = 0; i < kDof; ++i) {
      result->gradient[i] = sums.gradient[i];
      for (int j = 0; j <= i; ++j, ++k) {
        result->curvature[i * kDof + j] = result->curvature[j * kDof + i] = sums.curvature[k];
      }
    }
    if (object_.prior.active()) AddPrior(pose, result);
  }

  // Pose, loss and treatment of the rows as the kernels take them.
  KernelPose<T> ToKernel(const T* pose) const {
    const RigidTransform<T> p = dof_.transform(pose);
    const Mat3<T>& r = p.rotation;
    const Vec3<T>& t = p.translation;
    const Vec3<T>& axis = object_.four_dof.axis;
    return {
        {r.row0.x, r.row0.y, r.row0.z, r.row1.x, r.row1.y, r.row1.z, r.row2.x, r.row2.y, r.row2.z},
        {t.x, t.y, t.z},
        {axis.x, axis.y, axis.z}};
  }

  KernelModel<T> Model(Curvature curvature, ClampedRows clamped_rows) const {
    return {static_cast<int32_t>(object_.loss.kind), static_cast<int32_t>(curvature),
            clamped_rows == ClampedRows::kDrop, 0, object_.loss.delta};
  }

 private:
  void AddPrior(const T* pose, NormalEquations<kDof, T>* result) const {
    const PriorValue<kDof, T> prior = object_.prior.evaluate(dof_, pose);
    result->cost += prior.cost;
    for (int i = 0; i < kDof; ++i) result->gradient[i] += prior.gradient[i];
    // The prior is one more observation: its score, too, has its curvature as variance.
    for (int i = 0; i < kDof * kDof; ++i) result->curvature[i] += prior.curvature[i];
  }

  const PackedObject<T>& object_;
  Dof dof_;
  const ObjectKernels<T>& kernels_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_OBJECT_COST_H_
