// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/bop.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/io/io_test_util.h"
#include "tests/test_data.h"

namespace propnp::io {
namespace {

bool SameRow(const BopResult& a, const BopResult& b) {
  return a.scene_id == b.scene_id && a.im_id == b.im_id && a.obj_id == b.obj_id &&
         a.score == b.score && a.time_s == b.time_s &&
         a.cam_from_object.rotation == b.cam_from_object.rotation &&
         a.cam_from_object.rotation_in_file == b.cam_from_object.rotation_in_file &&
         a.cam_from_object.translation_mm == b.cam_from_object.translation_mm;
}

void ExpectRoundTrip(const std::vector<BopResult>& rows) {
  const Result<std::string> text = FormatBopResults(rows);
  ASSERT_IO_OK(text);
  const Result<std::vector<BopResult>> again = ParseBopResults(*text, "copy.csv");
  ASSERT_IO_OK(again);
  ASSERT_EQ(again->size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_TRUE(SameRow(rows[i], (*again)[i])) << i;
}

TEST(Bop, ResultsRoundTripByteForByte) {
  const Result<std::vector<BopResult>> rows = ReadBopResults(Sample("bop_results.csv"));
  ASSERT_IO_OK(rows);
  ASSERT_EQ(rows->size(), 3u);
  EXPECT_EQ((*rows)[1].obj_id, 5);
  EXPECT_EQ((*rows)[1].cam_from_object.translation_mm, (Vector3{134.5, 45.25, 964.75}));
  EXPECT_LT(OrthonormalityError((*rows)[1].cam_from_object.rotation), 1e-12);
  const Result<std::string> text = FormatBopResults(*rows);
  ASSERT_IO_OK(text);
  EXPECT_EQ(*text, ReadOrDie(Sample("bop_results.csv")));
}

TEST(Bop, AChangedRotationReplacesTheDigits) {
  Result<std::vector<BopResult>> rows = ReadBopResults(Sample("bop_results.csv"));
  ASSERT_IO_OK(rows);
  (*rows)[0].cam_from_object.rotation = {0, -1, 0, 1, 0, 0, 0, 0, 1};
  const Result<std::string> text = FormatBopResults(*rows);
  ASSERT_IO_OK(text);
  EXPECT_NE(text->find(",0 -1 0 1 0 0 0 0 1,"), std::string::npos);
}

TEST(Bop, ResultErrorsNameLineAndField) {
  const std::string good = "1,2,3,0.5,1 0 0 0 1 0 0 0 1,1 2 3,0.1\n";
  ASSERT_IO_OK(ParseBopResults(good, "r.csv"));
  struct Case {
    const char* text;
    std::initializer_list<const char*> named;
  };
  const Case cases[] = {
      {"1,2,3,0.5,1 0 0 0 1 0 0 0,1 2 3,0.1\n", {"r.csv", "line 1", "field R", "missing"}},
      {"1,2,3,0.5,1 0 0 0 1 0 0 0 1 0,1 2 3,0.1\n", {"field R", "more values"}},
      {"1,2,3,0.5,1 0 0 0 1 0 0 0 2,1 2 3,0.1\n", {"field R", "rotation"}},
      {"1,2,3,0.5,-1 0 0 0 1 0 0 0 1,1 2 3,0.1\n", {"field R", "rotation"}},
      {"1,2,3,0.5,1 0 0 0 1 0 0 0 1,1 2 nan,0.1\n", {"field t", "finite"}},
      {"1,2,3,0.5,1 0 0 0 1 0 0 0 1,1 2 3\n", {"field time"}},
      {"1,2,3,0.5,1 0 0 0 1 0 0 0 1,1 2 3,0.1,7\n", {"line 1", "'7'"}},
      {"1,-2,3,0.5,1 0 0 0 1 0 0 0 1,1 2 3,0.1\n", {"field im_id", "negative"}},
      {"1,2,3,0.5,1 0 0 0 1 0 0 0 1,1 2 3,0.1\n1,2,4,0.5,1 0 0 0 1 0 0 0 1,1 2 3,0.2\n",
       {"line 2", "field time", "same image"}},
  };
  for (const Case& c : cases) ExpectError(ParseBopResults(c.text, "r.csv"), c.named);
}

TEST(Bop, CovariancesGoBeside) {
  EXPECT_EQ(BopCovariancePath("out/results.csv"), "out/results.covariance.jsonl");
  EXPECT_EQ(BopCovariancePath("results"), "results.covariance.jsonl");
  const Result<std::vector<BopResult>> rows = ReadBopResults(Sample("bop_results.csv"));
  ASSERT_IO_OK(rows);
  TemporaryFolder folder;
  std::vector<std::vector<double>> covariances(3);
  covariances[1].assign(36, 0.25);
  ASSERT_IO_OK(WriteBopCovariances(*rows, covariances, "posterior", folder / "c.jsonl"));
  const std::string text = ReadOrDie(folder / "c.jsonl");
  const size_t second = text.find('\n') + 1;
  const auto line = nlohmann::json::parse(text.substr(second, text.find('\n', second) - second));
  EXPECT_EQ(line["obj_id"], 5);
  EXPECT_EQ(line["covariance"][5][5], 0.25);
  EXPECT_EQ(line["covariance_units"]["translation"], "mm");
  covariances.pop_back();
  ExpectError(WriteBopCovariances(*rows, covariances, "posterior", folder / "c.jsonl"), {"2", "3"});
}

TEST(Bop, SceneRoundTrips) {
  const Result<BopScene> scene = ReadBopScene(Sample("bop_scene"));
  ASSERT_IO_OK(scene);
  ASSERT_EQ(scene->images.size(), 2u);
  EXPECT_EQ(scene->images[0].im_id, 3);  // by number, not by text: "3" before "10"
  EXPECT_EQ(scene->images[1].im_id, 10);
  ASSERT_EQ(scene->instances.size(), 3u);
  TemporaryFolder copy;
  ASSERT_IO_OK(WriteBopScene(*scene, copy.path()));
  for (const char* name : {"scene_camera.json", "scene_gt.json"}) {
    EXPECT_EQ(nlohmann::json::parse(ReadOrDie(copy / name)),
              nlohmann::json::parse(ReadOrDie(Sample(std::string("bop_scene/") + name))));
  }
}

TEST(Bop, SceneBecomesADataset) {
  const Result<BopScene> scene = ReadBopScene(Sample("bop_scene"));
  ASSERT_IO_OK(scene);
  const Result<PoseDataset> data = ToPoseDataset(*scene);
  ASSERT_IO_OK(data);
  ASSERT_EQ(data->objects.size(), 3u);
  EXPECT_EQ(data->objects[0].id, "3_1_0");
  EXPECT_EQ(data->objects[1].id, "3_1_1");
  EXPECT_EQ(data->objects[2].id, "10_5_0");
  EXPECT_EQ(data->cameras[0].parameters[4], 0.5);  // skew
  EXPECT_EQ(data->objects[1].pose[2], 1000);       // mm
  EXPECT_EQ(data->num_points(), 0);
}

TEST(Bop, SceneErrorsNameFileAndField) {
  const std::string camera = R"({"0":{"cam_K":[1,0,0,0,1,0,0,0,1]}})";
  const char* truth = R"({"0":[{"cam_R_m2c":[1,0,0,0,1,0,0,0,1],"cam_t_m2c":[1,2,3],"obj_id":1}]})";
  ASSERT_IO_OK(ParseBopScene(camera, truth, "s"));
  const auto gt = [&](const char* text) { return ParseBopScene(camera, text, "s"); };
  ExpectError(gt(R"({"1":[]})"), {"s/scene_gt.json", "1 is not in scene_camera.json"});
  ExpectError(gt(R"({"0":[{"cam_R_m2c":[1,0,0],"cam_t_m2c":[1,2,3],"obj_id":1}]})"),
              {"\"0\"[0].cam_R_m2c", "3 elements, not 9"});
  ExpectError(gt(R"({"0":[{"cam_R_m2c":[1,0,0,0,1,0,0,0,1],"obj_id":1}]})"),
              {"cam_t_m2c", "missing"});
  ExpectError(gt(R"({"0":[{}]})"), {"obj_id", "missing"});
  ExpectError(gt(R"({"0":{}})"), {"list"});
  ExpectError(gt(R"({"x":[]})"), {"'x'"});
  ExpectError(gt(R"({"0":[],"00":[]})"), {"0 is there twice"});
  ExpectError(ParseBopScene(R"({"0":{"cam_K":[1,0,0,0,0,0,0,0,1]}})", truth, "s"),
              {"s/scene_camera.json", "cam_K", "focal"});
  ExpectError(ParseBopScene(R"({"0":{"cam_K":[1,0,0,1,1,0,0,0,1]}})", truth, "s"), {"cam_K"});
}

TEST(Bop, RealResults) {
  const auto path = test::FindTestData("real/bop/gt-pbrreal-rgb-mmodel_lmo-test_lmo.csv");
  if (!path) GTEST_SKIP() << "needs real/bop";
  const Result<std::vector<BopResult>> rows = ReadBopResults(path->string());
  ASSERT_IO_OK(rows);
  EXPECT_EQ(rows->size(), 1445u);
  int off = 0;
  double worst = 0;
  for (const BopResult& row : *rows) {
    EXPECT_LT(OrthonormalityError(row.cam_from_object.rotation), 1e-12);
    const double error = OrthonormalityError(row.cam_from_object.rotation_in_file);
    off += error > 1e-3;
    worst = std::max(worst, error);
  }
  EXPECT_EQ(off, 348);
  EXPECT_NEAR(worst, 9.4e-3, 5e-5);
  ExpectRoundTrip(*rows);
}

}  // namespace
}  // namespace propnp::io
