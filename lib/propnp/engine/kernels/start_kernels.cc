// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. The steps are those of engine/levenberg_marquardt.h, with
// masks for branches, in the tangent at the pivot.
#include "propnp/engine/kernels/start_kernels.h"

#include "propnp/engine/kernels/lane_view.h"
#include "propnp/math/pose.h"

PROPNP_MATH_BEGIN

namespace {

using L = Lanes<float>;

template <int kDof>
struct Equations {
  static constexpr int kTriangle = kDof * (kDof + 1) / 2;
  L curvature[kTriangle];  // lower triangle, row by row
  L gradient[kDof];
  L cost;
};

struct Pose {
  Vec3<L> position;
  Quaternion<L> rotation;
  L yaw_change;
};

// One register of starts.
template <typename Model, int kDof>
class StartRefiner {
 public:
  PROPNP_INLINE StartRefiner(const LaneView<Model, float>& lanes, const Vec3<L>& axis,
                             const float* points, int num_points, const StartDamping& damping)
      : lanes_(lanes), axis_(axis), points_(points), num_points_(num_points), damping_(damping) {}

  void refine(int iterations, Pose* pose) const {
    Equations<kDof> current, trial;
    evaluate(*pose, &current);
    L radius(damping_.initial_radius), shrink(2.0f);
    for (int i = 0; i < iterations; ++i) {
      L step[kDof];
      const LaneMask<float> solved = solve(current, radius, step);
      const Pose moved = retract(*pose, step);
      evaluate(moved, &trial);
      const L predicted = predicted_decrease(current, step);
      const L ratio = (current.cost - trial.cost) / predicted;
      const LaneMask<float> accepted = solved & (L(0.0f) < predicted) &
                                       !(ratio < L(damping_.min_relative_decrease)) &
                                       !(current.cost < trial.cost);
      update_radius(accepted, ratio, &radius, &shrink);
      *pose = select_pose(accepted, moved, *pose);
      current = select_equations(accepted, trial, current);
    }
  }

  // The cost over points that all starts share.
  L cost_of(const Pose& pose, const float* points, int64_t count) const {
    const Mat3<L> rotation = rotation_matrix(pose.rotation);
    L sum(0.0f);
    for (int64_t k = 0; k < count; ++k) {
      const float* p = points + k * kStartPointNumbers;
      const SqrtInformation<L> weight{L(p[5]), L(p[6]), L(p[7]), L(p[8])};
      sum = sum + point_cost(lanes_.model, lanes_.loss, rotation * spread_vector(p) + pose.position,
                             {L(p[3]), L(p[4])}, weight);
    }
    return sum;
  }

 private:
  PROPNP_INLINE L number(int point, int k) const {
    return L::load(points_ + (point * kStartPointNumbers + k) * kStartLanes);
  }

  PROPNP_INLINE void tangent_row(const Vec3<L>& gradient, const Vec3<L>& rotated, L* row) const {
    const Vec3<L> torque = cross(rotated, gradient);
    row[0] = gradient.x, row[1] = gradient.y, row[2] = gradient.z;
    if constexpr (kDof == 6) {
      row[3] = torque.x, row[4] = torque.y, row[5] = torque.z;
    } else {
      row[3] = dot(axis_, torque);
    }
  }

