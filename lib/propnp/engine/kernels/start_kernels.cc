// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. The steps are those of engine/levenberg_marquardt.h, with
// masks for branches, in the tangent at the pivot.
#include "propnp/engine/kernels/start_kernels.h"

#include <type_traits>

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
  L yaw;
};

// The points of a register of starts: each has its own, or all have the same. Without information
// the weights are diagonal.
template <bool kShared, bool kInformation>
class PointList {
 public:
  PROPNP_INLINE PointList(const float* points, int64_t count) : points_(points), count_(count) {}

  PROPNP_INLINE int64_t count() const { return count_; }
  PROPNP_INLINE Vec3<L> point(int64_t i) const {
    return {number(i, 0), number(i, 1), number(i, 2)};
  }
  PROPNP_INLINE Vec2<L> pixel(int64_t i) const { return {number(i, 3), number(i, 4)}; }
  PROPNP_INLINE auto weight(int64_t i) const {
    if constexpr (kInformation) {
      return SqrtInformation<L>{number(i, 5), number(i, 6), number(i, 7), number(i, 8)};
    } else {
      return DiagonalWeight<L>{number(i, 5), number(i, 8)};
    }
  }

 private:
  PROPNP_INLINE L number(int64_t i, int k) const {
    const float* first = points_ + (i * kStartPointNumbers + k) * (kShared ? 1 : kStartLanes);
    if constexpr (kShared) {
      return L(*first);
    } else {
      return L::load(first);
    }
  }

  const float* const points_;
  const int64_t count_;
};

template <typename Model, typename Points>
L cost_of(const LaneView<Model, float>& lanes, const Pose& pose, const Points& points) {
  const Mat3<L> rotation = rotation_matrix(pose.rotation);
  L sum(0.0f);
  for (int64_t k = 0; k < points.count(); ++k) {
    sum = sum + point_cost(lanes.model, lanes.loss, rotation * points.point(k) + pose.position,
                           points.pixel(k), points.weight(k));
  }
  return sum;
}

// One register of starts.
template <typename Model, int kDof, typename Points>
class StartRefiner {
 public:
  PROPNP_INLINE StartRefiner(const LaneView<Model, float>& lanes, const Vec3<L>& axis,
                             const Points& points, const StartDamping& damping)
      : lanes_(lanes), axis_(axis), points_(points), damping_(damping) {}

  // Returns the cost over the starts' points.
  L refine(int iterations, Pose* pose) const {
    Equations<kDof> current, trial;
    evaluate(*pose, &current);
    L radius(damping_.initial_radius), shrink(2.0f);
    for (int left = iterations; left > 0; --left) {
      L step[kDof];
      const LaneMask<float> solved = solve(current, radius, step);
      const Pose moved = retract(*pose, step);
      // Nobody asks for the derivatives at the end.
      if (left > 1) {
        evaluate(moved, &trial);
      } else {
        trial.cost = cost_of(lanes_, moved, points_);
      }
      const L predicted = predicted_decrease(current, step);
      const L ratio = (current.cost - trial.cost) / predicted;
      const LaneMask<float> accepted = solved & (L(0.0f) < predicted) &
                                       !(ratio < L(damping_.min_relative_decrease)) &
                                       !(current.cost < trial.cost);
      *pose = select_pose(accepted, moved, *pose);
      if (left == 1) return select(accepted, trial.cost, current.cost);
      update_radius(accepted, ratio, &radius, &shrink);
      current = select_equations(accepted, trial, current);
    }
    return current.cost;
  }

