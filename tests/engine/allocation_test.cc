// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// With a workspace nothing is allocated; the workspace is as large as asked for and no larger.
#include <cstdlib>
#include <memory>
#include <thread>

#include "tests/engine/aligned_bytes.h"
#include "tests/engine/allocation_count.h"
#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

Batch MakeBatch(int dof) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 9;
  simulation.dof = dof;
  simulation.noise_px = 1;
  Batch batch = Simulate(random, simulation);
  batch.cost.loss = PROPNP_LOSS_ADAPTIVE_HUBER;
  batch.options.covariance = PROPNP_COVARIANCE_SANDWICH;
  return batch;
}

// The counter itself counts, on this thread and on another.
TEST(Allocation, IsCounted) {
  if (!CanCountAllocations()) GTEST_SKIP() << "allocations cannot be counted here";
  StartCountingAllocations();
  void* volatile memory = std::malloc(10);
  std::free(memory);
  memory = std::aligned_alloc(64, 64);
  std::free(memory);
  int* volatile number = new int(1);
  delete number;
  EXPECT_EQ(StopCountingAllocations(), 3);
  StartCountingAllocations();
  std::thread([] { std::free(std::malloc(10)); }).join();
  EXPECT_GE(StopCountingAllocations(), 1);
}

template <typename Call>
long AllocationsOf(Context& context, Call* call) {
  EXPECT_TRUE(call->Run(context).ok());  // the first call starts the threads
  StartCountingAllocations();
  const Status status = call->Run(context);
  const long count = StopCountingAllocations();
  EXPECT_TRUE(status.ok()) << status.message();
  return count;
}

TEST(Allocation, IsNoneInSolveWithAWorkspace) {
  if (!CanCountAllocations()) GTEST_SKIP() << "allocations cannot be counted here";
  for (const int threads : {1, 3}) {
    Context context(threads);
    for (const int dof : {6, 4}) {
      for (const int32_t precision : {PROPNP_FLOAT32, PROPNP_FLOAT64}) {
        for (const bool given : {false, true}) {
          Batch batch = MakeBatch(dof);
          if (given) batch.pose_init = batch.pose_target = batch.true_pose;
          SolveCall call(batch);
          call.args.precision = precision;
          EXPECT_GT(AllocationsOf(context, &call), 0);
          uint64_t bytes = 0;
          ASSERT_TRUE(SolveWorkspaceSize(context, call.args, &bytes).ok());
          const GuardedWorkspace workspace(bytes, &call.args);
          EXPECT_EQ(AllocationsOf(context, &call), 0);
        }
      }
    }
  }
}

TEST(Allocation, IsNoneInEvaluateWithAWorkspace) {
  if (!CanCountAllocations()) GTEST_SKIP() << "allocations cannot be counted here";
  Context context(3);
  const Batch batch = MakeBatch(6);
  EvaluateCall call(batch, batch.true_pose);
  EXPECT_GT(AllocationsOf(context, &call), 0);
  uint64_t bytes = 0;
  ASSERT_TRUE(EvaluateWorkspaceSize(context, call.args, &bytes).ok());
  const GuardedWorkspace workspace(bytes, &call.args);
  EXPECT_EQ(AllocationsOf(context, &call), 0);
}

// Nothing is written beyond the size that was named.
TEST(Workspace, IsNotOverrun) {
  for (const int threads : {1, 3}) {
    Context context(threads);
    for (const int dof : {6, 4}) {
      for (const int32_t precision : {PROPNP_FLOAT32, PROPNP_FLOAT64}) {
        for (const bool information : {false, true}) {
          Batch batch = MakeBatch(dof);
          batch.options.start_points = 7;
          if (information) {
            for (int64_t k = 0; k < 9 * batch.num_points; ++k) {
              batch.sqrt_info.insert(batch.sqrt_info.end(), {1.0, 0.1, -0.1, 1.0});
            }
          }
          SolveCall call(batch);
          call.args.precision = precision;
          uint64_t bytes = 0;
          ASSERT_TRUE(SolveWorkspaceSize(context, call.args, &bytes).ok());
          const GuardedWorkspace workspace(bytes, &call.args);
          ASSERT_TRUE(call.Run(context).ok());
          workspace.ExpectIntactGuard();
        }
      }
    }
  }
}

TEST(Workspace, TooSmallOrMisalignedIsRefused) {
  const Batch batch = MakeBatch(6);
  SolveCall solve(batch);
  EvaluateCall evaluate(batch, batch.true_pose);
  uint64_t solve_bytes = 0, evaluate_bytes = 0;
  ASSERT_TRUE(SolveWorkspaceSize(SharedContext(), solve.args, &solve_bytes).ok());
  ASSERT_TRUE(EvaluateWorkspaceSize(SharedContext(), evaluate.args, &evaluate_bytes).ok());
  const AlignedBytes memory(solve_bytes + evaluate_bytes + 64);
  const auto refuse = [&](auto* call, uint64_t bytes) {
    call->args.workspace = memory.data();
    call->args.workspace_size = bytes - 1;
    const Status small = call->Run(SharedContext());
    EXPECT_EQ(small.code(), StatusCode::kWorkspaceTooSmall);
    EXPECT_NE(small.message().find(std::to_string(bytes - 1)), std::string::npos);
    EXPECT_NE(small.message().find(std::to_string(bytes)), std::string::npos);
    call->args.workspace = memory.data() + 8;
    call->args.workspace_size = bytes;
    EXPECT_EQ(call->Run(SharedContext()).code(), StatusCode::kInvalidArgument);
    call->args.workspace = memory.data();
    EXPECT_TRUE(call->Run(SharedContext()).ok());
  };
  refuse(&solve, solve_bytes);
  refuse(&evaluate, evaluate_bytes);
}

// More threads need more of it, given poses and fewer points less.
TEST(Workspace, SizeFollowsTheCall) {
  const Batch batch = MakeBatch(6);
  SolveCall call(batch);
  const auto size = [&](int threads) {
    uint64_t bytes = 0;
    const Context context(threads);
    EXPECT_TRUE(SolveWorkspaceSize(context, call.args, &bytes).ok());
    return bytes;
  };
  const uint64_t one = size(1);
  EXPECT_GT(size(4), one);
  call.options.num_starts *= 100;
  EXPECT_GT(size(1), one);
}

}  // namespace
}  // namespace propnp::test
