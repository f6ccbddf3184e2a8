// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What must not change the posterior, or must change its evidence by a known factor.
//
// Both sides are sampled with the same random streams, replicate by replicate. The sampler need not
// go the same way on both (its steps and charts depend on units and frames), so the mean of the
// paired differences is compared with its own standard error; where both go the same way the
// differences vanish up to rounding, which kRounding allows for.
#include "tests/engine/posterior_batch.h"
#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

constexpr int64_t kReplicates = 48;
constexpr double kRounding = 1e-6;

class PosteriorInvariance : public ::testing::TestWithParam<int> {
 protected:
  int dof() const { return GetParam(); }

  // One object with noise, a Huber loss of fixed scale, a tilted yaw axis and a base rotation.
  Batch OneObject() {
    Simulation simulation;
    simulation.dof = dof();
    simulation.points = 12;
    simulation.noise_px = 4;
    Batch b = Simulate(random_, simulation);
    b.camera_parameters = {600, 600, 320, 240};
    b.camera_parameters.resize(PROPNP_MAX_CAMERA_PARAMETERS);
    if (dof() == 4) {
      const Vec3<double> axis = random_.Axis();
      b.cost.yaw_axis[0] = axis.x, b.cost.yaw_axis[1] = axis.y, b.cost.yaw_axis[2] = axis.z;
      b.base_rotation = Storage(random_.Rotation());
    }
    ProjectTruth(&b);
    for (double& x : b.x2d) x += simulation.noise_px * random_.Normal();
    b.w2d.assign(b.x2d.size(), 1 / simulation.noise_px);
    b.cost.loss = PROPNP_LOSS_HUBER;
    b.cost.delta = 2;
    b.cost.z_min = 1e-3;
    return b;
  }

  static std::vector<double> Storage(const Quaternion<double>& q) { return {q.w, q.x, q.y, q.z}; }
  static Quaternion<double> Loaded(const double* q) { return {q[0], q[1], q[2], q[3]}; }

  static std::vector<double> LogEvidence(Batch b) {
    b.true_pose.clear();
    SampleOptions options;
    options.num_samples = 2048;
    WantedOutputs wanted;
    wanted.gradient = false;
    return SampleBatch(Copies(b, kReplicates), options, nullptr, PROPNP_FLOAT64, 2, wanted)
        .log_evidence;
  }

  // log Z of `changed` must be that of `b` plus `gain`.
  static void ExpectGain(const Batch& b, const Batch& changed, double gain) {
    std::vector<double> differences = LogEvidence(changed);
    const std::vector<double> before = LogEvidence(b);
    for (int64_t i = 0; i < kReplicates; ++i) differences[i] -= before[i];
    const MeanValue difference = MeanOf(differences);
    EXPECT_LT(difference.standard_error, 1e-3);
    EXPECT_NEAR(difference.mean, gain, 5 * difference.standard_error + kRounding);
  }

  TestRandom random_;
};

// X' = Q X + c. Fails, for one, if samples are weighted by z^-3, the measure of a logarithm. With
// 4DoF the base rotation takes Q back.
TEST_P(PosteriorInvariance, ObjectFrame) {
  const Batch b = OneObject();
  Batch changed = b;
  const Quaternion<double> q = random_.Rotation();
  const RigidTransform<double> move{rotation_matrix(q), random_.Vector(1)};
  for (double* x = changed.x3d.data(); x != changed.x3d.data() + changed.x3d.size(); x += 3) {
    const Vec3<double> moved = move * Vec3<double>{x[0], x[1], x[2]};
    x[0] = moved.x, x[1] = moved.y, x[2] = moved.z;
  }
  if (dof() == 4) {
    changed.base_rotation = Storage(Loaded(b.base_rotation.data()) * conjugate(q));
  }
  ExpectGain(b, changed, 0);
}

// Another unit of length: dt gains s^3. Fails under the same weighting.
TEST_P(PosteriorInvariance, Scale) {
  const Batch b = OneObject();
  for (const double scale : {1e-3, 7.0}) {
    Batch changed = b;
    for (double& x : changed.x3d) x *= scale;
    changed.cost.z_min *= scale;
    ExpectGain(b, changed, 3 * std::log(scale));
  }
}

