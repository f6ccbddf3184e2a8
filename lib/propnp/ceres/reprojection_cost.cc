// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/reprojection_cost.h"

#include <utility>

#include "propnp/ceres/reprojection_evaluator.h"

namespace propnp {
namespace {

constexpr int kOnePoint = 1;

std::unique_ptr<ReprojectionData> MakeData(const ReprojectionOptions& options,
                                           const ObjectPoints& point, std::string* error) {
  auto data = ReprojectionData::Create(options, point, RobustLoss<double>(), kOnePoint, error);
  if (data != nullptr) {
    data->evaluate = SelectEvaluator<kOnePoint>(options.camera_model, data->store.num_weights);
  }
  return data;
}

}  // namespace

ReprojectionCost::ReprojectionCost(std::unique_ptr<ReprojectionData> data)
    : data_(std::move(data)) {
  set_num_residuals(2);
  for (int size : data_->block.BlockSizes(1)) mutable_parameter_block_sizes()->push_back(size);
}

ReprojectionCost::~ReprojectionCost() = default;

std::unique_ptr<ReprojectionCost> ReprojectionCost::Create(const ReprojectionOptions& options,
                                                           const double* x3d, const double* x2d,
                                                           const double* w2d, std::string* error) {
  auto data = MakeData(options, {1, x3d, x2d, w2d, nullptr}, error);
  if (data == nullptr) return nullptr;
  return std::unique_ptr<ReprojectionCost>(new ReprojectionCost(std::move(data)));
}

std::unique_ptr<ReprojectionCost> ReprojectionCost::CreateWithInformation(
    const ReprojectionOptions& options, const double* x3d, const double* x2d,
    const double* sqrt_info, std::string* error) {
  if (sqrt_info == nullptr) {
    if (error != nullptr) *error = "sqrt_info is null";
    return nullptr;
  }
  auto data = MakeData(options, {1, x3d, x2d, nullptr, sqrt_info}, error);
  if (data == nullptr) return nullptr;
  return std::unique_ptr<ReprojectionCost>(new ReprojectionCost(std::move(data)));
}

bool ReprojectionCost::Evaluate(double const* const* parameters, double* residuals,
                                double** jacobians) const {
  return data_->Evaluate(data_->loss, parameters, residuals, jacobians);
}

}  // namespace propnp
