// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Calls of the Gauss-Newton step and of its vector-Jacobian product.
#ifndef PROPNP_TESTS_ENGINE_POSE_PLUS_CALL_H_
#define PROPNP_TESTS_ENGINE_POSE_PLUS_CALL_H_

#include <utility>
#include <vector>

#include "propnp/engine/pose_plus.h"
#include "tests/engine/gradient_operation.h"

namespace propnp::test {

// A forward call with every output.
struct PosePlusCall {
  GradientInputs inputs;
  PosePlusArgs args;
  std::vector<double> pose_plus, step;
  std::vector<int32_t> status;

  explicit PosePlusCall(const GradientBatch& b)
      : inputs(b),
        pose_plus(b.num_objects * b.pose_size(), kNaN),
        step(b.num_objects * b.cost.dof, kNaN),
        status(b.num_objects, -1) {
    inputs.Attach(&args);
    args.pose = ViewOrNone(b.pose, {b.num_objects, b.pose_size()});
    args.pose_plus = ViewOrNone(pose_plus, {b.num_objects, b.pose_size()});
    args.step = ViewOrNone(step, {b.num_objects, b.cost.dof});
    args.status = ViewOrNone(status, {b.num_objects});
  }
  PosePlusCall(const PosePlusCall&) = delete;

  Status Run(Context& context) { return PosePlus(context, args); }
  Status WorkspaceSize(const Context& context, uint64_t* bytes) const {
    return PosePlusWorkspaceSize(context, args, bytes);
  }
  // A failed object's neutral pose counts as zero.
  std::vector<double> PartOf(const GradientBatch& b, int64_t object) const {
    std::vector<double> part;
    AppendRows(step, b.num_objects, object, object + 1, &part);
    AppendRows(pose_plus, b.num_objects, object, object + 1, &part);
    if (status[object] != 0) {
      EXPECT_EQ(part[b.cost.dof + 2], 1);
      EXPECT_EQ(part[b.cost.dof + 3], 1);
      part[b.cost.dof + 2] = part[b.cost.dof + 3] = 0;
    }
    return part;
  }
  std::vector<NamedTensor> Tensors() {
    return {{"pose", &args.pose},
            {"pose_plus", &args.pose_plus},
            {"step", &args.step},
            {"status", &args.status}};
  }
};

struct PosePlusBackwardCall {
  GradientInputs inputs;
  GradientOutputs out;
  PosePlusBackwardArgs args;
  std::vector<double> pose_cotangent, step_cotangent;
  std::vector<int32_t> status;

  PosePlusBackwardCall(const GradientBatch& b, std::vector<double> by_pose,
                       std::vector<double> by_step)
      : inputs(b),
        out(b),
        pose_cotangent(std::move(by_pose)),
        step_cotangent(std::move(by_step)),
        status(b.num_objects, -1) {
    inputs.Attach(&args);
    args.pose = ViewOrNone(b.pose, {b.num_objects, b.pose_size()});
    args.pose_plus_cotangent = ViewOrNone(pose_cotangent, {b.num_objects, b.pose_size()});
    args.step_cotangent = ViewOrNone(step_cotangent, {b.num_objects, b.cost.dof});
    args.gradients = &out.gradients;
    args.status = ViewOrNone(status, {b.num_objects});
  }
  PosePlusBackwardCall(const PosePlusBackwardCall&) = delete;

  Status Run(Context& context) { return PosePlusBackward(context, args); }
  Status WorkspaceSize(const Context& context, uint64_t* bytes) const {
    return PosePlusBackwardWorkspaceSize(context, args, bytes);
  }
  std::vector<double> PartOf(const GradientBatch& b, int64_t object) const {
    return propnp::test::PartOf(b, out, object);
  }
  std::vector<NamedTensor> Tensors() {
    std::vector<NamedTensor> all = TensorsOf(&out.gradients);
    all.push_back({"pose", &args.pose});
    all.push_back({"pose_plus_cotangent", &args.pose_plus_cotangent});
    all.push_back({"step_cotangent", &args.step_cotangent});
    all.push_back({"status", &args.status});
    return all;
  }
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_POSE_PLUS_CALL_H_
