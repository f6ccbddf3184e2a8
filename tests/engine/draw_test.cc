// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Draws of equal weight: how often, in which order, from which stream, and from bad weights.
#include "propnp/engine/draw.h"

#include <map>

#include "tests/engine/batch.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

// B objects with S samples whose poses are numbered.
struct DrawCall {
  int64_t objects, samples, draws;
  std::vector<double> pose, log_weight, drawn;
  std::vector<int32_t> chosen, status;
  std::vector<uint64_t> ids;
  DrawArgs args;

  DrawCall(int64_t b, int64_t s, int64_t k, int64_t pose_size = 7)
      : objects(b),
        samples(s),
        draws(k),
        log_weight(b * s, -3),
        drawn(b * k * pose_size, kNaN),
        chosen(b * k, -2),
        status(b, -1) {
    for (int64_t i = 0; i < b * s * pose_size; ++i) pose.push_back(static_cast<double>(i));
    args.sample_pose = View(pose.data(), {b, s, pose_size});
    args.sample_log_weight = View(log_weight.data(), {b, s});
    args.draws = View(drawn.data(), {b, k, pose_size});
    args.chosen = View(chosen.data(), {b, k});
    args.status = View(status.data(), {b});
  }
  DrawCall(const DrawCall&) = delete;

  Status Run(Context& context = SharedContext()) { return Draw(context, args); }
  std::map<int32_t, int> Times(int64_t object) const {
    std::map<int32_t, int> times;
    for (int64_t k = 0; k < draws; ++k) ++times[chosen[object * draws + k]];
    return times;
  }
};

TEST(Draw, TakesEachSampleFloorOrCeilOfItsShare) {
  TestRandom random;
  DrawCall call(4, 10, 37);
  for (double& w : call.log_weight) w = 2 * random.Normal();
  ASSERT_TRUE(call.Run().ok());
  for (int64_t b = 0; b < 4; ++b) {
    double sum = 0;
    for (int64_t s = 0; s < 10; ++s) sum += std::exp(call.log_weight[10 * b + s]);
    const auto times = call.Times(b);
    for (int64_t s = 0; s < 10; ++s) {
      const double share = 37 * std::exp(call.log_weight[10 * b + s]) / sum;
      const auto found = times.find(static_cast<int32_t>(s));
      const int count = found == times.end() ? 0 : found->second;
      EXPECT_GE(count, static_cast<int>(std::floor(share)));
      EXPECT_LE(count, static_cast<int>(std::ceil(share)));
    }
    EXPECT_EQ(call.status[b], 0);
  }
}

TEST(Draw, GivesTheNumbersOfTheChosen) {
  for (const int64_t size : {7, 4}) {
    DrawCall call(3, 5, 8, size);
    ASSERT_TRUE(call.Run().ok());
    for (int64_t row = 0; row < 3 * 8; ++row) {
      const int64_t sample = row / 8 * 5 + call.chosen[row];
      for (int64_t i = 0; i < size; ++i) {
        EXPECT_EQ(call.drawn[row * size + i], call.pose[sample * size + i]);
      }
    }
  }
}

// Any threads, any shard with its ids, the seed by value or pointer; another seed, another draw.
TEST(Draw, DependsOnSeedAndObjectIdAlone) {
  DrawCall expected(6, 50, 20);
  expected.args.seed = 5;
  ASSERT_TRUE(expected.Run().ok());
  for (const int threads : {1, 3, 8}) {
    Context context(threads);
    DrawCall call(6, 50, 20);
    const uint64_t seed = 5;
    call.args.seed_pointer = &seed;
    ASSERT_TRUE(call.Run(context).ok());
    EXPECT_EQ(call.chosen, expected.chosen);
  }
  DrawCall by_offset(2, 50, 20), by_id(2, 50, 20);
  by_offset.args.seed = by_id.args.seed = 5;
  by_offset.args.id_offset = 3;
  by_id.ids = {3, 4};
  by_id.args.object_ids = View(by_id.ids.data(), {2});
  ASSERT_TRUE(by_offset.Run().ok());
  ASSERT_TRUE(by_id.Run().ok());
  const std::vector<int32_t> part(expected.chosen.begin() + 60, expected.chosen.begin() + 100);
  EXPECT_EQ(by_offset.chosen, part);
  EXPECT_EQ(by_id.chosen, part);
  DrawCall other(6, 50, 20);
  other.args.seed = 6;
  ASSERT_TRUE(other.Run().ok());
  EXPECT_NE(other.chosen, expected.chosen);
}

