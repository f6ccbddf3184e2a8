// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random reprojection problems over all that ReprojectionOptions can say, and the same model
// written a second time for ceres::Jet.
#ifndef PROPNP_TESTS_CERES_COST_CASE_H_
#define PROPNP_TESTS_CERES_COST_CASE_H_

#include <ceres/jet.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "propnp/ceres/reprojection_cost.h"
#include "tests/ceres/pose_blocks.h"
#include "tests/math/camera_examples.h"
#include "tests/math/test_random.h"

namespace propnp::test {

enum class WeightKind { kOnes, kDiagonal, kInformation };

// One cost function's inputs and a value of its parameters.
struct CostCase {
  ReprojectionOptions options;
  RobustLoss<double> loss;
  int num_points = 0;
  std::vector<double> x3d, x2d, w2d, sqrt_info;
  std::vector<std::vector<double>> parameters;  // blocks in the order of the options

  ObjectPoints points() const {
    return {num_points, x3d.data(), x2d.data(), w2d.empty() ? nullptr : w2d.data(),
            sqrt_info.empty() ? nullptr : sqrt_info.data()};
  }
  std::vector<const double*> pointers() const {
    std::vector<const double*> result;
    for (const auto& block : parameters) result.push_back(block.data());
    return result;
  }
};

// A stored pose whose effect is about cam_from_object with the object in front of the camera.
inline void FrontPose(const PoseLayout& layout, TestRandom* random, double* pose) {
  SmallPose(random, pose);
  pose[2] += 4;
  if (layout.inverse && !layout.four_dof()) InvertPose(pose, pose);
}

struct CaseShape {
  int camera_model = 0;
  std::vector<double> camera_parameters;
  PoseLayout pose;
  std::optional<PoseLayout> world_from_object, cam_from_rig;
  bool constant_rig = false, box = false, point_block = false, intrinsics_block = false;
  WeightKind weights = WeightKind::kDiagonal;
  LossKind loss = LossKind::kNone;
};

inline CostCase MakeCase(const CaseShape& shape, int num_points, TestRandom* random) {
  CostCase c;
  c.num_points = num_points;
  c.options.camera_model = shape.camera_model;
  std::copy(shape.camera_parameters.begin(), shape.camera_parameters.end(),
            c.options.camera_parameters.begin());
  c.options.intrinsics_block = shape.intrinsics_block;
  c.options.point_block = shape.point_block;
  c.options.z_min = 0.05;
  if (shape.box) c.options.box = {true, {100, 80}, {500, 420}};
  c.options.pose = shape.pose;
  c.options.world_from_object = shape.world_from_object;
  c.options.cam_from_rig_block = shape.cam_from_rig;
  c.loss = {shape.loss, 2.5};

  double pose[7];
  FrontPose(shape.pose, random, pose);
  AddPoseBlocks(shape.pose, pose, &c.parameters);
  if (shape.world_from_object) {
    SmallPose(random, pose);
    AddPoseBlocks(*shape.world_from_object, pose, &c.parameters);
  }
  if (shape.constant_rig) SmallPose(random, c.options.cam_from_rig.data());
  if (shape.cam_from_rig) {
    SmallPose(random, pose);
    AddPoseBlocks(*shape.cam_from_rig, pose, &c.parameters);
  }
  for (int i = 0; i < num_points; ++i) {
    // Every seventh point lies far behind the camera for most poses.
    const double far = i % 7 == 6 ? -12 : 0;
    for (int k = 0; k < 3; ++k) c.x3d.push_back(random->Normal() + (k == 2 ? far : 0));
    c.x2d.push_back(300 + 60 * random->Normal());
    c.x2d.push_back(250 + 60 * random->Normal());
    for (int k = 0; k < 2 && shape.weights == WeightKind::kDiagonal; ++k) {
      c.w2d.push_back(i % 5 == 4 ? 0 : random->Uniform(0.005, 0.05));
    }
    for (int k = 0; k < 4 && shape.weights == WeightKind::kInformation; ++k) {
      c.sqrt_info.push_back(0.02 * random->Normal());
    }
  }
  if (shape.point_block) c.parameters.push_back(c.x3d);
  if (shape.intrinsics_block) c.parameters.push_back(shape.camera_parameters);
  return c;
}

// The cost once more, as one would write it for automatic differentiation.
template <typename Model>
class ReferenceCost {
 public:
  explicit ReferenceCost(const CostCase& c)
      : case_(c),
        limit_(Model::template Camera<double>::monotone_limit(c.options.camera_parameters.data())) {
  }

  template <typename T>
  bool operator()(T const* const* parameters, T* residuals) const {
    const ReprojectionOptions& o = case_.options;
    T const* const* next = parameters;
    const RigidTransform<T> chain = ReadReferenceChain(o, &next);
    const T* points = o.point_block ? *next++ : nullptr;
    std::vector<T> camera(o.camera_parameters.begin(), o.camera_parameters.end());
    if (o.intrinsics_block) {
      std::copy(*next, *next + Model::template Camera<T>::kNumParameters, camera.begin());
    }
    const PixelBox<T> box{
        o.box.active, {T(o.box.low.x), T(o.box.low.y)}, {T(o.box.high.x), T(o.box.high.y)}};
    const ViewModel<typename Model::template Camera<T>, T> model{
        Model::template Camera<T>::from_parameters(camera.data(), T(limit_)), box, T(o.z_min)};
    for (int i = 0; i < case_.num_points; ++i) {
      const Vec3<T> x =
          points != nullptr
              ? Vec3<T>{points[3 * i], points[3 * i + 1], points[3 * i + 2]}
              : Vec3<T>{T(case_.x3d[3 * i]), T(case_.x3d[3 * i + 1]), T(case_.x3d[3 * i + 2])};
      const Vec2<T> error = reprojection_error(
          model, chain * x, Vec2<T>{T(case_.x2d[2 * i]), T(case_.x2d[2 * i + 1])});
      Robustify(Weigh(error, i), residuals + 2 * i);
    }
    return true;
  }

 private:
  template <typename T>
  Vec2<T> Weigh(const Vec2<T>& error, int i) const {
    if (!case_.w2d.empty()) {
      return {case_.w2d[2 * i] * error.x, case_.w2d[2 * i + 1] * error.y};
    }
    if (case_.sqrt_info.empty()) return error;
    const double* w = &case_.sqrt_info[4 * i];
    return {w[0] * error.x + w[1] * error.y, w[2] * error.x + w[3] * error.y};
  }

  template <typename T>
  void Robustify(const Vec2<T>& e, T* residual) const {
    using std::log;
    const T s2 = dot(e, e);
    const double delta = case_.loss.delta;
    T twice_rho = s2;
    if (case_.loss.kind == LossKind::kHuber && s2 > T(delta * delta)) {
      twice_rho = 2.0 * delta * sqrt(s2) - delta * delta;
    } else if (case_.loss.kind == LossKind::kCauchy) {
      twice_rho = delta * delta * log(1.0 + s2 / (delta * delta));
    }
    const T scale = s2 > T(0) ? sqrt(twice_rho / s2) : T(1);
    residual[0] = scale * e.x;
    residual[1] = scale * e.y;
  }

  const CostCase& case_;
  const double limit_;
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_CERES_COST_CASE_H_