 private:
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
    for (int64_t k = 0; k < points_.count(); ++k) {
      const Vec3<L> rotated = rotation * points_.point(k);
      const PointResidual<L> r =
          residual_with_jacobian(lanes_.model, rotated + pose.position, points_.pixel(k),
                                 points_.weight(k), ClampedRows::kDrop);
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

  PROPNP_INLINE L damping(const L& diagonal, const L& inverse_radius) const {
    const L one(1.0f);
    const L floor = select(L(0.0f) < diagonal, min(diagonal, one), one);
    const L clamped =
        max(floor * L(damping_.min_diagonal), min(diagonal, L(damping_.max_diagonal)));
    return clamped * inverse_radius + floor * L(damping_.epsilon);
  }

  // step = -(H + damping)^-1 g by Cholesky; false where the matrix is not positive.
  PROPNP_INLINE LaneMask<float> solve(const Equations<kDof>& e, const L& radius, L* step) const {
    L l[Equations<kDof>::kTriangle], inverse[kDof];
    LaneMask<float> positive = L(0.0f) < L(1.0f);
    const L inverse_radius = L(1.0f) / radius;
    for (int i = 0, row = 0; i < kDof; row += ++i) {
      for (int j = 0, other = 0; j <= i; other += ++j) {
        L sum = e.curvature[row + j];
        if (i == j) {
          // Half the angle means four times the curvature, and a quarter of the damping in return.
          const float factor = kDof == 6 && i >= 3 ? 4.0f : 1.0f;
          sum = sum + L(1 / factor) * damping(L(factor) * sum, inverse_radius);
        }
        for (int k = 0; k < j; ++k) sum = sum - l[row + k] * l[other + k];
        if (i != j) {
          l[row + j] = sum * inverse[j];
          continue;
        }
        positive = positive & (L(0.0f) < sum);
        inverse[i] = reciprocal_sqrt(sum);
        l[row + i] = sum * inverse[i];
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
    const Vec3<L> position = pose.position + Vec3<L>{step[0], step[1], step[2]};
    if constexpr (kDof == 6) {
      const Vec3<L> theta{step[3], step[4], step[5]};
      return {position, normalized(quaternion_from_cayley(theta) * pose.rotation), pose.yaw};
    } else {
      // Sines of very many turns are not exact.
      const L many(1000.0f), turn = min(max(step[3], -many), many), half = L(0.5f) * turn;
      const L sine = sin(half);
      const Quaternion<L> dq{cos(half), sine * axis_.x, sine * axis_.y, sine * axis_.z};
      return {position, normalized(dq * pose.rotation), pose.yaw + turn};
    }
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
            select(m, a.yaw, b.yaw)};
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
  const Points points_;
  const StartDamping& damping_;
};

template <typename Model, int kDof, bool kShared, bool kInformation>
void refine_of(const PackedView<float>& view, const KernelModel<float>& model, const float* axis,
               const StartPoints& points, int iterations, const StartDamping& damping,
               StartState* state) {
  const LaneView<Model, float> lanes(view, model);
  for (int lane = 0; lane < kStartLanes; lane += L::kSize) {
    float* p[8];
    for (int k = 0; k < 3; ++k) p[k] = state->position[k] + lane;
    for (int k = 0; k < 4; ++k) p[3 + k] = state->quaternion[k] + lane;
    p[7] = state->yaw + lane;
    const auto load = [&](int k) { return L::load_unaligned(p[k]); };
    Pose pose{{load(0), load(1), load(2)}, {load(3), load(4), load(5), load(6)}, load(7)};
    using AllPoints = PointList<true, kInformation>;
    using Points = PointList<kShared, kInformation>;
    const AllPoints all(points.all, points.num_all);
    const Points own = [&] {
      if constexpr (kShared) {
        return all;
      } else {
        return Points(points.of_starts + lane, points.count);
      }
    }();
    const StartRefiner<Model, kDof, Points> refiner(lanes, spread_vector(axis), own, damping);
    const L cost = refiner.refine(iterations, &pose);
    const L values[8] = {pose.position.x, pose.position.y, pose.position.z, pose.rotation.w,
                         pose.rotation.x, pose.rotation.y, pose.rotation.z, pose.yaw};
    for (int k = 0; k < 8; ++k) values[k].store_unaligned(p[k]);
    (kShared ? cost : cost_of(lanes, pose, all)).store_unaligned(state->cost + lane);
  }
}

void refine(int dof, const PackedView<float>& view, const KernelModel<float>& model,
            const float* axis, const StartPoints& points, int iterations,
            const StartDamping& damping, StartState* state) {
  visit_camera(view.camera_model, [&](auto camera) {
    using Model = decltype(camera);
    const auto run = [&](auto shared, auto information) {
      (dof == 6 ? refine_of<Model, 6, shared, information>
                : refine_of<Model, 4, shared, information>)(view, model, axis, points, iterations,
                                                            damping, state);
    };
    const auto with_weight = [&](auto shared) {
      points.information ? run(shared, std::true_type()) : run(shared, std::false_type());
    };
    points.of_starts ? with_weight(std::false_type()) : with_weight(std::true_type());
  });
}

}  // namespace

extern const StartKernels kStartKernels;
const StartKernels kStartKernels = {refine};

PROPNP_MATH_END
