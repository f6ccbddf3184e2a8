// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Objects that cannot be solved: a status, finite outputs, and neighbours that notice nothing.
#include <algorithm>
#include <functional>
#include <string>

#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

constexpr int64_t kPoints = 12;
constexpr int64_t kBad = 1;  // of three objects

// A way to spoil the middle object. Its status must have all of `present` and none of `absent`.
struct Spoiler {
  std::string name;
  std::function<void(Batch*)> spoil;
  int32_t present;
  int32_t absent;
};

void PrintTo(const Spoiler& spoiler, std::ostream* stream) { *stream << spoiler.name; }

double* PointOf(Batch* b, int64_t k) { return &b->x3d[3 * (kBad * kPoints + k)]; }
double* PixelOf(Batch* b, int64_t k) { return &b->x2d[2 * (kBad * kPoints + k)]; }
double* WeightOf(Batch* b, int64_t k) { return &b->w2d[2 * (kBad * kPoints + k)]; }

void UseSqrtInformation(Batch* b) {
  b->sqrt_info.assign(2 * b->w2d.size(), 0.0);
  for (size_t i = 0; i < b->w2d.size() / 2; ++i) {
    b->sqrt_info[4 * i] = b->w2d[2 * i], b->sqrt_info[4 * i + 3] = b->w2d[2 * i + 1];
  }
  b->w2d.clear();
}

void SetCount(Batch* b, int64_t count) {
  b->counts.assign(3, kPoints);
  b->counts[kBad] = count;
}

void SetAllWeights(Batch* b, int64_t from, double weight) {
  for (int64_t k = from; k < kPoints; ++k) WeightOf(b, k)[0] = WeightOf(b, k)[1] = weight;
}

// Points projected once more after x3d has changed.
void Reproject(Batch* b) { ProjectTruth(b); }

