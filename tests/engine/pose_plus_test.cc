// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The Gauss-Newton step and its vector-Jacobian product against differences of the step itself.
#include "propnp/engine/pose_plus.h"

#include "tests/engine/pose_plus_call.h"

namespace propnp::test {
namespace {

auto MakeForward() {
  return [](const GradientBatch& b) { return std::make_unique<PosePlusCall>(b); };
}
auto MakeBackward() {
  return [](const GradientBatch& b) {
    return std::make_unique<PosePlusBackwardCall>(
        b, std::vector<double>(b.pose.size(), 0.3),
        std::vector<double>(b.num_objects * b.cost.dof, 0.7));
  };
}

std::vector<double> RandomNumbers(TestRandom& random, size_t count) {
  std::vector<double> numbers(count);
  for (double& x : numbers) x = random.Normal();
  return numbers;
}

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Gradients of cotangents of the stored pose and of the step, both, against differences.
void CheckBackward(TestRandom& random, const GradientBatch& b) {
  PosePlusBackwardCall call(b, RandomNumbers(random, b.pose.size()),
                            RandomNumbers(random, b.num_objects * b.cost.dof));
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  EXPECT_EQ(call.status, std::vector<int32_t>(b.num_objects, 0));
  Context one(1);
  DifferenceCheck check(
      b,
      [&](const GradientBatch& at) {
        PosePlusCall forward(at);
        EXPECT_TRUE(forward.Run(one).ok());
        return Dot(forward.pose_plus, call.pose_cotangent) + Dot(forward.step, call.step_cotangent);
      },
      1e-6);
  check.ExpectAll(call.out);
}

class PosePlusCase : public GradientCases {};

TEST_P(PosePlusCase, BackwardIsTheDerivativeOfForward) {
  TestRandom random;
  GradientCase c = Case();
  CheckBackward(random, MakeGradientBatch(random, c));
  c.information = !c.information;
  CheckBackward(random, MakeGradientBatch(random, c));
}

TEST_P(PosePlusCase, BackwardWithClampedPoints) {
  TestRandom random;
  GradientCase c = Case();
  c.box = true;
  c.z_min = 2.8;
  const GradientBatch b = MakeGradientBatch(random, c);
  EXPECT_GT(ClampedPoints(b), 3);
  CheckBackward(random, b);
}

INSTANTIATE_TEST_SUITE_P(All, PosePlusCase, EveryCase());

// The step is that of the normal equations that Evaluate() gives with clamped rows dropped and no
// loss: there they are the same in all their curvatures.
TEST(PosePlus, StepSolvesTheNormalEquations) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    GradientCase c;
    c.dof = dof, c.displacement = 0.05, c.z_min = 2.8;
    const GradientBatch b = MakeGradientBatch(random, c);
    PosePlusCall call(b);
    call.args.epsilon = 7;
    ASSERT_TRUE(call.Run(SharedContext()).ok());
    EvaluateCall evaluate(b, b.pose);
    evaluate.args.drop_clamped_rows = 1;
    ASSERT_TRUE(evaluate.Run(SharedContext()).ok());
    for (int64_t object = 0; object < b.num_objects; ++object) {
      const double* h = &evaluate.hessian[object * dof * dof];
      for (int i = 0; i < dof; ++i) {
        double sum = evaluate.gradient[object * dof + i];
        const double ridge = dof == 6 && i >= 3 ? 7.0 / 4 : 7;
        for (int j = 0; j < dof; ++j) {
          sum += (h[i * dof + j] + (i == j ? ridge : 0)) * call.step[object * dof + j];
        }
        EXPECT_NEAR(sum, 0, 1e-9 * h[i * dof + i]);
      }
      const std::vector<double> step =
          LocalStep(dof, &b.pose[object * b.pose_size()], &call.pose_plus[object * b.pose_size()]);
      for (int i = 0; i < dof; ++i) EXPECT_NEAR(step[i], call.step[object * dof + i], 1e-14);
    }
  }
}

