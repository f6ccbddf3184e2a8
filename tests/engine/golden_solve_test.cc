// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Runs of the published Levenberg-Marquardt solver: the same pose after the same iterations.
#include "propnp/engine/solve.h"
#include "tests/engine/golden_inputs.h"

namespace propnp::test {
namespace {

struct Refined {
  std::vector<double> pose;
  double cost = 0;
  int32_t iterations = -1;
};

// The published solver's settings.
SolveOptions ReadOptions(const json& params, int iterations) {
  SolveOptions options;
  options.max_iterations = iterations;
  options.tolerance = -1;  // it never stops early
  options.initial_radius = params["initial_trust_region_radius"];
  options.max_radius = params["max_trust_region_radius"];
  options.min_diagonal = params["min_lm_diagonal"];
  options.max_diagonal = params["max_lm_diagonal"];
  options.min_relative_decrease = params["min_relative_decrease"];
  options.epsilon = params["eps"];
  return options;
}

Refined SolveObject(const Object& object, int dof, const std::vector<double>& start,
                    const SolveOptions& options) {
  const int64_t pose_size = static_cast<int64_t>(start.size());
  const GoldenInputs inputs(object, dof);
  Refined run;
  run.pose.resize(pose_size);
  SolveArgs args;
  inputs.Attach(&args);
  args.options = &options;
  args.pose_init = View(start.data(), {1, pose_size});
  args.pose = View(run.pose.data(), {1, pose_size});
  args.cost_after = View(&run.cost, {1});
  args.iterations = View(&run.iterations, {1});
  Context context(1);
  const Status status = Solve(context, args);
  EXPECT_TRUE(status.ok()) << status.message();
  return run;
}

// Each iteration passes rounding on; the published figures are float64 of another summation order.
// That leaves 1e-13 after few iterations. After many, near the minimum, whether a step is accepted
// hangs on the rounding of the cost: sqrt(1e-16 cost / curvature) of pose.
double Tolerance(int iterations) { return iterations <= 3 ? 1e-9 : 1e-7; }

TEST(Published, LevenbergMarquardt) {
  ForEachObject([](auto dof, const json& a_case, size_t index, const Object& object) {
    const json& lm = a_case["lm"];
    for (const json& golden : lm["runs"]) {
      const int iterations = golden["num_iter"];
      SCOPED_TRACE(std::to_string(iterations) + " iterations");
      const Refined run = SolveObject(object, dof.kTangent, Flatten(lm["pose_init"][index]),
                                      ReadOptions(lm["params"], iterations));
      EXPECT_EQ(run.iterations, iterations);
      ExpectAllNear(run.pose, Flatten(golden["pose"][index]), Tolerance(iterations), "pose");
      const double cost = golden["cost"][index];
      EXPECT_NEAR(run.cost, cost, Tolerance(iterations) * (1 + cost));
    }
  });
}

}  // namespace
}  // namespace propnp::test
