// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Residuals and Jacobians of 500 points at one pose, for every camera model: our cost functions
// against automatic differentiation of the same functions.
#include <ceres/autodiff_cost_function.h>
#include <ceres/version.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/autodiff_functors.h"
#include "benchmarks/pose_problem.h"
#include "benchmarks/workload.h"
#include "propnp/ceres/reprojection_cost.h"

namespace propnp::bench {
namespace {

constexpr int kPoints = 500;
constexpr int kPoseSize = 7;
constexpr double kZMin = 1e-3;

// What the methods evaluate: points, and a camera instead of the problem's own.
struct CostProblem {
  std::shared_ptr<const PoseProblem<double>> points;
  ReprojectionOptions options;
  double camera_limit = 0;
};

// Cost functions that together make the residuals of all points, in order.
using CostFunctions = std::vector<std::unique_ptr<ceres::CostFunction>>;

// Evaluates them one after the other into contiguous memory.
class Evaluation {
 public:
  Evaluation(CostProblem problem, CostFunctions costs)
      : problem_(std::move(problem)),
        costs_(std::move(costs)),
        residuals_(2 * kPoints),
        jacobian_(2 * kPoints * kPoseSize) {}

  void Run() {
    const double* pose = problem_.points->pose_init.data();
    double* residuals = residuals_.data();
    double* jacobian = jacobian_.data();
    for (const auto& cost : costs_) {
      if (!cost->Evaluate(&pose, residuals, &jacobian)) {
        throw std::runtime_error("a cost function cannot be evaluated");
      }
      residuals += cost->num_residuals();
      jacobian += cost->num_residuals() * kPoseSize;
    }
  }

  // Component of the Jacobian along the quaternion's length left out: it is zero for our cost
  // functions, which normalise, and means nothing on the manifold.
  std::vector<double> ResidualsAndTangentJacobian() const {
    const double* pose = problem_.points->pose_init.data();
    const double* pointers[] = {pose};
    double plus[kPoseSize * 6];
    PosePlusJacobian(problem_.options.pose, pointers, plus);
    std::vector<double> values = residuals_;
    for (int row = 0; row < 2 * kPoints; ++row) {
      for (int j = 0; j < 6; ++j) {
        double sum = 0;
        for (int k = 0; k < kPoseSize; ++k) {
          sum += jacobian_[row * kPoseSize + k] * plus[k * 6 + j];
        }
        values.push_back(sum);
      }
    }
    return values;
  }

