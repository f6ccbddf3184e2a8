// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Rotations of an object that leave it as it is: poses that differ by one of them are the same
// pose.
//
//   image of (R, t) under S:   R S,   t + R (c - S c)     c the point that S leaves in place
//
// S is one of the caller's rotations, or none, before a turn by any angle about the caller's axis.
// With four degrees of freedom only rotations about the yaw axis make an image; others are not
// used. Every backend reads the table so.
#ifndef PROPNP_ENGINE_OBJECT_SYMMETRIES_H_
#define PROPNP_ENGINE_OBJECT_SYMMETRIES_H_

#include <cmath>
#include <limits>

#include "propnp/engine/kernels/proposal_kernels.h"
#include "propnp/engine/problem.h"
#include "propnp/engine/sample_args.h"
#include "propnp/math/cholesky.h"
#include "propnp/math/pose_moments.h"
#include "propnp/math/posterior_mode.h"

namespace propnp {

// Shapes, and where they can be read indices and rotations of the table; null passes.
Status CheckSymmetries(const Problem& problem, const propnp_symmetries* symmetries);

namespace symmetries_detail {

// The number of classes, and the rows of class `k`.
PROPNP_HOST_DEVICE inline int64_t NumClasses(const propnp_symmetries& s) {
  if (IsGiven(s.offsets)) return s.offsets.shape[0] - 1;
  return IsGiven(s.axis) ? s.axis.shape[0] : 1;
}
PROPNP_HOST_DEVICE inline Range RowsOfClass(const propnp_symmetries& s, int64_t k) {
  if (!IsGiven(s.rotation)) return {0, 0};
  if (!IsGiven(s.offsets)) return {0, s.rotation.shape[0]};
  return {LoadAt<int64_t>(s.offsets, k), LoadAt<int64_t>(s.offsets, k + 1)};
}
// -1: none.
PROPNP_HOST_DEVICE inline int64_t ClassOf(const propnp_symmetries& s, int64_t object) {
  return IsGiven(s.object_class) ? LoadAt<int64_t>(s.object_class, object) : 0;
}

PROPNP_HOST_DEVICE inline Quaternion<double> LoadRotation(const propnp_tensor& t, int64_t row) {
  return {LoadAt<double>(t, row, 0), LoadAt<double>(t, row, 1), LoadAt<double>(t, row, 2),
          LoadAt<double>(t, row, 3)};
}
PROPNP_HOST_DEVICE inline Vec3<double> LoadVector(const propnp_tensor& t, int64_t row) {
  return {LoadAt<double>(t, row, 0), LoadAt<double>(t, row, 1), LoadAt<double>(t, row, 2)};
}

PROPNP_HOST_DEVICE inline bool IsRotation(const propnp_tensor& t, int64_t row) {
  const double squared = squared_norm(LoadRotation(t, row));
  return squared > 0 && std::isfinite(squared);
}
PROPNP_HOST_DEVICE inline bool IsFinite(const propnp_tensor& t, int64_t row) {
  const Vec3<double> v = LoadVector(t, row);
  return std::isfinite(dot(v, v));
}

constexpr double kParallelTolerance = 1e-6;  // sine of the angle between two axes

// The rotation by which a pose with 4DoF turns under `rotation` of the object; false if it is none
// about the yaw axis.
PROPNP_HOST_DEVICE inline bool YawOf(const FourDof<double>& dof, const Quaternion<double>& rotation,
                                     double* yaw) {
  const Vec3<double> v = dof.base_rotation * Vec3<double>{rotation.x, rotation.y, rotation.z};
  const double along = dot(dof.axis, v);
  const Vec3<double> across = v - along * dof.axis;
  *yaw = 2 * std::atan2(along, rotation.w);
  return dot(across, across) <= kParallelTolerance * kParallelTolerance * squared_norm(rotation);
}

PROPNP_HOST_DEVICE inline bool IsIdentity(const Quaternion<double>& q) {
  return q.x * q.x + q.y * q.y + q.z * q.z <= kParallelTolerance * kParallelTolerance;
}

// Adds M C M^T, M taking the tangent of a pose to that of one whose origin lies at `shift` from
// its: delta_t + delta_theta x shift.
template <int kDof>
PROPNP_HOST_DEVICE void AddShifted(const double* covariance, const Vec3<double>& yaw_axis,
                                   const Vec3<double>& shift, double* sum) {
  double m[kDof * kDof] = {};
  for (int i = 0; i < kDof; ++i) m[i * (kDof + 1)] = 1;
  for (int k = 3; k < kDof; ++k) {
    const Vec3<double> axis =
        kDof == 4 ? yaw_axis : Vec3<double>{k == 3 ? 1. : 0., k == 4 ? 1. : 0., k == 5 ? 1. : 0.};
    const Vec3<double> column = cross(axis, shift);
    m[k] = column.x, m[kDof + k] = column.y, m[2 * kDof + k] = column.z;
  }
  for (int i = 0; i < kDof; ++i) {
    for (int j = 0; j < kDof; ++j) {
      for (int k = 0; k < kDof; ++k) {
        for (int l = 0; l < kDof; ++l) {
          sum[i * kDof + j] += m[i * kDof + k] * covariance[k * kDof + l] * m[j * kDof + l];
        }
      }
    }
  }
}

PROPNP_HOST_DEVICE inline Vec3<double> YawAxis(const SixDof<double>&) { return {0, 0, 0}; }
PROPNP_HOST_DEVICE inline Vec3<double> YawAxis(const FourDof<double>& dof) { return dof.axis; }

}  // namespace symmetries_detail

// Whether what CheckSymmetries() could not read of an object's class is as it should be.
PROPNP_HOST_DEVICE inline bool SymmetriesAreValid(const propnp_symmetries& s, int64_t object) {
  using symmetries_detail::IsFinite;
  const int64_t k = symmetries_detail::ClassOf(s, object);
  const int64_t classes = symmetries_detail::NumClasses(s);
  if (k < -1 || k >= classes) return false;
  if (k < 0) return true;
  const Range rows = symmetries_detail::RowsOfClass(s, k);
  const int64_t rotations = IsGiven(s.rotation) ? s.rotation.shape[0] : 0;
  bool valid = 0 <= rows.begin && rows.begin <= rows.end && rows.end <= rotations;
  for (int64_t row = rows.begin; valid && row < rows.end; ++row) {
    valid = symmetries_detail::IsRotation(s.rotation, row);
  }
  return valid && (!IsGiven(s.axis) || IsFinite(s.axis, k)) &&
         (!IsGiven(s.centre) || IsFinite(s.centre, k));
}

// The symmetries of one object.
template <int kDof>
class ObjectSymmetries {
 public:
  // `symmetries` may be null: there are none then. It must outlive this.
  PROPNP_HOST_DEVICE ObjectSymmetries(const propnp_symmetries* symmetries, int64_t object,
                                      const DofPolicy<kDof>& dof)
      : table_(symmetries), dof_(dof) {
    if (!symmetries) return;
    const propnp_symmetries& s = *symmetries;
    const int64_t k = symmetries_detail::ClassOf(s, object);
    if (k < 0) return;
    const Range rows = symmetries_detail::RowsOfClass(s, k);
    begin_ = rows.begin, end_ = rows.end;
    if (IsGiven(s.centre)) centre_ = symmetries_detail::LoadVector(s.centre, k);
    if (!IsGiven(s.axis)) return;
    const Vec3<double> axis = symmetries_detail::LoadVector(s.axis, k);
    const double length = std::sqrt(dot(axis, axis));
    if (!(length > 0)) return;
    axis_ = (1 / length) * axis;
    if constexpr (kDof == 4) {
      double yaw;
      has_axis_ = symmetries_detail::YawOf(dof, {0, axis_.x, axis_.y, axis_.z}, &yaw);
    } else {
      has_axis_ = true;
    }
  }

