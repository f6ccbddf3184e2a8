// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/dataset_cost.h"

#include <algorithm>

#include "apps/propnp/input_error.h"
#include "propnp/engine/tensor.h"

namespace propnp::app {
namespace {

// A 3x3 matrix, by Sylvester's criterion.
bool IsCovariance(const std::vector<double>& c) {
  const double minor = c[0] * c[4] - c[1] * c[3];
  const double determinant =
      c[2] * (c[3] * c[7] - c[4] * c[6]) - c[5] * (c[0] * c[7] - c[1] * c[6]) + c[8] * minor;
  return c[1] == c[3] && c[2] == c[6] && c[5] == c[7] && c[0] > 0 && minor > 0 && determinant > 0;
}

}  // namespace

DatasetCost::DatasetCost(const io::PoseDataset& dataset, const LossOption& loss) {
  const io::DatasetObject& first = dataset.objects.at(0);
  options_.dof = first.dof;
  std::copy(first.yaw_axis.begin(), first.yaw_axis.end(), options_.yaw_axis);
  options_.loss = loss.kind;
  options_.delta = loss.scale;
  options_.relative_delta = loss.scale;
  if (first.prior) AddPriors(dataset);
}

void DatasetCost::AddPriors(const io::PoseDataset& dataset) {
  for (const io::DatasetObject& object : dataset.objects) {
    const io::DatasetPrior& prior = *object.prior;
    if (prior.kind != io::DatasetPrior::Kind::kGaussianRay) {
      throw InputError(
          object.id +
          ": only priors of type gaussian_ray can be used yet; change this one or take "
          "it out");
    }
    if (!IsCovariance(prior.spread)) {
      throw InputError(object.id + ": prior.covariance is not symmetric and positive definite");
    }
    mean_.insert(mean_.end(), prior.mean.begin(), prior.mean.end());
    covariance_.insert(covariance_.end(), prior.spread.begin(), prior.spread.end());
  }
  const auto objects = static_cast<int64_t>(dataset.objects.size());
  prior_.struct_size = sizeof(prior_);
  prior_.mean = View(mean_.data(), {objects, 3});
  prior_.covariance = View(covariance_.data(), {objects, 3, 3});
  options_.prior = &prior_;
}

}  // namespace propnp::app
