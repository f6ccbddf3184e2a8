// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Refines many poses with Ceres, from the engine's views (engine/views.h).
//
// Alone, poses do not depend on each other: each is a small ceres::Problem of its own, with its own
// trust region, and num_threads of them run at once. With refined cameras or points all poses are
// one problem. In either case the cost is that of the engine: same residual, same loss, same
// clamps.
#ifndef PROPNP_CERES_REFINE_POSES_H_
#define PROPNP_CERES_REFINE_POSES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "propnp/ceres/pose_covariance.h"
#include "propnp/engine/views.h"

namespace propnp {

struct RefineOptions {
  // Bound on the iterations of a problem; 0 only evaluates.
  int max_iterations = 100;

  // Objects at a time, or threads of the one problem.
  int num_threads = 1;

  CovarianceKind covariance = CovarianceKind::kPosterior;

  // Which parameters of every camera are refined, as indices into the model's parameters, e.g.
  // {0, 1} for the focal lengths of a pinhole camera. Empty: none.
  std::vector<int> refined_intrinsics;

  // Whether the points are refined. Points with equal `point_ids` are one point, whose x3d must
  // then be the same everywhere.
  bool refine_points = false;
  propnp_tensor point_ids = {};  // (V, N) or (P) int64, as x3d without its last axis

  // Called after every object (of one joint problem: once at the end) with the number done so far.
  // Never by two threads at a time.
  std::function<void(int64_t num_done)> progress;

  bool Validate(std::string* error) const;
};

// Bits of RefinedObject::status, with the values of PROPNP_STATUS_* in the engine.
enum RefineStatus : uint32_t {
  kRefineConverged = 1u << 0,      // alone: within 1e-4 standard deviations of a minimum
  kRefineMaxIterations = 1u << 1,  // stopped before it converged; `message` if Ceres says why
  kRefineTooFewPoints = 1u << 2,   // fewer than 3 points with weight: left as it was
  kRefineRankDeficient = 1u << 3,  // some direction of the pose is not determined
  kRefineIndefinite = 1u << 4,     // the robust Hessian is not positive
  kRefineBehindCamera = 1u << 5,   // half the weighted points or more lie behind the camera
  kRefineNonFiniteInput = 1u << 6  // left as it was; `message` names the field
};

struct RefinedObject {
  uint32_t status = 0;
  std::string message;                     // what is wrong with the object, empty if nothing
  double cost_before = 0, cost_after = 0;  // robust, of this object alone
  int iterations = 0;                      // of its problem
  // Of the pose with everything else held at its estimate.
  PoseCovariance covariance;
};

struct RefineResult {
  std::vector<RefinedObject> objects;  // B

  // C x PROPNP_MAX_CAMERA_PARAMETERS; filled if intrinsics are refined.
  std::vector<double> camera_parameters;

  // P x 3, view after view without padding; filled if points are refined.
  std::vector<double> x3d;
};

// poses: (B, 7) [tx ty tz qw qx qy qz], or (B, 4) [tx ty tz yaw] if cost.dof is 4, row-major;
// starts on entry, refined on return. An object whose numbers are bad keeps its pose, gets a status
// and a message, and does not touch the others. False with a message that names field (and object)
// if the call as a whole makes no sense: a shape, type, index or option, or a prior, which only the
// batched solver takes; then nothing is changed.
bool RefinePoses(const propnp_correspondences& correspondences, const propnp_cameras& cameras,
                 const propnp_cost_options& cost, const RefineOptions& options, double* poses,
                 RefineResult* result, std::string* error);

}  // namespace propnp

#endif  // PROPNP_CERES_REFINE_POSES_H_
