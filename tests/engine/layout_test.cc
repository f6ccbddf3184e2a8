// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// However the same numbers lie in memory, the answer has the same bits.
#include <algorithm>

#include "propnp/math/adaptive_delta.h"
#include "tests/engine/scattered.h"
#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

// Objects of different sizes with weights, each seen by a camera of its own.
Batch MakeBatch(TestRandom& random, int dof) {
  Simulation simulation;
  simulation.objects = 4;
  simulation.points = 20;
  simulation.dof = dof;
  simulation.noise_px = 1;
  Batch b = Simulate(random, simulation);
  b.camera_model.clear(), b.camera_parameters.clear();
  for (int32_t model = 0; model < 4; ++model) {
    const std::vector<double> p = CameraParameters(model);
    b.camera_model.push_back(model);
    b.camera_parameters.insert(b.camera_parameters.end(), p.begin(), p.end());
    b.box_px.insert(b.box_px.end(), {-500, -400, 1200, 1000});
    b.object_delta.push_back(random.Uniform(0.5, 2));
    b.object_ids.push_back(10 * model + 3);
  }
  ProjectTruth(&b);
  for (double& pixel : b.x2d) pixel += random.Normal();
  b.cost.loss = PROPNP_LOSS_HUBER;
  b.counts = {20, 7, 13, 20};
  for (size_t k = 0; k < b.x2d.size(); ++k) b.w2d.push_back(random.Uniform(0.5, 2));
  if (dof == 4) {
    for (int object = 0; object < 4; ++object) {
      const Quaternion<double> q = random.Rotation();
      b.base_rotation.insert(b.base_rotation.end(), {q.w, q.x, q.y, q.z});
    }
    ProjectTruth(&b);
  }
  b.options.num_starts = 16;
  return b;
}

class Layout : public ::testing::TestWithParam<int> {};  // by degrees of freedom

Batch Packed(const Batch& dense) {
  Batch b = dense;
  b.x3d.clear(), b.x2d.clear(), b.w2d.clear();
  b.counts.clear();
  b.offsets = {0};
  for (int64_t i = 0; i < dense.num_objects; ++i) {
    const int64_t first = i * dense.num_points, last = first + dense.counts[i];
    const auto append = [&](std::vector<double>* to, const std::vector<double>& from, int width) {
      to->insert(to->end(), from.begin() + first * width, from.begin() + last * width);
    };
    append(&b.x3d, dense.x3d, 3), append(&b.x2d, dense.x2d, 2), append(&b.w2d, dense.w2d, 2);
    b.offsets.push_back(b.offsets.back() + dense.counts[i]);
  }
  b.num_points = b.offsets.back();
  return b;
}

TEST_P(Layout, PackedIsDense) {
  TestRandom random;
  const Batch dense = MakeBatch(random, GetParam());
  const Batch packed = Packed(dense);
  ExpectSameSolution(SolveBatch(dense), SolveBatch(packed));
  EvaluateCall a(dense, dense.true_pose), b(packed, dense.true_pose);
  ASSERT_TRUE(a.Run(SharedContext()).ok());
  ASSERT_TRUE(b.Run(SharedContext()).ok());
  EXPECT_EQ(a.cost_value, b.cost_value);
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t k = 0; k < 2 * dense.counts[i]; ++k) {
      EXPECT_EQ(a.residual[2 * 20 * i + k], b.residual[2 * packed.offsets[i] + k]);
    }
  }
}

TEST_P(Layout, PaddingIsNeverRead) {
  TestRandom random;
  const Batch clean = MakeBatch(random, GetParam());
  Batch padded = clean;
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t k = clean.counts[i]; k < 20; ++k) {
      std::fill_n(&padded.x3d[3 * (20 * i + k)], 3, kNaN);
      std::fill_n(&padded.x2d[2 * (20 * i + k)], 2, kNaN);
      std::fill_n(&padded.w2d[2 * (20 * i + k)], 2, kNaN);
    }
  }
  ExpectSameSolution(SolveBatch(clean), SolveBatch(padded));
  padded.cost.loss = PROPNP_LOSS_ADAPTIVE_HUBER;
  Batch adaptive = clean;
  adaptive.cost.loss = PROPNP_LOSS_ADAPTIVE_HUBER;
  ExpectSameSolution(SolveBatch(adaptive), SolveBatch(padded));
}

