// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Ceres' own checker: Jacobians in the tangent of the manifolds against Ridders' differences, over
// all cameras, layouts, losses and weights, with points behind the camera and outside the box.
#include <ceres/gradient_checker.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/ceres/cost_case.h"

namespace propnp {
namespace {

using test::CaseShape;
using test::CostCase;

void CheckGradient(const CaseShape& shape, test::TestRandom* random, int* rows, int* rows_checked) {
  CostCase c = test::MakeCase(shape, 8, random);
  test::NormalizeQuaternions(c.options, &c.parameters);
  std::string error;
  const auto cost = ObjectReprojectionCost::Create(c.options, c.points(), c.loss, &error);
  ASSERT_NE(cost, nullptr) << error;

  std::vector<std::unique_ptr<ceres::Manifold>> owned;
  test::AddManifolds(c.options, &owned);
  owned.resize(c.parameters.size());
  std::vector<const ceres::Manifold*> manifolds;
  for (const auto& manifold : owned) manifolds.push_back(manifold.get());

  const auto probe = [&](double step, ceres::GradientChecker::ProbeResults* results) {
    ceres::NumericDiffOptions options;
    options.ridders_relative_initial_step_size = step;
    const ceres::GradientChecker checker(cost.get(), &manifolds, options);
    checker.Probe(c.pointers().data(), 1e-6, results);
    ASSERT_TRUE(results->return_value) << results->error_log;
  };
  ceres::GradientChecker::ProbeResults wide, narrow;
  probe(1e-3, &wide);
  probe(1e-5, &narrow);

  // The checker's own verdict is relative to each entry, however small; ours to the row's largest.
  // Where the differences of two step sizes disagree, a step crosses a kink of a clamp or a loss.
  for (size_t k = 0; k < wide.local_jacobians.size(); ++k) {
    for (int row = 0; row < cost->num_residuals(); ++row) {
      const auto ours = wide.local_jacobians[k].row(row);
      const auto numeric = wide.local_numeric_jacobians[k].row(row);
      const double scale = 1 + ours.cwiseAbs().maxCoeff();
      const double doubt =
          (numeric - narrow.local_numeric_jacobians[k].row(row)).cwiseAbs().maxCoeff();
      if (doubt > 1e-7 * scale) continue;
      ++*rows_checked;
      EXPECT_LE((ours - numeric).cwiseAbs().maxCoeff(), 2e-7 * scale)
          << "block " << k << " row " << row;
    }
    *rows += cost->num_residuals();
  }
}

template <typename Model>
class GradientCheckerOf : public ::testing::Test {};

TYPED_TEST_SUITE(GradientCheckerOf, test::CameraModels, test::ModelNames);

TYPED_TEST(GradientCheckerOf, LayoutsAndLosses) {
  test::TestRandom random;
  int rows = 0, rows_checked = 0;
  for (const PoseLayout& layout : test::AllLayouts()) {
    for (const auto loss : {LossKind::kNone, LossKind::kHuber, LossKind::kCauchy}) {
      for (const auto weights :
           {test::WeightKind::kOnes, test::WeightKind::kDiagonal, test::WeightKind::kInformation}) {
        CaseShape shape;
        shape.camera_model = TypeParam::template Camera<double>::kModel;
        shape.camera_parameters = test::ExampleParameters<TypeParam>()[0];
        shape.pose = layout;
        shape.loss = loss;
        shape.weights = weights;
        CheckGradient(shape, &random, &rows, &rows_checked);
        shape.box = true;
        CheckGradient(shape, &random, &rows, &rows_checked);
        shape.world_from_object = layout;
        shape.cam_from_rig = layout;
        CheckGradient(shape, &random, &rows, &rows_checked);
      }
    }
  }
  EXPECT_GT(rows_checked, 0.8 * rows);
}

}  // namespace
}  // namespace propnp