// Fails, for one, if the first point's weight is 1 % larger.
TEST_P(PosteriorInvariance, OrderOfPoints) {
  const Batch b = OneObject();
  Batch changed = b;
  const auto reverse = [&](std::vector<double>* values, int64_t width) {
    const std::vector<double> before = *values;
    for (int64_t i = 0; i < b.num_points; ++i) {
      std::copy_n(&before[i * width], width, &(*values)[(b.num_points - 1 - i) * width]);
    }
  };
  reverse(&changed.x3d, 3), reverse(&changed.x2d, 2), reverse(&changed.w2d, 2);
  ExpectGain(b, changed, 0);
}

// The camera turned about its optical axis: pixels turn about the principal point. Fails, for one,
// if weights in x are 5 % larger.
TEST_P(PosteriorInvariance, CameraRoll) {
  const Batch b = OneObject();
  Batch changed = b;
  const double angle = 0.7, c = std::cos(angle), s = std::sin(angle);
  for (double* x = changed.x2d.data(); x != changed.x2d.data() + changed.x2d.size(); x += 2) {
    const double u = x[0] - b.camera_parameters[2], v = x[1] - b.camera_parameters[3];
    x[0] = b.camera_parameters[2] + c * u - s * v, x[1] = b.camera_parameters[3] + s * u + c * v;
  }
  if (dof() == 4) {
    const double* axis = b.cost.yaw_axis;
    changed.cost.yaw_axis[0] = c * axis[0] - s * axis[1];
    changed.cost.yaw_axis[1] = s * axis[0] + c * axis[1];
    const Quaternion<double> roll{std::cos(angle / 2), 0, 0, std::sin(angle / 2)};
    changed.base_rotation = Storage(roll * Loaded(b.base_rotation.data()));
  }
  ExpectGain(b, changed, 0);
}

Posterior SampleWithTarget(const Batch& b) {
  SampleOptions options;
  options.num_samples = 256;
  return SampleBatch(b, options);
}

void ExpectSame(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  double largest = 0;
  for (double value : a) largest = std::max(largest, std::fabs(value));
  EXPECT_GT(largest, 0);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance * largest);
}

// The same target written in the other way: q and -q, a full turn of yaw. Fails, for one, if the
// scalar of the target's quaternion is read without its sign, or its yaw cut off at half a turn.
TEST_P(PosteriorInvariance, SignOfTheTarget) {
  const Batch b = OneObject();
  Batch changed = b;
  if (dof() == 6) {
    for (int i = 3; i < 7; ++i) changed.true_pose[i] *= -1;
  } else {
    changed.true_pose[3] += 2 * 3.14159265358979323846;
  }
  const Posterior posterior = SampleWithTarget(b), other = SampleWithTarget(changed);
  ExpectSame(posterior.log_evidence, other.log_evidence, 1e-9);
  ExpectSame(posterior.cost_target, other.cost_target, 1e-9);
  ExpectSame(posterior.grad_x3d, other.grad_x3d, 1e-9);
  ExpectSame(posterior.grad_x2d, other.grad_x2d, 1e-9);
  ExpectSame(posterior.grad_weight, other.grad_weight, 1e-9);
}

// With a fixed delta a point without weight is no point, and has no gradient. Fails, for one, if
// weights are at least 1e-4.
TEST_P(PosteriorInvariance, PointWithoutWeight) {
  const Batch b = OneObject();
  constexpr int64_t kWhere = 5;
  Batch changed = b;
  ++changed.num_points;
  const auto insert = [](std::vector<double>* values, std::initializer_list<double> row) {
    values->insert(values->begin() + kWhere * static_cast<int64_t>(row.size()), row);
  };
  insert(&changed.x3d, {3, -4, 0.5}), insert(&changed.x2d, {17, 900}), insert(&changed.w2d, {0, 0});
  ExpectGain(b, changed, 0);

  const Posterior posterior = SampleWithTarget(b);
  Posterior other = SampleWithTarget(changed);
  const auto expect_deleted = [&](const std::vector<double>& without, std::vector<double> with,
                                  int64_t width) {
    const auto first = with.begin() + kWhere * width;
    EXPECT_TRUE(std::all_of(first, first + width, [](double g) { return g == 0; }));
    with.erase(first, first + width);
    ExpectSame(without, with, 1e-6);
  };
  expect_deleted(posterior.grad_x3d, other.grad_x3d, 3);
  expect_deleted(posterior.grad_x2d, other.grad_x2d, 2);
  expect_deleted(posterior.grad_weight, other.grad_weight, 2);
}

INSTANTIATE_TEST_SUITE_P(DegreesOfFreedom, PosteriorInvariance, ::testing::Values(6, 4),
                         [](const auto& info) { return "dof" + std::to_string(info.param); });

}  // namespace
}  // namespace propnp::test
