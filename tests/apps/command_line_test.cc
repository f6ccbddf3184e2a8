// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What a person at a terminal meets: exit codes, messages, files.
#include "apps/propnp/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "propnp/io/correspondence_json.h"
#include "tests/apps/run_app.h"
#include "tests/apps/sample_folder.h"

namespace propnp::app {
namespace {

namespace fs = std::filesystem;

class CommandLine : public SampleFolder {
 protected:
  static std::vector<std::string> Photo(const std::string& name, const std::string& board) {
    return {"refine", Sample(name), "--board", board, "--camera", Sample("left_intrinsics.yml")};
  }
};

TEST_F(CommandLine, UsageErrorsAreOneLineThatSaysWhatToDo) {
  const std::string points = Sample("points.jsonl");
  ExpectUsageError({}, "see propnp --help");
  ExpectUsageError({"refine"}, "INPUT is required");
  ExpectUsageError({"frobnicate"}, "--help");
  ExpectUsageError({"refine", points, "--frobnicate"}, "--frobnicate");
  ExpectUsageError({"refine", "/no/such/file"}, "no such file");
  ExpectUsageError({"refine", points, "--loss", "l2"}, "--loss l2: accepted are none, huber[:D]");
  ExpectUsageError({"refine", points, "--loss", "none:1"}, "accepted are");
  ExpectUsageError({"refine", points, "--loss", "cauchy:0"}, "accepted are");
  ExpectUsageError({"refine", points, "--sigma", "-1"}, "--sigma -1: accepted are auto");
  ExpectUsageError({"refine", points, "--covariance", "x"}, "posterior, gauss_newton, sandwich");
  ExpectUsageError({"refine", points, "--engine", "x"}, "batch, ceres");
  ExpectUsageError({"refine", points, "--threads", "0"}, "whole numbers from 1");
  ExpectUsageError({"refine", points, "--threads", "two"}, "whole numbers from 1");
  ExpectUsageError({"refine", points, "--board", "chessboard:9x6:1"}, "for photographs");
  ExpectUsageError({"refine", points, points + "x"}, "no such file");
  ExpectUsageError({"refine", Sample("marker.png")}, "need --board");
  ExpectUsageError(Photo("marker.png", "chessboard:9x6:25mm"), "found on none");
  ExpectUsageError({"convert", points, "out.unknown"}, "which format?");
  ExpectUsageError({"convert", points, "out.bal"}, "cannot be made of correspondences");
  ExpectUsageError({"info", Sample("left_intrinsics.yml")}, "format not recognised");
}

TEST_F(CommandLine, CalibrationOfAnotherSizeIsRefused) {
  std::ofstream(Sample("other.yml")) << "image_width: 1280\nimage_height: 960\nK: [600, 0, 320, 0, "
                                        "600, 240, 0, 0, 1]\n";
  ExpectUsageError({"refine", Sample("left01.png"), "--board", "chessboard:9x6:25mm", "--camera",
                    Sample("other.yml")},
                   "is 640 x 480 pixels but the calibration is for 1280 x 960");
}

TEST_F(CommandLine, HelpTeachesAndVersionHasFacts) {
  const AppRun help = RunApp({"--help"});
  EXPECT_EQ(help.code, kAllGood);
  EXPECT_NE(help.out.find("propnp refine 'left*.jpg' --board chessboard:9x6:25mm"),
            std::string::npos);
  for (const char* command : {"refine", "convert", "info", "demo"}) {
    EXPECT_NE(help.out.find(command), std::string::npos);
    EXPECT_EQ(RunApp({command, "--help"}).code, kAllGood);
  }
  const AppRun version = RunApp({"--version"});
  EXPECT_EQ(version.code, kAllGood);
  for (const char* fact : {"propnp ", "compiler", "instruction sets", "OpenCV", "Ceres"}) {
    EXPECT_NE(version.out.find(fact), std::string::npos) << fact;
  }
}

TEST_F(CommandLine, WritesEveryFile) {
  TemporaryFolder out;
  const AppRun run = RunApp({"refine", Sample("sparse/0"), "-o", out / "a/b"});
  EXPECT_EQ(run.code, kAllGood) << run.err;
  for (const char* name : {"poses.jsonl", "poses.tum", "summary.json", "model/images.txt",
                           "overlays/0.png", "overlays/3.png"}) {
    EXPECT_TRUE(fs::exists((out / "a/b/") + name)) << name;
  }
  const auto lines = ReadJsonLines(out / "a/b/poses.jsonl");
  ASSERT_EQ(lines.size(), 4u);
  for (const char* key :
       {"id", "cam_from_object", "covariance", "covariance_kind", "covariance_order",
        "covariance_units", "rms_before_px", "rms_after_px", "points", "iterations", "status"}) {
    EXPECT_TRUE(lines[0].contains(key)) << key;
  }
  EXPECT_EQ(lines[0]["covariance"].size(), 6u);
  EXPECT_EQ(lines[0]["covariance"][5].size(), 6u);
}

TEST_F(CommandLine, ReplacesItsOwnFolderAndNobodyElses) {
  TemporaryFolder out;
  const std::vector<std::string> arguments = {
      "refine", Sample("points.jsonl"), "--overlays", "0", "-o", out / "mine"};
  EXPECT_EQ(RunApp(arguments).code, kAllGood);
  EXPECT_EQ(RunApp(arguments).code, kAllGood);
  std::ofstream(out / "mine/precious.txt") << "not yours";
  ExpectUsageError(arguments, "precious.txt");
  EXPECT_TRUE(fs::exists(out / "mine/poses.jsonl"));
  // Nothing is left beside it.
  EXPECT_EQ(std::distance(fs::directory_iterator(out.path()), fs::directory_iterator()), 1);
}

TEST_F(CommandLine, JsonIsOneObjectOnStandardOutput) {
  const AppRun run = RunApp({"refine", Sample("points.jsonl"), "--json", "--loss", "huber:2",
                             "--covariance", "sandwich", "--sigma", "0.5", "--threads", "1"});
  EXPECT_EQ(run.code, kAllGood) << run.err;
  const auto json = nlohmann::json::parse(run.out);
  EXPECT_EQ(json["schema"], "propnp-refine-1");
  EXPECT_EQ(json["loss"]["kind"], "huber");
  EXPECT_EQ(json["loss"]["scale"], 2.0);
  EXPECT_EQ(json["covariance_kind"], "sandwich");
  EXPECT_EQ(json["noise"]["sigma"], 0.5);
  EXPECT_EQ(json["noise"]["estimated"], false);
  EXPECT_EQ(json["objects"], 4);
  EXPECT_EQ(json["poses"].size(), 4u);
  EXPECT_TRUE(json["failed"].empty());
  EXPECT_TRUE(json["output"].is_null());
}

TEST_F(CommandLine, SigmaScalesCovarianceAndNotPoses) {
  const auto run = [&](const char* sigma) {
    return nlohmann::json::parse(
        RunApp({"refine", Sample("points.jsonl"), "--json", "--sigma", sigma}).out);
  };
  const auto one = run("1"), two = run("2");
  for (size_t k = 0; k < 6; ++k) {
    const double a = one["poses"][0]["covariance"][k][k], b = two["poses"][0]["covariance"][k][k];
    EXPECT_NEAR(b, 4 * a, 1e-6 * b);
    EXPECT_NEAR(one["poses"][0]["cam_from_object"][k].get<double>(),
                two["poses"][0]["cam_from_object"][k].get<double>(), 1e-7);
  }
  const auto automatic = run("auto");
  EXPECT_EQ(automatic["noise"]["estimated"], true);
  EXPECT_NEAR(automatic["noise"]["sigma"].get<double>(), 0.5, 0.12);  // 216 degrees of freedom
}

TEST_F(CommandLine, ThreadsNeverChangeResults) {
  const auto poses = [&](const char* threads) {
    const AppRun run = RunApp({"refine", Sample("points.jsonl"), "--json", "--threads", threads});
    return nlohmann::json::parse(run.out)["poses"];
  };
  EXPECT_EQ(poses("1"), poses("3"));
}

TEST_F(CommandLine, FailedPosesAreListedAndGiveOne) {
  io::PoseDataset dataset = SampleDataset(2, 30, 0.5);
  dataset.w2d.assign(dataset.x2d.size(), 1.0);
  std::fill(dataset.w2d.begin() + 60, dataset.w2d.end(), 0.0);
  TemporaryFolder folder;
  ASSERT_TRUE(io::WriteCorrespondences(dataset, folder / "bad.jsonl").ok());
  const AppRun run = RunApp({"refine", folder / "bad.jsonl", "-o", folder / "out"});
  EXPECT_EQ(run.code, kSomeFailed);
  EXPECT_NE(run.out.find("failed: camera_1 (too_few_points)"), std::string::npos) << run.out;
  const auto lines = ReadJsonLines(folder / "out/poses.jsonl");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[1]["covariance"].is_null());
  EXPECT_EQ(lines[1]["status"][0], "too_few_points");
  // The model keeps the start of a pose that failed.
  const auto model = io::ReadCorrespondences(folder / "out/model/bad.jsonl");
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->objects[1].pose, dataset.objects[1].pose);
  EXPECT_NE(model->objects[0].pose, dataset.objects[0].pose);
  EXPECT_EQ(model->w2d, dataset.w2d);
}

