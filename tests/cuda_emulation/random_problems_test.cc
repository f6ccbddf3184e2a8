// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random ragged problems, each another camera, loss, weight, prior and number of points, through
// all operations of the CUDA backend and of the CPU. PROPNP_RANDOM_PROBLEMS says how many, a few by
// default: on the emulated device they take their time.
#include <cstdlib>

#include "propnp/engine/sample_posterior.h"
#include "propnp/engine/solve.h"
#include "tests/cuda_emulation/parity.h"
#include "tests/engine/pose_plus_call.h"

namespace propnp::test {
namespace {

int NumProblems() {
  const char* const given = std::getenv("PROPNP_RANDOM_PROBLEMS");
  return given ? std::atoi(given) : 6;
}

// Three objects of one view each, packed, of very different sizes.
GradientBatch MakeProblem(TestRandom& random, int number) {
  Simulation simulation;
  simulation.objects = 3;
  simulation.points = 1 + static_cast<int64_t>(random.Uniform(6, number % 8 == 0 ? 400 : 70));
  simulation.dof = number % 3 == 0 ? 4 : 6;
  simulation.camera = number % PROPNP_NUM_CAMERA_MODELS;
  simulation.noise_px = random.Uniform(0.3, 3);
  const Batch dense = Simulate(random, simulation);
  GradientBatch b;
  static_cast<Batch&>(b) = dense;
  b.cost.loss = static_cast<int32_t>(random.Uniform(0, 4));
  b.cost.delta = 2, b.cost.relative_delta = 0.05;
  b.view_offsets = {0, 1, 2, 3};
  b.offsets = {0};
  b.x3d.clear(), b.x2d.clear();
  const int64_t n = dense.num_points;
  for (int64_t i = 0; i < 3; ++i) {
    const int64_t count = i == 0 ? n : 6 + static_cast<int64_t>(random.Uniform(0, n - 6));
    b.x3d.insert(b.x3d.end(), &dense.x3d[3 * i * n], &dense.x3d[3 * i * n] + 3 * count);
    b.x2d.insert(b.x2d.end(), &dense.x2d[2 * i * n], &dense.x2d[2 * i * n] + 2 * count);
    b.offsets.push_back(b.offsets.back() + count);
  }
  b.num_points = b.offsets.back();
  for (int64_t k = 0; k < 2 * b.num_points; ++k) b.w2d.push_back(random.Uniform(0.1, 1));
  b.pose = NearTruth(random, b, 0.01);
  return b;
}

// A failure says which problem it was.
class EmulatedRandomProblems : public ::testing::Test, protected OnEmulatedDevice {};

TEST_F(EmulatedRandomProblems, AgreeWithTheCpu) {
  TestRandom random;
  int compared = 0, beyond_three = 0;
  for (int number = 0; number < NumProblems(); ++number) {
    SCOPED_TRACE("problem " + std::to_string(number));
    GradientBatch b = MakeProblem(random, number);

    EvaluateCall evaluate(b, b.pose), evaluate_cpu(b, b.pose);
    evaluate.args.device = 0;
    ASSERT_TRUE(evaluate.Run(SharedContext()).ok());
    ASSERT_TRUE(evaluate_cpu.Run(SharedContext()).ok());
    // Sums of some hundred terms; residuals that pixels of 500 leave.
    ExpectAlike("cost", evaluate.cost_value, evaluate_cpu.cost_value, 1e-11);
    ExpectAlike("hessian", evaluate.hessian, evaluate_cpu.hessian, 1e-11,
                static_cast<size_t>(b.cost.dof * b.cost.dof));

    PosePlusCall plus(b), plus_cpu(b);
    plus.args.device = 0;
    ASSERT_TRUE(plus.Run(SharedContext()).ok());
    ASSERT_TRUE(plus_cpu.Run(SharedContext()).ok());
    ExpectAlike("pose_plus", plus.pose_plus, plus_cpu.pose_plus, 1e-8);

    b.pose_init = b.pose;
    SolveCall solve(b), solve_cpu(b);
    solve.args.device = 0;
    ASSERT_TRUE(solve.Run(SharedContext()).ok());
    ASSERT_TRUE(solve_cpu.Run(SharedContext()).ok());
    EXPECT_EQ(solve.out.status, solve_cpu.out.status);
    ExpectAlike("cost_after", solve.out.cost_after, solve_cpu.out.cost_after, 1e-8);

    std::vector<double> evidence[2], error[2];
    for (const int32_t device : {0, -1}) {
      const GradientInputs inputs(b);
      SolveOptions start_options;
      start_options.num_starts = 16, start_options.start_points = 8;
      SampleOptions options;
      options.num_samples = 128;
      SampleArgs args;
      inputs.Attach(&args);
      args.start_options = &start_options, args.options = &options;
      args.device = device;
      args.precision = PROPNP_FLOAT32;
      args.pose_target = View(b.true_pose.data(), {3, b.pose_size()});
      std::vector<double>&z = evidence[device + 1], &e = error[device + 1];
      z.assign(3, kNaN), e.assign(3, kNaN);
      args.log_evidence = View(z.data(), {3}), args.standard_error = View(e.data(), {3});
      const Status status = SamplePosterior(SharedContext(), args);
      ASSERT_TRUE(status.ok()) << status.message();
    }
    for (int i = 0; i < 3; ++i) {
      const double both = std::hypot(error[0][i], error[1][i]);
      if (!std::isfinite(both)) continue;
      ++compared;
      const double difference = std::fabs(evidence[0][i] - evidence[1][i]);
      beyond_three += difference > 3 * both + 0.003;
      EXPECT_LT(difference, 8 * both + 0.02) << i;
    }
  }
  // Both draw the same words, so that most differ by far less; one in a hundred may find another
  // small mode.
  EXPECT_LE(beyond_three, 1 + compared / 50);
}

}  // namespace
}  // namespace propnp::test
