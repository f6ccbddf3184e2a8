// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Every instruction set of this machine against the baseline, through the operations.
#include <algorithm>
#include <tuple>

#include "tests/engine/simulation.h"
#include "tests/engine/use_instruction_set.h"

namespace propnp::test {
namespace {

TEST(InstructionSets, BestOneIsChosen) {
  EXPECT_EQ(CurrentInstructionSet(), InstructionSetsHere().back());
  EXPECT_TRUE(HasInstructionSet(InstructionSet::kBaseline));
}

// Instruction set, camera, degrees of freedom, loss.
using Case = std::tuple<InstructionSet, int, int, int>;

class EveryInstructionSet : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!HasInstructionSet(std::get<0>(GetParam()))) {
      GTEST_SKIP() << "this machine or build has no "
                   << InstructionSetName(std::get<0>(GetParam()));
    }
  }

  // Three objects: plain weights or informations, beside a box and on a rig.
  Batch MakeBatch(TestRandom& random, bool information) {
    const auto [isa, camera, dof, loss] = GetParam();
    Simulation simulation;
    simulation.objects = 3;
    simulation.points = 37;
    simulation.dof = dof;
    simulation.camera = camera;
    simulation.noise_px = 1;
    simulation.outlier_fraction = 0.2;
    simulation.outlier_noise_px = 20;
    Batch b = Simulate(random, simulation);
    b.counts = {37, 16, 5};
    b.cost.loss = loss;
    b.cost.delta = 1.5;
    b.cost.relative_delta = 0.02;
    b.box_px = {-200, -200, 900, 800};
    b.camera_from_rig = {0.05, -0.1, 0.02, 0.99, 0.05, -0.03, 0.02};
    b.view_rig = {-1, 0, -1};
    if (information) {
      for (int64_t k = 0; k < 3 * 37; ++k) {
        b.sqrt_info.insert(b.sqrt_info.end(), {random.Uniform(0.5, 1), random.Uniform(-0.3, 0.3),
                                               random.Uniform(-0.3, 0.3), random.Uniform(0.5, 1)});
      }
    }
    return b;
  }
};

// Sums of up to 37 points in another order and with fused products: some tens of rounding errors,
// 1e-14 in double, of terms as large as the pixels (1e3) where residuals cancel; polynomials for
// the logarithm and the arc tangent differ by as much. In float the same count is 1e-5, and a
// residual of 1 px carries 1e3 x 1e-7 = 1e-4 of it.
double Relative(int32_t precision) { return precision == PROPNP_FLOAT64 ? 1e-12 : 1e-3; }

void ExpectClose(const std::vector<double>& actual, const std::vector<double>& expected,
                 int64_t rows, double relative, const char* what) {
  const int64_t width = static_cast<int64_t>(expected.size()) / rows;
  for (int64_t row = 0; row < rows; ++row) {
    double largest = 0;
    for (int64_t k = row * width; k < (row + 1) * width; ++k) {
      largest = std::max(largest, std::fabs(expected[k]));
    }
    for (int64_t k = row * width; k < (row + 1) * width; ++k) {
      EXPECT_NEAR(actual[k], expected[k], relative * largest) << what << " " << k;
    }
  }
}

TEST_P(EveryInstructionSet, EvaluatesAsTheBaseline) {
  TestRandom random;
  for (const bool information : {false, true}) {
    const Batch b = MakeBatch(random, information);
    std::vector<double> poses = NearTruth(random, b, 0.05);
    poses[2 * b.pose_size() + 2] = 0.2;  // with points behind the camera
    for (const int32_t precision : {PROPNP_FLOAT32, PROPNP_FLOAT64}) {
      for (const bool drop : {false, true}) {
        EvaluateCall expected(b, poses), actual(b, poses);
        expected.args.precision = actual.args.precision = precision;
        expected.args.drop_clamped_rows = actual.args.drop_clamped_rows = drop;
        {
          const UseInstructionSet baseline(InstructionSet::kBaseline);
          ASSERT_TRUE(expected.Run(SharedContext()).ok());
        }
        {
          const UseInstructionSet tested(std::get<0>(GetParam()));
          ASSERT_TRUE(actual.Run(SharedContext()).ok());
        }
        const double relative = Relative(precision);
        ExpectClose(actual.cost_value, expected.cost_value, 3, relative, "cost");
        ExpectClose(actual.gradient, expected.gradient, 3, 10 * relative, "gradient");
        ExpectClose(actual.hessian, expected.hessian, 3, relative, "hessian");
      }
    }
  }
}

