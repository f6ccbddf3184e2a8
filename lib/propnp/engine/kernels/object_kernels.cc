// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set: math/residual.h over vector registers of points.
#include "propnp/engine/kernels/object_kernels.h"

#include "propnp/engine/kernels/lane_view.h"

PROPNP_MATH_BEGIN

namespace {

// A register of points.
template <typename T>
struct LanePoints {
  using L = Lanes<T>;
  Vec3<L> point;
  Vec2<L> pixel;

  PROPNP_INLINE LanePoints(const PackedView<T>& view, int64_t i)
      : point{L::load(view.x + i), L::load(view.y + i), L::load(view.z + i)},
        pixel{L::load(view.u + i), L::load(view.v + i)} {}
};

template <typename Model, typename T>
T view_cost(const PackedView<T>& view, const KernelPose<T>& pose, const KernelModel<T>& model) {
  using L = Lanes<T>;
  const LaneView<Model, T> lanes(view, model);
  const RigidTransform<L> rig_from_object{spread_matrix(pose.rotation),
                                          spread_vector(pose.translation)};
  L sum(T(0));
  for (int64_t i = 0; i < view.padded_points; i += L::kSize) {
    const LanePoints<T> p(view, i);
    Vec3<L> point_in_cam = rig_from_object * p.point;
    if (view.has_rig) point_in_cam = lanes.camera_from_rig * point_in_cam;
    const Vec2<L> error = reprojection_error(lanes.model, point_in_cam, p.pixel);
    const Vec2<L> e =
        view.wxy ? load_information(view, i).times(error) : load_weight(view, i).times(error);
    sum = sum + lanes.loss.rho(dot(e, e));
  }
  return sum.sum();
}

// Rows of the Jacobian with respect to the pose.
template <int kDof, typename T>
PROPNP_INLINE void tangent_row(const Vec3<Lanes<T>>& axis, const Vec3<Lanes<T>>& gradient,
                               const Vec3<Lanes<T>>& rotated_point, Lanes<T>* row) {
  const Vec3<Lanes<T>> torque = cross(rotated_point, gradient);
  row[0] = gradient.x, row[1] = gradient.y, row[2] = gradient.z;
  if constexpr (kDof == 6) {
    row[3] = torque.x, row[4] = torque.y, row[5] = torque.z;
  } else {
    row[3] = dot(axis, torque);
  }
}

template <int kDof, typename T>
struct LaneSums {
  using L = Lanes<T>;
  L curvature[kDof * (kDof + 1) / 2];
  L gradient[kDof];
  L cost, weighted_square, behind;

  PROPNP_INLINE LaneSums() : cost(T(0)), weighted_square(T(0)), behind(T(0)) {
    for (L& c : curvature) c = L(T(0));
    for (L& g : gradient) g = L(T(0));
  }

  PROPNP_INLINE void add_row(const L* row, const L& factor) {
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) {
      const L scaled = factor * row[i];
      PROPNP_UNROLL
      for (int j = 0; j <= i; ++j) {
        L& entry = curvature[i * (i + 1) / 2 + j];
        entry = multiply_add(scaled, row[j], entry);
      }
    }
  }

  PROPNP_INLINE void add_gradient(const L* row, const L& factor) {
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) gradient[i] = multiply_add(factor, row[i], gradient[i]);
  }

  PROPNP_INLINE void add_to(NormalSums<T>* sums) const {
    constexpr int kTriangle = kDof * (kDof + 1) / 2, kOthers = kTriangle + kDof;
    L all[kOthers + 3];
    PROPNP_UNROLL
    for (int k = 0; k < kTriangle; ++k) all[k] = curvature[k];
    PROPNP_UNROLL
    for (int i = 0; i < kDof; ++i) all[kTriangle + i] = gradient[i];
    all[kOthers] = cost, all[kOthers + 1] = weighted_square, all[kOthers + 2] = behind;
    T values[kOthers + 3];
    sum_all(all, values);
    for (int k = 0; k < kTriangle; ++k) sums->curvature[k] += values[k];
    for (int i = 0; i < kDof; ++i) sums->gradient[i] += values[kTriangle + i];
    sums->cost += values[kOthers];
    sums->weighted_square += values[kOthers + 1];
    sums->behind += values[kOthers + 2];
  }
};

// Which points of a register carry weight.
template <typename T>
PROPNP_INLINE LaneMask<T> has_weight(const PackedView<T>& view, int64_t i) {
  using L = Lanes<T>;
  const auto norm = [&](const T* a, const T* b) {
    const L x = L::load(a + i), y = L::load(b + i);
    return x * x + y * y;
  };
  const L diagonal = norm(view.wxx, view.wyy);
  return L(T(0)) < (view.wxy ? diagonal + norm(view.wxy, view.wyx) : diagonal);
}