std::vector<Spoiler> Spoilers() {
  constexpr int32_t kInput = PROPNP_STATUS_NON_FINITE_INPUT;
  constexpr int32_t kFew = PROPNP_STATUS_TOO_FEW_POINTS;
  constexpr int32_t kRank = PROPNP_STATUS_RANK_DEFICIENT;
  constexpr int32_t kNone = 0;
  std::vector<Spoiler> spoilers = {
      {"no_points", [](Batch* b) { SetCount(b, 0); }, kFew, kInput},
      {"one_point", [](Batch* b) { SetCount(b, 1); }, kFew, kInput},
      {"two_points", [](Batch* b) { SetCount(b, 2); }, kFew, kInput},
      {"three_points", [](Batch* b) { SetCount(b, 3); }, kNone, kFew | kInput},
      {"no_weight", [](Batch* b) { SetAllWeights(b, 0, 0); }, kFew, kInput},
      {"two_weighted_points", [](Batch* b) { SetAllWeights(b, 2, 0); }, kFew, kInput},
      {"three_weighted_points", [](Batch* b) { SetAllWeights(b, 3, 0); }, kNone, kFew | kInput},
      {"negative_weight", [](Batch* b) { WeightOf(b, 4)[1] = -1e-3; }, kInput, kNone},
      {"negative_information",  // a factor of an information may have any sign
       [](Batch* b) { UseSqrtInformation(b), b->sqrt_info[4 * (kBad * kPoints + 4)] = -1; }, kNone,
       kInput | kFew},
      {"no_information", [](Batch* b) { SetAllWeights(b, 0, 0), UseSqrtInformation(b); }, kFew,
       kInput},
      {"collinear_points",
       [](Batch* b) {
         for (int64_t k = 0; k < kPoints; ++k) {
           for (int c = 0; c < 3; ++c) PointOf(b, k)[c] = (0.1 + 0.2 * c) * (k - 0.4 * kPoints);
         }
         Reproject(b);
       },
       kRank, kInput | kFew},
      {"coincident_points",
       [](Batch* b) {
         for (int64_t k = 1; k < kPoints; ++k) {
           std::copy(PointOf(b, 0), PointOf(b, 0) + 3, PointOf(b, k));
         }
         Reproject(b);
       },
       kRank, kInput | kFew | PROPNP_STATUS_INDEFINITE},
      {"one_pixel",
       [](Batch* b) {
         for (int64_t k = 0; k < kPoints; ++k) PixelOf(b, k)[0] = 300, PixelOf(b, k)[1] = 200;
       },
       kNone, kInput | kFew},
      {"zero_target_quaternion",
       [](Batch* b) {
         b->pose_target = b->true_pose;
         std::fill_n(&b->pose_target[7 * kBad + 3], 4, 0.0);
       },
       kInput, kNone},
      {"huge_points", [](Batch* b) { PointOf(b, 3)[0] = 1e200; }, kNone, kFew},
      {"huge_pixel", [](Batch* b) { PixelOf(b, 3)[0] = 1e200; }, kNone, kFew},
      {"huge_weight", [](Batch* b) { WeightOf(b, 3)[0] = 1e200; }, kNone, kFew},
      // The square of 1e-30 is not a float; 1e-200 itself is not, and that of doubles is lost.
      {"tiny_weights", [](Batch* b) { SetAllWeights(b, 0, 1e-30); }, kNone, kFew | kInput},
      {"tiniest_weights", [](Batch* b) { SetAllWeights(b, 0, 1e-200); }, kNone, kInput},
      {"uneven_weights",  // sums of weights lose the small ones in rounding
       [](Batch* b) { SetAllWeights(b, 1, 1e-30); }, kNone, kFew | kInput},
      {"uneven_information", [](Batch* b) { SetAllWeights(b, 1, 1e-30), UseSqrtInformation(b); },
       kNone, kFew | kInput},
      {"tiniest_information", [](Batch* b) { SetAllWeights(b, 1, 1e-200), UseSqrtInformation(b); },
       kNone, kInput},
      {"huge_information", [](Batch* b) { SetAllWeights(b, 1, 1e200), UseSqrtInformation(b); },
       kNone, kFew},
  };
  const double bad_values[] = {kNaN, kInfinity, -kInfinity};
  const char* const bad_names[] = {"nan", "infinity", "minus_infinity"};
  for (int v = 0; v < 3; ++v) {
    const double bad = bad_values[v];
    const auto add = [&](const std::string& field, std::function<void(Batch*)> spoil) {
      spoilers.push_back(
          {field + "_" + bad_names[v], std::move(spoil), kInput, PROPNP_STATUS_CONVERGED});
    };
    add("x3d", [bad](Batch* b) { PointOf(b, 7)[2] = bad; });
    add("x2d", [bad](Batch* b) { PixelOf(b, 11)[1] = bad; });
    add("w2d", [bad](Batch* b) { WeightOf(b, 0)[0] = bad; });
    add("unweighted_x3d", [bad](Batch* b) { PointOf(b, 5)[0] = bad, SetAllWeights(b, 5, 0); });
    add("sqrt_info", [bad](Batch* b) {
      UseSqrtInformation(b), b->sqrt_info[4 * (kBad * kPoints + 6) + 1] = bad;
    });
    add("camera_from_rig", [bad](Batch* b) {
      b->camera_from_rig = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, bad};
      b->view_rig = {-1, 1, 0};
    });
    add("object_delta", [bad](Batch* b) {
      b->cost.loss = PROPNP_LOSS_HUBER, b->object_delta = {1, bad, 1};
    });
    add("pose_target",
        [bad](Batch* b) { b->pose_target = b->true_pose, b->pose_target[7 * kBad + 1] = bad; });
  }
  return spoilers;
}

class Spoiled : public ::testing::TestWithParam<Spoiler> {
 protected:
  Batch MakeGood() {
    TestRandom random;
    Simulation simulation;
    simulation.objects = 3;
    simulation.points = kPoints;
    Batch b = Simulate(random, simulation);
    b.w2d.assign(b.x2d.size(), 1.0);
    return b;
  }

