// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include <algorithm>

#include "apps/propnp/dataset_cost.h"
#include "apps/propnp/input_error.h"
#include "apps/propnp/pose_engines.h"
#include "propnp/engine/options.h"
#include "propnp/engine/solve.h"
#include "propnp/engine/tensor.h"

namespace propnp::app {
namespace {

// In standard deviations of the pose: no output shows more, and near rounding steps never end.
constexpr double kTolerance = 1e-6;

// What the engine writes, object by object.
struct SolveOutputs {
  explicit SolveOutputs(int64_t objects, int64_t pose_size, int64_t dof)
      : pose(objects * pose_size),
        cost_after(objects),
        covariance(objects * dof * dof),
        rank(objects),
        iterations(objects),
        status(objects) {}

  std::vector<double> pose, cost_after, covariance;
  std::vector<int32_t> rank, iterations, status;
};

}  // namespace

std::vector<RefinedObject> SolveWithEngine(const io::PoseDataset& dataset,
                                           const SolveSettings& settings, Context* context,
                                           int max_iterations) {
  if (dataset.objects.empty()) return {};
  const auto objects = static_cast<int64_t>(dataset.objects.size());
  const DatasetCost cost(dataset, settings.loss);
  const int64_t dof = cost.dof(), pose_size = dof == 6 ? 7 : 4;
  const propnp_correspondences correspondences = dataset.Correspondences();
  const propnp_cameras cameras = dataset.Cameras();
  SolveOptions options;
  options.max_iterations = max_iterations;
  options.tolerance = kTolerance;
  options.covariance = settings.covariance;

  SolveOutputs out(objects, pose_size, dof);
  SolveArgs args;
  args.correspondences = &correspondences;
  args.cameras = &cameras;
  args.cost = cost.get();
  args.options = &options;
  if (dataset.AllHavePoses()) args.pose_init = dataset.Poses(cost.dof());
  args.pose = View(out.pose.data(), {objects, pose_size});
  args.cost_after = View(out.cost_after.data(), {objects});
  args.covariance = View(out.covariance.data(), {objects, dof, dof});
  args.rank = View(out.rank.data(), {objects});
  args.iterations = View(out.iterations.data(), {objects});
  args.status = View(out.status.data(), {objects});
  const Status status = propnp::Solve(*context, args);
  if (!status.ok()) throw InputError("the correspondences cannot be used: " + status.message());

  std::vector<RefinedObject> refined(dataset.objects.size());
  for (int64_t i = 0; i < objects; ++i) {
    RefinedObject& object = refined[i];
    object.pose = {};
    std::copy_n(&out.pose[i * pose_size], pose_size, object.pose.begin());
    object.covariance.assign(&out.covariance[i * dof * dof],
                             &out.covariance[i * dof * dof] + dof * dof);
    object.cost_after = out.cost_after[i];
    object.rank = out.rank[i];
    object.iterations = out.iterations[i];
    object.status = out.status[i];
  }
  return refined;
}

}  // namespace propnp::app