// kPlain: no rig, plain weights, the reweighted J^T J and no statistics, as nearly every call is.
template <typename Model, int kDof, bool kPlain, typename T>
void accumulate(const PackedView<T>& view, const KernelPose<T>& pose, const KernelModel<T>& model,
                NormalSums<T>* sums) {
  using L = Lanes<T>;
  const LaneView<Model, T> lanes(view, model);
  const RigidTransform<L> rig_from_object{spread_matrix(pose.rotation),
                                          spread_vector(pose.translation)};
  const Vec3<L> axis = spread_vector(pose.axis);
  const auto clamped_rows = model.drop_clamped_rows ? ClampedRows::kDrop : ClampedRows::kExact;
  LaneSums<kDof, T> total;
  for (int64_t i = 0; i < view.padded_points; i += L::kSize) {
    const LanePoints<T> p(view, i);
    const Vec3<L> rotated = rig_from_object.rotation * p.point;
    Vec3<L> point_in_cam = rotated + rig_from_object.translation;
    if (!kPlain && view.has_rig) point_in_cam = lanes.camera_from_rig * point_in_cam;
    PointResidual<L> r = !kPlain && view.wxy
                             ? residual_with_jacobian(lanes.model, point_in_cam, p.pixel,
                                                      load_information(view, i), clamped_rows)
                             : residual_with_jacobian(lanes.model, point_in_cam, p.pixel,
                                                      load_weight(view, i), clamped_rows);
    if (!kPlain && view.has_rig) {
      r.x_gradient = transposed_times(lanes.camera_from_rig.rotation, r.x_gradient);
      r.y_gradient = transposed_times(lanes.camera_from_rig.rotation, r.y_gradient);
    }
    const L squared_norm = dot(r.e, r.e);
    const LossValue<L> loss = lanes.loss.evaluate(squared_norm);
    total.cost = total.cost + loss.rho;
    if (!kPlain && model.with_statistics) {
      total.weighted_square = multiply_add(loss.weight, squared_norm, total.weighted_square);
      if (Model::template Camera<L>::kClampsDepth) {
        const LaneMask<T> behind = (point_in_cam.z < lanes.model.z_min) & has_weight(view, i);
        total.behind = total.behind + select(behind, L(T(1)), L(T(0)));
      }
    }
    L x_row[kDof], y_row[kDof];
    tangent_row<kDof, T>(axis, r.x_gradient, rotated, x_row);
    tangent_row<kDof, T>(axis, r.y_gradient, rotated, y_row);
    total.add_gradient(x_row, loss.weight * r.e.x);
    total.add_gradient(y_row, loss.weight * r.e.y);
    if (!kPlain && model.curvature != static_cast<int>(Curvature::kIrls)) {
      const auto d =
          curvature_directions(static_cast<Curvature>(model.curvature), r.e, squared_norm, loss);
      L first[kDof], second[kDof];
      PROPNP_UNROLL
      for (int k = 0; k < kDof; ++k) {
        first[k] = d.first.x * x_row[k] + d.first.y * y_row[k];
        second[k] = d.second.x * x_row[k] + d.second.y * y_row[k];
      }
      total.add_row(first, d.first_factor);
      total.add_row(second, d.second_factor);
    } else {
      total.add_row(x_row, loss.weight);
      total.add_row(y_row, loss.weight);
    }
  }
  total.add_to(sums);
}

template <int kDof, typename T>
void accumulate_view(const PackedView<T>& view, const KernelPose<T>& pose,
                     const KernelModel<T>& model, NormalSums<T>* sums) {
  const bool plain = !view.has_rig && !view.wxy && !model.with_statistics &&
                     model.curvature == static_cast<int>(Curvature::kIrls);
  visit_camera(view.camera_model, [&](auto camera) {
    using Model = decltype(camera);
    plain ? accumulate<Model, kDof, true>(view, pose, model, sums)
          : accumulate<Model, kDof, false>(view, pose, model, sums);
  });
}

template <typename T>
T cost_of_view(const PackedView<T>& view, const KernelPose<T>& pose, const KernelModel<T>& model) {
  T result(0);
  visit_camera(view.camera_model,
               [&](auto camera) { result = view_cost<decltype(camera)>(view, pose, model); });
  return result;
}

}  // namespace

extern const ObjectKernels<float> kFloatKernels;
extern const ObjectKernels<double> kDoubleKernels;
const ObjectKernels<float> kFloatKernels = {accumulate_view<6, float>, accumulate_view<4, float>,
                                            cost_of_view<float>};
const ObjectKernels<double> kDoubleKernels = {accumulate_view<6, double>,
                                              accumulate_view<4, double>, cost_of_view<double>};

PROPNP_MATH_END
