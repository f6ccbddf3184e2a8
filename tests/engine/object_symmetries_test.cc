// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/object_symmetries.h"

#include <string>

#include "tests/engine/summary_call.h"
#include "tests/engine/symmetric_object.h"

namespace propnp::test {
namespace {

// Degrees of freedom and the order of the axis.
class Symmetry : public ::testing::TestWithParam<std::pair<int, int>> {
 protected:
  int dof() const { return GetParam().first; }
  int order() const { return GetParam().second; }

  // Runs the sampler with a table, which may be null.
  std::unique_ptr<SummaryCall> Sample(const Batch& b, const OwnSymmetries* own,
                                      const std::vector<double>& target = {}) {
    auto call = std::make_unique<SummaryCall>(b, 1024);
    Symmetries table;
    if (own) table = own->Table(), call->args.symmetries = &table;
    call->args.pose_target = ViewOrNone(target, {1, b.pose_size()});
    const Status status = call->Run();
    EXPECT_TRUE(status.ok()) << status.message();
    return call;
  }

  double RotationVariance(const std::vector<double>& covariance) const {
    double sum = 0;
    for (int i = 3; i < dof(); ++i) sum += covariance[i * (dof() + 1)];
    return sum;
  }

  TestRandom random_;
};

TEST_P(Symmetry, ModesThatAreEqualAreOne) {
  const SymmetricObject object(random_, dof(), order());
  const auto apart = Sample(object.batch, nullptr);
  ASSERT_EQ(apart->mode_count[0], order());
  EXPECT_NE(apart->status[0] & PROPNP_STATUS_MULTI_MODAL, 0);
  for (int m = 0; m < order(); ++m) {
    EXPECT_NEAR(apart->mode_probability[m], 1.0 / order(), 0.1);
  }
  const OwnSymmetries turns = object.Turns(object.angle), axis = object.Axis(object.axis);
  for (const OwnSymmetries* own : {&turns, &axis}) {
    const auto folded = Sample(object.batch, own);
    EXPECT_EQ(folded->log_evidence, apart->log_evidence);
    EXPECT_EQ(folded->mode_count[0], 1);
    EXPECT_EQ(folded->status[0] & PROPNP_STATUS_MULTI_MODAL, 0);
    EXPECT_NEAR(folded->mode_probability[0], 1, 1e-12);
    EXPECT_EQ(folded->mode_probability[1], 0);
    // The moments are of one mode, whose Gaussian they nearly are; apart they are of whole turns.
    const double variance = RotationVariance(folded->covariance);
    EXPECT_LT(variance, 3 * RotationVariance(folded->mode_covariance));
    EXPECT_GT(RotationVariance(apart->covariance), 0.5);
    // With 4DoF the axis leaves no rotation at all, but for rounding.
    EXPECT_LT(RotationVariance(folded->mode_moment_covariance), 2 * variance + 1e-18);
    const PoseDistance error = Distance(dof(), &folded->mode_pose[0], &folded->mean_pose[0]);
    EXPECT_LT(error.rotation, std::sqrt(variance) + 1e-9);
    EXPECT_TRUE(own == &axis || variance > 0.2 * RotationVariance(folded->mode_covariance));
  }
}

TEST_P(Symmetry, WhatIsNoneFoldsNothing) {
  const SymmetricObject object(random_, dof(), order());
  const Vec3<double> other =
      std::fabs(object.axis.x) > 0.9 ? Vec3<double>{0, 1, 0} : Vec3<double>{1, 0, 0};
  OwnSymmetries elsewhere = object.Turns(object.angle), nobody = elsewhere;
  elsewhere.centre[0] += 1, elsewhere.centre[1] += 1;  // a turn about another point is none
  nobody.object_class = {-1};
  OwnSymmetries fifths = object.Turns(2 * kPi / 5), wrong_axis = object.Axis(other);
  for (const OwnSymmetries* own : {&elsewhere, &nobody, &fifths, &wrong_axis}) {
    EXPECT_EQ(Sample(object.batch, own)->mode_count[0], order());
  }
}

// Of the modes that are one, that which is nearest to the target stands for all.
TEST_P(Symmetry, TheTargetChoosesTheMode) {
  const SymmetricObject object(random_, dof(), order());
  const OwnSymmetries turns = object.Turns(object.angle);
  std::vector<double> target = object.batch.true_pose;
  for (int k = 0; k < order(); ++k) {
    const auto folded = Sample(object.batch, &turns, target);
    EXPECT_EQ(folded->mode_count[0], 1);
    EXPECT_LT(Distance(dof(), target.data(), &folded->mode_pose[0]).rotation, 0.1);
    target = object.NextImage(target);
  }
}

INSTANTIATE_TEST_SUITE_P(Axes, Symmetry,
                         ::testing::Values(std::pair(6, 2), std::pair(6, 3), std::pair(4, 2),
                                           std::pair(4, 3)),
                         [](const auto& info) {
                           return "dof" + std::to_string(info.param.first) + "_order" +
                                  std::to_string(info.param.second);
                         });

// A rod: all points are on its axis, and every spin of it fits alike.
TEST(ObjectSymmetries, OfARodLeaveItsTilt) {
  TestRandom random;
  Simulation simulation;
  simulation.noise_px = 1;
  Batch b = Simulate(random, simulation);
  const Vec3<double> axis = random.Axis(), centre = random.Vector(0.3);
  for (int64_t i = 0; i < b.num_points; ++i) {
    const Vec3<double> x = centre + random.Uniform(-1.5, 1.5) * axis;
    b.x3d[3 * i] = x.x, b.x3d[3 * i + 1] = x.y, b.x3d[3 * i + 2] = x.z;
  }
  ProjectTruth(&b);
  OwnSymmetries own;
  own.axis = {axis.x, axis.y, axis.z};
  own.centre = {centre.x, centre.y, centre.z};
  const Symmetries table = own.Table();
  SummaryCall apart(b, 2048), folded(b, 2048);
  folded.args.symmetries = &table;
  ASSERT_TRUE(apart.Run().ok());
  ASSERT_TRUE(folded.Run().ok());
  EXPECT_EQ(folded.mode_count[0], 1);
  double variance[2] = {};
  for (int i = 3; i < 6; ++i) {
    variance[0] += apart.covariance[7 * i], variance[1] += folded.covariance[7 * i];
  }
  EXPECT_GT(variance[0], 1);  // of a uniform angle 3.3
  EXPECT_LT(variance[1], 0.01);
}

PosteriorMode<6> ModeAt(const double* pose, const Vec3<double>& pivot, const double* covariance) {
  PosteriorMode<6> mode = {};
  std::copy(pose, pose + 7, mode.pose);
  mode.chart.set(SixDof<double>(), pose, pivot, 1e-3);
  std::copy(covariance, covariance + 36, mode.covariance);
  EXPECT_TRUE(mode.sqrt_shape.factorize(covariance));
  mode.converged = true;
  return mode;
}

// Ten standard deviations apart, each of two modes having one: 100 / 2. The same whatever point of
// the object its frame begins at.
TEST(ObjectSymmetries, MeasureModesByTheirUncertainties) {
  TestRandom random;
  const Vec3<double> axis{0, 0, 1};
  double covariance[36] = {}, poses[2][7];
  for (int i = 0; i < 6; ++i) covariance[7 * i] = i < 3 ? 1e-4 : 1e-3 * (i - 2);
  random.Pose(poses[0]);
  const Quaternion<double> q =
      Quaternion<double>{poses[0][3], poses[0][4], poses[0][5], poses[0][6]} * Turn(axis, kPi);
  const double image[7] = {poses[0][0], poses[0][1], poses[0][2] + 0.1, q.w, q.x, q.y, q.z};
  std::copy(image, image + 7, poses[1]);
  double distance[2];
  for (const bool moved : {false, true}) {
    const Vec3<double> origin = moved ? Vec3<double>{0.4, -0.7, 0.9} : Vec3<double>{0, 0, 0};
    OwnSymmetries own;
    Append(Turn(axis, kPi), &own.rotation);
    const Vec3<double> centre{-origin.x, -origin.y, -origin.z};
    own.centre = {centre.x, centre.y, centre.z};
    const Symmetries table = own.Table();
    const ObjectSymmetries<6> symmetries(&table, 0, SixDof<double>());
    PosteriorMode<6> modes[2];
    for (int m = 0; m < 2; ++m) {
      double pose[7];
      std::copy(poses[m], poses[m] + 7, pose);
      const Vec3<double> shift = SixDof<double>().transform(pose).rotation * origin;
      pose[0] += shift.x, pose[1] += shift.y, pose[2] += shift.z;
      modes[m] = ModeAt(pose, centre, covariance);
    }
    distance[moved] = symmetries.DistanceToImage(modes[0], modes[1]);
  }
  EXPECT_NEAR(distance[0], 50, 1e-9);
  EXPECT_NEAR(distance[1], 50, 1e-9);
}

// A cylinder: turns about its axis, and half turns across it. Whatever image of a pose is given,
// the one nearest to the pose is the pose.
TEST(ObjectSymmetries, BringBackEveryImage) {
  TestRandom random;
  const Vec3<double> axis = random.Axis(), centre = random.Vector(1);
  Vec3<double> across = cross(axis, random.Axis());
  across = (1 / std::sqrt(dot(across, across))) * across;
  OwnSymmetries own;
  Append(Turn(across, kPi), &own.rotation);
  own.axis = {axis.x, axis.y, axis.z};
  own.centre = {centre.x, centre.y, centre.z};
  const Symmetries table = own.Table();
  const ObjectSymmetries<6> symmetries(&table, 0, SixDof<double>());
  for (int i = 0; i < 20; ++i) {
    double pose[7], image[7], back[7];
    random.Pose(pose);
    const Quaternion<double> q{pose[3], pose[4], pose[5], pose[6]};
    const Quaternion<double> s = (i % 2 ? Turn(across, kPi) : Quaternion<double>{1, 0, 0, 0}) *
                                 Turn(axis, random.Uniform(-3, 3));
    const Quaternion<double> turned = q * s;
    const Vec3<double> t = Vec3<double>{pose[0], pose[1], pose[2]} +
                           rotation_matrix(q) * (centre - rotation_matrix(s) * centre);
    image[0] = t.x, image[1] = t.y, image[2] = t.z;
    image[3] = turned.w, image[4] = turned.x, image[5] = turned.y, image[6] = turned.z;
    symmetries.Nearest(pose, image, back);
    const PoseDistance error = Distance(6, pose, back);
    EXPECT_LT(error.rotation, 1e-12);
    EXPECT_LT(error.translation, 1e-12);
  }
}

// Classes have lists and axes of their own.
TEST(ObjectSymmetries, BelongToTheClassOfTheObject) {
  const Vec3<double> z{0, 0, 1};
  std::vector<double> rotation, axis{0, 0, 0, 0, 0, 0, 0, 0, 1};
  Append(Turn(z, kPi), &rotation);
  Append(Turn(z, kPi / 2), &rotation);
  const std::vector<int64_t> offsets{0, 1, 2, 2};
  const std::vector<int32_t> classes{0, 1, 2, -1};
  Symmetries table;
  table.rotation = View(rotation.data(), {2, 4});
  table.axis = View(axis.data(), {3, 3});
  table.offsets = View(offsets.data(), {4});
  table.object_class = View(classes.data(), {4});
  const double turns[4] = {kPi, kPi / 2, 1.234, 0};  // what each object undoes
  const double pose[7] = {0, 0, 5, 1, 0, 0, 0};
  for (int object = 0; object < 4; ++object) {
    const ObjectSymmetries<6> symmetries(&table, object, SixDof<double>());
    EXPECT_EQ(symmetries.empty(), object == 3);
    for (int other = 0; other < 3; ++other) {
      const Quaternion<double> q = Turn(z, -turns[other]);
      const double turned[7] = {0, 0, 5, q.w, q.x, q.y, q.z};
      double image[7];
      symmetries.Nearest(pose, turned, image);
      const bool undone = object == 2 || object == other;
      EXPECT_EQ(Distance(6, pose, image).rotation < 1e-9, undone) << object << " " << other;
    }
  }
}

TEST(ObjectSymmetries, RefuseWhatIsNone) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 2;
  const Batch b = Simulate(random, simulation);
  const auto expect_message = [&](const std::string& part, const auto& change) {
    OwnSymmetries own;
    Append(Turn({0, 0, 1}, kPi), &own.rotation);
    own.axis = own.centre = {0, 0, 1};
    own.object_class = {0, -1};
    const std::vector<int64_t> offsets{0, 1};
    SummaryCall call(b);
    Symmetries table = own.Table();
    table.offsets = View(offsets.data(), {2});
    change(&own, &table);
    call.args.symmetries = &table;
    const std::string message = call.Run().message();
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  using Own = OwnSymmetries;
  expect_message("symmetries has neither rotation nor axis",
                 [](Own*, Symmetries* t) { t->rotation = t->axis = {}; });
  expect_message("symmetries.rotation has shape (1, 3), expected (any, 4)",
                 [](Own*, Symmetries* t) { t->rotation.shape[1] = 3; });
  expect_message("symmetries.rotation[0] is no rotation",
                 [](Own* o, Symmetries*) { o->rotation.assign(4, 0); });
  expect_message("symmetries.axis[0] is not finite",
                 [](Own* o, Symmetries*) { o->axis[1] = kNaN; });
  expect_message("symmetries.object_class[1] is no class",
                 [](Own* o, Symmetries*) { o->object_class[1] = 1; });
  expect_message("symmetries.centre has shape (2, 3), expected (1, 3)",
                 [](Own*, Symmetries* t) { t->centre.shape[0] = 2; });
  expect_message("symmetries.offsets[1] is out of order",
                 [](Own* o, Symmetries* t) { t->rotation = {}, o->rotation.clear(); });
  expect_message("symmetries.struct_size", [](Own*, Symmetries* t) { t->struct_size = 8; });
}

}  // namespace
}  // namespace propnp::test
