// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The score of a sample, derivative of the posterior's cost by moving the pivot and by turning the
// object about it, against the derivatives that the solver takes.
#include <algorithm>
#include <vector>

#include "propnp/engine/stein_correction.h"
#include "tests/engine/packed_batch.h"

namespace propnp::test {
namespace {

// d cost / d (pivot, rotation about it) from d cost / d (t, rotation about the origin), prior
// included: with the pivot fixed, turning moves t by arm x delta_theta.
template <int kDof>
std::vector<double> ExpectedScore(const ObjectCost<kDof, double>& cost, const double* pose,
                                  const Vec3<double>& pivot) {
  NormalEquations<kDof, double> sums;
  cost.Evaluate(pose, Curvature::kIrls, ClampedRows::kExact, &sums);
  std::vector<double> score(sums.gradient, sums.gradient + kDof);
  const Vec3<double> force{score[0], score[1], score[2]};
  const Vec3<double> torque = cross(force, cost.dof().transform(pose).rotation * pivot);
  if constexpr (kDof == 6) {
    score[3] += torque.x, score[4] += torque.y, score[5] += torque.z;
  } else {
    score[3] += dot(cost.dof().axis, torque);
  }
  return score;
}

template <int kDof, typename T>
std::vector<double> ActualScore(const Problem& problem, const ObjectCost<kDof, double>& cost,
                                const double* base, const double* pose, const Vec3<double>& pivot) {
  Arena count;
  BaseObject<T>::Allocate(problem, 1, &count);
  const AlignedBytes memory(count.used());
  Arena arena(memory.data());
  BaseObject<T> object = BaseObject<T>::Allocate(problem, 1, &arena);
  object.Set(cost, base, pivot);
  const auto& dof = cost.dof();
  const RigidTransform<double> from = dof.transform(base), to = dof.transform(pose);
  Vec3<double> theta;
  if constexpr (kDof == 6) {
    const Quaternion<double> q = Quaternion<double>{pose[3], pose[4], pose[5], pose[6]} *
                                 conjugate(Quaternion<double>{base[3], base[4], base[5], base[6]});
    theta = (2 / q.w) * Vec3<double>{q.x, q.y, q.z};
  } else {
    theta = (2 * std::tan((pose[3] - base[3]) / 2)) * dof.axis;
  }
  alignas(kColumnAlignment) T record[kSampleRecord] = {};
  FillRecord(to * pivot - from * pivot, theta, 0, record);
  std::vector<double> points(kScore), score(kDof);
  object.Scores(record, 1, object.InFront(record) ? 1 : 0, points.data());
  score_from_points(dof, {points[0], points[1], points[2]}, {points[3], points[4], points[5]},
                    score.data());
  if (cost.object().prior.active()) {
    add_prior_score(dof, cost.object().prior, pose, pivot, score.data());
  }
  return score;
}

template <int kDof>
void ExpectScores(const Problem& problem, const PackedObject<double>& object, const double* base,
                  const double* pose) {
  const ObjectCost<kDof, double> cost(object);
  const PackedView<double>& view = object.views[0];
  const Vec3<double> pivot{view.x[0] + 0.1, view.y[0] - 0.2, view.z[0]};  // any
  const std::vector<double> expected = ExpectedScore(cost, pose, pivot);
  double size = 0;
  for (double e : expected) size = std::max(size, std::fabs(e));
  // Sums of some thirty terms that are up to a hundred times as large as their sum.
  constexpr double kCancellation = 1e4;
  const std::vector<double> exact = ActualScore<kDof, double>(problem, cost, base, pose, pivot);
  const std::vector<double> rounded = ActualScore<kDof, float>(problem, cost, base, pose, pivot);
  for (int i = 0; i < kDof; ++i) {
    EXPECT_NEAR(exact[i], expected[i], kCancellation * 2.3e-16 * size) << i;
    EXPECT_NEAR(rounded[i], expected[i], kCancellation * 1.2e-7 * size) << i;
  }
}

TEST(Score, IsTheDerivativeOfTheCost) {
  TestRandom random;
  for (const int32_t camera :
       {PROPNP_CAMERA_PINHOLE, PROPNP_CAMERA_OPENCV, PROPNP_CAMERA_FISHEYE}) {
    for (const int dof : {6, 4}) {
      for (int variant = 0; variant < 8; ++variant) {
        GradientCase c;
        c.camera = camera;
        c.dof = dof;
        c.loss = variant % 4;
        c.information = (variant & 1) != 0;
        c.prior = (variant & 2) != 0;
        c.box = (variant & 4) != 0;
        c.displacement = 0.05;
        const GradientBatch b = MakeGradientBatch(random, c);
        SCOPED_TRACE(::testing::Message() << camera << " " << dof << " " << variant);
        ForEachPacked(b,
                      [&](const Problem& problem, const PackedObject<double>& object, int64_t i) {
                        const double* base = &b.true_pose[i * b.pose_size()];
                        const double* pose = &b.pose[i * b.pose_size()];
                        dof == 6 ? ExpectScores<6>(problem, object, base, pose)
                                 : ExpectScores<4>(problem, object, base, pose);
                      });
      }
    }
  }
}

}  // namespace
}  // namespace propnp::test
