// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Numbers so large that a result does not fit into its tensor, by every operation of the CUDA
// kernels, emulated: the object fails or not as it does on the CPU, what fails is zero, and the
// neighbour keeps its bits.
#include <functional>

#include "propnp/engine/evaluate.h"
#include "tests/cuda_emulation/parity.h"
#include "tests/cuda_emulation/sample_call.h"
#include "tests/engine/pose_plus_call.h"
#include "tests/engine/sampled_batch.h"

namespace propnp::test {
namespace {

constexpr int64_t kSpoiled = 0, kNeighbour = 1;

struct Place {
  int32_t device, precision, dtype;  // the last of the outputs
};

struct Result {
  std::vector<int32_t> status;
  std::vector<double> part[2];  // all numbers of each object
};

// The memory of a call's outputs, of a type of its own.
template <typename T>
class OutputMemory {
 public:
  explicit OutputMemory(const std::vector<propnp_tensor*>& tensors) {
    for (propnp_tensor* t : tensors) {
      if (!IsGiven(*t)) continue;
      size_t size = 1;
      for (int k = 0; k < t->ndim; ++k) size *= t->shape[k];
      memory_.emplace_back(size, static_cast<T>(kNaN));
      t->data = memory_.back().data();
      t->dtype = sizeof(T) == sizeof(float) ? PROPNP_FLOAT32 : PROPNP_FLOAT64;
      rows_.push_back(t->shape[0]);
    }
  }

  std::vector<double> PartOf(const GradientBatch& b, int64_t object) const {
    std::vector<double> part;
    for (size_t k = 0; k < memory_.size(); ++k) {
      const std::vector<double> all(memory_[k].begin(), memory_[k].end());
      const int64_t view = b.view_offsets[object], end = b.view_offsets[object + 1];
      const bool of_points = rows_[k] == b.num_points, of_views = rows_[k] == b.num_views;
      const int64_t first = of_points ? b.offsets[view] : of_views ? view : object;
      AppendRows(all, rows_[k], first,
                 of_points  ? b.offsets[end]
                 : of_views ? end
                            : object + 1,
                 &part);
    }
    return part;
  }

