// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/pose_curvature.h"

#include <ceres/loss_function.h>

#include <algorithm>

#include "propnp/ceres/pose_prior_cost.h"
#include "propnp/ceres/reprojection_cost.h"
#include "propnp/math/residual.h"

namespace propnp::internal {
namespace {

bool Fail(const std::string& message, std::string* error) {
  if (error != nullptr) *error = message;
  return false;
}

// Residual and Jacobian of one block in the tangent of the pose.
struct Linearization {
  Eigen::VectorXd residual;
  RowMajorMatrix jacobian;
};

void AddBlock(const Linearization& at, const ceres::LossFunction* loss, bool is_prior,
              PoseCurvature* sums) {
  double rho[3] = {0, 1, 0};
  if (loss != nullptr) loss->Evaluate(at.residual.squaredNorm(), rho);
  const TangentMatrix information = rho[1] * at.jacobian.transpose() * at.jacobian;
  const TangentVector pull = at.jacobian.transpose() * at.residual;
  const TangentMatrix outer = pull * pull.transpose();
  sums->gradient += rho[1] * pull;
  sums->gauss_newton += information;
  sums->hessian += information + 2 * rho[2] * outer;
  sums->scores += is_prior ? information : TangentMatrix(rho[1] * rho[1] * outer);
}

// The points of an object, each with the loss.
template <int N>
void AddPoints(const Linearization& at, const RobustLoss<double>& loss, PoseCurvature* sums) {
  using Matrix = Eigen::Matrix<double, N, N, Eigen::RowMajor>;
  using Row = Eigen::Matrix<double, 1, N>;
  Matrix gauss_newton = Matrix::Zero(), hessian = Matrix::Zero(), scores = Matrix::Zero();
  Row gradient = Row::Zero();
  for (Eigen::Index i = 0; i < at.residual.size(); i += 2) {
    const Vec2<double> e{at.residual[i], at.residual[i + 1]};
    const double squared = dot(e, e);
    const LossValue<double> value = loss.evaluate(squared);
    const Row x_row = at.jacobian.row(i), y_row = at.jacobian.row(i + 1);
    const auto add = [&](Curvature curvature, Matrix* sum) {
      const auto d = curvature_directions(curvature, e, squared, value);
      const Row first = d.first.x * x_row + d.first.y * y_row;
      const Row second = d.second.x * x_row + d.second.y * y_row;
      *sum += (d.first_factor * first).transpose() * first +
              (d.second_factor * second).transpose() * second;
    };
    add(Curvature::kIrls, &gauss_newton);
    add(Curvature::kHessian, &hessian);
    add(Curvature::kScoreVariance, &scores);
    gradient += value.weight * (e.x * x_row + e.y * y_row);
  }
  sums->gauss_newton += gauss_newton;
  sums->hessian += hessian;
  sums->scores += scores;
  sums->gradient += gradient.transpose();
}

// Evaluates a residual block with Jacobians to the pose's blocks only.
bool Linearize(const ceres::CostFunction& cost, const std::vector<double*>& parameters,
               const std::vector<double*>& pose_blocks, const PoseLayout& layout,
               const RowMajorMatrix& plus_jacobian, Linearization* result) {
  const int rows = cost.num_residuals();
  std::vector<RowMajorMatrix> storage;
  storage.reserve(pose_blocks.size());
  std::vector<double*> jacobians(parameters.size(), nullptr);
  std::vector<int> first_column;
  for (size_t k = 0; k < parameters.size(); ++k) {
    int column = 0;
    for (size_t i = 0; i < pose_blocks.size(); ++i) {
      if (parameters[k] == pose_blocks[i]) {
        storage.emplace_back(RowMajorMatrix::Zero(rows, layout.block_size(i)));
        jacobians[k] = storage.back().data();
        first_column.push_back(column);
      }
      column += layout.block_size(i);
    }
  }
  result->residual.resize(rows);
  const auto* object = dynamic_cast<const ObjectReprojectionCost*>(&cost);
  const bool evaluated =
      object != nullptr
          ? object->EvaluateWithoutLoss(parameters.data(), result->residual.data(),
                                        jacobians.data())
          : cost.Evaluate(parameters.data(), result->residual.data(), jacobians.data());
  if (!evaluated || !result->residual.allFinite()) return false;

  RowMajorMatrix ambient = RowMajorMatrix::Zero(rows, layout.ambient_size());
  for (size_t i = 0; i < storage.size(); ++i) {
    ambient.middleCols(first_column[i], storage[i].cols()) = storage[i];
  }
  result->jacobian = ambient * plus_jacobian;
  return result->jacobian.allFinite();
}

std::vector<ceres::ResidualBlockId> ResidualBlocksOf(const ceres::Problem& problem,
                                                     const std::vector<double*>& blocks) {
  std::vector<ceres::ResidualBlockId> all;
  for (double* block : blocks) {
    std::vector<ceres::ResidualBlockId> of_block;
    problem.GetResidualBlocksForParameterBlock(block, &of_block);
    for (ceres::ResidualBlockId id : of_block) {
      if (std::find(all.begin(), all.end(), id) == all.end()) all.push_back(id);
    }
  }
  return all;
}

}  // namespace

bool CheckPoseBlocks(const ceres::Problem& problem, const PoseLayout& layout,
                     const std::vector<double*>& blocks, std::string* error) {
  if (!layout.Validate(error)) return false;
  if (blocks.size() != static_cast<size_t>(layout.num_blocks())) {
    return Fail("the layout has " + std::to_string(layout.num_blocks()) + " blocks, " +
                    std::to_string(blocks.size()) + " were given",
                error);
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    const std::string name = "block " + std::to_string(i) + " of the pose";
    if (blocks[i] == nullptr || !problem.HasParameterBlock(blocks[i])) {
      return Fail(name + " is not in the problem", error);
    }
    if (problem.ParameterBlockSize(blocks[i]) != layout.block_size(i)) {
      return Fail(name + " has another size than its layout", error);
    }
  }
  PoseState state;
  if (!ReadPose(layout, blocks.data(), &state)) return Fail("the pose is not finite", error);
  return true;
}

bool SumPoseCurvature(const ceres::Problem& problem, const PoseLayout& layout,
                      const std::vector<double*>& blocks, PoseCurvature* sums, std::string* error) {
  if (!CheckPoseBlocks(problem, layout, blocks, error)) return false;
  const int n = layout.tangent_size();
  RowMajorMatrix plus_jacobian(layout.ambient_size(), n);
  PosePlusJacobian(layout, blocks.data(), plus_jacobian.data());

  Linearization at;
  std::vector<double*> parameters;
  for (ceres::ResidualBlockId id : ResidualBlocksOf(problem, blocks)) {
    const ceres::CostFunction& cost = *problem.GetCostFunctionForResidualBlock(id);
    const ceres::LossFunction* loss = problem.GetLossFunctionForResidualBlock(id);
    problem.GetParameterBlocksForResidualBlock(id, &parameters);
    if (!Linearize(cost, parameters, blocks, layout, plus_jacobian, &at)) {
      return Fail("a residual block of the pose cannot be evaluated", error);
    }
    const auto* object = dynamic_cast<const ObjectReprojectionCost*>(&cost);
    if (object == nullptr) {
      AddBlock(at, loss, dynamic_cast<const PosePriorCost*>(&cost) != nullptr, sums);
    } else if (loss == nullptr) {
      if (n == 4) {
        AddPoints<4>(at, object->loss(), sums);
      } else {
        AddPoints<6>(at, object->loss(), sums);
      }
    } else {
      return Fail("an ObjectReprojectionCost has its loss inside and takes no LossFunction", error);
    }
  }
  return true;
}

}  // namespace propnp::internal