  void evaluate(const Pose& pose, Equations<kDof>* sums) const {
    const L zero(0.0f);
    for (L& c : sums->curvature) c = zero;
    for (L& g : sums->gradient) g = zero;
    sums->cost = zero;
    const Mat3<L> rotation = rotation_matrix(pose.rotation);
    for (int k = 0; k < num_points_; ++k) {
      const Vec3<L> rotated = rotation * Vec3<L>{number(k, 0), number(k, 1), number(k, 2)};
      const SqrtInformation<L> weight{number(k, 5), number(k, 6), number(k, 7), number(k, 8)};
      const PointResidual<L> r =
          residual_with_jacobian(lanes_.model, rotated + pose.position,
                                 {number(k, 3), number(k, 4)}, weight, ClampedRows::kDrop);
      const LossValue<L> loss = lanes_.loss.evaluate(dot(r.e, r.e));
      L x_row[kDof], y_row[kDof];
      tangent_row(r.x_gradient, rotated, x_row);
      tangent_row(r.y_gradient, rotated, y_row);
      sums->cost = sums->cost + loss.rho;
      for (int i = 0, entry = 0; i < kDof; ++i) {
        const L wx = loss.weight * x_row[i], wy = loss.weight * y_row[i];
        sums->gradient[i] = multiply_add(wx, r.e.x, multiply_add(wy, r.e.y, sums->gradient[i]));
        for (int j = 0; j <= i; ++j, ++entry) {
          sums->curvature[entry] =
              multiply_add(wx, x_row[j], multiply_add(wy, y_row[j], sums->curvature[entry]));
        }
      }
    }
  }

  PROPNP_INLINE L damping(const L& diagonal, const L& radius) const {
    const L one(1.0f);
    const L floor = select(L(0.0f) < diagonal, min(diagonal, one), one);
    const L clamped =
        max(floor * L(damping_.min_diagonal), min(diagonal, L(damping_.max_diagonal)));
    return clamped / radius + floor * L(damping_.epsilon);
  }

  // step = -(H + damping)^-1 g by Cholesky; false where the matrix is not positive.
  PROPNP_INLINE LaneMask<float> solve(const Equations<kDof>& e, const L& radius, L* step) const {
    L l[Equations<kDof>::kTriangle], inverse[kDof];
    LaneMask<float> positive = L(0.0f) < L(1.0f);
    for (int i = 0, row = 0; i < kDof; row += ++i) {
      for (int j = 0, other = 0; j <= i; other += ++j) {
        L sum = e.curvature[row + j];
        if (i == j) {
          // Half the angle means four times the curvature, and a quarter of the damping in return.
          const float factor = kDof == 6 && i >= 3 ? 4.0f : 1.0f;
          sum = sum + L(1 / factor) * damping(L(factor) * sum, radius);
        }
        for (int k = 0; k < j; ++k) sum = sum - l[row + k] * l[other + k];
        if (i != j) {
          l[row + j] = sum * inverse[j];
          continue;
        }
        positive = positive & (L(0.0f) < sum);
        const L root = sqrt(sum);
        l[row + i] = root;
        inverse[i] = L(1.0f) / root;
      }
    }
    L y[kDof];
    for (int i = 0, row = 0; i < kDof; row += ++i) {
      L sum = -e.gradient[i];
      for (int k = 0; k < i; ++k) sum = sum - l[row + k] * y[k];
      y[i] = sum * inverse[i];
    }
    for (int i = kDof - 1; i >= 0; --i) {
      L sum = y[i];
      for (int k = i + 1; k < kDof; ++k) sum = sum - l[k * (k + 1) / 2 + i] * step[k];
      step[i] = sum * inverse[i];
    }
    return positive;
  }

  // -(g^T step + step^T H step / 2).
  PROPNP_INLINE L predicted_decrease(const Equations<kDof>& e, const L* step) const {
    L sum(0.0f);
    for (int i = 0, entry = 0; i < kDof; ++i) {
      L row = e.gradient[i];
      for (int j = 0; j < i; ++j, ++entry) row = row + e.curvature[entry] * step[j];
      row = row + L(0.5f) * e.curvature[entry++] * step[i];
      sum = sum - row * step[i];
    }
    return sum;
  }

  PROPNP_INLINE Pose retract(const Pose& pose, const L* step) const {
    Vec3<L> theta;
    L yaw_change = pose.yaw_change;
    if constexpr (kDof == 6) {
      theta = {step[3], step[4], step[5]};
    } else {
      theta = step[3] * axis_;
      const L half = L(0.5f) * step[3];
      yaw_change = yaw_change + L(2.0f) * atan2(half, L(1.0f));
    }
    return {pose.position + Vec3<L>{step[0], step[1], step[2]},
            normalized(quaternion_from_cayley(theta) * pose.rotation), yaw_change};
  }

