// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/evidence_figures.h"

#include <algorithm>
#include <cmath>

#include "benchmarks/cost_gradient.h"
#include "benchmarks/mode_matching.h"

namespace propnp::bench {
namespace {

double Square(double x) { return x * x; }

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double RootMeanSquare(std::vector<double> values) {
  for (double& value : values) value = Square(value);
  return std::sqrt(Mean(values));
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<int64_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void SetEvidenceErrors(const EvidenceProblem& problem, const Replicates& replicates,
                       EvidenceFigures* figures) {
  std::vector<double> errors = replicates.log_evidence;
  for (double& error : errors) error -= problem.log_evidence;
  figures->rmse_log_evidence = RootMeanSquare(errors);
  figures->bias = Mean(errors);
  for (double& error : errors) error -= figures->bias;
  figures->bias_standard_error =
      RootMeanSquare(errors) / std::sqrt(static_cast<double>(replicates.count - 1));
}

// The gradients of the replicates are those of log evidence alone: what d cost(pose_true) adds to
// the true gradient is taken off, while errors stay relative to the whole.
double GradientError(const std::vector<double>& gradients, const std::vector<double>& truth,
                     const std::vector<double>& of_true_cost) {
  double error = 0, norm = 0;
  for (double t : truth) norm += Square(t);
  for (size_t i = 0; i < gradients.size(); ++i) {
    const size_t k = i % truth.size();
    error += Square(gradients[i] - (truth[k] - of_true_cost[k]));
  }
  const size_t count = gradients.size() / truth.size();
  return std::sqrt(error / static_cast<double>(count) / norm);
}

void SetGradientErrors(const EvidenceProblem& problem, const Replicates& replicates,
                       EvidenceFigures* figures) {
  const InputGradient cost = GradientOfTrueCost(problem);
  figures->gradient_error_x3d = GradientError(replicates.grad_x3d, problem.grad_x3d, cost.x3d);
  figures->gradient_error_x2d = GradientError(replicates.grad_x2d, problem.grad_x2d, cost.x2d);
  figures->gradient_error_weight =
      GradientError(replicates.grad_weight, problem.grad_weight, cost.weight);
  figures->relative_gradient_error = std::max(
      {figures->gradient_error_x3d, figures->gradient_error_x2d, figures->gradient_error_weight});
}

double ModeProbabilityError(const EvidenceProblem& problem, const Replicates& replicates) {
  std::vector<WeightedMode> truth;
  for (size_t i = 0; i < problem.mode_pose.size(); ++i) {
    truth.push_back({problem.mode_pose[i].data(), problem.mode_probability[i]});
  }
  std::vector<double> errors;
  for (int64_t r = 0; r < replicates.count; ++r) {
    std::vector<WeightedMode> found;
    for (int64_t m = r * PROPNP_MAX_MODES; m < (r + 1) * PROPNP_MAX_MODES; ++m) {
      const double probability = replicates.mode_probability[m];
      if (probability != 0) {
        found.push_back({&replicates.mode_pose[m * problem.pose_size()], probability});
      }
    }
    errors.push_back(LargestProbabilityError(problem.dof, truth, found));
  }
  return RootMeanSquare(errors);
}

}  // namespace

EvidenceFigures FiguresOf(const EvidenceProblem& problem, const Replicates& replicates) {
  EvidenceFigures figures;
  SetEvidenceErrors(problem, replicates, &figures);
  SetGradientErrors(problem, replicates, &figures);
  figures.ess = Mean(replicates.ess);
  figures.khat = Median(replicates.khat);
  if (problem.modes_reliable) {
    figures.mode_probability_error = ModeProbabilityError(problem, replicates);
  }
  figures.milliseconds = replicates.milliseconds / static_cast<double>(replicates.count);
  figures.failed = std::count_if(replicates.status.begin(), replicates.status.end(),
                                 [](int32_t status) { return status & PROPNP_STATUS_FAILED; });
  return figures;
}

EvidenceFigures FiguresOfFamily(const std::vector<EvidenceFigures>& problems) {
  const auto all = [&](double EvidenceFigures::*figure) {
    std::vector<double> values;
    for (const EvidenceFigures& problem : problems) values.push_back(problem.*figure);
    return values;
  };
  EvidenceFigures family;
  for (double EvidenceFigures::*error :
       {&EvidenceFigures::rmse_log_evidence, &EvidenceFigures::gradient_error_x3d,
        &EvidenceFigures::gradient_error_x2d, &EvidenceFigures::gradient_error_weight,
        &EvidenceFigures::relative_gradient_error}) {
    family.*error = RootMeanSquare(all(error));
  }
  for (double EvidenceFigures::*figure : {&EvidenceFigures::bias, &EvidenceFigures::ess,
                                          &EvidenceFigures::khat, &EvidenceFigures::milliseconds}) {
    family.*figure = Mean(all(figure));
  }
  family.bias_standard_error = RootMeanSquare(all(&EvidenceFigures::bias_standard_error)) /
                               std::sqrt(static_cast<double>(problems.size()));
  for (const EvidenceFigures& problem : problems) {
    family.failed += problem.failed;
    if (!problem.mode_probability_error) continue;
    family.mode_probability_error =
        std::max(family.mode_probability_error.value_or(0), *problem.mode_probability_error);
  }
  return family;
}

}  // namespace propnp::bench
