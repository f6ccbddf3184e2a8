// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The gradient of the minimum against differences of minima.
#include "propnp/engine/implicit_gradient.h"

#include "propnp/engine/object_derivatives.h"
#include "propnp/math/cholesky.h"
#include "tests/engine/implicit_gradient_call.h"
#include "tests/engine/packed_batch.h"

namespace propnp::test {
namespace {

auto MakeCall() {
  return [](const GradientBatch& b) {
    return std::make_unique<ImplicitGradientCall>(
        b, std::vector<double>(b.pose.size(), 0.3),
        std::vector<double>(b.num_objects * b.cost.dof, 0.7));
  };
}

// Near the minima, by the solver.
std::vector<double> SolveFrom(const GradientBatch& b, const std::vector<double>& start) {
  const GradientInputs inputs(b);
  SolveOptions options;
  std::vector<double> pose(start.size());
  SolveArgs args;
  inputs.Attach(&args);
  args.options = &options;
  args.pose_init = View(start.data(), {b.num_objects, b.pose_size()});
  args.pose = View(pose.data(), {b.num_objects, b.pose_size()});
  EXPECT_TRUE(Solve(SharedContext(), args).ok());
  return pose;
}

// One object's minimum to the last digits: steps -H^-1 g until g, that of the solver, is zero
// (whatever H is). False if there is none.
template <int kDof>
bool NewtonSteps(const ObjectCost<kDof, double>& cost, ClampedRows rows, double* pose) {
  double step[kDof], size = 1;
  for (int iteration = 0; iteration < 8; ++iteration) {
    NormalEquations<kDof, double> whole, equations;
    EvaluateWholeHessian(cost, pose, rows, &whole);
    cost.Evaluate(pose, Curvature::kIrls, rows, &equations);
    Cholesky<kDof, double> cholesky;
    if (!cholesky.factorize(whole.curvature)) return false;
    cholesky.solve(equations.gradient, step);
    size = 0;
    for (double& s : step) size += s * s, s = -s;
    cost.dof().retract(pose, step, pose);
  }
  return std::sqrt(size) < 1e-11;
}

bool FindMinima(const GradientBatch& b, ClampedRows rows, std::vector<double>* pose) {
  bool found = true;
  ForEachPacked(b, [&](const Problem&, const PackedObject<double>& object, int64_t i) {
    double* const at = pose->data() + i * b.pose_size();
    found = found && (b.cost.dof == 6 ? NewtonSteps(ObjectCost<6, double>(object), rows, at)
                                      : NewtonSteps(ObjectCost<4, double>(object), rows, at));
  });
  return found;
}

// A batch at its minima. Where clamps begin the cost has kinks, and a minimum that lies in one has
// no derivative: then another batch is drawn.
GradientBatch BatchAtMinima(TestRandom& random, const GradientCase& c, ClampedRows rows) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    GradientBatch b = MakeGradientBatch(random, c);
    b.pose = SolveFrom(b, b.pose);
    const bool found = FindMinima(b, rows, &b.pose);
    if (found && (!c.box || ClampedPoints(b) > 3)) return b;
  }
  ADD_FAILURE() << "no batch with minima";
  return MakeGradientBatch(random, c);
}

void CheckGradient(TestRandom& random, const GradientCase& c, ClampedRows rows) {
  const GradientBatch b = BatchAtMinima(random, c, rows);
  std::vector<double> by_pose(b.pose.size()), by_tangent(b.num_objects * b.cost.dof);
  for (double& c : by_pose) c = random.Normal();
  for (double& c : by_tangent) c = random.Normal();
  ImplicitGradientCall call(b, by_pose, by_tangent);
  call.args.drop_clamped_rows = rows == ClampedRows::kDrop;
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  EXPECT_EQ(call.status, std::vector<int32_t>(b.num_objects, PROPNP_STATUS_CONVERGED));
  const std::vector<double> minimum = b.pose;
  DifferenceCheck check(
      b,
      [&](const GradientBatch& at) {
        std::vector<double> moved = minimum;
        EXPECT_TRUE(FindMinima(at, rows, &moved));
        double sum = 0;
        for (int64_t i = 0; i < at.num_objects; ++i) {
          const int64_t p = at.pose_size(), d = at.cost.dof;
          const std::vector<double> step = LocalStep(d, &minimum[i * p], &moved[i * p]);
          for (int64_t k = 0; k < p; ++k) sum += by_pose[i * p + k] * moved[i * p + k];
          for (int64_t k = 0; k < d; ++k) sum += by_tangent[i * d + k] * step[k];
        }
        return sum;
      },
      1e-6);
  check.ExpectAll(call.out);
}

class ImplicitGradientCase : public GradientCases {
 protected:
  GradientCase Case() const {
    GradientCase c = GradientCases::Case();
    c.prior |= c.camera == PROPNP_CAMERA_FISHEYE;
    c.displacement = 0;
    return c;
  }
};

TEST_P(ImplicitGradientCase, IsTheDerivativeOfTheMinimum) {
  TestRandom random;
  CheckGradient(random, Case(), ClampedRows::kExact);
}

