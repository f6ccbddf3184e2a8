// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Posteriors with trusted evidence, modes and gradients (tests/data/evidence, or a larger file of
// the same form), and batches in which one problem stands many times with different random streams.
#ifndef PROPNP_TESTS_ENGINE_EVIDENCE_PROBLEMS_H_
#define PROPNP_TESTS_ENGINE_EVIDENCE_PROBLEMS_H_

#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

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

inline void Flatten(const nlohmann::json& values, std::vector<double>* out) {
  if (!values.is_array()) return out->push_back(values.get<double>());
  for (const nlohmann::json& value : values) Flatten(value, out);
}

inline std::vector<double> Flat(const nlohmann::json& values) {
  std::vector<double> out;
  if (!values.is_null()) Flatten(values, &out);
  return out;
}

inline void SetCamera(const nlohmann::json& camera, Batch* batch) {
  const std::vector<double> k = Flat(camera.at("K")), distortion = Flat(camera.at("distortion"));
  const std::string model = camera.at("model");
  std::vector<double> p = {k[0], k[4], k[2], k[5]};
  if (model == "pinhole") {
    p.push_back(k[1]);
  } else {
    p.insert(p.end(), distortion.begin(), distortion.end());
  }
  p.resize(PROPNP_MAX_CAMERA_PARAMETERS, 0.0);
  batch->camera_model = {model == "pinhole"  ? PROPNP_CAMERA_PINHOLE
                         : model == "opencv" ? PROPNP_CAMERA_OPENCV
                                             : PROPNP_CAMERA_FISHEYE};
  batch->camera_parameters = p;
}

inline EvidenceProblem ReadEvidenceProblem(const nlohmann::json& p) {
  EvidenceProblem problem;
  problem.name = p.at("name");
  problem.family = p.at("family");
  Batch& b = problem.batch;
  b.num_objects = b.num_views = 1;
  b.num_points = static_cast<int64_t>(p.at("x3d").size());
  b.x3d = Flat(p.at("x3d"));
  b.x2d = Flat(p.at("x2d"));
  const bool information = p.contains("sqrt_info");
  (information ? b.sqrt_info : b.w2d) = Flat(p.at(information ? "sqrt_info" : "w2d"));
  SetCamera(p.at("camera"), &b);
  b.cost.dof = p.at("dof");
  b.cost.z_min = p.at("z_min");
  const std::string loss = p.at("loss").at("kind");
  b.cost.loss = loss == "huber"    ? PROPNP_LOSS_HUBER
                : loss == "cauchy" ? PROPNP_LOSS_CAUCHY
                                   : PROPNP_LOSS_NONE;
  if (b.cost.loss != PROPNP_LOSS_NONE) b.cost.delta = p.at("loss").at("delta");
  if (b.cost.dof == 4) {
    const std::vector<double> axis = Flat(p.at("yaw_axis")), r = Flat(p.at("base_rotation"));
    std::copy(axis.begin(), axis.end(), b.cost.yaw_axis);
    Eigen::Matrix3d rotation;
    rotation << r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8];
    const Eigen::Quaterniond q(rotation);
    b.base_rotation = {q.w(), q.x(), q.y(), q.z()};
  }
  if (!p.at("prior").is_null()) {
    problem.prior_mean = Flat(p.at("prior").at("mean"));
    problem.prior_sigma = Flat(p.at("prior").at("sigma"));
  }
  b.true_pose = Flat(p.at("pose_true"));
  problem.log_evidence = p.at("log_evidence");
  problem.standard_error = p.at("standard_error");
  problem.modes_reliable = p.at("modes_reliable");
  for (const nlohmann::json& mode : p.at("modes")) {
    problem.mode_probability.push_back(mode.at("probability"));
  }
  problem.grad_x3d = Flat(p.at("gradient").at("x3d"));
  problem.grad_x2d = Flat(p.at("gradient").at("x2d"));
  problem.grad_weight = Flat(p.at("gradient").at(information ? "sqrt_info" : "w2d"));
  return problem;
}

inline std::vector<EvidenceProblem> ReadEvidenceProblems() {
  std::vector<EvidenceProblem> problems;
  const auto path = FindTestData("evidence/evidence.json");
  if (!path) return problems;
  const nlohmann::json file = nlohmann::json::parse(std::ifstream(*path));
  for (const nlohmann::json& p : file.at("problems")) problems.push_back(ReadEvidenceProblem(p));
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