  // The spoiled batch beside one whose middle object is whole again but that has all else in
  // common.
  void Check(const Batch& good, Batch spoiled, int32_t precision) {
    GetParam().spoil(&spoiled);
    const Solution with_bad = SolveBatch(spoiled, precision);
    const int32_t status = with_bad.status[kBad];
    EXPECT_EQ(status & GetParam().present, GetParam().present) << "status " << status;
    EXPECT_EQ(status & GetParam().absent, 0) << "status " << status;
    ExpectAllFinite(with_bad);
    if (status & (PROPNP_STATUS_NON_FINITE_INPUT | PROPNP_STATUS_TOO_FEW_POINTS)) {
      EXPECT_FALSE(status & PROPNP_STATUS_CONVERGED);
      EXPECT_EQ(with_bad.rank[kBad], 0);
    }
    for (const int64_t neighbour : {0, 2}) {
      Batch alone = Slice(good, neighbour, neighbour + 1);
      // What the spoiler does to the whole batch, such as the choice of a loss, stays.
      if (!spoiled.sqrt_info.empty()) UseSqrtInformation(&alone);
      alone.cost = spoiled.cost;
      if (!spoiled.object_delta.empty()) alone.object_delta = {1};
      if (!spoiled.pose_target.empty()) alone.pose_target = alone.true_pose;
      if (!spoiled.view_rig.empty() && neighbour == 2) {
        alone.camera_from_rig = {0, 0, 0, 1, 0, 0, 0}, alone.view_rig = {0};
      }
      SolveCall call(alone);
      call.args.precision = precision;
      call.correspondences.id_offset = neighbour;
      EXPECT_TRUE(call.Run(SharedContext()).ok());
      EXPECT_TRUE(SameObject(with_bad, neighbour, call.out, 0));
      EXPECT_EQ(with_bad.status[neighbour], PROPNP_STATUS_CONVERGED);
    }
  }
};

TEST_P(Spoiled, FromRandomStarts) {
  const Batch good = MakeGood();
  Check(good, good, PROPNP_FLOAT64);
}

TEST_P(Spoiled, FromRandomStartsInFloat) {
  const Batch good = MakeGood();
  Check(good, good, PROPNP_FLOAT32);
}

TEST_P(Spoiled, FromGivenPoses) {
  Batch good = MakeGood();
  TestRandom random;
  good.pose_init = NearTruth(random, good, 0.02);
  Check(good, good, PROPNP_FLOAT64);
}

TEST_P(Spoiled, GaussNewton) {
  Batch good = MakeGood();
  TestRandom random;
  good.pose_init = NearTruth(random, good, 0.02);
  good.options.method = PROPNP_METHOD_GAUSS_NEWTON;
  Check(good, good, PROPNP_FLOAT64);
}

INSTANTIATE_TEST_SUITE_P(Objects, Spoiled, ::testing::ValuesIn(Spoilers()),
                         [](const auto& info) { return info.param.name; });

// Poses that are no pose, where starts are given.
TEST(DegeneratePose, BadStart) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 3;
  const Batch good = Simulate(random, simulation);
  for (const double bad : {kNaN, kInfinity}) {
    for (int k = 0; k < 7; ++k) {
      Batch batch = good;
      batch.pose_init = good.true_pose;
      batch.pose_init[7 * kBad + k] = bad;
      const Solution solution = SolveBatch(batch);
      EXPECT_EQ(solution.status[kBad], PROPNP_STATUS_NON_FINITE_INPUT);
      EXPECT_EQ(solution.status[0], PROPNP_STATUS_CONVERGED);
      EXPECT_EQ(solution.status[2], PROPNP_STATUS_CONVERGED);
      ExpectAllFinite(solution);
    }
  }
  Batch batch = good;
  batch.pose_init = good.true_pose;
  std::fill_n(&batch.pose_init[7 * kBad + 3], 4, 0.0);
  EXPECT_EQ(SolveBatch(batch).status[kBad], PROPNP_STATUS_NON_FINITE_INPUT);
}