// Counts and offsets say the same of packed points that have gaps between the objects.
TEST_P(Layout, OffsetsMayStartAnywhereInTheEnd) {
  TestRandom random;
  const Batch packed = Packed(MakeBatch(random, GetParam()));
  Batch longer = packed;
  longer.x3d.insert(longer.x3d.end(), 9, kNaN);
  longer.x2d.insert(longer.x2d.end(), 6, kNaN);
  longer.w2d.insert(longer.w2d.end(), 6, kNaN);
  longer.num_points += 3;
  ExpectSameSolution(SolveBatch(packed), SolveBatch(longer));
}

// Every input and every output with strides that are neither contiguous nor positive.
TEST_P(Layout, StridesAreHonoured) {
  TestRandom random;
  for (const bool packed : {false, true}) {
    for (const bool given : {false, true}) {
      Batch batch = MakeBatch(random, GetParam());
      if (packed) batch = Packed(batch);
      if (given) batch.pose_init = batch.pose_target = NearTruth(random, batch, 0.02);
      const Solution expected = SolveBatch(batch);
      SolveCall call(batch);
      Correspondences& c = call.correspondences;
      const Scattered<double> x3d(batch.x3d, c.x3d), x2d(batch.x2d, c.x2d), w2d(batch.w2d, c.w2d);
      c.x3d = x3d.tensor, c.x2d = x2d.tensor, c.w2d = w2d.tensor;
      propnp_tensor& extents = packed ? c.offsets : c.counts;
      const Scattered<int64_t> lengths(packed ? batch.offsets : batch.counts, extents);
      extents = lengths.tensor;
      const Scattered<uint64_t> ids(batch.object_ids, c.object_ids);
      c.object_ids = ids.tensor;
      const Scattered<double> base(batch.base_rotation, GetParam() == 4 ? c.base_rotation : c.x2d);
      if (GetParam() == 4) c.base_rotation = base.tensor;
      const Scattered<int32_t> models(batch.camera_model, call.cameras.model);
      const Scattered<double> parameters(batch.camera_parameters, call.cameras.parameters);
      const Scattered<double> boxes(batch.box_px, call.cameras.box_px);
      call.cameras.model = models.tensor, call.cameras.parameters = parameters.tensor;
      call.cameras.box_px = boxes.tensor;
      const Scattered<double> deltas(batch.object_delta, call.cost.object_delta);
      call.cost.object_delta = deltas.tensor;
      const Scattered<double> init(batch.pose_init, given ? call.args.pose_init : c.x2d);
      const Scattered<double> target(batch.pose_target, given ? call.args.pose_target : c.x2d);
      if (given) call.args.pose_init = init.tensor, call.args.pose_target = target.tensor;
      const std::vector<double> none;
      const Scattered<double> pose(none, call.args.pose), covariance(none, call.args.covariance);
      const Scattered<double> after(none, call.args.cost_after);
      const Scattered<int32_t> status(std::vector<int32_t>(), call.args.status);
      call.args.pose = pose.tensor, call.args.covariance = covariance.tensor;
      call.args.cost_after = after.tensor, call.args.status = status.tensor;
      const Status result = call.Run(SharedContext());
      ASSERT_TRUE(result.ok()) << result.message();
      for (size_t k = 0; k < expected.pose.size(); ++k) EXPECT_EQ(pose[k], expected.pose[k]);
      for (size_t k = 0; k < expected.covariance.size(); ++k) {
        EXPECT_EQ(covariance[k], expected.covariance[k]);
      }
      for (size_t k = 0; k < 4; ++k) {
        EXPECT_EQ(after[k], expected.cost_after[k]);
        EXPECT_EQ(status[k], expected.status[k]);
      }
      // Outputs leave alone what lies between their elements.
      const auto untouched = [](const Scattered<double>& s) {
        return std::count_if(s.memory.begin(), s.memory.end(),
                             [](double value) { return std::isnan(value); });
      };
      EXPECT_EQ(untouched(pose), static_cast<int64_t>(pose.memory.size() - expected.pose.size()));
    }
  }
}

