// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/object_symmetries.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "propnp/engine/posterior_summary.h"
#include "propnp/engine/tensor.h"

namespace propnp {
namespace {

constexpr double kOneDistance = 16;          // squared Mahalanobis
constexpr double kParallelTolerance = 1e-6;  // sine of the angle between two axes

// The number of classes, and the rows of class `k`.
int64_t NumClasses(const propnp_symmetries& s) {
  if (IsGiven(s.offsets)) return s.offsets.shape[0] - 1;
  return IsGiven(s.axis) ? s.axis.shape[0] : 1;
}

Range RowsOfClass(const propnp_symmetries& s, int64_t k) {
  if (!IsGiven(s.rotation)) return {0, 0};
  if (!IsGiven(s.offsets)) return {0, s.rotation.shape[0]};
  return {LoadAt<int64_t>(s.offsets, k), LoadAt<int64_t>(s.offsets, k + 1)};
}

Quaternion<double> LoadRotation(const propnp_tensor& t, int64_t row) {
  return {LoadAt<double>(t, row, 0), LoadAt<double>(t, row, 1), LoadAt<double>(t, row, 2),
          LoadAt<double>(t, row, 3)};
}

Vec3<double> LoadVector(const propnp_tensor& t, int64_t row) {
  return {LoadAt<double>(t, row, 0), LoadAt<double>(t, row, 1), LoadAt<double>(t, row, 2)};
}

Status Bad(const char* field, int64_t row, const char* what) {
  return Status::InvalidArgument(std::string("symmetries.") + field + "[" + std::to_string(row) +
                                 "] " + what);
}

Status CheckClasses(const Problem& problem, const propnp_symmetries& s) {
  const int64_t rotations = IsGiven(s.rotation) ? s.rotation.shape[0] : 0;
  if (IsGiven(s.offsets)) {
    PROPNP_RETURN_IF_ERROR(CheckTensor("symmetries.offsets", s.offsets, {-1}, false, PROPNP_INT64));
    int64_t last = 0;
    for (int64_t k = 0; k < s.offsets.shape[0]; ++k) {
      const int64_t offset = LoadAt<int64_t>(s.offsets, k);
      if (offset < last || offset > rotations || (k == 0 && offset != 0)) {
        return Bad("offsets", k,
                   "is out of order: they start at 0, never decrease and end within "
                   "the rotations");
      }
      last = offset;
    }
    if (s.offsets.shape[0] == 0) return Status::InvalidArgument("symmetries.offsets is empty");
  }
  const int64_t classes = NumClasses(s), b = problem.num_objects;
  PROPNP_RETURN_IF_ERROR(CheckTensor("symmetries.axis", s.axis, {classes, 3}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("symmetries.centre", s.centre, {classes, 3}, true));
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("symmetries.object_class", s.object_class, {b}, true, PROPNP_INT32));
  for (int64_t i = 0; IsGiven(s.object_class) && i < b; ++i) {
    const int64_t k = LoadAt<int64_t>(s.object_class, i);
    if (k < -1 || k >= classes) return Bad("object_class", i, "is no class");
  }
  if (!IsGiven(s.object_class) && classes < 1) {
    return Status::InvalidArgument("symmetries.object_class is missing: there is no class 0");
  }
  return Status();
}

Status CheckNumbers(const propnp_symmetries& s) {
  for (int64_t row = 0; IsGiven(s.rotation) && row < s.rotation.shape[0]; ++row) {
    const double squared = squared_norm(LoadRotation(s.rotation, row));
    if (!(squared > 0) || !std::isfinite(squared)) return Bad("rotation", row, "is no rotation");
  }
  for (const auto& [name, tensor] : {std::pair("axis", &s.axis), {"centre", &s.centre}}) {
    for (int64_t row = 0; IsGiven(*tensor) && row < tensor->shape[0]; ++row) {
      const Vec3<double> v = LoadVector(*tensor, row);
      if (!std::isfinite(dot(v, v))) return Bad(name, row, "is not finite");
    }
  }
  return Status();
}

// The rotation by which a pose with 4DoF turns under `rotation` of the object; false if it is none
// about the yaw axis.
bool YawOf(const FourDof<double>& dof, const Quaternion<double>& rotation, double* yaw) {
  const Vec3<double> v = dof.base_rotation * Vec3<double>{rotation.x, rotation.y, rotation.z};
  const double along = dot(dof.axis, v);
  const Vec3<double> across = v - along * dof.axis;
  *yaw = 2 * std::atan2(along, rotation.w);
  return dot(across, across) <= kParallelTolerance * kParallelTolerance * squared_norm(rotation);
}

bool IsIdentity(const Quaternion<double>& q) {
  return q.x * q.x + q.y * q.y + q.z * q.z <= kParallelTolerance * kParallelTolerance;
}

double RotationAngle(const SixDof<double>& dof, const double* a, const double* b) {
  double step[6];
  StepBetween(dof, a, b, step);
  return std::sqrt(step[3] * step[3] + step[4] * step[4] + step[5] * step[5]);
}

double RotationAngle(const FourDof<double>& dof, const double* a, const double* b) {
  double step[4];
  StepBetween(dof, a, b, step);
  return std::fabs(step[3]);
}

// Adds M C M^T, M taking the tangent of a pose to that of one whose origin lies at `shift` from
// its: delta_t + delta_theta x shift.
template <int kDof>
void AddShifted(const double* covariance, const Vec3<double>& yaw_axis, const Vec3<double>& shift,
                double* sum) {
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

Vec3<double> YawAxis(const SixDof<double>&) { return {0, 0, 0}; }
Vec3<double> YawAxis(const FourDof<double>& dof) { return dof.axis; }

}  // namespace

Status CheckSymmetries(const Problem& problem, const propnp_symmetries* symmetries) {
  if (!symmetries) return Status();
  if (!problem.readable) {
    return Status(StatusCode::kUnavailable, "symmetries are not available on a CUDA device");
  }
  const propnp_symmetries& s = *symmetries;
  if (s.struct_size < sizeof(propnp_symmetries)) {
    return Status::InvalidArgument("symmetries.struct_size is " + std::to_string(s.struct_size) +
                                   ", expected at least " +
                                   std::to_string(sizeof(propnp_symmetries)));
  }
  if (!IsGiven(s.rotation) && !IsGiven(s.axis)) {
    return Status::InvalidArgument("symmetries has neither rotation nor axis");
  }
  PROPNP_RETURN_IF_ERROR(CheckTensor("symmetries.rotation", s.rotation, {-1, 4}, true));
  PROPNP_RETURN_IF_ERROR(CheckClasses(problem, s));
  return CheckNumbers(s);
}

template <int kDof>
ObjectSymmetries<kDof>::ObjectSymmetries(const propnp_symmetries* symmetries, int64_t object,
                                         const DofPolicy<kDof>& dof)
    : table_(symmetries), dof_(dof) {
  if (!symmetries) return;
  const propnp_symmetries& s = *symmetries;
  const int64_t k = IsGiven(s.object_class) ? LoadAt<int64_t>(s.object_class, object) : 0;
  if (k < 0) return;
  const Range rows = RowsOfClass(s, k);
  begin_ = rows.begin, end_ = rows.end;
  if (IsGiven(s.centre)) centre_ = LoadVector(s.centre, k);
  if (!IsGiven(s.axis)) return;
  const Vec3<double> axis = LoadVector(s.axis, k);
  const double length = std::sqrt(dot(axis, axis));
  if (!(length > 0)) return;
  axis_ = (1 / length) * axis;
  if constexpr (kDof == 4) {
    double yaw;
    has_axis_ = YawOf(dof, {0, axis_.x, axis_.y, axis_.z}, &yaw);
  } else {
    has_axis_ = true;
  }
}

template <int kDof>
bool ObjectSymmetries<kDof>::Image(const Quaternion<double>& rotation, const double* pose,
                                   double* image, Vec3<double>* shift) const {
  std::copy(pose, pose + DofPolicy<kDof>::kStorage, image);
  if constexpr (kDof == 6) {
    const Quaternion<double> q =
        normalized(Quaternion<double>{pose[3], pose[4], pose[5], pose[6]} * rotation);
    image[3] = q.w, image[4] = q.x, image[5] = q.y, image[6] = q.z;
  } else {
    double yaw;
    if (!YawOf(dof_, rotation, &yaw)) return false;
    image[3] += yaw;
  }
  *shift = dof_.transform(pose).rotation * (centre_ - rotation_matrix(rotation) * centre_);
  image[0] += shift->x, image[1] += shift->y, image[2] += shift->z;
  return true;
}

// `rotation` before the turn about the axis that brings the pose nearest to the reference: the
// angle at which the scalar of the quaternion between them is largest.
template <int kDof>
Quaternion<double> ObjectSymmetries<kDof>::BestTurn(const double* reference, const double* pose,
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

// Of a rotation that is none there is an image only by a turn about the axis.
template <int kDof>
typename ObjectSymmetries<kDof>::Found ObjectSymmetries<kDof>::NearestImage(
    const double* reference, const double* pose) const {
  Found nearest = {std::numeric_limits<double>::infinity(), {}, {0, 0, 0}};
  for (int64_t row = begin_ - 1; row < end_; ++row) {
    const Quaternion<double> listed = row < begin_
                                          ? Quaternion<double>{1, 0, 0, 0}
                                          : normalized(LoadRotation(table_->rotation, row));
    if (!has_axis_ && IsIdentity(listed)) continue;
    Found found = nearest;
    if (!Image(BestTurn(reference, pose, listed), pose, found.pose, &found.shift)) continue;
    found.angle = RotationAngle(dof_, reference, found.pose);
    if (found.angle < nearest.angle) nearest = found;
  }
  return nearest;
}

template <int kDof>
void ObjectSymmetries<kDof>::Nearest(const double* reference, const double* pose,
                                     double* image) const {
  const Found found = NearestImage(reference, pose);
  const bool nearer = found.angle < RotationAngle(dof_, reference, pose);
  std::copy_n(nearer ? found.pose : pose, DofPolicy<kDof>::kStorage, image);
}

template <int kDof>
double ObjectSymmetries<kDof>::DistanceToImage(const PosteriorMode<kDof>& mode,
                                               const PosteriorMode<kDof>& other) const {
  const Found found = NearestImage(mode.pose, other.pose);
  if (!std::isfinite(found.angle)) return found.angle;
  double step[kDof], sum[kDof * kDof], covariance[kDof * kDof], squared = 0;
  tangent_covariance(mode, sum);
  tangent_covariance(other, covariance);
  AddShifted<kDof>(covariance, YawAxis(dof_), found.shift, sum);
  StepBetween(dof_, mode.pose, found.pose, step);
  Cholesky<kDof, double> cholesky;
  if (!cholesky.factorize(sum)) return std::numeric_limits<double>::infinity();
  cholesky.solve_lower(step, step);
  for (double y : step) squared += y * y;
  return squared;
}

template <int kDof>
void FoldModes(const ObjectSymmetries<kDof>& symmetries, const DofPolicy<kDof>& dof,
               const PosteriorMode<kDof>* modes, int num_modes, const double* reference,
               int* representative) {
  int group[PROPNP_MAX_MODES];
  for (int m = 0; m < num_modes; ++m) group[m] = m;
  for (int m = 0; m < num_modes; ++m) {
    double least = kOneDistance;
    int nearest = m;
    for (int n = 0; n < num_modes; ++n) {
      if (n == m) continue;
      const double distance = symmetries.DistanceToImage(modes[n], modes[m]);
      if (distance < least) least = distance, nearest = n;
    }
    const int joined = group[nearest], joining = group[m];
    std::replace(group, group + num_modes, joined, joining);
  }
  for (int m = 0; m < num_modes; ++m) {
    int best = -1;
    for (int n = 0; n < num_modes; ++n) {
      if (group[n] != group[m]) continue;
      if (best < 0 || (modes[n].converged && !modes[best].converged)) {
        best = n;
      } else if (modes[n].converged == modes[best].converged &&
                 RotationAngle(dof, reference, modes[n].pose) <
                     RotationAngle(dof, reference, modes[best].pose)) {
        best = n;
      }
    }
    representative[m] = best;
  }
}

template class ObjectSymmetries<6>;
template class ObjectSymmetries<4>;
template void FoldModes(const ObjectSymmetries<6>&, const DofPolicy<6>&, const PosteriorMode<6>*,
                        int, const double*, int*);
template void FoldModes(const ObjectSymmetries<4>&, const DofPolicy<4>&, const PosteriorMode<4>*,
                        int, const double*, int*);

}  // namespace propnp