// A quaternion of any length is a rotation.
TEST(DegeneratePose, QuaternionsAreNormalised) {
  TestRandom random;
  Batch batch = Simulate(random, Simulation());
  batch.pose_init = batch.true_pose;
  for (int k = 3; k < 7; ++k) batch.pose_init[k] *= -250;
  const Solution solution = SolveBatch(batch);
  EXPECT_EQ(solution.status[0], PROPNP_STATUS_CONVERGED);
  EXPECT_LT(Distance(6, solution.pose.data(), batch.true_pose.data()).rotation, 1e-9);
}

TEST(DegeneratePose, BadBaseRotation) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 3;
  simulation.dof = 4;
  Batch batch = Simulate(random, simulation);
  for (int object = 0; object < 3; ++object) {
    batch.base_rotation.insert(batch.base_rotation.end(), {1, 0, 0, 0});
  }
  const Solution good = SolveBatch(batch);
  for (const double bad : {kNaN, kInfinity, 0.0}) {
    batch.base_rotation[4 * kBad] = bad;
    const Solution solution = SolveBatch(batch);
    EXPECT_EQ(solution.status[kBad], PROPNP_STATUS_NON_FINITE_INPUT);
    ExpectAllFinite(solution);
    EXPECT_TRUE(SameObject(good, 0, solution, 0));
    EXPECT_TRUE(SameObject(good, 2, solution, 2));
  }
}

// All points stay behind a pinhole whose rows are dropped there: nothing pulls them back.
TEST(BehindTheCamera, IsReported) {
  TestRandom random;
  Batch batch = Simulate(random, Simulation());
  batch.pose_init = batch.true_pose;
  batch.pose_init[2] = -5;
  for (const int32_t method : {PROPNP_METHOD_LEVENBERG_MARQUARDT, PROPNP_METHOD_GAUSS_NEWTON}) {
    batch.options.method = method;
    batch.options.max_iterations = 0;
    const Solution solution = SolveBatch(batch);
    EXPECT_TRUE(solution.status[0] & PROPNP_STATUS_BEHIND_CAMERA);
    EXPECT_EQ(solution.behind_fraction[0], 1);
    batch.options.max_iterations = 50;
    ExpectAllFinite(SolveBatch(batch));
  }
}

// Points without weight do not count, neither in front nor behind.
TEST(BehindTheCamera, CountsWeightedPoints) {
  TestRandom random;
  Simulation simulation;
  simulation.points = 8;
  Batch batch = Simulate(random, simulation);
  batch.pose_init = batch.true_pose;
  batch.options.max_iterations = 0;
  batch.w2d.assign(16, 1.0);
  // Far down the line of sight of the camera's other side.
  const auto object_from_cam = inverse(TransformOf(batch, 0, batch.true_pose.data()));
  for (int k = 0; k < 3; ++k) {
    const Vec3<double> x = object_from_cam * Vec3<double>{0.1 * k, 0.2, -3};
    batch.x3d[3 * k] = x.x, batch.x3d[3 * k + 1] = x.y, batch.x3d[3 * k + 2] = x.z;
  }
  EXPECT_DOUBLE_EQ(SolveBatch(batch).behind_fraction[0], 3.0 / 8);
  EXPECT_FALSE(SolveBatch(batch).status[0] & PROPNP_STATUS_BEHIND_CAMERA);
  batch.w2d[0] = batch.w2d[1] = 0;
  EXPECT_DOUBLE_EQ(SolveBatch(batch).behind_fraction[0], 2.0 / 7);
  for (int k = 3; k < 6; ++k) batch.w2d[2 * k] = batch.w2d[2 * k + 1] = 0;
  EXPECT_DOUBLE_EQ(SolveBatch(batch).behind_fraction[0], 2.0 / 4);
  EXPECT_TRUE(SolveBatch(batch).status[0] & PROPNP_STATUS_BEHIND_CAMERA);
}

