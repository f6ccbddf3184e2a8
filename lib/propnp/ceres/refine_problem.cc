// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/refine_problem.h"

#include <ceres/solver.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "propnp/ceres/manifolds.h"
#include "propnp/ceres/pose_curvature.h"
#include "propnp/ceres/robust_loss_function.h"
#include "propnp/math/cholesky.h"

namespace propnp::internal {
namespace {

ceres::Problem::Options ProblemOptions(bool joint) {
  ceres::Problem::Options options;
  // The residual blocks of one pose are looked up once a pose.
  options.enable_fast_removal = joint;
  return options;
}

ceres::Solver::Options SolverOptions(const RefineOptions& options, bool joint) {
  ceres::Solver::Options solver;
  solver.max_num_iterations = options.max_iterations;
  solver.logging_type = ceres::SILENT;
  if (joint) {
    const bool sparse =
        ceres::IsSparseLinearAlgebraLibraryTypeAvailable(solver.sparse_linear_algebra_library_type);
    solver.linear_solver_type = sparse ? ceres::SPARSE_SCHUR : ceres::DENSE_SCHUR;
    solver.num_threads = options.num_threads;
    solver.function_tolerance = 1e-12;
    solver.gradient_tolerance = 1e-12;
    solver.parameter_tolerance = 1e-10;
  } else {
    // FinishAlone() does the rest.
    solver.linear_solver_type = ceres::DENSE_QR;
    solver.function_tolerance = 1e-14;
    solver.gradient_tolerance = 1e-14;
    solver.parameter_tolerance = 1e-10;
  }
  return solver;
}

// Takes one Newton step of the robust Hessian if the pose is so near to its minimum that it must
// help. Returns the distance from the minimum before the step, in standard deviations; NaN if
// unknown.
//
// Ceres compares costs, whose rounding hides the minimum within sqrt(epsilon cost) standard
// deviations; the gradient tells it to rounding.
template <int N>
double StepToMinimum(const ceres::Problem& problem, const PoseLayout& layout, double* pose) {
  constexpr double kNear = 1e-2;
  PoseCurvature sums(N);
  Cholesky<N, double> cholesky;
  if (!SumPoseCurvature(problem, layout, {pose}, &sums, nullptr) ||
      !cholesky.factorize(sums.hessian.data())) {
    return NAN;
  }
  Eigen::Matrix<double, N, 1> step;
  cholesky.solve(sums.gradient.data(), step.data());
  const double distance = std::sqrt(sums.gradient.dot(step));
  if (!(distance < kNear)) return distance;
  step = -step;
  if constexpr (N == 4) {
    FourDof<double>().retract(pose, step.data(), pose);
  } else {
    SixDof<double>().retract(pose, step.data(), pose);
  }
  return distance;
}

uint32_t StatusOf(const ceres::Solver::Summary& summary) {
  const bool converged = summary.termination_type == ceres::CONVERGENCE;
  return converged ? kRefineConverged : kRefineMaxIterations;
}

uint32_t StatusOf(PoseCovariance::Status status) {
  switch (status) {
    case PoseCovariance::Status::kRankDeficient:
      return kRefineRankDeficient;
    case PoseCovariance::Status::kIndefinite:
      return kRefineIndefinite;
    default:
      return 0;
  }
}

}  // namespace

RefineProblem::RefineProblem(const RefineInput& input, const RefineOptions& options,
                             SharedUnknowns* shared)
    : input_(input),
      options_(options),
      shared_(shared),
      problem_(ProblemOptions(shared != nullptr)) {}

void RefineProblem::AddObject(const RefineObject& object, double* pose, RefinedObject* result) {
  Member member{&object, pose, result, {}};
  for (const RefineView& view : object.views) {
    if (view.num_points == 0 || AddView(view, &member)) continue;
    result->status |= kRefineNonFiniteInput;
  }
  if (result->status == 0) {
    result->cost_before = CostOf(member);
    if (!std::isfinite(result->cost_before)) {
      result->status |= kRefineNonFiniteInput;
      result->message = "the cost at the start is not finite";
    }
  }
  if (result->status != 0) {
    if (problem_.HasParameterBlock(pose)) problem_.RemoveParameterBlock(pose);
    return;
  }
  SetPoseManifold(object.layout, {pose}, &problem_);
  members_.push_back(std::move(member));
}

bool RefineProblem::AddView(const RefineView& view, Member* member) {
  ReprojectionOptions options = input_.camera(view.camera);
  options.pose = member->object->layout;
  options.cam_from_rig = view.cam_from_rig;
  options.z_min = member->object->z_min;
  options.intrinsics_block = !options_.refined_intrinsics.empty();
  options.point_block = options_.refine_points;
  const bool added = [&] {
    if (options_.refine_points) return AddViewPoints(options, view, member);
    auto cost = ObjectReprojectionCost::Create(options, view.points(), member->object->loss,
                                               &member->result->message);
    if (cost == nullptr) return false;
    std::vector<double*> blocks{member->pose};
    if (options.intrinsics_block) blocks.push_back(shared_->camera(view.camera));
    member->residuals.push_back(problem_.AddResidualBlock(cost.release(), nullptr, blocks));
    return true;
  }();
  if (added && options.intrinsics_block) SetCameraManifold(view.camera);
  return added;
}

bool RefineProblem::AddViewPoints(const ReprojectionOptions& options, const RefineView& view,
                                  Member* member) {
  ceres::LossFunction* loss = nullptr;  // shared by the points, owned by the problem
  for (int i = 0; i < view.num_points; ++i) {
    // A point without weight would only add an unknown that nothing determines.
    if (!view.IsWeighted(i)) continue;
    const double* x2d = &view.x2d[2 * i];
    std::string* message = &member->result->message;
    auto cost =
        view.sqrt_info.empty()
            ? ReprojectionCost::Create(options, nullptr, x2d,
                                       view.w2d.empty() ? nullptr : &view.w2d[2 * i], message)
            : ReprojectionCost::CreateWithInformation(options, nullptr, x2d, &view.sqrt_info[4 * i],
                                                      message);
    if (cost == nullptr) return false;
    if (loss == nullptr && member->object->loss.kind != LossKind::kNone) {
      loss = RobustLossFunction::Create(member->object->loss, message).release();
      if (loss == nullptr) return false;
    }
    std::vector<double*> blocks{member->pose, shared_->point(view.point_ids[i])};
    if (options.intrinsics_block) blocks.push_back(shared_->camera(view.camera));
    member->residuals.push_back(problem_.AddResidualBlock(cost.release(), loss, blocks));
  }
  return true;
}

void RefineProblem::SetCameraManifold(int64_t camera) {
  double* const block = shared_->camera(camera);
  if (!problem_.HasParameterBlock(block) || problem_.HasManifold(block)) return;
  const std::vector<int>& refined = options_.refined_intrinsics;
  const int size = input_.num_camera_parameters(camera);
  std::vector<int> constant;
  for (int i = 0; i < size; ++i) {
    if (std::find(refined.begin(), refined.end(), i) == refined.end()) constant.push_back(i);
  }
  if (!constant.empty()) {
    problem_.SetManifold(block, new ceres::SubsetManifold(size, constant));
  }
}

double RefineProblem::CostOf(const Member& member) const {
  double sum = 0;
  for (ceres::ResidualBlockId id : member.residuals) {
    double cost = 0;
    if (!problem_.EvaluateResidualBlock(id, true, &cost, nullptr, nullptr)) return NAN;
    sum += cost;
  }
  return sum;
}

// Of the points with weight, those nearer than z_min.
double RefineProblem::BehindFraction(const Member& member) const {
  PoseState state;
  if (!ReadPose(member.object->layout, &member.pose, &state)) return 1;
  int64_t behind = 0;
  for (const RefineView& view : member.object->views) {
    const RigidTransform<double> cam_from_object =
        SixDof<double>().transform(view.cam_from_rig.data()) * state.transform;
    for (int i = 0; i < view.num_points; ++i) {
      const double* x =
          options_.refine_points ? shared_->point(view.point_ids[i]) : &view.x3d[3 * i];
      const Vec3<double> point_in_cam = cam_from_object * Vec3<double>{x[0], x[1], x[2]};
      behind += view.IsWeighted(i) && point_in_cam.z < member.object->z_min;
    }
  }
  return static_cast<double>(behind) / static_cast<double>(member.object->weighted_points);
}

void RefineProblem::FillResult(Member* member) {
  RefinedObject& result = *member->result;
  result.cost_after = CostOf(*member);
  if (BehindFraction(*member) >= 0.5) result.status |= kRefineBehindCamera;
  if (ComputePoseCovariance(problem_, member->object->layout, {member->pose}, options_.covariance,
                            &result.covariance, &result.message)) {
    result.status |= StatusOf(result.covariance.status);
  } else {
    result.status |= kRefineRankDeficient;
  }
}

// Brings a pose that was solved by itself to its minimum, and tells whether it is there.
void RefineProblem::FinishAlone(Member* member) {
  constexpr int kMaxSteps = 5;
  constexpr double kThere = 1e-10, kConverged = 1e-4;  // standard deviations
  const PoseLayout& layout = member->object->layout;
  for (int i = 0; i < kMaxSteps; ++i) {
    const double distance = layout.four_dof() ? StepToMinimum<4>(problem_, layout, member->pose)
                                              : StepToMinimum<6>(problem_, layout, member->pose);
    if (std::isnan(distance)) return;
    member->result->status &= ~(kRefineConverged | kRefineMaxIterations);
    member->result->status |= distance < kConverged ? kRefineConverged : kRefineMaxIterations;
    if (!(distance > kThere)) return;
  }
}

void RefineProblem::Solve() {
  if (members_.empty()) return;
  ceres::Solver::Summary summary;
  ceres::Solve(SolverOptions(options_, shared_ != nullptr), &problem_, &summary);
  for (Member& member : members_) {
    member.result->status |= StatusOf(summary);
    if (shared_ == nullptr && options_.max_iterations > 0) FinishAlone(&member);
    // The first entry is the evaluation of the start.
    member.result->iterations = std::max(0, static_cast<int>(summary.iterations.size()) - 1);
    if (summary.termination_type == ceres::FAILURE) member.result->message = summary.message;
    FillResult(&member);
  }
}

}  // namespace propnp::internal
