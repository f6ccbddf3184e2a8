// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Batches with samples of the poses, and calls of the operations on such.
#ifndef PROPNP_TESTS_ENGINE_SAMPLED_BATCH_H_
#define PROPNP_TESTS_ENGINE_SAMPLED_BATCH_H_

#include <utility>
#include <vector>

#include "propnp/engine/sample_backward.h"
#include "propnp/engine/sample_expectation.h"
#include "tests/engine/gradient_operation.h"

namespace propnp::test {

// A batch with `count` samples of each object.
struct SampledBatch : GradientBatch {
  int64_t count = 0;
  std::vector<double> sample_pose, log_weight;
};

// Samples of a posterior, or from everywhere: near the truth, half a turn from there, far away and
// behind the camera.
enum class Spread { kPosterior, kEverywhere };

inline SampledBatch Sampled(TestRandom& random, const GradientBatch& batch, int64_t count,
                            Spread spread) {
  const bool wild = spread == Spread::kEverywhere;
  SampledBatch b;
  static_cast<GradientBatch&>(b) = batch;
  b.count = count;
  for (int64_t object = 0; object < b.num_objects; ++object) {
    for (int64_t s = 0; s < count; ++s) {
      GradientBatch moved = batch;
      moved.true_pose = batch.pose;
      std::vector<double> all = NearTruth(random, moved, wild && s % 4 == 3 ? 0.5 : 0.01);
      double* const pose = &all[object * b.pose_size()];
      if (wild && s % 8 == 5 && b.cost.dof == 6) {
        const Quaternion<double> q{pose[3], pose[4], pose[5], pose[6]};
        const Quaternion<double> turned = Quaternion<double>{0, 0, 1, 0} * q;
        pose[3] = turned.w, pose[4] = turned.x, pose[5] = turned.y, pose[6] = turned.z;
      }
      if (wild && s % 8 == 6) pose[2] *= 20;
      // A prior allows no such pose.
      if (wild && s % 8 == 7 && b.prior_mean.empty()) pose[2] = -0.3;
      b.sample_pose.insert(b.sample_pose.end(), pose, pose + b.pose_size());
      b.log_weight.push_back(-50 + 2 * random.Normal());
    }
  }
  return b;
}

struct ExpectationCall {
  GradientInputs inputs;
  SampleExpectationArgs args;
  std::vector<double> sample_cost, mean_translation, expected_cost;
  std::vector<int32_t> status;

  explicit ExpectationCall(const SampledBatch& b)
      : inputs(b),
        sample_cost(b.num_objects * b.count, kNaN),
        mean_translation(3 * b.num_objects, kNaN),
        expected_cost(b.num_objects, kNaN),
        status(b.num_objects, -1) {
    const int64_t n = b.num_objects;
    inputs.Attach(&args);
    args.precision = PROPNP_FLOAT64;
    args.sample_pose = ViewOrNone(b.sample_pose, {n, b.count, b.pose_size()});
    args.sample_log_weight = ViewOrNone(b.log_weight, {n, b.count});
    args.sample_cost = ViewOrNone(sample_cost, {n, b.count});
    args.mean_translation = ViewOrNone(mean_translation, {n, 3});
    args.expected_cost = ViewOrNone(expected_cost, {n});
    args.status = ViewOrNone(status, {n});
  }
  ExpectationCall(const ExpectationCall&) = delete;

  Status Run(Context& context) { return SampleExpectation(context, args); }
  Status WorkspaceSize(const Context& context, uint64_t* bytes) const {
    return SampleExpectationWorkspaceSize(context, args, bytes);
  }
  std::vector<double> PartOf(const GradientBatch& b, int64_t object) const {
    std::vector<double> part;
    for (const auto* values : {&sample_cost, &mean_translation, &expected_cost}) {
      AppendRows(*values, b.num_objects, object, object + 1, &part);
    }
    return part;
  }
  std::vector<NamedTensor> Tensors() {
    return {{"sample_pose", &args.sample_pose},     {"sample_log_weight", &args.sample_log_weight},
            {"sample_cost", &args.sample_cost},     {"mean_translation", &args.mean_translation},
            {"expected_cost", &args.expected_cost}, {"status", &args.status}};
  }
};

struct Cotangents {
  std::vector<double> log_weight, mean_translation, expected_cost;
};

inline Cotangents RandomCotangents(TestRandom& random, const SampledBatch& b) {
  Cotangents c;
  for (int64_t k = 0; k < b.num_objects * b.count; ++k) c.log_weight.push_back(random.Normal());
  for (int64_t k = 0; k < 3 * b.num_objects; ++k) c.mean_translation.push_back(random.Normal());
  for (int64_t k = 0; k < b.num_objects; ++k) c.expected_cost.push_back(random.Normal());
  return c;
}

struct BackwardCall {
  GradientInputs inputs;
  GradientOutputs out;
  SampleBackwardArgs args;
  Cotangents cotangents;
  std::vector<int32_t> status;

  BackwardCall(const SampledBatch& b, Cotangents c)
      : inputs(b), out(b), cotangents(std::move(c)), status(b.num_objects, -1) {
    const int64_t n = b.num_objects;
    inputs.Attach(&args);
    args.precision = PROPNP_FLOAT64;
    args.sample_pose = ViewOrNone(b.sample_pose, {n, b.count, b.pose_size()});
    args.sample_log_weight = ViewOrNone(b.log_weight, {n, b.count});
    args.log_weight_cotangent = ViewOrNone(cotangents.log_weight, {n, b.count});
    args.mean_translation_cotangent = ViewOrNone(cotangents.mean_translation, {n, 3});
    args.expected_cost_cotangent = ViewOrNone(cotangents.expected_cost, {n});
    args.gradients = &out.gradients;
    args.status = ViewOrNone(status, {n});
  }
  BackwardCall(const BackwardCall&) = delete;

  Status Run(Context& context) { return SampleBackward(context, args); }
  Status WorkspaceSize(const Context& context, uint64_t* bytes) const {
    return SampleBackwardWorkspaceSize(context, args, bytes);
  }
  std::vector<double> PartOf(const GradientBatch& b, int64_t object) const {
    return propnp::test::PartOf(b, out, object);
  }
  std::vector<NamedTensor> Tensors() {
    std::vector<NamedTensor> all = TensorsOf(&out.gradients);
    all.push_back({"sample_pose", &args.sample_pose});
    all.push_back({"sample_log_weight", &args.sample_log_weight});
    all.push_back({"log_weight_cotangent", &args.log_weight_cotangent});
    all.push_back({"mean_translation_cotangent", &args.mean_translation_cotangent});
    all.push_back({"expected_cost_cotangent", &args.expected_cost_cotangent});
    all.push_back({"status", &args.status});
    return all;
  }
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_SAMPLED_BATCH_H_
