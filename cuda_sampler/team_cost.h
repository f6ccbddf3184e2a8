// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The cost of one object and its derivatives at a pose, evaluated by all threads of a team, which
// all get the sums. It is a cost of math/levenberg_marquardt.h.
#ifndef PROPNP_CUDA_SAMPLER_TEAM_COST_H_
#define PROPNP_CUDA_SAMPLER_TEAM_COST_H_

#include <type_traits>

#include "cuda_sampler/object.h"
#include "propnp/math/levenberg_marquardt.h"

namespace propnp::gpu {

template <int kDof, typename T>
using DofPolicyOf = std::conditional_t<kDof == 6, SixDof<T>, FourDof<T>>;

template <typename T>
PROPNP_DEVICE SixDof<T> GetDof(const DeviceObject<T>&, std::integral_constant<int, 6>) {
  return {};
}
template <typename T>
PROPNP_DEVICE FourDof<T> GetDof(const DeviceObject<T>& object, std::integral_constant<int, 4>) {
  return object.four_dof;
}

// One thread's sums over its points.
template <int kDof, typename T>
struct PointSums {
  static constexpr int kTriangle = kDof * (kDof + 1) / 2;
  T curvature[kTriangle];
  T gradient[kDof];
  T cost, weighted_square, behind;

  PROPNP_DEVICE void AddRow(const T* row, const T& factor) {
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) {
      const T scaled = factor * row[i];
      PROPNP_UNROLL
      for (int j = 0; j <= i; ++j) curvature[i * (i + 1) / 2 + j] += scaled * row[j];
    }
  }
  PROPNP_DEVICE void AddGradient(const T* row, const T& factor) {
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) gradient[i] += factor * row[i];
  }
};

template <int kDof, typename T, typename Team>
class TeamCost {
 public:
  using Scalar = T;
  using Dof = DofPolicyOf<kDof, T>;

  // `object` and `inputs` must outlive this.
  PROPNP_DEVICE TeamCost(const DeviceInputs<T>& inputs, const DeviceObject<T>& object,
                         const Team& team)
      : in_(inputs),
        object_(object),
        team_(team),
        dof_(GetDof(object, std::integral_constant<int, kDof>())) {}

  PROPNP_DEVICE const Dof& dof() const { return dof_; }
  PROPNP_DEVICE const DeviceObject<T>& object() const { return object_; }
  PROPNP_DEVICE const DeviceInputs<T>& inputs() const { return in_; }
  PROPNP_DEVICE const Team& team() const { return team_; }

  PROPNP_DEVICE T Cost(const T* pose) const {
    const RigidTransform<T> rig_from_object = dof_.transform(pose);
    T sum(0);
    object_.ForEachView(in_, [&](const DeviceView<T>& view, int64_t, int64_t) {
      for (int64_t i = team_.rank(); i < view.num_points(); i += team_.size()) {
        Vec3<T> point = rig_from_object * view.x3d(i);
        if (view.rig()) point = *view.rig() * point;
        const Vec2<T> e = view.weight(i).times(view.PixelError(object_.z_min, point, view.x2d(i)));
        sum += object_.loss.rho(dot(e, e));
      }
    });
    sum = team_.sum(sum);
    return object_.prior.active() ? sum + PriorCost(pose) : sum;
  }

  PROPNP_DEVICE void Evaluate(const T* pose, Curvature curvature, ClampedRows clamped_rows,
                              NormalEquations<kDof, T>* result,
                              bool with_statistics = false) const {
    const RigidTransform<T> rig_from_object = dof_.transform(pose);
    PointSums<kDof, T> sums = {};
    object_.ForEachView(in_, [&](const DeviceView<T>& view, int64_t, int64_t) {
      for (int64_t i = team_.rank(); i < view.num_points(); i += team_.size()) {
        AddPoint(view, i, rig_from_object, curvature, clamped_rows, with_statistics, &sums);
      }
    });
    Collect(sums, with_statistics, result);
    if (object_.prior.active()) AddPrior(pose, result);
  }

