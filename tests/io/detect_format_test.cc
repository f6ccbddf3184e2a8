// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/detect_format.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "propnp/io/file.h"
#include "tests/io/io_test_util.h"
#include "tests/test_data.h"

namespace propnp::io {
namespace {

TEST(DetectFormat, EverySample) {
  const std::pair<const char*, InputFormat> cases[] = {
      {"colmap_text", InputFormat::kColmap},
      {"colmap_rig", InputFormat::kColmap},
      {"problem.bal", InputFormat::kBal},
      {"bop_scene", InputFormat::kBopScene},
      {"bop_results.csv", InputFormat::kBopResults},
      {"correspondences.jsonl", InputFormat::kCorrespondences},
  };
  for (const auto& [name, format] : cases) {
    const Result<DetectedInput> detected = DetectFormat(Sample(name));
    ASSERT_IO_OK(detected);
    EXPECT_EQ(detected->format, format) << name;
    EXPECT_EQ(detected->path, Sample(name));
  }
}

TEST(DetectFormat, ModelsBelowTheFolder) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder / "sparse/0");
  std::filesystem::copy(Sample("colmap_text"), folder / "sparse/0");
  const Result<DetectedInput> detected = DetectFormat(folder.path());
  ASSERT_IO_OK(detected);
  EXPECT_EQ(detected->path, folder / "sparse/0");
}

TEST(DetectFormat, ResultsWithoutHeader) {
  TemporaryFolder folder;
  ASSERT_IO_OK(WriteFile(folder / "r", "1,2,3,0.5,1 0 0 0 1 0 0 0 1,1 2 3,0.1\n"));
  const Result<DetectedInput> detected = DetectFormat(folder / "r");
  ASSERT_IO_OK(detected);
  EXPECT_EQ(detected->format, InputFormat::kBopResults);
}

TEST(DetectFormat, ErrorsSayWhatWasLookedFor) {
  TemporaryFolder folder;
  ExpectError(DetectFormat(folder.path()), {"COLMAP", "sparse/0", "scene_gt.json"});
  ExpectError(DetectFormat(folder / "nothing"), {"nothing", "No such file"});
  ASSERT_IO_OK(WriteFile(folder / "x", "hello\n"));
  ExpectError(DetectFormat(folder / "x"), {"JSON lines", "BAL", "BOP"});
  ASSERT_IO_OK(WriteFile(folder / "x", ""));
  ExpectError(DetectFormat(folder / "x"), {"not recognised"});
  ExpectError(DetectFormat(Sample("colmap_text/images.txt")), {"folder", "COLMAP"});
  ASSERT_IO_OK(WriteFile(folder / "poses.jsonl", R"({"schema":"propnp-poses-1"})"));
  ExpectError(DetectFormat(folder / "poses.jsonl"), {"results"});
}

TEST(DetectFormat, RealData) {
  const auto bal = test::FindTestData("real/bal/problem-16-22106-pre.txt");
  const auto colmap = test::FindTestData("real/colmap_maupertuis");
  const auto bop = test::FindTestData("real/bop/gt-pbrreal-rgb-mmodel_lmo-test_lmo.csv");
  if (!bal || !colmap || !bop) GTEST_SKIP() << "needs real/bal, real/colmap_maupertuis, real/bop";
  EXPECT_EQ(DetectFormat(bal->string())->format, InputFormat::kBal);
  EXPECT_EQ(DetectFormat(colmap->string())->format, InputFormat::kColmap);
  EXPECT_EQ(DetectFormat(bop->string())->format, InputFormat::kBopResults);
}

}  // namespace
}  // namespace propnp::io