// Points held by the box or in depth: of the solver's minimum they are dropped, of the cost they
// keep the derivatives that are left.
TEST_P(ImplicitGradientCase, WithClampedPoints) {
  TestRandom random;
  GradientCase c = Case();
  c.box = true;
  c.z_min = 2.8;
  CheckGradient(random, c, ClampedRows::kDrop);
  CheckGradient(random, c, ClampedRows::kExact);
}

INSTANTIATE_TEST_SUITE_P(All, ImplicitGradientCase, EveryCase());

TEST(ImplicitGradient, Robustness) {
  TestRandom random;
  ExpectRobustGradients(MakeCall(), random);
}

TEST(ImplicitGradient, BadOrMissingCotangent) {
  TestRandom random;
  const GradientBatch b = FullGradientBatch(random);
  const auto bad = MakeCall()(b);
  bad->tangent_cotangent[1] = kInfinity;
  ASSERT_TRUE(bad->Run(SharedContext()).ok());
  EXPECT_EQ(bad->status[0], PROPNP_STATUS_NON_FINITE_INPUT);
  EXPECT_EQ(bad->status[1] & PROPNP_STATUS_NON_FINITE_INPUT, 0);
  for (const double value : bad->PartOf(b, 0)) EXPECT_EQ(value, 0);
  const auto none = MakeCall()(b);
  none->args.pose_cotangent = none->args.tangent_cotangent = {};
  const Status missing = none->Run(SharedContext());
  EXPECT_EQ(missing.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(missing.message().find("both missing"), std::string::npos) << missing.message();
}

// Away from a minimum the gradient is still finite, but the status does not vouch for it.
TEST(ImplicitGradient, ConvergedMeansAtTheMinimum) {
  TestRandom random;
  GradientCase c;
  c.displacement = 1e-3;
  GradientBatch b = MakeGradientBatch(random, c);
  const auto away = MakeCall()(b);
  ASSERT_TRUE(away->Run(SharedContext()).ok());
  EXPECT_EQ(away->status, std::vector<int32_t>(2, 0));
  EXPECT_NE(away->out.x2d[0], 0);
  b.pose = SolveFrom(b, b.pose);
  const std::vector<float> narrow(b.pose.begin(), b.pose.end());
  const auto at = MakeCall()(b), rounded = MakeCall()(b);
  ASSERT_TRUE(at->Run(SharedContext()).ok());
  EXPECT_EQ(at->status, std::vector<int32_t>(2, PROPNP_STATUS_CONVERGED));
  rounded->args.pose = View(narrow.data(), {2, 7});
  ASSERT_TRUE(rounded->Run(SharedContext()).ok());
  EXPECT_EQ(rounded->status, std::vector<int32_t>(2, PROPNP_STATUS_CONVERGED));
}

// Cauchy is concave far out, so that far from its minimum there is none to move.
TEST(ImplicitGradient, NoMinimumIsIndefinite) {
  TestRandom random;
  GradientCase c;
  c.loss = PROPNP_LOSS_CAUCHY;
  c.displacement = 0.3;
  const GradientBatch b = MakeGradientBatch(random, c);
  const auto call = MakeCall()(b);
  ASSERT_TRUE(call->Run(SharedContext()).ok());
  EXPECT_EQ(call->status, std::vector<int32_t>(2, PROPNP_STATUS_INDEFINITE));
  for (int64_t i = 0; i < 2; ++i) {
    for (const double value : call->PartOf(b, i)) EXPECT_EQ(value, 0);
  }
}

// Points on a line, seen without noise: turning about it is free.
TEST(ImplicitGradient, CollinearPointsAreRankDeficient) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 2;
  Batch batch = Simulate(random, simulation);
  for (int64_t k = 0; k < 40; ++k) {
    for (int c = 0; c < 3; ++c) batch.x3d[3 * k + c] = (0.02 + 0.03 * c) * (k % 20 - 9.3);
  }
  ProjectTruth(&batch);
  const Correspondences correspondences = CorrespondencesOf(batch);
  const Cameras cameras = CamerasOf(batch);
  std::vector<double> cotangent(14, 1.0), grad(batch.x2d.size(), kNaN);
  std::vector<int32_t> status(2, -1);
  Gradients gradients;
  gradients.x2d = View(grad.data(), {2, 20, 2});
  ImplicitGradientArgs args;
  args.correspondences = &correspondences, args.cameras = &cameras, args.cost = &batch.cost;
  args.pose = View(batch.true_pose.data(), {2, 7});
  args.pose_cotangent = View(cotangent.data(), {2, 7});
  args.gradients = &gradients;
  args.status = View(status.data(), {2});
  ASSERT_TRUE(ImplicitGradient(SharedContext(), args).ok());
  EXPECT_EQ(status, std::vector<int32_t>(2, PROPNP_STATUS_RANK_DEFICIENT));
  EXPECT_EQ(grad, std::vector<double>(grad.size(), 0.0));
}

}  // namespace
}  // namespace propnp::test
