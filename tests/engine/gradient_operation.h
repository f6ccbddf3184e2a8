// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What every differentiable operation has to keep, asked of any of them. A Call makes one call on a
// batch that outlives it, with all outputs, and has
//
//   Status Run(Context&);  Status WorkspaceSize(const Context&, uint64_t* bytes);  args;  status;
//   std::vector<double> PartOf(batch, object)       the numbers that belong to an object
//   std::vector<NamedTensor> Tensors()              all that it takes besides the inputs
#ifndef PROPNP_TESTS_ENGINE_GRADIENT_OPERATION_H_
#define PROPNP_TESTS_ENGINE_GRADIENT_OPERATION_H_

#include <memory>

#include "tests/engine/aligned_bytes.h"
#include "tests/engine/allocation_count.h"
#include "tests/engine/gradient_case.h"

namespace propnp::test {

struct NamedTensor {
  std::string name;
  propnp_tensor* tensor;
};

inline std::vector<NamedTensor> TensorsOf(Gradients* g) {
  std::vector<NamedTensor> all = {{"gradients.x3d", &g->x3d},
                                  {"gradients.x2d", &g->x2d},
                                  {"gradients.delta", &g->delta},
                                  {"gradients.relative_delta", &g->relative_delta},
                                  {"gradients.camera_parameters", &g->camera_parameters},
                                  {"gradients.prior_mean", &g->prior_mean}};
  if (IsGiven(g->prior_sigma)) all.push_back({"gradients.prior_sigma", &g->prior_sigma});
  if (IsGiven(g->prior_covariance)) {
    all.push_back({"gradients.prior_covariance", &g->prior_covariance});
  }
  if (IsGiven(g->w2d)) all.push_back({"gradients.w2d", &g->w2d});
  if (IsGiven(g->sqrt_info)) all.push_back({"gradients.sqrt_info", &g->sqrt_info});
  return all;
}

// Rows first .. last - 1 of `values`, of `rows` rows.
inline void AppendRows(const std::vector<double>& values, int64_t rows, int64_t first, int64_t last,
                       std::vector<double>* to) {
  const int64_t width = static_cast<int64_t>(values.size()) / rows;
  to->insert(to->end(), values.begin() + first * width, values.begin() + last * width);
}

// What of the gradients belongs to an object.
inline std::vector<double> PartOf(const GradientBatch& b, const GradientOutputs& g,
                                  int64_t object) {
  std::vector<double> part;
  const int64_t view = b.view_offsets[object], end_view = b.view_offsets[object + 1];
  for (const auto* values : {&g.x3d, &g.x2d, &g.w2d, &g.sqrt_info}) {
    AppendRows(*values, b.num_points, b.offsets[view], b.offsets[end_view], &part);
  }
  AppendRows(g.camera, b.num_views, view, end_view, &part);
  for (const auto* values :
       {&g.delta, &g.relative_delta, &g.prior_mean, &g.prior_sigma, &g.prior_covariance}) {
    AppendRows(*values, b.num_objects, object, object + 1, &part);
  }
  return part;
}

// One batch that has everything, and where the loss and the prior have gradients.
inline GradientBatch FullGradientBatch(TestRandom& random, bool information = false,
                                       int32_t camera = PROPNP_CAMERA_OPENCV,
                                       PriorForm prior_form = PriorForm::kSigma) {
  GradientCase c;
  c.camera = camera;
  c.loss = PROPNP_LOSS_ADAPTIVE_HUBER;
  c.information = information;
  c.prior = true;
  c.prior_form = prior_form;
  c.displacement = 0.02;
  return MakeGradientBatch(random, c);
}

// The same bits from any number of threads.
template <typename Make>
void ExpectSameOnAnyThreads(const Make& make, const GradientBatch& b) {
  Context one(1);
  const auto expected = make(b);
  ASSERT_TRUE(expected->Run(one).ok());
  for (const int threads : {2, 5}) {
    Context context(threads);
    const auto actual = make(b);
    ASSERT_TRUE(actual->Run(context).ok());
    EXPECT_EQ(actual->status, expected->status);
    for (int64_t i = 0; i < b.num_objects; ++i) {
      EXPECT_EQ(actual->PartOf(b, i), expected->PartOf(b, i)) << threads << " threads";
    }
  }
}

// Sums in another order, products that round once or twice: the same but for rounding.
template <typename Make>
void ExpectAlikeOnAnyInstructionSet(const Make& make, const GradientBatch& b) {
  const InstructionSet best = CurrentInstructionSet();
  const auto expected = make(b);
  ASSERT_TRUE(expected->Run(SharedContext()).ok());
  for (const auto isa : {InstructionSet::kBaseline, InstructionSet::kAvx2}) {
    if (!SetInstructionSet(isa)) continue;
    const auto actual = make(b);
    EXPECT_TRUE(actual->Run(SharedContext()).ok());
    SetInstructionSet(best);
    for (int64_t i = 0; i < b.num_objects; ++i) {
      const auto a = actual->PartOf(b, i), e = expected->PartOf(b, i);
      double size = 0;
      for (const double value : e) size = std::max(size, std::fabs(value));
      for (size_t k = 0; k < e.size(); ++k) {
        EXPECT_NEAR(a[k], e[k], 1e-9 * std::fabs(e[k]) + 1e-13 * size) << InstructionSetName(isa);
      }
    }
  }
}

// With a workspace of the named size nothing is allocated, nor anything beyond it written.
template <typename Make>
void ExpectTheWorkspaceIsEnough(const Make& make, const GradientBatch& b) {
  for (const int threads : {1, 3}) {
    Context context(threads);
    const auto call = make(b);
    ASSERT_TRUE(call->Run(context).ok());
    const auto expected = call->PartOf(b, 0);
    uint64_t bytes = 0;
    ASSERT_TRUE(call->WorkspaceSize(context, &bytes).ok());
    ASSERT_GT(bytes, 0u);
    const GuardedWorkspace workspace(bytes, &call->args);
    StartCountingAllocations();
    const Status status = call->Run(context);
    const long allocations = StopCountingAllocations();
    EXPECT_TRUE(status.ok()) << status.message();
    if (CanCountAllocations()) {
      EXPECT_EQ(allocations, 0);
    }
    EXPECT_EQ(call->PartOf(b, 0), expected);
    workspace.ExpectIntactGuard();
    call->args.workspace_size = bytes - 1;
    EXPECT_EQ(call->Run(context).code(), StatusCode::kWorkspaceTooSmall);
    call->args.workspace_size = bytes;
    call->args.workspace = static_cast<char*>(call->args.workspace) + 8;
    EXPECT_EQ(call->Run(context).code(), StatusCode::kInvalidArgument);
  }
}

struct BadObject {
  std::string name;
  std::function<void(GradientBatch*)> spoil;  // object 0
  int32_t status;
};

inline std::vector<BadObject> BadObjects() {
  constexpr int32_t kInput = PROPNP_STATUS_NON_FINITE_INPUT;
  std::vector<BadObject> all = {
      {"negative weight", [](GradientBatch* b) { b->w2d[4] = -1; }, kInput},
      {"zero quaternion", [](GradientBatch* b) { std::fill_n(&b->pose[3], 4, 0.0); }, kInput},
      {"zero sigma", [](GradientBatch* b) { b->prior_sigma[1] = 0; }, kInput},
      {"negative relative delta", [](GradientBatch* b) { b->object_delta[0] = -1; }, kInput},
      {"behind the camera with a prior", [](GradientBatch* b) { b->pose[2] = -3; }, kInput},
      {"two weighted points",
       [](GradientBatch* b) { std::fill(&b->w2d[4], &b->w2d[2 * b->offsets[2]], 0.0); },
       PROPNP_STATUS_TOO_FEW_POINTS},
      {"no points", [](GradientBatch* b) { b->offsets[1] = b->offsets[2] = 0; },
       PROPNP_STATUS_TOO_FEW_POINTS},
      {"huge pixel", [](GradientBatch* b) { b->x2d[7] = 1e300; }, kInput},
  };
  for (const double bad : {kNaN, kInfinity, -kInfinity}) {
    all.push_back({"x3d", [bad](GradientBatch* b) { b->x3d[5] = bad; }, kInput});
    all.push_back({"x2d", [bad](GradientBatch* b) { b->x2d[5] = bad; }, kInput});
    all.push_back({"w2d", [bad](GradientBatch* b) { b->w2d[5] = bad; }, kInput});
    all.push_back({"pose", [bad](GradientBatch* b) { b->pose[1] = bad; }, kInput});
    all.push_back({"prior mean", [bad](GradientBatch* b) { b->prior_mean[0] = bad; }, kInput});
    all.push_back({"prior sigma", [bad](GradientBatch* b) { b->prior_sigma[0] = bad; }, kInput});
    all.push_back({"delta", [bad](GradientBatch* b) { b->object_delta[0] = bad; }, kInput});
  }
  return all;
}

// A bad object gets a status and finite outputs, its gradients zero; its neighbour notices nothing.
template <typename Make>
void ExpectBadObjectsHarmNobody(const Make& make, const GradientBatch& good) {
  const auto whole = make(good);
  ASSERT_TRUE(whole->Run(SharedContext()).ok());
  for (const BadObject& bad : BadObjects()) {
    SCOPED_TRACE(bad.name);
    GradientBatch b = good;
    bad.spoil(&b);
    const auto call = make(b);
    ASSERT_TRUE(call->Run(SharedContext()).ok());
    EXPECT_EQ(call->status[0] & bad.status, bad.status);
    for (const double value : call->PartOf(b, 0)) EXPECT_EQ(value, 0);
    EXPECT_EQ(call->status[1], whole->status[1]);
    if (b.offsets == good.offsets) {
      EXPECT_EQ(call->PartOf(b, 1), whole->PartOf(good, 1));
    }
  }
}

// A tensor of the wrong shape or type is refused by its name; a struct that is too small, too.
template <typename Make>
void ExpectRefusals(const Make& make, const GradientBatch& b) {
  const auto expect = [&](const std::string& name, const auto& spoil) {
    const auto call = make(b);
    spoil(call.get());
    const Status status = call->Run(SharedContext());
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << name;
    EXPECT_NE(status.message().find(name), std::string::npos) << status.message();
    uint64_t bytes = 0;
    EXPECT_FALSE(call->WorkspaceSize(SharedContext(), &bytes).ok()) << name;
  };
  const size_t count = make(b)->Tensors().size();
  for (size_t k = 0; k < count; ++k) {
    const std::string name = make(b)->Tensors()[k].name;
    expect(name, [k](auto* c) { ++c->Tensors()[k].tensor->shape[0]; });
    expect(name, [k](auto* c) { ++c->Tensors()[k].tensor->ndim; });
    expect(name, [k](auto* c) { c->Tensors()[k].tensor->dtype = PROPNP_UINT64; });
  }
  expect("struct_size", [](auto* c) { c->args.struct_size = 8; });
  expect("correspondences", [](auto* c) { c->args.correspondences = nullptr; });
  const auto call = make(b);
  call->args.device = 0;
  EXPECT_EQ(call->Run(SharedContext()).code(), StatusCode::kUnavailable);
}

// What a `gradients` struct alone can get wrong.
template <typename Make>
void ExpectGradientRefusals(const Make& make, TestRandom& random) {
  for (const bool information : {false, true}) {
    const GradientBatch b = FullGradientBatch(random, information);
    const auto expect = [&](const std::string& word, const auto& spoil) {
      const auto call = make(b);
      spoil(call.get());
      const Status status = call->Run(SharedContext());
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
      EXPECT_NE(status.message().find(word), std::string::npos) << status.message();
    };
    expect("gradients is null", [](auto* c) { c->args.gradients = nullptr; });
    expect("gradients.struct_size is 16", [](auto* c) { c->out.gradients.struct_size = 16; });
    expect("12 parameters", [](auto* c) { c->out.gradients.camera_parameters.shape[1] = 11; });
    expect(information ? "gradients.w2d" : "gradients.sqrt_info", [](auto* c) {
      Gradients& g = c->out.gradients;
      std::swap(g.w2d, g.sqrt_info);
    });
  }
}

// No objects, no rows: nothing to do, and nothing of the inputs is looked at.
template <typename Make>
void ExpectAnEmptyBatchIsFine(const Make& make, const GradientBatch& b) {
  const auto call = make(b);
  call->inputs.correspondences.num_objects = 0;
  call->inputs.correspondences.x3d = call->inputs.cost.object_delta = {};
  const Status status = call->Run(SharedContext());
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(call->status[0], -1);
}

// Leaving out all outputs but one changes nothing of that one.
template <typename Make>
void ExpectOutputsAreIndependent(const Make& make, const GradientBatch& b) {
  const auto whole = make(b);
  ASSERT_TRUE(whole->Run(SharedContext()).ok());
  const auto some = make(b);
  some->out.gradients = Gradients();
  some->args.status = {};
  some->out.gradients.x3d = View(some->out.x3d.data(), {b.num_points, 3});
  ASSERT_TRUE(some->Run(SharedContext()).ok());
  EXPECT_EQ(some->out.x3d, whole->out.x3d);
  EXPECT_TRUE(std::isnan(some->out.x2d[0]));
  EXPECT_TRUE(std::isnan(some->out.camera[0]));
  EXPECT_EQ(some->status[0], -1);
}

// Of the above what an operation without gradients has to keep.
template <typename Make>
void ExpectRobustness(const Make& make, const GradientBatch& b) {
  ExpectSameOnAnyThreads(make, b);
  ExpectTheWorkspaceIsEnough(make, b);
  ExpectBadObjectsHarmNobody(make, b);
  ExpectRefusals(make, b);
  ExpectAnEmptyBatchIsFine(make, b);
}

// All of the above, of an operation that writes gradients.
template <typename Make>
void ExpectRobustGradients(const Make& make, TestRandom& random) {
  const GradientBatch b = FullGradientBatch(random);
  ExpectRobustness(make, b);
  ExpectRefusals(make, FullGradientBatch(random, false, PROPNP_CAMERA_OPENCV, PriorForm::kPose));
  ExpectTheWorkspaceIsEnough(make, FullGradientBatch(random, true));
  ExpectGradientRefusals(make, random);
  ExpectOutputsAreIndependent(make, b);
  for (int camera = 0; camera < PROPNP_NUM_CAMERA_MODELS; ++camera) {
    for (const bool information : {false, true}) {
      ExpectAlikeOnAnyInstructionSet(make, FullGradientBatch(random, information, camera));
    }
  }
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_GRADIENT_OPERATION_H_
