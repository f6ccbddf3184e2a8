// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Evaluate() checks its inputs by the same code as Solve() (validation_test.cc); what it adds are
// its own tensors.
#include <functional>

#include "tests/engine/refusal.h"

namespace propnp::test {
namespace {

TEST(RefusedEvaluate, NamesFieldAndShape) {
  struct Named {
    const char* name;
    propnp_tensor EvaluateArgs::*tensor;
    bool optional;
  };
  const Named tensors[] = {
      {"pose", &EvaluateArgs::pose, false},
      {"cost_value", &EvaluateArgs::cost_value, true},
      {"delta", &EvaluateArgs::delta, true},
      {"pixel_error", &EvaluateArgs::pixel_error, true},
      {"residual", &EvaluateArgs::residual, true},
      {"loss_weight", &EvaluateArgs::loss_weight, true},
      {"jacobian", &EvaluateArgs::jacobian, true},
      {"gradient", &EvaluateArgs::gradient, true},
      {"hessian", &EvaluateArgs::hessian, true},
      {"status", &EvaluateArgs::status, true},
  };
  const Batch batch = FullBatch();
  for (const Named& t : tensors) {
    SCOPED_TRACE(t.name);
    const auto refuse = [&](const std::function<void(propnp_tensor*)>& spoil,
                            std::vector<const char*> words) {
      EvaluateCall call(batch, batch.pose_init);
      ASSERT_TRUE(call.Run(SharedContext()).ok());
      spoil(&(call.args.*t.tensor));
      words.push_back(t.name);
      ExpectRefusal(call.Run(SharedContext()), words);
      uint64_t bytes = 0;
      ExpectRefusal(EvaluateWorkspaceSize(SharedContext(), call.args, &bytes), words);
    };
    refuse([](propnp_tensor* x) { x->shape[0] = 77; }, {"(77", "expected ("});
    refuse([](propnp_tensor* x) { x->dtype = PROPNP_UINT64; }, {"uint64"});
    if (!t.optional) refuse([](propnp_tensor* x) { *x = {}; }, {"missing"});
  }
  EvaluateCall call(batch, batch.pose_init);
  call.args.struct_size = 16;
  EXPECT_NE(call.Run(SharedContext()).message().find("evaluate_args.struct_size is 16"),
            std::string::npos);
  EvaluateCall bad_input(batch, batch.pose_init);
  bad_input.correspondences.x2d.shape[0] = 29;
  EXPECT_NE(bad_input.Run(SharedContext()).message().find("x2d has shape (29, 2)"),
            std::string::npos);
}

// A device is never replaced by the CPU behind one's back.
TEST(Device, ThatIsNotThereIsUnavailable) {
  const Batch batch = FullBatch();
  SolveCall solve(batch);
  solve.args.device = 64;
  const Status status = solve.Run(SharedContext());
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("64"), std::string::npos);
  EvaluateCall evaluate(batch, batch.pose_init);
  evaluate.args.device = 64;
  EXPECT_EQ(evaluate.Run(SharedContext()).code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace propnp::test
