// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include <algorithm>

#include "apps/propnp/dataset_cost.h"
#include "apps/propnp/input_error.h"
#include "apps/propnp/pose_engines.h"
#include "propnp/ceres/refine_poses.h"

namespace propnp::app {
namespace {

// One row of 7 or 4 numbers for each object.
std::vector<double> StartPoses(const io::PoseDataset& dataset, const SolveSettings& settings,
                               Context* context) {
  std::vector<RefinedObject> found;
  if (!dataset.AllHavePoses()) found = SolveWithEngine(dataset, settings, context, 0);
  std::vector<double> poses;
  for (size_t i = 0; i < dataset.objects.size(); ++i) {
    const io::DatasetObject& object = dataset.objects[i];
    const io::Pose& pose = found.empty() ? object.pose : found[i].pose;
    poses.insert(poses.end(), pose.begin(), pose.begin() + (object.dof == 6 ? 7 : 4));
  }
  return poses;
}

RefinedObject FromCeres(const propnp::RefinedObject& solved, const double* pose, size_t pose_size) {
  RefinedObject object;
  object.pose = {};
  std::copy_n(pose, pose_size, object.pose.begin());
  const PoseCovariance& covariance = solved.covariance;
  if (covariance.ok()) {
    object.covariance.assign(covariance.matrix,
                             covariance.matrix + covariance.size * covariance.size);
  }
  object.rank = covariance.rank;
  object.iterations = solved.iterations;
  object.status = static_cast<int32_t>(solved.status);
  return object;
}

}  // namespace

std::vector<RefinedObject> SolveWithCeres(const io::PoseDataset& dataset,
                                          const SolveSettings& settings, Context* context) {
  if (dataset.objects.empty()) return {};
  const DatasetCost cost(dataset, settings.loss);
  if (cost.has_prior()) {
    throw InputError(dataset.objects[0].id +
                     ": has a prior, which --engine ceres cannot use; take --engine batch");
  }
  propnp::RefineOptions options;
  options.max_iterations = kMaxIterations;
  options.num_threads = context->num_threads();
  options.covariance = static_cast<CovarianceKind>(settings.covariance);

  std::vector<double> poses = StartPoses(dataset, settings, context);
  RefineResult result;
  std::string error;
  if (!RefinePoses(dataset.Correspondences(), dataset.Cameras(), *cost.get(), options, poses.data(),
                   &result, &error)) {
    throw InputError("the correspondences cannot be used: " + error);
  }
  const size_t pose_size = cost.dof() == 6 ? 7 : 4;
  std::vector<RefinedObject> refined;
  for (size_t i = 0; i < result.objects.size(); ++i) {
    refined.push_back(FromCeres(result.objects[i], &poses[i * pose_size], pose_size));
  }
  return refined;
}

}  // namespace propnp::app
