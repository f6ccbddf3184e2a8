// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What comes out: poses.jsonl, posterior.jsonl and poses.tum.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "propnp/io/pose_results.h"
#include "propnp/io/posterior_results.h"
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

TEST(PoseResults, PosteriorIsThereWhereItWasSampled) {
  PoseResult result = Example();
  EXPECT_FALSE(nlohmann::json::parse(*FormatPoseResult(result)).contains("posterior"));
  PosePosterior& posterior = result.posterior.emplace();
  posterior.probability = 0.75;
  posterior.log_evidence = std::numeric_limits<double>::quiet_NaN();
  posterior.status = {"high_khat"};
  auto json = nlohmann::json::parse(*FormatPoseResult(result))["posterior"];
  EXPECT_EQ(json["probability"], 0.75);
  EXPECT_EQ(json["next_best_probability"], 0);
  EXPECT_TRUE(json["next_best"].is_null());
  EXPECT_TRUE(json["covariance"].is_null());
  EXPECT_TRUE(json["log_evidence"].is_null());
  EXPECT_EQ(json["status"], std::vector<std::string>{"high_khat"});
  posterior.next_best = Example().cam_from_object;
  posterior.covariance = Example().covariance;
  json = nlohmann::json::parse(*FormatPoseResult(result))["posterior"];
  EXPECT_EQ(json["next_best"].get<Pose>(), Example().cam_from_object);
  EXPECT_EQ(json["covariance"][5][5].get<double>(), 5.0);
  posterior.covariance.resize(16);
  ExpectError(FormatPoseResult(result), {"left", "16", "36"});
}

PosteriorResult PosteriorExample() {
  PosteriorResult result;
  result.id = "marker 7";
  for (double probability : {0.75, 0.25}) {
    PosteriorModeResult mode;
    mode.probability = probability;
    mode.cam_from_object = Example().cam_from_object;
    mode.covariance = Example().covariance;
    mode.cost = 1.5;
    mode.rms_px = 0.25;
    result.modes.push_back(mode);
  }
  result.log_evidence = -3.25;
  result.standard_error = std::numeric_limits<double>::infinity();
  result.ess = 0.5;
  result.khat = 0.75;
  result.samples = 512;
  result.points = 4;
  result.words = "two modes, \"far\" apart";
  result.status = {"high_khat", "multi_modal"};
  return result;
}

TEST(PosteriorResults, OneObjectALineWithEveryKey) {
  const Result<std::string> line = FormatPosteriorResult(PosteriorExample());
  ASSERT_IO_OK(line);
  EXPECT_EQ(line->find('\n'), line->size() - 1);
  const auto json = nlohmann::json::parse(*line);
  EXPECT_EQ(json["schema"], "propnp-posterior-1");
  EXPECT_EQ(json["id"], "marker 7");
  ASSERT_EQ(json["modes"].size(), 2u);
  EXPECT_EQ(json["modes"][1]["probability"], 0.25);
  EXPECT_EQ(json["modes"][1]["cam_from_object"].get<Pose>(), Example().cam_from_object);
  EXPECT_EQ(json["modes"][1]["covariance"][5][4].get<double>(), 34 / 7.0);
  EXPECT_EQ(json["modes"][1]["cost"], 1.5);
  EXPECT_EQ(json["modes"][1]["rms_px"], 0.25);
  EXPECT_EQ(json["covariance_order"].size(), 6u);
  EXPECT_EQ(json["log_evidence"], -3.25);
  EXPECT_TRUE(json["standard_error"].is_null());
  EXPECT_EQ(json["ess"], 0.5);
  EXPECT_EQ(json["khat"], 0.75);
  EXPECT_EQ(json["samples"], 512);
  EXPECT_EQ(json["points"], 4);
  EXPECT_EQ(json["words"], PosteriorExample().words);
  EXPECT_EQ(json["status"], PosteriorExample().status);
}

TEST(PosteriorResults, FailuresYawAndWrongSizes) {
  PosteriorResult result = PosteriorExample();
  result.modes.clear();
  EXPECT_TRUE(nlohmann::json::parse(*FormatPosteriorResult(result))["modes"].empty());
  result = PosteriorExample();
  result.dof = 4;
  ExpectError(FormatPosteriorResult(result), {"marker 7", "36", "16"});
  for (PosteriorModeResult& mode : result.modes) {
    mode.covariance.resize(16);
    mode.yaw_rad = 0.5;
  }
  const auto json = nlohmann::json::parse(*FormatPosteriorResult(result));
  EXPECT_EQ(json["dof"], 4);
  EXPECT_EQ(json["modes"][0]["yaw"], 0.5);
  EXPECT_EQ(json["covariance_order"].back(), "yaw");
  result.id = "";
  ExpectError(FormatPosteriorResult(result), {"the id", "empty"});
}

TEST(PosteriorResults, FileHasOneLinePerResult) {
  TemporaryFolder folder;
  const auto numbered = [](size_t i) {
    PosteriorResult result = PosteriorExample();
    result.id = i == 3000 ? "" : std::to_string(i);
    return result;
  };
  // Written in several pieces, over what was there.
  for (const size_t count : {3000, 2}) {
    ASSERT_IO_OK(WritePosteriorResults(count, numbered, folder / "p.jsonl"));
    std::istringstream text(ReadOrDie(folder / "p.jsonl"));
    size_t lines = 0;
    for (std::string line; std::getline(text, line); ++lines) {
      ASSERT_EQ(nlohmann::json::parse(line)["id"], std::to_string(lines));
    }
    EXPECT_EQ(lines, count);
  }
  ExpectError(WritePosteriorResults(3001, numbered, folder / "p.jsonl"), {"the id", "empty"});
  ExpectError(WritePosteriorResults(1, numbered, folder / "no/p.jsonl"), {"p.jsonl", "create"});
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
