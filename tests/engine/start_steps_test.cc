// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The steps that starts and seeds of modes make in vector lanes are those of the solver, and the
// best of them are picked there.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "propnp/engine/lane_starts.h"
#include "propnp/engine/levenberg_marquardt.h"
#include "tests/engine/packed_batch.h"

namespace propnp::test {
namespace {

constexpr int kSteps = 2;

// Of the first `count` starts.
template <int kDof>
void ExpectStepsOfTheSolver(const Problem& problem, const PackedObject<double>& object,
                            const std::vector<double>& starts, int count) {
  SolveOptions options;
  options.num_starts = 1;
  options.tolerance = -1;
  Arena room;
  StartWorkspace<double>::Allocate(problem, options, &room);
  const AlignedBytes memory(room.used());
  Arena arena(memory.data());
  StartWorkspace<double> workspace = StartWorkspace<double>::Allocate(problem, options, &arena);
  workspace.geometry = {};
  workspace.geometry.distance = 3;

  const ObjectCost<kDof, double> cost(object);
  ASSERT_TRUE((LaneStarts<kDof, double>::Serves(object, options)));
  LaneStarts<kDof, double> lanes(cost, options, {0, 0, 0}, &workspace);
  lanes.ScalePoints();
  StartState group;
  const int64_t size = problem.pose_size();
  for (int lane = 0; lane < kStartLanes; ++lane) lanes.Set(lane, &starts[lane * size], &group);
  lanes.RefineOnAll(kSteps, count, &group);
  for (int lane = 0; lane < count; ++lane) {
    double expected[7] = {}, actual[7] = {};
    std::copy_n(&starts[lane * size], size, expected);
    LevenbergMarquardt<kDof, double>(cost, options).Refine(kSteps, expected);
    lanes.GetPose(group, lane, actual);
    // Single precision, 6e-8, times a condition of the normal matrix of up to some 1e3.
    for (int k = 0; k < size; ++k) EXPECT_NEAR(actual[k], expected[k], 1e-3) << lane << " " << k;
    const double expected_cost = cost.Cost(actual);
    EXPECT_NEAR(lanes.Cost(group, lane), expected_cost, 1e-3 * (1 + expected_cost));
  }
}

// From poses near the truth, with steps of up to a radian, where every retraction has a path of its
// own. Without skew a pinhole has lanes of its own, which take two points, or two for each half of
// the lanes, at a time, and turn it about the y axis with fewer products.
void ExpectStepsOfTheSolver(const GradientCase& c, bool skew, bool about_y) {
  TestRandom random;
  GradientBatch b = MakeGradientBatch(random, c);
  constexpr int kSkew = 4;  // of a pinhole's parameters
  for (int v = 0; !skew && v < 3; ++v) {
    b.camera_parameters[v * PROPNP_MAX_CAMERA_PARAMETERS + kSkew] = 0;
  }
  b.offsets.back() -= 1;  // to an odd number of points
  if (about_y) b.cost.yaw_axis[0] = b.cost.yaw_axis[2] = 0, b.cost.yaw_axis[1] = 1;
  std::vector<double> starts;
  for (int lane = 0; lane < kStartLanes; ++lane) {
    const std::vector<double> near = NearTruth(random, b, 0.15);
    starts.insert(starts.end(), near.begin() + b.pose_size(), near.end());
    if (c.dof == 4) starts.back() += random.Uniform(-0.6, 0.6);
  }
  ForEachPacked(b, [&](const Problem& problem, const PackedObject<double>& object, int64_t i) {
    if (i == 0) return;  // is seen by two cameras
    for (const int count : {kStartLanes, 5, 2}) {
      SCOPED_TRACE(testing::Message() << c.dof << skew << about_y << c.loss << " " << count << " "
                                      << InstructionSetName(CurrentInstructionSet()));
      c.dof == 6 ? ExpectStepsOfTheSolver<6>(problem, object, starts, count)
                 : ExpectStepsOfTheSolver<4>(problem, object, starts, count);
    }
  });
}

void ExpectStepsOfTheSolver(InstructionSet isa) {
  ASSERT_TRUE(SetInstructionSet(isa));
  for (const int dof : {6, 4}) {
    for (const bool skew : {true, false}) {
      for (const int loss : {PROPNP_LOSS_NONE, PROPNP_LOSS_HUBER, PROPNP_LOSS_CAUCHY}) {
        GradientCase c;
        c.dof = dof;
        c.loss = loss;
        for (const bool about_y : {false, true}) ExpectStepsOfTheSolver(c, skew, about_y);
      }
    }
  }
}

TEST(StartSteps, AreThoseOfTheSolver) {
  const InstructionSet before = CurrentInstructionSet();
  for (const auto isa :
       {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (HasInstructionSet(isa)) ExpectStepsOfTheSolver(isa);
  }
  SetInstructionSet(before);
}

// Starts of 20 rotations, several of each, in a group and a half.
TEST(StartSteps, PicksAreTheBestOfEachRotation) {
  TestRandom random;
  constexpr int kCount = kStartLanes * 3 / 2, kRotations = 20;
  std::vector<Quaternion<double>> centres(kRotations);
  for (auto& q : centres) q = random.Rotation();
  std::vector<StartState> groups(2);
  for (StartState& group : groups) {
    for (float& cost : group.cost) cost = std::numeric_limits<float>::infinity();
  }
  std::vector<Quaternion<double>> rotations;
  std::vector<double> costs;
  for (int s = 0; s < kCount; ++s) {
    const Vec3<double> turn = random.Vector(0.1);
    const Quaternion<double> q = quaternion_from_cayley(turn) * centres[s % kRotations];
    const double sign = s % 2 ? 1 : -1;  // the same rotation
    const double parts[4] = {sign * q.w, sign * q.x, sign * q.y, sign * q.z};
    StartState& group = groups[s / kStartLanes];
    for (int k = 0; k < 4; ++k) group.quaternion[k][s % kStartLanes] = static_cast<float>(parts[k]);
    // Some equal, some without.
    const float cost = s % 7 == 3 ? std::numeric_limits<float>::quiet_NaN()
                                  : std::floor(static_cast<float>(random.Uniform(0, 9)));
    group.cost[s % kStartLanes] = cost;
    rotations.push_back(q), costs.push_back(cost);
  }
  std::vector<int32_t> expected;
  for (;;) {
    int best = -1;
    for (int s = 0; s < kCount; ++s) {
      if (std::isfinite(costs[s]) && (best < 0 || costs[s] < costs[best])) best = s;
    }
    if (best < 0) break;
    expected.push_back(best);
    for (int s = 0; s < kCount; ++s) {
      const Quaternion<double> turn = rotations[s] * conjugate(rotations[best]);
      if (2 * std::acos(std::min(std::fabs(turn.w), 1.0)) <= kStartDistance) costs[s] = kNaN;
    }
  }
  ASSERT_GT(expected.size(), 8u);
  for (const int most : {64, 5}) {
    int32_t picked[64];
    const int count = GetStartKernels().pick(groups.data(), 2, most, picked);
    const std::vector<int32_t> actual(picked, picked + count);
    if (static_cast<int>(expected.size()) > most) expected.resize(most);
    EXPECT_EQ(actual, expected);
  }
}

}  // namespace
}  // namespace propnp::test
