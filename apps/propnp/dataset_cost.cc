// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/dataset_cost.h"

#include <algorithm>
#include <cmath>

#include "apps/propnp/input_error.h"
#include "propnp/engine/tensor.h"

namespace propnp::app {
namespace {

// The engine's prior: independent normals of (x/z, y/z, log z).
bool IsIndependentRay(const io::DatasetPrior& prior) {
  if (prior.kind != io::DatasetPrior::Kind::kGaussianRay) return false;
  const std::vector<double>& covariance = prior.spread;
  for (size_t i = 0; i < 9; ++i) {
    if (i % 4 != 0 && covariance[i] != 0) return false;
  }
  return true;
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
    if (!IsIndependentRay(*object.prior)) {
      throw InputError(object.id +
                       ": only priors of type gaussian_ray with a diagonal covariance can be used "
                       "yet; change this one or take it out");
    }
    for (size_t k = 0; k < 3; ++k) {
      mean_.push_back(object.prior->mean[k]);
      sigma_.push_back(std::sqrt(object.prior->spread[4 * k]));
    }
  }
  const auto objects = static_cast<int64_t>(dataset.objects.size());
  prior_.struct_size = sizeof(prior_);
  prior_.mean = View(mean_.data(), {objects, 3});
  prior_.sigma = View(sigma_.data(), {objects, 3});
  options_.prior = &prior_;
}

}  // namespace propnp::app
