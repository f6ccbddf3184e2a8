// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Many contexts at once, one context from two sides, and the child of a fork.
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <thread>
#include <vector>

#include "tests/c_api/c_context.h"

namespace propnp::test {
namespace {

TEST(Contexts, ManyWorkSideBySide) {
  TestRandom random;
  const Batch batch = EasyBatch(random, 5);
  SolveCall expected(batch);
  const CContext context(1);
  ASSERT_EQ(propnp_solve(context.get(), &expected.args), PROPNP_OK);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&batch, &expected, t] {
      const CContext own(1 + t % 3);
      for (int repeat = 0; repeat < 5; ++repeat) {
        SolveCall call(batch);
        EXPECT_EQ(propnp_solve(own.get(), &call.args), PROPNP_OK);
        EXPECT_EQ(call.out.pose, expected.out.pose);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// While the log of a call waits, the call is being served for sure.
struct Gate {
  std::promise<void> entered, leave;
  std::shared_future<void> may_leave{leave.get_future()};
  bool armed = false;

  static void Log(void* user_data, int32_t, const char*) {
    Gate& gate = *static_cast<Gate*>(user_data);
    if (!gate.armed) return;
    gate.armed = false;
    gate.entered.set_value();
    gate.may_leave.wait();
  }
  propnp_context_options Options() {
    propnp_context_options options = DefaultContextOptions();
    options.log = &Log;
    options.log_user_data = this;
    options.log_level = PROPNP_LOG_DEBUG;
    return options;
  }
};

TEST(Contexts, OneServesOneCallAtATime) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  Gate gate;
  const CContext context(gate.Options());
  gate.armed = true;
  SolveCall first(batch), second(batch);
  std::thread other([&] { EXPECT_EQ(propnp_solve(context.get(), &first.args), PROPNP_OK); });
  gate.entered.get_future().wait();
  EXPECT_EQ(propnp_solve(context.get(), &second.args), PROPNP_ERROR_BUSY);
  EXPECT_NE(std::string(propnp_last_error(nullptr)).find("another call"), std::string::npos);
  uint64_t bytes = 0;
  EXPECT_EQ(propnp_solve_workspace_size(context.get(), &second.args, &bytes), PROPNP_ERROR_BUSY);
  gate.leave.set_value();
  other.join();
  EXPECT_EQ(context.error(), "");  // the first call went well, and the second left no trace
  EXPECT_EQ(propnp_solve(context.get(), &second.args), PROPNP_OK);
  EXPECT_EQ(first.out.pose, second.out.pose);
}

#if !defined(__SANITIZE_THREAD__)  // which cannot start threads after a fork

// Waits for the child and returns its exit code, or -1.
int ExitCode(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

TEST(Fork, ChildGoesOnWithTheContext) {
  TestRandom random;
  const Batch batch = EasyBatch(random, 6);
  const CContext context(3);
  SolveCall expected(batch);
  ASSERT_EQ(propnp_solve(context.get(), &expected.args), PROPNP_OK);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(60);
    SolveCall call(batch);
    const bool solved = propnp_solve(context.get(), &call.args) == PROPNP_OK;
    _exit(solved && call.out.pose == expected.out.pose ? 0 : 1);
  }
  EXPECT_EQ(ExitCode(child), 0);
  SolveCall again(batch);
  EXPECT_EQ(propnp_solve(context.get(), &again.args), PROPNP_OK);
  EXPECT_EQ(again.out.pose, expected.out.pose);
}

// What the parent was doing when it forked is nothing that the child must wait for.
TEST(Fork, ChildIsNotBusyWithTheParentsCall) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  Gate gate;
  const CContext context(gate.Options());
  gate.armed = true;
  SolveCall first(batch);
  std::thread other([&] { EXPECT_EQ(propnp_solve(context.get(), &first.args), PROPNP_OK); });
  gate.entered.get_future().wait();
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    SolveCall call(batch);
    _exit(propnp_solve(context.get(), &call.args) == PROPNP_OK ? 0 : 1);
  }
  gate.leave.set_value();
  other.join();
  ASSERT_GE(child, 0);
  EXPECT_EQ(ExitCode(child), 0);
}

#endif

}  // namespace
}  // namespace propnp::test
