// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// `propnp refine` on published reconstructions, held to figures known beforehand.
#include <gtest/gtest.h>

#include "apps/propnp/pose_math.h"
#include "propnp/io/bal.h"
#include "propnp/io/colmap.h"
#include "tests/apps/run_app.h"
#include "tests/test_data.h"

namespace propnp::app {
namespace {

nlohmann::json RefineJson(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "refine");
  arguments.push_back("--json");
  const AppRun run = RunApp(arguments);
  EXPECT_EQ(run.code, kAllGood) << run.err;
  return nlohmann::json::parse(run.out, nullptr, false);
}

TEST(RealModels, BalCosts) {
  const auto problem = test::FindTestData("real/bal/problem-16-22106-pre.txt");
  if (!problem) GTEST_SKIP() << "needs real/bal";
  for (const char* engine : {"batch", "ceres"}) {
    TemporaryFolder folder;
    const auto run = RefineJson({problem->string(), "--loss", "none", "--sigma", "1", "--engine",
                                 engine, "--overlays", "1", "-o", folder / "out"});
    EXPECT_NEAR(run["cost_before"].get<double>(), 4185659.518, 4.2) << engine;
    EXPECT_NEAR(run["cost_after"].get<double>(), 1226839.589, 1.2) << engine;
    EXPECT_EQ(run["points"], 83718);
    EXPECT_EQ(run["overlays"].size(), 1u);
    // The written problem holds the refined poses, and is otherwise the same.
    const auto before = io::ReadBal(problem->string());
    const auto after = io::ReadBal(folder / "out/model/problem-16-22106-pre.txt");
    ASSERT_TRUE(after.ok()) << after.status().message();
    ASSERT_EQ(after->observations.size(), before->observations.size());
    EXPECT_EQ(after->points, before->points);
    EXPECT_EQ(after->cameras[3].focal_px, before->cameras[3].focal_px);
    const auto again = RefineJson({folder / "out/model/problem-16-22106-pre.txt", "--sigma", "1"});
    EXPECT_NEAR(again["cost_before"].get<double>(), 1226839.589, 1.2);
  }
}

TEST(RealModels, ColmapPosesAreReproduced) {
  const auto folder = test::FindTestData("real/colmap_maupertuis");
  if (!folder) GTEST_SKIP() << "needs real/colmap_maupertuis";
  for (const auto& path : {*folder, *folder / "bin"}) {
    TemporaryFolder output;
    const auto run = RefineJson({path.string(), "-o", output / "out"});
    const auto before = io::ReadColmap(path.string());
    const auto after = io::ReadColmap(output / "out/model");
    ASSERT_TRUE(after.ok()) << after.status().message();
    EXPECT_EQ(after->binary, before->binary);
    ASSERT_EQ(after->images.size(), 4u);
    for (size_t i = 0; i < 4; ++i) {
      const auto pose = [&](const io::ColmapModel& model) {
        io::Quaternion rotation = model.images[i].cam_from_world.rotation;
        EXPECT_TRUE(io::NormalizeQuaternion(&rotation));
        return io::MakePose(rotation, model.images[i].cam_from_world.translation);
      };
      EXPECT_EQ(after->images[i].name, before->images[i].name);
      EXPECT_LT(RotationDistanceDeg(pose(*before), pose(*after)), 1e-4);
      EXPECT_LT(TranslationDistance(pose(*before), pose(*after)), 1e-4);
    }
    EXPECT_EQ(run["poses"].size(), 4u);
  }
}

}  // namespace
}  // namespace propnp::app
