// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/tangent_conversions.h"

#include <algorithm>
#include <cmath>

#include "propnp/engine/check_args.h"
#include "propnp/engine/for_each_row.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/posterior_summary.h"
#include "propnp/math/finite_step.h"

namespace propnp {
namespace {

static_assert(static_cast<int>(Tangent::kPropnp) == PROPNP_TANGENT_PROPNP);
static_assert(static_cast<int>(Tangent::kRotationVector) == PROPNP_TANGENT_ROTATION_VECTOR);
static_assert(static_cast<int>(Tangent::kHalfAngle) == PROPNP_TANGENT_HALF_ANGLE);
static_assert(static_cast<int>(Tangent::kEproPnp) == PROPNP_TANGENT_EPROPNP);
static_assert(static_cast<int>(Tangent::kObjectSide) == PROPNP_TANGENT_OBJECT_SIDE);
static_assert(static_cast<int>(Tangent::kGtsam) == PROPNP_TANGENT_GTSAM);
static_assert(static_cast<int>(Tangent::kRos) == PROPNP_TANGENT_ROS);
static_assert(static_cast<int>(Tangent::kPycolmap) == PROPNP_TANGENT_PYCOLMAP);
static_assert(static_cast<int>(Tangent::kInversePose) == PROPNP_TANGENT_INVERSE_POSE);

Status CheckTangent(const char* name, int32_t tangent) {
  if (tangent >= 0 && tangent < PROPNP_NUM_TANGENTS) return Status();
  return Status::InvalidArgument(std::string(name) + " is " + std::to_string(tangent) +
                                 ", expected 0 to " + std::to_string(PROPNP_NUM_TANGENTS - 1));
}

// With 4DoF there is but our own.
Status CheckTangentOf(const char* name, int32_t tangent, int64_t pose_size) {
  PROPNP_RETURN_IF_ERROR(CheckTangent(name, tangent));
  if (pose_size == 7 || tangent == PROPNP_TANGENT_PROPNP) return Status();
  return Status::InvalidArgument(std::string(name) + " is " + std::to_string(tangent) +
                                 ", expected 0, PROPNP_TANGENT_PROPNP, with poses of 4 numbers");
}

// (B, 7) or (B, 4).
Status CheckPoses(const char* name, const propnp_tensor& poses) {
  PROPNP_RETURN_IF_ERROR(CheckTensor(name, poses, {-1, -1}, false));
  return CheckPoseSize(name, poses, poses.shape[1]);
}

int64_t TangentSize(int64_t pose_size) { return pose_size == 7 ? 6 : 4; }

// Reads `count` numbers of a row; false if one is not finite.
bool LoadRow(const propnp_tensor& tensor, int64_t row, int count, double* values) {
  bool finite = true;
  for (int k = 0; k < count; ++k) {
    values[k] = LoadAt<double>(tensor, row, k);
    finite = finite && std::isfinite(values[k]);
  }
  return finite;
}

bool LoadPoseOf(int64_t pose_size, const propnp_tensor& tensor, int64_t row, double* pose) {
  return pose_size == 7 ? LoadPose<6>(tensor, row, pose) : LoadPose<4>(tensor, row, pose);
}

// Stores a row and its status: zeros if it is not `valid` or has a number that does not fit.
void StoreOutcome(bool valid, const propnp_tensor& tensor, const propnp_tensor& status, int64_t row,
                  int count, double* values) {
  const double largest = LargestOf(tensor);
  for (int i = 0; i < count; ++i) valid = valid && std::fabs(values[i]) <= largest;
  if (!valid) std::fill(values, values + count, 0.0);
  StoreRow(tensor, row, values, count);
  StoreAt(status, row, valid ? 0 : int32_t{PROPNP_STATUS_NON_FINITE_INPUT});
}

Status CheckArgs(const propnp_convert_covariance_args& a) {
  PROPNP_RETURN_IF_ERROR(CheckPoseArgs("convert_covariance_args", a));
  PROPNP_RETURN_IF_ERROR(CheckPoses("pose", a.pose));
  const int64_t b = a.pose.shape[0], p = a.pose.shape[1], d = TangentSize(p);
  PROPNP_RETURN_IF_ERROR(CheckTangentOf("from", a.from, p));
  PROPNP_RETURN_IF_ERROR(CheckTangent("to", a.to));
  PROPNP_RETURN_IF_ERROR(CheckTensor("covariance", a.covariance, {b, d, d}, false));
  PROPNP_RETURN_IF_ERROR(CheckTensor("base_rotation", a.base_rotation, {b, 4}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("result", a.result, {b, 6, 6}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("status", a.status, {b}, true, PROPNP_INT32));
  return p == 4 ? CheckYawAxis("yaw_axis", a.yaw_axis) : Status();
}

// Reads (D, D) of an object; false if a number is not finite.
bool LoadMatrix(const propnp_tensor& t, int64_t object, int size, double* matrix) {
  bool finite = true;
  for (int i = 0; i < size * size; ++i) {
    matrix[i] =
        Load<double>(t, object * t.stride[0] + i / size * t.stride[1] + i % size * t.stride[2]);
    finite = finite && std::isfinite(matrix[i]);
  }
  return finite;
}

// The pose and the covariance in our own tangent of six.
bool LoadSixDof(const propnp_convert_covariance_args& args, int64_t object,
                RigidTransform<double>* transform, double* covariance) {
  double pose[7], given[36], map[36];
  if (!LoadPose<6>(args.pose, object, pose)) return false;
  if (!LoadMatrix(args.covariance, object, 6, given)) return false;
  *transform = SixDof<double>().transform(pose);
  inverse_tangent_map(static_cast<Tangent>(args.from), *transform, map);
  map_covariance(map, given, covariance);
  return true;
}

// The same of a pose that turns about the yaw axis only: J C J^T with theta = yaw axis.
bool LoadFourDof(const propnp_convert_covariance_args& args, int64_t object,
                 RigidTransform<double>* transform, double* covariance) {
  const double* axis = args.yaw_axis;
  FourDof<double> dof;
  dof.axis = {axis[0], axis[1], axis[2]};
  if (IsGiven(args.base_rotation)) {
    double q[4];
    if (!LoadRow(args.base_rotation, object, 4, q)) return false;
    const Quaternion<double> base{q[0], q[1], q[2], q[3]};
    if (!(squared_norm(base) > 0) || !std::isfinite(squared_norm(base))) return false;
    dof.base_rotation = rotation_matrix(base);
  }
  double pose[4], given[16];
  if (!LoadPose<4>(args.pose, object, pose)) return false;
  if (!LoadMatrix(args.covariance, object, 4, given)) return false;
  *transform = dof.transform(pose);
  for (int i = 0; i < 36; ++i) {
    const int row = i / 6, column = i % 6;
    covariance[i] = given[std::min(row, 3) * 4 + std::min(column, 3)] *
                    (row < 3 ? 1 : axis[row - 3]) * (column < 3 ? 1 : axis[column - 3]);
  }
  return true;
}

void ConvertObject(const propnp_convert_covariance_args& args, int64_t object) {
  RigidTransform<double> transform;
  double covariance[36];
  bool valid = args.pose.shape[1] == 7 ? LoadSixDof(args, object, &transform, covariance)
                                       : LoadFourDof(args, object, &transform, covariance);
  if (valid) {
    convert_covariance(static_cast<Tangent>(args.to), transform, covariance, covariance);
    const double largest = LargestOf(args.result);
    valid = std::all_of(covariance, covariance + 36,
                        [&](double number) { return std::fabs(number) <= largest; });
  }
  if (!valid) std::fill(covariance, covariance + 36, 0.0);
  StoreMatrix(args.result, object, covariance, 6);
  StoreAt(args.status, object, valid ? 0 : int32_t{PROPNP_STATUS_NON_FINITE_INPUT});
}

Status CheckArgs(const propnp_move_pose_args& a) {
  PROPNP_RETURN_IF_ERROR(CheckPoseArgs("move_pose_args", a));
  PROPNP_RETURN_IF_ERROR(CheckPoses("pose", a.pose));
  const int64_t b = a.pose.shape[0], p = a.pose.shape[1];
  PROPNP_RETURN_IF_ERROR(CheckTangentOf("tangent", a.tangent, p));
  PROPNP_RETURN_IF_ERROR(CheckTensor("step", a.step, {b, TangentSize(p)}, false));
  PROPNP_RETURN_IF_ERROR(CheckTensor("moved", a.moved, {b, p}, true));
  return CheckTensor("status", a.status, {b}, true, PROPNP_INT32);
}

Status CheckArgs(const propnp_pose_difference_args& a) {
  PROPNP_RETURN_IF_ERROR(CheckPoseArgs("pose_difference_args", a));
  PROPNP_RETURN_IF_ERROR(CheckPoses("from", a.from));
  const int64_t b = a.from.shape[0], p = a.from.shape[1];
  PROPNP_RETURN_IF_ERROR(CheckTangentOf("tangent", a.tangent, p));
  PROPNP_RETURN_IF_ERROR(CheckTensor("to", a.to, {b, p}, false));
  PROPNP_RETURN_IF_ERROR(CheckTensor("step", a.step, {b, TangentSize(p)}, true));
  return CheckTensor("status", a.status, {b}, true, PROPNP_INT32);
}

Status CheckArgs(const propnp_convert_step_args& a) {
  PROPNP_RETURN_IF_ERROR(CheckPoseArgs("convert_step_args", a));
  PROPNP_RETURN_IF_ERROR(CheckTangent("from", a.from));
  PROPNP_RETURN_IF_ERROR(CheckTangent("to", a.to));
  PROPNP_RETURN_IF_ERROR(CheckTensor("pose", a.pose, {-1, 7}, false));
  const int64_t b = a.pose.shape[0];
  PROPNP_RETURN_IF_ERROR(CheckTensor("step", a.step, {b, 6}, false));
  PROPNP_RETURN_IF_ERROR(CheckTensor("result", a.result, {b, 6}, true));
  return CheckTensor("status", a.status, {b}, true, PROPNP_INT32);
}

}  // namespace

Status ConvertCovariance(Context& context, const propnp_convert_covariance_args& args) {
  PROPNP_RETURN_IF_ERROR(CheckArgs(args));
  return ForEachRow(context, args.pose.shape[0],
                    [&](int64_t object, int /*worker*/) { ConvertObject(args, object); });
}

Status MovePose(Context& context, const propnp_move_pose_args& args) {
  PROPNP_RETURN_IF_ERROR(CheckArgs(args));
  const int64_t size = args.pose.shape[1];
  const int tangent_size = static_cast<int>(TangentSize(size));
  return ForEachRow(context, args.pose.shape[0], [&](int64_t row, int /*worker*/) {
    double pose[7], step[6], moved[7] = {};
    const bool valid =
        LoadPoseOf(size, args.pose, row, pose) && LoadRow(args.step, row, tangent_size, step);
    if (valid && size == 7) {
      apply_change(change_from_step(static_cast<Tangent>(args.tangent), pose, step), pose, moved);
    } else if (valid) {
      FourDof<double>().retract(pose, step, moved);
    }
    StoreOutcome(valid, args.moved, args.status, row, static_cast<int>(size), moved);
  });
}

Status PoseDifference(Context& context, const propnp_pose_difference_args& args) {
  PROPNP_RETURN_IF_ERROR(CheckArgs(args));
  const int64_t size = args.from.shape[1];
  return ForEachRow(context, args.from.shape[0], [&](int64_t row, int /*worker*/) {
    double from[7], to[7], step[6] = {};
    const bool valid = LoadPoseOf(size, args.from, row, from) && LoadPoseOf(size, args.to, row, to);
    if (valid && size == 7) {
      step_from_change(static_cast<Tangent>(args.tangent), from, change_between(from, to), step);
    } else if (valid) {
      step_between(FourDof<double>(), from, to, step);
    }
    StoreOutcome(valid, args.step, args.status, row, static_cast<int>(TangentSize(size)), step);
  });
}

Status ConvertStep(Context& context, const propnp_convert_step_args& args) {
  PROPNP_RETURN_IF_ERROR(CheckArgs(args));
  return ForEachRow(context, args.pose.shape[0], [&](int64_t row, int /*worker*/) {
    double pose[7], step[6], result[6] = {};
    const bool valid = LoadPose<6>(args.pose, row, pose) && LoadRow(args.step, row, 6, step);
    if (valid) {
      const PoseChange change = change_from_step(static_cast<Tangent>(args.from), pose, step);
      step_from_change(static_cast<Tangent>(args.to), pose, change, result);
    }
    StoreOutcome(valid, args.result, args.status, row, 6, result);
  });
}

}  // namespace propnp