// The three kinds of covariance need the three kinds of curvature; without iterations nothing but
// the kernels differs. Inverting multiplies rounding by the condition number, up to 1e5 here.
TEST_P(EveryInstructionSet, HasTheSameUncertainty) {
  TestRandom random;
  for (const bool information : {false, true}) {
    Batch b = MakeBatch(random, information);
    b.counts = {37, 30, 20};
    b.pose_init = b.true_pose;
    b.options.max_iterations = 0;
    for (const int32_t kind : {PROPNP_COVARIANCE_POSTERIOR, PROPNP_COVARIANCE_GAUSS_NEWTON,
                               PROPNP_COVARIANCE_SANDWICH}) {
      b.options.covariance = kind;
      const auto solve = [&](InstructionSet isa) {
        const UseInstructionSet use(isa);
        return SolveBatch(b);
      };
      const Solution expected = solve(InstructionSet::kBaseline);
      const Solution actual = solve(std::get<0>(GetParam()));
      EXPECT_EQ(actual.rank, expected.rank);
      EXPECT_EQ(actual.behind_fraction, expected.behind_fraction);
      ExpectClose(actual.covariance, expected.covariance, 3, 1e-8, "covariance");
      ExpectClose(actual.variance_factor, expected.variance_factor, 3, 1e-12, "variance factor");
      ExpectClose(actual.cost_after, expected.cost_after, 3, 1e-12, "cost");
    }
  }
}

// Both stop within 1e-9 standard deviations of the same minimum (1e-4 in float32), or where
// rounding of the residuals (1e-13 px, 1e-4 px) hides it. Standard deviations are below .2.
TEST_P(EveryInstructionSet, SolvesAsTheBaseline) {
  TestRandom random;
  Batch b = MakeBatch(random, false);
  b.counts = {37, 30, 20};
  b.pose_init = NearTruth(random, b, 0.02);
  for (const int32_t precision : {PROPNP_FLOAT32, PROPNP_FLOAT64}) {
    const auto solve = [&](InstructionSet isa) {
      const UseInstructionSet use(isa);
      return SolveBatch(b, precision);
    };
    const Solution expected = solve(InstructionSet::kBaseline);
    const Solution actual = solve(std::get<0>(GetParam()));
    const double tolerance = precision == PROPNP_FLOAT64 ? 1e-8 : 2e-3;
    for (int64_t i = 0; i < 3; ++i) {
      const PoseDistance d =
          Distance(b.cost.dof, &actual.pose[i * b.pose_size()], &expected.pose[i * b.pose_size()]);
      EXPECT_LT(d.translation, tolerance);
      EXPECT_LT(d.rotation, tolerance);
      EXPECT_EQ(actual.status[i] & ~PROPNP_STATUS_INDEFINITE,
                expected.status[i] & ~PROPNP_STATUS_INDEFINITE);
    }
  }
}

std::string CaseName(const ::testing::TestParamInfo<Case>& info) {
  const auto [isa, camera, dof, loss] = info.param;
  return std::string(InstructionSetName(isa)) + "_camera" + std::to_string(camera) + "_" +
         std::to_string(dof) + "dof_loss" + std::to_string(loss);
}

INSTANTIATE_TEST_SUITE_P(
    Machine, EveryInstructionSet,
    ::testing::Combine(::testing::Values(InstructionSet::kAvx2, InstructionSet::kAvx512),
                       ::testing::Range(0, 4), ::testing::Values(6, 4), ::testing::Range(0, 4)),
    CaseName);

}  // namespace
}  // namespace propnp::test
