// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set: math/second_derivatives.h over vector registers of points.
#include "propnp/engine/kernels/derivative_kernels.h"

#include "propnp/engine/kernels/lane_view.h"
#include "propnp/math/second_derivatives.h"

PROPNP_MATH_BEGIN

namespace {

using L = Lanes<double>;

template <int N>
PROPNP_INLINE Vec2<Dual<L, N>> dual_pixel(const Vec2<L>& pixel) {
  return {dual_constant<N>(pixel.x), dual_constant<N>(pixel.y)};
}

// A view's constants in dual numbers, of derivative zero.
template <typename Model, int N>
PROPNP_INLINE auto dual_model(const PackedView<double>& view, const PixelBox<L>& box) {
  using Camera = typename Model::template Camera<Dual<L, N>>;
  ViewModel<Camera, Dual<L, N>> model;
  Dual<L, N> parameters[Camera::kNumParameters];
  for (int i = 0; i < Camera::kNumParameters; ++i) {
    parameters[i] = Dual<L, N>(view.camera_parameters[i]);
  }
  model.camera = Camera::from_parameters(parameters, Dual<L, N>(view.camera_limit));
  model.box = {box.active, dual_pixel<N>(box.low), dual_pixel<N>(box.high)};
  model.z_min = Dual<L, N>(view.z_min);
  return model;
}

// A register of points where they come to lie.
struct LanePoints {
  Vec3<L> rotated, point_in_cam;
  Vec2<L> pixel;

  template <typename Model>
  PROPNP_INLINE LanePoints(const PackedView<double>& view, const LaneView<Model, double>& lanes,
                           const RigidTransform<L>& rig_from_object, int64_t i)
      : pixel{L::load(view.u + i), L::load(view.v + i)} {
    rotated = rig_from_object.rotation *
              Vec3<L>{L::load(view.x + i), L::load(view.y + i), L::load(view.z + i)};
    point_in_cam = rotated + rig_from_object.translation;
    if (view.has_rig) point_in_cam = lanes.camera_from_rig * point_in_cam;
  }
};

PROPNP_INLINE RigidTransform<L> spread_pose(const KernelPose<double>& pose) {
  return {spread_matrix(pose.rotation), spread_vector(pose.translation)};
}

template <bool kInformation>
PROPNP_INLINE auto load_any_weight(const PackedView<double>& view, int64_t i) {
  if constexpr (kInformation) {
    return load_information(view, i);
  } else {
    return load_weight(view, i);
  }
}

PROPNP_INLINE void add_to(double* column, int64_t i, const L& value) {
  (L::load(column + i) + value).store(column + i);
}
PROPNP_INLINE void add_weight(const DiagonalWeight<L>& g, int64_t i, InputGradientColumns* out) {
  add_to(out->wxx, i, g.x), add_to(out->wyy, i, g.y);
}
PROPNP_INLINE void add_weight(const SqrtInformation<L>& g, int64_t i, InputGradientColumns* out) {
  add_to(out->wxx, i, g.xx), add_to(out->wxy, i, g.xy);
  add_to(out->wyx, i, g.yx), add_to(out->wyy, i, g.yy);
}

PROPNP_INLINE ClampedRows clamped_rows_of(const KernelModel<double>& model) {
  return model.drop_clamped_rows ? ClampedRows::kDrop : ClampedRows::kExact;
}

// A tangent direction moves a point by translation + rotation x rotated_point.
struct LaneTwist {
  Vec3<L> translation, rotation;

  PROPNP_INLINE explicit LaneTwist(const double* twist)
      : translation(spread_vector(twist)), rotation(spread_vector(twist + 3)) {}