// The adaptive scale held fixed is a Huber loss of that scale.
TEST(PosePlus, HoldingTheAdaptiveDeltaIsHuber) {
  TestRandom random;
  for (const bool information : {false, true}) {
    GradientCase c;
    c.loss = PROPNP_LOSS_ADAPTIVE_HUBER, c.information = information, c.displacement = 0.03;
    GradientBatch b = MakeGradientBatch(random, c);
    const std::vector<double> cotangent = RandomNumbers(random, b.pose.size());
    PosePlusBackwardCall held(b, cotangent, {}), whole(b, cotangent, {});
    held.out.gradients.hold_delta_fixed = 1;
    ASSERT_TRUE(held.Run(SharedContext()).ok());
    ASSERT_TRUE(whole.Run(SharedContext()).ok());
    HoldDelta(&b);
    PosePlusBackwardCall huber(b, cotangent, {});
    ASSERT_TRUE(huber.Run(SharedContext()).ok());
    EXPECT_EQ(held.out.w2d, huber.out.w2d);
    EXPECT_EQ(held.out.sqrt_info, huber.out.sqrt_info);
    EXPECT_EQ(held.out.delta, huber.out.delta);
    EXPECT_EQ(held.out.x3d, whole.out.x3d);
    EXPECT_EQ(held.out.relative_delta, whole.out.relative_delta);
    EXPECT_NE(held.out.relative_delta[0], 0);
    EXPECT_NE(information ? held.out.sqrt_info : held.out.w2d,
              information ? whole.out.sqrt_info : whole.out.w2d);
  }
}

// float32 in and out is float64 of the same numbers, rounded.
TEST(PosePlus, SinglePrecisionTensors) {
  TestRandom random;
  GradientCase c;
  c.loss = PROPNP_LOSS_CAUCHY, c.displacement = 0.03;
  GradientBatch b = MakeGradientBatch(random, c);
  for (auto* values : {&b.x3d, &b.x2d, &b.w2d, &b.pose}) {
    for (double& x : *values) x = static_cast<float>(x);
  }
  PosePlusBackwardCall wide(b, RandomNumbers(random, b.pose.size()), {}), narrow(b, {}, {});
  ASSERT_TRUE(wide.Run(SharedContext()).ok());
  const auto floats = [](const std::vector<double>& v) {
    return std::vector<float>(v.begin(), v.end());
  };
  const std::vector<float> x3d = floats(b.x3d), x2d = floats(b.x2d), w2d = floats(b.w2d),
                           pose = floats(b.pose);
  std::vector<float> grad_x3d(x3d.size()), grad_w2d(w2d.size());
  narrow.inputs.correspondences.x3d = View(x3d.data(), {b.num_points, 3});
  narrow.inputs.correspondences.x2d = View(x2d.data(), {b.num_points, 2});
  narrow.inputs.correspondences.w2d = View(w2d.data(), {b.num_points, 2});
  narrow.args.pose = View(pose.data(), {b.num_objects, b.pose_size()});
  narrow.args.pose_plus_cotangent = wide.args.pose_plus_cotangent;
  narrow.out.gradients.x3d = View(grad_x3d.data(), {b.num_points, 3});
  narrow.out.gradients.w2d = View(grad_w2d.data(), {b.num_points, 2});
  ASSERT_TRUE(narrow.Run(SharedContext()).ok());
  EXPECT_EQ(grad_x3d, floats(wide.out.x3d));
  EXPECT_EQ(grad_w2d, floats(wide.out.w2d));
  EXPECT_EQ(narrow.out.x2d, wide.out.x2d);
}

TEST(PosePlus, RobustnessOfTheStep) {
  TestRandom random;
  const GradientBatch b = FullGradientBatch(random);
  ExpectRobustness(MakeForward(), b);
  ExpectAlikeOnAnyInstructionSet(MakeForward(), b);
}

TEST(PosePlus, RobustnessOfTheBackwardPass) {
  TestRandom random;
  ExpectRobustGradients(MakeBackward(), random);
}