TEST_P(Layout, EvaluateHonoursStrides) {
  TestRandom random;
  const Batch batch = MakeBatch(random, GetParam());
  EvaluateCall expected(batch, batch.true_pose), call(batch, batch.true_pose);
  ASSERT_TRUE(expected.Run(SharedContext()).ok());
  const std::vector<double> none;
  const Scattered<double> error(none, call.args.pixel_error), residual(none, call.args.residual),
      weight(none, call.args.loss_weight), jacobian(none, call.args.jacobian),
      gradient(none, call.args.gradient), hessian(none, call.args.hessian),
      pose(batch.true_pose, call.args.pose);
  call.args.pixel_error = error.tensor, call.args.residual = residual.tensor;
  call.args.loss_weight = weight.tensor, call.args.jacobian = jacobian.tensor;
  call.args.gradient = gradient.tensor, call.args.hessian = hessian.tensor;
  call.args.pose = pose.tensor;
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  const auto compare = [](const Scattered<double>& actual, const std::vector<double>& values) {
    for (size_t k = 0; k < values.size(); ++k) EXPECT_EQ(actual[k], values[k]) << k;
  };
  compare(error, expected.pixel_error), compare(residual, expected.residual);
  compare(weight, expected.loss_weight), compare(jacobian, expected.jacobian);
  compare(gradient, expected.gradient), compare(hessian, expected.hessian);
}

INSTANTIATE_TEST_SUITE_P(Dof, Layout, ::testing::Values(6, 4), ::testing::PrintToStringParamName());

// One model for all objects, one weight for all points: strides of zero.
TEST(Strides, ZeroRepeats) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 5;
  Batch batch = Simulate(random, simulation);
  for (int64_t k = 3 * 20; k < 3 * 5 * 20; ++k) batch.x3d[k] = batch.x3d[k - 3 * 20];
  ProjectTruth(&batch);
  batch.w2d.assign(batch.x2d.size(), 0.7);
  const Solution expected = SolveBatch(batch);
  SolveCall call(batch);
  const double weight = 0.7;
  call.correspondences.x3d.stride[0] = 0;
  call.correspondences.w2d.data = const_cast<double*>(&weight);
  for (int axis = 0; axis < 3; ++axis) call.correspondences.w2d.stride[axis] = 0;
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  ExpectSameSolution(expected, call.out);
}

TEST(Strides, NegativeReversesTheObjects) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 5;
  Batch batch = Simulate(random, simulation);
  batch.pose_init = NearTruth(random, batch, 0.02);
  const Solution expected = SolveBatch(batch);
  SolveCall call(batch);
  for (propnp_tensor* t :
       {&call.correspondences.x3d, &call.correspondences.x2d, &call.args.pose_init}) {
    t->data = static_cast<double*>(t->data) + 4 * t->stride[0];
    t->stride[0] = -t->stride[0];
  }
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  for (int64_t i = 0; i < 5; ++i) EXPECT_TRUE(SameObject(expected, i, call.out, 4 - i));
}

std::vector<float> ToFloat(const std::vector<double>& values) {
  return std::vector<float>(values.begin(), values.end());
}

