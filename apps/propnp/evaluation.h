// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Costs, residuals and projections at the poses that a dataset holds.
#ifndef PROPNP_APPS_EVALUATION_H_
#define PROPNP_APPS_EVALUATION_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "apps/propnp/refine_options.h"
#include "propnp/engine/context.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// P points, B objects.
struct Evaluation {
  std::vector<double> cost;         // B
  std::vector<double> pixel_error;  // P x 2: projection - x2d
  std::vector<double> residual;     // P x 2: weighted
};

// All objects must be alike (see LikeObjects). Throws InputError when the engine refuses the data.
Evaluation EvaluatePoses(const io::PoseDataset& dataset, const LossOption& loss, Context* context);

// Pixels of points of object i's frame through the camera of view v, with derivatives to the pose.
struct Projections {
  std::vector<double> pixels;     // N x 2
  std::vector<double> jacobians;  // N x 2 x D in the pose's tangent
};
Projections ProjectPoints(const io::PoseDataset& dataset, size_t i, int64_t v,
                          const std::vector<double>& points_in_object, Context* context);

// sqrt(mean squared pixel error) over object i's points with weight; unknown without any.
double RmsPx(const io::PoseDataset& dataset, const Evaluation& evaluation, size_t i);

bool HasWeight(const io::PoseDataset& dataset, int64_t point);
int64_t CountWeightedPoints(const io::PoseDataset& dataset, size_t i);

// Points [first, second) of object i, over all its views.
std::pair<int64_t, int64_t> PointRange(const io::PoseDataset& dataset, size_t i);

}  // namespace propnp::app

#endif  // PROPNP_APPS_EVALUATION_H_
