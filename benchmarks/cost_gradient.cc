// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/cost_gradient.h"

#include "propnp/math/camera.h"
#include "propnp/math/pose.h"
#include "propnp/math/residual.h"

namespace propnp::bench {
namespace {

static_assert(static_cast<int>(LossKind::kHuber) == PROPNP_LOSS_HUBER);
static_assert(static_cast<int>(LossKind::kCauchy) == PROPNP_LOSS_CAUCHY);

RigidTransform<double> TrueTransform(const EvidenceProblem& p) {
  if (p.dof == 6) return SixDof<double>().transform(p.pose_true.data());
  FourDof<double> four;
  const auto& q = p.base_rotation;
  four.axis = {p.yaw_axis[0], p.yaw_axis[1], p.yaw_axis[2]};
  four.base_rotation = rotation_matrix(Quaternion<double>{q[0], q[1], q[2], q[3]});
  return four.transform(p.pose_true.data());
}

// Adds point `i`'s gradient; `weight` is its DiagonalWeight or SqrtInformation.
template <typename Camera, typename Weight>
Weight AddPoint(const EvidenceProblem& p, const ViewModel<Camera, double>& model,
                const RigidTransform<double>& cam_from_object, const Weight& weight, int64_t i,
                InputGradient* gradient) {
  const double* x = &p.x3d[3 * i];
  const Vec2<double> x2d{p.x2d[2 * i], p.x2d[2 * i + 1]};
  const Vec3<double> point_in_cam = cam_from_object * Vec3<double>{x[0], x[1], x[2]};
  const RobustLoss<double> loss{static_cast<LossKind>(p.loss), p.delta};

  Vec2<double> pull;
  PointGradients<double> point = {};
  point_cost_vjp(model, loss, point_in_cam, x2d, weight, 1.0, &pull, &point);
  Weight weight_gradient = {};
  weight_vjp(pull, reprojection_error(model, point_in_cam, x2d), &weight_gradient);

  const Vec3<double> in_object = transposed_times(cam_from_object.rotation, point.point_in_cam);
  gradient->x3d.insert(gradient->x3d.end(), {in_object.x, in_object.y, in_object.z});
  gradient->x2d.insert(gradient->x2d.end(), {point.x2d.x, point.x2d.y});
  return weight_gradient;
}

}  // namespace

InputGradient GradientOfTrueCost(const EvidenceProblem& p) {
  const RigidTransform<double> cam_from_object = TrueTransform(p);
  const double* parameters = p.camera_parameters.data();
  InputGradient gradient;
  visit_camera(p.camera_model, [&](auto camera_model) {
    using Camera = typename decltype(camera_model)::template Camera<double>;
    ViewModel<Camera, double> model{};
    model.camera = Camera::from_parameters(parameters, Camera::monotone_limit(parameters));
    model.z_min = p.z_min;
    for (int64_t i = 0; i < p.num_points; ++i) {
      if (p.sqrt_info.empty()) {
        const DiagonalWeight<double> w{p.w2d[2 * i], p.w2d[2 * i + 1]};
        const auto g = AddPoint(p, model, cam_from_object, w, i, &gradient);
        gradient.weight.insert(gradient.weight.end(), {g.x, g.y});
      } else {
        const double* l = &p.sqrt_info[4 * i];
        const SqrtInformation<double> w{l[0], l[1], l[2], l[3]};
        const auto g = AddPoint(p, model, cam_from_object, w, i, &gradient);
        gradient.weight.insert(gradient.weight.end(), {g.xx, g.xy, g.yx, g.yy});
      }
    }
  });
  return gradient;
}

}  // namespace propnp::bench