  PROPNP_HOST_DEVICE bool empty() const { return end_ == begin_ && !has_axis_; }

  // The pose itself, or the image of it that is nearer in rotation to `reference`. `image` must not
  // be `pose`.
  PROPNP_HOST_DEVICE void Nearest(const double* reference, const double* pose,
                                  double* image) const {
    const Found found = NearestImage(reference, pose);
    const bool nearer = found.angle < angle_between(dof_, reference, pose);
    for (int i = 0; i < DofPolicy<kDof>::kStorage; ++i) image[i] = nearer ? found.pose[i] : pose[i];
  }

  // The squared Mahalanobis distance from a mode to the nearest image of another, both their
  // uncertainties taken together; infinite if it has no image but itself.
  PROPNP_HOST_DEVICE double DistanceToImage(const PosteriorMode<kDof>& mode,
                                            const PosteriorMode<kDof>& other) const {
    const Found found = NearestImage(mode.pose, other.pose);
    if (!std::isfinite(found.angle)) return found.angle;
    double step[kDof], sum[kDof * kDof], covariance[kDof * kDof], squared = 0;
    tangent_covariance(mode, sum);
    tangent_covariance(other, covariance);
    symmetries_detail::AddShifted<kDof>(covariance, symmetries_detail::YawAxis(dof_), found.shift,
                                        sum);
    step_between(dof_, mode.pose, found.pose, step);
    Cholesky<kDof, double> cholesky;
    if (!cholesky.factorize(sum)) return std::numeric_limits<double>::infinity();
    cholesky.solve_lower(step, step);
    for (double y : step) squared += y * y;
    return squared;
  }

 private:
  struct Found {
    double angle;  // from the reference; infinite if there is no image
    double pose[7];
    Vec3<double> shift;  // R (c - S c)
  };

