// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Batches of covariances and steps in the tangents of others. That each convention is right is
// tested with the mathematics (tests/math/tangent_test.cc, finite_step_test.cc).
#include "propnp/engine/tangent_conversions.h"

#include "propnp/math/finite_step.h"
#include "tests/engine/batch.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr int64_t kRows = 5;
constexpr double kPi = 3.14159265358979323846;

std::vector<double> RandomPoses(TestRandom& random) {
  std::vector<double> poses(7 * kRows);
  for (int64_t i = 0; i < kRows; ++i) random.Pose(&poses[7 * i]);
  return poses;
}

std::vector<double> RandomNumbers(TestRandom& random, size_t count, double size) {
  std::vector<double> numbers(count);
  for (double& n : numbers) n = size * random.Normal();
  return numbers;
}

// G G^T of random G.
std::vector<double> RandomCovariances(TestRandom& random, int d) {
  std::vector<double> all(kRows * d * d);
  for (int64_t row = 0; row < kRows; ++row) {
    const std::vector<double> g = RandomNumbers(random, d * d, 1);
    for (int i = 0; i < d * d; ++i) {
      for (int k = 0; k < d; ++k) all[row * d * d + i] += g[i / d * d + k] * g[i % d * d + k];
    }
  }
  return all;
}

struct CovarianceCall {
  std::vector<double> result = std::vector<double>(36 * kRows, kNaN);
  std::vector<int32_t> status = std::vector<int32_t>(kRows, -1);
  ConvertCovarianceArgs args;

  CovarianceCall(const std::vector<double>& poses, const std::vector<double>& covariances,
                 int64_t d = 6) {
    args.pose = View(poses.data(), {kRows, d == 6 ? 7 : 4});
    args.covariance = View(covariances.data(), {kRows, d, d});
    args.result = View(result.data(), {kRows, 6, 6});
    args.status = View(status.data(), {kRows});
  }
  CovarianceCall(const CovarianceCall&) = delete;
  Status Run(Context& context = SharedContext()) { return ConvertCovariance(context, args); }
};

// From every tangent to every other by way of ours, also into the memory it came from.
TEST(ConvertCovariance, BetweenAnyTwoTangents) {
  TestRandom random;
  const std::vector<double> poses = RandomPoses(random);
  const std::vector<double> ours = RandomCovariances(random, 6);
  std::vector<std::vector<double>> of_tangent;
  for (int32_t to = 0; to < PROPNP_NUM_TANGENTS; ++to) {
    CovarianceCall call(poses, ours);
    call.args.to = to;
    ASSERT_TRUE(call.Run().ok());
    double expected[36];
    convert_covariance(static_cast<Tangent>(to), SixDof<double>().transform(poses.data()),
                       ours.data(), expected);
    for (int i = 0; i < 36; ++i) EXPECT_NEAR(call.result[i], expected[i], 1e-13) << to;
    of_tangent.push_back(call.result);
  }
  for (int32_t from = 0; from < PROPNP_NUM_TANGENTS; ++from) {
    for (int32_t to = 0; to < PROPNP_NUM_TANGENTS; ++to) {
      std::vector<double> numbers = of_tangent[from];
      CovarianceCall call(poses, numbers);
      call.args.from = from;
      call.args.to = to;
      call.args.result = call.args.covariance;
      ASSERT_TRUE(call.Run().ok());
      EXPECT_EQ(call.status, std::vector<int32_t>(kRows, 0));
      // Numbers of a few hundred, mapped three times.
      for (size_t i = 0; i < numbers.size(); ++i) {
        EXPECT_NEAR(numbers[i], of_tangent[to][i], 1e-11) << from << " to " << to;
      }
    }
  }
}

