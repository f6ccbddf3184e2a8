// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// d (lambda^T (g + H delta)) / d inputs of one object, math/second_derivatives.h over its points.
#ifndef PROPNP_CUDA_SAMPLER_NEWTON_PRODUCT_H_
#define PROPNP_CUDA_SAMPLER_NEWTON_PRODUCT_H_

#include "cuda_sampler/input_gradient.h"
#include "cuda_sampler/team_cost.h"
#include "propnp/math/second_derivatives.h"

namespace propnp::gpu {

template <int kDof>
class NewtonProduct {
 public:
  // lambda and delta are tangent vectors at the pose; all must outlive this.
  PROPNP_DEVICE NewtonProduct(const DeviceInputs<double>& in, const DeviceObject<double>& object,
                              const double* pose, const double* lambda, const double* delta,
                              ClampedRows clamped_rows)
      : in_(in),
        object_(object),
        pose_(pose),
        lambda_(lambda),
        delta_(delta),
        clamped_rows_(clamped_rows) {
    rig_from_object_ = GetDof(object, std::integral_constant<int, kDof>()).transform(pose);
    const double* const tangents[2] = {lambda, delta};
    for (int k = 0; k < 2; ++k) {
      const double* t = tangents[k];
      translation_[k] = {t[0], t[1], t[2]};
      if constexpr (kDof == 6) {
        rotation_[k] = {t[3], t[4], t[5]};
      } else {
        rotation_[k] = t[3] * object.four_dof.axis;
      }
    }
  }

  PROPNP_DEVICE const DeviceInputs<double>& inputs() const { return in_; }
  PROPNP_DEVICE const DeviceObject<double>& object() const { return object_; }

  // Of point i of a view; what belongs to the loss's delta, and to the camera if it is not null, is
  // added.
  PROPNP_DEVICE PointGradient Point(const DeviceView<double>& view, int64_t i, double* loss_delta,
                                    double* camera_parameters) const {
    PointGradient result = {};
    visit_camera(view.camera().model, [&](auto camera) {
      using Number = Dual<double, 2>;
      using Camera = typename decltype(camera)::template Camera<Number>;
      result = PointIn(view.template model<Camera, Number>(Number(object_.z_min)), view, i,
                       loss_delta, camera_parameters);
    });
    return result;
  }

  // The prior's part.
  PROPNP_DEVICE_CALL void AddPrior(PriorGradient<double>* gradient) const {
    if (!object_.prior.active()) return;
    const auto dof = GetDof(object_, std::integral_constant<int, kDof>());
    object_.prior.newton_product_vjp(dof, pose_, lambda_, delta_, gradient);
  }

 private:
  // A tangent direction moves a point by translation + rotation x rotated_point.
  template <typename Model>
  PROPNP_DEVICE PointGradient PointIn(const Model& model, const DeviceView<double>& view, int64_t i,
                                      double* loss_delta, double* camera_parameters) const {
    const auto to_cam = [&](const Vec3<double>& v) {
      return view.rig() ? view.rig()->rotation * v : v;
    };
    const auto to_rig = [&](const Vec3<double>& v) {
      return view.rig() ? transposed_times(view.rig()->rotation, v) : v;
    };
    const Vec3<double> rotated = rig_from_object_.rotation * view.x3d(i);
    Vec3<double> point = rotated + rig_from_object_.translation;
    if (view.rig()) point = *view.rig() * point;
    const Vec3<double> velocity[2] = {to_cam(translation_[0] + cross(rotation_[0], rotated)),
                                      to_cam(translation_[1] + cross(rotation_[1], rotated))};
    const auto g = newton_product_vjp(model, object_.loss, point, velocity, view.x2d(i),
                                      view.weight(i), clamped_rows_);
    const Vec3<double> by_rotated = to_rig(g.point_in_cam) +
                                    cross(to_rig(g.velocity[0]), rotation_[0]) +
                                    cross(to_rig(g.velocity[1]), rotation_[1]);
    *loss_delta += g.delta;
    if (camera_parameters) {
      newton_product_camera_vjp(model, point, velocity, clamped_rows_, g, camera_parameters);
    }
    return {transposed_times(rig_from_object_.rotation, by_rotated), g.x2d, g.weight};
  }

  const DeviceInputs<double>& in_;
  const DeviceObject<double>& object_;
  const double* const pose_;
  const double *const lambda_, *const delta_;
  const ClampedRows clamped_rows_;
  RigidTransform<double> rig_from_object_;
  Vec3<double> translation_[2], rotation_[2];
};

// Writes the whole gradient of an object; false if a number of it does not fit.
template <int kDof, typename Team>
PROPNP_DEVICE bool StoreNewtonProduct(const NewtonProduct<kDof>& product,
                                      const GradientWriter& writer, bool hold_delta,
                                      const Team& team) {
  const DeviceInputs<double>& in = product.inputs();
  const DeviceObject<double>& object = product.object();
  ObjectGradient of_object;
  // What flows to the weights through an adaptive delta takes the sum over all points first.
  object.ForEachView(in, [&](const DeviceView<double>& view, int64_t, int64_t) {
    for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
      product.Point(view, i, &of_object.delta, nullptr);
    }
  });
  of_object.delta = team.sum(of_object.delta);
  const AdaptiveFlow flow = FlowThroughDelta(in, object, of_object.delta, hold_delta, team);
  of_object.relative_delta = flow.relative_delta;
  product.AddPrior(&of_object.prior);

  bool fits = team.rank() != 0 || writer.StoreObject(object.index, of_object);
  object.ForEachView(in, [&](const DeviceView<double>& view, int64_t v, int64_t) {
    double ignored = 0, camera[kMaxCameraParameters] = {};
    for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
      PointGradient g = product.Point(view, i, &ignored, writer.WantsCamera() ? camera : nullptr);
      AddFlow(view, view.weight(i), flow, &g.weight);
      fits = writer.StorePoint(v, view.points(), i, g) && fits;
    }
    for (double& c : camera) c = team.sum(c);
    if (team.rank() == 0) fits = writer.StoreCamera(v, camera) && fits;
    writer.ClearPadding(in, v, team);
  });
  return !team.any(!fits);
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_NEWTON_PRODUCT_H_
