// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// From random starts to the pose, without noise, with outliers, in any unit of length.
#include <algorithm>

#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

// Tolerances of an exact solution: the solver stops within 1e-9 standard deviations (at 1 px
// noise), and those are below 10 units here, so 1e-6 is generous; the next minimum lies orders
// further away.
bool IsTruth(const Batch& b, const Solution& s, int64_t i) {
  const PoseDistance d =
      Distance(b.cost.dof, &b.true_pose[i * b.pose_size()], &s.pose[i * s.pose_size]);
  return d.translation < 1e-6 && d.rotation < 1e-6;
}

// Residuals of 1e-5 px.
bool IsZeroResidual(const Solution& s, int64_t i) { return s.cost_after[i] < 1e-10; }

// Measured failures: 1 in 8000 at N = 4, planar, 1 in 10,000 at N = 3 (hardly any triangle to see),
// none elsewhere, so about one in these 10,000; ten or more then have a probability of 1e-7.
TEST(Recovery, NoiseFreeProblemsAreSolvedFromRandomStarts) {
  struct Size {
    int64_t points, objects;
  };
  const Size sizes[] = {{3, 1000}, {4, 1000}, {5, 750},   {6, 600},  {8, 500},  {12, 400},
                        {20, 300}, {50, 200}, {100, 150}, {300, 60}, {1000, 40}};
  TestRandom random;
  int64_t problems = 0, failures = 0;
  for (const Size& size : sizes) {
    for (const bool planar : {false, true}) {
      if (size.points == 3 && planar) continue;  // three points always lie in a plane
      Simulation simulation;
      simulation.points = size.points;
      simulation.objects = size.points == 3 ? 2 * size.objects : size.objects;
      simulation.planar = planar;
      const Batch batch = Simulate(random, simulation);
      const Solution solution = SolveBatch(batch);
      for (int64_t i = 0; i < batch.num_objects; ++i, ++problems) {
        // Three points have up to four exact poses: any of them will do.
        const bool found =
            size.points == 3 ? IsZeroResidual(solution, i) : IsTruth(batch, solution, i);
        failures += !found;
        // A pose that is not the one must not claim more than a local minimum.
        if (found && size.points > 3) {
          EXPECT_EQ(solution.status[i], PROPNP_STATUS_CONVERGED);
        }
      }
    }
  }
  EXPECT_EQ(problems, 10000);
  EXPECT_LE(failures, problems / 1000);
}

// The same in float32 and with four degrees of freedom, for every camera.
TEST(Recovery, EveryCameraPrecisionAndDof) {
  TestRandom random;
  for (int32_t camera = 0; camera < PROPNP_NUM_CAMERA_MODELS; ++camera) {
    for (const int dof : {6, 4}) {
      SCOPED_TRACE("camera " + std::to_string(camera) + ", " + std::to_string(dof) + " DoF");
      Simulation simulation;
      simulation.objects = 50;
      simulation.dof = dof;
      simulation.camera = camera;
      Batch batch = Simulate(random, simulation);
      if (dof == 4) {
        const Vec3<double> axis = random.Axis();
        batch.cost.yaw_axis[0] = axis.x, batch.cost.yaw_axis[1] = axis.y;
        batch.cost.yaw_axis[2] = axis.z;
        for (int64_t i = 0; i < batch.num_objects; ++i) {
          const Quaternion<double> q = random.Rotation();
          batch.base_rotation.insert(batch.base_rotation.end(), {q.w, q.x, q.y, q.z});
        }
        ProjectTruth(&batch);
      }
      const Solution exact = SolveBatch(batch);
      const Solution rounded = SolveBatch(batch, PROPNP_FLOAT32);
      for (int64_t i = 0; i < batch.num_objects; ++i) {
        EXPECT_TRUE(IsTruth(batch, exact, i)) << "object " << i;
        // Pixels of several hundred carry 3e-5 px of rounding. A standard deviation at 1 px is
        // below .1 in depth and .05 rad here, so 1e-3 leaves a factor of hundreds.
        const PoseDistance d = Distance(dof, &batch.true_pose[i * batch.pose_size()],
                                        &rounded.pose[i * batch.pose_size()]);
        EXPECT_LT(d.translation, 1e-3) << "object " << i;
        EXPECT_LT(d.rotation, 1e-3) << "object " << i;
        EXPECT_EQ(rounded.status[i], PROPNP_STATUS_CONVERGED) << "object " << i;
      }
    }
  }
}

struct WorstDistance {
  double translation = 0, rotation = 0;
};

