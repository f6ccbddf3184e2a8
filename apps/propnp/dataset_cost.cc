// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/dataset_cost.h"

#include <algorithm>

#include "apps/propnp/input_error.h"
#include "propnp/engine/object_prior.h"
#include "propnp/engine/tensor.h"

namespace propnp::app {
namespace {

template <int N>
bool IsCovariance(const std::vector<double>& matrix) {
  double whitener[N * N], log_determinant = 0;
  return whitener_from_covariance<N>(matrix.data(), whitener, &log_determinant);
}

bool IsCovariance(const io::DatasetPrior& prior, int32_t dof) {
  if (prior.kind == io::DatasetPrior::Kind::kGaussianRay) return IsCovariance<3>(prior.spread);
  return dof == 6 ? IsCovariance<6>(prior.spread) : IsCovariance<4>(prior.spread);
}

// The numbers of a prior that the engine would refuse object by object, with a status that does not
// say what is wrong.
void CheckNumbers(const io::DatasetObject& object) {
  const io::DatasetPrior& prior = *object.prior;
  if (prior.kind == io::DatasetPrior::Kind::kDepthRange) {
    if (prior.mean[2] >= 0) return;
    throw InputError(object.id + ": prior.min begins at a depth of " +
                     std::to_string(prior.mean[2]) + ", expected 0 or more");
  }
  if (!IsCovariance(prior, object.dof)) {
    throw InputError(object.id + ": prior.covariance is not symmetric and positive definite");
  }
  PosePrior<double> of_pose;
  if (prior.kind == io::DatasetPrior::Kind::kGaussianPose && object.dof == 6 &&
      !of_pose.set(SixDof<double>(), prior.mean.data(), prior.spread.data())) {
    throw InputError(object.id +
                     ": prior.covariance has rotations with a standard deviation of a radian or "
                     "more, of which no Gaussian says anything");
  }
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
  using Kind = io::DatasetPrior::Kind;
  const Kind kind = dataset.objects[0].prior->kind;
  for (const io::DatasetObject& object : dataset.objects) {
    CheckNumbers(object);
    const std::vector<double>& mean = object.prior->mean;
    const std::vector<double>& spread = object.prior->spread;
    if (kind == Kind::kDepthRange) {
      first_.insert(first_.end(), {mean[2], spread[2]});
      second_.insert(second_.end(), {mean[0], spread[0], mean[1], spread[1]});
    } else {
      first_.insert(first_.end(), mean.begin(), mean.end());
      second_.insert(second_.end(), spread.begin(), spread.end());
    }
  }
  const auto objects = static_cast<int64_t>(dataset.objects.size());
  const int64_t size = static_cast<int64_t>(first_.size()) / objects;
  prior_.struct_size = sizeof(prior_);
  const propnp_tensor first = View(first_.data(), {objects, size});
  if (kind == Kind::kDepthRange) {
    prior_.kind = PROPNP_PRIOR_DEPTH_RANGE;
    prior_.depth = first;
    prior_.bound = View(second_.data(), {objects, 4});
  } else {
    const bool of_pose = kind == Kind::kGaussianPose;
    const int64_t dimension = of_pose ? dof() : 3;
    prior_.kind = of_pose ? PROPNP_PRIOR_POSE : PROPNP_PRIOR_LOG_DEPTH;
    (of_pose ? prior_.pose : prior_.mean) = first;
    prior_.covariance = View(second_.data(), {objects, dimension, dimension});
  }
  options_.prior = &prior_;
}

}  // namespace propnp::app
