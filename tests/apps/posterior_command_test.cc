// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// `propnp posterior` and `propnp refine --posterior` as a person and a program meet them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "propnp/io/correspondence_json.h"
#include "tests/apps/run_app.h"
#include "tests/apps/sample_folder.h"
#include "tests/npz_reader.h"

namespace propnp::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class PosteriorCommand : public SampleFolder {};

TEST_F(PosteriorCommand, UsageErrorsAreOneLineThatSaysWhatToDo) {
  const std::string square = Sample("square.jsonl");
  ExpectUsageError({"posterior"}, "INPUT is required");
  ExpectUsageError({"posterior", "/no/such/file"}, "no such file");
  ExpectUsageError({"posterior", square, "--samples", "31"}, "--samples 31: accepted are whole");
  ExpectUsageError({"posterior", square, "--samples", "1048577"}, "from 32 to 1048576");
  ExpectUsageError({"posterior", square, "--samples", "many"}, "from 32 to 1048576");
  ExpectUsageError({"posterior", square, "--seed", "-1"}, "--seed -1: accepted are");
  ExpectUsageError({"posterior", square, "--seed", "18446744073709551616"}, "2^64 - 1");
  ExpectUsageError({"posterior", square, "--method", "x"}, "accepted are mixture, mixture_mc");
  ExpectUsageError({"posterior", square, "--loss", "l2"}, "--loss l2: accepted are none");
  ExpectUsageError({"posterior", square, "--covariance", "posterior"}, "--covariance");
  ExpectUsageError({"posterior", square, "--threads", "0"}, "whole numbers from 1");
  ExpectUsageError({"posterior", square, "--save-samples"}, "give -o DIR too");
  ExpectUsageError({"posterior", Sample("marker.png")}, "need --board");
  ExpectUsageError({"posterior", std::string(PROPNP_SOURCE_DIR) + "/tests/data/io/bop_scene"},
                   "holds poses but no points");
  ExpectUsageError({"refine", square, "--samples", "64"}, "only together with --posterior");
  ExpectUsageError({"refine", square, "--posterior", "--samples", "1"}, "from 32 to 1048576");
}

TEST_F(PosteriorCommand, HostileInputGivesALineOrAStatus) {
  TemporaryFolder folder;
  const std::string head =
      R"({"id": "a", "camera": {"model": "pinhole", "parameters": [600, 600, 320, 240]}, )";
  ExpectUsageError({"posterior", WriteInput(folder, "")}, "input.jsonl");
  ExpectUsageError(
      {"posterior", WriteInput(folder, head + R"("x3d": [[0,0,NaN]], "x2d": [[1,1]]})")}, "line 1");
  ExpectUsageError({"posterior", WriteInput(folder, head + R"("x3d": [], "x2d": []})")}, "x3d");
  // Points on one spot, at infinity's door, or hardly any: a status, not an end.
  const std::string same = R"("x3d": [[0,0,0],[0,0,0],[0,0,0],[0,0,0]], )";
  for (const std::string& body :
       {same + R"("x2d": [[9,9],[9,9],[9,9],[9,9]]})",
        std::string(R"("x3d": [[1e300,0,0],[0,1e300,0],[0,0,1e300],[1,1,1]], )") +
            R"("x2d": [[1,1],[1e300,1],[1,1e300],[5,5]]})",
        std::string(R"("x3d": [[1,1,1]], "x2d": [[1,1]]})")}) {
    const AppRun run = RunApp(
        {"posterior", WriteInput(folder, head + body), "--sigma", "1", "-o", folder / "out"});
    EXPECT_EQ(run.code, kSomeFailed) << run.out << run.err;
    EXPECT_EQ(run.out.find("nan"), std::string::npos) << run.out;
    EXPECT_EQ(ReadJsonLines(folder / "out/posterior.jsonl").size(), 1u);
  }
}

