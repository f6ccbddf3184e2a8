// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The callbacks of a context are what it works with, and whatever they do, no exception crosses.
#include <cstdlib>
#include <new>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/c_api/c_context.h"

namespace propnp::test {
namespace {

struct Line {
  int32_t level;
  std::string text;
};

struct Recorder {
  std::vector<Line> lines;
  std::thread::id thread = std::this_thread::get_id();

  static void Log(void* user_data, int32_t level, const char* message) {
    Recorder& recorder = *static_cast<Recorder*>(user_data);
    EXPECT_EQ(std::this_thread::get_id(), recorder.thread);
    recorder.lines.push_back({level, message});
  }
  void Attach(propnp_context_options* options, int32_t level) {
    options->log = &Log;
    options->log_user_data = this;
    options->log_level = level;
  }
  bool Has(int32_t level, const std::string& part) const {
    return std::any_of(lines.begin(), lines.end(), [&](const Line& line) {
      return line.level == level && line.text.find(part) != std::string::npos;
    });
  }
};

TEST(Log, SaysWhereACallRanAndWhatItAllocated) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  SolveCall call(batch);
  Recorder recorder;
  propnp_context_options options = DefaultContextOptions();
  recorder.Attach(&options, PROPNP_LOG_DEBUG);
  const CContext context(options);
  EXPECT_TRUE(recorder.Has(PROPNP_LOG_INFO, propnp_build_info()));
  EXPECT_TRUE(recorder.Has(PROPNP_LOG_INFO, "2 threads"));
  uint64_t bytes = 0;
  ASSERT_EQ(propnp_solve_workspace_size(context.get(), &call.args, &bytes), PROPNP_OK);
  ASSERT_EQ(propnp_solve(context.get(), &call.args), PROPNP_OK);
  EXPECT_TRUE(recorder.Has(PROPNP_LOG_DEBUG, "workspace of " + std::to_string(bytes) + " bytes"));
  EXPECT_TRUE(recorder.Has(PROPNP_LOG_DEBUG, "propnp_solve: done on the CPU"));
  call.args.pose.ndim = 1;
  ASSERT_EQ(propnp_solve(context.get(), &call.args), PROPNP_ERROR_INVALID_ARGUMENT);
  EXPECT_TRUE(recorder.Has(PROPNP_LOG_ERROR, "pose has shape (3)"));
}

TEST(Log, KeepsToItsLevel) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  SolveCall call(batch);
  Recorder recorder;
  propnp_context_options options = DefaultContextOptions();
  recorder.Attach(&options, PROPNP_LOG_ERROR);
  const CContext context(options);
  ASSERT_EQ(propnp_solve(context.get(), &call.args), PROPNP_OK);
  EXPECT_TRUE(recorder.lines.empty());
  EXPECT_EQ(propnp_solve(context.get(), nullptr), PROPNP_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(recorder.lines.size(), 1u);
}

// An allocator that counts, and can fail in several ways.
struct Allocator {
  enum Mode { kWorks, kGivesNull, kThrowsBadAlloc, kThrowsOther, kMisaligns };
  Mode mode = kWorks;
  int allocated = 0, freed = 0;
  uint64_t last_bytes = 0;