TEST_F(CommandLine, PhotographsWithoutABoardAreListedAndGiveOne) {
  auto arguments = Photo("left01.png", "chessboard:9x6:25mm");
  arguments.insert(arguments.begin() + 2, Sample("marker.png"));
  const AppRun run = RunApp(arguments);
  EXPECT_EQ(run.code, kSomeFailed) << run.err;
  EXPECT_NE(run.out.find("no board found: marker.png"), std::string::npos) << run.out;
}

TEST_F(CommandLine, RenderedPhotographsGiveTheirPoses) {
  const auto pose_of = [](const AppRun& run) {
    EXPECT_EQ(run.code, kAllGood) << run.err;
    return nlohmann::json::parse(run.out)["poses"][0]["cam_from_object"].get<io::Pose>();
  };
  auto marker = Photo("marker.png", "aruco:DICT_6X6_250:40mm");
  marker.push_back("--json");
  // The middle of the poster at (0.03, 0.03, 0), tilted by (0.4, 0.1, 0) rad.
  const io::Quaternion tilt = io::QuaternionFromAngleAxis({0.4, 0.1, 0});
  const io::Vector3 middle = io::Rotate(tilt, {0.03, 0.03, 0});
  const io::Pose found = pose_of(RunApp(marker));
  EXPECT_NEAR(found[0], middle[0] - 0.03, 0.001);
  EXPECT_NEAR(found[1], middle[1] - 0.02, 0.001);
  EXPECT_NEAR(found[2], middle[2] + 0.2, 0.005);
}

