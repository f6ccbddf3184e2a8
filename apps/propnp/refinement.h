// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What refining found out about each pose.
#ifndef PROPNP_APPS_REFINEMENT_H_
#define PROPNP_APPS_REFINEMENT_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "apps/propnp/refine_options.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct RefinedObject {
  io::Pose pose = io::kIdentityPose;  // stored as DatasetObject::pose
  // D x D with D the object's degrees of freedom, row by row; empty when there is none.
  std::vector<double> covariance;
  double cost_before = kUnknown;  // in sigmas^2; unknown without a start
  double cost_after = kUnknown;
  double rms_before_px = kUnknown;  // sqrt(mean squared distance), points with weight only
  double rms_after_px = kUnknown;
  int64_t points = 0;  // with weight
  int32_t iterations = 0;
  int32_t rank = 0;
  int32_t status = 0;  // PROPNP_STATUS_*

  bool failed() const;
};

// How to refine: everything but the data.
struct SolveSettings {
  LossOption loss;
  int32_t covariance = 0;  // PROPNP_COVARIANCE_*
  bool use_ceres = false;
  int threads = 0;
};

// Called with the number of objects done.
using ProgressCallback = std::function<void(int64_t)>;

// Refines every object from its start, or from random-sample starts where it has none. The results
// are in the order of the objects. Throws InputError when the engine refuses the data.
std::vector<RefinedObject> RefineDataset(const io::PoseDataset& dataset,
                                         const SolveSettings& settings,
                                         const ProgressCallback& progress);

// The names of the status bits: "converged", "max_iterations", ...
std::vector<std::string> StatusNames(int32_t status);

}  // namespace propnp::app

#endif  // PROPNP_APPS_REFINEMENT_H_