TEST(PosePlus, BadCotangentsAndEpsilons) {
  TestRandom random;
  const GradientBatch b = FullGradientBatch(random);
  const auto bad = MakeBackward()(b);
  bad->pose_cotangent[2] = kNaN;
  ASSERT_TRUE(bad->Run(SharedContext()).ok());
  EXPECT_EQ(bad->status[0], PROPNP_STATUS_NON_FINITE_INPUT);
  EXPECT_EQ(bad->status[1], 0);
  for (const double value : bad->PartOf(b, 0)) EXPECT_EQ(value, 0);
  const auto none = MakeBackward()(b);
  none->args.pose_plus_cotangent = none->args.step_cotangent = {};
  const Status missing = none->Run(SharedContext());
  EXPECT_NE(missing.message().find("both missing"), std::string::npos) << missing.message();
  for (const double epsilon : {-1e-9, kNaN, kInfinity}) {
    const auto forward = MakeForward()(b);
    forward->args.epsilon = epsilon;
    const Status status = forward->Run(SharedContext());
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find("epsilon"), std::string::npos) << status.message();
  }
}

// All points in one place leave turns about it undetermined: the ridge makes the step finite,
// without it the status says why there is none.
TEST(PosePlus, RankDeficientNeedsTheRidge) {
  TestRandom random;
  GradientCase c;
  GradientBatch b = MakeGradientBatch(random, c);
  for (int64_t k = 0; k < b.num_points; ++k) {
    b.x3d[3 * k] = b.x3d[3 * k + 1] = b.x3d[3 * k + 2] = 0;
  }
  PosePlusCall ridged(b), bare(b);
  bare.args.epsilon = 0;
  ASSERT_TRUE(ridged.Run(SharedContext()).ok());
  ASSERT_TRUE(bare.Run(SharedContext()).ok());
  EXPECT_EQ(ridged.status, (std::vector<int32_t>{0, 0}));
  EXPECT_EQ(bare.status, std::vector<int32_t>(2, PROPNP_STATUS_RANK_DEFICIENT));
  EXPECT_EQ(bare.step, std::vector<double>(12, 0.0));
}

// Dense points: padding is neither read nor given a gradient; float32 that cannot hold a gradient
// is a status.
TEST(PosePlus, DenseLayout) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 3, simulation.points = 10, simulation.noise_px = 1;
  Batch batch = Simulate(random, simulation);
  batch.counts = {10, 4, 7};
  batch.x2d[2 * 10 + 2 * 5] = kNaN;  // padding
  const Correspondences correspondences = CorrespondencesOf(batch);
  const Cameras cameras = CamerasOf(batch);
  const std::vector<double> cotangent(21, 0.5);
  std::vector<float> grad(60, -1);
  Gradients gradients;
  gradients.x2d = View(grad.data(), {3, 10, 2});
  PosePlusBackwardArgs args;
  args.correspondences = &correspondences, args.cameras = &cameras, args.cost = &batch.cost;
  args.pose = View(batch.true_pose.data(), {3, 7});
  args.pose_plus_cotangent = View(cotangent.data(), {3, 7});
  args.gradients = &gradients;
  std::vector<int32_t> status(3, -1);
  args.status = View(status.data(), {3});
  ASSERT_TRUE(PosePlusBackward(SharedContext(), args).ok());
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 10; ++k) {
      const bool padding = k >= batch.counts[i];
      EXPECT_EQ(grad[20 * i + 2 * k] == 0, padding) << i << " " << k;
      EXPECT_NE(grad[20 * i + 2 * k], -1);
    }
  }
  EXPECT_EQ(status, std::vector<int32_t>(3, 0));
  const std::vector<double> huge(21, 1e300);
  args.pose_plus_cotangent = View(huge.data(), {3, 7});
  ASSERT_TRUE(PosePlusBackward(SharedContext(), args).ok());
  EXPECT_EQ(status, std::vector<int32_t>(3, PROPNP_STATUS_NON_FINITE_INPUT));
  for (const float g : grad) EXPECT_EQ(g, 0);
}

// Rows that belong to no view get zeros.
TEST(PosePlus, UnusedRowsAreZero) {
  TestRandom random;
  const GradientBatch b = FullGradientBatch(random);
  const auto call = MakeBackward()(b);
  ASSERT_TRUE(call->Run(SharedContext()).ok());
  for (int64_t k = b.num_points - GradientBatch::kUnusedRows; k < b.num_points; ++k) {
    for (int c = 0; c < 3; ++c) EXPECT_EQ(call->out.x3d[3 * k + c], 0);
    for (int c = 0; c < 2; ++c) EXPECT_EQ(call->out.w2d[2 * k + c], 0);
  }
}

}  // namespace
}  // namespace propnp::test
