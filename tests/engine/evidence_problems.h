// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Posteriors with trusted evidence, modes and gradients (tests/data/evidence, or a larger file of
// the same form), as batches of one object.
#ifndef PROPNP_TESTS_ENGINE_EVIDENCE_PROBLEMS_H_
#define PROPNP_TESTS_ENGINE_EVIDENCE_PROBLEMS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "benchmarks/evidence_file.h"
#include "tests/engine/posterior_batch.h"
#include "tests/test_data.h"

namespace propnp::test {

struct EvidenceProblem {
  std::string name, family;
  Batch batch;  // one object; true_pose is the target
  std::vector<double> prior_mean, prior_covariance;
  double log_evidence, standard_error;
  bool modes_reliable;
  std::vector<double> mode_probability;
  std::vector<double> grad_x3d, grad_x2d, grad_weight;
};

inline Batch BatchOf(const bench::EvidenceProblem& p) {
  Batch b;
  b.num_objects = b.num_views = 1;
  b.num_points = p.num_points;
  b.x3d = p.x3d, b.x2d = p.x2d, b.w2d = p.w2d, b.sqrt_info = p.sqrt_info;
  b.camera_model = {p.camera_model};
  b.camera_parameters.assign(p.camera_parameters.begin(), p.camera_parameters.end());
  b.cost.dof = p.dof, b.cost.loss = p.loss, b.cost.delta = p.delta, b.cost.z_min = p.z_min;
  if (p.dof == 4) {
    std::copy(p.yaw_axis.begin(), p.yaw_axis.end(), b.cost.yaw_axis);
    b.base_rotation.assign(p.base_rotation.begin(), p.base_rotation.end());
  }
  b.true_pose = p.pose_true;
  return b;
}

inline std::vector<EvidenceProblem> ReadEvidenceProblems() {
  std::vector<EvidenceProblem> problems;
  const auto path = FindTestData("evidence/evidence.json");
  if (!path) return problems;
  for (const bench::EvidenceProblem& p : bench::ReadEvidenceFile(path->string())) {
    problems.push_back({p.name, p.family, BatchOf(p), p.prior_mean, p.prior_covariance,
                        p.log_evidence, p.standard_error, p.modes_reliable, p.mode_probability,
                        p.grad_x3d, p.grad_x2d, p.grad_weight});
  }
  return problems;
}

// The problem `times` over; the engine gives each copy random streams of its own.
inline Batch Replicated(const EvidenceProblem& problem, int64_t times) {
  return Copies(problem.batch, times);
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_EVIDENCE_PROBLEMS_H_