 private:
  PROPNP_DEVICE_CALL T PriorCost(const T* pose) const { return object_.prior.cost(dof_, pose); }

  PROPNP_DEVICE void AddPoint(const DeviceView<T>& view, int64_t i,
                              const RigidTransform<T>& rig_from_object, Curvature curvature,
                              ClampedRows clamped_rows, bool with_statistics,
                              PointSums<kDof, T>* sums) const {
    const Vec3<T> rotated = rig_from_object.rotation * view.x3d(i);
    Vec3<T> point = rotated + rig_from_object.translation;
    if (view.rig()) point = *view.rig() * point;
    const SqrtInformation<T> weight = view.weight(i);
    PointResidual<T> r = view.Residual(object_.z_min, point, view.x2d(i), weight, clamped_rows);
    if (view.rig()) {
      r.x_gradient = transposed_times(view.rig()->rotation, r.x_gradient);
      r.y_gradient = transposed_times(view.rig()->rotation, r.y_gradient);
    }
    const T squared_norm = dot(r.e, r.e);
    const LossValue<T> loss = object_.loss.evaluate(squared_norm);
    sums->cost += loss.rho;
    if (with_statistics) {
      sums->weighted_square += loss.weight * squared_norm;
      const bool behind = view.IsBehind(object_.z_min, point) && HasWeight(weight);
      sums->behind += behind ? T(1) : T(0);
    }
    T x_row[kDof], y_row[kDof];
    dof_.tangent_row(r.x_gradient, rotated, x_row);
    dof_.tangent_row(r.y_gradient, rotated, y_row);
    sums->AddGradient(x_row, loss.weight * r.e.x);
    sums->AddGradient(y_row, loss.weight * r.e.y);
    if (curvature == Curvature::kIrls) {
      sums->AddRow(x_row, loss.weight);
      sums->AddRow(y_row, loss.weight);
      return;
    }
    const CurvatureDirections<T> d = curvature_directions(curvature, r.e, squared_norm, loss);
    T first[kDof], second[kDof];
    PROPNP_UNROLL
    for (int k = 0; k < kDof; ++k) {
      first[k] = d.first.x * x_row[k] + d.first.y * y_row[k];
      second[k] = d.second.x * x_row[k] + d.second.y * y_row[k];
    }
    sums->AddRow(first, d.first_factor);
    sums->AddRow(second, d.second_factor);
  }

  PROPNP_DEVICE void Collect(const PointSums<kDof, T>& sums, bool with_statistics,
                             NormalEquations<kDof, T>* result) const {
    result->cost = team_.sum(sums.cost);
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) {
      result->gradient[i] = team_.sum(sums.gradient[i]);
      PROPNP_UNROLL
      for (int j = 0; j <= i; ++j) {
        const T entry = team_.sum(sums.curvature[i * (i + 1) / 2 + j]);
        result->curvature[i * kDof + j] = entry;
        result->curvature[j * kDof + i] = entry;
      }
    }
    result->weighted_square = with_statistics ? team_.sum(sums.weighted_square) : T(0);
    result->behind = with_statistics ? team_.sum(sums.behind) : T(0);
  }

  PROPNP_DEVICE_CALL void AddPrior(const T* pose, NormalEquations<kDof, T>* result) const {
    const PriorValue<kDof, T> prior = object_.prior.evaluate(dof_, pose);
    result->cost += prior.cost;
    for (int i = 0; i < kDof; ++i) result->gradient[i] += prior.gradient[i];
    for (int i = 0; i < kDof * kDof; ++i) result->curvature[i] += prior.curvature[i];
  }

  const DeviceInputs<T>& in_;
  const DeviceObject<T>& object_;
  const Team team_;
  const Dof dof_;
};

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_TEAM_COST_H_
