// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Priors that the objects of an input bring along: of every kind they take part in posterior and
// refinement, and numbers that are no density are refused by name.
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "tests/apps/run_app.h"

namespace propnp::app {
namespace {

using Json = nlohmann::json;

// A square of two metres that fits at a distance of 3 m.
std::string Square(const std::string& prior, int dof = 6, const std::string& id = "a") {
  return R"({"id": ")" + id + R"(", "dof": )" + std::to_string(dof) +
         R"(, "camera": {"model": "pinhole", "parameters": [600, 600, 320, 240]}, "prior": )" +
         prior + R"(, "x3d": [[-1,-1,0],[1,-1,0],[1,1,0],[-1,1,0]], )" +
         R"("x2d": [[120,40],[520,40],[520,440],[120,440]]})";
}

std::string LogDepthPrior(const std::string& covariance) {
  return R"({"type": "gaussian_ray", "mean": [0, 0.1, 1], "covariance": )" + covariance + "}";
}

std::string DepthRange(const std::string& nearest, const std::string& farthest) {
  return R"({"type": "depth_range", "min": [-1, -1, )" + nearest + R"(], "max": [1, 1, )" +
         farthest + "]}";
}

// Variances .01 of the translation; `coupling` of every two coordinates, above the diagonal alone.
std::string PosePrior(int dof, const std::string& depth, double rotation, double coupling = 0) {
  std::string rows;
  for (int i = 0; i < dof; ++i) {
    for (int j = 0; j < dof; ++j) {
      const double variance = i < 3 ? 0.01 : rotation;
      rows += j ? "," : i ? "],[" : "[[";
      rows += std::to_string(i == j ? variance : i < j ? coupling : 0);
    }
  }
  return R"({"type": "gaussian_pose", "mean": [0, 0, )" + depth + (dof == 6 ? ", 1, 0, 0" : "") +
         R"(, 0], "covariance": )" + rows + "]]}";
}

Json PosteriorOf(const std::string& input) {
  TemporaryFolder folder;
  const AppRun run = RunApp({"posterior", WriteInput(folder, input), "--json"});
  EXPECT_EQ(run.code, kAllGood) << run.out << run.err;
  return Json::parse(run.out)["posteriors"].at(0);
}

double LogEvidence(const Json& posterior) { return posterior["log_evidence"].get<double>(); }

void ExpectRefusal(const std::string& prior, const std::string& message) {
  TemporaryFolder folder;
  ExpectUsageError({"posterior", WriteInput(folder, Square(prior))}, message);
}

// A correlated prior is not that of its diagonal.
TEST(PosteriorPriors, ALogDepthPriorTakesACovariance) {
  const auto log_evidence = [](const std::string& covariance) {
    return LogEvidence(PosteriorOf(Square(LogDepthPrior(covariance))));
  };
  const double independent = log_evidence("[[0.01,0,0],[0,0.01,0],[0,0,0.01]]");
  const double correlated = log_evidence("[[0.01,0,0],[0,0.01,0.009],[0,0.009,0.01]]");
  EXPECT_GT(std::fabs(independent - correlated), 0.1);
}

TEST(PosteriorPriors, RangesAndPosesTakePart) {
  for (const int dof : {6, 4}) {
    for (const auto& [likely, unlikely] :
         {std::pair(DepthRange("1", "5"), DepthRange("2.999", "3.001")),
          std::pair(PosePrior(dof, "3", 0.1), PosePrior(dof, "3.5", 0.1))}) {
      const Json posteriors[] = {PosteriorOf(Square(likely, dof)),
                                 PosteriorOf(Square(unlikely, dof))};
      for (const Json& posterior : posteriors) {
        EXPECT_NEAR(posterior["modes"].at(0)["cam_from_object"].at(2).get<double>(), 3, 0.1);
      }
      EXPECT_GT(std::fabs(LogEvidence(posteriors[0]) - LogEvidence(posteriors[1])), 0.1);
    }
  }
}

TEST(PosteriorPriors, OneInputMayHaveSeveralKinds) {
  TemporaryFolder folder;
  const std::string range = Square(DepthRange("1", "5"));
  const std::string pose = Square(PosePrior(6, "3", 0.1), 6, "b");
  const AppRun run =
      RunApp({"refine", WriteInput(folder, range + "\n" + pose), "--sigma", "1", "--json"});
  EXPECT_EQ(run.code, kAllGood) << run.out << run.err;
  EXPECT_EQ(Json::parse(run.out)["poses"].size(), 2u);
}

TEST(PosteriorPriors, WhatIsNoDensityIsRefused) {
  const std::string no_covariance = "a: prior.covariance is not symmetric and positive definite";
  ExpectRefusal(LogDepthPrior("[[0.01,0.02,0],[0.02,0.01,0],[0,0,0.01]]"), no_covariance);
  ExpectRefusal(DepthRange("-0.5", "2"),
                "a: prior.min begins at a depth of -0.500000, expected 0 or more");
  ExpectRefusal(DepthRange("2", "1"), "an empty range");
  ExpectRefusal(PosePrior(6, "3", 1.5),
                "a: prior.covariance has rotations with a standard deviation");
  ExpectRefusal(PosePrior(6, "3", 0.1, 0.05), no_covariance);
  ExpectRefusal(PosePrior(6, "3", -0.1), "a variance is not > 0");
  ExpectRefusal(PosePrior(4, "3", 0.1), "prior.mean");
}

}  // namespace
}  // namespace propnp::app