  PROPNP_INLINE Vec3<L> velocity(const Vec3<L>& rotated) const {
    return translation + cross(rotation, rotated);
  }
  // d (cotangent . velocity) / d rotated_point.
  PROPNP_INLINE Vec3<L> velocity_vjp(const Vec3<L>& cotangent) const {
    return cross(cotangent, rotation);
  }
};

template <typename Model, bool kInformation>
void newton_product(const PackedView<double>& view, const KernelPose<double>& pose,
                    const KernelModel<double>& kernel_model, const TwistPair& directions,
                    InputGradientColumns* out) {
  const LaneView<Model, double> lanes(view, kernel_model);
  const auto model = dual_model<Model, 2>(view, lanes.model.box);
  const RigidTransform<L> rig_from_object = spread_pose(pose);
  const LaneTwist twists[2] = {LaneTwist(directions.lambda), LaneTwist(directions.delta)};
  const ClampedRows rows = clamped_rows_of(kernel_model);
  const auto to_cam = [&](const Vec3<L>& v) {
    return view.has_rig ? lanes.camera_from_rig.rotation * v : v;
  };
  const auto to_rig = [&](const Vec3<L>& v) {
    return view.has_rig ? transposed_times(lanes.camera_from_rig.rotation, v) : v;
  };
  L loss_delta(0.0), camera[kMaxKernelParameters];
  for (L& c : camera) c = L(0.0);
  for (int64_t i = 0; i < view.padded_points; i += L::kSize) {
    const LanePoints p(view, lanes, rig_from_object, i);
    const Vec3<L> velocity[2] = {to_cam(twists[0].velocity(p.rotated)),
                                 to_cam(twists[1].velocity(p.rotated))};
    const auto g = newton_product_vjp(model, lanes.loss, p.point_in_cam, velocity, p.pixel,
                                      load_any_weight<kInformation>(view, i), rows);
    const Vec3<L> by_rotated = to_rig(g.point_in_cam) +
                               twists[0].velocity_vjp(to_rig(g.velocity[0])) +
                               twists[1].velocity_vjp(to_rig(g.velocity[1]));
    const Vec3<L> by_point = transposed_times(rig_from_object.rotation, by_rotated);
    add_to(out->x, i, by_point.x), add_to(out->y, i, by_point.y), add_to(out->z, i, by_point.z);
    add_to(out->u, i, g.x2d.x), add_to(out->v, i, g.x2d.y);
    add_weight(g.weight, i, out);
    loss_delta = loss_delta + g.delta;
    if (out->with_camera) {
      newton_product_camera_vjp(model, p.point_in_cam, velocity, rows, g, camera);
    }
  }
  out->loss_delta += loss_delta.sum();
  for (int k = 0; out->with_camera && k < kMaxKernelParameters; ++k) {
    out->camera[k] += camera[k].sum();
  }
}

template <typename Model, bool kInformation>
void curvature(const PackedView<double>& view, const KernelPose<double>& pose,
               const KernelModel<double>& kernel_model, TwistCurvature* sums) {
  const LaneView<Model, double> lanes(view, kernel_model);
  const auto model = dual_model<Model, 3>(view, lanes.model.box);
  const RigidTransform<L> rig_from_object = spread_pose(pose);
  TwistSums<L> total;
  for (int64_t i = 0; i < view.padded_points; i += L::kSize) {
    const LanePoints p(view, lanes, rig_from_object, i);
    PointCurvature<L> c =
        point_curvature(model, lanes.loss, p.point_in_cam, p.pixel,
                        load_any_weight<kInformation>(view, i), clamped_rows_of(kernel_model));
    if (view.has_rig) {
      const Mat3<L>& rotation = lanes.camera_from_rig.rotation;
      c.gradient = transposed_times(rotation, c.gradient);
      c.hessian = transposed(rotation) * (c.hessian * rotation);
    }
    total.add(c.gradient, c.hessian, p.rotated);
  }
  for (int k = 0; k < kTwist; ++k) sums->gradient[k] += total.gradient[k].sum();
  for (int k = 0; k < kTwistTriangle; ++k) sums->hessian[k] += total.hessian[k].sum();
}

template <typename Model, bool kInformation>
void camera_gradient(const PackedView<double>& view, const KernelPose<double>& pose,
                     const KernelModel<double>& kernel_model, double cost_weight, double* sums) {
  const LaneView<Model, double> lanes(view, kernel_model);
  constexpr int kParameters = LaneView<Model, double>::Camera::kNumParameters;
  const RigidTransform<L> rig_from_object = spread_pose(pose);
  L camera[kParameters];
  for (L& c : camera) c = L(0.0);
  for (int64_t i = 0; i < view.padded_points; i += L::kSize) {
    const LanePoints p(view, lanes, rig_from_object, i);
    const auto weight = load_any_weight<kInformation>(view, i);
    const Vec2<L> e = weighted_residual(lanes.model, p.point_in_cam, p.pixel, weight);
    const Vec2<L> pull = lanes.loss.evaluate(dot(e, e)).weight * e;
    camera_vjp(lanes.model, p.point_in_cam, weight, pull, camera);
  }
  for (int k = 0; k < kParameters; ++k) sums[k] += cost_weight * camera[k].sum();
}

void add_newton_product(const PackedView<double>& view, const KernelPose<double>& pose,
                        const KernelModel<double>& model, const TwistPair& directions,
                        InputGradientColumns* out) {
  visit_camera(view.camera_model, [&](auto camera) {
    using Model = decltype(camera);
    view.wxy ? newton_product<Model, true>(view, pose, model, directions, out)
             : newton_product<Model, false>(view, pose, model, directions, out);
  });
}

void add_curvature(const PackedView<double>& view, const KernelPose<double>& pose,
                   const KernelModel<double>& model, TwistCurvature* sums) {
  visit_camera(view.camera_model, [&](auto camera) {
    using Model = decltype(camera);
    view.wxy ? curvature<Model, true>(view, pose, model, sums)
             : curvature<Model, false>(view, pose, model, sums);
  });
}

void add_camera_gradient(const PackedView<double>& view, const KernelPose<double>& pose,
                         const KernelModel<double>& model, double weight, double* sums) {
  visit_camera(view.camera_model, [&](auto camera) {
    using Model = decltype(camera);
    view.wxy ? camera_gradient<Model, true>(view, pose, model, weight, sums)
             : camera_gradient<Model, false>(view, pose, model, weight, sums);
  });
}

}  // namespace

extern const DerivativeKernels kDerivativeKernels;
const DerivativeKernels kDerivativeKernels = {add_newton_product, add_curvature,
                                              add_camera_gradient};

PROPNP_MATH_END