  // Of a rotation that is none there is an image only by a turn about the axis.
  PROPNP_HOST_DEVICE Found NearestImage(const double* reference, const double* pose) const {
    using symmetries_detail::LoadRotation;
    Found nearest = {std::numeric_limits<double>::infinity(), {}, {0, 0, 0}};
    for (int64_t row = begin_ - 1; row < end_; ++row) {
      const Quaternion<double> listed = row < begin_
                                            ? Quaternion<double>{1, 0, 0, 0}
                                            : normalized(LoadRotation(table_->rotation, row));
      if (!has_axis_ && symmetries_detail::IsIdentity(listed)) continue;
      Found found = nearest;
      if (!Image(BestTurn(reference, pose, listed), pose, found.pose, &found.shift)) continue;
      found.angle = angle_between(dof_, reference, found.pose);
      if (found.angle < nearest.angle) nearest = found;
    }
    return nearest;
  }

  PROPNP_HOST_DEVICE bool Image(const Quaternion<double>& rotation, const double* pose,
                                double* image, Vec3<double>* shift) const {
    for (int i = 0; i < DofPolicy<kDof>::kStorage; ++i) image[i] = pose[i];
    if constexpr (kDof == 6) {
      const Quaternion<double> q =
          normalized(Quaternion<double>{pose[3], pose[4], pose[5], pose[6]} * rotation);
      image[3] = q.w, image[4] = q.x, image[5] = q.y, image[6] = q.z;
    } else {
      double yaw;
      if (!symmetries_detail::YawOf(dof_, rotation, &yaw)) return false;
      image[3] += yaw;
    }
    *shift = dof_.transform(pose).rotation * (centre_ - rotation_matrix(rotation) * centre_);
    image[0] += shift->x, image[1] += shift->y, image[2] += shift->z;
    return true;
  }

  // `rotation` before the turn about the axis that brings the pose nearest to the reference: the
  // angle at which the scalar of the quaternion between them is largest.
  PROPNP_HOST_DEVICE Quaternion<double> BestTurn(const double* reference, const double* pose,
                                                 const Quaternion<double>& rotation) const {
    if (!has_axis_) return rotation;
    const Mat3<double> between = transposed(dof_.transform(reference).rotation) *
                                 (dof_.transform(pose).rotation * rotation_matrix(rotation));
    // Of between * turn(angle) the trace is a constant and a cosine and sine of the angle.
    const Vec3<double>& a = axis_;
    const double trace = between.row0.x + between.row1.y + between.row2.z;
    const double cosine = trace - dot(a, between * a);
    const double sine = a.x * (between.row1.z - between.row2.y) +
                        a.y * (between.row2.x - between.row0.z) +
                        a.z * (between.row0.y - between.row1.x);
    const double half = 0.5 * std::atan2(sine, cosine);
    return rotation * Quaternion<double>{std::cos(half), std::sin(half) * a.x, std::sin(half) * a.y,
                                         std::sin(half) * a.z};
  }

  const propnp_symmetries* table_;
  DofPolicy<kDof> dof_;
  int64_t begin_ = 0, end_ = 0;  // of the rotations
  bool has_axis_ = false;
  Vec3<double> axis_{0, 0, 0}, centre_{0, 0, 0};
};

// Fills representative[m] for every mode: the mode that stands for all those that are one with it,
// of which it is the converged one nearest in rotation to `reference`. Two are one if the image of
// the one is nearer to the other than to any third mode, and within four standard deviations.
// distance(n, m) is ObjectSymmetries::DistanceToImage() of modes n and m.
template <int kDof, typename Distance>
PROPNP_HOST_DEVICE void FoldModes(const DofPolicy<kDof>& dof, const PosteriorMode<kDof>* modes,
                                  int num_modes, const Distance& distance, const double* reference,
                                  int* representative) {
  constexpr double kOneDistance = 16;  // squared Mahalanobis
  int group[PROPNP_MAX_MODES];
  for (int m = 0; m < num_modes; ++m) group[m] = m;
  for (int m = 0; m < num_modes; ++m) {
    double least = kOneDistance;
    int nearest = m;
    for (int n = 0; n < num_modes; ++n) {
      if (n == m) continue;
      const double d = distance(n, m);
      if (d < least) least = d, nearest = n;
    }
    const int joined = group[nearest], joining = group[m];
    for (int n = 0; n < num_modes; ++n) group[n] = group[n] == joined ? joining : group[n];
  }
  for (int m = 0; m < num_modes; ++m) {
    int best = -1;
    for (int n = 0; n < num_modes; ++n) {
      if (group[n] != group[m]) continue;
      const bool better = best < 0 || (modes[n].converged && !modes[best].converged) ||
                          (modes[n].converged == modes[best].converged &&
                           angle_between(dof, reference, modes[n].pose) <
                               angle_between(dof, reference, modes[best].pose));
      if (better) best = n;
    }
    representative[m] = best;
  }
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_OBJECT_SYMMETRIES_H_
