// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What is no prior is refused, by name or for the object alone.
#include <memory>
#include <string>

#include "tests/engine/allocation_count.h"
#include "tests/engine/own_prior.h"
#include "tests/engine/posterior_batch.h"
#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

Batch TenPoints(TestRandom& random) {
  Simulation simulation;
  simulation.points = 10;
  simulation.noise_px = 1;
  return Simulate(random, simulation);
}

TEST(PriorChecks, NameFieldAndShape) {
  TestRandom random;
  const Batch b = TenPoints(random);
  const auto expect_message = [&](const std::string& part, OwnPrior own, const auto& change) {
    own.For(1);
    change(&own.prior);
    EvaluateCall call(b, b.true_pose);
    call.cost.prior = &own.prior;
    const std::string message = call.Run(SharedContext()).message();
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  const auto pose = [&] { return OwnPrior::Pose(6, b.true_pose.data(), 0.1, 0.1); };
  const auto range = [] { return OwnPrior::DepthRange({1, 2}, {1, 1}); };
  expect_message("cost.prior.kind is 3, expected 0 to 2", pose(), [](Prior* p) { p->kind = 3; });
  expect_message("cost.prior.mean is missing", pose(), [](Prior* p) { p->kind = 0; });
  expect_message("cost.prior.pose is given, but cost.prior.kind is 1", range(),
                 [](Prior* p) { p->pose = p->depth; });
  expect_message("cost.prior.covariance has shape (1, 6, 4), expected (1, 6, 6)", pose(),
                 [](Prior* p) { p->covariance.shape[2] = 4; });
  expect_message("cost.prior.sigma and cost.prior.covariance are both given",
                 OwnPrior::LogDepth({0, 0, 1}, {1, 1, 1}),
                 [](Prior* p) { p->covariance = p->sigma; });
  expect_message(
      "cost.prior.covariance has shape (1, 6, 6), expected (1, 3, 3)", pose(),
      [](Prior* p) { p->kind = 0, p->mean = p->pose, p->pose = {}, p->mean.shape[1] = 3; });
  expect_message("cost.prior.bound has shape (1, 3), expected (1, 2) or (1, 4)", range(),
                 [](Prior* p) { p->bound.shape[1] = 3; });
}

// Messages are made when there is something to say.
TEST(PriorChecks, AllocateNothing) {
  if (!CanCountAllocations()) GTEST_SKIP() << "allocations cannot be counted here";
  TestRandom random;
  const Batch b = TenPoints(random);
  OwnPrior own = OwnPrior::Pose(6, b.true_pose.data(), 0.1, 0.1);
  EvaluateCall call(b, b.true_pose);
  call.cost.prior = own.For(1);
  uint64_t bytes = 0;
  ASSERT_TRUE(EvaluateWorkspaceSize(SharedContext(), call.args, &bytes).ok());
  std::vector<char> memory(bytes + 64);
  void* aligned = memory.data();
  size_t space = memory.size();
  call.args.workspace = std::align(64, bytes, aligned, space);
  call.args.workspace_size = bytes;
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  StartCountingAllocations();
  const Status status = call.Run(SharedContext());
  EXPECT_EQ(StopCountingAllocations(), 0);
  EXPECT_TRUE(status.ok());
}

TEST(PriorChecks, RefuseGradientsThatThereAreNot) {
  TestRandom random;
  const Batch b = TenPoints(random);
  OwnPrior range = OwnPrior::DepthRange({1, 9}, {1, 1});
  OwnPrior pose = OwnPrior::Pose(6, b.true_pose.data(), 0.1, 0.1);
  OwnPrior plain = OwnPrior::LogDepth({0, 0, 1}, {1, 1, 1});
  OwnPrior correlated = OwnPrior::CorrelatedLogDepth({0, 0, 1}, {1, 0, 0, 0, 1, 0, 0, 0, 1});
  const auto expect_message = [&](const std::string& part, OwnPrior* own,
                                  propnp_tensor propnp_sample_args::*field,
                                  std::initializer_list<int64_t> shape) {
    const Correspondences correspondences = CorrespondencesOf(b);
    const Cameras cameras = CamerasOf(b);
    CostOptions cost = b.cost;
    cost.prior = own ? own->For(1) : nullptr;
    const SampleOptions options;
    double numbers[36];
    SampleArgs args;
    args.correspondences = &correspondences, args.cameras = &cameras, args.cost = &cost;
    args.start_options = &b.options, args.options = &options;
    args.*field = View(numbers, shape);
    const std::string message = SamplePosterior(SharedContext(), args).message();
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  using Args = propnp_sample_args;
  expect_message("grad_prior_mean is given", nullptr, &Args::grad_prior_mean, {1, 3});
  expect_message("grad_prior_mean is given", &range, &Args::grad_prior_mean, {1, 3});
  expect_message("grad_prior_mean has shape (1, 7), expected (1, 6)", &pose, &Args::grad_prior_mean,
                 {1, 7});
  expect_message("grad_prior_sigma is given", &pose, &Args::grad_prior_sigma, {1, 3});
  expect_message("grad_prior_sigma is given", &correlated, &Args::grad_prior_sigma, {1, 3});
  expect_message("grad_prior_covariance is given", &plain, &Args::grad_prior_covariance, {1, 3, 3});
  expect_message("expected (1, 6, 6)", &pose, &Args::grad_prior_covariance, {1, 3, 3});
  expect_message("grad_prior_depth is given", &pose, &Args::grad_prior_depth, {1, 2});
  expect_message("grad_prior_bound has shape (1, 4), expected (1, 2)", &range,
                 &Args::grad_prior_bound, {1, 4});
}

// Numbers that are no density fail the object that has them, and no other.
TEST(PriorChecks, AnObjectWithoutADensityFailsAlone) {
  TestRandom random;
  const Batch b = Copies(TenPoints(random), 2);
  struct Spoiled {
    OwnPrior prior;
    bool second;
    int element;
    double value;
  };
  const double* mean = b.true_pose.data();
  for (const Spoiled& spoiled : {Spoiled{OwnPrior::LogDepth({0, 0, 1}, {1, 1, 1}), true, 2, 0.0},
                                 {OwnPrior::LogDepth({0, 0, 1}, {1, 1, 1}), false, 0, kNaN},
                                 {OwnPrior::DepthRange({1, 9}, {1, 1}), false, 1, 0.5},
                                 {OwnPrior::DepthRange({1, 9}, {1, 1}), true, 0, -1.0},
                                 {OwnPrior::DepthRange({1, 9}, {-1, 1, -1, 1}), true, 3, kInfinity},
                                 {OwnPrior::Pose(6, mean, 0.1, 0.1), true, 0, -1.0},
                                 {OwnPrior::Pose(6, mean, 0.1, 0.1), true, 21, 4.0},
                                 {OwnPrior::Pose(6, mean, 0.1, 0.1), false, 3, kNaN}}) {
    OwnPrior own = spoiled.prior;
    std::vector<double> rows[2] = {Repeated(own.first, 2), Repeated(own.second, 2)};
    rows[spoiled.second][spoiled.element] = spoiled.value;
    Prior prior = own.prior;
    int row = 0;
    for (propnp_tensor* t :
         {&prior.mean, &prior.sigma, &prior.depth, &prior.bound, &prior.pose, &prior.covariance}) {
      if (!IsGiven(*t)) continue;
      t->data = rows[row].data();
      t->shape[0] = 2;
      t->stride[0] = static_cast<int64_t>(rows[row++].size()) / 2;
    }
    EvaluateCall call(b, b.true_pose);
    call.cost.prior = &prior;
    ASSERT_TRUE(call.Run(SharedContext()).ok());
    EXPECT_EQ(call.status[0], PROPNP_STATUS_NON_FINITE_INPUT) << prior.kind;
    EXPECT_EQ(call.status[1], 0) << prior.kind;
    EXPECT_TRUE(std::isfinite(call.cost_value[1]));
  }
}

}  // namespace
}  // namespace propnp::test