// A turn about the yaw axis is a turn: the same covariance as that of the poses in 6DoF.
TEST(ConvertCovariance, OfFourDegreesOfFreedomIsThatOfTheWholePose) {
  TestRandom random;
  const Vec3<double> axis = random.Axis();
  const std::vector<double> poses = RandomNumbers(random, 4 * kRows, 1);
  const std::vector<double> covariances = RandomCovariances(random, 4);
  const std::vector<double> bases = RandomNumbers(random, 4 * kRows, 1);
  for (int32_t to = 0; to < PROPNP_NUM_TANGENTS; ++to) {
    CovarianceCall call(poses, covariances, 4);
    call.args.to = to;
    call.args.yaw_axis[0] = axis.x, call.args.yaw_axis[1] = axis.y;
    call.args.yaw_axis[2] = axis.z;
    call.args.base_rotation = View(bases.data(), {kRows, 4});
    ASSERT_TRUE(call.Run().ok());
    for (int64_t row = 0; row < kRows; ++row) {
      // d their step / d (t, yaw) by differences of the poses themselves.
      const double* q = &bases[4 * row];
      const FourDof<double> dof{axis, rotation_matrix(Quaternion<double>{q[0], q[1], q[2], q[3]})};
      const RigidTransform<double> transform = dof.transform(&poses[4 * row]);
      const double yaw_tangent[6] = {0, 0, 0, axis.x, axis.y, axis.z};
      double map[36], j[24] = {};
      tangent_map(static_cast<Tangent>(to), transform, map);
      for (int i = 0; i < 6; ++i) {
        for (int k = 0; k < 3; ++k) j[i * 4 + k] = map[i * 6 + k];
        for (int k = 0; k < 6; ++k) j[i * 4 + 3] += map[i * 6 + k] * yaw_tangent[k];
      }
      for (int i = 0; i < 36; ++i) {
        double expected = 0;
        for (int k = 0; k < 16; ++k) {
          expected += j[i / 6 * 4 + k / 4] * covariances[16 * row + k] * j[i % 6 * 4 + k % 4];
        }
        EXPECT_NEAR(call.result[36 * row + i], expected, 1e-12) << to;
      }
    }
  }
}

TEST(ConvertCovariance, RefusesWhatHasNoMeaning) {
  TestRandom random;
  const std::vector<double> poses = RandomPoses(random);
  const std::vector<double> covariances = RandomCovariances(random, 6);
  const auto refuse = [&](const char* part, auto change, int64_t d = 6) {
    CovarianceCall call(poses, covariances, d);
    change(&call.args);
    const Status status = call.Run();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << part;
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  };
  refuse("from is -1", [](auto* a) { a->from = -1; });
  refuse("to is 9", [](auto* a) { a->to = 9; });
  refuse(
      "from is 2", [](auto* a) { a->from = 2; }, 4);
  refuse(
      "yaw_axis has length 2", [](auto* a) { a->yaw_axis[1] = 2; }, 4);
  refuse("covariance has shape (5, 4, 4)",
         [](auto* a) { a->covariance.shape[1] = 4, a->covariance.shape[2] = 4; });
  refuse("expected poses of 7 or 4 numbers", [](auto* a) { a->pose.shape[1] = 6; });
}

struct StepCase {
  int64_t pose_size;
  int32_t tangent;
};

// Box-minus undoes box-plus, from every pose and in every tangent.
TEST(MovePose, AndBackByTheDifference) {
  TestRandom random;
  std::vector<StepCase> cases = {{4, PROPNP_TANGENT_PROPNP}};
  for (int32_t t = 0; t < PROPNP_NUM_TANGENTS; ++t) cases.push_back({7, t});
  for (const StepCase& c : cases) {
    const int64_t p = c.pose_size, d = p == 7 ? 6 : 4;
    const std::vector<double> poses =
        p == 7 ? RandomPoses(random) : RandomNumbers(random, 4 * kRows, 1);
    const std::vector<double> steps = RandomNumbers(random, d * kRows, 0.3);
    std::vector<double> moved(p * kRows, kNaN), back(d * kRows, kNaN);
    MovePoseArgs move;
    move.tangent = c.tangent;
    move.pose = View(poses.data(), {kRows, p});
    move.step = View(steps.data(), {kRows, d});
    move.moved = View(moved.data(), {kRows, p});
    ASSERT_TRUE(MovePose(SharedContext(), move).ok());
    PoseDifferenceArgs difference;
    difference.tangent = c.tangent;
    difference.from = move.pose;
    difference.to = move.moved;
    difference.step = View(back.data(), {kRows, d});
    ASSERT_TRUE(PoseDifference(SharedContext(), difference).ok());
    for (size_t i = 0; i < back.size(); ++i) EXPECT_NEAR(back[i], steps[i], 1e-13) << c.tangent;
  }
}

