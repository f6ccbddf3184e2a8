// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Coordinates of the poses around a mode in which a posterior looks most like a Gaussian. Three
// things bend it in (translation, gnomonic rotation), and each has a coordinate that is straight:
//
//   pivot     c = R x + t of the points' centroid x moves, not the object's origin: rotation and
//             translation part company. c - c_m = F^T u, F a frame whose third axis f3 points from
//             the camera to c_m, at the distance z = |c_m|
//   depth     v with  u = (e v1, e v2, z (e - 1)),  e = exp(v3 / z): sights (v1, v2) / z and the
//             logarithm of depth, which pixels and sizes determine independently. |du/dv| = e^3
//   rotation  dq = (1, eps) (1, s d): a spin s = tan(phi / 2) about the direction d that the points
//             determine least, then a tilt eps orthogonal to it. An object like a rod turns about
//             itself along a straight line, and its tilt means the same at every spin. In the
//             gnomonic chart g = s d + eps + s eps x d, |dg/d(s, eps)| = 1 + s^2 (gnomonic.h)
//
// xi = (u, s, eps1, eps2), 4DoF (u, tan(dyaw / 2)); to first order the tangent is A xi, with
// delta_t = F^T u - delta_theta x R_m x and delta_theta = 2 (s d + eps). Densities: with respect to
// dt dtheta a density of xi is multiplied by
//
//   6DoF  (1 + s^2) (1 + |eps|^2)^2 / 8      4DoF  (1 + g^2) / 2
//
// and a density of (v, ...) by e^-3 more; v exists only where f3 . c > 0.
#ifndef PROPNP_MATH_MODE_CHART_H_
#define PROPNP_MATH_MODE_CHART_H_

#include "propnp/math/gnomonic.h"

PROPNP_MATH_BEGIN

// An orthonormal right-handed frame: rows (x, y, z) with z the unit vector given.
template <typename S>
PROPNP_HOST_DEVICE inline Mat3<S> frame_towards(const Vec3<S>& z) {
  const bool along_x = std::fabs(z.x) > S(0.7);
  const Vec3<S> other = along_x ? Vec3<S>{S(0), S(1), S(0)} : Vec3<S>{S(1), S(0), S(0)};
  const Vec3<S> y = cross(z, other);
  const Vec3<S> unit_y = (S(1) / sqrt(dot(y, y))) * y;
  return {cross(unit_y, z), unit_y, z};
}

// How far a pose is from the mode's: the pivot by `shift`, the rotation by the Cayley tangent
// `theta`.
template <typename S>
struct PivotDisplacement {
  Vec3<S> shift, theta;
};

// The part that both charts share: the pivot and its depth.
template <typename S>
class PivotChart {
 public:
  // Where the pivot (object frame) lies at the mode. `least_depth` replaces a smaller distance.
  PROPNP_HOST_DEVICE void set(const RigidTransform<S>& mode, const Vec3<S>& pivot, S least_depth) {
    pivot_ = pivot;
    rotated_ = mode.rotation * pivot;
    centre_ = rotated_ + mode.translation;
    const S distance = sqrt(dot(centre_, centre_));
    depth_ = max(distance, least_depth);
    inverse_depth_ = S(1) / depth_;
    frame_ = distance > S(0) ? frame_towards((S(1) / distance) * centre_)
                             : frame_towards(Vec3<S>{S(0), S(0), S(1)});
  }

  PROPNP_HOST_DEVICE S depth() const { return depth_; }
  PROPNP_HOST_DEVICE const Vec3<S>& pivot() const { return pivot_; }

  PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> shift_from(const S* u) const {
    return transposed_times(frame_, Vec3<S>{u[0], u[1], u[2]});
  }

  // delta_t for a unit of u_k, and for a rotation delta_theta.
  PROPNP_HOST_DEVICE Vec3<S> translation_along(int k) const {
    return k == 0 ? frame_.row0 : k == 1 ? frame_.row1 : frame_.row2;
  }
  PROPNP_HOST_DEVICE Vec3<S> translation_for(const Vec3<S>& theta) const {
    return cross(rotated_, theta);
  }

