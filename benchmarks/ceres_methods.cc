// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/ceres_methods.h"

#include <ceres/ceres.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "benchmarks/autodiff_functors.h"
#include "propnp/ceres/manifolds.h"
#include "propnp/ceres/pose_covariance.h"
#include "propnp/ceres/refine_poses.h"
#include "propnp/ceres/reprojection_cost.h"
#include "propnp/engine/options.h"
#include "propnp/engine/tensor.h"

namespace propnp::bench {
namespace {

using Pose = std::array<double, 7>;
using SharedProblem = std::shared_ptr<const PoseProblem<double>>;

void Require(bool done, const std::string& error) {
  if (!done) throw std::runtime_error(error);
}

// Of the solvers that Ceres has, DENSE_NORMAL_CHOLESKY is the fastest for six unknowns.
ceres::Solver::Options SolverOptions(CeresSetup setup, int iterations) {
  ceres::Solver::Options options;
  options.num_threads = 1;
  options.logging_type = ceres::SILENT;
  if (setup == CeresSetup::kDefaults) return options;
  options.linear_solver_type = ceres::DENSE_NORMAL_CHOLESKY;
  if (setup == CeresSetup::kConvergence) return options;
  options.max_num_iterations = iterations;
  options.function_tolerance = options.gradient_tolerance = options.parameter_tolerance = 0;
  return options;
}

// SPARSE_QR by Eigen takes half the time of SuiteSparse, and less than DENSE_SVD.
ceres::Covariance::Options CovarianceOptions(CeresSetup setup) {
  ceres::Covariance::Options options;
  options.num_threads = 1;
  if (setup != CeresSetup::kDefaults)
    options.sparse_linear_algebra_library_type = ceres::EIGEN_SPARSE;
  return options;
}

// Returns the refined pose.
using CeresRun = std::function<Pose(const PoseProblem<double>&)>;

Method CeresMethod(const std::string& name, const LazyProblem<double>& lazy, const CeresRun& run) {
  Method method;
  method.name = name;
  method.precision = "double";
  method.isa = "baseline";
  method.prepare = [=]() -> Call {
    const SharedProblem problem = lazy();
    RequireOptimum(*problem, run(*problem), name);
    return [=] { run(*problem); };
  };
  return method;
}

Pose Start(const PoseProblem<double>& problem) {
  Pose pose;
  std::copy_n(problem.pose_init.begin(), 7, pose.begin());
  return pose;
}

Pose RunAutoDiff(const PoseProblem<double>& p, const ceres::Solver::Options& options,
                 const ceres::Covariance::Options& covariance_options) {
  using Cost = ceres::AutoDiffCostFunction<TutorialPinholeError, 2, 4, 3>;
  Pose pose = Start(p);
  double* const translation = pose.data();
  double* const quaternion = pose.data() + 3;
  ceres::Problem problem;
  for (int64_t i = 0; i < p.num_points; ++i) {
    auto* error =
        new TutorialPinholeError{p.camera.data(), &p.x3d[3 * i], &p.x2d[2 * i], &p.w2d[2 * i]};
    problem.AddResidualBlock(new Cost(error), nullptr, quaternion, translation);
  }
  problem.SetManifold(quaternion, new ceres::QuaternionManifold);
  ceres::Solver::Summary summary;
  ceres::Solve(options, &problem, &summary);
  Require(summary.IsSolutionUsable(), summary.message);

  ceres::Covariance covariance(covariance_options);
  const std::vector<const double*> blocks{translation, quaternion};
  double matrix[36];
  Require(covariance.Compute(blocks, &problem), "ceres::Covariance fails");
  covariance.GetCovarianceMatrixInTangentSpace(blocks, matrix);
  return pose;
}

ReprojectionOptions CostOptionsOf(const PoseProblem<double>& p) {
  ReprojectionOptions options;
  std::copy(p.camera.begin(), p.camera.end(), options.camera_parameters.begin());
  options.z_min = 1e-3;
  return options;
}

void SolveWithOurCovariance(const ceres::Solver::Options& options, const PoseLayout& layout,
                            double* pose, ceres::Problem* problem) {
  SetPoseManifold(layout, {pose}, problem);
  ceres::Solver::Summary summary;
  ceres::Solve(options, problem, &summary);
  Require(summary.IsSolutionUsable(), summary.message);
  PoseCovariance covariance;
  std::string error;
  Require(ComputePoseCovariance(*problem, layout, {pose}, CovarianceKind::kPosterior, &covariance,
                                &error),
          error);
}

Pose RunReprojectionCost(const PoseProblem<double>& p, const ceres::Solver::Options& options) {
  Pose pose = Start(p);
  std::string error;
  ceres::Problem problem;
  const ReprojectionOptions cost_options = CostOptionsOf(p);
  for (int64_t i = 0; i < p.num_points; ++i) {
    auto cost =
        ReprojectionCost::Create(cost_options, &p.x3d[3 * i], &p.x2d[2 * i], &p.w2d[2 * i], &error);
    Require(cost != nullptr, error);
    problem.AddResidualBlock(cost.release(), nullptr, pose.data());
  }
  SolveWithOurCovariance(options, cost_options.pose, pose.data(), &problem);
  return pose;
}

Pose RunObjectCost(const PoseProblem<double>& p, const ceres::Solver::Options& options) {
  Pose pose = Start(p);
  std::string error;
  ceres::Problem problem;
  const ReprojectionOptions cost_options = CostOptionsOf(p);
  ObjectPoints points;
  points.num_points = static_cast<int>(p.num_points);
  points.x3d = p.x3d.data();
  points.x2d = p.x2d.data();
  points.w2d = p.w2d.data();
  auto cost = ObjectReprojectionCost::Create(cost_options, points, RobustLoss<double>(), &error);
  Require(cost != nullptr, error);
  problem.AddResidualBlock(cost.release(), nullptr, pose.data());
  SolveWithOurCovariance(options, cost_options.pose, pose.data(), &problem);
  return pose;
}

Pose RunRefinePoses(const PoseProblem<double>& p) {
  Pose pose = Start(p);
  const int32_t model = PROPNP_CAMERA_PINHOLE;
  Correspondences correspondences;
  correspondences.num_objects = 1;
  correspondences.x3d = View(p.x3d.data(), {1, p.num_points, 3});
  correspondences.x2d = View(p.x2d.data(), {1, p.num_points, 2});
  correspondences.w2d = View(p.w2d.data(), {1, p.num_points, 2});
  Cameras cameras;
  cameras.model = View(&model, {1});
  cameras.parameters = View(p.camera.data(), {1, 5});
  RefineResult result;
  std::string error;
  Require(RefinePoses(correspondences, cameras, CostOptions(), RefineOptions(), pose.data(),
                      &result, &error),
          error);
  return pose;
}

std::string IterationsText(int iterations) { return std::to_string(iterations) + " iterations"; }

}  // namespace

Method CeresAutoDiffMethod(const LazyProblem<double>& problem, CeresSetup setup, int iterations) {
  const ceres::Solver::Options options = SolverOptions(setup, iterations);
  const ceres::Covariance::Options covariance_options = CovarianceOptions(setup);
  std::string name = "autodiff, to convergence, Covariance";
  if (setup == CeresSetup::kFixedIterations) {
    name = "autodiff, " + IterationsText(iterations) + ", Covariance";
  } else if (setup == CeresSetup::kDefaults) {
    name = "autodiff, default options, Covariance";
  }
  Method method = CeresMethod(name, problem, [=](const PoseProblem<double>& p) {
    return RunAutoDiff(p, options, covariance_options);
  });
  method.peer = "Ceres " CERES_VERSION_STRING;
  return method;
}

Method CeresReprojectionMethod(const LazyProblem<double>& problem, int iterations) {
  const ceres::Solver::Options options = SolverOptions(CeresSetup::kFixedIterations, iterations);
  return CeresMethod("Ceres with ReprojectionCost, " + IterationsText(iterations), problem,
                     [=](const PoseProblem<double>& p) { return RunReprojectionCost(p, options); });
}

Method CeresObjectMethod(const LazyProblem<double>& problem, int iterations) {
  const ceres::Solver::Options options = SolverOptions(CeresSetup::kFixedIterations, iterations);
  return CeresMethod("Ceres with ObjectReprojectionCost, " + IterationsText(iterations), problem,
                     [=](const PoseProblem<double>& p) { return RunObjectCost(p, options); });
}

Method RefinePosesMethod(const LazyProblem<double>& problem) {
  return CeresMethod("RefinePoses, to convergence", problem, RunRefinePoses);
}

}  // namespace propnp::bench
