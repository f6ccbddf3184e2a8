// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/posterior_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "apps/propnp/text.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

struct Posteriors {
  io::PoseDataset dataset;
  std::vector<ObjectPosterior> all;

  explicit Posteriors(int count) {
    for (int i = 0; i < count; ++i) {
      dataset.objects.emplace_back();
      dataset.objects.back().id = "object_" + std::to_string(i);
      all.push_back(WithModes({1.0}));
    }
  }
  static ObjectPosterior WithModes(const std::vector<double>& probabilities) {
    ObjectPosterior posterior;
    for (double probability : probabilities) {
      PoseMode mode;
      mode.probability = probability;
      const double angle = 0.5 * static_cast<double>(posterior.modes.size());
      mode.pose = io::MakePose(io::QuaternionFromAngleAxis({0, angle, 0}), {0.1, -0.2, 1.5});
      mode.covariance.assign(36, 0.0);
      for (int k = 0; k < 6; ++k) mode.covariance[k * 7] = 4e-6;
      mode.rms_px = 0.25;
      posterior.modes.push_back(mode);
    }
    posterior.log_evidence = -3.25;
    posterior.standard_error = 0.004;
    posterior.ess = 0.61;
    posterior.khat = 0.2;
    return posterior;
  }
  std::string Table(const std::string& unit = "m") const {
    return PosteriorTable(dataset, all, unit);
  }
};

size_t Lines(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(PosteriorTable, OneLineAnObjectAndOneAMode) {
  Posteriors posteriors(2);
  posteriors.all[1] = Posteriors::WithModes({0.8, 0.2});
  const std::string table = posteriors.Table();
  EXPECT_EQ(Lines(table), 1u + 2 + 3);
  EXPECT_TRUE(Has(table, "object_0: one mode  (log evidence -3.25 +- 0.004, ESS 61 %, k-hat 0.20)"))
      << table;
  EXPECT_TRUE(Has(table, "object_1: two modes, 29 deg apart")) << table;
  EXPECT_TRUE(Has(table, "0.80   ################....   ")) << table;
  EXPECT_TRUE(Has(table, "0.20   ####................   ")) << table;
  EXPECT_TRUE(Has(table, "x mm") && Has(table, "1500")) << table;
  EXPECT_TRUE(Has(table, "28.6")) << table;                         // 0.5 rad
  EXPECT_TRUE(Has(table, "3.46") && Has(table, "0.198")) << table;  // sqrt(3 x 4e-6)
  EXPECT_FALSE(Has(posteriors.Table(""), "mm"));
  EXPECT_TRUE(Has(posteriors.Table("in"), "z in"));
}

TEST(PosteriorTable, FailuresHaveNoModes) {
  Posteriors posteriors(2);
  posteriors.all[0] = ObjectPosterior();
  posteriors.all[0].status = PROPNP_STATUS_TOO_FEW_POINTS;
  const std::string table = posteriors.Table();
  EXPECT_EQ(Lines(table), 1u + 1 + 2);
  EXPECT_TRUE(Has(table, "object_0: failed: fewer than 3 points with weight\n")) << table;
  EXPECT_FALSE(Has(table, "nan"));
}

TEST(PosteriorTable, AnErrorThatIsNotKnownIsNotShown) {
  Posteriors posteriors(1);
  posteriors.all[0].standard_error = HUGE_VAL;
  posteriors.all[0].status = PROPNP_STATUS_HIGH_KHAT;
  EXPECT_TRUE(Has(posteriors.Table(), "(log evidence -3.25, ESS")) << posteriors.Table();
}

TEST(PosteriorTable, CutsTenThousandToTheLeastCertain) {
  Posteriors posteriors(10000);
  posteriors.all[7000] = Posteriors::WithModes({0.6, 0.4});
  posteriors.all[8000] = ObjectPosterior();
  posteriors.all[9000].status = PROPNP_STATUS_IMPROPER;
  const std::string table = posteriors.Table();
  EXPECT_EQ(Lines(table), 1u + 20 + 20 + 1);  // one of the objects has no mode, one has two
  EXPECT_LT(table.find("object_8000"), table.find("object_9000"));
  EXPECT_LT(table.find("object_9000"), table.find("object_7000"));
  EXPECT_TRUE(Has(table, "(20 of 10000 objects: the least certain ones; -o writes all)"));
}

}  // namespace
}  // namespace propnp::app
