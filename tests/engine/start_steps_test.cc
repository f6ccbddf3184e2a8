// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The steps that starts and seeds of modes make in vector lanes are those of the solver.
#include <algorithm>
#include <vector>

#include "propnp/engine/lane_starts.h"
#include "propnp/engine/levenberg_marquardt.h"
#include "tests/engine/packed_batch.h"

namespace propnp::test {
namespace {

constexpr int kSteps = 2;

template <int kDof>
void ExpectStepsOfTheSolver(const Problem& problem, const PackedObject<double>& object,
                            const std::vector<double>& starts) {
  SolveOptions options;
  options.num_starts = 1;
  options.tolerance = -1;
  Arena count;
  StartWorkspace<double>::Allocate(problem, options, &count);
  const AlignedBytes memory(count.used());
  Arena arena(memory.data());
  StartWorkspace<double> workspace = StartWorkspace<double>::Allocate(problem, options, &arena);
  workspace.geometry = {};
  workspace.geometry.distance = 3;
  workspace.largest_weight = 2;

  const ObjectCost<kDof, double> cost(object);
  ASSERT_TRUE((LaneStarts<kDof, double>::Serves(object, options)));
  LaneStarts<kDof, double> lanes(cost, options, {0, 0, 0}, &workspace);
  lanes.ScalePoints();
  StartState group;
  const int64_t size = problem.pose_size();
  for (int lane = 0; lane < kStartLanes; ++lane) lanes.Set(lane, &starts[lane * size], &group);
  lanes.RefineOnAll(kSteps, &group);
  for (int lane = 0; lane < kStartLanes; ++lane) {
    double expected[7] = {}, actual[7] = {};
    std::copy_n(&starts[lane * size], size, expected);
    LevenbergMarquardt<kDof, double>(cost, options).Refine(kSteps, expected);
    lanes.GetPose(group, lane, actual);
    // Single precision, 6e-8, times a condition of the normal matrix of up to some 1e3.
    for (int k = 0; k < size; ++k) EXPECT_NEAR(actual[k], expected[k], 1e-3) << lane << " " << k;
  }
}

// Steps of up to a radian, where every retraction has a path of its own.
TEST(StartSteps, AreThoseOfTheSolver) {
  for (const int dof : {6, 4}) {
    TestRandom random;
    GradientCase c;
    c.dof = dof;
    const GradientBatch b = MakeGradientBatch(random, c);
    std::vector<double> starts;
    for (int lane = 0; lane < kStartLanes; ++lane) {
      const std::vector<double> near = NearTruth(random, b, 0.15);
      starts.insert(starts.end(), near.begin() + b.pose_size(), near.end());
      if (dof == 4) starts.back() += random.Uniform(-0.6, 0.6);
    }
    ForEachPacked(b, [&](const Problem& problem, const PackedObject<double>& object, int64_t i) {
      if (i == 0) return;  // is seen by two cameras
      dof == 6 ? ExpectStepsOfTheSolver<6>(problem, object, starts)
               : ExpectStepsOfTheSolver<4>(problem, object, starts);
    });
  }
}

}  // namespace
}  // namespace propnp::test
