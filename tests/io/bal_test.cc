// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/bal.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "tests/io/io_test_util.h"
#include "tests/test_data.h"

namespace propnp::io {
namespace {

TEST(Bal, SampleRoundTripsByteForByte) {
  const Result<BalProblem> problem = ReadBal(Sample("problem.bal"));
  ASSERT_IO_OK(problem);
  EXPECT_EQ(FormatBal(*problem), ReadOrDie(Sample("problem.bal")));
}

TEST(Bal, AxesTurnToOpenCv) {
  const Result<BalProblem> problem = ReadBal(Sample("problem.bal"));
  ASSERT_IO_OK(problem);
  const Result<PoseDataset> data = ToPoseDataset(*problem);
  ASSERT_IO_OK(data);
  // Camera 0 is not turned and steps back by 10 along BAL's viewing direction, -z.
  EXPECT_EQ(data->objects[0].pose, (Pose{0, 0, 10, 0, 1, 0, 0}));
  for (size_t b = 0; b < 2; ++b) {
    for (auto p = data->point_offsets[b]; p < data->point_offsets[b + 1]; ++p) {
      const auto error = ReprojectionError(*data, b, b, static_cast<size_t>(p));
      EXPECT_LT(std::hypot(error[0], error[1]), 1e-9) << "point " << p;  // the sample is exact
    }
  }
}

TEST(Bal, PosesComeBackAsAngleAxis) {
  const Vector3 rotations[] = {{0, 0, 0},      {1e-9, 0, 0}, {1e-300, 0, 0}, {.1, -.2, .3},
                               {3.1, 0, 0.01}, {0, M_PI, 0}, {0, 0, -3},     {1, 2, -2}};
  for (const Vector3& rotation : rotations) {
    BalCamera camera;
    camera.angle_axis = rotation;
    camera.translation = {1, 2, 3};
    BalCamera again;
    SetBalPose(PoseFromBal(camera), &again);
    EXPECT_EQ(again.translation, camera.translation);
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(again.angle_axis[k], rotation[k], 4e-15) << rotation[0];
    }
  }
}

TEST(Bal, UnchangedPosesKeepTheirDigits) {
  Result<BalProblem> problem = ReadBal(Sample("problem.bal"));
  ASSERT_IO_OK(problem);
  const Result<PoseDataset> data = ToPoseDataset(*problem);
  ASSERT_IO_OK(data);
  std::vector<Pose> poses = {data->objects[0].pose, data->objects[1].pose};
  ASSERT_IO_OK(ApplyPoses(poses, &*problem));
  EXPECT_EQ(FormatBal(*problem), ReadOrDie(Sample("problem.bal")));
  poses[1][0] += .5;
  ASSERT_IO_OK(ApplyPoses(poses, &*problem));
  EXPECT_EQ(PoseFromBal(problem->cameras[1]), poses[1]);
  ExpectError(ApplyPoses({}, &*problem), {"2 cameras, not 0"});
}

// Figures of the problem as its README states them: 6.717 px, 4,185,659.518.
TEST(Bal, RealProblem) {
  const auto path = test::FindTestData("real/bal/problem-16-22106-pre.txt");
  if (!path) GTEST_SKIP() << "needs real/bal/problem-16-22106-pre.txt";
  const auto start = std::chrono::steady_clock::now();
  const Result<BalProblem> problem = ReadBal(path->string());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  ASSERT_IO_OK(problem);
  RecordProperty("read_ms", static_cast<int>(seconds.count() * 1e3));
  const Result<PoseDataset> data = ToPoseDataset(*problem);
  ASSERT_IO_OK(data);
  ASSERT_EQ(data->num_points(), 83718);
  double cost = 0, sum = 0;
  for (size_t b = 0; b < data->objects.size(); ++b) {
    for (auto p = data->point_offsets[b]; p < data->point_offsets[b + 1]; ++p) {
      const auto e = ReprojectionError(*data, b, b, static_cast<size_t>(p));
      cost += (e[0] * e[0] + e[1] * e[1]) / 2;
      sum += std::hypot(e[0], e[1]);
    }
  }
  EXPECT_NEAR(cost, 4185659.518, 1e-3);
  EXPECT_NEAR(sum / 83718, 6.717, 5e-4);

  // Value for value the same after writing.
  const Result<BalProblem> again = ParseBal(FormatBal(*problem), "copy");
  ASSERT_IO_OK(again);
  const Result<PoseDataset> copy = ToPoseDataset(*again);
  ASSERT_IO_OK(copy);
  EXPECT_TRUE(*data == *copy);
  EXPECT_EQ(problem->points, again->points);
}

}  // namespace
}  // namespace propnp::io