// Types of inputs, arithmetic and outputs are three different things.
TEST(Precision, InputsArithmeticAndOutputsAreIndependent) {
  TestRandom random;
  Batch batch = MakeBatch(random, 6);
  const std::vector<float> x3d = ToFloat(batch.x3d), x2d = ToFloat(batch.x2d),
                           w2d = ToFloat(batch.w2d);
  // Doubles that are floats, so that every input type says the same.
  batch.x3d.assign(x3d.begin(), x3d.end()), batch.x2d.assign(x2d.begin(), x2d.end());
  batch.w2d.assign(w2d.begin(), w2d.end());
  const auto solve = [&](bool float_inputs, int32_t precision, bool float_outputs) {
    SolveCall call(batch);
    if (float_inputs) {
      call.correspondences.x3d = View(x3d.data(), {4, 20, 3});
      call.correspondences.x2d = View(x2d.data(), {4, 20, 2});
      call.correspondences.w2d = View(w2d.data(), {4, 20, 2});
    }
    call.args.precision = precision;
    std::vector<float> pose(28);
    if (float_outputs) call.args.pose = View(pose.data(), {4, 7});
    EXPECT_TRUE(call.Run(SharedContext()).ok());
    if (float_outputs) call.out.pose.assign(pose.begin(), pose.end());
    return call.out;
  };
  const Solution in_double = solve(false, PROPNP_FLOAT64, false);
  const Solution in_float = solve(false, PROPNP_FLOAT32, false);
  ExpectSameSolution(in_double, solve(true, PROPNP_FLOAT64, false));
  ExpectSameSolution(in_float, solve(true, PROPNP_FLOAT32, false));
  // The type of x3d decides when nobody asks.
  ExpectSameSolution(in_double, solve(false, 0, false));
  ExpectSameSolution(in_float, solve(true, 0, false));
  EXPECT_FALSE(SameObject(in_double, 0, in_float, 0));
  const Solution rounded = solve(false, PROPNP_FLOAT64, true);
  for (size_t k = 0; k < rounded.pose.size(); ++k) {
    EXPECT_EQ(rounded.pose[k], static_cast<float>(in_double.pose[k]));
  }
}

// Nothing is asked for: that is allowed, and each output alone gives what all together give.
TEST(Outputs, AreOptional) {
  TestRandom random;
  const Batch batch = MakeBatch(random, 6);
  const Solution expected = SolveBatch(batch);
  SolveCall none(batch);
  const propnp_tensor status = none.args.status;
  for (propnp_tensor* t :
       {&none.args.pose, &none.args.cost_before, &none.args.cost_after, &none.args.covariance,
        &none.args.null_space, &none.args.variance_factor, &none.args.behind_fraction,
        &none.args.rank, &none.args.iterations, &none.args.status}) {
    *t = {};
  }
  EXPECT_TRUE(none.Run(SharedContext()).ok());
  none.args.status = status;
  EXPECT_TRUE(none.Run(SharedContext()).ok());
  EXPECT_EQ(none.out.status, expected.status);
}

// Without view_camera there is one camera for all views or one for each.
TEST(CameraTable, PerViewCamerasAreThoseOfTheTable) {
  TestRandom random;
  const Batch batch = MakeBatch(random, 6);
  const Solution expected = SolveBatch(batch);
  Batch indexed = batch;
  indexed.view_camera = {3, 2, 1, 0};
  const int64_t width = PROPNP_MAX_CAMERA_PARAMETERS;
  for (int64_t i = 0; i < 4; ++i) {
    indexed.camera_model[i] = batch.camera_model[3 - i];
    std::copy_n(&batch.camera_parameters[(3 - i) * width], width,
                &indexed.camera_parameters[i * width]);
  }
  ExpectSameSolution(expected, SolveBatch(indexed));
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(SameObject(expected, i, SolveBatch(Slice(batch, i, i + 1)), 0));
  }
}

// Each object with its own scale equals each alone with that scale for all.
TEST(LossScale, OfEachObject) {
  TestRandom random;
  for (const int32_t loss : {PROPNP_LOSS_HUBER, PROPNP_LOSS_CAUCHY, PROPNP_LOSS_ADAPTIVE_HUBER}) {
    Batch batch = MakeBatch(random, 6);
    batch.cost.loss = loss;
    for (double& delta : batch.object_delta) delta *= 0.1;
    const Solution expected = SolveBatch(batch);
    for (int64_t i = 0; i < 4; ++i) {
      Batch alone = Slice(batch, i, i + 1);
      alone.object_delta.clear();
      alone.cost.delta = alone.cost.relative_delta = batch.object_delta[i];
      EXPECT_TRUE(SameObject(expected, i, SolveBatch(alone), 0)) << "loss " << loss;
    }
  }
}

