// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Moments, quantiles, regions, draws and object symmetries by the CUDA kernels, emulated, against
// the CPU. From starts that make no steps of their own both find the same modes and draw the same
// samples, see sample_test.cc.
#include <memory>
#include <tuple>

#include "tests/cuda_emulation/parity.h"
#include "tests/engine/gradient_operation.h"
#include "tests/engine/summary_call.h"
#include "tests/engine/symmetric_object.h"

namespace propnp::test {
namespace {

// Planar objects of few points and much noise have two modes or more.
Batch AmbiguousObjects(TestRandom& random, int dof) {
  Simulation simulation;
  simulation.objects = 3;
  simulation.points = 6;
  simulation.dof = dof;
  simulation.planar = true;
  simulation.noise_px = 4;
  Batch b = Simulate(random, simulation);
  b.w2d.assign(b.x2d.size(), 0.1);
  b.options.num_starts = 24;
  b.options.start_iterations = 0;
  return b;
}

std::unique_ptr<SummaryCall> Sample(const Batch& b, int32_t device, int32_t precision, int samples,
                                    const propnp_symmetries* symmetries = nullptr,
                                    const std::vector<double>& target = {}) {
  auto call = std::make_unique<SummaryCall>(b, samples, 40);
  call->args.device = device;
  call->args.precision = precision;
  call->args.symmetries = symmetries;
  call->args.pose_target = ViewOrNone(target, {b.num_objects, b.pose_size()});
  const Status status = call->Run();
  EXPECT_TRUE(status.ok()) << status.message();
  return call;
}

// How many of the rows are not the same within `tolerance`.
int DifferentRows(const std::vector<double>& a, const std::vector<double>& b, int64_t width,
                  double tolerance) {
  int different = 0;
  for (size_t first = 0; first < a.size(); first += width) {
    double largest = 0;
    for (int64_t k = 0; k < width; ++k) {
      largest = std::max(largest, std::fabs(a[first + k] - b[first + k]));
    }
    different += !(largest <= tolerance);
  }
  return different;
}

// Degrees of freedom, precision, method.
using Case = std::tuple<int, int, int>;
class EmulatedSummary : public ::testing::TestWithParam<Case>, OnEmulatedDevice {};

TEST_P(EmulatedSummary, AgreesWithTheCpu) {
  TestRandom random;
  const auto [dof, precision, method] = GetParam();
  const Batch b = AmbiguousObjects(random, dof);
  // An odd number of samples, and one that is not the sorted size.
  const auto run = [&, method = method](int32_t device, int32_t with_precision) {
    auto call = std::make_unique<SummaryCall>(b, 388, 40);
    call->args.device = device;
    call->args.precision = with_precision;
    call->options.method = method;
    call->options.second_stage_ess = 0;
    const Status status = call->Run();
    EXPECT_TRUE(status.ok()) << status.message();
    return call;
  };
  const auto device = run(0, precision), cpu = run(-1, PROPNP_FLOAT64);
  EXPECT_EQ(device->status, cpu->status);
  EXPECT_EQ(device->mode_count, cpu->mode_count);
  if (method != PROPNP_SAMPLER_AMIS) {
    EXPECT_GT(*std::max_element(cpu->mode_count.begin(), cpu->mode_count.end()), 1);
  }
  const double tolerance = precision == PROPNP_FLOAT64 ? 1e-3 : 3e-3;
  ExpectAlike("mean_pose", device->mean_pose, cpu->mean_pose, tolerance);
  ExpectAlike("covariance", device->covariance, cpu->covariance, tolerance);
  ExpectAlike("quantiles", device->quantiles, cpu->quantiles, tolerance);
  ExpectAlike("regions", device->region_log_density, cpu->region_log_density, tolerance);
  // A descent in 256 may end in another basin, and its sample lies far from the others' there.
  ExpectAlike("mode_probability", device->mode_probability, cpu->mode_probability, 0.02);
  ExpectAlike("mode_mean", device->mode_mean, cpu->mode_mean, 0.03);
  ExpectAlike("mode_moment_covariance", device->mode_moment_covariance, cpu->mode_moment_covariance,
              0.1);
  // Of 120 draws a few may fall to a neighbour, by rounding of the sums of weights.
  EXPECT_LE(DifferentRows(device->draws, cpu->draws, b.pose_size(), 0.01), 4);
}

INSTANTIATE_TEST_SUITE_P(
    All, EmulatedSummary,
    ::testing::Combine(::testing::Values(6, 4), ::testing::Values(PROPNP_FLOAT64, PROPNP_FLOAT32),
                       ::testing::Values(PROPNP_SAMPLER_MIXTURE, PROPNP_SAMPLER_AMIS)));

class EmulatedSummaryBatch : public ::testing::Test, protected OnEmulatedDevice {};

// An object that fails has zeros everywhere; its neighbours do not notice.
TEST_F(EmulatedSummaryBatch, AFailedObjectHasZeros) {
  TestRandom random;
  const Batch good = AmbiguousObjects(random, 6);
  Batch bad = good;
  bad.x2d[7] = kNaN;
  const auto expected = Sample(good, 0, PROPNP_FLOAT64, 128);
  const auto call = Sample(bad, 0, PROPNP_FLOAT64, 128);
  EXPECT_EQ(call->status[0] & PROPNP_STATUS_NON_FINITE_INPUT, PROPNP_STATUS_NON_FINITE_INPUT);
  const auto all = call->Summaries(), whole = expected->Summaries();
  for (size_t k = 0; k < all.size(); ++k) {
    const size_t part = all[k]->size() / good.num_objects;
    for (size_t i = 0; i < all[k]->size(); ++i) {
      EXPECT_EQ((*all[k])[i], i < part ? 0 : (*whole[k])[i]) << k << " " << i;
    }
  }
}

// Levels in device memory cannot be refused: what is none has no quantile.
TEST_F(EmulatedSummaryBatch, ALevelThatIsNoneHasNoQuantile) {
  TestRandom random;
  const Batch b = AmbiguousObjects(random, 4);
  SummaryCall call(b, 64);
  call.args.device = 0;
  call.quantile_levels = {0.5, -0.1, kNaN};
  call.region_shares = {1.5, 1};
  ASSERT_TRUE(call.Run().ok());
  for (int64_t i = 0; i < b.num_objects; ++i) {
    for (int k = 0; k < 3 * 4; ++k) {
      EXPECT_EQ(std::isnan(call.quantiles[i * 12 + k]), k >= 4) << k;
    }
    EXPECT_TRUE(std::isnan(call.region_log_density[2 * i]));
    EXPECT_TRUE(std::isfinite(call.region_log_density[2 * i + 1]));
  }
}

// With the memory that the query asks for nothing beyond it is written, and the bits are the same.
TEST_F(EmulatedSummaryBatch, TheWorkspaceIsEnough) {
  TestRandom random;
  const Batch b = AmbiguousObjects(random, 6);
  OwnSymmetries own;
  Append(Turn({0, 0, 1}, kPi), &own.rotation);
  const Symmetries table = own.Table();
  SummaryCall call(b, 130, 77);
  call.args.device = 0;
  call.args.symmetries = &table;
  ASSERT_TRUE(call.Run().ok());
  std::vector<std::vector<double>> expected;
  for (const auto* values : call.Summaries()) expected.push_back(*values);
  uint64_t bytes = 0;
  ASSERT_TRUE(SamplePosteriorWorkspaceSize(SharedContext(), call.args, &bytes).ok());
  const GuardedWorkspace workspace(bytes, &call.args);
  ASSERT_TRUE(call.Run().ok());
  for (size_t k = 0; k < expected.size(); ++k) EXPECT_EQ(*call.Summaries()[k], expected[k]) << k;
  workspace.ExpectIntactGuard();
}

// Degrees of freedom and the order of the axis.
class EmulatedSymmetry : public ::testing::TestWithParam<std::pair<int, int>>, OnEmulatedDevice {};

// The images have the same cost, so that which comes first is rounding's choice, and the target's
// where there is one. Moments of 512 samples, an ess of a quarter at least: 5 / sqrt(128) of one.
TEST_P(EmulatedSymmetry, FoldsAsTheCpu) {
  TestRandom random;
  const auto [dof, order] = GetParam();
  SymmetricObject object(random, dof, order);
  object.batch.options.num_starts = 400;
  const std::vector<double>& target = object.batch.true_pose;
  const OwnSymmetries turns = object.Turns(object.angle), axis = object.Axis(object.axis);
  const auto apart = Sample(object.batch, 0, PROPNP_FLOAT32, 512, nullptr, target);
  ASSERT_EQ(apart->mode_count[0], order);
  for (const OwnSymmetries* own : {&turns, &axis}) {
    const Symmetries table = own->Table();
    const auto device = Sample(object.batch, 0, PROPNP_FLOAT32, 512, &table, target);
    const auto cpu = Sample(object.batch, -1, PROPNP_FLOAT64, 512, &table, target);
    EXPECT_EQ(device->status, cpu->status);
    EXPECT_EQ(device->mode_count[0], 1);
    EXPECT_NEAR(device->mode_probability[0], 1, 1e-12);
    EXPECT_EQ(device->mode_probability[1], 0);
    ExpectAlike("mode_pose", device->mode_pose, cpu->mode_pose, 1e-3);
    ExpectAlike("covariance", device->covariance, cpu->covariance, 0.45);
    ExpectAlike("basin", device->mode_moment_covariance, cpu->mode_moment_covariance, 0.6);
    for (int i = 0; i < dof; ++i) {
      const double sigma = std::sqrt(cpu->covariance[i * (dof + 1)]) + 1e-9;
      if (i < 3) {
        EXPECT_NEAR(device->mean_pose[i], cpu->mean_pose[i], 0.45 * sigma);
      }
      for (int q = 0; q < 3; ++q) {
        EXPECT_NEAR(device->quantiles[q * dof + i], cpu->quantiles[q * dof + i], 0.6 * sigma);
      }
    }
  }
}

// A table in device memory cannot be refused: the object whose class leads nowhere fails.
TEST_P(EmulatedSymmetry, ABadClassCostsOneObject) {
  TestRandom random;
  const auto [dof, order] = GetParam();
  const Batch b = AmbiguousObjects(random, dof);
  OwnSymmetries own;
  Append(Turn({0, 0, 1}, kPi), &own.rotation);
  Append({0, 0, 0, 0}, &own.rotation);
  own.object_class = {0, 7, 1};
  const std::vector<int64_t> offsets = {0, 1, 2};
  Symmetries table = own.Table();
  table.offsets = View(offsets.data(), {3});
  const auto call = Sample(b, 0, PROPNP_FLOAT64, 64, &table);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ((call->status[i] & PROPNP_STATUS_NON_FINITE_INPUT) != 0, i > 0) << i;
  }
  own.centre = {0, 0, kInfinity};
  const Symmetries infinite = own.Table();
  EXPECT_NE(Sample(b, 0, PROPNP_FLOAT64, 64, &infinite)->status[0], 0);
}

INSTANTIATE_TEST_SUITE_P(Axes, EmulatedSymmetry,
                         ::testing::Values(std::pair(6, 2), std::pair(6, 3), std::pair(4, 3)));

}  // namespace
}  // namespace propnp::test