  static void* Allocate(void* user_data, uint64_t bytes, uint64_t alignment) {
    Allocator& self = *static_cast<Allocator*>(user_data);
    if (self.mode == kThrowsBadAlloc) throw std::bad_alloc();
    if (self.mode == kThrowsOther) throw std::runtime_error("the user's allocator");
    if (self.mode == kGivesNull) return nullptr;
    EXPECT_EQ(alignment, 64u);
    self.last_bytes = bytes;
    ++self.allocated;
    char* const memory = static_cast<char*>(std::aligned_alloc(64, bytes + 64));
    return memory + (self.mode == kMisaligns ? 8 : 0);
  }
  static void Deallocate(void* user_data, void* memory, uint64_t bytes) {
    Allocator& self = *static_cast<Allocator*>(user_data);
    EXPECT_EQ(bytes, self.last_bytes);
    ++self.freed;
    std::free(static_cast<char*>(memory) - (self.mode == kMisaligns ? 8 : 0));
  }
  propnp_context_options Options() {
    propnp_context_options options = DefaultContextOptions();
    options.allocate = &Allocate;
    options.deallocate = &Deallocate;
    options.allocator_user_data = this;
    return options;
  }
};

TEST(Allocator, GivesTheWorkspaceUnlessTheCallerDoes) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  SolveCall call(batch);
  Allocator allocator;
  const CContext context(allocator.Options());
  ASSERT_EQ(propnp_solve(context.get(), &call.args), PROPNP_OK);
  EXPECT_EQ(allocator.allocated, 1);
  EXPECT_EQ(allocator.freed, 1);
  uint64_t bytes = 0;
  ASSERT_EQ(propnp_solve_workspace_size(context.get(), &call.args, &bytes), PROPNP_OK);
  EXPECT_EQ(allocator.last_bytes, bytes);
  call.args.workspace = std::aligned_alloc(64, bytes);
  call.args.workspace_size = bytes;
  ASSERT_EQ(propnp_solve(context.get(), &call.args), PROPNP_OK);
  EXPECT_EQ(allocator.allocated, 1);
  std::free(call.args.workspace);
}

TEST(Allocator, MayFailInAnyWay) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  SolveCall call(batch);
  Allocator allocator;
  const CContext context(allocator.Options());
  const auto solve = [&](Allocator::Mode mode) {
    allocator.mode = mode;
    return propnp_solve(context.get(), &call.args);
  };
  ExpectError(context, solve(Allocator::kGivesNull), PROPNP_ERROR_OUT_OF_MEMORY, "allocate");
  ExpectError(context, solve(Allocator::kThrowsBadAlloc), PROPNP_ERROR_OUT_OF_MEMORY, "memory");
  ExpectError(context, solve(Allocator::kThrowsOther), PROPNP_ERROR_INTERNAL, "user's allocator");
  ExpectError(context, solve(Allocator::kMisaligns), PROPNP_ERROR_INVALID_ARGUMENT, "aligned");
  EXPECT_EQ(allocator.allocated, allocator.freed);
  EXPECT_EQ(solve(Allocator::kWorks), PROPNP_OK);
}