// Adaptive Huber is Huber with the scale of adaptive_delta.h, over all points, weighted or not.
TEST(LossScale, Adaptive) {
  TestRandom random;
  Batch batch = MakeBatch(random, 6);
  batch.object_delta.clear();
  batch.cost.loss = PROPNP_LOSS_ADAPTIVE_HUBER;
  batch.cost.relative_delta = 0.02;
  batch.w2d[0] = batch.w2d[1] = 0;
  const Solution adaptive = SolveBatch(batch);
  EvaluateCall call(batch, batch.true_pose);
  ASSERT_TRUE(call.Run(SharedContext()).ok());
  for (int64_t i = 0; i < 4; ++i) {
    const double *x2d = &batch.x2d[40 * i], *w2d = &batch.w2d[40 * i];
    AdaptiveDelta<double> delta({x2d[0], x2d[1]});
    for (int64_t k = 0; k < batch.counts[i]; ++k) {
      delta.add({x2d[2 * k], x2d[2 * k + 1]}, DiagonalWeight<double>{w2d[2 * k], w2d[2 * k + 1]});
    }
    const double expected = delta.value(0.02);
    EXPECT_NEAR(call.delta[i], expected, 1e-13 * expected);
    Batch fixed = Slice(batch, i, i + 1);
    fixed.cost.loss = PROPNP_LOSS_HUBER;
    fixed.cost.delta = call.delta[i];
    EXPECT_TRUE(SameObject(adaptive, i, SolveBatch(fixed), 0));
  }
}

// Rotating the points beforehand, or by base_rotation, is the same.
TEST(FourDof, BaseRotationTurnsThePoints) {
  TestRandom random;
  Batch batch = MakeBatch(random, 4);
  const Vec3<double> axis = random.Axis();
  batch.cost.yaw_axis[0] = axis.x, batch.cost.yaw_axis[1] = axis.y, batch.cost.yaw_axis[2] = axis.z;
  ProjectTruth(&batch);
  const Solution with_base = SolveBatch(batch);
  Batch turned = batch;
  turned.base_rotation.clear();
  for (int64_t k = 0; k < 4 * 20; ++k) {
    const double *q = &batch.base_rotation[k / 20 * 4], *x = &batch.x3d[3 * k];
    const Vec3<double> y = rotation_matrix(Quaternion<double>{q[0], q[1], q[2], q[3]}) *
                           Vec3<double>{x[0], x[1], x[2]};
    turned.x3d[3 * k] = y.x, turned.x3d[3 * k + 1] = y.y, turned.x3d[3 * k + 2] = y.z;
  }
  const Solution without = SolveBatch(turned);
  for (int64_t i = 0; i < 4; ++i) {
    const PoseDistance d = Distance(4, &with_base.pose[4 * i], &without.pose[4 * i]);
    // The solver's 1e-9 standard deviations and rounding.
    EXPECT_LT(d.translation, 1e-8);
    EXPECT_LT(d.rotation, 1e-8);
    const PoseDistance truth = Distance(4, &with_base.pose[4 * i], &batch.true_pose[4 * i]);
    EXPECT_LT(truth.translation, 1e-6);
    EXPECT_LT(truth.rotation, 1e-6);
  }
}

TEST(NoObjects, IsFine) {
  TestRandom random;
  Batch batch = Simulate(random, Simulation());
  SolveCall call(batch);
  call.correspondences.num_objects = 0;
  EXPECT_TRUE(call.Run(SharedContext()).ok());
  EXPECT_TRUE(std::isnan(call.out.pose[0]));
  EvaluateCall evaluate(batch, batch.true_pose);
  evaluate.correspondences.num_objects = 0;
  EXPECT_TRUE(evaluate.Run(SharedContext()).ok());
  EXPECT_TRUE(std::isnan(evaluate.cost_value[0]));
}

}  // namespace
}  // namespace propnp::test