 private:
  std::vector<std::vector<T>> memory_;
  std::vector<int64_t> rows_;
};

// Runs a call whose outputs are these.
template <typename T>
Result RunInto(const GradientBatch& b, const std::vector<propnp_tensor*>& outputs,
               const std::function<Status()>& run, const std::vector<int32_t>& status) {
  const OutputMemory<T> memory(outputs);
  const Status result = run();
  EXPECT_TRUE(result.ok()) << result.message();
  return {status, {memory.PartOf(b, 0), memory.PartOf(b, 1)}};
}

template <typename Args>
Result RunCall(const GradientBatch& b, const Place& place, Args* args,
               const std::vector<propnp_tensor*>& outputs, const std::function<Status()>& run,
               const std::vector<int32_t>& status) {
  args->device = place.device;
  return place.dtype == PROPNP_FLOAT32 ? RunInto<float>(b, outputs, run, status)
                                       : RunInto<double>(b, outputs, run, status);
}

std::vector<propnp_tensor*> TensorsIn(Gradients* g) {
  return {&g->x3d,
          &g->x2d,
          &g->w2d,
          &g->sqrt_info,
          &g->delta,
          &g->relative_delta,
          &g->camera_parameters,
          &g->prior_mean,
          &g->prior_sigma};
}

Result RunEvaluate(const GradientBatch& b, const Place& place) {
  const GradientInputs inputs(b);
  EvaluateCall call(b, b.pose);
  EvaluateArgs& a = call.args;
  a.cost = &inputs.cost;
  a.precision = place.precision;
  return RunCall(
      b, place, &a,
      {&a.cost_value, &a.delta, &a.gradient, &a.hessian, &a.pixel_error, &a.residual,
       &a.loss_weight, &a.jacobian},
      [&] { return call.Run(SharedContext()); }, call.status);
}

Result RunSolve(const GradientBatch& given, const Place& place, bool from_pose) {
  GradientBatch b = given;
  if (from_pose) b.pose_init = b.pose;
  b.options.num_starts = 8;
  const GradientInputs inputs(b);
  SolveCall call(b);
  SolveArgs& a = call.args;
  a.cost = &inputs.cost;
  a.precision = place.precision;
  return RunCall(
      b, place, &a,
      {&a.pose, &a.cost_before, &a.cost_after, &a.covariance, &a.null_space, &a.variance_factor,
       &a.behind_fraction},
      [&] { return call.Run(SharedContext()); }, call.out.status);
}

Result RunSample(const GradientBatch& b, const Place& place, int32_t method) {
  SampleCall call(b, place.device, place.precision, 64);
  SampleArgs& a = call.args;
  call.options.method = method;
  call.options.control_variates = 1;
  call.options.second_stage_ess = 0.3;
  call.SetTarget(b);
  return RunCall(
      b, place, &a,
      {&a.log_evidence, &a.ess, &a.khat, &a.cost_target, &a.pose, &a.mode_pose, &a.mode_covariance,
       &a.mode_probability, &a.mode_cost, &a.sample_pose, &a.sample_log_weight, &a.grad_x3d,
       &a.grad_x2d, &a.grad_w2d, &a.grad_sqrt_info, &a.grad_delta, &a.grad_relative_delta,
       &a.grad_prior_mean},
      [&] { return SamplePosterior(SharedContext(), a); }, call.status);
}

// Samples around the poses, which they follow where those are spoiled.
SampledBatch WithSamples(const GradientBatch& b) {
  TestRandom random;
  return Sampled(random, b, 20, Spread::kPosterior);
}

Result RunExpectation(const GradientBatch& given, const Place& place) {
  const SampledBatch b = WithSamples(given);
  ExpectationCall call(b);
  SampleExpectationArgs& a = call.args;
  a.precision = place.precision;
  return RunCall(
      b, place, &a, {&a.sample_cost, &a.mean_translation, &a.expected_cost},
      [&] { return call.Run(SharedContext()); }, call.status);
}

Result RunSampleBackward(const GradientBatch& given, const Place& place) {
  const SampledBatch b = WithSamples(given);
  TestRandom random;
  BackwardCall call(b, RandomCotangents(random, b));
  call.args.precision = place.precision;
  return RunCall(
      b, place, &call.args, TensorsIn(&call.out.gradients),
      [&] { return call.Run(SharedContext()); }, call.status);
}

Result RunPosePlus(const GradientBatch& b, const Place& place) {
  PosePlusCall call(b);
  return RunCall(
      b, place, &call.args, {&call.args.pose_plus, &call.args.step},
      [&] { return call.Run(SharedContext()); }, call.status);
}

Result RunPosePlusBackward(const GradientBatch& b, const Place& place) {
  PosePlusBackwardCall call(b, std::vector<double>(b.pose.size(), 0.3),
                            std::vector<double>(b.num_objects * b.cost.dof, 0.7));
  return RunCall(
      b, place, &call.args, TensorsIn(&call.out.gradients),
      [&] { return call.Run(SharedContext()); }, call.status);
}

struct Operation {
  std::string name;
  // Where a start leads is then a matter of rounding: only what every start meets is compared.
  bool from_random_starts;
  std::function<Result(const GradientBatch&, const Place&)> run;
};

void PrintTo(const Operation& operation, std::ostream* stream) { *stream << operation.name; }

std::vector<Operation> Operations() {
  using std::placeholders::_1;
  using std::placeholders::_2;
  return {{"Evaluate", false, RunEvaluate},
          {"Solve", true, std::bind(RunSolve, _1, _2, false)},
          {"SolveFromPoses", false, std::bind(RunSolve, _1, _2, true)},
          {"Sample", true, std::bind(RunSample, _1, _2, PROPNP_SAMPLER_MIXTURE)},
          {"SampleAdaptively", true, std::bind(RunSample, _1, _2, PROPNP_SAMPLER_AMIS)},
          {"Expectation", false, RunExpectation},
          {"SampleBackward", false, RunSampleBackward},
          {"PosePlus", false, RunPosePlus},
          {"PosePlusBackward", false, RunPosePlusBackward}};
}

struct Spoiler {
  std::string name;
  std::function<void(GradientBatch*, double)> spoil;
};

std::vector<Spoiler> Spoilers() {
  return {
      {"far point", [](GradientBatch* b, double huge) { b->x3d[9] = huge; }},
      {"far object",
       [](GradientBatch* b, double huge) {
         for (int k = 0; k < 3 * 17; ++k) b->x3d[k] *= huge;
       }},
      {"huge pixel", [](GradientBatch* b, double huge) { b->x2d[7] = -huge; }},
      {"huge weight", [](GradientBatch* b, double huge) { b->w2d[4] = huge; }},
      {"tiny weights",
       [](GradientBatch* b, double huge) {
         for (int k = 0; k < 2 * 17; ++k) b->w2d[k] /= huge;
       }},
      {"far pose", [](GradientBatch* b, double huge) { b->pose[0] = b->true_pose[0] = huge; }},
      {"small sigma", [](GradientBatch* b, double huge) { b->prior_sigma[1] /= huge; }},
  };
}

class EmulatedOverflow : public ::testing::TestWithParam<Operation>, OnEmulatedDevice {
 protected:
  void Check(const Place& place, std::initializer_list<double> magnitudes) {
    TestRandom random;
    const GradientBatch good = FullGradientBatch(random, false, PROPNP_CAMERA_PINHOLE);
    const Result whole = GetParam().run(good, place);
    for (const Spoiler& spoiler : Spoilers()) {
      if (GetParam().from_random_starts && spoiler.name == "small sigma") continue;
      for (const double huge : magnitudes) {
        SCOPED_TRACE(spoiler.name + " by 1e" + std::to_string(std::lround(std::log10(huge))));
        GradientBatch b = good;
        spoiler.spoil(&b, huge);
        const Result device = GetParam().run(b, place);
        const Result cpu = GetParam().run(b, {-1, place.precision, place.dtype});
        EXPECT_EQ(device.status[kNeighbour], whole.status[kNeighbour]);
        EXPECT_EQ(device.part[kNeighbour], whole.part[kNeighbour]);
        ExpectSameFailure(device, cpu);
      }
    }
  }