TEST_F(PosteriorCommand, HelpTeaches) {
  const AppRun help = RunApp({"posterior", "--help"});
  EXPECT_EQ(help.code, kAllGood);
  for (const char* part : {"--samples", "--seed", "--method", "--save-samples", "--loss", "--sigma",
                           "needs a prior", "k-hat", "numpy.load"}) {
    EXPECT_NE(help.out.find(part), std::string::npos) << part;
  }
  EXPECT_NE(RunApp({"--help"}).out.find("posterior"), std::string::npos);
}

TEST_F(PosteriorCommand, ShowsBothModes) {
  const AppRun run = RunApp({"posterior", Sample("square.jsonl"), "--sigma", "0.8"});
  EXPECT_EQ(run.code, kAllGood) << run.out << run.err;
  EXPECT_NE(run.out.find("square: two modes, 45 deg apart"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("mode 2"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("1 with more than one mode"), std::string::npos) << run.out;
}

TEST_F(PosteriorCommand, TakesEveryInput) {
  const std::vector<std::vector<std::string>> inputs = {
      {Sample("sparse/0")},
      {Sample("problem.txt")},
      {Sample("points.jsonl")},
      {Sample("left*.png"), "--board", "chessboard:9x6:25mm", "--camera", "600,600,320,240"},
      {Sample("marker.png"), "--board", "aruco:DICT_6X6_250:40mm", "--camera", "600,600,320,240",
       "--sigma", "0.3"}};
  for (std::vector<std::string> arguments : inputs) {
    arguments.insert(arguments.begin(), "posterior");
    arguments.push_back("--json");
    const AppRun run = RunApp(arguments);
    ASSERT_EQ(run.code, kAllGood) << arguments[1] << run.out << run.err;
    const Json json = Json::parse(run.out);
    EXPECT_EQ(json["schema"], "propnp-posterior-run-1");
    EXPECT_EQ(json["sampling"]["samples"], 512);
    for (const Json& posterior : json["posteriors"]) {
      ASSERT_FALSE(posterior["modes"].empty()) << arguments[1];
      EXPECT_GT(posterior["modes"][0]["probability"].get<double>(), 0.9) << arguments[1];
      EXPECT_GT(posterior["ess"].get<double>(), 0.3) << arguments[1];
    }
  }
}

// Least squares and plenty of points: the posterior is the refined pose with its covariance.
TEST_F(PosteriorCommand, AgreesWithRefineWhereThereIsOnePose) {
  const Json refined =
      Json::parse(RunApp({"refine", Sample("points.jsonl"), "--json", "--sigma", "0.5"}).out);
  const Json sampled =
      Json::parse(RunApp({"posterior", Sample("points.jsonl"), "--json", "--sigma", "0.5"}).out);
  for (size_t i = 0; i < 4; ++i) {
    const Json &pose = refined["poses"][i], &mode = sampled["posteriors"][i]["modes"][0];
    EXPECT_EQ(pose["id"], sampled["posteriors"][i]["id"]);
    for (size_t k = 0; k < 6; ++k) {
      const double variance = pose["covariance"][k][k];
      // Both stop within 1e-4 standard deviations of the minimum.
      EXPECT_NEAR(mode["cam_from_object"][k].get<double>(),
                  pose["cam_from_object"][k].get<double>(), 2e-3 * std::sqrt(variance));
      // The sampler's shape has a weak prior, (3/z)^2 and (1/1.4)^2, added to its information.
      EXPECT_NEAR(mode["covariance"][k][k].get<double>(), variance, 0.01 * variance);
    }
    EXPECT_NEAR(mode["rms_px"].get<double>(), pose["rms_after_px"].get<double>(), 1e-5);
  }
}

TEST_F(PosteriorCommand, WritesEveryFile) {
  TemporaryFolder out;
  const std::vector<std::string> arguments = {"posterior",
                                              Sample("square.jsonl"),
                                              "--save-samples",
                                              "--samples",
                                              "1024",
                                              "--sigma",
                                              "0.6",
                                              "-o",
                                              out / "a/b"};
  EXPECT_EQ(RunApp(arguments).code, kAllGood);
  for (const char* name :
       {"posterior.jsonl", "summary.json", "samples.npz", "overlays/square.png"}) {
    EXPECT_TRUE(fs::exists((out / "a/b/") + name)) << name;
  }
  const Json line = ReadJsonLines(out / "a/b/posterior.jsonl").at(0);
  EXPECT_EQ(line["schema"], "propnp-posterior-1");
  EXPECT_EQ(line["id"], "square");
  ASSERT_EQ(line["modes"].size(), 2u);
  for (const char* key : {"probability", "cam_from_object", "covariance", "cost", "rms_px"}) {
    EXPECT_TRUE(line["modes"][1].contains(key)) << key;
  }
  for (const char* key : {"log_evidence", "standard_error", "ess", "khat", "samples", "points",
                          "words", "status", "covariance_order", "covariance_units"}) {
    EXPECT_TRUE(line.contains(key)) << key;
  }
  EXPECT_EQ(line["words"], "two modes, 45 deg apart");
  EXPECT_EQ(line["status"], Json::array({"multi_modal"}));
  EXPECT_EQ(line["samples"], 1024);
  // It replaces what it wrote, with the same bytes, and nobody else's files.
  const std::string samples = ReadText(out / "a/b/samples.npz");
  const std::string posterior = ReadText(out / "a/b/posterior.jsonl");
  EXPECT_EQ(RunApp(arguments).code, kAllGood);
  EXPECT_EQ(ReadText(out / "a/b/samples.npz"), samples);
  EXPECT_EQ(ReadText(out / "a/b/posterior.jsonl"), posterior);
  std::ofstream(out / "a/b/precious.txt") << "not yours";
  ExpectUsageError(arguments, "precious.txt");
}

TEST_F(PosteriorCommand, SamplesAreThoseOfTheModes) {
  TemporaryFolder out;
  ASSERT_EQ(RunApp({"posterior", Sample("square.jsonl"), "--save-samples", "-o", out / "out"}).code,
            kAllGood);
  const test::NpzReader npz(out / "out/samples.npz");
  EXPECT_EQ(npz["id"].Texts(), std::vector<std::string>{"square"});
  ASSERT_EQ(npz["pose"].shape, (std::vector<int64_t>{1, 512, 7}));
  ASSERT_EQ(npz["log_weight"].shape, (std::vector<int64_t>{1, 512}));
  ASSERT_EQ(npz["mode_count"].As<int32_t>(), std::vector<int32_t>{2});
  EXPECT_EQ(npz["mode_pose"].shape, (std::vector<int64_t>{1, 2, 7}));
  EXPECT_EQ(npz["mode_covariance"].shape, (std::vector<int64_t>{1, 2, 6, 6}));
  const Json line = ReadJsonLines(out / "out/posterior.jsonl").at(0);
  EXPECT_EQ(npz["log_evidence"].As<double>()[0], line["log_evidence"].get<double>());
  EXPECT_EQ(npz["khat"].As<double>()[0], line["khat"].get<double>());
  const auto weights = npz["log_weight"].As<double>(), poses = npz["pose"].As<double>();
  const auto probability = npz["mode_probability"].As<double>();
  const auto modes = npz["mode_pose"].As<double>();
  // The weight of the samples that lie nearer to the first mode is about its probability: the modes
  // are 45 deg apart and 5 deg wide.
  double first = 0, sum = 0;
  for (size_t s = 0; s < 512; ++s) {
    double dot[2] = {};
    for (size_t m = 0; m < 2; ++m) {
      for (size_t k = 3; k < 7; ++k) dot[m] += poses[7 * s + k] * modes[7 * m + k];
    }
    sum += std::exp(weights[s]);
    if (std::abs(dot[0]) > std::abs(dot[1])) first += std::exp(weights[s]);
  }
  EXPECT_NEAR(first / sum, probability[0], 0.04);
}

TEST_F(PosteriorCommand, NumPyReadsTheSamples) {
  if (std::system("python3 -c 'import numpy' >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "needs python3 with numpy";
  }
  TemporaryFolder out;
  ASSERT_EQ(RunApp({"posterior", Sample("points.jsonl"), "--save-samples", "--samples", "64",
                    "--overlays", "0", "-o", out / "out"})
                .code,
            kAllGood);
  std::ofstream(out / "read.py")
      << "import numpy, sys\n"
         "d = numpy.load(sys.argv[1], allow_pickle=False)\n"
         "assert d['pose'].shape == (4, 64, 7) and d['pose'].dtype == numpy.float64\n"
         "assert d['log_weight'].shape == (4, 64)\n"
         "assert d['id'].tolist() == ['camera_%d' % i for i in range(4)]\n"
         "assert abs((d['pose'][:, :, 3:] ** 2).sum(-1) - 1).max() < 1e-9\n"
         "assert (d['mode_count'] == 1).all() and (d['mode_probability'] == 1).all()\n";
  const std::string command = "python3 '" + (out / "read.py") + "' '" + (out / "out/samples.npz'");
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(PosteriorCommand, SamplesOfMixedDegreesOfFreedom) {
  std::vector<io::Pose> truth;
  io::PoseDataset dataset = SampleDataset(2, 50, 0.5, &truth);
  io::DatasetObject& upright = dataset.objects[1];
  upright.dof = 4;
  upright.yaw_axis = {0, 0.6, 0.8};
  upright.base_rotation = io::PoseRotation(truth[1]);
  upright.pose = {truth[1][0], truth[1][1], truth[1][2], 0.05, 0, 0, 0};
  TemporaryFolder out;
  const auto run = [&] {
    EXPECT_TRUE(io::WriteCorrespondences(dataset, out / "in.jsonl").ok());
    const AppRun result = RunApp(
        {"posterior", out / "in.jsonl", "--save-samples", "--sigma", "0.5", "-o", out / "out"});
    EXPECT_EQ(result.code, kAllGood) << result.out << result.err;
    return test::NpzReader(out / "out/samples.npz");
  };
  const test::NpzReader mixed = run();
  EXPECT_EQ(mixed["pose"].shape, (std::vector<int64_t>{2, 512, 7}));
  const Json line = ReadJsonLines(out / "out/posterior.jsonl").at(1);
  ASSERT_EQ(line["dof"], 4);
  const auto covariance = mixed["mode_covariance"].As<double>();
  const double yaw_variance = line["modes"][0]["covariance"][3][3];
  EXPECT_EQ(covariance[36 + 0], line["modes"][0]["covariance"][0][0].get<double>());
  EXPECT_NEAR(covariance[36 + 4 * 6 + 5], 0.6 * 0.8 * yaw_variance, 1e-12);
  EXPECT_NEAR(covariance[36 + 4 * 6 + 0], 0.6 * line["modes"][0]["covariance"][3][0].get<double>(),
              1e-12);
  // All of one kind: yaw itself.
  dataset.objects[0] = upright;
  dataset.objects[0].id = "another";
  dataset.objects[0].base_rotation = io::PoseRotation(truth[0]);
  dataset.objects[0].pose = {truth[0][0], truth[0][1], truth[0][2], 0.05, 0, 0, 0};
  const test::NpzReader upright_only = run();
  EXPECT_EQ(upright_only["pose"].shape, (std::vector<int64_t>{2, 512, 4}));
  EXPECT_EQ(upright_only["mode_covariance"].shape, (std::vector<int64_t>{2, 1, 4, 4}));
}

TEST_F(PosteriorCommand, ThreadsNeverChangeResults) {
  const auto posteriors = [&](const char* threads) {
    const AppRun run =
        RunApp({"posterior", Sample("points.jsonl"), "--json", "--threads", threads});
    return Json::parse(run.out)["posteriors"];
  };
  EXPECT_EQ(posteriors("1"), posteriors("3"));
}

TEST_F(PosteriorCommand, FailedAndHopelessObjectsGiveOne) {
  io::PoseDataset dataset = SampleDataset(2, 30, 0.5);
  dataset.w2d.assign(dataset.x2d.size(), 1.0);
  std::fill(dataset.w2d.begin() + 60, dataset.w2d.end(), 0.0);
  TemporaryFolder folder;
  ASSERT_TRUE(io::WriteCorrespondences(dataset, folder / "bad.jsonl").ok());
  AppRun run = RunApp({"posterior", folder / "bad.jsonl", "-o", folder / "out", "--save-samples"});
  EXPECT_EQ(run.code, kSomeFailed);
  EXPECT_NE(run.out.find("camera_1: failed: fewer than 3 points"), std::string::npos) << run.out;
  const Json line = ReadJsonLines(folder / "out/posterior.jsonl").at(1);
  EXPECT_TRUE(line["modes"].empty());
  EXPECT_TRUE(line["log_evidence"].is_null());
  EXPECT_EQ(test::NpzReader(folder / "out/samples.npz")["mode_count"].As<int32_t>()[1], 0);

  run = RunApp({"posterior", Sample("square.jsonl"), "--sigma", "100"});
  EXPECT_EQ(run.code, kSomeFailed);
  EXPECT_NE(run.out.find("needs a prior"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("gaussian_ray"), std::string::npos) << run.out;
}

TEST_F(PosteriorCommand, RefineSaysHowProbableItsPoseIs) {
  TemporaryFolder out;
  const AppRun run = RunApp(
      {"refine", Sample("square.jsonl"), "--posterior", "--sigma", "0.8", "-o", out / "out"});
  EXPECT_EQ(run.code, kAllGood) << run.err;
  EXPECT_NE(run.out.find("probability   next best"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("posterior: 1 of 1 with more than one mode"), std::string::npos);
  const Json posterior = ReadJsonLines(out / "out/poses.jsonl").at(0)["posterior"];
  const Json sampled =
      Json::parse(RunApp({"posterior", Sample("square.jsonl"), "--sigma", "0.8", "--json"}).out);
  const Json& modes = sampled["posteriors"][0]["modes"];
  EXPECT_EQ(posterior["probability"], modes[0]["probability"]);
  EXPECT_EQ(posterior["next_best_probability"], modes[1]["probability"]);
  EXPECT_EQ(posterior["next_best"], modes[1]["cam_from_object"]);
  EXPECT_EQ(posterior["covariance"].size(), 6u);
  EXPECT_EQ(posterior["status"], Json::array({"multi_modal"}));
  // Without the option nothing is added.
  EXPECT_EQ(RunApp({"refine", Sample("square.jsonl")}).out.find("next best"), std::string::npos);
}

TEST_F(PosteriorCommand, RefineWarnsOfAPoseThatIsNotTheMostProbable) {
  io::Pose truth;
  io::PoseDataset dataset = AmbiguousSquare(0.3, &truth);
  const Json sampled =
      Json::parse(RunApp({"posterior", Sample("square.jsonl"), "--sigma", "0.6", "--json"}).out);
  dataset.objects[0].pose = sampled["posteriors"][0]["modes"][1]["cam_from_object"].get<io::Pose>();
  dataset.objects[0].has_pose = true;
  TemporaryFolder folder;
  ASSERT_TRUE(io::WriteCorrespondences(dataset, folder / "in.jsonl").ok());
  const AppRun run = RunApp({"refine", folder / "in.jsonl", "--posterior"});
  EXPECT_NE(run.out.find("note: square was refined to a pose of probability 0."), std::string::npos)
      << run.out;
}

}  // namespace
}  // namespace propnp::app
