// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Every call that cannot be made is refused, by the name of the field and what was wrong with it,
// and nothing is written.
#include <functional>
#include <string>

#include "tests/engine/refusal.h"

namespace propnp::test {
namespace {

struct Mistake {
  std::string name;
  std::function<void(SolveCall*)> make;
  std::vector<const char*> words;  // that the message must have
};

void PrintTo(const Mistake& mistake, std::ostream* stream) { *stream << mistake.name; }

template <typename T>
T* Data(const propnp_tensor& t) {
  return static_cast<T*>(t.data);
}

// One dense view an object, where the mistake is about that layout.
void MakeDense(SolveCall* c) {
  Correspondences& q = c->correspondences;
  q.x3d = View(Data<double>(q.x3d), {2, 15, 3});
  q.x2d = View(Data<double>(q.x2d), {2, 15, 2});
  q.w2d = View(Data<double>(q.w2d), {2, 15, 2});
  q.offsets = q.view_offsets = q.view_camera = q.view_rig = {};
}

std::vector<Mistake> InputMistakes() {
  using C = SolveCall;
  static const int64_t counts[2] = {15, 16}, negative_counts[2] = {-1, 3};
  static const double information[4 * 30] = {};
  return {
      {"correspondences_null",
       [](C* c) { c->args.correspondences = nullptr; },
       {"correspondences", "null"}},
      {"cameras_null", [](C* c) { c->args.cameras = nullptr; }, {"cameras", "null"}},
      {"cost_null", [](C* c) { c->args.cost = nullptr; }, {"cost", "null"}},
      {"correspondences_size",
       [](C* c) { c->correspondences.struct_size = 8; },
       {"correspondences.struct_size", "8"}},
      {"cameras_size", [](C* c) { c->cameras.struct_size = 8; }, {"cameras.struct_size", "8"}},
      {"cost_size", [](C* c) { c->cost.struct_size = 8; }, {"cost.struct_size", "8"}},
      {"args_size", [](C* c) { c->args.struct_size = 8; }, {"solve_args.struct_size", "8"}},
      {"negative_objects",
       [](C* c) { c->correspondences.num_objects = -2; },
       {"num_objects", "-2"}},
      {"x3d_missing", [](C* c) { c->correspondences.x3d = {}; }, {"x3d", "not given"}},
      {"x3d_one_dimension", [](C* c) { c->correspondences.x3d.ndim = 1; }, {"x3d", "(30)"}},
      {"x3d_width", [](C* c) { c->correspondences.x3d.shape[1] = 4; }, {"x3d", "(30, 4)", "3"}},
      {"x3d_dtype", [](C* c) { c->correspondences.x3d.dtype = PROPNP_INT32; }, {"x3d", "int32"}},
      {"x3d_unknown_dtype", [](C* c) { c->correspondences.x3d.dtype = 99; }, {"x3d", "unknown"}},
      {"x2d_missing", [](C* c) { c->correspondences.x2d = {}; }, {"x2d", "missing", "(30, 2)"}},
      {"x2d_rows",
       [](C* c) { c->correspondences.x2d.shape[0] = 29; },
       {"x2d", "(29, 2)", "(30, 2)"}},
      {"x2d_dimensions", [](C* c) { c->correspondences.x2d.ndim = 3; }, {"x2d", "(30, 2)"}},
      {"w2d_rows",
       [](C* c) { c->correspondences.w2d.shape[0] = 31; },
       {"w2d", "(31, 2)", "(30, 2)"}},
      {"w2d_dtype", [](C* c) { c->correspondences.w2d.dtype = PROPNP_INT64; }, {"w2d", "int64"}},
      {"sqrt_info_shape",
       [](C* c) {
         c->correspondences.sqrt_info = View(information, {30, 2, 1});
       },
       {"sqrt_info", "(30, 2, 1)", "(30, 2, 2)"}},
      {"both_weights",
       [](C* c) {
         c->correspondences.sqrt_info = View(information, {30, 2, 2});
       },
       {"w2d", "sqrt_info", "both"}},
      {"offsets_missing",
       [](C* c) { c->correspondences.offsets = {}; },
       {"offsets", "missing", "(4)"}},
      {"offsets_length",
       [](C* c) { c->correspondences.offsets.shape[0] = 3; },
       {"offsets", "(3)", "(4)"}},
      {"offsets_dtype",
       [](C* c) { c->correspondences.offsets.dtype = PROPNP_INT32; },
       {"offsets", "int32", "int64"}},
      {"offsets_start",
       [](C* c) { Data<int64_t>(c->correspondences.offsets)[0] = 1; },
       {"offsets[0]", "1"}},
      {"offsets_decrease",
       [](C* c) { Data<int64_t>(c->correspondences.offsets)[2] = 5; },
       {"offsets[2]", "5"}},
      {"offsets_beyond",
       [](C* c) { Data<int64_t>(c->correspondences.offsets)[3] = 31; },
       {"offsets[3]", "31", "30"}},
      {"offsets_with_dense",
       [](C* c) {
         const propnp_tensor offsets = c->correspondences.offsets;
         MakeDense(c), c->correspondences.offsets = offsets;
       },
       {"offsets", "packed"}},
      {"counts_with_packed",
       [](C* c) { c->correspondences.counts = View(counts, {2}); },
       {"counts", "dense"}},
      {"counts_beyond",
       [](C* c) { MakeDense(c), c->correspondences.counts = View(counts, {2}); },
       {"counts[1]", "16", "15"}},
      {"counts_negative",
       [](C* c) { MakeDense(c), c->correspondences.counts = View(negative_counts, {2}); },
       {"counts[0]", "-1"}},
      {"counts_length",
       [](C* c) { MakeDense(c), c->correspondences.counts = View(counts, {1}); },
       {"counts", "(1)", "(2)"}},
      {"dense_views",
       [](C* c) { MakeDense(c), c->correspondences.num_objects = 3; },
       {"x3d", "(2, 15, 3)"}},
      {"view_offsets_length",
       [](C* c) { c->correspondences.view_offsets.shape[0] = 2; },
       {"view_offsets", "(2)", "(3)"}},
      {"view_offsets_decrease",
       [](C* c) { Data<int64_t>(c->correspondences.view_offsets)[1] = -1; },
       {"view_offsets[1]", "-1"}},
      {"view_camera_beyond",
       [](C* c) { Data<int32_t>(c->correspondences.view_camera)[1] = 2; },
       {"view_camera[1]", "2", "1"}},
      {"view_camera_negative",
       [](C* c) { Data<int32_t>(c->correspondences.view_camera)[2] = -1; },
       {"view_camera[2]", "-1"}},
      {"view_camera_length",
       [](C* c) { c->correspondences.view_camera.shape[0] = 2; },
       {"view_camera", "(2)", "(3)"}},
      {"view_camera_missing",
       [](C* c) { c->correspondences.view_camera = {}; },
       {"view_camera", "2", "3"}},
      {"view_rig_beyond",
       [](C* c) { Data<int32_t>(c->correspondences.view_rig)[0] = 1; },
       {"view_rig[0]", "1"}},
      {"view_rig_negative",
       [](C* c) { Data<int32_t>(c->correspondences.view_rig)[0] = -2; },
       {"view_rig[0]", "-2"}},
      {"rig_missing", [](C* c) { c->correspondences.camera_from_rig = {}; }, {"view_rig[1]", "0"}},
      {"rig_width",
       [](C* c) { c->correspondences.camera_from_rig.shape[1] = 6; },
       {"camera_from_rig", "(1, 6)", "(1, 7)"}},
      {"base_rotation_shape",
       [](C* c) {
         c->correspondences.base_rotation = View(information, {3, 4});
       },
       {"base_rotation", "(3, 4)", "(2, 4)"}},
      {"object_ids_length",
       [](C* c) { c->correspondences.object_ids.shape[0] = 1; },
       {"object_ids", "(1)", "(2)"}},
      {"object_ids_dtype",
       [](C* c) { c->correspondences.object_ids.dtype = PROPNP_INT64; },
       {"object_ids", "int64", "uint64"}},
      {"model_missing", [](C* c) { c->cameras.model = {}; }, {"cameras.model", "missing"}},
      {"model_dtype",
       [](C* c) { c->cameras.model.dtype = PROPNP_INT64; },
       {"cameras.model", "int64", "int32"}},
      {"model_unknown",
       [](C* c) { Data<int32_t>(c->cameras.model)[1] = 4; },
       {"cameras.model[1]", "4", "3"}},
      {"model_negative",
       [](C* c) { Data<int32_t>(c->cameras.model)[0] = -1; },
       {"cameras.model[0]", "-1"}},
      {"parameters_rows",
       [](C* c) { c->cameras.parameters.shape[0] = 3; },
       {"cameras.parameters", "(3, 12)", "(2"}},
      {"parameters_few",
       [](C* c) { c->cameras.parameters.shape[1] = 11; },
       {"cameras.parameters", "(2, 11)", "12"}},
      {"parameters_nan",
       [](C* c) { Data<double>(c->cameras.parameters)[12 + 5] = kNaN; },
       {"cameras.parameters[1][5]", "finite"}},
      {"focal_zero",
       [](C* c) { Data<double>(c->cameras.parameters)[1] = 0; },
       {"cameras.parameters[0]", "focal", "zero"}},
      {"box_shape",
       [](C* c) { c->cameras.box_px.shape[1] = 3; },
       {"cameras.box_px", "(2, 3)", "(2, 4)"}},
      {"box_empty",
       [](C* c) { Data<double>(c->cameras.box_px)[4 + 2] = -1; },
       {"cameras.box_px[1]", "empty"}},
      {"box_nan", [](C* c) { Data<double>(c->cameras.box_px)[1] = kNaN; }, {"cameras.box_px[0]"}},
      {"size_shape",
       [](C* c) {
         static const int32_t size[2] = {640, 480};
         c->cameras.size_px = View(size, {1, 2});
       },
       {"cameras.size_px", "(1, 2)", "(2, 2)"}},
      {"dof", [](C* c) { c->cost.dof = 5; }, {"cost.dof", "5"}},
      {"loss", [](C* c) { c->cost.loss = 4; }, {"cost.loss", "4"}},
      {"loss_negative", [](C* c) { c->cost.loss = -1; }, {"cost.loss", "-1"}},
      {"delta",
       [](C* c) { c->cost.object_delta = {}, c->cost.delta = 0; },
       {"cost.delta", "0.0", "positive"}},
      {"delta_nan",
       [](C* c) { c->cost.object_delta = {}, c->cost.delta = kNaN; },
       {"cost.delta", "nan"}},
      {"relative_delta",
       [](C* c) {
         c->cost.object_delta = {}, c->cost.loss = PROPNP_LOSS_ADAPTIVE_HUBER;
         c->cost.relative_delta = -0.5;
       },
       {"cost.relative_delta", "-0.5"}},
      {"object_delta_length",
       [](C* c) { c->cost.object_delta.shape[0] = 1; },
       {"cost.object_delta", "(1)", "(2)"}},
      {"z_min", [](C* c) { c->cost.z_min = -1; }, {"cost.z_min", "-1"}},
      {"z_min_nan", [](C* c) { c->cost.z_min = kNaN; }, {"cost.z_min", "nan"}},
      {"yaw_axis",
       [](C* c) { c->cost.dof = 4, c->cost.yaw_axis[1] = 2; },
       {"cost.yaw_axis", "2.0", "unit"}},
      {"precision", [](C* c) { c->args.precision = PROPNP_INT32; }, {"precision", "3"}},
  };
}

std::vector<Mistake> SolveMistakes() {
  using C = SolveCall;
  const auto option = [](const char* name, const std::function<void(SolveOptions*)>& set,
                         std::vector<const char*> words) -> Mistake {
    return {name, [set](C* c) { set(&c->options); }, std::move(words)};
  };
  using O = SolveOptions;
  std::vector<Mistake> mistakes = {
      {"options_null", [](C* c) { c->args.options = nullptr; }, {"options", "null"}},
      option("options_size", [](O* o) { o->struct_size = 4; }, {"options.struct_size", "4"}),
      option("method", [](O* o) { o->method = 2; }, {"options.method", "2"}),
      option("max_iterations", [](O* o) { o->max_iterations = -1; },
             {"options.max_iterations", "-1"}),
      option("covariance", [](O* o) { o->covariance = 3; }, {"options.covariance", "3"}),
      option("num_starts", [](O* o) { o->num_starts = 0; }, {"options.num_starts", "0"}),
      option("start_points_few", [](O* o) { o->start_points = 2; },
             {"options.start_points", "2", "3"}),
      option("start_points_many", [](O* o) { o->start_points = 257; },
             {"options.start_points", "257", "256"}),
      option("start_iterations", [](O* o) { o->start_iterations = -3; },
             {"options.start_iterations", "-3"}),
      option("num_refined_none", [](O* o) { o->num_refined = 0; }, {"options.num_refined", "0"}),
      option("num_refined_many", [](O* o) { o->num_refined = 65; },
             {"options.num_refined", "65", "64"}),
      option("tolerance", [](O* o) { o->tolerance = kNaN; }, {"options.tolerance", "finite"}),
      option("initial_radius", [](O* o) { o->initial_radius = 0; },
             {"options.initial_radius", "0.0"}),
      option("max_radius", [](O* o) { o->max_radius = -1; }, {"options.max_radius", "-1.0"}),
      option("min_diagonal", [](O* o) { o->min_diagonal = kNaN; }, {"options.min_diagonal", "nan"}),
      option("max_diagonal", [](O* o) { o->max_diagonal = kInfinity; },
             {"options.max_diagonal", "inf"}),
      option("min_relative_decrease", [](O* o) { o->min_relative_decrease = -0.1; },
             {"options.min_relative_decrease", "-0.1"}),
      option("epsilon", [](O* o) { o->epsilon = 0; }, {"options.epsilon", "0.0"}),
      option("diagonals_crossed", [](O* o) { o->min_diagonal = 2, o->max_diagonal = 1; },
             {"options.min_diagonal", "2.0", "1.0"}),
      option("epsilon_large",
             [](O* o) { o->epsilon = 5, o->max_radius = 4, o->initial_radius = 4; },
             {"options.epsilon", "5.0", "4.0"}),
      option("radii_crossed", [](O* o) { o->initial_radius = 30, o->max_radius = 20; },
             {"options.initial_radius", "30.0", "20.0"}),
  };
  // Every tensor of the call by its name: a row too many, and a type that it does not have.
  struct Named {
    const char* name;
    propnp_tensor SolveArgs::*tensor;
  };
  static const Named tensors[] = {
      {"pose_init", &SolveArgs::pose_init},
      {"pose_target", &SolveArgs::pose_target},
      {"pose", &SolveArgs::pose},
      {"cost_before", &SolveArgs::cost_before},
      {"cost_after", &SolveArgs::cost_after},
      {"covariance", &SolveArgs::covariance},
      {"null_space", &SolveArgs::null_space},
      {"rank", &SolveArgs::rank},
      {"variance_factor", &SolveArgs::variance_factor},
      {"iterations", &SolveArgs::iterations},
      {"behind_fraction", &SolveArgs::behind_fraction},
      {"status", &SolveArgs::status},
  };
  for (const Named& t : tensors) {
    const std::string name = t.name;
    mistakes.push_back(
        {name + "_rows", [t](C* c) { (c->args.*t.tensor).shape[0] = 3; }, {t.name, "(3", "(2"}});
    mistakes.push_back(
        {name + "_dimensions", [t](C* c) { ++(c->args.*t.tensor).ndim; }, {t.name, "expected (2"}});
    mistakes.push_back({name + "_dtype",
                        [t](C* c) { (c->args.*t.tensor).dtype = PROPNP_UINT64; },
                        {t.name, "uint64"}});
  }
  return mistakes;
}

class RefusedSolve : public ::testing::TestWithParam<Mistake> {};

TEST_P(RefusedSolve, NamesFieldAndValue) {
  const Batch batch = FullBatch();
  {
    SolveCall good(batch);
    const Status status = good.Run(SharedContext());
    ASSERT_TRUE(status.ok()) << status.message();
  }
  SolveCall call(batch);
  GetParam().make(&call);
  ExpectRefusal(call.Run(SharedContext()), GetParam().words);
  for (const double p : call.out.pose) EXPECT_TRUE(std::isnan(p));
  EXPECT_EQ(call.out.status[0], -1);
}

TEST_P(RefusedSolve, HasNoWorkspaceSize) {
  const Batch batch = FullBatch();
  SolveCall call(batch);
  GetParam().make(&call);
  uint64_t bytes = 0;
  ExpectRefusal(SolveWorkspaceSize(SharedContext(), call.args, &bytes), GetParam().words);
  EXPECT_EQ(bytes, 0u);
}

std::vector<Mistake> AllMistakes() {
  std::vector<Mistake> all = InputMistakes();
  for (Mistake& mistake : SolveMistakes()) all.push_back(std::move(mistake));
  return all;
}

INSTANTIATE_TEST_SUITE_P(Mistakes, RefusedSolve, ::testing::ValuesIn(AllMistakes()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace propnp::test
