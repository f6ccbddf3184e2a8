// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Every verb does what the engine's operation of its name does, to the bit, in a workspace of the
// size that its query tells.
#include "tests/c_api/c_context.h"
#include "tests/engine/implicit_gradient_call.h"
#include "tests/engine/pose_plus_call.h"
#include "tests/engine/sampled_batch.h"
#include "tests/engine/summary_call.h"

namespace propnp::test {
namespace {

// The verb with a workspace of its size and without, and that a smaller one is refused.
template <typename Args>
void RunVerb(int32_t (*query)(propnp_context*, const Args*, uint64_t*),
             int32_t (*verb)(propnp_context*, const Args*), Args* args) {
  const CContext context(2);
  ASSERT_EQ(verb(context.get(), args), PROPNP_OK) << context.error();
  uint64_t bytes = 0;
  ASSERT_EQ(query(context.get(), args, &bytes), PROPNP_OK) << context.error();
  const AlignedBytes memory(bytes);
  args->workspace = memory.data();
  args->workspace_size = bytes - 1;
  ExpectError(context, verb(context.get(), args), PROPNP_ERROR_WORKSPACE_TOO_SMALL,
              std::to_string(bytes));
  args->workspace_size = bytes;
  StartCountingAllocations();
  const int32_t code = verb(context.get(), args);
  const long allocations = StopCountingAllocations();
  ASSERT_EQ(code, PROPNP_OK) << context.error();
  if (CanCountAllocations()) {
    EXPECT_EQ(allocations, 0);
  }
}

// The part of a batch's answers that a call of gradient_operation.h tells.
template <typename Call>
void ExpectSameParts(const GradientBatch& b, const Call& actual, const Call& expected) {
  EXPECT_EQ(actual.status, expected.status);
  for (int64_t i = 0; i < b.num_objects; ++i) {
    EXPECT_EQ(actual.PartOf(b, i), expected.PartOf(b, i));
  }
}

TEST(Verb, Solve) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  SolveCall expected(batch), actual(batch);
  ASSERT_TRUE(expected.Run(SharedContext()).ok());
  RunVerb<propnp_solve_args>(propnp_solve_workspace_size, propnp_solve, &actual.args);
  for (int64_t i = 0; i < batch.num_objects; ++i) {
    EXPECT_TRUE(SameObject(actual.out, i, expected.out, i));
  }
}

TEST(Verb, Evaluate) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  EvaluateCall expected(batch, batch.true_pose), actual(batch, batch.true_pose);
  ASSERT_TRUE(expected.Run(SharedContext()).ok());
  RunVerb<propnp_evaluate_args>(propnp_evaluate_workspace_size, propnp_evaluate, &actual.args);
  EXPECT_EQ(actual.cost_value, expected.cost_value);
  EXPECT_EQ(actual.jacobian, expected.jacobian);
  EXPECT_EQ(actual.hessian, expected.hessian);
}

TEST(Verb, Sample) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  SummaryCall expected(batch), actual(batch);
  ASSERT_TRUE(expected.Run().ok());
  RunVerb<propnp_sample_args>(propnp_sample_workspace_size, propnp_sample, &actual.args);
  EXPECT_EQ(actual.log_evidence, expected.log_evidence);
  EXPECT_EQ(actual.sample_pose, expected.sample_pose);
  EXPECT_EQ(actual.draws, expected.draws);
  EXPECT_EQ(actual.mode_covariance, expected.mode_covariance);
}

TEST(Verb, SampleExpectation) {
  TestRandom random;
  const SampledBatch batch = Sampled(random, FullGradientBatch(random), 20, Spread::kPosterior);
  ExpectationCall expected(batch), actual(batch);
  ASSERT_TRUE(expected.Run(SharedContext()).ok());
  RunVerb<propnp_sample_expectation_args>(propnp_sample_expectation_workspace_size,
                                          propnp_sample_expectation, &actual.args);
  ExpectSameParts(batch, actual, expected);
}

TEST(Verb, SampleBackward) {
  TestRandom random;
  const SampledBatch batch = Sampled(random, FullGradientBatch(random), 20, Spread::kPosterior);
  const Cotangents cotangents = RandomCotangents(random, batch);
  BackwardCall expected(batch, cotangents), actual(batch, cotangents);
  ASSERT_TRUE(expected.Run(SharedContext()).ok());
  RunVerb<propnp_sample_backward_args>(propnp_sample_backward_workspace_size,
                                       propnp_sample_backward, &actual.args);
  ExpectSameParts(batch, actual, expected);
}

TEST(Verb, PosePlus) {
  TestRandom random;
  const GradientBatch batch = FullGradientBatch(random);
  PosePlusCall expected(batch), actual(batch);
  ASSERT_TRUE(expected.Run(SharedContext()).ok());
  RunVerb<propnp_pose_plus_args>(propnp_pose_plus_workspace_size, propnp_pose_plus, &actual.args);
  ExpectSameParts(batch, actual, expected);
}

