// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Expectations over kept samples against Evaluate(), and gradients of what is made of the samples
// against differences.
#include <numeric>
#include <tuple>

#include "tests/engine/sampled_batch.h"

namespace propnp::test {
namespace {

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Costs of the samples at changed inputs.
std::vector<double> SampleCosts(const SampledBatch& b) {
  static Context* const one = new Context(1);
  ExpectationCall call(b);
  EXPECT_TRUE(call.Run(*one).ok());
  EXPECT_EQ(call.status, std::vector<int32_t>(b.num_objects, 0));
  return call.sample_cost;
}

// `at` has the changed inputs; the log weights change by minus the change of the costs.
double ValueOf(const SampledBatch& b, const std::vector<double>& costs, const GradientBatch& at,
               const Cotangents& c) {
  SampledBatch changed = b;
  static_cast<GradientBatch&>(changed) = at;
  const std::vector<double> changed_costs = SampleCosts(changed);
  double value = 0;
  for (size_t k = 0; k < costs.size(); ++k) {
    const double change = costs[k] - changed_costs[k];
    changed.log_weight[k] += change;
    if (!c.log_weight.empty()) value += c.log_weight[k] * change;
  }
  ExpectationCall call(changed);
  EXPECT_TRUE(call.Run(SharedContext()).ok());
  if (!c.mean_translation.empty()) value += Dot(call.mean_translation, c.mean_translation);
  if (!c.expected_cost.empty()) value += Dot(call.expected_cost, c.expected_cost);
  return value;
}

void CheckBackward(const SampledBatch& b, const Cotangents& cotangents) {
  BackwardCall call(b, cotangents);
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  EXPECT_EQ(call.status, std::vector<int32_t>(b.num_objects, 0));
  const std::vector<double> costs = SampleCosts(b);
  DifferenceCheck check(
      b, [&](const GradientBatch& at) { return ValueOf(b, costs, at, cotangents); }, 1e-6);
  // The costs themselves round, and differences of them carry it.
  check.SetValueSize(*std::max_element(costs.begin(), costs.end()));
  check.ExpectAll(call.out);
}

class SampleBackwardCase : public GradientCases {
 protected:
  GradientCase Case() const {
    GradientCase c = GradientCases::Case();
    c.z_min = 0.3;  // the default follows x3d, but its gradient does not
    c.displacement = 0;
    return c;
  }
};

TEST_P(SampleBackwardCase, CostsAreThoseOfEvaluate) {
  TestRandom random;
  GradientCase c = Case();
  c.box = true, c.z_min = 2.8, c.prior = false;
  const SampledBatch b = Sampled(random, MakeGradientBatch(random, c), 12, Spread::kEverywhere);
  ExpectationCall call(b);
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  for (int64_t s = 0; s < b.count; ++s) {
    std::vector<double> poses;
    for (int64_t i = 0; i < b.num_objects; ++i) {
      const double* pose = &b.sample_pose[(i * b.count + s) * b.pose_size()];
      poses.insert(poses.end(), pose, pose + b.pose_size());
    }
    EvaluateCall evaluate(b, poses);
    ASSERT_TRUE(evaluate.Run(SharedContext()).ok());
    for (int64_t i = 0; i < b.num_objects; ++i) {
      const double expected = evaluate.cost_value[i];
      EXPECT_NEAR(call.sample_cost[i * b.count + s], expected, 1e-10 * (1 + expected)) << s;
    }
  }
  // And the expectations by their formulas.
  for (int64_t i = 0; i < b.num_objects; ++i) {
    double weights = 0, cost = 0, x = 0;
    for (int64_t s = 0; s < b.count; ++s) {
      const int64_t k = i * b.count + s;
      const double weight = std::exp(b.log_weight[k] + 50);
      weights += weight;
      cost += weight * call.sample_cost[k];
      x += weight * b.sample_pose[k * b.pose_size()];
    }
    EXPECT_NEAR(call.expected_cost[i], cost / weights, 1e-12 * cost / weights);
    EXPECT_NEAR(call.mean_translation[3 * i], x / weights, 1e-13);
  }
}

TEST_P(SampleBackwardCase, OfLogWeights) {
  TestRandom random;
  const SampledBatch b = Sampled(random, MakeGradientBatch(random, Case()), 9, Spread::kEverywhere);
  CheckBackward(b, {RandomCotangents(random, b).log_weight, {}, {}});
}

TEST_P(SampleBackwardCase, OfExpectations) {
  TestRandom random;
  const SampledBatch b = Sampled(random, MakeGradientBatch(random, Case()), 9, Spread::kPosterior);
  const Cotangents c = RandomCotangents(random, b);
  CheckBackward(b, {{}, c.mean_translation, {}});
  CheckBackward(b, {{}, {}, c.expected_cost});
}

TEST_P(SampleBackwardCase, WithClampedPoints) {
  TestRandom random;
  GradientCase c = Case();
  c.box = true, c.z_min = 2.8;
  const SampledBatch b = Sampled(random, MakeGradientBatch(random, c), 5, Spread::kPosterior);
  EXPECT_GT(ClampedPoints(b), 3);
  CheckBackward(b, RandomCotangents(random, b));
}

INSTANTIATE_TEST_SUITE_P(All, SampleBackwardCase, EveryCase());

// Largest difference of two gradients, each column relative to its largest entry.
double LargestDifference(const GradientOutputs& a, const GradientOutputs& b) {
  double largest = 0;
  const auto all_a = a.All(), all_b = b.All();
  for (size_t f = 0; f < all_a.size(); ++f) {
    const size_t period = all_a[f] == &a.camera ? PROPNP_MAX_CAMERA_PARAMETERS : 1;
    for (size_t column = 0; column < period; ++column) {
      double size = 1e-300, difference = 0;
      for (size_t k = column; k < all_a[f]->size(); k += period) {
        size = std::max(size, std::fabs((*all_b[f])[k]));
        difference = std::max(difference, std::fabs((*all_a[f])[k] - (*all_b[f])[k]));
      }
      largest = std::max(largest, difference / size);
    }
  }
  return largest;
}

// More samples than the kernels take at once: their gradients add.
TEST(SampleBackward, GradientsOfManySamplesAdd) {
  TestRandom random;
  GradientCase c;
  c.loss = PROPNP_LOSS_CAUCHY, c.z_min = 0.3;
  const GradientBatch batch = MakeGradientBatch(random, c);
  const SampledBatch b = Sampled(random, batch, 150, Spread::kEverywhere);
  const Cotangents whole = {RandomCotangents(random, b).log_weight, {}, {}};
  Cotangents parts[2] = {whole, whole};
  for (size_t k = 0; k < whole.log_weight.size(); ++k) parts[k % 3 == 0].log_weight[k] = 0;
  BackwardCall all(b, whole), first(b, parts[0]), second(b, parts[1]);
  for (BackwardCall* call : {&all, &first, &second}) ASSERT_TRUE(call->Run(SharedContext()).ok());
  for (size_t k = 0; k < first.out.x3d.size(); ++k) first.out.x3d[k] += second.out.x3d[k];
  for (size_t k = 0; k < first.out.x2d.size(); ++k) first.out.x2d[k] += second.out.x2d[k];
  double size = 0;
  for (const double g : all.out.x3d) size = std::max(size, std::fabs(g));
  for (size_t k = 0; k < first.out.x3d.size(); ++k) {
    EXPECT_NEAR(first.out.x3d[k], all.out.x3d[k], 1e-12 * size);
  }
  for (size_t k = 0; k < first.out.x2d.size(); ++k) {
    EXPECT_NEAR(first.out.x2d[k], all.out.x2d[k], 1e-10 * (1 + std::fabs(all.out.x2d[k])));
  }
}

// Loops in single precision. The samples with most weight are half a turn from where the points
// fit: from there the small residuals of the others would be differences of hundreds of pixels, and
// lose a hundred times more than from a base among them.
TEST(SampleBackward, SinglePrecisionHasABaseForEveryMode) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    GradientCase c;
    c.dof = dof, c.z_min = 0.3;
    SampledBatch b = Sampled(random, MakeGradientBatch(random, c), 40, Spread::kPosterior);
    Cotangents cotangents = RandomCotangents(random, b);
    for (int64_t k = 0; k < b.num_objects * b.count; k += 2) {
      double* const pose = &b.sample_pose[k * b.pose_size()];
      if (dof == 6) {
        std::swap(pose[3], pose[4]), std::swap(pose[5], pose[6]);
        pose[3] *= -1, pose[5] *= -1;
      } else {
        pose[3] += 3.14159265358979323846;
      }
      b.log_weight[k] += 10;
      cotangents.log_weight[k] = 0;
    }
    cotangents.expected_cost.clear();
    cotangents.mean_translation.assign(3 * b.num_objects, 0.0);  // makes the weights count
    BackwardCall wide(b, cotangents), narrow(b, cotangents);
    narrow.args.precision = PROPNP_FLOAT32;
    ASSERT_TRUE(wide.Run(SharedContext()).ok());
    ASSERT_TRUE(narrow.Run(SharedContext()).ok());
    EXPECT_LT(LargestDifference(narrow.out, wide.out), 1e-6);
    ExpectationCall wide_costs(b), narrow_costs(b);
    narrow_costs.args.precision = PROPNP_FLOAT32;
    ASSERT_TRUE(wide_costs.Run(SharedContext()).ok());
    ASSERT_TRUE(narrow_costs.Run(SharedContext()).ok());
    for (size_t k = 0; k < wide_costs.sample_cost.size(); ++k) {
      const double cost = wide_costs.sample_cost[k];
      EXPECT_NEAR(narrow_costs.sample_cost[k], cost, 1e-6 * (1 + cost));
    }
  }
}

