// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What goes wrong stays where it went wrong: in one object, one call, one context, one thread.
#include <thread>

#include "tests/c_api/c_context.h"

namespace propnp::test {
namespace {

TEST(Errors, OfOneObjectLeaveTheOthersAlone) {
  TestRandom random;
  const Batch good = EasyBatch(random, 4);
  Batch bad = good;
  bad.x2d[2 * good.num_points + 3] = kNaN;
  SolveCall expected(good), call(bad);
  const CContext context;
  ASSERT_EQ(propnp_solve(context.get(), &expected.args), PROPNP_OK);
  ASSERT_EQ(propnp_solve(context.get(), &call.args), PROPNP_OK);
  EXPECT_EQ(context.error(), "");
  for (int64_t i = 0; i < 4; ++i) {
    if (i == 1) {
      EXPECT_EQ(call.out.status[i], PROPNP_STATUS_NON_FINITE_INPUT);
    } else {
      EXPECT_TRUE(SameObject(expected.out, i, call.out, i));
    }
  }
}

TEST(Errors, HaveAMessageOfTheirContextAndThread) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  const CContext first, second;
  SolveCall call(batch);
  call.args.precision = 17;
  ExpectError(first, propnp_solve(first.get(), &call.args), PROPNP_ERROR_INVALID_ARGUMENT,
              "precision is 17");
  EXPECT_EQ(second.error(), "");
  std::thread([&] {
    EXPECT_STREQ(propnp_last_error(nullptr), "");
    call.args.precision = 18;
    ExpectError(second, propnp_solve(second.get(), &call.args), PROPNP_ERROR_INVALID_ARGUMENT,
                "precision is 18");
  }).join();
  EXPECT_NE(std::string(propnp_last_error(nullptr)).find("17"), std::string::npos);
  // A failed call does not spoil the next.
  call.args.precision = 0;
  EXPECT_EQ(propnp_solve(first.get(), &call.args), PROPNP_OK);
}

TEST(Errors, OfAContextThatIsNotMadeNameTheOption) {
  propnp_context_options options = DefaultContextOptions();
  options.num_threads = -5;
  propnp_context* none = nullptr;
  EXPECT_EQ(propnp_context_create(&options, &none), PROPNP_ERROR_INVALID_ARGUMENT);
  EXPECT_NE(std::string(propnp_last_error(nullptr)).find("-5"), std::string::npos);
}

TEST(Errors, HaveNames) {
  EXPECT_STREQ(propnp_error_name(0), "PROPNP_OK");
  EXPECT_STREQ(propnp_error_name(PROPNP_ERROR_UNAVAILABLE), "PROPNP_ERROR_UNAVAILABLE");
  EXPECT_STREQ(propnp_error_name(PROPNP_ERROR_BUSY), "PROPNP_ERROR_BUSY");
  EXPECT_STREQ(propnp_error_name(1), "not an error code of propnp");
  EXPECT_STREQ(propnp_error_name(-1000), "not an error code of propnp");
}

// Never a silent run on the CPU. (Where a device is there, this test has nothing to say.)
TEST(Device, ThatIsNotThereIsUnavailable) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  const CContext context;
  SolveCall call(batch);
  call.args.device = 1000;
  ExpectError(context, propnp_solve(context.get(), &call.args), PROPNP_ERROR_UNAVAILABLE,
              "device is 1000");
  EXPECT_TRUE(std::isnan(call.out.pose[0]));
  propnp_move_pose_args move;
  propnp_move_pose_args_init(&move, sizeof move);
  move.device = 0;
  ExpectError(context, propnp_move_pose(context.get(), &move), PROPNP_ERROR_UNAVAILABLE,
              "device is 0");
}

TEST(Version, IsThatOfTheHeader) {
  EXPECT_EQ(propnp_abi_version(), PROPNP_ABI_MAJOR * 65536u + PROPNP_ABI_MINOR);
  EXPECT_NE(std::string(propnp_build_info()).find(propnp_version()), std::string::npos);
}

}  // namespace
}  // namespace propnp::test