// A fisheye sees beside and behind itself: that is no failure.
TEST(BehindTheCamera, IsNormalForAFisheye) {
  TestRandom random;
  Simulation simulation;
  simulation.camera = PROPNP_CAMERA_FISHEYE;
  Batch batch = Simulate(random, simulation);
  const double fisheye[8] = {300, 305, 322, 238, 0, 0, 0, 0};
  std::copy(fisheye, fisheye + 8, batch.camera_parameters.begin());
  batch.true_pose = {6, 1, -2, 0.8, 0.3, -0.4, 0.3};
  ProjectTruth(&batch);
  batch.pose_init = NearTruth(random, batch, 0.02);
  const Solution solution = SolveBatch(batch);
  EXPECT_LT(Distance(6, solution.pose.data(), batch.true_pose.data()).translation, 1e-6);
  EXPECT_EQ(solution.status[0], PROPNP_STATUS_CONVERGED);
}

// From starts that lead nowhere Gauss-Newton may wander off to anywhere, but not to NaN.
TEST(FarStarts, GiveFiniteOutputs) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    Simulation simulation;
    simulation.objects = 500;
    simulation.points = 4;
    simulation.dof = dof;
    Batch batch = Simulate(random, simulation);
    batch.pose_init = Simulate(random, simulation).true_pose;
    for (int64_t i = 0; i < batch.num_objects; ++i) {
      batch.pose_init[i * batch.pose_size() + 2] = random.Uniform(-2, 2);
    }
    for (const int32_t method : {PROPNP_METHOD_GAUSS_NEWTON, PROPNP_METHOD_LEVENBERG_MARQUARDT}) {
      batch.options.method = method;
      for (const int32_t precision : {PROPNP_FLOAT32, PROPNP_FLOAT64}) {
        ExpectAllFinite(SolveBatch(batch, precision));
      }
    }
  }
}

// Turning about the line changes nothing: that is the null space, in the camera's frame.
TEST(RankDeficient, NullSpaceOfCollinearPoints) {
  TestRandom random;
  Batch batch = Simulate(random, Simulation());
  const Vec3<double> direction = random.Axis(), offset = random.Vector(0.2);
  for (int64_t k = 0; k < batch.num_points; ++k) {
    const Vec3<double> x = offset + (0.1 * (static_cast<double>(k) - 10)) * direction;
    batch.x3d[3 * k] = x.x, batch.x3d[3 * k + 1] = x.y, batch.x3d[3 * k + 2] = x.z;
  }
  ProjectTruth(&batch);
  batch.pose_init = NearTruth(random, batch, 0.02);
  const Solution solution = SolveBatch(batch);
  EXPECT_EQ(solution.status[0], PROPNP_STATUS_CONVERGED | PROPNP_STATUS_RANK_DEFICIENT);
  EXPECT_EQ(solution.rank[0], 5);
  for (const double c : solution.covariance) EXPECT_EQ(c, 0);
  for (int k = 6; k < 36; ++k) EXPECT_EQ(solution.null_space[k], 0);
  // delta_theta = R direction and delta_t = -delta_theta x (R offset) keep all points where they
  // are.
  const Mat3<double> rotation = SixDof<double>().transform(solution.pose.data()).rotation;
  const Vec3<double> theta = rotation * direction;
  const Vec3<double> t = -1.0 * cross(theta, rotation * offset);
  const double expected[6] = {t.x, t.y, t.z, theta.x, theta.y, theta.z};
  double inner = 0, norm = 0, null_norm = 0;
  for (int k = 0; k < 6; ++k) {
    inner += expected[k] * solution.null_space[k];
    norm += expected[k] * expected[k];
    null_norm += solution.null_space[k] * solution.null_space[k];
  }
  EXPECT_NEAR(null_norm, 1, 1e-12);
  // Rounding of 1e-16 in a matrix whose other eigenvalues are above 1e-5 (scaled) turns the
  // direction by 1e-11 at most.
  EXPECT_NEAR(std::fabs(inner) / std::sqrt(norm), 1, 1e-9);
}

}  // namespace
}  // namespace propnp::test
