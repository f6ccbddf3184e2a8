// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// PosePlus() and its vector-Jacobian product against the published implementation.
#include "propnp/engine/pose_plus.h"
#include "tests/engine/golden_inputs.h"

namespace propnp::test {
namespace {

struct Result {
  std::vector<double> pose_plus, grad_x3d, grad_x2d, grad_w2d;
};

// One object of a case through both operations.
Result TakeStep(const Object& object, int dof, const json& golden, size_t index) {
  const std::vector<double> pose = Flatten(golden["pose"][index]);
  const std::vector<double> cotangent = Flatten(golden["cotangent"][index]);
  const int64_t n = static_cast<int64_t>(object.num_points());
  const int64_t pose_size = static_cast<int64_t>(pose.size());
  const GoldenInputs inputs(object, dof);

  Result result;
  result.pose_plus.resize(pose.size());
  result.grad_x3d.resize(object.x3d.size());
  result.grad_x2d.resize(object.x2d.size());
  result.grad_w2d.resize(object.w2d.size());
  Gradients gradients;
  gradients.x3d = View(result.grad_x3d.data(), {1, n, 3});
  gradients.x2d = View(result.grad_x2d.data(), {1, n, 2});
  gradients.w2d = View(result.grad_w2d.data(), {1, n, 2});
  PosePlusArgs forward;
  PosePlusBackwardArgs backward;
  const auto attach = [&](auto* args) {
    inputs.Attach(args);
    args->epsilon = golden["eps"];
    args->pose = View(pose.data(), {1, pose_size});
  };
  attach(&forward), attach(&backward);
  forward.pose_plus = View(result.pose_plus.data(), {1, pose_size});
  backward.pose_plus_cotangent = View(cotangent.data(), {1, pose_size});
  backward.gradients = &gradients;
  Context context(1);
  const Status status = PosePlus(context, forward);
  EXPECT_TRUE(status.ok()) << status.message();
  const Status backward_status = PosePlusBackward(context, backward);
  EXPECT_TRUE(backward_status.ok()) << backward_status.message();
  return result;
}

TEST(Published, PosePlusOfTheEngine) {
  ForEachObject([](auto dof, const json& a_case, size_t index, const Object& object) {
    const json& golden = a_case["pose_plus"];
    const Result result = TakeStep(object, dof.kTangent, golden, index);
    ExpectAllNear(result.pose_plus, Flatten(golden["pose_plus"][index]), 1e-10, "pose_plus");
    ExpectAllNear(result.grad_x3d, Flatten(golden["grad_x3d"][index]), 1e-8, "gradient to x3d");
    ExpectAllNear(result.grad_x2d, Flatten(golden["grad_x2d"][index]), 1e-8, "gradient to x2d");
    ExpectAllNear(result.grad_w2d, Flatten(golden["grad_w2d"][index]), 1e-8, "gradient to w2d");
  });
}

}  // namespace
}  // namespace propnp::test