TEST(Verb, PosePlusBackward) {
  TestRandom random;
  const GradientBatch batch = FullGradientBatch(random);
  const std::vector<double> by_pose(batch.pose.size(), 0.3);
  const std::vector<double> by_step(batch.num_objects * 6, 0.7);
  PosePlusBackwardCall expected(batch, by_pose, by_step), actual(batch, by_pose, by_step);
  ASSERT_TRUE(expected.Run(SharedContext()).ok());
  RunVerb<propnp_pose_plus_backward_args>(propnp_pose_plus_backward_workspace_size,
                                          propnp_pose_plus_backward, &actual.args);
  ExpectSameParts(batch, actual, expected);
}

TEST(Verb, ImplicitGradient) {
  TestRandom random;
  const GradientBatch batch = FullGradientBatch(random);
  const std::vector<double> by_pose(batch.pose.size(), 0.3);
  const std::vector<double> by_tangent(batch.num_objects * 6, 0.7);
  ImplicitGradientCall expected(batch, by_pose, by_tangent), actual(batch, by_pose, by_tangent);
  ASSERT_TRUE(expected.Run(SharedContext()).ok());
  RunVerb<propnp_implicit_gradient_args>(propnp_implicit_gradient_workspace_size,
                                         propnp_implicit_gradient, &actual.args);
  ExpectSameParts(batch, actual, expected);
}

// What was sampled is drawn from again, and gives what the sampler itself drew.
TEST(Verb, Draw) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  constexpr int64_t kSamples = 512, kDraws = 16;
  SummaryCall sampled(batch, kSamples, kDraws);
  const int64_t n = batch.num_objects;
  std::vector<double> log_weight(n * kSamples), draws(n * kDraws * 7);
  sampled.options.seed = 77;
  sampled.args.sample_log_weight = View(log_weight.data(), {n, kSamples});
  ASSERT_TRUE(sampled.Run().ok());
  propnp_draw_args args;
  ASSERT_EQ(propnp_draw_args_init(&args, sizeof args), PROPNP_OK);
  args.seed = 77;
  args.sample_pose = sampled.args.sample_pose;
  args.sample_log_weight = sampled.args.sample_log_weight;
  args.draws = View(draws.data(), {n, kDraws, 7});
  RunVerb<propnp_draw_args>(propnp_draw_workspace_size, propnp_draw, &args);
  EXPECT_EQ(draws, sampled.draws);
}

// There and back again.
TEST(Verb, TangentConversions) {
  TestRandom random;
  const CContext context;
  double pose[7], moved[7], step[6] = {0.1, -0.2, 0.3, 0.2, 0.1, -0.1}, back[6], other[6];
  random.Pose(pose);
  propnp_move_pose_args move;
  ASSERT_EQ(propnp_move_pose_args_init(&move, sizeof move), PROPNP_OK);
  move.tangent = PROPNP_TANGENT_GTSAM;
  move.pose = View(pose, {1, 7});
  move.step = View(step, {1, 6});
  move.moved = View(moved, {1, 7});
  ASSERT_EQ(propnp_move_pose(context.get(), &move), PROPNP_OK) << context.error();
  propnp_pose_difference_args difference;
  ASSERT_EQ(propnp_pose_difference_args_init(&difference, sizeof difference), PROPNP_OK);
  difference.tangent = PROPNP_TANGENT_ROTATION_VECTOR;
  difference.from = move.pose;
  difference.to = move.moved;
  difference.step = View(other, {1, 6});
  ASSERT_EQ(propnp_pose_difference(context.get(), &difference), PROPNP_OK) << context.error();
  propnp_convert_step_args convert;
  ASSERT_EQ(propnp_convert_step_args_init(&convert, sizeof convert), PROPNP_OK);
  convert.from = PROPNP_TANGENT_ROTATION_VECTOR;
  convert.to = PROPNP_TANGENT_GTSAM;
  convert.pose = move.pose;
  convert.step = difference.step;
  convert.result = View(back, {1, 6});
  ASSERT_EQ(propnp_convert_step(context.get(), &convert), PROPNP_OK) << context.error();
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(back[i], step[i], 1e-14);

  double covariance[36] = {}, there[36], again[36];
  for (int i = 0; i < 6; ++i) covariance[7 * i] = i + 1;
  propnp_convert_covariance_args args;
  ASSERT_EQ(propnp_convert_covariance_args_init(&args, sizeof args), PROPNP_OK);
  args.to = PROPNP_TANGENT_INVERSE_POSE;
  args.pose = move.pose;
  args.covariance = View(covariance, {1, 6, 6});
  args.result = View(there, {1, 6, 6});
  ASSERT_EQ(propnp_convert_covariance(context.get(), &args), PROPNP_OK) << context.error();
  std::swap(args.from, args.to);
  args.covariance = args.result;
  args.result = View(again, {1, 6, 6});
  ASSERT_EQ(propnp_convert_covariance(context.get(), &args), PROPNP_OK) << context.error();
  // A covariance of a few dozen, mapped twice.
  for (int i = 0; i < 36; ++i) EXPECT_NEAR(again[i], covariance[i], 1e-12);
}

}  // namespace
}  // namespace propnp::test