// d log evidence = sum_j w_j d log weight_j: what the sampler itself says.
TEST(SampleBackward, IsTheSamplersGradient) {
  TestRandom random;
  for (const int kind : {0, 1, 2, 3}) {
    const bool information = kind / 2 == 1, hold_delta = kind % 2 == 1;
    GradientCase c;
    c.loss = PROPNP_LOSS_ADAPTIVE_HUBER, c.information = information, c.z_min = 0.3;
    const GradientBatch batch = MakeGradientBatch(random, c);
    const GradientInputs inputs(batch);
    constexpr int64_t kSamples = 64;
    const int64_t n = batch.num_objects;
    SolveOptions start_options;
    SampleOptions options;
    options.num_samples = kSamples;
    options.control_variates = 0;
    SampledBatch b;
    static_cast<GradientBatch&>(b) = batch;
    b.count = kSamples;
    b.sample_pose.resize(n * kSamples * 7), b.log_weight.resize(n * kSamples);
    GradientOutputs expected(batch);
    SampleArgs args;
    inputs.Attach(&args);
    args.start_options = &start_options, args.options = &options;
    args.pose_target = View(batch.pose.data(), {n, 7});
    args.sample_pose = View(b.sample_pose.data(), {n, kSamples, 7});
    args.sample_log_weight = View(b.log_weight.data(), {n, kSamples});
    args.grad_x3d = expected.gradients.x3d, args.grad_x2d = expected.gradients.x2d;
    args.grad_w2d = expected.gradients.w2d, args.grad_sqrt_info = expected.gradients.sqrt_info;
    args.grad_delta = expected.gradients.delta;
    args.grad_relative_delta = expected.gradients.relative_delta;
    args.through_delta = !hold_delta;
    ASSERT_TRUE(SamplePosterior(SharedContext(), args).ok());
    Cotangents cotangents;
    for (int64_t i = 0; i < n; ++i) {
      const double* w = &b.log_weight[i * kSamples];
      const double highest = *std::max_element(w, w + kSamples);
      double sum = 0;
      for (int64_t s = 0; s < kSamples; ++s) sum += std::exp(w[s] - highest);
      for (int64_t s = 0; s < kSamples; ++s) {
        cotangents.log_weight.push_back(std::exp(w[s] - highest) / sum);
      }
    }
    BackwardCall call(b, cotangents);
    call.out.gradients.hold_delta_fixed = hold_delta;
    ASSERT_TRUE(call.Run(SharedContext()).ok());
    // Sums over samples in another order, from other bases.
    const auto expect_same = [&](const std::vector<double>& a, const std::vector<double>& e) {
      for (size_t k = 0; k < a.size(); ++k) {
        if (!std::isnan(e[k])) {
          EXPECT_NEAR(a[k], e[k], 1e-9 * (1 + std::fabs(e[k]))) << k;
        }
      }
    };
    EXPECT_FALSE(std::isnan(expected.x3d[0]));
    EXPECT_FALSE(std::isnan(expected.delta[1]));
    expect_same(call.out.x3d, expected.x3d);
    expect_same(call.out.x2d, expected.x2d);
    expect_same(call.out.w2d, expected.w2d);
    expect_same(call.out.sqrt_info, expected.sqrt_info);
    expect_same(call.out.delta, expected.delta);
    EXPECT_NE(expected.relative_delta[0], 0);
    expect_same(call.out.relative_delta, expected.relative_delta);
  }
}

}  // namespace
}  // namespace propnp::test
