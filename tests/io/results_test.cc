// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What comes out: poses.jsonl and poses.tum.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "propnp/io/pose_results.h"
#include "propnp/io/tum.h"
#include "tests/io/io_test_util.h"

namespace propnp::io {
namespace {

PoseResult Example() {
  PoseResult result;
  result.id = "left \"01\"";
  result.cam_from_object = {0.1, -2, 1e-7, 0.6, 0, 0.8, 0};
  for (int i = 0; i < 36; ++i) result.covariance.push_back(i / 7.0);
  result.covariance_kind = "sandwich";
  result.rms_before_px = 3.25;
  result.rms_after_px = 0.1;
  result.points = 54;
  result.iterations = 6;
  result.status = {"converged", "low_ess"};
  return result;
}

TEST(PoseResults, OneObjectALineWithEveryKey) {
  const Result<std::string> line = FormatPoseResult(Example());
  ASSERT_IO_OK(line);
  EXPECT_EQ(line->find('\n'), line->size() - 1);
  const auto json = nlohmann::json::parse(*line);
  EXPECT_EQ(json["schema"], "propnp-poses-1");
  EXPECT_EQ(json["id"], Example().id);
  EXPECT_EQ(json["cam_from_object"].get<Pose>(), Example().cam_from_object);
  ASSERT_EQ(json["covariance"].size(), 6u);
  for (size_t i = 0; i < 6; ++i) {
    for (size_t j = 0; j < 6; ++j) {
      EXPECT_EQ(json["covariance"][i][j].get<double>(), Example().covariance[6 * i + j]);
    }
  }
  EXPECT_EQ(json["covariance_kind"], "sandwich");
  EXPECT_EQ(json["covariance_order"].size(), 6u);
  EXPECT_EQ(json["covariance_units"]["rotation"], "rad");
  EXPECT_EQ(json["rms_before_px"], 3.25);
  EXPECT_EQ(json["rms_after_px"], 0.1);
  EXPECT_EQ(json["points"], 54);
  EXPECT_EQ(json["iterations"], 6);
  EXPECT_EQ(json["status"], (std::vector<std::string>{"converged", "low_ess"}));
}

TEST(PoseResults, WhatDoesNotExistIsNull) {
  PoseResult result = Example();
  result.covariance.clear();
  result.rms_after_px = std::numeric_limits<double>::infinity();
  const Result<std::string> line = FormatPoseResult(result);
  ASSERT_IO_OK(line);
  const auto json = nlohmann::json::parse(*line);
  EXPECT_TRUE(json["covariance"].is_null());
  EXPECT_TRUE(json["rms_after_px"].is_null());
}

TEST(PoseResults, FourDegreesOfFreedom) {
  PoseResult result = Example();
  result.dof = 4;
  result.yaw_rad = 0.5;
  ExpectError(FormatPoseResult(result), {"left", "36", "16"});
  result.covariance.resize(16);
  const Result<std::string> line = FormatPoseResult(result);
  ASSERT_IO_OK(line);
  const auto json = nlohmann::json::parse(*line);
  EXPECT_EQ(json["dof"], 4);
  EXPECT_EQ(json["yaw"], 0.5);
  EXPECT_EQ(json["covariance"].size(), 4u);
  EXPECT_EQ(json["covariance_order"].back(), "yaw");
}

TEST(PoseResults, FileHasOneLinePerResult) {
  TemporaryFolder folder;
  ASSERT_IO_OK(WritePoseResults({Example(), Example()}, folder / "poses.jsonl"));
  const std::string text = ReadOrDie(folder / "poses.jsonl");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

// A quarter turn about z and a step: the camera stands at (-2, 1, -3), looking along the world's z.
TEST(Tum, CameraToWorldWithTheScalarLast) {
  const double h = std::sqrt(.5);
  const Result<std::string> text = FormatTum({{1.5, {1, 2, 3, h, 0, 0, h}}});
  ASSERT_IO_OK(text);
  double f[8];
  const std::string line = text->substr(text->find('\n') + 1);
  ASSERT_EQ(std::sscanf(line.c_str(), "%lf %lf %lf %lf %lf %lf %lf %lf", f, f + 1, f + 2, f + 3,
                        f + 4, f + 5, f + 6, f + 7),
            8);
  const double expected[8] = {1.5, -2, 1, -3, 0, 0, -h, h};
  for (int i = 0; i < 8; ++i) EXPECT_NEAR(f[i], expected[i], 1e-15) << i;
}

TEST(Tum, RefusesNumbersThatAreNone) {
  ExpectError(FormatTum({{0, {NAN, 0, 0, 1, 0, 0, 0}}}), {"pose 0", "finite"});
}

}  // namespace
}  // namespace propnp::io