WorstDistance Worst(const Batch& b, const Solution& s) {
  WorstDistance worst;
  for (int64_t i = 0; i < b.num_objects; ++i) {
    const PoseDistance d =
        Distance(b.cost.dof, &b.true_pose[i * b.pose_size()], &s.pose[i * s.pose_size]);
    worst.translation = std::max(worst.translation, d.translation);
    worst.rotation = std::max(worst.rotation, d.rotation);
  }
  return worst;
}

// 30 % of 60 points are off by 100 px. With 42 good points of 1 px a standard deviation is below
// .06 units of depth and .02 rad (600 px focal length, two units of size, up to seven away); Huber
// pays for outliers with a bounded pull of up to 1.5 sigma each, which about doubles that. Five of
// those are the bound. Least squares is off by an order of magnitude more, which shows that the
// loss does it.
TEST(Recovery, OutliersUnderRobustLosses) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 200;
  simulation.points = 60;
  simulation.noise_px = 1;
  simulation.outlier_fraction = 0.3;
  simulation.outlier_noise_px = 100;
  Batch batch = Simulate(random, simulation);
  const WorstDistance plain = Worst(batch, SolveBatch(batch));
  for (const int32_t loss : {PROPNP_LOSS_HUBER, PROPNP_LOSS_CAUCHY}) {
    SCOPED_TRACE("loss " + std::to_string(loss));
    batch.cost.loss = loss;
    batch.cost.delta = 1.5;
    const Solution solution = SolveBatch(batch);
    const WorstDistance robust = Worst(batch, solution);
    EXPECT_LT(robust.translation, 0.6);
    EXPECT_LT(robust.rotation, 0.2);
    EXPECT_GT(plain.rotation, 3 * robust.rotation);
    for (int64_t i = 0; i < batch.num_objects; ++i) {
      EXPECT_EQ(solution.status[i], PROPNP_STATUS_CONVERGED) << "object " << i;
    }
  }
}

// Multiplying x3d by a factor multiplies translations by it and changes nothing else: not the
// rotations, not the statuses, and covariances by one factor a translation.
class UnitsOfLength : public ::testing::TestWithParam<double> {};

Batch Scaled(Batch b, double scale) {
  for (double& x : b.x3d) x *= scale;
  for (std::vector<double>* poses : {&b.true_pose, &b.pose_init}) {
    for (size_t k = 0; k < poses->size(); ++k) {
      if (k % b.pose_size() < 3) (*poses)[k] *= scale;
    }
  }
  return b;
}

void ExpectScaled(const Batch& b, const Solution& one, const Solution& other, double scale) {
  for (int64_t i = 0; i < b.num_objects; ++i) {
    EXPECT_EQ(other.status[i], PROPNP_STATUS_CONVERGED) << "object " << i;
    std::vector<double> pose(&other.pose[i * b.pose_size()], &other.pose[(i + 1) * b.pose_size()]);
    for (int k = 0; k < 3; ++k) pose[k] /= scale;
    const PoseDistance d = Distance(b.cost.dof, &one.pose[i * b.pose_size()], pose.data());
    // CONVERGED means within 1e-4 standard deviations, and those are below .1.
    EXPECT_LT(d.translation, 1e-5) << "object " << i;
    EXPECT_LT(d.rotation, 1e-5) << "object " << i;
    const int64_t dof = b.cost.dof;
    for (int64_t r = 0; r < dof; ++r) {
      const double unit = r < 3 ? scale * scale : 1;
      const double expected = one.covariance[(i * dof + r) * dof + r];
      EXPECT_NEAR(other.covariance[(i * dof + r) * dof + r] / unit, expected, 1e-3 * expected);
    }
  }
}

TEST_P(UnitsOfLength, DoNotMatter) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    SCOPED_TRACE(std::to_string(dof) + " DoF");
    Simulation simulation;
    simulation.objects = 50;
    simulation.dof = dof;
    simulation.noise_px = 0.5;
    Batch batch = Simulate(random, simulation);
    ExpectScaled(batch, SolveBatch(batch), SolveBatch(Scaled(batch, GetParam())), GetParam());
    batch.pose_init = NearTruth(random, batch, 0.05);
    ExpectScaled(batch, SolveBatch(batch), SolveBatch(Scaled(batch, GetParam())), GetParam());
  }
}

std::string ScaleName(const ::testing::TestParamInfo<double>& info) {
  const int exponent = static_cast<int>(std::lround(std::log10(info.param)));
  return (exponent < 0 ? "minus_" : "plus_") + std::to_string(std::abs(exponent));
}

INSTANTIATE_TEST_SUITE_P(PowersOfTen, UnitsOfLength,
                         ::testing::Values(1e-6, 1e-4, 1e-2, 1e2, 1e4, 1e6), ScaleName);

}  // namespace
}  // namespace propnp::test