  // u from v. Both may be the same memory.
  PROPNP_HOST_DEVICE PROPNP_INLINE void linear_from_depth(const S* v, S* u) const {
    const S growth = expm1(inverse_depth_ * v[2]);
    u[0] = v[0] + growth * v[0], u[1] = v[1] + growth * v[1], u[2] = depth_ * growth;
  }
  // v and 1/e from u; where the mask is false there is no v, and e is 1.
  PROPNP_HOST_DEVICE PROPNP_INLINE MaskOf<S> depth_from_linear(const S* u, S* v,
                                                               S* inverse_e) const {
    const S one = constant<S>(1), growth = inverse_depth_ * u[2];
    const MaskOf<S> in_front = -one < growth;
    const S safe = select(in_front, growth, constant<S>(0)), e = one + safe;
    const S shrink = *inverse_e = reciprocal(e);
    v[0] = shrink * u[0], v[1] = shrink * u[1];
    // log(1 + safe), with what e has lost of it.
    v[2] = depth_ * (log(e) + shrink * (safe - (e - one)));
    return in_front;
  }

  // Where the pivot is after it moved by u, and u from there.
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> position_from(const S* u) const {
    return centre_ + shift_from(u);
  }
  PROPNP_HOST_DEVICE PROPNP_INLINE void from_position(const Vec3<S>& position, S* u) const {
    const Vec3<S> moved = frame_ * (position - centre_);
    u[0] = moved.x, u[1] = moved.y, u[2] = moved.z;
  }
  // The translation once the pivot moved by `shift` and the rotation is (I + turn) R_m.
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> translation_after(const Vec3<S>& shift,
                                                             const Mat3<S>& turn) const {
    return (centre_ - rotated_) + shift - turn * rotated_;
  }

 private:
  Vec3<S> pivot_, rotated_, centre_;  // object frame; camera (rig) frame: R_m x, R_m x + t_m
  Mat3<S> frame_;                     // F
  S depth_, inverse_depth_;
};

template <typename Dof>
class ModeChart;

template <typename S>
class ModeChart<SixDof<S>> : public PivotChart<S> {
 public:
  PROPNP_HOST_DEVICE void set(const SixDof<S>& dof, const S* mode, const Vec3<S>& pivot,
                              S least_depth) {
    PivotChart<S>::set(dof.transform(mode), pivot, least_depth);
    mode_ = {mode[3], mode[4], mode[5], mode[6]};
    spin_frame_ = {{S(1), S(0), S(0)}, {S(0), S(1), S(0)}, {S(0), S(0), S(1)}};
  }

  // `axis` is a unit vector of the camera (rig) frame.
  PROPNP_HOST_DEVICE void set_spin_axis(const Vec3<S>& axis) {
    const Mat3<S> frame = frame_towards(axis);
    spin_frame_ = {frame.row2, frame.row0, frame.row1};
  }

