// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/pose_table.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "apps/propnp/text.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

struct Poses {
  io::PoseDataset dataset;
  std::vector<RefinedObject> refined;

  explicit Poses(int count) {
    for (int i = 0; i < count; ++i) {
      io::DatasetObject object;
      object.id = "pose_" + std::to_string(i);
      dataset.objects.push_back(object);
      RefinedObject result;
      result.rms_after_px = 0.001 * i;
      result.points = 10;
      result.covariance.assign(36, 0.0);
      for (int k = 0; k < 6; ++k) result.covariance[k * 7] = 4e-6;
      result.status = PROPNP_STATUS_CONVERGED;
      refined.push_back(result);
    }
  }
  std::string Table(const std::string& unit = "m") const {
    return PoseTable(dataset, refined, {}, unit);
  }
};

long Lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST(PoseTable, ShowsEveryPoseOfAFew) {
  const std::string table = Poses(3).Table();
  EXPECT_EQ(Lines(table), 4);
  EXPECT_NE(table.find("sigma t mm"), std::string::npos);
  // sqrt(3 x 4e-6) m = 3.46 mm; the same in rad is 0.198 deg.
  EXPECT_NE(table.find("3.46"), std::string::npos) << table;
  EXPECT_NE(table.find("0.198"), std::string::npos) << table;
  EXPECT_EQ(Poses(3).Table("").find("sigma t mm"), std::string::npos);
}

TEST(PoseTable, ColumnsAreAligned) {
  const std::string table = Poses(12).Table();
  size_t status_column = std::string::npos;
  for (const std::string& line : Split(table, '\n')) {
    if (line.empty()) continue;
    const size_t at = line.rfind(status_column == std::string::npos ? "status" : "ok");
    if (status_column != std::string::npos) {
      EXPECT_EQ(at, status_column) << table;
    }
    status_column = at;
  }
}

TEST(PoseTable, CutsTenThousandToFailedAndWorst) {
  Poses poses(10000);
  poses.refined[5].status = PROPNP_STATUS_RANK_DEFICIENT;
  const std::string table = poses.Table();
  EXPECT_EQ(Lines(table), 22);
  EXPECT_LT(table.find("pose_5 "), table.find("pose_9999")) << table;
  EXPECT_NE(table.find("rank_deficient"), std::string::npos);
  EXPECT_NE(table.find("20 of 10000 poses"), std::string::npos);
}

TEST(PoseTable, LongNamesAndUnknownNumbers) {
  Poses poses(1);
  poses.dataset.objects[0].id = std::string(30, 'a') + "/" + std::string(30, 'b') + ".jpg";
  poses.refined[0].status = PROPNP_STATUS_TOO_FEW_POINTS;
  const std::string table = poses.Table();
  EXPECT_NE(table.find("aaa...bbb"), std::string::npos) << table;
  EXPECT_NE(table.find(" - "), std::string::npos) << table;  // no start, no covariance
  poses.dataset.objects[0].id = "\xC3\xA4\xC3\xB6\xC3\xBC";  // three letters, six bytes
  EXPECT_EQ(poses.Table().find("\xC3\xA4\xC3\xB6\xC3\xBC"), poses.Table().find('\n') + 3);
}

}  // namespace
}  // namespace propnp::app
