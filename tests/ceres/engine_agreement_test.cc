// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// RefinePoses and the engine's batched solver minimise the same cost: same optimum, same
// covariance, on the problems of the published implementation and on Bundle Adjustment in the
// Large.
#include <gtest/gtest.h>

#include <cmath>

#include "propnp/ceres/refine_poses.h"
#include "propnp/engine/solve.h"
#include "propnp/io/bal.h"
#include "tests/math/golden_objects.h"
#include "tests/test_data.h"

namespace propnp {
namespace {

static_assert(kRefineConverged == uint32_t{PROPNP_STATUS_CONVERGED});
static_assert(kRefineMaxIterations == uint32_t{PROPNP_STATUS_MAX_ITERATIONS});
static_assert(kRefineTooFewPoints == uint32_t{PROPNP_STATUS_TOO_FEW_POINTS});
static_assert(kRefineRankDeficient == uint32_t{PROPNP_STATUS_RANK_DEFICIENT});
static_assert(kRefineIndefinite == uint32_t{PROPNP_STATUS_INDEFINITE});
static_assert(kRefineBehindCamera == uint32_t{PROPNP_STATUS_BEHIND_CAMERA});
static_assert(kRefineNonFiniteInput == uint32_t{PROPNP_STATUS_NON_FINITE_INPUT});
static_assert(static_cast<int>(CovarianceKind::kPosterior) == PROPNP_COVARIANCE_POSTERIOR);
static_assert(static_cast<int>(CovarianceKind::kGaussNewton) == PROPNP_COVARIANCE_GAUSS_NEWTON);
static_assert(static_cast<int>(CovarianceKind::kSandwich) == PROPNP_COVARIANCE_SANDWICH);

// What either solver made of B objects.
struct Outcome {
  std::vector<double> poses, cost_before, cost_after, covariance;
  std::vector<int32_t> status;
};

Outcome SolveWithEngine(const propnp_correspondences& correspondences,
                        const propnp_cameras& cameras, const propnp_cost_options& cost,
                        const std::vector<double>& start, CovarianceKind kind) {
  const int64_t b = correspondences.num_objects;
  const int64_t d = cost.dof, stored = d == 6 ? 7 : 4;
  Outcome out{start, std::vector<double>(b), std::vector<double>(b), std::vector<double>(b * d * d),
              std::vector<int32_t>(b)};
  SolveOptions options;
  options.max_iterations = 200;
  options.covariance = static_cast<int>(kind);
  SolveArgs args;
  args.correspondences = &correspondences;
  args.cameras = &cameras;
  args.cost = &cost;
  args.options = &options;
  args.pose_init = View(start.data(), {b, stored});
  args.pose = View(out.poses.data(), {b, stored});
  args.cost_before = View(out.cost_before.data(), {b});
  args.cost_after = View(out.cost_after.data(), {b});
  args.covariance = View(out.covariance.data(), {b, d, d});
  args.status = View(out.status.data(), {b});
  Context context(1);
  const Status status = Solve(context, args);
  EXPECT_TRUE(status.ok()) << status.message();
  return out;
}

Outcome SolveWithCeres(const propnp_correspondences& correspondences, const propnp_cameras& cameras,
                       const propnp_cost_options& cost, const std::vector<double>& start,
                       CovarianceKind kind) {
  Outcome out;
  out.poses = start;
  RefineOptions options;
  options.max_iterations = 300;
  options.covariance = kind;
  RefineResult result;
  std::string error;
  EXPECT_TRUE(
      RefinePoses(correspondences, cameras, cost, options, out.poses.data(), &result, &error))
      << error;
  for (const RefinedObject& object : result.objects) {
    out.cost_before.push_back(object.cost_before);
    out.cost_after.push_back(object.cost_after);
    out.covariance.insert(out.covariance.end(), object.covariance.matrix,
                          object.covariance.matrix + cost.dof * cost.dof);
    out.status.push_back(static_cast<int32_t>(object.status));
    EXPECT_EQ(object.message, "");
  }
  return out;
}

void ExpectSamePose(const double* a, const double* b, int dof) {
  double delta[6];
  if (dof == 6) {
    SixDof<double>().local(a, b, delta);
  } else {
    FourDof<double>().local(a, b, delta);
  }
  const double distance = std::sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(delta[i], 0, 1e-8 * std::max(1.0, distance)) << i;
  for (int i = 3; i < dof; ++i) EXPECT_NEAR(delta[i], 0, 1e-8) << i;
}

// Entries relative to the standard deviations of their row and column.
void ExpectSameCovariance(const double* a, const double* b, int n, double tolerance) {
  for (int i = 0; i < n; ++i) {
    ASSERT_GT(b[i * n + i], 0);
    for (int j = 0; j < n; ++j) {
      EXPECT_NEAR(a[i * n + j], b[i * n + j], tolerance * std::sqrt(b[i * n + i] * b[j * n + j]))
          << i << " " << j;
    }
  }
}

void ExpectSameOutcome(const propnp_correspondences& correspondences, const propnp_cameras& cameras,
                       const propnp_cost_options& cost, const std::vector<double>& start) {
  const int dof = cost.dof, stored = dof == 6 ? 7 : 4;
  for (const auto kind :
       {CovarianceKind::kPosterior, CovarianceKind::kGaussNewton, CovarianceKind::kSandwich}) {
    SCOPED_TRACE("covariance " + std::to_string(static_cast<int>(kind)));
    const Outcome engine = SolveWithEngine(correspondences, cameras, cost, start, kind);
    const Outcome ceres = SolveWithCeres(correspondences, cameras, cost, start, kind);
    for (int64_t b = 0; b < correspondences.num_objects; ++b) {
      SCOPED_TRACE("object " + std::to_string(b));
      EXPECT_EQ(engine.status[b], PROPNP_STATUS_CONVERGED);
      EXPECT_EQ(ceres.status[b], engine.status[b]);
      EXPECT_NEAR(ceres.cost_before[b], engine.cost_before[b], 1e-10 * engine.cost_before[b]);
      EXPECT_NEAR(ceres.cost_after[b], engine.cost_after[b], 1e-10 * engine.cost_after[b]);
      ExpectSamePose(&ceres.poses[b * stored], &engine.poses[b * stored], dof);
      // The poses agree to 1e-8; a covariance varies as its pose does.
      ExpectSameCovariance(&ceres.covariance[b * dof * dof], &engine.covariance[b * dof * dof], dof,
                           1e-6);
    }
  }
}

TEST(EngineAgreement, PublishedProblems) {
  test::ForEachObject([](const auto& dof, const test::json& a_case, size_t index,
                         const test::Object& object) {
    const auto n = static_cast<int64_t>(object.num_points());
    Correspondences correspondences;
    correspondences.num_objects = 1;
    correspondences.x3d = View(object.x3d.data(), {1, n, 3});
    correspondences.x2d = View(object.x2d.data(), {1, n, 2});
    correspondences.w2d = View(object.w2d.data(), {1, n, 2});
    const int32_t model = PROPNP_CAMERA_PINHOLE;
    const double box[4] = {object.box.low.x, object.box.low.y, object.box.high.x,
                           object.box.high.y};
    Cameras cameras;
    cameras.model = View(&model, {1});
    cameras.parameters = View(object.camera.data(), {1, 5});
    if (object.box.active) cameras.box_px = View(box, {1, 4});
    CostOptions cost;
    cost.dof = dof.kTangent;
    cost.z_min = object.z_min;
    cost.loss = object.relative_delta ? PROPNP_LOSS_ADAPTIVE_HUBER : PROPNP_LOSS_HUBER;
    cost.delta = object.fixed_delta;
    cost.relative_delta = object.relative_delta.value_or(0);
    ExpectSameOutcome(correspondences, cameras, cost, test::Flatten(a_case["pose_true"][index]));
  });
}

class BundleAdjustmentInTheLarge : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto path = test::FindTestData("real/bal/problem-16-22106-pre.txt");
    if (!path) GTEST_SKIP() << "needs real/bal/problem-16-22106-pre.txt";
    auto bal = io::ReadBal(path->string());
    ASSERT_TRUE(bal.ok()) << bal.status().message();
    auto dataset = io::ToPoseDataset(*bal);
    ASSERT_TRUE(dataset.ok()) << dataset.status().message();
    dataset_ = *dataset;
    for (const io::DatasetObject& object : dataset_.objects) {
      start_.insert(start_.end(), object.pose.begin(), object.pose.end());
    }
  }