 private:
  static void ExpectSameFailure(const Result& device, const Result& cpu) {
    const std::vector<double>&part = device.part[kSpoiled], &expected = cpu.part[kSpoiled];
    constexpr int32_t kFailed = PROPNP_STATUS_NON_FINITE_INPUT;
    EXPECT_EQ(device.status[kSpoiled] & kFailed, cpu.status[kSpoiled] & kFailed);
    if (cpu.status[kSpoiled] & kFailed) {
      EXPECT_EQ(part, expected);
    }
    for (size_t k = 0; k < part.size(); ++k) {
      EXPECT_FALSE(std::isnan(part[k])) << k;
      if (!GetParam().from_random_starts) {
        EXPECT_EQ(std::isfinite(part[k]), std::isfinite(expected[k])) << k;
      }
    }
  }
};

// Results that single precision does not hold, in outputs of single precision. With a point at 1e10
// the information matrix has a condition number of 1e20: rounding, which may differ, decides
// whether it is positive.
TEST_P(EmulatedOverflow, OfSingleOutputsIsThatOfTheCpu) {
  Check({0, PROPNP_FLOAT64, PROPNP_FLOAT32}, {1e20, 1e30, 1e37});
}

TEST_P(EmulatedOverflow, InSinglePrecisionIsThatOfTheCpu) {
  Check({0, PROPNP_FLOAT32, PROPNP_FLOAT32}, {1e10, 1e20, 1e30, 1e37});
}

TEST_P(EmulatedOverflow, InDoublePrecisionIsThatOfTheCpu) {
  Check({0, PROPNP_FLOAT64, PROPNP_FLOAT64}, {1e160, 1e300});
}

INSTANTIATE_TEST_SUITE_P(All, EmulatedOverflow, ::testing::ValuesIn(Operations()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace propnp::test
