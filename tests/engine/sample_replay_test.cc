// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What replaying kept samples has to keep: batches, threads, memory, bad input.
#include <utility>

#include "tests/engine/sampled_batch.h"

namespace propnp::test {
namespace {

constexpr int64_t kFewSamples = 6;

// The samples lie where the batch's poses are, so that a spoiled pose spoils them.
SampledBatch AroundPoses(const GradientBatch& b) {
  SampledBatch sampled;
  static_cast<GradientBatch&>(sampled) = b;
  sampled.count = kFewSamples;
  for (int64_t i = 0; i < b.num_objects; ++i) {
    for (int64_t s = 0; s < kFewSamples; ++s) {
      const double* pose = &b.pose[i * b.pose_size()];
      sampled.sample_pose.insert(sampled.sample_pose.end(), pose, pose + b.pose_size());
      sampled.sample_pose[sampled.sample_pose.size() - b.pose_size()] += 0.01 * s;
      sampled.log_weight.push_back(0.3 * s);
    }
  }
  return sampled;
}

// Calls that own their batch.
template <typename Call>
struct Owned : SampledBatch, Call {
  template <typename... More>
  explicit Owned(const SampledBatch& b, More&&... more)
      : SampledBatch(b), Call(static_cast<const SampledBatch&>(*this), more...) {}
};

auto MakeExpectation() {
  return [](const GradientBatch& b) {
    return std::make_unique<Owned<ExpectationCall>>(AroundPoses(b));
  };
}
auto MakeBackward() {
  return [](const GradientBatch& b) {
    const Cotangents c = {std::vector<double>(b.num_objects * kFewSamples, 0.4),
                          std::vector<double>(b.num_objects * 3, 0.7),
                          std::vector<double>(b.num_objects, -0.2)};
    return std::make_unique<Owned<BackwardCall>>(AroundPoses(b), c);
  };
}

TEST(SampleExpectation, Robustness) {
  TestRandom random;
  const GradientBatch b = FullGradientBatch(random);
  ExpectRobustness(MakeExpectation(), b);
  ExpectAlikeOnAnyInstructionSet(MakeExpectation(), b);
}

TEST(SampleBackward, Robustness) {
  TestRandom random;
  ExpectRobustGradients(MakeBackward(), random);
}

TEST(SampleBackward, BadSamples) {
  TestRandom random;
  const GradientBatch b = FullGradientBatch(random);
  const auto expect_failure = [&](const auto& spoil) {
    const auto call = MakeBackward()(b);
    spoil(call.get());
    ASSERT_TRUE(call->Run(SharedContext()).ok());
    EXPECT_EQ(call->status, (std::vector<int32_t>{PROPNP_STATUS_NON_FINITE_INPUT, 0}));
    for (const double value : call->PartOf(b, 0)) EXPECT_EQ(value, 0);
    EXPECT_NE(call->out.x2d[2 * b.offsets[2]], 0);
  };
  expect_failure([](auto* c) { c->sample_pose[9] = kNaN; });
  expect_failure([](auto* c) { std::fill_n(&c->sample_pose[7 + 3], 4, 0.0); });
  expect_failure([](auto* c) { c->log_weight[2] = kNaN; });
  expect_failure([](auto* c) { c->log_weight[2] = kInfinity; });
  expect_failure([](auto* c) { std::fill_n(c->log_weight.begin(), kFewSamples, -kInfinity); });
  expect_failure([](auto* c) { c->cotangents.log_weight[1] = kNaN; });
  expect_failure([](auto* c) { c->cotangents.mean_translation[1] = kInfinity; });
  expect_failure([](auto* c) { c->cotangents.expected_cost[0] = kNaN; });
  expect_failure([](auto* c) {
    c->args.precision = PROPNP_FLOAT32;
    c->sample_pose[7] = 1e39;
  });
  expect_failure([](auto* c) {
    c->args.precision = PROPNP_FLOAT32;
    c->cotangents.log_weight[1] = 1e39;
  });
}

TEST(SampleBackward, MissingInputsAreRefused) {
  TestRandom random;
  const GradientBatch b = FullGradientBatch(random);
  const auto expect = [&](const std::string& word, const auto& spoil) {
    const auto call = MakeBackward()(b);
    spoil(&call->args);
    const Status status = call->Run(SharedContext());
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find(word), std::string::npos) << status.message();
  };
  expect("sample_pose is missing", [](auto* a) { a->sample_pose = {}; });
  expect("sample_log_weight is missing", [](auto* a) { a->sample_log_weight = {}; });
  expect("all missing", [](auto* a) {
    a->log_weight_cotangent = a->mean_translation_cotangent = a->expected_cost_cotangent = {};
  });
  expect("at least one sample", [](auto* a) { a->sample_pose.shape[1] = 0; });
  expect("precision", [](auto* a) { a->precision = PROPNP_INT32; });
  // Cotangents of the log weights alone need no weights.
  const auto call = MakeBackward()(b);
  call->args.sample_log_weight = {};
  call->args.mean_translation_cotangent = call->args.expected_cost_cotangent = {};
  EXPECT_TRUE(call->Run(SharedContext()).ok());
  EXPECT_EQ(call->status, (std::vector<int32_t>{0, 0}));
}

// Where a prior allows no pose the cost is infinite; with no weight such a sample changes nothing.
TEST(SampleExpectation, SamplesWithoutWeightDoNotCount) {
  TestRandom random;
  const GradientBatch b = FullGradientBatch(random);
  const auto with = MakeExpectation()(b);
  const auto backward = MakeBackward()(b), expected = MakeBackward()(b);
  for (SampledBatch* samples :
       {static_cast<SampledBatch*>(with.get()), static_cast<SampledBatch*>(backward.get())}) {
    samples->sample_pose[2] = -1;
    samples->log_weight[0] = -kInfinity;
  }
  ASSERT_TRUE(with->Run(SharedContext()).ok());
  EXPECT_EQ(with->status, (std::vector<int32_t>{0, 0}));
  EXPECT_EQ(with->sample_cost[0], kInfinity);
  double weights = 0, cost = 0;
  for (int64_t s = 1; s < kFewSamples; ++s) {
    weights += std::exp(0.3 * s), cost += std::exp(0.3 * s) * with->sample_cost[s];
  }
  EXPECT_NEAR(with->expected_cost[0], cost / weights, 1e-12 * cost / weights);
  backward->args.log_weight_cotangent = expected->args.log_weight_cotangent = {};
  expected->log_weight[0] = -kInfinity;
  ASSERT_TRUE(backward->Run(SharedContext()).ok());
  ASSERT_TRUE(expected->Run(SharedContext()).ok());
  EXPECT_EQ(backward->status, (std::vector<int32_t>{0, 0}));
  EXPECT_EQ(backward->PartOf(b, 0), expected->PartOf(b, 0));
}

}  // namespace
}  // namespace propnp::test
