// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/evaluation.h"

#include <algorithm>
#include <cmath>

#include "apps/propnp/dataset_cost.h"
#include "apps/propnp/input_error.h"
#include "apps/propnp/refinement.h"
#include "propnp/engine/evaluate.h"
#include "propnp/engine/tensor.h"

namespace propnp::app {
namespace {

void Run(const EvaluateArgs& args, Context* context) {
  const Status status = propnp::Evaluate(*context, args);
  if (!status.ok()) throw InputError("the correspondences cannot be used: " + status.message());
}

}  // namespace

Evaluation EvaluatePoses(const io::PoseDataset& dataset, const LossOption& loss, Context* context) {
  Evaluation evaluation;
  if (dataset.objects.empty()) return evaluation;
  const int64_t points = dataset.num_points();
  const auto objects = static_cast<int64_t>(dataset.objects.size());
  evaluation.cost.resize(objects);
  evaluation.pixel_error.resize(points * 2);
  evaluation.residual.resize(points * 2);

  const propnp_correspondences correspondences = dataset.Correspondences();
  const propnp_cameras cameras = dataset.Cameras();
  const DatasetCost cost(dataset, loss);
  EvaluateArgs args;
  args.correspondences = &correspondences;
  args.cameras = &cameras;
  args.cost = cost.get();
  args.pose = dataset.Poses(cost.dof());
  args.cost_value = View(evaluation.cost.data(), {objects});
  args.pixel_error = View(evaluation.pixel_error.data(), {points, 2});
  args.residual = View(evaluation.residual.data(), {points, 2});
  Run(args, context);
  return evaluation;
}

Projections ProjectPoints(const io::PoseDataset& dataset, size_t i, int64_t v,
                          const std::vector<double>& points_in_object, Context* context) {
  // The error of a projection against the pixel (0, 0), with weight 1, is the projection.
  const io::DatasetObject& object = dataset.objects[i];
  io::PoseDataset single;
  single.cameras = dataset.cameras;
  single.camera_from_rig = dataset.camera_from_rig;
  single.objects = {object};
  single.x3d = points_in_object;
  single.x2d.assign(points_in_object.size() / 3 * 2, 0.0);
  single.views = {dataset.views[v]};
  single.EndView();
  single.EndObject();

  const int64_t points = single.num_points();
  Projections projections;
  projections.pixels.resize(points * 2);
  projections.jacobians.resize(points * 2 * object.dof);
  const propnp_correspondences correspondences = single.Correspondences();
  const propnp_cameras cameras = single.Cameras();
  single.objects[0].prior.reset();
  const DatasetCost cost(single, {});
  EvaluateArgs args;
  args.correspondences = &correspondences;
  args.cameras = &cameras;
  args.cost = cost.get();
  args.pose = single.Poses(cost.dof());
  args.pixel_error = View(projections.pixels.data(), {points, 2});
  args.jacobian = View(projections.jacobians.data(), {points, 2, object.dof});
  Run(args, context);
  return projections;
}

std::pair<int64_t, int64_t> PointRange(const io::PoseDataset& dataset, size_t i) {
  return {dataset.point_offsets[dataset.view_offsets[i]],
          dataset.point_offsets[dataset.view_offsets[i + 1]]};
}

bool HasWeight(const io::PoseDataset& dataset, int64_t point) {
  const auto any = [&](const std::vector<double>& values, int64_t width) {
    const auto first = values.begin() + point * width;
    return std::any_of(first, first + width, [](double value) { return value != 0; });
  };
  if (!dataset.w2d.empty()) return any(dataset.w2d, 2);
  if (!dataset.sqrt_info.empty()) return any(dataset.sqrt_info, 4);
  return true;
}

int64_t CountWeightedPoints(const io::PoseDataset& dataset, size_t i) {
  const auto [begin, end] = PointRange(dataset, i);
  int64_t count = 0;
  for (int64_t point = begin; point < end; ++point) count += HasWeight(dataset, point);
  return count;
}

double RmsPx(const io::PoseDataset& dataset, const Evaluation& evaluation, size_t i) {
  const auto [begin, end] = PointRange(dataset, i);
  double sum = 0;
  int64_t count = 0;
  for (int64_t point = begin; point < end; ++point) {
    if (!HasWeight(dataset, point)) continue;
    sum += std::pow(evaluation.pixel_error[2 * point], 2) +
           std::pow(evaluation.pixel_error[2 * point + 1], 2);
    ++count;
  }
  return count > 0 ? std::sqrt(sum / static_cast<double>(count)) : kUnknown;
}

}  // namespace propnp::app