TEST_F(CommandLine, ConvertGoesBetweenFormats) {
  TemporaryFolder out;
  const auto convert = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "convert");
    const AppRun run = RunApp(arguments);
    EXPECT_EQ(run.code, kAllGood) << run.err;
  };
  convert({Sample("sparse/0"), out / "a.jsonl"});
  convert({Sample("sparse/0"), out / "a.tum"});
  convert({Sample("sparse/0"), out / "binary", "--to", "colmap-binary"});
  convert({out / "binary", out / "b.jsonl"});
  convert({Sample("problem.txt"), out / "c.bal"});
  convert({Sample("problem.txt"), out / "c.jsonl"});
  convert({std::string(PROPNP_SOURCE_DIR) + "/tests/data/io/bop_scene", out / "d.csv"});
  convert({Sample("left*.png"), out / "e.jsonl", "--board", "chessboard:9x6:25mm", "--camera",
           "600,600,320,240"});
  EXPECT_EQ(ReadText(out / "a.jsonl"), ReadText(out / "b.jsonl"));
  EXPECT_EQ(ReadText(out / "c.bal"), ReadText(Sample("problem.txt")));
  EXPECT_EQ(ReadJsonLines(out / "e.jsonl").size(), 3u);
}

TEST_F(CommandLine, InfoSaysWhatIsThere) {
  const AppRun run = RunApp({"info", Sample("problem.txt")});
  EXPECT_EQ(run.code, kAllGood) << run.err;
  for (const char* fact : {"BAL problem", "poses    4", "120, 30 to 30 a pose", "simple_radial"}) {
    EXPECT_NE(run.out.find(fact), std::string::npos) << run.out;
  }
}

}  // namespace
}  // namespace propnp::app
