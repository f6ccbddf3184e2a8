// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The same bits from any number of threads, any split of the batch, a forked child, and two
// contexts at once.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "propnp/engine/for_each_row.h"
#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

// Objects of very unequal size, some of them empty or spoiled.
Batch UnevenBatch(TestRandom& random, int64_t objects) {
  Simulation simulation;
  simulation.objects = objects;
  simulation.points = 200;
  simulation.noise_px = 1;
  Batch batch = Simulate(random, simulation);
  for (int64_t i = 0; i < objects; ++i) {
    batch.counts.push_back(i % 5 == 0 ? 200 : i % 5 == 1 ? 0 : 3 + 2 * i % 40);
  }
  batch.x2d[2 * 200 * (objects / 2)] = kNaN;
  batch.options.num_starts = 8;
  return batch;
}

TEST(Threads, AnyNumberGivesTheSameBits) {
  TestRandom random;
  for (const int64_t objects : {1, 3, 40}) {
    const Batch batch = UnevenBatch(random, objects);
    Context one(1);
    const Solution expected = SolveBatch(batch, PROPNP_FLOAT64, one);
    for (const int threads : {2, 3, 7}) {
      Context context(threads);
      EXPECT_EQ(context.num_threads(), threads);
      ExpectSameSolution(expected, SolveBatch(batch, PROPNP_FLOAT64, context));
      ExpectSameSolution(expected, SolveBatch(batch, PROPNP_FLOAT64, context));
    }
  }
}

TEST(Threads, AnySplitGivesTheSameBits) {
  TestRandom random;
  const Batch batch = UnevenBatch(random, 23);
  const Solution whole = SolveBatch(batch);
  for (const int64_t size : {1, 2, 5, 22}) {
    for (int64_t first = 0; first < batch.num_objects; first += size) {
      const Batch part = Slice(batch, first, std::min(first + size, batch.num_objects));
      SolveCall call(part);
      call.correspondences.id_offset = first;
      ASSERT_TRUE(call.Run(SharedContext()).ok());
      for (int64_t i = 0; i < part.num_objects; ++i) {
        EXPECT_TRUE(SameObject(whole, first + i, call.out, i));
      }
    }
  }
}

// A row that takes long keeps nobody from the others; worker 0 has it, whose share of a fixed half
// would wait behind it.
TEST(Threads, OneSlowRowDoesNotHoldUpTheOthers) {
  constexpr int64_t kRows = 100, kRowsOfOthers = 80;
  Context context(2);
  std::atomic<int64_t> done{0};
  bool overtaken = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  const Status status = ForEachRow(context, kRows, [&](int64_t row, int /*worker*/) {
    if (row == 0) {
      while (!overtaken && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
        overtaken = done >= kRowsOfOthers;
      }
    }
    ++done;
  });
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(overtaken);
  EXPECT_EQ(done, kRows);
}

TEST(Threads, EveryRowIsTakenOnce) {
  for (const int64_t count : {0, 1, 2, 7, 1000}) {
    RowQueue rows(count, 3);
    int64_t next = 0;
    for (Range range = rows.Take(); range.begin < range.end; range = rows.Take()) {
      EXPECT_EQ(range.begin, next);
      next = range.end;
    }
    EXPECT_EQ(next, count);
    EXPECT_EQ(rows.Take().size(), 0);
  }
}

TEST(Threads, EvaluateGivesTheSameBits) {
  TestRandom random;
  Batch batch = UnevenBatch(random, 23);
  Context one(1), seven(7);
  EvaluateCall expected(batch, batch.true_pose), actual(batch, batch.true_pose);
  ASSERT_TRUE(expected.Run(one).ok());
  ASSERT_TRUE(actual.Run(seven).ok());
  EXPECT_EQ(expected.cost_value, actual.cost_value);
  EXPECT_EQ(expected.gradient, actual.gradient);
  EXPECT_EQ(expected.hessian, actual.hessian);
  EXPECT_EQ(expected.jacobian, actual.jacobian);
}

bool SameSolution(const Solution& a, const Solution& b) {
  for (size_t i = 0; i < a.status.size(); ++i) {
    if (!SameObject(a, i, b, i)) return false;
  }
  return true;
}

// Waits for the child and returns its exit code, or -1.
int ExitCode(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

TEST(Fork, ChildSolvesWithTheParentsContext) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer cannot start threads after a fork";
#endif
  TestRandom random;
  const Batch batch = UnevenBatch(random, 12);
  auto context = std::make_unique<Context>(3);
  const Solution before = SolveBatch(batch, PROPNP_FLOAT64, *context);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(60);  // a child that hangs is killed
    const bool first = SameSolution(before, SolveBatch(batch, PROPNP_FLOAT64, *context));
    const bool second = SameSolution(before, SolveBatch(batch, PROPNP_FLOAT64, *context));
    context.reset();
    Context fresh(2);
    const bool third = SameSolution(before, SolveBatch(batch, PROPNP_FLOAT64, fresh));
    _exit(first && second && third ? 0 : 1);
  }
  EXPECT_EQ(ExitCode(child), 0);
  // And the parent has not noticed.
  EXPECT_TRUE(SameSolution(before, SolveBatch(batch, PROPNP_FLOAT64, *context)));
}

// A child that never solves only drops the context.
TEST(Fork, ChildDestroysAnUnusedContext) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer and fork do not mix";
#endif
  TestRandom random;
  const Batch batch = UnevenBatch(random, 4);
  auto context = std::make_unique<Context>(3);
  SolveBatch(batch, PROPNP_FLOAT64, *context);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(60);
    context.reset();
    _exit(0);
  }
  EXPECT_EQ(ExitCode(child), 0);
}

TEST(Contexts, TwoThreadsSolveAtOnce) {
  TestRandom random;
  const Batch first = UnevenBatch(random, 12), second = UnevenBatch(random, 17);
  const Solution expected_first = SolveBatch(first), expected_second = SolveBatch(second);
  const auto work = [](const Batch& batch, const Solution& expected, bool* good) {
    Context context(2);
    for (int repeat = 0; repeat < 10; ++repeat) {
      *good &= SameSolution(expected, SolveBatch(batch, PROPNP_FLOAT64, context));
    }
  };
  bool good_first = true, good_second = true;
  std::thread other([&] { work(second, expected_second, &good_second); });
  work(first, expected_first, &good_first);
  other.join();
  EXPECT_TRUE(good_first);
  EXPECT_TRUE(good_second);
}

}  // namespace
}  // namespace propnp::test
