// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <algorithm>
#include <cmath>

#include "propnp/io/names.h"
#include "propnp/io/object_json_internal.h"

namespace propnp::io::json {
namespace {

// A quaternion further from unit length than this is a mistake, such as another order of elements.
constexpr double kQuaternionTolerance = 1e-3;

// Scales to unit length what is nearly so; leaves the bits of what is so already.
template <size_t N>
bool Normalize(const std::string& field, Reader* in, std::array<double, N>* vector) {
  Quaternion padded = {};
  std::copy(vector->begin(), vector->end(), padded.begin());
  double squared = 0;
  for (const double x : padded) squared += x * x;
  if (!(std::abs(squared - 1) <= 2 * kQuaternionTolerance) || !NormalizeQuaternion(&padded)) {
    return in->Fail(field, "is not of unit length");
  }
  std::copy(padded.begin(), padded.begin() + N, vector->begin());
  return true;
}

}  // namespace

bool ReadPose(const Value& value, const std::string& field, int32_t dof, Reader* in, Pose* pose) {
  if (dof == 4) {
    *pose = {};
    return in->Numbers(value, field, 4, pose->data());
  }
  if (!in->Numbers(value, field, 7, pose->data())) return false;
  Quaternion rotation = PoseRotation(*pose);
  if (!Normalize(field + " (quaternion)", in, &rotation)) return false;
  *pose = MakePose(rotation, PoseTranslation(*pose));
  return true;
}

namespace {

bool ReadPrior(const Value& value, int32_t dof, Reader* in, DatasetPrior* prior) {
  const std::string field = "prior";
  if (!in->CheckKeys(value, field, {"type", "mean", "covariance", "min", "max"})) return false;
  std::string type;
  const Value* name = Find(value, "type");
  if (name == nullptr) return in->Fail("prior.type", "missing");
  if (!in->String(*name, "prior.type", &type)) return false;
  const bool range = type == "depth_range";
  const bool of_pose = type == "gaussian_pose";
  if (!range && !of_pose && type != "gaussian_ray") {
    return in->Fail("prior.type", Quoted(type) +
                                      " is none of gaussian_pose, gaussian_ray, "
                                      "depth_range");
  }
  prior->kind = range     ? DatasetPrior::Kind::kDepthRange
                : of_pose ? DatasetPrior::Kind::kGaussianPose
                          : DatasetPrior::Kind::kGaussianRay;
  const char* keys[2] = {range ? "min" : "mean", range ? "max" : "covariance"};
  const Value* mean = Find(value, keys[0]);
  const Value* spread = Find(value, keys[1]);
  if (value.size() != 3 || mean == nullptr || spread == nullptr) {
    return in->Fail(field, type + " takes the keys " + keys[0] + " and " + keys[1]);
  }
  if (of_pose) {
    Pose pose;
    if (!ReadPose(*mean, "prior.mean", dof, in, &pose)) return false;
    prior->mean.assign(pose.begin(), pose.begin() + (dof == 4 ? 4 : 7));
  } else if (!in->List(*mean, field + "." + keys[0], 3, 3, &prior->mean)) {
    return false;
  }
  if (range) return in->List(*spread, "prior.max", 3, 3, &prior->spread);
  const size_t dimension = of_pose ? static_cast<size_t>(dof) : 3;
  if (!in->Rows(*spread, "prior.covariance", dimension, &prior->spread)) return false;
  return prior->spread.size() == dimension * dimension ||
         in->Fail("prior.covariance", "has not " + std::to_string(dimension) + " rows");
}

bool ReadDof(const Value& value, Reader* in, DatasetObject* object) {
  const Value* dof = Find(value, "dof");
  const Value* axis = Find(value, "yaw_axis");
  const Value* base = Find(value, "base_rotation");
  int64_t number = 6;
  if (dof != nullptr && !in->Integer(*dof, "dof", 4, 6, &number)) return false;
  if (number == 5) return in->Fail("dof", "is neither 6 nor 4");
  object->dof = static_cast<int32_t>(number);
  if (object->dof == 6 && axis != nullptr) return in->Fail("yaw_axis", "needs \"dof\": 4");
  if (object->dof == 6 && base != nullptr) return in->Fail("base_rotation", "needs \"dof\": 4");
  if (axis != nullptr && (!in->Numbers(*axis, "yaw_axis", 3, object->yaw_axis.data()) ||
                          !Normalize("yaw_axis", in, &object->yaw_axis))) {
    return false;
  }
  return base == nullptr || (in->Numbers(*base, "base_rotation", 4, object->base_rotation.data()) &&
                             Normalize("base_rotation", in, &object->base_rotation));
}

bool ReadPoses(const Value& value, Reader* in, DatasetObject* object) {
  const Value* pose = Find(value, "cam_from_object");
  const Value* target = Find(value, "target");
  const Value* prior = Find(value, "prior");
  object->has_pose = pose != nullptr;
  if (pose != nullptr && !ReadPose(*pose, "cam_from_object", object->dof, in, &object->pose)) {
    return false;
  }
  if (target != nullptr &&
      !ReadPose(*target, "target", object->dof, in, &object->target.emplace())) {
    return false;
  }
  return prior == nullptr || ReadPrior(*prior, object->dof, in, &object->prior.emplace());
}

}  // namespace

bool ReadObjectFields(const Value& value, Reader* in, DatasetObject* object) {
  return ReadDof(value, in, object) && ReadPoses(value, in, object);
}

}  // namespace propnp::io::json