TEST(Allocator, IsWholeOrNotThere) {
  Allocator allocator;
  propnp_context_options options = allocator.Options();
  options.deallocate = nullptr;
  propnp_context* context = nullptr;
  EXPECT_EQ(propnp_context_create(&options, &context), PROPNP_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(context, nullptr);
  EXPECT_NE(std::string(propnp_last_error(nullptr)).find("both or neither"), std::string::npos);
}

// Runs tasks on threads of its own, or breaks its promise.
struct Scheduler {
  enum Mode { kThreads, kBackwards, kSkipsOne, kTwice, kBeyond, kThrows };
  Mode mode = kThreads;
  int calls = 0;
  std::set<int32_t> counts;

  static void ParallelFor(void* user_data, int32_t count, propnp_task task, void* task_data) {
    Scheduler& self = *static_cast<Scheduler*>(user_data);
    ++self.calls;
    self.counts.insert(count);
    std::vector<std::thread> threads;
    for (int32_t i = count - 1; i >= 0; --i) {
      if (self.mode == kThrows) throw std::runtime_error("the user's threads");
      if (self.mode == kSkipsOne && i == 1) continue;
      if (self.mode == kThreads) {
        threads.emplace_back([=] { task(task_data, i); });
      } else {
        task(task_data, i);
        if (self.mode == kTwice) task(task_data, i);
        if (self.mode == kBeyond) task(task_data, count + i), task(task_data, -1 - i);
      }
    }
    for (std::thread& thread : threads) thread.join();
  }
  propnp_context_options Options(int32_t parts) {
    propnp_context_options options = DefaultContextOptions();
    options.num_threads = parts;
    options.parallel_for = &ParallelFor;
    options.parallel_for_user_data = this;
    return options;
  }
};

TEST(ParallelFor, ReplacesTheThreadsAndChangesNoBit) {
  TestRandom random;
  const Batch batch = EasyBatch(random, 7);
  const CContext plain(1);
  SolveCall expected(batch);
  ASSERT_EQ(propnp_solve(plain.get(), &expected.args), PROPNP_OK);
  for (const int32_t parts : {1, 3, 100}) {
    for (const auto mode : {Scheduler::kThreads, Scheduler::kBackwards, Scheduler::kTwice}) {
      Scheduler scheduler;
      scheduler.mode = mode;
      const CContext context(scheduler.Options(parts));
      SolveCall call(batch);
      ASSERT_EQ(propnp_solve(context.get(), &call.args), PROPNP_OK) << context.error();
      EXPECT_EQ(scheduler.calls, 1);
      EXPECT_EQ(scheduler.counts, std::set<int32_t>{parts});
      EXPECT_EQ(call.out.pose, expected.out.pose);
      EXPECT_EQ(call.out.covariance, expected.out.covariance);
    }
  }
}

// An OpenMP whose teams have `team` threads, whatever they are asked for.
int team = 0, regions = 0;
unsigned asked_for = 0;
void GompParallel(void (*body)(void*), void* data, unsigned num_threads, unsigned) {
  ++regions;
  asked_for = num_threads;
  std::vector<std::thread> threads;
  for (int i = 1; i < team; ++i) threads.emplace_back(body, data);
  body(data);
  for (std::thread& thread : threads) thread.join();
}

// A team may be smaller than asked for, as inside a parallel region.
TEST(ParallelFor, OfOpenMpRunsEverythingWhateverTheTeam) {
  TestRandom random;
  const Batch batch = EasyBatch(random, 7);
  const CContext plain(1);
  SolveCall expected(batch);
  ASSERT_EQ(propnp_solve(plain.get(), &expected.args), PROPNP_OK);
  propnp_context_options options = DefaultContextOptions();
  options.parallel_for = &propnp_openmp_parallel_for;
  for (const bool given : {true, false}) {
    options.parallel_for_user_data = given ? reinterpret_cast<void*>(&GompParallel) : nullptr;
    for (const int32_t parts : {1, 3}) {
      for (const int threads : {1, 2, 5}) {
        options.num_threads = parts;
        team = threads, regions = 0, asked_for = 0;
        const CContext context(options);
        SolveCall call(batch);
        ASSERT_EQ(propnp_solve(context.get(), &call.args), PROPNP_OK) << context.error();
        const bool alone = !given || parts == 1;
        EXPECT_EQ(regions, alone ? 0 : 1);
        EXPECT_EQ(asked_for, alone ? 0u : static_cast<unsigned>(parts));
        EXPECT_EQ(call.out.pose, expected.out.pose);
        EXPECT_EQ(call.out.covariance, expected.out.covariance);
      }
    }
  }
}

TEST(ParallelFor, ThatBreaksItsPromiseIsFoundOut) {
  TestRandom random;
  const Batch batch = EasyBatch(random, 7);
  SolveCall call(batch);
  Scheduler scheduler;
  const CContext context(scheduler.Options(4));
  const auto solve = [&](Scheduler::Mode mode) {
    scheduler.mode = mode;
    return propnp_solve(context.get(), &call.args);
  };
  ExpectError(context, solve(Scheduler::kSkipsOne), PROPNP_ERROR_INVALID_ARGUMENT, "3 of 4 tasks");
  ExpectError(context, solve(Scheduler::kThrows), PROPNP_ERROR_INTERNAL, "the user's threads");
  EXPECT_EQ(solve(Scheduler::kBeyond), PROPNP_OK);
  EXPECT_EQ(solve(Scheduler::kThreads), PROPNP_OK);
}

TEST(Log, MayThrow) {
  propnp_context_options options = DefaultContextOptions();
  options.log = [](void*, int32_t, const char*) { throw std::runtime_error("the user's log"); };
  options.log_level = PROPNP_LOG_ERROR;
  const CContext context(options);
  EXPECT_EQ(propnp_solve(context.get(), nullptr), PROPNP_ERROR_INVALID_ARGUMENT);
  options.log_level = PROPNP_LOG_INFO;
  propnp_context* none = nullptr;
  EXPECT_EQ(propnp_context_create(&options, &none), PROPNP_ERROR_INTERNAL);
  EXPECT_EQ(none, nullptr);
}

}  // namespace
}  // namespace propnp::test