  PROPNP_INLINE void update_radius(const LaneMask<float>& accepted, const L& ratio, L* radius,
                                   L* shrink) const {
    const L u = L(2.0f) * ratio - L(1.0f);
    const L grown = *radius / max(L(1.0f / 3), L(1.0f) - u * u * u);
    *radius = min(max(select(accepted, grown, *radius / *shrink), L(damping_.epsilon)),
                  L(damping_.max_radius));
    *shrink = select(accepted, L(2.0f), L(2.0f) * *shrink);
  }

  PROPNP_INLINE static Pose select_pose(const LaneMask<float>& m, const Pose& a, const Pose& b) {
    return {{select(m, a.position.x, b.position.x), select(m, a.position.y, b.position.y),
             select(m, a.position.z, b.position.z)},
            {select(m, a.rotation.w, b.rotation.w), select(m, a.rotation.x, b.rotation.x),
             select(m, a.rotation.y, b.rotation.y), select(m, a.rotation.z, b.rotation.z)},
            select(m, a.yaw_change, b.yaw_change)};
  }

  PROPNP_INLINE static Equations<kDof> select_equations(const LaneMask<float>& m,
                                                        const Equations<kDof>& a,
                                                        const Equations<kDof>& b) {
    Equations<kDof> result;
    for (int i = 0; i < Equations<kDof>::kTriangle; ++i) {
      result.curvature[i] = select(m, a.curvature[i], b.curvature[i]);
    }
    for (int i = 0; i < kDof; ++i) result.gradient[i] = select(m, a.gradient[i], b.gradient[i]);
    result.cost = select(m, a.cost, b.cost);
    return result;
  }

  const LaneView<Model, float>& lanes_;
  const Vec3<L> axis_;
  const float* const points_;
  const int num_points_;
  const StartDamping& damping_;
};

template <typename Model, int kDof>
void refine_of(const PackedView<float>& view, const KernelModel<float>& model, const float* axis,
               const StartPoints& points, int iterations, const StartDamping& damping,
               StartState* state) {
  const LaneView<Model, float> lanes(view, model);
  for (int lane = 0; lane < kStartLanes; lane += L::kSize) {
    float* p[8];
    for (int k = 0; k < 3; ++k) p[k] = state->position[k] + lane;
    for (int k = 0; k < 4; ++k) p[3 + k] = state->quaternion[k] + lane;
    p[7] = state->yaw_change + lane;
    const auto load = [&](int k) { return L::load_unaligned(p[k]); };
    Pose pose{{load(0), load(1), load(2)}, {load(3), load(4), load(5), load(6)}, load(7)};
    const StartRefiner<Model, kDof> refiner(lanes, spread_vector(axis), points.of_starts + lane,
                                            points.count, damping);
    refiner.refine(iterations, &pose);
    const L values[8] = {pose.position.x, pose.position.y, pose.position.z, pose.rotation.w,
                         pose.rotation.x, pose.rotation.y, pose.rotation.z, pose.yaw_change};
    for (int k = 0; k < 8; ++k) values[k].store_unaligned(p[k]);
    refiner.cost_of(pose, points.all, points.num_all).store_unaligned(state->cost + lane);
  }
}

void refine(int dof, const PackedView<float>& view, const KernelModel<float>& model,
            const float* axis, const StartPoints& points, int iterations,
            const StartDamping& damping, StartState* state) {
  visit_camera(view.camera_model, [&](auto camera) {
    using Model = decltype(camera);
    (dof == 6 ? refine_of<Model, 6> : refine_of<Model, 4>)(view, model, axis, points, iterations,
                                                           damping, state);
  });
}

}  // namespace

extern const StartKernels kStartKernels;
const StartKernels kStartKernels = {refine};

PROPNP_MATH_END
