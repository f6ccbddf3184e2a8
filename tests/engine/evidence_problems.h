// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Posteriors with trusted evidence, modes and gradients (tests/data/evidence, or a larger file of
// the same form), and batches in which one problem stands many times with different random streams.
#ifndef PROPNP_TESTS_ENGINE_EVIDENCE_PROBLEMS_H_
#define PROPNP_TESTS_ENGINE_EVIDENCE_PROBLEMS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "benchmarks/evidence_file.h"
#include "propnp/engine/sample_posterior.h"
#include "tests/engine/batch.h"
#include "tests/test_data.h"

namespace propnp::test {

struct EvidenceProblem {
  std::string name, family;
  Batch batch;  // one object; true_pose is the target
  std::vector<double> prior_mean, prior_sigma;
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
    problems.push_back({p.name, p.family, BatchOf(p), p.prior_mean, p.prior_sigma, p.log_evidence,
                        p.standard_error, p.modes_reliable, p.mode_probability, p.grad_x3d,
                        p.grad_x2d, p.grad_weight});
  }
  return problems;
}

inline std::vector<double> Repeated(const std::vector<double>& values, int64_t times) {
  std::vector<double> out;
  for (int64_t i = 0; i < times; ++i) out.insert(out.end(), values.begin(), values.end());
  return out;
}

// The problem `times` over; the engine gives each copy random streams of its own.
inline Batch Replicated(const EvidenceProblem& problem, int64_t times) {
  Batch b = problem.batch;
  b.num_objects = b.num_views = times;
  for (std::vector<double>* v :
       {&b.x3d, &b.x2d, &b.w2d, &b.sqrt_info, &b.base_rotation, &b.true_pose}) {
    *v = Repeated(*v, times);
  }
  return b;
}

// What the sampler says of a batch.
struct Posterior {
  std::vector<double> log_evidence, standard_error, ess, khat, mode_probability, grad_x3d, grad_x2d,
      grad_weight;
  std::vector<int32_t> mode_count, status;
};

// `prior` may be null. The gradient is that of cost(true_pose) + log evidence.
inline Posterior SampleBatch(const Batch& b, const SampleOptions& options,
                             const Prior* prior = nullptr, int32_t precision = PROPNP_FLOAT64,
                             int num_threads = 2) {
  const int64_t n = b.num_objects;
  Posterior r;
  for (std::vector<double>* v : {&r.log_evidence, &r.standard_error, &r.ess, &r.khat}) v->resize(n);
  r.mode_count.resize(n), r.status.resize(n);
  r.mode_probability.resize(n * PROPNP_MAX_MODES);
  r.grad_x3d.resize(b.x3d.size()), r.grad_x2d.resize(b.x2d.size());
  r.grad_weight.resize(b.w2d.size() + b.sqrt_info.size());

  const Correspondences correspondences = CorrespondencesOf(b);
  const Cameras cameras = CamerasOf(b);
  CostOptions cost = b.cost;
  cost.prior = prior;
  SampleArgs args;
  args.correspondences = &correspondences;
  args.cameras = &cameras;
  args.cost = &cost;
  args.start_options = &b.options;
  args.options = &options;
  args.precision = precision;
  args.pose_target = View(b.true_pose.data(), {n, b.pose_size()});
  args.loss_gradient = 1;
  args.log_evidence = View(r.log_evidence.data(), {n});
  args.standard_error = View(r.standard_error.data(), {n});
  args.ess = View(r.ess.data(), {n});
  args.khat = View(r.khat.data(), {n});
  args.mode_count = View(r.mode_count.data(), {n});
  args.mode_probability = View(r.mode_probability.data(), {n, PROPNP_MAX_MODES});
  args.status = View(r.status.data(), {n});
  args.grad_x3d = View(r.grad_x3d.data(), {n, b.num_points, 3});
  args.grad_x2d = View(r.grad_x2d.data(), {n, b.num_points, 2});
  if (b.sqrt_info.empty()) {
    args.grad_w2d = View(r.grad_weight.data(), {n, b.num_points, 2});
  } else {
    args.grad_sqrt_info = View(r.grad_weight.data(), {n, b.num_points, 2, 2});
  }
  Context context(num_threads);
  const Status status = SamplePosterior(context, args);
  EXPECT_TRUE(status.ok()) << status.message();
  return r;
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_EVIDENCE_PROBLEMS_H_