  // The tangent (delta_t, delta_theta) of a unit of xi_k.
  PROPNP_HOST_DEVICE void tangent_of(int k, S* tangent) const {
    const Vec3<S> theta = k < 3 ? Vec3<S>{S(0), S(0), S(0)}
                                : S(2) * (k == 3   ? spin_frame_.row0
                                          : k == 4 ? spin_frame_.row1
                                                   : spin_frame_.row2);
    const Vec3<S> t = k < 3 ? this->translation_along(k) : this->translation_for(theta);
    tangent[0] = t.x, tangent[1] = t.y, tangent[2] = t.z;
    tangent[3] = theta.x, tangent[4] = theta.y, tangent[5] = theta.z;
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE PivotDisplacement<S> displacement(const S* xi) const {
    return {this->shift_from(xi), constant<S>(2) * gnomonic(xi)};
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE void pose_from(const S* xi, S* pose) const {
    const Vec3<S> g = gnomonic(xi);
    const Quaternion<S> q = normalized(quaternion_from_gnomonic(g) * mode_);
    const Vec3<S> t = this->translation_after(
        this->shift_from(xi), rotation_minus_identity_from_cayley(constant<S>(2) * g));
    pose[0] = t.x, pose[1] = t.y, pose[2] = t.z;
    pose[3] = q.w, pose[4] = q.x, pose[5] = q.y, pose[6] = q.z;
  }

  PROPNP_HOST_DEVICE void from_pose(const SixDof<S>& dof, const S* pose, S* xi) const {
    this->from_position(dof.transform(pose) * this->pivot(), xi);
    rotation_from(Quaternion<S>{pose[3], pose[4], pose[5], pose[6]} * conjugate(mode_), xi);
  }

  // The same sample in the chart of another mode of the same pivot.
  PROPNP_HOST_DEVICE PROPNP_INLINE void to_other(const S* xi, const ModeChart& other,
                                                 S* other_xi) const {
    other.from_position(this->position_from(xi), other_xi);
    const Vec3<S> g = gnomonic(xi);
    const Quaternion<S> dq{constant<S>(1), g.x, g.y, g.z};
    other.rotation_from(dq * (mode_ * conjugate(other.mode_)), other_xi);
  }

  // Density with respect to dt dtheta over density with respect to dxi.
  PROPNP_HOST_DEVICE PROPNP_INLINE S factor(const S* xi) const {
    const S one = constant<S>(1), tilt = one + (xi[4] * xi[4] + xi[5] * xi[5]);
    return constant<S>(0.125) * (one + xi[3] * xi[3]) * tilt * tilt;
  }

 private:
  PROPNP_HOST_DEVICE PROPNP_INLINE Vec3<S> gnomonic(const S* xi) const {
    const S s = xi[3];
    return transposed_times(spin_frame_, Vec3<S>{s, xi[4] + s * xi[5], xi[5] - s * xi[4]});
  }
  // `dq` need not have norm one.
  PROPNP_HOST_DEVICE PROPNP_INLINE void rotation_from(const Quaternion<S>& dq, S* xi) const {
    const Vec3<S> g = spin_frame_ * gnomonic_from_quaternion(dq);
    const S shrink = constant<S>(1) / (constant<S>(1) + g.x * g.x);
    xi[3] = g.x, xi[4] = shrink * (g.y - g.x * g.z), xi[5] = shrink * (g.z + g.x * g.y);
  }

  Quaternion<S> mode_;
  Mat3<S> spin_frame_;  // rows d and two orthogonal to it, right-handed

  template <typename>
  friend class ModeChart;
};

template <typename S>
class ModeChart<FourDof<S>> : public PivotChart<S> {
 public:
  PROPNP_HOST_DEVICE void set(const FourDof<S>& dof, const S* mode, const Vec3<S>& pivot,
                              S least_depth) {
    PivotChart<S>::set(dof.transform(mode), pivot, least_depth);
    axis_ = dof.axis;
    yaw_ = mode[3];
    half_yaw_ = {cos(S(0.5) * yaw_), sin(S(0.5) * yaw_)};
  }

  PROPNP_HOST_DEVICE void tangent_of(int k, S* tangent) const {
    const Vec3<S> t = k < 3 ? this->translation_along(k) : this->translation_for(S(2) * axis_);
    tangent[0] = t.x, tangent[1] = t.y, tangent[2] = t.z, tangent[3] = k < 3 ? S(0) : S(2);
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE PivotDisplacement<S> displacement(const S* xi) const {
    return {this->shift_from(xi), (constant<S>(2) * xi[3]) * axis_};
  }

  // The yaw within half a turn of the mode's.
  PROPNP_HOST_DEVICE PROPNP_INLINE void pose_from(const S* xi, S* pose) const {
    const PivotDisplacement<S> moved = displacement(xi);
    const Vec3<S> t =
        this->translation_after(moved.shift, rotation_minus_identity_from_cayley(moved.theta));
    pose[0] = t.x, pose[1] = t.y, pose[2] = t.z, pose[3] = yaw_ + yaw_from_gnomonic(xi[3]);
  }

  PROPNP_HOST_DEVICE void from_pose(const FourDof<S>& dof, const S* pose, S* xi) const {
    this->from_position(dof.transform(pose) * this->pivot(), xi);
    const S half = S(0.5) * pose[3];
    xi[3] = gnomonic_from_half_yaws(Vec2<S>{cos(half), sin(half)}, half_yaw_);
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE void to_other(const S* xi, const ModeChart& other,
                                                 S* other_xi) const {
    other.from_position(this->position_from(xi), other_xi);
    const S g = xi[3];
    other_xi[3] = gnomonic_from_half_yaws(
        Vec2<S>{half_yaw_.x - g * half_yaw_.y, half_yaw_.y + g * half_yaw_.x}, other.half_yaw_);
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE S factor(const S* xi) const {
    return constant<S>(0.5) * (constant<S>(1) + xi[3] * xi[3]);
  }

 private:
  Vec3<S> axis_;
  S yaw_;
  Vec2<S> half_yaw_;  // cosine and sine of half of it

  template <typename>
  friend class ModeChart;
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_MODE_CHART_H_