TEST(Draw, IndicesNeedNoPoses) {
  DrawCall call(2, 5, 8);
  call.args.sample_pose = call.args.draws = {};
  ASSERT_TRUE(call.Run().ok());
  for (const int32_t c : call.chosen) EXPECT_TRUE(c >= 0 && c < 5);
}

TEST(Draw, FromWeightsThatAreNoneFailsAlone) {
  for (const double bad : {kNaN, kInfinity}) {
    DrawCall call(3, 5, 8);
    call.log_weight[7] = bad;
    ASSERT_TRUE(call.Run().ok());
    EXPECT_EQ(call.status, (std::vector<int32_t>{0, PROPNP_STATUS_NON_FINITE_INPUT, 0}));
    EXPECT_EQ(call.Times(1), (std::map<int32_t, int>{{-1, 8}}));
    for (int64_t i = 0; i < 8 * 7; ++i) EXPECT_EQ(call.drawn[8 * 7 + i], 0);
  }
  DrawCall call(1, 5, 8);
  std::fill(call.log_weight.begin(), call.log_weight.end(), -kInfinity);
  ASSERT_TRUE(call.Run().ok());
  EXPECT_EQ(call.status[0], PROPNP_STATUS_NON_FINITE_INPUT);
  call.log_weight[2] = -1e300;  // the one that has any is drawn every time
  ASSERT_TRUE(call.Run().ok());
  EXPECT_EQ(call.Times(0), (std::map<int32_t, int>{{2, 8}}));
}

// Only what is drawn matters.
TEST(Draw, OfAPoseThatIsNoneFails) {
  for (const bool has_weight : {false, true}) {
    DrawCall call(1, 5, 20);
    call.pose[3 * 7 + 1] = kNaN;
    if (!has_weight) call.log_weight[3] = -kInfinity;
    ASSERT_TRUE(call.Run().ok());
    EXPECT_EQ(call.status[0], has_weight ? PROPNP_STATUS_NON_FINITE_INPUT : 0);
    for (const double number : call.drawn) EXPECT_TRUE(std::isfinite(number));
  }
}

TEST(Draw, OfNothingIsNothing) {
  DrawCall none(0, 5, 8), no_draws(2, 5, 0), no_samples(2, 0, 3);
  none.drawn.resize(1), none.pose.resize(1), none.log_weight.resize(1), none.chosen.resize(1);
  none.args.sample_pose.data = none.pose.data();
  none.args.sample_log_weight.data = none.log_weight.data();
  EXPECT_TRUE(none.Run().ok());
  EXPECT_TRUE(no_draws.Run().ok());
  double number = 0;
  no_samples.args.sample_pose.data = no_samples.args.sample_log_weight.data = &number;
  ASSERT_TRUE(no_samples.Run().ok());
  EXPECT_EQ(no_samples.status[0], PROPNP_STATUS_NON_FINITE_INPUT);
}

TEST(Draw, RefusesShapesThatDoNotFit) {
  const auto refuse = [](const char* part, auto change) {
    DrawCall call(2, 5, 8);
    change(&call.args);
    const Status status = call.Run();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << part;
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  };
  refuse("sample_log_weight", [](DrawArgs* a) { a->sample_log_weight = {}; });
  refuse("sample_pose", [](DrawArgs* a) { a->sample_pose = {}; });
  refuse("sample_pose has shape (2, 5, 6)", [](DrawArgs* a) { a->sample_pose.shape[2] = 6; });
  refuse("sample_pose has shape (2, 4, 7)", [](DrawArgs* a) { a->sample_pose.shape[1] = 4; });
  refuse("chosen has shape (2, 7)", [](DrawArgs* a) { a->chosen.shape[1] = 7; });
  refuse("chosen is float32", [](DrawArgs* a) { a->chosen.dtype = PROPNP_FLOAT32; });
  refuse("draws is int32", [](DrawArgs* a) { a->draws.dtype = PROPNP_INT32; });
  refuse("status has shape", [](DrawArgs* a) { a->status.shape[0] = 3; });
  refuse("struct_size", [](DrawArgs* a) { a->struct_size = 8; });
  refuse("expected at most 2147483647", [](DrawArgs* a) {
    a->draws = {};
    a->chosen.shape[1] = int64_t{1} << 31;
    a->chosen.stride[1] = 0;
  });
}

}  // namespace
}  // namespace propnp::test
