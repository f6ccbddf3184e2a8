// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The engine's cost of a dataset of like objects (see LikeObjects), with their priors.
#ifndef PROPNP_APPS_DATASET_COST_H_
#define PROPNP_APPS_DATASET_COST_H_

#include <vector>

#include "apps/propnp/refine_options.h"
#include "propnp/engine/options.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

class DatasetCost {
 public:
  // `dataset` has objects, all with a prior of one kind or all without. Throws InputError for a
  // prior that is no density.
  DatasetCost(const io::PoseDataset& dataset, const LossOption& loss);
  DatasetCost(const DatasetCost&) = delete;
  DatasetCost& operator=(const DatasetCost&) = delete;

  // Lives as long as this.
  const propnp_cost_options* get() const { return &options_; }
  int32_t dof() const { return options_.dof; }
  bool has_prior() const { return options_.prior != nullptr; }

 private:
  void AddPriors(const io::PoseDataset& dataset);

  CostOptions options_;
  propnp_prior prior_ = {};
  std::vector<double> first_, second_;  // the tensors of the prior
};

}  // namespace propnp::app

#endif  // PROPNP_APPS_DATASET_COST_H_