 private:
  CostProblem problem_;
  CostFunctions costs_;
  std::vector<double> residuals_, jacobian_;
};

CostFunctions OurObjectCost(const CostProblem& problem) {
  const PoseProblem<double>& p = *problem.points;
  ObjectPoints points;
  points.num_points = kPoints;
  points.x3d = p.x3d.data();
  points.x2d = p.x2d.data();
  points.w2d = p.w2d.data();
  std::string error;
  auto cost = ObjectReprojectionCost::Create(problem.options, points, RobustLoss<double>(), &error);
  if (!cost) throw std::runtime_error(error);
  CostFunctions costs;
  costs.push_back(std::move(cost));
  return costs;
}

CostFunctions OurPointCosts(const CostProblem& problem) {
  const PoseProblem<double>& p = *problem.points;
  CostFunctions costs;
  for (int i = 0; i < kPoints; ++i) {
    std::string error;
    auto cost = ReprojectionCost::Create(problem.options, &p.x3d[3 * i], &p.x2d[2 * i],
                                         &p.w2d[2 * i], &error);
    if (!cost) throw std::runtime_error(error);
    costs.push_back(std::move(cost));
  }
  return costs;
}

template <typename Model>
CostFunctions AutoDiffCosts(const CostProblem& problem) {
  using Error = SharedModelError<Model>;
  const PoseProblem<double>& p = *problem.points;
  CostFunctions costs;
  for (int i = 0; i < kPoints; ++i) {
    auto* error = new Error{problem.options.camera_parameters.data(),
                            problem.camera_limit,
                            kZMin,
                            &p.x3d[3 * i],
                            &p.x2d[2 * i],
                            &p.w2d[2 * i]};
    costs.push_back(std::make_unique<ceres::AutoDiffCostFunction<Error, 2, kPoseSize>>(error));
  }
  return costs;
}

CostFunctions TutorialCosts(const CostProblem& problem) {
  using Error = TutorialPinholeError;
  const PoseProblem<double>& p = *problem.points;
  CostFunctions costs;
  for (int i = 0; i < kPoints; ++i) {
    auto* error = new Error{problem.options.camera_parameters.data(), &p.x3d[3 * i], &p.x2d[2 * i],
                            &p.w2d[2 * i]};
    costs.push_back(std::make_unique<ceres::AutoDiffCostFunction<Error, 2, kPoseSize>>(error));
  }
  return costs;
}

void RequireSame(const Evaluation& a, const Evaluation& b, const std::string& name) {
  const std::vector<double> x = a.ResidualsAndTangentJacobian();
  const std::vector<double> y = b.ResidualsAndTangentJacobian();
  for (size_t i = 0; i < x.size(); ++i) {
    if (!(std::abs(x[i] - y[i]) <= 1e-9 * (1 + std::abs(x[i])))) {
      throw std::runtime_error(name + " differs from ObjectReprojectionCost at value " +
                               std::to_string(i));
    }
  }
}

// `problem` is shared by all methods of a workload.
Method CostMethod(const std::string& name, const std::string& peer,
                  const std::function<std::shared_ptr<const CostProblem>()>& problem,
                  CostFunctions (*make_costs)(const CostProblem&)) {
  Method method;
  method.name = name;
  method.peer = peer;
  method.precision = "double";
  method.isa = "baseline";
  method.prepare = [=]() -> Call {
    const auto shared = problem();
    const auto evaluation = std::make_shared<Evaluation>(*shared, make_costs(*shared));
    evaluation->Run();
    Evaluation reference(*shared, OurObjectCost(*shared));
    reference.Run();
    RequireSame(reference, *evaluation, name);
    return [shared, evaluation] { evaluation->Run(); };
  };
  return method;
}

template <typename Model>
Workload CostFunctionWorkload(const std::vector<double>& parameters_after_centre) {
  using Camera = typename Model::template Camera<double>;
  const auto points = MakeLazily<double>(1, kPoints, 7);
  const auto slot = std::make_shared<std::shared_ptr<const CostProblem>>();
  const auto problem = [=] {
    if (*slot) return *slot;
    auto made = std::make_shared<CostProblem>();
    made->points = points();
    made->options.camera_model = Camera::kModel;
    const auto& [fx, fy, cx, cy, skew] = made->points->camera;
    std::vector<double> parameters{fx, fy, cx, cy};
    if (Camera::kModel == SimpleRadialCamera<double>::kModel) parameters = {fx, cx, cy};
    parameters.insert(parameters.end(), parameters_after_centre.begin(),
                      parameters_after_centre.end());
    std::copy(parameters.begin(), parameters.end(), made->options.camera_parameters.begin());
    made->options.z_min = kZMin;
    made->camera_limit = Camera::monotone_limit(parameters.data());
    *slot = made;
    return *slot;
  };
  const std::string peer = "Ceres " CERES_VERSION_STRING;

  Workload workload;
  workload.name = std::string("cost-") + Camera::kName;
  workload.title = std::string("residuals and Jacobians of 500 points at one pose, ") +
                   Camera::kName + " camera";
  workload.num_items = kPoints;
  workload.item = "point";
  workload.methods = {
      CostMethod("ObjectReprojectionCost", "", problem, OurObjectCost),
      CostMethod("ReprojectionCost, one a point", "", problem, OurPointCosts),
      CostMethod("autodiff of the same functor", peer, problem, AutoDiffCosts<Model>),
  };
  if (Camera::kModel == PinholeCamera<double>::kModel) {
    workload.methods.push_back(
        CostMethod("autodiff of a tutorial functor", peer, problem, TutorialCosts));
  }
  return workload;
}

}  // namespace

std::vector<Workload> MakeCostFunctionWorkloads() {
  return {CostFunctionWorkload<PinholeModel>({0}),
          CostFunctionWorkload<SimpleRadialModel>({-.1, .02}),
          CostFunctionWorkload<OpenCvModel>({-.2, .05, 1e-3, -1e-3, .01, .02, .01, .001}),
          CostFunctionWorkload<FisheyeModel>({-.02, .005, -.001, .0002})};
}

}  // namespace propnp::bench