// As the solver moves poses: the project's own retraction.
TEST(MovePose, InOurTangentIsTheRetraction) {
  TestRandom random;
  const std::vector<double> poses = RandomPoses(random);
  const std::vector<double> steps = RandomNumbers(random, 6 * kRows, 1);
  std::vector<double> moved(7 * kRows);
  MovePoseArgs args;
  args.pose = View(poses.data(), {kRows, 7});
  args.step = View(steps.data(), {kRows, 6});
  args.moved = View(moved.data(), {kRows, 7});
  ASSERT_TRUE(MovePose(SharedContext(), args).ok());
  for (int64_t row = 0; row < kRows; ++row) {
    double expected[7];
    SixDof<double>().retract(&poses[7 * row], &steps[6 * row], expected);
    for (int i = 0; i < 7; ++i) EXPECT_NEAR(moved[7 * row + i], expected[i], 1e-15);
  }
}

TEST(PoseDifference, OfYawIsWithinHalfATurn) {
  const double from[4] = {0, 0, 1, 3}, to[4] = {0, 0, 1, -3};
  double step[4];
  PoseDifferenceArgs args;
  args.from = View(from, {1, 4});
  args.to = View(to, {1, 4});
  args.step = View(step, {1, 4});
  ASSERT_TRUE(PoseDifference(SharedContext(), args).ok());
  EXPECT_NEAR(step[3], 2 * kPi - 6, 1e-15);
}

// Half a turn has no Cayley tangent; no number that float32 cannot hold is stored as infinity.
TEST(PoseDifference, WithoutAnAnswerIsZeroWithAStatus) {
  const double from[14] = {0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0};
  const double to[14] = {0, 0, 1, 0, 1, 0, 0, 1e300, 0, 1, 1, 0, 0, 0};
  float step[12];
  int32_t status[2];
  PoseDifferenceArgs args;
  args.from = View(from, {2, 7});
  args.to = View(to, {2, 7});
  args.step = View(step, {2, 6});
  args.status = View(status, {2});
  ASSERT_TRUE(PoseDifference(SharedContext(), args).ok());
  for (const float number : step) EXPECT_EQ(number, 0);
  for (const int32_t s : status) EXPECT_EQ(s, PROPNP_STATUS_NON_FINITE_INPUT);
}

TEST(ConvertStep, LeadsToTheSamePose) {
  TestRandom random;
  const std::vector<double> poses = RandomPoses(random);
  const std::vector<double> steps = RandomNumbers(random, 6 * kRows, 0.3);
  for (int32_t from = 0; from < PROPNP_NUM_TANGENTS; ++from) {
    for (int32_t to = 0; to < PROPNP_NUM_TANGENTS; ++to) {
      std::vector<double> result(6 * kRows), moved[2];
      ConvertStepArgs convert;
      convert.from = from;
      convert.to = to;
      convert.pose = View(poses.data(), {kRows, 7});
      convert.step = View(steps.data(), {kRows, 6});
      convert.result = View(result.data(), {kRows, 6});
      ASSERT_TRUE(ConvertStep(SharedContext(), convert).ok());
      MovePoseArgs move;
      move.pose = convert.pose;
      for (const bool converted : {false, true}) {
        std::vector<double>& m = moved[converted];
        m.resize(7 * kRows);
        move.tangent = converted ? to : from;
        move.step = converted ? convert.result : convert.step;
        move.moved = View(m.data(), {kRows, 7});
        ASSERT_TRUE(MovePose(SharedContext(), move).ok());
      }
      for (size_t i = 0; i < moved[0].size(); ++i) EXPECT_NEAR(moved[0][i], moved[1][i], 1e-13);
    }
  }
}

TEST(TangentConversions, BadRowsHarmNobody) {
  TestRandom random;
  std::vector<double> poses = RandomPoses(random), steps = RandomNumbers(random, 6 * kRows, 0.3);
  poses[7 + 1] = kNaN;
  std::fill_n(&poses[2 * 7 + 3], 4, 0.0);
  steps[3 * 6 + 5] = kInfinity;
  std::vector<double> moved(7 * kRows, kNaN);
  std::vector<int32_t> status(kRows, -1);
  MovePoseArgs args;
  args.pose = View(poses.data(), {kRows, 7});
  args.step = View(steps.data(), {kRows, 6});
  args.moved = View(moved.data(), {kRows, 7});
  args.status = View(status.data(), {kRows});
  ASSERT_TRUE(MovePose(SharedContext(), args).ok());
  constexpr int32_t kBad = PROPNP_STATUS_NON_FINITE_INPUT;
  EXPECT_EQ(status, (std::vector<int32_t>{0, kBad, kBad, kBad, 0}));
  for (int i = 7; i < 4 * 7; ++i) EXPECT_EQ(moved[i], 0);
  for (const int i : {0, 4 * 7}) EXPECT_NE(moved[i], 0);
}

}  // namespace
}  // namespace propnp::test
