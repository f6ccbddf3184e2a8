// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include <utility>

#include "propnp/ceres/reprojection_cost.h"
#include "propnp/ceres/reprojection_evaluator.h"

namespace propnp {
namespace {

// Points in flight at once: their columns stay in the first-level cache and the loops over them
// need no remainder.
constexpr int kChunk = 16;

}  // namespace

ObjectReprojectionCost::ObjectReprojectionCost(std::unique_ptr<ReprojectionData> data)
    : data_(std::move(data)) {
  const int num_points = data_->store.num_points;
  set_num_residuals(2 * num_points);
  for (int size : data_->block.BlockSizes(num_points)) {
    mutable_parameter_block_sizes()->push_back(size);
  }
}

ObjectReprojectionCost::~ObjectReprojectionCost() = default;

std::unique_ptr<ObjectReprojectionCost> ObjectReprojectionCost::Create(
    const ReprojectionOptions& options, const ObjectPoints& points, const RobustLoss<double>& loss,
    std::string* error) {
  auto data = ReprojectionData::Create(options, points, loss, kChunk, error);
  if (data == nullptr) return nullptr;
  data->evaluate = SelectEvaluator<kChunk>(options.camera_model, data->store.num_weights);
  return std::unique_ptr<ObjectReprojectionCost>(new ObjectReprojectionCost(std::move(data)));
}

bool ObjectReprojectionCost::Evaluate(double const* const* parameters, double* residuals,
                                      double** jacobians) const {
  return data_->Evaluate(data_->loss, parameters, residuals, jacobians);
}

bool ObjectReprojectionCost::EvaluateWithoutLoss(double const* const* parameters, double* residuals,
                                                 double** jacobians) const {
  return data_->Evaluate(RobustLoss<double>(), parameters, residuals, jacobians);
}

int ObjectReprojectionCost::num_points() const { return data_->store.num_points; }
const RobustLoss<double>& ObjectReprojectionCost::loss() const { return data_->loss; }
const ReprojectionOptions& ObjectReprojectionCost::options() const { return data_->block.options; }

}  // namespace propnp