  io::PoseDataset dataset_;
  std::vector<double> start_;
};

TEST_F(BundleAdjustmentInTheLarge, PosesAlone) {
  const CostOptions cost;
  std::vector<double> poses = start_;
  RefineOptions options;
  options.num_threads = 2;
  RefineResult result;
  std::string error;
  ASSERT_TRUE(RefinePoses(dataset_.Correspondences(), dataset_.Cameras(), cost, options,
                          poses.data(), &result, &error))
      << error;
  double before = 0, after = 0;
  for (const RefinedObject& object : result.objects) {
    EXPECT_EQ(object.status, kRefineConverged) << object.message;
    before += object.cost_before;
    after += object.cost_after;
  }
  EXPECT_NEAR(before, 4185659.518, 1e-6 * before);
  EXPECT_NEAR(after, 1226839.589, 1e-6 * after);
}

TEST_F(BundleAdjustmentInTheLarge, AsTheEngine) {
  CostOptions cost;
  ExpectSameOutcome(dataset_.Correspondences(), dataset_.Cameras(), cost, start_);
  cost.loss = PROPNP_LOSS_HUBER;
  cost.delta = 2;
  ExpectSameOutcome(dataset_.Correspondences(), dataset_.Cameras(), cost, start_);
}

}  // namespace
}  // namespace propnp
