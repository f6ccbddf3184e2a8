// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A few points of an object drawn by weight, and their cost as one thread evaluates it: the cost
// that a random start goes down. Lengths are in units of the object's distance from its centroid,
// weights in units of the largest, so that single precision serves. A prior takes no part.
#ifndef PROPNP_CUDA_SAMPLER_SUBSET_COST_H_
#define PROPNP_CUDA_SAMPLER_SUBSET_COST_H_

#include "cuda_sampler/random_subset.h"
#include "cuda_sampler/starts.h"
#include "cuda_sampler/team_cost.h"

namespace propnp::gpu {

// Of poses whose translation is where the centroid lies, in units of the distance. T is the type of
// the object's numbers.
template <int kDof, typename T>
class SubsetCost {
 public:
  using Scalar = float;
  using Dof = DofPolicyOf<kDof, float>;

  PROPNP_DEVICE SubsetCost(const DeviceInputs<T>& in, int64_t object, const StartFrame<T>& frame,
                           const Subset& subset)
      : in_(in), frame_(frame), subset_(subset) {
    in.ViewsOf(object, &views_);
    weight_scale_ = frame.largest_weight > T(0) ? T(1) / frame.largest_weight : T(1);
    z_min_ = static_cast<float>(frame.z_min / frame.geometry.distance);
    loss_.kind = in.cost.loss == PROPNP_LOSS_ADAPTIVE_HUBER ? LossKind::kHuber
                                                            : static_cast<LossKind>(in.cost.loss);
    loss_.delta = static_cast<float>(frame.delta * weight_scale_);
    if constexpr (kDof == 4) {
      FourDof<T> four_dof;
      LoadFourDof(in.problem, object, &four_dof);
      dof_.axis = cast<float>(four_dof.axis);
      dof_.base_rotation = cast<float>(four_dof.base_rotation);
    }
  }

  PROPNP_DEVICE const Dof& dof() const { return dof_; }

  PROPNP_DEVICE void Evaluate(const float* pose, Curvature /*kIrls*/, ClampedRows clamped_rows,
                              NormalEquations<kDof, float>* result) const {
    const RigidTransform<float> rig_from_object = dof_.transform(pose);
    PointSums<kDof, float> sums = {};
    int64_t first = 0;
    int k = 0;
    for (int64_t v = views_.begin; v < views_.end && k < subset_.count(); ++v) {
      DeviceView<T> view;
      view.Set(in_, v);
      const int begin = k;
      while (k < subset_.count() && subset_[k] < first + view.num_points()) ++k;
      for (int j = begin; j < k; ++j) {
        AddPoint(view, subset_[j] - first, rig_from_object, clamped_rows, &sums);
      }
      first += view.num_points();
    }
    result->cost = sums.cost;
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) {
      result->gradient[i] = sums.gradient[i];
      PROPNP_UNROLL
      for (int j = 0; j <= i; ++j) {
        const float entry = sums.curvature[i * (i + 1) / 2 + j];
        result->curvature[i * kDof + j] = result->curvature[j * kDof + i] = entry;
      }
    }
  }

 private:
  PROPNP_DEVICE void AddPoint(const DeviceView<T>& view, int64_t i,
                              const RigidTransform<float>& rig_from_object,
                              ClampedRows clamped_rows, PointSums<kDof, float>* sums) const {
    const T inverse_distance = T(1) / frame_.geometry.distance;
    const Vec3<float> x = cast<float>(inverse_distance * (view.x3d(i) - frame_.geometry.centroid));
    const Vec2<T> u = view.x2d(i);
    const SqrtInformation<T> w = view.weight(i);
    const SqrtInformation<float> weight{
        static_cast<float>(weight_scale_ * w.xx), static_cast<float>(weight_scale_ * w.xy),
        static_cast<float>(weight_scale_ * w.yx), static_cast<float>(weight_scale_ * w.yy)};
    const Vec3<float> rotated = rig_from_object.rotation * x;
    Vec3<float> point = rotated + rig_from_object.translation;
    Mat3<float> to_cam;
    if (view.rig()) {
      to_cam = cast<float>(view.rig()->rotation);
      point = to_cam * point + cast<float>(inverse_distance * view.rig()->translation);
    }
    PointResidual<float> r =
        view.Residual(z_min_, point, Vec2<float>{static_cast<float>(u.x), static_cast<float>(u.y)},
                      weight, clamped_rows);
    if (view.rig()) {
      r.x_gradient = transposed_times(to_cam, r.x_gradient);
      r.y_gradient = transposed_times(to_cam, r.y_gradient);
    }
    const LossValue<float> loss = loss_.evaluate(dot(r.e, r.e));
    float x_row[kDof], y_row[kDof];
    dof_.tangent_row(r.x_gradient, rotated, x_row);
    dof_.tangent_row(r.y_gradient, rotated, y_row);
    sums->cost += loss.rho;
    sums->AddGradient(x_row, loss.weight * r.e.x);
    sums->AddGradient(y_row, loss.weight * r.e.y);
    sums->AddRow(x_row, loss.weight);
    sums->AddRow(y_row, loss.weight);
  }

  const DeviceInputs<T>& in_;
  const StartFrame<T>& frame_;
  const Subset& subset_;
  Range views_;
  T weight_scale_;
  float z_min_;
  RobustLoss<float> loss_;
  Dof dof_;
};

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_SUBSET_COST_H_
